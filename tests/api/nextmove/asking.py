"""Short ways of asking the door under /api, for the tests of this folder and of the clients."""

from typing import Any

import requests

from tests.live import Gateway

OWN = "no.difi.meldingsutveksling.exceptions."
CONSTRAINT = "jakarta.validation.ConstraintViolationException"


def ask(gateway: Gateway, path: str, **more: object) -> Any:
    """The JSON of a GET that succeeds."""
    answer = gateway.call("GET", f"/api{path}", **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.json()


def refused(answer: requests.Response, status: int, exception: str) -> Any:
    """An error in the reference's body with this class, as JSON."""
    body = answer.json()
    assert (answer.status_code, body["exception"]) == (status, exception), answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert body["status"] == status
    assert body["path"] == requests.utils.unquote(requests.utils.urlparse(answer.url).path)  # type: ignore[attr-defined]
    assert set(body) <= {"timestamp", "status", "error", "exception", "message", "path", "description", "errors"}
    assert body["message"]
    return body
