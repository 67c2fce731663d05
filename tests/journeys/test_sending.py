"""The main job: HTTP in, real worker, real sandbox, statuses out."""

import hashlib
import time
from datetime import UTC, datetime, timedelta

import pytest

from gateway.message.processes import ADMINISTRASJON
from tests.documents import DPO, Doc, Message, Objekt, Part, skjerming
from tests.journeys.following import delivery_of, fault, log_of, message_of, send, sim, wait_for, wait_for_status
from tests.live import Gateway
from tests.secrets import PDF, SECRET_TITLE

pytestmark = pytest.mark.usefixtures("worker")

HELSE = "0192:311000063"
WHOLE = ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]


def test_a_message_gets_there_and_back(gateway: Gateway) -> None:
    """Every status in order; the recipient opened it, found the signature and the XML valid, and has the very bytes."""
    (message_id,) = send(gateway)
    assert wait_for_status(gateway, message_id, "LEST") == WHOLE
    message = message_of(gateway, message_id)
    assert message["outcome"] == "delivered"
    assert [event["evidence"] for event in message["statuses"]] == [
        None,
        "handed-over",
        "stored-by-recipient",
        "stored-by-recipient",
        "registered-in-archive",
    ]
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert delivery["signature"] == "valid"
    assert delivery["schema"].startswith("valid")
    assert delivery["copies"] == 1
    assert {entry["name"]: entry["sha256"] for entry in delivery["files"]}["vedtak.pdf"] == hashlib.sha256(
        PDF
    ).hexdigest()


