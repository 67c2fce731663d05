"""The .NET client for digital post: a slash at the end, no nulls, a redirect would lose the body."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, whole_sbd
from tests.live import Gateway
from tests.secrets import PDF

HEADERS = {"Content-Type": "application/json; charset=utf-8"}


def test_its_order_with_what_dpo_carries(gateway: Gateway) -> None:
    """POST to /api/messages/out/ is answered there, then uploads, a POST with null, peek and DELETE."""
    message_id = str(uuid.uuid4())
    body = json.dumps(whole_sbd(message_id, message_id)).encode()
    made = bare(gateway, "POST", "/api/messages/out/", data=body, headers=HEADERS)
    assert made.status_code == 200, made.text
    for filename, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF)):
        disposition = f'attachment; name="{filename}"; filename="{filename}"'
        headers = {"Content-Disposition": disposition, "Content-Type": "application/octet-stream"}
        put = bare(gateway, "PUT", f"/api/messages/out/{message_id}", data=content, headers=headers)
        assert put.status_code == 200, put.text
    sent = bare(gateway, "POST", f"/api/messages/out/{message_id}", data=b"null", headers=HEADERS)
    assert sent.status_code == 200, sent.text
    found = []

    def ask() -> bool:
        answer = bare(gateway, "GET", "/api/statuses/peek")
        if answer.status_code == 200:
            found.append((answer.json()["messageId"], answer.json()["status"]))
            assert bare(gateway, "DELETE", f"/api/statuses/{answer.json()['id']}").status_code == 200
        return (message_id, "LEVERT") in found

    until(ask, bool)


def test_whose_fault_it_is(gateway: Gateway) -> None:
    """It decides by the first digit: what it sent wrong is 4xx, with a text to show."""
    broken = bare(
        gateway, "POST", "/api/messages/out/", data=b'{"standardBusinessDocumentHeader": {}}', headers=HEADERS
    )
    assert broken.status_code == 400
    assert broken.json()["message"]
