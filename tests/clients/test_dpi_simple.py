"""A small client for digital post (Java): one form, then the conversation by its message until it is done, then DELETE."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, whole_sbd
from tests.live import Gateway
from tests.secrets import PDF


def test_its_order_with_what_dpo_carries(gateway: Gateway) -> None:
    """The SBD typed as JSON; `finished` ends the waiting; the DELETE is 200 and the conversation is out of sight."""
    message_id = str(uuid.uuid4())
    files = [
        ("sbd", (None, json.dumps(whole_sbd(message_id)), "application/json")),
        ("arkivmelding", ("arkivmelding.xml", XML, "application/xml")),
        ("brev", ("vedtak.pdf", PDF, "application/pdf")),
    ]
    assert bare(gateway, "POST", "/api/messages/out/multipart", files=files).status_code == 200
    place = f"/api/conversations/messageId/{message_id}"
    found = until(lambda: bare(gateway, "GET", place).json(), lambda body: body["finished"])
    assert {each["status"] for each in found["messageStatuses"]} >= {"OPPRETTET", "SENDT", "LEVERT"}
    assert bare(gateway, "DELETE", place).status_code == 200
    assert bare(gateway, "GET", place).status_code == 404
