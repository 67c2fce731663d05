"""A classic message on behalf of another; apart, for only one worker may fetch what comes for an organisation."""

from pathlib import Path

from gateway.sandbox.server import Sandbox
from tests.documents import SENDER
from tests.journeys.following import wait_for_status
from tests.journeys.test_classic import TO, WITHOUT_ARCHIVE, add_partner, create, on_the_wire
from tests.live import serving, working
from tests.message.sbds import HEADER, avtalt, changed, partner


def test_the_recipient_sees_the_principal(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is kept names the supplier, too; the wire does not, and the receipts are believed."""
    supplier = "0192:311000101"
    with serving(sandbox, tmp_path, organisations=(supplier, SENDER)) as served, working(served):
        add_partner(served)
        kept = create(served, changed(avtalt(to=TO), HEADER, "sender", to=[partner(SENDER)]))
        value = kept["standardBusinessDocument"][HEADER]["sender"][0]["identifier"]["value"]
        assert value == f"{supplier}:{SENDER.removeprefix('0192:')}"
        served.call("POST", f"/out/messages/{kept['conversationId']}")
        message_id = kept["prototypes"][0]["messageId"]
        assert wait_for_status(served, message_id, "LEVERT") == WITHOUT_ARCHIVE
        wire = on_the_wire(served, message_id)
        assert wire[HEADER]["sender"] == [partner(SENDER)]
        preview = served.call("GET", f"/out/messages/{message_id}/messages/{message_id}/preview").json()
        assert (preview["standardBusinessDocument"], [each["what"] for each in preview["lost"]]) == (wire, ["member"])
