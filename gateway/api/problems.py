"""Errors as answers: problem details (RFC 9457) with a stable URN, every fault, and how to mend it.

In comes any exception of a request, out goes `application/problem+json`. Registered once on the app; the table below is
the whole translation. Contract §6.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

from gateway import errors
from gateway.api.foreign import recognise
from gateway.api.tongue import told
from gateway.errors import Fault, GatewayError, Outside, Refused
from gateway.language import say

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
URN = "urn:arkivmelding-gateway:problem:"
_STORAGE_RETRY = 10
PLACES_NAMED = say("Each entry of `errors` names a place, and what to do there.")
_FITTING = say("Write a value that fits; /docs says which, and shows examples.")
_MENDS = {
    "Unknown field.": say("Leave it out, or check how it is spelt: /docs lists what there is."),
    "Missing data for required field.": say("Add it; /docs shows an example."),
    "Field may not be null.": say("Give it a value, or leave it out."),
}

# The most specific class first: status, title, and the code of one that names none itself.
STATUSES: Mapping[type[GatewayError], tuple[int, str, str]] = {
    errors.Unreadable: (400, say("The request cannot be read"), "UNREADABLE"),
    errors.NotLoggedIn: (401, say("Not logged in"), "NOT_LOGGED_IN"),
    errors.NotAllowed: (403, say("Not allowed"), "NOT_ALLOWED"),
    errors.NotFound: (404, say("Not found"), "NOT_FOUND"),
    errors.Conflict: (409, say("Not in this state"), "CONFLICT"),
    errors.Gone: (410, say("Deleted in its time"), "GONE"),
    errors.Stale: (412, say("Changed meanwhile"), "STALE"),
    errors.TooLarge: (413, say("Too large"), "TOO_LARGE"),
    errors.UnsupportedType: (415, say("Another content type"), "CONTENT_TYPE"),
    errors.Invalid: (422, say("Not valid"), "INVALID"),
    errors.VersionRequired: (428, say("If-Match is required"), "IF_MATCH_REQUIRED"),
    errors.StorageUnavailable: (503, say("Storage is unavailable"), "STORAGE_UNAVAILABLE"),
    errors.Outside: (503, say("The outside world is unavailable"), "OUTSIDE_UNAVAILABLE"),
}


Answering = Callable[[Exception], Response]


def register_problems(app: Flask, *, elsewhere: Mapping[str, Answering] | None = None) -> None:
    """Answer every error of every route as a problem; below a path of `elsewhere` as is answered there."""
    doors = dict(elsewhere or {})
    app.register_error_handler(GatewayError, _by_door(doors, _answer_ours))
    app.register_error_handler(HTTPException, _by_door(doors, _answer_http))
    app.register_error_handler(Exception, _by_door(doors, _answer_unknown))


def _by_door(doors: Mapping[str, Answering], usual: Callable[[Any], Response]) -> Answering:
    def answer(error: Exception) -> Response:
        here = (each for path, each in doors.items() if request.path == path or request.path.startswith(f"{path}/"))
        return next(here, usual)(error)

    return answer


def fault_json(fault: Fault) -> dict[str, object]:
    """One entry of `errors`."""
    return {
        "rule": fault.rule,
        "severity": fault.severity.value,
        "line": fault.line or None,
        "column": fault.column or None,
        "path": fault.path,
        "class": fault.fault_class.value if fault.fault_class else None,
        "message": told(fault.message),
        "mend": told(fault.mend),
        "value": fault.value,
    }


@dataclass(frozen=True, slots=True)
class Said:
    """What one problem says besides its status and title."""

    code: str
    detail: str
    mend: str = ""
    faults: tuple[Fault, ...] = ()
    offers: Mapping[str, bool] = field(default_factory=dict)


def problem(status: int, title: str, *, said: Said) -> Response:
    """One problem as an answer."""
    body: dict[str, object] = {
        "type": URN + said.code.lower().replace("_", "-"),
        "title": told(title),
        "status": status,
        "detail": told(said.detail),
        "instance": request.path,
        "code": said.code,
    }
    if said.mend:
        body["mend"] = told(said.mend)
    body.update(said.offers)
    body["errors"] = [fault_json(fault) for fault in said.faults]
    return Response(json.dumps(body), status, content_type=PROBLEM)


def _answer_ours(error: GatewayError) -> Response:
    ours = (500, say("Our fault"), "INTERNAL")
    status, title, usual = next((answer for kind, answer in STATUSES.items() if isinstance(error, kind)), ours)
    code = error.code if isinstance(error, (Refused, Outside)) else ""
    faults, offers = (error.faults, error.offers) if isinstance(error, Refused) else ((), {})
    said = Said(code or usual, error.message, error.mend, faults, offers)
    response = problem(status, title, said=said)
    wait = error.retry_after if isinstance(error, (Refused, Outside)) else None
    if status == 503:
        wait = wait or _STORAGE_RETRY
    if wait:
        response.headers["Retry-After"] = str(wait)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="gateway", Basic realm="gateway", charset="UTF-8"'
    return response


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status in (404, 405):
        return _answer_nowhere(error, status)
    said = Said(error.name.upper().replace(" ", "_"), error.description or error.name)
    return _with_headers(problem(status, error.name, said=said), error)


def _answer_nowhere(error: HTTPException, status: int) -> Response:
    """No such address, or not with this method."""
    sentence = say("there is nothing at this address")
    if status == 405:
        sentence = say("this address does not take {method}", method=request.method)
    said = Said(error.name.upper().replace(" ", "_"), sentence, say("See /docs."))
    return _with_headers(problem(status, error.name, said=said), error)


def _with_headers(response: Response, error: HTTPException) -> Response:
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _answer_unknown(error: Exception) -> Response:
    """A fault of our own. What it says may hold anything, so only its class is logged."""
    route = request.url_rule.rule if request.url_rule else "unknown"
    log.error("request_crashed", route=route, method=request.method, error=type(error).__name__)
    said = Said("INTERNAL", "the gateway failed; nothing is known to be wrong with the request")
    return problem(500, say("Our fault"), said=said)


def faults_of(messages: object, path: str, *, rule: str = "BODY", many: bool = False) -> tuple[Fault, ...]:
    """marshmallow's tree of messages as faults; `many`: a list is wanted at its root."""
    return tuple(
        Fault(rule, errors.Severity.ERROR, *_words(text, is_list=many and place == (path or "/")), path=place)
        for place, text in _flatten(messages, path)
    )


def _words(text: str, *, is_list: bool) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    sentence = recognise(text)
    if sentence == "Invalid input type.":
        sentence = say("This must be a list.") if is_list else say("This must be an object.")
    return sentence, _MENDS.get(str(sentence), _FITTING)


def _flatten(node: object, path: str) -> list[tuple[str, str]]:
    if isinstance(node, Mapping):
        # `_schema` is marshmallow's name for the thing itself.
        places = ((path if key == "_schema" else f"{path}/{key}", value) for key, value in node.items())
        return [pair for place, value in places for pair in _flatten(value, place)]
    if isinstance(node, list):
        return [pair for value in node for pair in _flatten(value, path)]
    # A phrase of ours stays one, to be told in the reader's language.
    return [(path.removeprefix("/json") or "/", node if isinstance(node, str) else str(node))]
