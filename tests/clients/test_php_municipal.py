"""A PHP service that lists what has come in page by page, fetches each as a stream, and sends files as base64 text."""

import base64
import io
import json
import re
import uuid
import zipfile

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until, until_delivered, whole_sbd
from tests.documents import DPO
from tests.journeys.following import delivery_of
from tests.live import Gateway
from tests.message.sbds import HEADER
from tests.secrets import PDF
from tests.two_gateways import World

JSON = {"Content-Type": "application/json"}


def send(gateway: Gateway, to: str, *documents: tuple[str, bytes]) -> str:
    """Capabilities, create, upload, send."""
    found = bare(gateway, "GET", f"/api/capabilities/{to.removeprefix('0192:')}").json()["capabilities"]
    assert any(each["serviceIdentifier"] == "DPO" for each in found)
    message_id = str(uuid.uuid4())
    body = json.dumps(whole_sbd(message_id, to=to)).encode()
    assert bare(gateway, "POST", "/api/messages/out", data=body, headers=JSON).status_code == 200
    for filename, content in documents:
        kind = "application/pdf" if filename.endswith(".pdf") else "text/xml"
        headers = {"Content-Type": kind, "Content-Disposition": f'attachment; name="{filename}"; filename="{filename}"'}
        put = bare(gateway, "PUT", f"/api/messages/out/{message_id}", data=content, headers=headers)
        assert put.status_code == 200, put.text
    assert bare(gateway, "POST", f"/api/messages/out/{message_id}").status_code == 200
    return message_id


def list_all(gateway: Gateway) -> list[str]:
    """Page after page until `last`."""
    found, page, last = [], 0, False
    while not last:
        body = bare(gateway, "GET", f"/api/messages/in?size=100&page={page}").json()
        found += [each[HEADER]["documentIdentification"]["instanceIdentifier"] for each in body["content"]]
        last, page = body["last"], page + 1
    return found


def test_receiving(world: World) -> None:
    """Listed, locked by id, fetched with Accept for ASiC and unzipped by its name, deleted."""
    files = (("arkivmelding.xml", XML), ("vedtak.pdf", PDF))
    ids = {send(world.a, DPO, *files) for _ in range(2)}
    until(lambda: ids & set(list_all(world.b)), lambda found: found == ids)
    for message_id in ids:
        locked = bare(world.b, "GET", f"/api/messages/in/peek?messageId={message_id}")
        assert locked.status_code == 200
        popped = bare(
            world.b,
            "GET",
            f"/api/messages/in/pop/{message_id}",
            headers={"Accept": "application/vnd.etsi.asic-e+zip"},
        )
        assert re.search(r'filename="?([^";]+\.zip)"?$', popped.headers["Content-Disposition"])
        with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
            assert container.read("vedtak.pdf") == PDF
        assert bare(world.b, "DELETE", f"/api/messages/in/{message_id}").status_code == 200
    assert not ids & set(list_all(world.b))


def test_base64_is_sent_as_it_is(gateway: Gateway) -> None:
    """It encodes the document and calls it PDF all the same: that is what the recipient gets, for nobody may guess."""
    encoded = base64.b64encode(PDF)
    message_id = send(gateway, "0192:311000144", ("arkivmelding.xml", XML), ("vedtak.pdf", encoded))
    until_delivered(gateway, message_id)
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert {each["name"]: each["size"] for each in delivery["files"]}["vedtak.pdf"] == len(encoded)