def test_the_conversation_is_finished_with_its_last_message(gateway: Gateway) -> None:
    """Several recipients, each with its own message; none sees the others' addressing."""
    ids = send(gateway, Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    for message_id in ids:
        wait_for_status(gateway, message_id, "LEST")
    body = gateway.call("GET", f"/out/messages/{ids[0]}").json()
    assert body["state"] == "finished"
    assert {delivery_of(gateway, message_id)["recipient"] for message_id in ids} == {"311000020", "311000063"}


def test_only_the_chosen_files_are_sent(gateway: Gateway) -> None:
    """An older version and another variant stay behind, in the package and in the XML."""
    objects = (Objekt("gammel.pdf", 1), Objekt("ny.docx", 2, "Produksjonsformat"), Objekt("ny.pdf", 2))
    (message_id,) = send(gateway, Message(documents=(Doc(objects),)))
    wait_for_status(gateway, message_id, "LEVERT")
    names = {entry["name"] for entry in delivery_of(gateway, message_id)["files"]}
    assert names == {"ny.pdf", "arkivmelding.xml"}


def test_a_confidential_message_goes_the_confidential_way(gateway: Gateway) -> None:
    """By the process for it, and with the signature and schema still valid."""
    message = Message(
        parts=(Part("Skogen helseforetak", HELSE), Part("Fjordvik tilsyn", DPO, type="Kopimottaker")),
        title=SECRET_TITLE,
        skjerming=skjerming("Offl. § 13 jf. fvl. § 13"),
    )
    for message_id in send(gateway, message):
        wait_for_status(gateway, message_id, "LEST")
        delivery = delivery_of(gateway, message_id)
        assert delivery["process"].endswith("taushetsbelagt:ver1.0")
        assert delivery["schema"].startswith("valid")


@pytest.mark.parametrize(("kind", "last"), [("WARNING", "LEST"), ("ERROR", "FEIL"), ("NOTSUPPORTED", "FEIL")])
def test_what_the_archive_answers_is_told(gateway: Gateway, kind: str, last: str) -> None:
    """WARNING is LEST; ERROR and NOTSUPPORTED are FEIL after LEVERT, with the archive's words."""
    fault(gateway, "recipient kvittering", f"kvittering:{kind}")
    (message_id,) = send(gateway)
    log = wait_for_status(gateway, message_id, last)
    assert log[-2:] == ["LEVERT", last]
    message = message_of(gateway, message_id)
    assert message["outcome"] == ("failed" if last == "FEIL" else "delivered")
    assert kind in message["statuses"][-1]["description"]


@pytest.mark.parametrize(
    ("where", "action"),
    [
        ("broker initialize", "drop-after-commit"),
        ("broker upload", "drop-after-commit"),
        ("broker upload", "drop-in-body"),
        ("broker upload", "drop-before"),
        ("broker upload", "status:503"),
        ("broker initialize", "status:503"),
        ("broker initialize", "expired-token"),
        ("broker upload", "expired-token"),
        ("altinn exchange", "status:503"),
    ],
)
def test_a_passing_fault_neither_loses_nor_doubles(gateway: Gateway, where: str, action: str) -> None:
    """The message gets there once, whatever was lost on the way."""
    fault(gateway, where, action)
    (message_id,) = send(gateway)
    if action == "drop-in-body":
        # A half uploaded transfer is looked at for ten minutes; a cancelled one is replaced at once.
        wait_for(lambda: half_uploads(gateway), "the half upload")
        for entry in half_uploads(gateway):
            sim(gateway, "POST", f"transfers/{entry['fileTransferId']}", state="Cancelled")
    log = wait_for_status(gateway, message_id, "LEST")
    assert log == WHOLE
    assert delivery_of(gateway, message_id)["copies"] == 1


def half_uploads(gateway: Gateway) -> list[dict]:  # type: ignore[type-arg]
    """The transfers whose bytes stopped coming."""
    return [entry for entry in sim(gateway, "GET", "transfers") if entry["fileTransferStatus"] == "UploadStarted"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [400, 403, 422])
def test_what_can_never_succeed_fails_at_once(gateway: Gateway, status: int) -> None:
    """FEIL on the first try, with a sentence that says who must act."""
    fault(gateway, "broker initialize", f"status:{status}", times=None)
    (message_id,) = send(gateway)
    assert wait_for_status(gateway, message_id, "FEIL") == ["OPPRETTET", "FEIL"]
    message = message_of(gateway, message_id)
    assert message["outcome"] == "failed"
    assert message["statuses"][-1]["description"]


def test_a_virus_after_the_upload_becomes_feil(gateway: Gateway) -> None:
    """The channel is watched after SENDT."""
    fault(gateway, "broker upload", "virus")
    (message_id,) = send(gateway)
    assert wait_for_status(gateway, message_id, "FEIL") == ["OPPRETTET", "SENDT", "FEIL"]


def test_another_answer_of_the_registry_after_commit_stops_the_message(gateway: Gateway) -> None:
    """CHANNEL_CHANGED: the recipient left DPO between the commit and the hand-over; nothing was sent."""
    number = "311000136"
    sim(gateway, "POST", "organisations", number=number, name="VIK TILSYN", elma=[ADMINISTRASJON])
    answer = gateway.post(Message(parts=(Part("Vik tilsyn", f"0192:{number}"),)).xml())
    body = answer.json()
    assert body["prototypes"][0]["serviceIdentifier"] == "DPO"
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    sim(gateway, "POST", "organisations", number=number, elma=[])
    time.sleep(0.3)  # until what the cache holds is too old
    assert gateway.call("POST", f"/out/messages/{body['conversationId']}").status_code == 202
    message_id = body["prototypes"][0]["messageId"]
    wait_for_status(gateway, message_id, "FEIL")
    description = message_of(gateway, message_id)["statuses"][-1]["description"]
    assert "DPO" in description
    assert "DPV" in description
    assert delivery_of(gateway, message_id) is None


def test_a_deadline_that_passes_is_told_as_what_it_is(gateway: Gateway) -> None:
    """After hand-over the outcome is unknown, not failed: it may have arrived."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    body = gateway.post(Message().xml()).json()
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    message_id = body["prototypes"][0]["messageId"]
    deadline = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    edit = {"prototypes": [{"messageId": message_id, "expectedResponseDateTime": deadline}]}
    assert gateway.call("PUT", f"/out/messages/{body['conversationId']}", json=edit).status_code == 200
    assert gateway.call("POST", f"/out/messages/{body['conversationId']}").status_code == 202
    assert wait_for_status(gateway, message_id, "LEVETID_UTLOPT") == ["OPPRETTET", "SENDT", "LEVETID_UTLOPT"]
    assert message_of(gateway, message_id)["outcome"] == "unknown"
    assert log_of(gateway, message_id)[-1] == "LEVETID_UTLOPT"


def test_a_late_receipt_corrects_the_outcome(gateway: Gateway) -> None:
    """LEVERT after LEVETID_UTLOPT is appended, and the message counts as delivered."""
    fault(gateway, "recipient fetch", "delay:3000")
    body = gateway.post(Message().xml()).json()
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    message_id = body["prototypes"][0]["messageId"]
    deadline = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat()
    edit = {"prototypes": [{"messageId": message_id, "expectedResponseDateTime": deadline}]}
    gateway.call("PUT", f"/out/messages/{body['conversationId']}", json=edit)
    gateway.call("POST", f"/out/messages/{body['conversationId']}")
    log = wait_for_status(gateway, message_id, "LEVERT")
    assert log.index("LEVETID_UTLOPT") < log.index("LEVERT")
    assert message_of(gateway, message_id)["outcome"] == "delivered"
