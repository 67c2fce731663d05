"""A .NET sample with console, window and tests: health first, then sending both ways, then receiving by channel."""

import io
import json
import uuid
import zipfile

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, until_delivered, whole_sbd
from tests.documents import SENDER
from tests.live import Gateway
from tests.message.sbds import HEADER
from tests.secrets import PDF

JSON = {"Content-Type": "application/json"}


def test_it_is_up(gateway: Gateway) -> None:
    """`status: UP`, without a login."""
    answer = bare(gateway, "GET", "/manage/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "UP")


def test_the_whole_sample(gateway: Gateway) -> None:
    """Capabilities, create, upload, send, list, peek by channel, pop, DELETE; in the end peek is 204."""
    _receive_all(gateway)
    assert bare(gateway, "GET", f"/api/capabilities/{SENDER.removeprefix('0192:')}").status_code == 200
    message_id = str(uuid.uuid4())
    body = json.dumps(whole_sbd(message_id, to=SENDER)).encode()
    assert bare(gateway, "POST", "/api/messages/out", data=body, headers=JSON).status_code == 200
    for filename, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF)):
        headers = {"Content-Disposition": f'attachment; name="{filename}"; filename="{filename}"'}
        headers["Content-Type"] = "application/octet-stream"
        assert bare(gateway, "PUT", f"/api/messages/out/{message_id}", data=content, headers=headers).status_code == 200
    assert bare(gateway, "POST", f"/api/messages/out/{message_id}").status_code == 200

    def listed() -> list[str]:
        found = bare(gateway, "GET", "/api/messages/in").json()["content"]
        return [each[HEADER]["documentIdentification"]["instanceIdentifier"] for each in found]

    until(listed, lambda found: message_id in found)
    files = _receive_all(gateway)
    assert "vedtak.pdf" in files[message_id]
    until_delivered(gateway, message_id)


def _receive_all(gateway: Gateway) -> dict[str, list[str]]:
    """Peek, pop, DELETE until peek is 204; the names of the files by message. A receipt has none: its pop is 204."""
    received: dict[str, list[str]] = {}
    while (peeked := bare(gateway, "GET", "/api/messages/in/peek?serviceIdentifier=DPO")).status_code == 200:
        got = peeked.json()[HEADER]["documentIdentification"]["instanceIdentifier"]
        popped = bare(gateway, "GET", f"/api/messages/in/pop/{got}")
        assert popped.status_code in (200, 204)
        received[got] = []
        if popped.status_code == 200:
            with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
                received[got] = container.namelist()
        assert bare(gateway, "DELETE", f"/api/messages/in/{got}").status_code == 200
    assert peeked.status_code == 204
    return received
