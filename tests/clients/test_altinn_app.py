"""An Altinn app (C#): create, upload with ?title=, send with no body, then ask for statuses now and then."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, statuses_by_message, until_delivered, whole_sbd
from tests.journeys.following import delivery_of
from tests.live import Gateway
from tests.message.sbds import Json
from tests.secrets import PDF

# It compares this name, letter by letter, to find out that it has sent before.
ALREADY = "no.difi.meldingsutveksling.exceptions.MessageAlreadyExistsException"
EXTRA = {"User-Agent": "Altinn-App/8", "X-Request-Id": "1", "Accept": "application/json"}


def create(gateway: Gateway, sbd: Json):  # type: ignore[no-untyped-def]
    """The envelope, its id that of the app's instance."""
    headers = {**EXTRA, "Content-Type": "application/json; charset=utf-8"}
    return bare(gateway, "POST", "/api/messages/out", data=json.dumps(sbd).encode(), headers=headers)


def upload(gateway: Gateway, message_id: str, filename: str, content: bytes) -> None:
    """Everything is octet-stream, the name stands twice, the part is always called attachment."""
    quoted = filename.encode().hex("%").upper()
    disposition = (
        f"attachment; name=\"attachment\"; filename={filename.encode().decode('latin-1')}; filename*=utf-8''%{quoted}"
    )
    headers = {**EXTRA, "Content-Type": "application/octet-stream", "Content-Disposition": disposition}
    answer = bare(gateway, "PUT", f"/api/messages/out/{message_id}?title={filename}", data=content, headers=headers)
    assert answer.status_code == 200, answer.text


def test_a_shipment(gateway: Gateway) -> None:
    """The arkivmelding first, then each data element; statuses under `content`, each with its `status`."""
    instance = str(uuid.uuid4())
    assert create(gateway, whole_sbd(instance, instance)).status_code == 200
    upload(gateway, instance, "arkivmelding.xml", XML)
    upload(gateway, instance, "vedtak.pdf", PDF)
    upload(gateway, instance, "søknad på støtte.pdf", PDF + b"more")
    sent = bare(gateway, "POST", f"/api/messages/out/{instance}", headers={**EXTRA, "Content-Length": "0"})
    assert sent.status_code == 200, sent.text
    assert until_delivered(gateway, instance)[:2] == ["OPPRETTET", "SENDT"]
    delivery = gateway_delivery(gateway, instance)
    assert {each["name"] for each in delivery["files"]} == {"arkivmelding.xml", "vedtak.pdf", "søknad på støtte.pdf"}


def test_a_step_that_is_run_again(gateway: Gateway) -> None:
    """The app was restarted: it is told that the message exists, looks at its statuses, and goes on where it was."""
    instance = str(uuid.uuid4())
    assert create(gateway, whole_sbd(instance, instance)).status_code == 200
    upload(gateway, instance, "arkivmelding.xml", XML)
    again = create(gateway, whole_sbd(instance, instance))
    assert (again.status_code, again.json()["exception"]) == (400, ALREADY)
    assert statuses_by_message(gateway, instance) == ["OPPRETTET"]
    upload(gateway, instance, "arkivmelding.xml", XML)
    upload(gateway, instance, "vedtak.pdf", PDF)
    for _ in range(2):
        assert bare(gateway, "POST", f"/api/messages/out/{instance}", headers=EXTRA).status_code == 200
    until_delivered(gateway, instance)
    assert gateway_delivery(gateway, instance)["copies"] == 1


def gateway_delivery(gateway: Gateway, message_id: str) -> dict:  # type: ignore[type-arg]
    """What the recipient has got."""
    found = delivery_of(gateway, message_id)
    assert found is not None
    return found
