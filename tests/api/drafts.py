"""Short ways of making and reading drafts over HTTP, for the tests of this folder."""

from collections.abc import Iterable

import requests

from tests.documents import Message, Part
from tests.live import Gateway

HELSE = "0192:311000063"
RENAMED = "0192:311000071"
UNKNOWN = "0192:311000098"
THIRD = "0192:311000101"


def draft(gateway: Gateway, message: Message | None = None, **more: object) -> dict:  # type: ignore[type-arg]
    """A new draft, as answered."""
    answer = gateway.post((message or Message()).xml(), **more)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def form(gateway: Gateway, xml: bytes, **parts: object) -> requests.Response:
    """POST as multipart: further parts by name; a tuple is a file."""
    files = {"arkivmelding": ("arkivmelding.xml", xml, "application/xml"), **parts}
    return gateway.call("POST", "/out/messages", files=files)


def json_part(text: str) -> tuple[None, str, str]:
    """A JSON part of a form."""
    return (None, text, "application/json")


def codes(entries: Iterable[dict]) -> set[str]:  # type: ignore[type-arg]
    """The codes of problems."""
    return {entry["code"] for entry in entries}


def only(body: dict) -> dict:  # type: ignore[type-arg]
    """The only prototype of a draft."""
    (prototype,) = body["prototypes"]
    return prototype  # type: ignore[no-any-return]


def to(identifier: str | None, name: str, **more: object) -> Message:
    """A message to one recipient."""
    return Message(parts=(Part(name, identifier, **more),))  # type: ignore[arg-type]


def edit(gateway: Gateway, body: dict, **changes: object) -> requests.Response:  # type: ignore[type-arg]
    """PUT changes to a draft."""
    return gateway.call("PUT", f"/out/messages/{body['conversationId']}", json=changes)
