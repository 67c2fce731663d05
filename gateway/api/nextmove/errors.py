"""Errors in the reference system's body, with the class names that its clients match on.

In comes any exception of a request below /api, out goes its JSON. The tables are the whole translation: by the code of an
error where it has one of these, else by its class. Called by `api.problems`. Reference §1.4 and §7.
"""

from collections.abc import Iterator, Mapping
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
from gateway.delivery.classic_records import RefusedSbd
from gateway.errors import Fault, GatewayError, Outside, Refused
from gateway.language import Phrase, as_phrase, say
from gateway.message.oslo import oslo_time

log = structlog.get_logger(__name__)
_STORAGE_RETRY = 10
# What mends it here, where the other door's addresses and parameters are of no use.
_MENDS: Mapping[str, str] = {
    "OTHER_BYTES": say("Give the file another name; or DELETE the message, and create it and its files anew."),
    "DOCUMENT_MISSING": say("Upload it before the message is sent; or add it to the form."),
}

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
class Entry:
    """One entry of `errors`: which constraint is broken, where, in words, and by which value."""

    constraint: str
    path: str
    words: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """What one error says besides the time and the place."""

    status: int
    exception: str
    words: str
    description: str | None = None
    entries: tuple[Entry, ...] = ()


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
    status, exception = _class_of(error)
    response = _body(_complaint(error, status, exception=exception))
    wait = error.retry_after if isinstance(error, (Refused, Outside)) else None
    if status == 503:
        wait = wait or _STORAGE_RETRY
    if wait:
        response.headers["Retry-After"] = str(wait)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="gateway", charset="UTF-8"'
    return response


def _class_of(error: GatewayError) -> tuple[int, str]:
    """The status and the class: of what is not ready, that of what is missing first."""
    if isinstance(error, RefusedSbd):
        return 400, codes.class_of_sbd([each.constraint for each in error.found])
    code = error.code if isinstance(error, (Refused, Outside)) else ""
    if isinstance(error, Refused) and code == codes.NOT_READY:
        rules = {fault.rule for fault in error.faults}
        code = next((rule for rule in codes.READINESS if rule in rules), code)
    ours = (500, codes.RUNTIME)
    usual = next((found for kind, found in _BY_CLASS.items() if isinstance(error, kind)), ours)
    return codes.BY_CODE.get(code, usual)


def _complaint(error: GatewayError, status: int, *, exception: str) -> Complaint:
    code = error.code if isinstance(error, Refused) else ""
    message = _sentence(error.message, _MENDS.get(code, error.mend))
    if exception == codes.RECEIVER_PROCESS:
        return Complaint(status, exception, told(say("the receiver does not accept the process")), message)
    entries = tuple(_entries(error))
    if exception not in codes.VALIDATIONS:
        words = ". ".join(entry.words.removesuffix(".") for entry in entries)
        return Complaint(status, exception, f"{words}." if len(entries) > 1 else words or message)
    if entries:
        message = ", ".join(f"{entry.path}: {entry.words}" for entry in entries)
    return Complaint(status, exception, message, entries=entries)


def _entries(error: GatewayError) -> Iterator[Entry]:
    if isinstance(error, RefusedSbd):
        for found in error.found:
            words = _sentence(found.message, found.mend)
            yield Entry(found.constraint.value, found.dotted, words, found.rejected)
    elif isinstance(error, Refused):
        yield from map(_entry, error.faults)


def _entry(fault: Fault) -> Entry:
    words = _both(fault.message, _MENDS.get(fault.rule, fault.mend))
    if fault.line:
        words = say("line {line}: {text}", line=fault.line, text=words)
    return Entry(fault.rule, fault.path, told(words), fault.value)


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
        "message": complaint.words,
        "path": request.path,
        "description": complaint.description,
        "errors": [_entry_json(each) for each in complaint.entries] or None,
    }
    return answer(body, complaint.status)


def _entry_json(entry: Entry) -> dict[str, object]:
    return {
        "codes": [entry.constraint],
        "defaultMessage": entry.words,
        "objectName": entry.path.partition(".<")[0],
        "field": entry.path,
        "rejectedValue": entry.value,
        "bindingFailure": False,
        "code": entry.constraint,
    }


def _sentence(message: str, mend: str) -> str:
    """What is wrong and what to do, as the reader has it."""
    return told(_both(message, mend))


def _both(message: str, mend: str) -> Phrase:
    """What is wrong and what to do, as one text: there is no member of its own for the second."""
    what, then = as_phrase(message), as_phrase(mend)
    if not mend:
        return what
    if message.endswith((".", "?", "!")):
        return say("{what} {then}", what=what, then=then)
    return say("{what}. {then}", what=what, then=then)
