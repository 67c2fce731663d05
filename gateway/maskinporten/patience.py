"""An answer as a whole has its time: one that drips keeps no thread, though every byte of it comes in time.

In come calls with their time limits, out come answers that have ended, or `ReadTimeout`. Mounted by `calls` on every
session. The time runs from the last byte of the request; a body that is asked for as a stream is the caller's to bound.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from heapq import heappop, heappush
from itertools import count
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager, ProxyManager

# The whole may take so many times the longest silence that is allowed in it.
SILENCES = 2


class _Guard:
    """One answer that is awaited: on which line, and whether its time was up first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._line: socket.socket | None = None
        self._lock = threading.Lock()
        self.overdue = False

    def start(self, line: socket.socket) -> None:
        self._line = line
        _watchman.await_end(self, time.monotonic() + self._seconds)

    def stop(self) -> None:
        """From here on the line may carry something else, and is not cut any more."""
        with self._lock:
            self._line = None

    def cut(self) -> None:
        with self._lock:
            if self._line is None:
                return
            self.overdue = True
            with suppress(OSError, TypeError):  # it may be closed; or TLS within TLS, which is no socket
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)  # SSLSocket's own would wait for the other side


class _Watchman:
    """One thread for all answers: one for each would cost a third of a short call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ends: list[tuple[float, int, _Guard]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def await_end(self, guard: _Guard, end: float) -> None:
        with self._changed:
            heappush(self._ends, (end, next(self._numbers), guard))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="answers", daemon=True)
                self._thread.start()
            elif self._ends[0][2] is guard:
                self._changed.notify()

    def _watch(self) -> None:
        while True:
            self._next().cut()

    def _next(self) -> _Guard:
        """The guard whose time is up, when it is."""
        with self._changed:
            while not self._ends or self._ends[0][0] > time.monotonic():
                self._changed.wait(self._ends[0][0] - time.monotonic() if self._ends else None)
            return heappop(self._ends)[2]


_watchman = _Watchman()
_watching: ContextVar[_Guard | None] = ContextVar("watching", default=None)


@contextmanager
def _watch(seconds: float | None) -> Iterator[_Guard | None]:
    if seconds is None:
        yield None
        return
    guard = _Guard(seconds)
    token = _watching.set(guard)
    try:
        yield guard
    finally:
        _watching.reset(token)
        guard.stop()


class _Plain(HTTPConnection):
    def getresponse(self) -> Any:
        _begin(self.sock)
        return super().getresponse()


class _Secure(HTTPSConnection):
    def getresponse(self) -> Any:
        _begin(self.sock)
        return super().getresponse()


def _begin(line: socket.socket | None) -> None:
    """The request is out: from here on the time runs."""
    guard = _watching.get()
    if guard is not None and line is not None:
        guard.start(line)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class PatientAdapter(HTTPAdapter):
    """What `requests` sends with, for so long and no longer."""

    poolmanager: PoolManager

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """Called by requests when the adapter is made."""
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **named: Any) -> ProxyManager:
        """Called by requests where the environment names a proxy; one for SOCKS has connections of its own."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
        """Send, and read the answer to its end: unless it is a success that was asked for as a stream.

        A session names everything but the request.
        """
        with _watch(_limit(named.get("timeout"))) as guard:
            try:
                answer = super().send(request, *given, **named)
                if not named.get("stream") or not 200 <= answer.status_code < 300:
                    _ = answer.content
            except requests.RequestException:
                _require_time(guard, request)
                raise
            _require_time(guard, request)  # what was cut can look whole: headers, or a body without a length
            return answer


def _require_time(guard: _Guard | None, request: requests.PreparedRequest) -> None:
    if guard is not None and guard.overdue:
        raise requests.ReadTimeout("the answer did not end in time", request=request) from None


def _limit(timeout: Any) -> float | None:
    """Seconds for the whole answer, from the time limit in one of its forms; None where nothing bounds it."""
    silence = timeout[1] if isinstance(timeout, tuple) else timeout
    return silence * SILENCES if isinstance(silence, int | float) else None
