"""A distributor of documents (Java): titles without quotes and with blanks, statuses by the id of the conversation."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, whole_sbd
from tests.live import Gateway
from tests.secrets import PDF

JSON = {"Content-Type": "application/json"}


def test_its_order(gateway: Gateway) -> None:
    """Create, upload, send, and `GET /statuses?conversationId=` until it is delivered."""
    message_id, conversation_id = str(uuid.uuid4()), str(uuid.uuid4())
    body = json.dumps(whole_sbd(message_id, conversation_id)).encode()
    assert bare(gateway, "POST", "/api/messages/out", data=body, headers=JSON).status_code == 200
    for title, filename, content in (
        ("Arkivmelding", "arkivmelding.xml", XML),
        ("Vedtak om støtte til hjelpemidler", "vedtak.pdf", PDF),
    ):
        disposition = f"attachment; name={title}; filename={filename}".encode().decode("latin-1")
        headers = {"Content-Disposition": disposition, "Content-Type": "application/pdf"}
        put = bare(gateway, "PUT", f"/api/messages/out/{message_id}", data=content, headers=headers)
        assert put.status_code == 200, put.text
    assert bare(gateway, "POST", f"/api/messages/out/{message_id}").status_code == 200

    def ask() -> list[str]:
        answer = bare(gateway, "GET", f"/api/statuses?conversationId={conversation_id}")
        return [each["status"] for each in answer.json()["content"]]

    assert until(ask, lambda seen: "LEVERT" in seen)[0] == "OPPRETTET"


def test_what_it_does_not_try_again(gateway: Gateway) -> None:
    """It repeats a request after 5xx alone, so what it sent wrong must be 4xx."""
    wrong = whole_sbd("no uuid")
    answer = bare(gateway, "POST", "/api/messages/out", data=json.dumps(wrong).encode(), headers=JSON)
    assert answer.status_code == 400
