"""Long-polling: a request waits, within bounds, until the log of statuses holds what it asks for.

In comes a question to the database that can be asked again, out comes its answer and how long-polling went. Called by
the routes that take `?wait=`. One thread looks at the log for all who wait; nobody holds a connection meanwhile.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import structlog
from flask import Response

from gateway.errors import GatewayError, Unavailable
from gateway.language import say
from gateway.storage import statuses
from gateway.storage.engine import Connection, Database

log = structlog.get_logger(__name__)

HEADER = "Long-Poll"
LONGEST_SECONDS = 30
_LOOK_SECONDS = 0.25
_COME_AGAIN_SECONDS = 5

T = TypeVar("T")


class LongPoll(StrEnum):
    """How long-polling went, as the header says."""

    NOT_ASKED = ""
    READY = "ready"  # what was asked for was there
    TIMED_OUT = "timed-out"
    BUSY = "busy"  # every place to wait was taken


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What is asked of the database, whether an answer is worth ending the wait for, and for how many seconds at most."""

    ask: Callable[[Connection], T]
    is_there: Callable[[T], bool]
    seconds: float


class Waiting:
    """The places where the requests of one process may wait: half of its `threads` for news, a quarter for others' answers."""

    def __init__(self, database: Database, threads: int) -> None:
        self._database = database
        self._places = threading.Semaphore(threads // 2)
        self._errands = threading.Semaphore(max(1, threads // 4))
        self._bell = _Bell(database)

    def answer(self, question: Question[T]) -> tuple[T, LongPoll]:
        """The answer, as soon as it is worth one, or as it stands when the time is up or no place to wait is free."""
        found, seen = self._ask(question)
        if question.seconds <= 0:
            return found, LongPoll.NOT_ASKED
        if question.is_there(found):
            return found, LongPoll.READY
        with _taken(self._places) as taken:
            return self._wait(question, found, seen=seen) if taken else (found, LongPoll.BUSY)

    @contextmanager
    def errand(self) -> Iterator[None]:
        """A place for what waits for somebody outside; `Unavailable` where all are taken."""
        with _taken(self._errands) as taken:
            if not taken:
                busy = say("too many requests wait for others just now")
                mend = say("Try again in a moment.")
                raise Unavailable(busy, code="BUSY", mend=mend, retry_after=_COME_AGAIN_SECONDS)
            yield

    def _wait(self, question: Question[T], found: T, *, seen: int) -> tuple[T, LongPoll]:
        until = time.monotonic() + question.seconds
        while (rung := self._bell.wait(seen, until=until)) is not None:
            found, _ = self._ask(question)
            if question.is_there(found):
                return found, LongPoll.READY
            seen = rung
        return found, LongPoll.TIMED_OUT

    def _ask(self, question: Question[T]) -> tuple[T, int]:
        """The answer, and where the log ended in the same snapshot: what comes after it has not been looked at."""
        with self._database.reading() as connection:
            return question.ask(connection), statuses.newest(connection)


class _Bell:
    """Rings for all who wait when the log has grown, whichever process wrote. It looks only while somebody waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rung = threading.Condition()
        self._newest = 0
        self._waiters = 0
        self._looking = False

    def wait(self, seen: int, *, until: float) -> int | None:
        """Where the log ends now that it has grown beyond `seen`; None when the time is up."""
        with self._rung:
            self._waiters += 1
            self._begin_looking()
            try:
                while self._newest <= seen:
                    left = until - time.monotonic()
                    if left <= 0:
                        return None
                    self._rung.wait(left)
                return self._newest
            finally:
                self._waiters -= 1

    def _begin_looking(self) -> None:
        if not self._looking:
            self._looking = True
            threading.Thread(target=self._look, name="log-bell", daemon=True).start()

    def _look(self) -> None:
        while True:
            newest = self._read()
            with self._rung:
                if newest > self._newest:
                    self._newest = newest
                    self._rung.notify_all()
                if not self._waiters:
                    self._looking = False
                    return
            time.sleep(_LOOK_SECONDS)

    def _read(self) -> int:
        try:
            with self._database.reading() as connection:
                return statuses.newest(connection)
        except GatewayError as error:
            log.warning("log_not_readable", error=type(error).__name__)
        except Exception as error:
            # Whatever it is, those who wait are answered when their time is up, and the next look may do better.
            log.error("bell_crashed", error=type(error).__name__)
        return 0


@contextmanager
def _taken(places: threading.Semaphore) -> Iterator[bool]:
    """Whether a place was free; given back at the end."""
    taken = places.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            places.release()


def say_how_it_went(response: Response, went: LongPoll) -> Response:
    """Put how long-polling went into the header of an answer; who found no place is told when to come again."""
    if went is not LongPoll.NOT_ASKED:
        response.headers[HEADER] = went.value
    if went is LongPoll.BUSY:
        response.headers["Retry-After"] = str(_COME_AGAIN_SECONDS)
    return response
