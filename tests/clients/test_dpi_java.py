"""The Java clients for digital post: one id for everything, statuses looked at and taken from a queue, Latin-1 text."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, whole_sbd
from tests.live import Gateway
from tests.message.sbds import HEADER, Json
from tests.secrets import PDF

DISABLED = "no.difi.meldingsutveksling.exceptions.ServiceNotEnabledException"


def create(gateway: Gateway, sbd: Json):  # type: ignore[no-untyped-def]
    """The library's plain string entity: no charset is named, and its own is Latin-1."""
    content = json.dumps(sbd, ensure_ascii=False).encode("latin-1")
    return bare(gateway, "POST", "/api/messages/out", data=content, headers={"Content-Type": "application/json"})


def upload(gateway: Gateway, conversation_id: str, filename: str, content: bytes) -> None:
    """Main document, its metadata, attachments: file name before title."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"; name="{filename}"',
        "Content-Type": "application/pdf" if filename.endswith(".pdf") else "application/xml",
    }
    answer = bare(gateway, "PUT", f"/api/messages/out/{conversation_id}", data=content, headers=headers)
    assert answer.status_code == 200, answer.text


def next_status(gateway: Gateway):  # type: ignore[no-untyped-def]
    """The next of the queue, taken from it once it has been seen."""
    answer = bare(gateway, "GET", "/api/statuses/peek")
    if answer.status_code == 204:
        assert answer.content == b""
        return None
    found = answer.json()
    assert isinstance(found["id"], int)
    assert bare(gateway, "DELETE", f"/api/statuses/{found['id']}").status_code == 200
    return found


def test_its_order_with_what_dpo_carries(gateway: Gateway) -> None:
    """The conversation's id in every address; the letters of its own reference survive; the queue ends with LEVERT."""
    conversation_id = str(uuid.uuid4())
    sbd = whole_sbd(conversation_id, conversation_id)
    sbd[HEADER]["businessScope"]["scope"].append({"type": "SenderRef", "instanceIdentifier": "Blåbærsyltetøy"})
    made = create(gateway, sbd)
    assert made.status_code == 200, made.text
    assert "Blåbærsyltetøy" in made.text
    for filename, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF)):
        upload(gateway, conversation_id, filename, content)
    assert bare(gateway, "POST", f"/api/messages/out/{conversation_id}").status_code == 200
    seen = []

    def ask() -> bool:
        found = next_status(gateway)
        if found and found["conversationId"] == conversation_id:
            seen.append(found["status"])
        return "LEVERT" in seen

    until(ask, bool)
    assert seen[:2] == ["OPPRETTET", "SENDT"]
    assert len(seen) == len(set(seen))


def test_the_conversations_id_finds_a_message_with_another(gateway: Gateway) -> None:
    """Where the two differ, the address may hold either."""
    sbd = whole_sbd(str(uuid.uuid4()))
    conversation_id = sbd[HEADER]["businessScope"]["scope"][0]["instanceIdentifier"]
    assert create(gateway, sbd).status_code == 200
    for filename, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF)):
        upload(gateway, conversation_id, filename, content)
    assert bare(gateway, "POST", f"/api/messages/out/{conversation_id}").status_code == 200


def test_digital_post_waits_for_its_channel(gateway: Gateway) -> None:
    """A clear refusal with the class that stands for it, and nothing in the queue."""
    sbd = whole_sbd(str(uuid.uuid4()))
    sbd[HEADER]["documentIdentification"] |= {
        "type": "digital",
        "standard": "urn:no:difi:digitalpost:xsd:digital::digital",
    }
    sbd[HEADER]["businessScope"]["scope"][0]["identifier"] = "urn:no:difi:profile:digitalpost:vedtak:ver1.0"
    del sbd["arkivmelding"]
    info = {"virkningsdato": "2031-03-04", "aapningskvittering": "false"}
    sbd["digital"] = {"sikkerhetsnivaa": 4, "hoveddokument": "a.pdf", "tittel": "Vedtak på norsk", "spraak": "NO"}
    sbd["digital"]["digitalPostInfo"] = info
    answer = create(gateway, sbd)
    assert (answer.status_code, answer.json()["exception"]) == (400, DISABLED)
