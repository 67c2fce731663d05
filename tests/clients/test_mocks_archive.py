"""The mock of an archive (Node): sends with every file typed as JSON; receives by peeking and deleting, never fetching."""

import json
import time
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until_delivered, whole_sbd
from tests.documents import DPO
from tests.live import Gateway
from tests.message.sbds import HEADER
from tests.secrets import PDF
from tests.two_gateways import PATIENCE, World

JSON = {"Content-Type": "application/json"}


def send(gateway: Gateway, to: str) -> str:
    """The document before the arkivmelding, names without quotes."""
    message_id = str(uuid.uuid4())
    body = json.dumps(whole_sbd(message_id, to=to)).encode()
    assert bare(gateway, "POST", "/api/messages/out", data=body, headers=JSON).status_code == 200
    for filename, content in (("vedtak.pdf", PDF), ("arkivmelding.xml", XML)):
        headers = {"Content-Disposition": f"attachment; filename={filename}", **JSON}
        put = bare(gateway, "PUT", f"/api/messages/out/{message_id}", data=content, headers=headers)
        assert put.status_code == 200, put.text
    assert bare(gateway, "POST", f"/api/messages/out/{message_id}", headers=JSON).status_code == 200
    return message_id


def test_from_one_archive_to_another(world: World) -> None:
    """The other side polls twice a second with a slash at the end, and deletes what it has seen; the sender sees LEVERT."""
    message_id = send(world.a, DPO)
    give_up, seen = time.monotonic() + PATIENCE, ""
    while seen != message_id:
        assert time.monotonic() < give_up
        answer = bare(world.b, "GET", "/api/messages/in/peek/")
        if answer.status_code == 204:
            time.sleep(0.5)
            continue
        seen = answer.json()[HEADER]["documentIdentification"]["instanceIdentifier"]
        assert bare(world.b, "DELETE", f"/api/messages/in/{seen}").status_code == 200
    assert until_delivered(world.a, message_id) == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT"]
