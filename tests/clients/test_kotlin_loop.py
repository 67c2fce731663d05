"""The Kotlin test client: everything in one form with as little as possible said, then received from oneself."""

import io
import json
import zipfile
from datetime import datetime, timedelta

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until_delivered
from tests.documents import SENDER
from tests.live import Gateway
from tests.message.sbds import HEADER, Json, partner
from tests.secrets import PDF
from tests.two_gateways import peek_until


def least() -> Json:
    """No message id, no sender, no id of a conversation; times without a zone."""
    now = datetime.now()  # noqa: DTZ005 - as the client writes it
    return {
        HEADER: {
            "headerVersion": "1.0",
            "receiver": [partner(SENDER)],
            "documentIdentification": {
                "standard": ARKIVMELDING,
                "typeVersion": "1.0",
                "type": "arkivmelding",
                "creationDateAndTime": "2026-11-01T12:00:00",
            },
            "businessScope": {
                "scope": [
                    {
                        "type": "ConversationId",
                        "identifier": ADMINISTRASJON,
                        "scopeInformation": [{"expectedResponseDateTime": (now + timedelta(days=2)).isoformat()}],
                    }
                ]
            },
        },
        "arkivmelding": {"hoveddokument": "vedtak.pdf"},
    }


def test_the_loop(gateway: Gateway) -> None:
    """The form's SBD is plain text; what was left out comes back; peek, pop and DELETE follow; the sender sees LEVERT."""
    files = [
        ("sbd", (None, json.dumps(least()), "text/plain;charset=UTF-8")),
        ("Arkivmelding", ("arkivmelding.xml", XML, "application/xml")),
        ("Vedtak", ("vedtak.pdf", PDF, "application/pdf")),
    ]
    answer = bare(gateway, "POST", "/api/messages/out/multipart", files=files)
    assert answer.status_code == 200, answer.text
    header = answer.json()[HEADER]
    message_id = header["documentIdentification"]["instanceIdentifier"]
    assert header["sender"][0]["identifier"]["value"] == SENDER
    assert header["businessScope"]["scope"][0]["instanceIdentifier"]
    assert header["documentIdentification"]["creationDateAndTime"].startswith("2026-11-01T12:00:00+01:00")
    peeked = peek_until(gateway, message_id)
    assert peeked.json()[HEADER]["documentIdentification"]["instanceIdentifier"] == message_id
    popped = bare(gateway, "GET", f"/api/messages/in/pop/{message_id}")
    with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
        assert container.read("vedtak.pdf") == PDF
    assert bare(gateway, "DELETE", f"/api/messages/in/{message_id}").status_code == 200
    until_delivered(gateway, message_id)


def test_an_error_it_can_read(gateway: Gateway) -> None:
    """It reads every member of the body as a text, and knows these names alone."""
    answer = bare(gateway, "GET", "/api/messages/in/pop/no-such-message")
    body = answer.json()
    assert answer.status_code == 404
    assert set(body) == {"timestamp", "status", "error", "exception", "message", "path"}
    assert all(isinstance(value, (str, int)) for value in body.values())
