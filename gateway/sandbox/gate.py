"""The gate in front of every operation that the outside world serves: faults happen there, and the journal is kept.

Comes in: a view and the operation it serves; goes out: the view with the fault dial in front of it. Called by every
door when it lays out its routes. A connection is cut by shutting its socket, which the sandbox's own server hands over.
"""

import socket
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from gateway.sandbox.faults import Action, Call, Channel, Dial, Fault

View = Callable[..., Response]
Parties = Callable[..., Iterable[str]]
JOURNAL_LENGTH = 10_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request as the journal keeps it, without path parameters, headers and body; `status` None: no answer."""

    at: datetime
    method: str
    route: str
    status: int | None
    operation: str | None
    fault: str | None

    def show(self) -> dict[str, object]:
        """The entry as JSON."""
        return {
            "at": self.at.isoformat(),
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "operation": self.operation,
            "fault": self.fault,
        }


class HungUp(Exception):
    """The connection was cut on purpose in the middle of an operation."""


class Gate:
    """Stands in front of the operations of all doors. `stopping` ends every delay when the sandbox stops."""

    def __init__(self, dial: Dial, *, stopping: threading.Event, now: Callable[[], datetime]) -> None:
        self._dial = dial
        self._stopping = stopping
        self._now = now
        self._journal: deque[Entry] = deque(maxlen=JOURNAL_LENGTH)

    def guard(self, view: View, call: Call, *, parties: Parties = lambda **_: ()) -> View:
        """`view` with the dial in front of it; `parties` names the organisations that a request concerns."""

        def guarded(**path: str) -> Response:
            numbers = frozenset(number.removeprefix("0192:") for number in parties(**path))
            fault = self._dial.take(Call(call.channel, call.operation, numbers))
            g.operation, g.fault = f"{call.channel}/{call.operation}", fault
            return view(**path) if fault is None else self._suffer(fault, lambda: view(**path))

        return guarded

    def note(self, response: Response) -> Response:
        """Write the request that was just answered into the journal."""
        fault: Fault | None = g.get("fault")
        entry = Entry(
            at=self._now(),
            method=request.method,
            route=request.url_rule.rule if request.url_rule else "",
            status=None if g.get("cut") else response.status_code,
            operation=g.get("operation"),
            fault=str(fault.action) if fault else None,
        )
        if not entry.route.startswith("/_sim"):
            self._journal.append(entry)
        return response

    def fail(self, error: Exception) -> Response | HTTPException:
        """Answer 500 where a view breaks, and log where: neither path nor message, for they may hold identifiers."""
        if isinstance(error, HTTPException):
            return error
        route = request.url_rule.rule if request.url_rule else ""
        trace = "".join(traceback.format_tb(error.__traceback__))
        _log.error("sandbox_failed", route=route, fault=type(error).__name__, trace=trace)
        return Response(status=500)

    def journal(self) -> list[dict[str, object]]:
        """Every request so far, oldest first, the last ten thousand at most."""
        return [entry.show() for entry in self._journal.copy()]

    def _suffer(self, fault: Fault, view: Callable[[], Response]) -> Response:
        """Let `fault` happen. What only the view can do, it does itself: it asks `struck_by`."""
        match fault.action:
            case Action.STATUS:
                return _refuse(fault)
            case Action.EXPIRED:
                return _expire(fault.channel)
            case Action.DROP_BEFORE:
                return hang_up()
            case Action.DELAY:
                self._stopping.wait(int(fault.argument) / 1000)
                return view()
            case Action.DROP_AFTER_COMMIT:
                view()
                return hang_up()
            case Action.BAD_JSON:
                view()
                return Response('{"half": ', status=200, mimetype="application/json")
            case _:
                return view()


def struck_by(action: Action) -> Fault | None:
    """The fault that hits the request being served, where it is this one."""
    fault: Fault | None = g.get("fault")
    return fault if fault is not None and fault.action is action else None


def hang_up() -> Response:
    """Cut the connection of the request being served; what is returned reaches nobody."""
    g.cut = True
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _refuse(fault: Fault) -> Response:
    status = int(fault.argument)
    response = jsonify(type="about:blank", title="Fault", status=status, detail="set by the fault dial")
    if fault.channel in (Channel.MASKINPORTEN, Channel.ALTINN):
        response = jsonify(error="server_error", error_description="set by the fault dial")
    if fault.channel is Channel.REGISTRY:
        response = jsonify(error_code="", error_description="set by the fault dial")
    response.status_code = status
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _expire(channel: Channel) -> Response:
    if channel is Channel.MASKINPORTEN:
        response = jsonify(error="invalid_grant", error_description="the assertion has run out")
        response.status_code = 400
        return response
    response = Response(status=401)
    response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token", error_description="the token has run out"'
    return response
