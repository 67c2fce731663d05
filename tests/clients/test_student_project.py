"""A student project (Java): capabilities first, small files in one form, larger ones step by step – forgetting the file."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until_delivered, whole_sbd
from tests.delivery.webhooks.receiving import Receiver
from tests.live import Gateway
from tests.message.sbds import HEADER
from tests.secrets import PDF

JSON = {"Content-Type": "application/json"}


def sbd_of(message_id: str) -> dict:  # type: ignore[type-arg]
    """typeVersion 1.0."""
    sbd = whole_sbd(message_id)
    sbd[HEADER]["documentIdentification"]["typeVersion"] = "1.0"
    return sbd


def test_a_small_one_in_a_form(gateway: Gateway) -> None:
    """Capabilities of the receiver, then everything at once."""
    assert bare(gateway, "GET", "/api/capabilities/311000144").json()["capabilities"]
    message_id = str(uuid.uuid4())
    files = [
        ("sbd", (None, json.dumps(sbd_of(message_id)), "application/json")),
        ("arkivmelding", ("arkivmelding.xml", XML, "application/xml")),
        ("vedtak", ("vedtak.pdf", PDF, "application/pdf")),
    ]
    assert bare(gateway, "POST", "/api/messages/out/multipart", files=files).status_code == 200
    until_delivered(gateway, message_id)


def test_an_upload_without_its_file(gateway: Gateway) -> None:
    """The request has its headers and no body: 400 with the reason; what is not there is missed when it is sent."""
    message_id = str(uuid.uuid4())
    body = json.dumps(sbd_of(message_id)).encode()
    assert bare(gateway, "POST", "/api/messages/out", data=body, headers=JSON).status_code == 200
    headers = {"Content-Disposition": 'attachment; filename="vedtak.pdf"', "Content-Type": "application/pdf"}
    empty = bare(gateway, "PUT", f"/api/messages/out/{message_id}", headers=headers)
    assert empty.status_code == 400
    assert "empty" in empty.json()["message"]
    headers = {"Content-Disposition": 'attachment; filename="arkivmelding.xml"', "Content-Type": "application/xml"}
    assert bare(gateway, "PUT", f"/api/messages/out/{message_id}", data=XML, headers=headers).status_code == 200
    sent = bare(gateway, "POST", f"/api/messages/out/{message_id}")
    assert sent.status_code == 400
    assert sent.json()["exception"].endswith(".MissingArkivmeldingFileException")
    assert "vedtak.pdf" in sent.json()["message"]


def test_its_subscription(gateway: Gateway) -> None:
    """Made and listed; it never takes it away itself."""
    with Receiver.listening() as receiver:
        wish = {"name": "prosjekt", "pushEndpoint": receiver.url, "resource": "messages", "event": "status"}
        made = bare(gateway, "POST", "/api/subscriptions", data=json.dumps(wish).encode(), headers=JSON)
        assert made.status_code == 200, made.text
        assert made.json() in bare(gateway, "GET", "/api/subscriptions").json()["content"]
        assert bare(gateway, "DELETE", f"/api/subscriptions/{made.json()['id']}").status_code == 200
