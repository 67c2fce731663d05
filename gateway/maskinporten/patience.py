"""An answer as a whole has its time: one that drips keeps no thread, though every byte of it comes in time.

In come calls with their time limits, out come answers that have ended, or `ReadTimeout`. Mounted by `calls` on every
session. The time runs from the last byte of the request; a body that is asked for as a stream is the caller's to bound.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager, ProxyManager

# The whole may take so many times the longest silence that is allowed in it.
SILENCES = 2


class _Guard:
    """Cuts the line when the time is up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.overdue = False

    def start(self, line: socket.socket) -> None:
        self.stop()
        self._timer = threading.Timer(self._seconds, self._cut, args=(line,))
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _cut(self, line: socket.socket) -> None:
        self.overdue = True
        with suppress(OSError, TypeError):  # it may be closed; or TLS within TLS, which is no socket
            socket.socket.shutdown(line, socket.SHUT_RDWR)  # SSLSocket's own would wait for the other side


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
