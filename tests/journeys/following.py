"""Sending over HTTP and waiting for what comes of it, for the tests of this folder."""

import json
import time
from collections.abc import Callable

import requests

from tests.documents import Message
from tests.live import Gateway
from tests.secrets import PDF

PATIENCE = 30.0


def sim(gateway: Gateway, method: str, path: str, **body: object) -> object:
    """A control of the sandbox."""
    answer = requests.request(method, f"{gateway.sandbox.url}/_sim/{path}", json=body or None, timeout=10)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def fault(gateway: Gateway, where: str, action: str, times: int | None = 1) -> None:
    """Let something go wrong: `where` is `channel operation`."""
    channel, operation = where.split()
    sim(gateway, "POST", "faults", channel=channel, operation=operation, action=action, times=times)


def post(gateway: Gateway, options: dict[str, object], message: Message | None = None) -> requests.Response:
    """A draft with these options."""
    xml = ("arkivmelding.xml", (message or Message()).xml(), "application/xml")
    files = {"arkivmelding": xml, "options": (None, json.dumps(options), "application/json")}
    return gateway.call("POST", "/out/messages", files=files)


def send(gateway: Gateway, message: Message | None = None, content: bytes = PDF, **options: object) -> list[str]:
    """Post with these options, upload every document, commit; the ids of the messages."""
    answer = post(gateway, options, message)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    for document in body["documents"]:
        assert gateway.upload(body["conversationId"], document["filename"], content).status_code == 201
    committed = gateway.call("POST", f"/out/messages/{body['conversationId']}")
    assert committed.status_code == 202, committed.text
    return [entry["messageId"] for entry in committed.json()["messages"]]


def message_of(gateway: Gateway, message_id: str) -> dict:  # type: ignore[type-arg]
    """The message with its log."""
    (message,) = gateway.call("GET", f"/statuses/{message_id}").json()["messages"]
    return message  # type: ignore[no-any-return]


def log_of(gateway: Gateway, message_id: str) -> list[str]:
    """The names of its statuses, oldest first."""
    return [event["status"] for event in message_of(gateway, message_id)["statuses"]]


def wait_for(condition: Callable[[], object], what: str = "the condition") -> None:
    """Until the condition holds; fails after `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE} s for {what}"
        time.sleep(0.05)


def wait_for_status(gateway: Gateway, message_id: str, status: str) -> list[str]:
    """Until the log holds the status; the log."""
    wait_for(
        lambda: status in log_of(gateway, message_id), f"{status} of {message_id}: {message_of(gateway, message_id)}"
    )
    return log_of(gateway, message_id)


def delivery_of(gateway: Gateway, message_id: str) -> dict | None:  # type: ignore[type-arg]
    """What the recipient says of that message, once it has it."""
    found = [entry for entry in sim(gateway, "GET", "deliveries") if entry["messageId"] == message_id]  # type: ignore[attr-defined]
    return found[0] if found else None
