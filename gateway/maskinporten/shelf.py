"""A shelf: things that are fetched from outside, kept for a while, and fetched by one thread at a time.

In comes a key, out comes its value: from the shelf while it is good, else from `fetch`. Whoever asks for the same key
meanwhile waits and shares the outcome, a failure too; failures are not kept. Called by tokens, `registry` and
`transports`.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    """A fetched value and how many seconds it may be served; 0 is not at all. The value may be a token: never shown."""

    value: Value = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Value]):
    value: Value = field(repr=False)
    since: datetime
    until: datetime

    def is_good(self, now: datetime) -> bool:
        # A clock that was set back would otherwise stretch the time.
        return self.since <= now < self.until


class Shelf(Generic[Key, Value]):
    """Values by key, at most `size` of them; the one that was longest unused goes first."""

    def __init__(self, fetch: Callable[[Key], Kept[Value]], *, now: Callable[[], datetime], size: int = 1000) -> None:
        self._fetch = fetch
        self._now = now
        self._size = size
        self._lock = Lock()
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._flights: dict[Key, Future[Value]] = {}

    def take(self, key: Key) -> Value:
        """The value for `key`; raises what `fetch` raises."""
        with self._lock:
            entry = self._good_entry(key)
            if entry:
                return entry.value
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if mine:
            self._fly(key, flight)
        return flight.result()

    def peek(self, key: Key) -> Value | None:
        """The value for `key` if it is here and good; nothing is fetched."""
        with self._lock:
            entry = self._good_entry(key)
            return entry.value if entry else None

    def drop(self, key: Key, value: Value | None = None) -> bool:
        """Forget `key`; with a `value`, only if that is what is kept, so that a newer one survives. Whether it was."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or (value is not None and entry.value != value):
                return False
            del self._entries[key]
            return True

    def _good_entry(self, key: Key) -> _Entry[Value] | None:
        entry = self._entries.get(key)
        if entry is None or not entry.is_good(self._now()):
            return None
        self._entries.move_to_end(key)
        return entry

    def _fly(self, key: Key, flight: Future[Value]) -> None:
        """Fetch, keep, and give the outcome to everybody who waits for it; nobody is left waiting."""
        try:
            kept = self._fetch(key)
            self._keep(key, kept)
            flight.set_result(kept.value)
        except BaseException as fault:
            flight.set_exception(fault)
        finally:
            with self._lock:
                del self._flights[key]

    def _keep(self, key: Key, kept: Kept[Value]) -> None:
        if not kept.seconds > 0:
            return
        now = self._now()
        with self._lock:
            self._entries[key] = _Entry(kept.value, now, now + timedelta(seconds=kept.seconds))
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
