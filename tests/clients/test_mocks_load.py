"""The load script of the reference's mocks (Node): a subscription, a batch of messages, and a push for each that was sent."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, whole_sbd
from tests.delivery.webhooks.receiving import Receiver
from tests.live import Gateway
from tests.secrets import PDF

EXISTS = "no.difi.meldingsutveksling.exceptions.SubscriptionWithSameNameAndPushEndpointAlreadyExists"
JSON = {"Content-Type": "application/json"}


def test_a_batch(gateway: Gateway) -> None:
    """Several messages under way at once; the script counts the pushes SENDT and then takes its subscription away."""
    with Receiver.listening() as receiver:
        wish = {"name": "load", "pushEndpoint": receiver.url, "resource": "all", "event": "status"}
        made = bare(gateway, "POST", "/api/subscriptions", data=json.dumps(wish).encode(), headers=JSON)
        assert made.status_code == 200, made.text
        assert receiver.got[0].said["event"] == "ping"
        again = bare(gateway, "POST", "/api/subscriptions", data=json.dumps(wish).encode(), headers=JSON)
        assert (again.status_code, again.json()["exception"]) == (400, EXISTS)
        ids = {_send(gateway) for _ in range(5)}

        def sent() -> set[str]:
            said = [got.said for got in receiver.got]
            return {each["messageId"] for each in said if each.get("status") == "SENDT"} & ids

        until(sent, lambda found: found == ids)
        assert bare(gateway, "DELETE", f"/api/subscriptions/{made.json()['id']}").status_code == 200
        heard = len(receiver.got)
        _send(gateway)
        assert len(receiver.got) <= heard + 1


def _send(gateway: Gateway) -> str:
    message_id = str(uuid.uuid4())
    body = json.dumps(whole_sbd(message_id)).encode()
    assert bare(gateway, "POST", "/api/messages/out", data=body, headers=JSON).status_code == 200
    for filename, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF)):
        headers = {
            "Content-Disposition": f"attachment; filename={filename}",
            "Content-Type": "application/octet-stream",
        }
        path = f"/api/messages/out/{message_id}?title={filename}"
        assert bare(gateway, "PUT", path, data=content, headers=headers).status_code == 200
    assert bare(gateway, "POST", f"/api/messages/out/{message_id}").status_code == 200
    return message_id
