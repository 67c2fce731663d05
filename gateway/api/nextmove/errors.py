"""Errors in the reference system's body, with the class names that its clients match on.

In comes any exception of a request below /api, out goes its JSON. The tables are the whole translation: by the code of an
error where it has one of these, else by its class. Called by `api.problems`. Reference §1.4 and §7.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from gateway import errors
from gateway.api.nextmove import codes
from gateway.api.nextmove.wire import answer
from gateway.api.rooms import rooms
from gateway.api.tongue import told
from gateway.errors import Fault, GatewayError, Outside, Refused
from gateway.language import as_phrase, say
from gateway.message.oslo import oslo_time

log = structlog.get_logger(__name__)
_STORAGE_RETRY = 10

# The most specific class first.
_BY_CLASS: Mapping[type[GatewayError], tuple[int, str]] = {
    errors.Unreadable: (400, codes.NOT_READABLE),
    errors.NotLoggedIn: (401, codes.NOT_AUTHENTICATED),
    errors.NotAllowed: (403, codes.ACCESS_DENIED),
    errors.NotFound: (404, codes.own("MessageNotFoundException")),
    errors.Gone: (404, codes.own("MessageNotFoundException")),
    errors.TooLarge: (400, codes.own("MaxFileSizeExceededException")),
    errors.UnsupportedType: (415, codes.MEDIA_TYPE),
    errors.Refused: (400, codes.CONSTRAINT_VIOLATION),
    errors.StorageUnavailable: (503, codes.RUNTIME),
    errors.Outside: (503, codes.RUNTIME),
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What one error says besides the time and the place."""

    status: int
    exception: str
    message: str
    description: str | None = None
    faults: tuple[Fault, ...] = ()


def answer_error(error: Exception) -> Response:
    """An error as the reference system would answer it."""
    if isinstance(error, GatewayError):
        return _answer_ours(error)
    if isinstance(error, HTTPException):
        return _answer_http(error)
    route = request.url_rule.rule if request.url_rule else "unknown"
    # What it says may hold anything, so only its class is logged.
    log.error("request_crashed", route=route, method=request.method, error=type(error).__name__)
    words = say("the gateway failed; nothing is known to be wrong with the request")
    return _body(Complaint(500, codes.RUNTIME, told(words)))


def _answer_ours(error: GatewayError) -> Response:
    code = error.code if isinstance(error, (Refused, Outside)) else ""
    ours = (500, codes.RUNTIME)
    usual = next((found for kind, found in _BY_CLASS.items() if isinstance(error, kind)), ours)
    status, exception = codes.BY_CODE.get(code, usual)
    response = _body(_complaint(error, status, exception=exception))
    wait = error.retry_after if isinstance(error, (Refused, Outside)) else None
    if status == 503:
        wait = wait or _STORAGE_RETRY
    if wait:
        response.headers["Retry-After"] = str(wait)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="gateway", charset="UTF-8"'
    return response


def _complaint(error: GatewayError, status: int, *, exception: str) -> Complaint:
    faults = error.faults if isinstance(error, Refused) else ()
    message = _sentence(error.message, error.mend)
    if exception == codes.RECEIVER_PROCESS:
        return Complaint(status, exception, told(say("the receiver does not accept the process")), message)
    if faults:
        message = ", ".join(f"{each.path}: {_sentence(each.message, each.mend)}" for each in faults)
    return Complaint(status, exception, message, faults=faults)


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    words = say("there is nothing at this address")
    if status == 405:
        words = say("this address does not take {method}", method=request.method)
    elif status != 404:
        words = as_phrase(error.description or error.name)
    response = _body(Complaint(status, codes.BY_STATUS.get(status, codes.RUNTIME), told(words)))
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _body(complaint: Complaint) -> Response:
    body = {
        "timestamp": oslo_time(rooms().now()),
        "status": complaint.status,
        "error": HTTP_STATUS_CODES.get(complaint.status, ""),
        "exception": complaint.exception,
        "message": complaint.message,
        "path": request.path,
        "description": complaint.description,
        "errors": [_fault_json(each) for each in complaint.faults] or None,
    }
    return answer(body, complaint.status)


def _fault_json(fault: Fault) -> dict[str, object]:
    constraint = codes.CONSTRAINTS.get(fault.rule, fault.rule)
    return {
        "codes": [constraint],
        "defaultMessage": _sentence(fault.message, fault.mend),
        "objectName": fault.path.partition(".<")[0],
        "field": fault.path,
        "rejectedValue": fault.value,
        "bindingFailure": False,
        "code": constraint,
    }


def _sentence(message: str, mend: str) -> str:
    """What is wrong and what to do, as one text: there is no member of its own for the second."""
    said = told(message)
    if not mend:
        return said
    return f"{said}{'' if said.endswith(('.', '?', '!')) else '.'} {told(mend)}"
