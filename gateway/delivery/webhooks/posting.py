"""Posting to an endpoint: one connection to an address that has been checked, bounded in time, no redirects.

In come an `Endpoint` and bodies, out come the status and the time that it took, or `Unavailable`. Called by webhooks
and by the ping. The name is resolved and judged at each connection, and the connection goes to that very address; the
certificate is checked against the name.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import requests.utils

from gateway.delivery.webhooks.endpoints import (
    PORTS,
    Endpoint,
    Resolve,
    WebhookSettings,
    find_addresses,
    resolve_by_system,
)
from gateway.errors import SetupFault, Unavailable
from gateway.language import say

BROKEN_OFF, TIMED_OUT = "BROKEN_OFF", "TIMED_OUT"
_CONNECT_SECONDS = 5.0
_ANSWER_BYTES = 64 * 1024
_ANSWER_SOON = say("Answer 2xx as soon as the event is kept, and do the work that follows from it afterwards.")
_LET_IN = say(
    "Check that the endpoint is running, host and port of its address, and that the firewall lets the gateway in."
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What an endpoint answered: the status, the seconds it took, the seconds that it asks us to wait."""

    status: int
    seconds: float
    retry_after: int | None = None


class Poster:
    """Opens lines to endpoints; shared by all threads."""

    def __init__(self, settings: WebhookSettings, resolve: Resolve = resolve_by_system) -> None:
        self.seconds = settings.timeout.total_seconds()
        self.resolve = resolve
        self._settings = settings
        if settings.roots is not None:
            _trust(settings)  # a fault of the settings is told at the start

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Who is trusted; made when it is first needed, for it takes its time."""
        return _trust(self._settings)

    @contextmanager
    def open(self, endpoint: Endpoint) -> Iterator["Line"]:
        """A line to an endpoint, connected when it is first used and again when the other side has hung up."""
        connection = _Pinned(endpoint, self)
        try:
            yield Line(connection, self.seconds)
        finally:
            connection.close()


class Line:
    """One connection at a time to one endpoint."""

    def __init__(self, connection: "_Pinned", seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Post once, and once more where a kept connection turns out to be closed; `Unavailable` without an answer."""
        kept = self._connection.sock is not None
        try:
            return self._post(body, headers)
        except Unavailable as fault:
            if not kept or fault.code != BROKEN_OFF:
                raise
            return self._post(body, headers)

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        begun = time.monotonic()
        with self._connection.bounded() as overdue:
            try:
                status, retry_after = self._exchange(body, headers)
                if overdue.is_set():  # http.client takes headers that were cut for whole ones
                    raise TimeoutError
            except Unavailable:
                self._connection.close()
                raise
            except (OSError, http.client.HTTPException, ValueError) as fault:
                self._connection.close()
                if overdue.is_set() or isinstance(fault, TimeoutError):
                    words = say("no answer within {seconds:g} s", seconds=self._seconds)
                    raise Unavailable(words, mend=_ANSWER_SOON, code=TIMED_OUT) from None
                raise _failed(fault) from None
        return Answered(status, time.monotonic() - begun, retry_after)

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, int | None]:
        self._connection.request("POST", self._connection.endpoint.target, body, dict(headers))
        answer = self._connection.getresponse()
        # The status is all that counts; a short body is read so that the connection can be kept.
        if answer.length is not None and answer.length <= _ANSWER_BYTES:
            answer.read()
        else:
            self._connection.close()
        wait = (answer.getheader("Retry-After") or "").strip()
        return answer.status, int(wait[:9]) if wait.isascii() and wait.isdigit() else None


class _Pinned(http.client.HTTPConnection):
    """A connection to an address of the endpoint's host, found and judged when it is made."""

    def __init__(self, endpoint: Endpoint, poster: Poster) -> None:
        super().__init__(endpoint.host, endpoint.port)
        self.default_port = PORTS[endpoint.scheme]  # which the header Host leaves out
        self.endpoint = endpoint
        self._poster = poster
        self._overdue = threading.Event()

    def connect(self) -> None:
        """Called by http.client before the first request, and after the connection was closed."""
        self.sock = self._dial(find_addresses(self.endpoint, self._poster.resolve))
        self.sock.settimeout(self._poster.seconds)
        if self.endpoint.scheme == "https":
            self.sock = self._poster.context.wrap_socket(
                self.sock, server_hostname=self.endpoint.host, do_handshake_on_connect=False
            )
            self._check_time()
            self.sock.do_handshake()
        self._check_time()

    @contextmanager
    def bounded(self) -> Iterator[threading.Event]:
        """Within it whatever goes on is cut when its time is up: an answer that drips in keeps no thread."""
        self._overdue = overdue = threading.Event()
        guard = threading.Timer(self._poster.seconds, self._cut, args=(overdue,))
        guard.daemon = True
        guard.start()
        try:
            yield overdue
        finally:
            guard.cancel()

    def _cut(self, overdue: threading.Event) -> None:
        overdue.set()
        if (line := self.sock) is not None:
            try:
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # SSLSocket's own would wait for nobody, and break
            except OSError:
                return

    def _check_time(self) -> None:
        """There was nothing to cut while it was connecting."""
        if self._overdue.is_set():
            raise TimeoutError

    def _dial(self, addresses: Sequence[str]) -> socket.socket:
        """The first of two addresses that answers, for the time for all of it is short."""
        tried = addresses[:2]
        seconds = min(_CONNECT_SECONDS, self._poster.seconds)
        for address in tried:
            try:
                return socket.create_connection((address, self.endpoint.port), timeout=seconds / len(tried))
            except TimeoutError:
                words = say("no connection within {seconds:g} s", seconds=seconds)
                fault: Exception = Unavailable(words, mend=_LET_IN, code=TIMED_OUT)
            except OSError as reason:
                fault = reason
        raise fault


def _trust(settings: WebhookSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    if settings.roots is not None:
        try:
            context.load_verify_locations(settings.roots)
        except (OSError, ssl.SSLError) as fault:
            message = say("{path} cannot be read: {reason}", path=str(settings.roots), reason=str(fault))
            raise SetupFault(message, mend="Check [webhooks] roots in gateway.toml: PEM is what fits.") from fault
    return context


def _failed(fault: Exception) -> Unavailable:
    """Why there is no answer, for the owner of the endpoint."""
    if isinstance(fault, ssl.SSLError):
        reason = getattr(fault, "verify_message", "") or fault.reason or type(fault).__name__
        mend = say("Check the certificate of the endpoint: its name, its dates, and that its whole chain is sent.")
        return Unavailable(say("no safe connection: {reason}", reason=str(reason)), mend=mend, code="TLS")
    if isinstance(fault, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        mend = say("Look in the log of the endpoint, and of what stands before it, for why it hung up.")
        return Unavailable(say("the connection broke off before an answer came"), mend=mend, code=BROKEN_OFF)
    if isinstance(fault, OSError):
        words = say("no connection: {reason}", reason=fault.strerror or type(fault).__name__)
        return Unavailable(words, mend=_LET_IN, code="NOT_REACHED")
    mend = say("Check host and port of the address: something that does not speak HTTP listens there.")
    return Unavailable(say("the answer is no HTTP"), mend=mend, code="NO_HTTP")
