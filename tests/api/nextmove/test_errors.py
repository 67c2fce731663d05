"""Errors below /api: the reference's body, whatever goes wrong and wherever it does."""

import pytest

from gateway.api.nextmove import codes, errors
from gateway.app import build_door
from gateway.errors import (
    Conflict,
    Fault,
    GatewayError,
    Gone,
    Invalid,
    NotAllowed,
    NotFound,
    NotLoggedIn,
    Severity,
    Stale,
    StorageUnavailable,
    TooLarge,
    Unavailable,
    Unreadable,
    UnsupportedType,
)
from tests.api.nextmove.asking import CONSTRAINT, OWN, refused
from tests.live import Gateway

NO_RESOURCE = "org.springframework.web.servlet.resource.NoResourceFoundException"
NO_METHOD = "org.springframework.web.HttpRequestMethodNotSupportedException"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/messages/out/a/b", "/api/statuses/1/2"])
def test_an_address_where_nothing_is(gateway: Gateway, path: str) -> None:
    """404 in this door's body; beside it our own door answers as ever."""
    body = refused(gateway.call("GET", path), 404, NO_RESOURCE)
    assert body["error"] == "Not Found"
    assert gateway.call("GET", "/apix").headers["Content-Type"] == "application/problem+json"


def test_a_method_that_is_not_taken(gateway: Gateway) -> None:
    """405, with those that are in Allow."""
    answer = gateway.call("PATCH", "/api/statuses")
    refused(answer, 405, NO_METHOD)
    assert "GET" in answer.headers["Allow"]


def test_a_wrong_login(gateway: Gateway) -> None:
    """401 in this door's body, and Basic is asked for."""
    answer = gateway.call("GET", "/api/statuses", auth=("nobody", "wrong"))
    refused(answer, 401, codes.NOT_AUTHENTICATED)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_page_of_another_site(gateway: Gateway) -> None:
    """403 in this door's body."""
    answer = gateway.call("GET", "/api/statuses", headers={"Origin": "https://example.com"})
    refused(answer, 403, codes.ACCESS_DENIED)


def test_the_language_is_the_readers(gateway: Gateway) -> None:
    """The message is told in bokmål to whoever asks for it; the class names are never translated."""
    answer = gateway.call("GET", "/api/nothing", headers={"Accept-Language": "nb"})
    assert refused(answer, 404, NO_RESOURCE)["message"] == "det er ingenting på denne adressen"


@pytest.mark.parametrize(
    ("error", "status", "exception"),
    [
        (Unreadable("m"), 400, "org.springframework.http.converter.HttpMessageNotReadableException"),
        (NotLoggedIn("m"), 401, codes.NOT_AUTHENTICATED),
        (NotAllowed("m"), 403, codes.ACCESS_DENIED),
        (NotFound("m"), 404, f"{OWN}MessageNotFoundException"),
        (Gone("m"), 404, f"{OWN}MessageNotFoundException"),
        (Conflict("m"), 400, CONSTRAINT),
        (Stale("m"), 400, CONSTRAINT),
        (TooLarge("m"), 400, f"{OWN}MaxFileSizeExceededException"),
        (UnsupportedType("m"), 415, "org.springframework.web.HttpMediaTypeNotSupportedException"),
        (Invalid("m"), 400, CONSTRAINT),
        (StorageUnavailable("m"), 503, codes.RUNTIME),
        (Unavailable("m"), 503, codes.RUNTIME),
        *((Invalid("m", code=code), status, name) for code, (status, name) in codes.BY_CODE.items()),
    ],
)
def test_each_error_has_its_class(gateway: Gateway, error: GatewayError, status: int, exception: str) -> None:
    """By its code where the table has it, else by its own class; with the status that the reference has for it."""
    app = build_door(gateway.assembly)
    with app.test_request_context("/api/somewhere?trace=true"):
        answer = errors.answer_error(error)
        body = answer.get_json()
    assert (answer.status_code, body["status"], body["exception"]) == (status, status, exception)
    assert body["path"] == "/api/somewhere"
    assert "trace" not in body
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_every_fault_is_an_entry_of_errors(gateway: Gateway) -> None:
    """In the shape of a constraint violation: its name, the path, the value that was refused."""
    faults = (
        Fault("OneOf", Severity.ERROR, "must be one of: a, b", "Write a.", path="event", value="c"),
        Fault("NotNull", Severity.ERROR, "must be given", path="header.scope.<iterable element>.type"),
    )
    with build_door(gateway.assembly).test_request_context("/api/x"):
        body = errors.answer_error(Invalid("m", faults=faults)).get_json()
    assert body["errors"] == [
        {
            "codes": ["OneOf"],
            "defaultMessage": "must be one of: a, b. Write a.",
            "objectName": "event",
            "field": "event",
            "rejectedValue": "c",
            "bindingFailure": False,
            "code": "OneOf",
        },
        {
            "codes": ["NotNull"],
            "defaultMessage": "must be given",
            "objectName": "header.scope",
            "field": "header.scope.<iterable element>.type",
            "bindingFailure": False,
            "code": "NotNull",
        },
    ]
    assert body["message"] == (
        "event: must be one of: a, b. Write a., header.scope.<iterable element>.type: must be given"
    )


def test_a_crash_says_nothing_of_itself(gateway: Gateway) -> None:
    """500 with a fixed sentence."""
    with build_door(gateway.assembly).test_request_context("/api/x"):
        answer = errors.answer_error(ValueError("secret"))
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)
