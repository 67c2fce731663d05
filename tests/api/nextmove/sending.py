"""Messages through the door under /api, for the tests of this folder and of the clients."""

import json
import uuid
from typing import Any

import requests

from tests.api.nextmove.asking import ask
from tests.documents import Message
from tests.live import Gateway
from tests.message.sbds import HEADER, Json, changed, minimal
from tests.secrets import PDF

XML = Message().xml()


def fresh(document: Json | None = None) -> Json:
    """The SBD with a message id that nobody has used."""
    return changed(document or minimal(), HEADER, "documentIdentification", "instanceIdentifier", to=str(uuid.uuid4()))


def message_id_of(sbd: Json) -> str:
    """Its messageId."""
    return str(sbd[HEADER]["documentIdentification"]["instanceIdentifier"])


def scope_of(sbd: Json, kind: str = "ConversationId") -> Any:
    """Its scope of that type."""
    return next(scope for scope in sbd[HEADER]["businessScope"]["scope"] if scope["type"] == kind)


def create(gateway: Gateway, sbd: Json | None = None) -> Any:
    """A new message: the SBD as answered."""
    answer = gateway.call("POST", "/api/messages/out", json=sbd or minimal())
    assert answer.status_code == 200, answer.text
    return answer.json()


def put_file(gateway: Gateway, message_id: str, filename: str, content: bytes, **more: Any) -> requests.Response:
    """One upload."""
    headers = {
        "Content-Disposition": f'attachment; name="{filename}"; filename="{filename}"',
        **more.pop("headers", {}),
    }
    headers.setdefault("Content-Type", "application/octet-stream")
    return gateway.call("PUT", f"/api/messages/out/{message_id}", data=content, headers=headers, **more)


def fill(gateway: Gateway, message_id: str, xml: bytes = XML, content: bytes = PDF) -> None:
    """The arkivmelding and the one document that it names."""
    for filename, content_ in (("arkivmelding.xml", xml), ("vedtak.pdf", content)):
        answer = put_file(gateway, message_id, filename, content_)
        assert (answer.status_code, answer.content) == (200, b""), answer.text


def form(sbd: Json | str, *files: tuple[str, str, bytes, str], kind: str | None = "application/json") -> Any:
    """A form as `requests` takes it: the SBD as a field of that type, then files as (title, name, bytes, type)."""
    text = sbd if isinstance(sbd, str) else json.dumps(sbd)
    field = (None, text, kind) if kind else (None, text)
    return [("sbd", field), *((title, (name, content, mime)) for title, name, content, mime in files)]


WHOLE = (
    ("Arkivmelding", "arkivmelding.xml", XML, "application/xml"),
    ("Vedtak", "vedtak.pdf", PDF, "application/pdf"),
)


def statuses_of(gateway: Gateway, message_id: str) -> list[str]:
    """The names of a message's statuses."""
    return [each["status"] for each in ask(gateway, f"/statuses/{message_id}")["content"]]
