"""The classic send: an SBD over HTTP, files, commit; real worker, real sandbox, statuses to the end."""

import hashlib
import json
import time
import zipfile
from datetime import timedelta

import pytest

from gateway.message.processes import (
    ADMINISTRASJON,
    ARKIVMELDING_RESPONSE,
    AVTALT_PROCESS,
)
from tests.documents import SENDER, Doc, Message, Objekt
from tests.journeys.following import delivery_of, fault, log_of, message_of, sim, wait_for_status
from tests.journeys.test_retention import stored, sweeper
from tests.live import Gateway
from tests.message.sbds import HEADER, Json, avtalt, changed, kvittering, minimal
from tests.secrets import PDF

pytestmark = pytest.mark.usefixtures("worker")

WHOLE = ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]
WITHOUT_ARCHIVE = WHOLE[:-1]
PARTNER = "311000144"
TO = f"0192:{PARTNER}"


@pytest.fixture(autouse=True)
def _partner(gateway: Gateway) -> None:
    add_partner(gateway)


def add_partner(gateway: Gateway) -> None:
    """A recipient that takes every kind of message."""
    elma = [ADMINISTRASJON, ARKIVMELDING_RESPONSE, AVTALT_PROCESS]
    sim(gateway, "POST", "organisations", number=PARTNER, name="SUND TILSYN", elma=elma)


def create(gateway: Gateway, sbd: Json) -> Json:
    """A draft from an SBD."""
    answer = gateway.call("POST", "/out/messages", json=sbd)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def send(gateway: Gateway, sbd: Json, files: dict[str, bytes] | None = None) -> str:
    """Create, upload in that order, commit; the messageId."""
    body = create(gateway, sbd)
    for name, content in (files or {}).items():
        assert gateway.upload(body["conversationId"], name, content).status_code == 201
    committed = gateway.call("POST", f"/out/messages/{body['conversationId']}")
    assert committed.status_code == 202, committed.text
    (message,) = committed.json()["messages"]
    assert message["messageId"] == body["prototypes"][0]["messageId"]
    return str(message["messageId"])


def two_documents() -> dict[str, bytes]:
    """An arkivmelding with its two files, the attachment uploaded first."""
    documents = (Doc(), Doc((Objekt("kart.png"),), "Kart", "Vedlegg"))
    return {"arkivmelding.xml": Message(documents=documents).xml(), "kart.png": b"\x89PNG" + PDF, "vedtak.pdf": PDF}


def digests(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Names and SHA-256."""
    return [(name, hashlib.sha256(content).hexdigest()) for name, content in files.items()]


def test_an_arkivmelding_with_two_documents_gets_there_and_back(gateway: Gateway) -> None:
    """Every status; main document first, the others as uploaded, each byte as it was; the kvittering is believed."""
    files = two_documents()
    message_id = send(gateway, minimal(business={"hoveddokument": "vedtak.pdf"}, to=TO), files)
    assert wait_for_status(gateway, message_id, "LEST") == WHOLE
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert (delivery["signature"], delivery["copies"], delivery["recipient"]) == ("valid", 1, PARTNER)
    assert delivery["schema"].startswith("valid")
    got = [(entry["name"], entry["sha256"]) for entry in delivery["files"]]
    assert got == [digests(files)[2], *digests(files)[:2]]
    body = gateway.call("GET", f"/out/messages/{message_id}").json()
    assert (body["state"], message_of(gateway, message_id)["outcome"]) == ("finished", "delivered")


def test_a_kvittering_goes_without_documents(gateway: Gateway) -> None:
    """The envelope alone; the recipient's gateway answers MOTTATT and LEVERT."""
    message_id = send(gateway, kvittering(to=TO))
    assert wait_for_status(gateway, message_id, "LEVERT") == WITHOUT_ARCHIVE
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert (delivery["type"], delivery["files"], delivery["copies"]) == ("arkivmelding_kvittering", [], 1)


def test_a_kvittering_is_tagged_for_the_channel_of_what_it_answers(gateway: Gateway) -> None:
    """So that of the recipient's several installations the right one fetches it; an ordinary message is tagged for nobody."""
    channel = {"type": "MessageChannel", "identifier": "fagsystem-a"}
    tags = []
    for sbd in (kvittering(to=TO), avtalt(to=TO)):
        scopes = [*sbd[HEADER]["businessScope"]["scope"], channel]
        message_id = send(gateway, changed(sbd, HEADER, "businessScope", "scope", to=scopes))
        wait_for_status(gateway, message_id, "SENDT")
        tags.append(transfer_of(gateway, message_id)["sendersFileTransferReference"])
    assert tags[0] == "fagsystem-a"
    assert len(tags[1]) == len(message_id)


@pytest.mark.parametrize("files", [{}, {"a.json": b"{}", "b.bin": b"\0" * 10_000}])
def test_avtalt_goes_with_documents_and_without(gateway: Gateway, files: dict[str, bytes]) -> None:
    """What two parties have agreed on needs no arkivmelding."""
    message_id = send(gateway, avtalt(to=TO), files)
    assert wait_for_status(gateway, message_id, "LEVERT") == WITHOUT_ARCHIVE
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert [(entry["name"], entry["sha256"]) for entry in delivery["files"]] == digests(files)
    assert delivery["problem"] is None


def test_the_clients_sbd_is_what_the_recipient_gets(gateway: Gateway) -> None:
    """Its references, its members that nobody here knows, and its ids arrive; the supplier on whose system it ran does not."""
    sbd = changed(avtalt(to=TO), "avtalt", "egetFelt", to={"beholdes": [1, None]})
    scopes = [
        {**sbd[HEADER]["businessScope"]["scope"][0]},
        {"type": "ReceiverRef", "instanceIdentifier": "sak 2031/44"},
        {"type": "JournalpostId", "instanceIdentifier": "44"},
    ]
    sbd = changed(sbd, HEADER, "businessScope", "scope", to=scopes)
    kept = create(gateway, sbd)
    gateway.call("POST", f"/out/messages/{kept['conversationId']}")
    message_id = kept["prototypes"][0]["messageId"]
    wait_for_status(gateway, message_id, "LEVERT")
    assert on_the_wire(gateway, message_id) == kept["standardBusinessDocument"]
    assert kept["standardBusinessDocument"]["avtalt"]["egetFelt"] == {"beholdes": [1, None]}
    assert kept["standardBusinessDocument"][HEADER]["sender"][0]["identifier"]["value"] == SENDER


def reference_of(gateway: Gateway, message_id: str) -> str:
    """What the channel calls the message."""
    timeline = gateway.call("GET", f"/out/messages/{message_id}/messages/{message_id}/timeline").json()
    return str(timeline["reference"])


def transfer_of(gateway: Gateway, message_id: str) -> Json:
    """The channel's transfer with the message."""
    reference = reference_of(gateway, message_id)
    (found,) = (each for each in sim(gateway, "GET", "transfers") if each["fileTransferId"] == reference)  # type: ignore[attr-defined]
    return found  # type: ignore[no-any-return]


def on_the_wire(gateway: Gateway, message_id: str) -> Json:
    """The SBD that went to the recipient under that id."""
    reference = reference_of(gateway, message_id)
    _, path = gateway.sandbox._recipients.transfers.open(reference, organisation=TO)
    with zipfile.ZipFile(path) as parcel:
        return json.loads(parcel.read("sbd.json"))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("where", "action"),
    [
        ("broker upload", "drop-after-commit"),
        ("broker upload", "status:503"),
        ("broker initialize", "drop-after-commit"),
    ],
)
def test_a_passing_fault_neither_loses_nor_doubles(gateway: Gateway, where: str, action: str) -> None:
    """With files and without, the message gets there once."""
    for sbd, files, last in (
        (minimal(to=TO), two_documents(), "LEST"),
        (kvittering(to=TO), {}, "LEVERT"),
    ):
        fault(gateway, where, action)
        message_id = send(gateway, sbd, files)
        wait_for_status(gateway, message_id, last)
        delivery = delivery_of(gateway, message_id)
        assert delivery is not None
        assert delivery["copies"] == 1
        assert log_of(gateway, message_id) in (WHOLE, WITHOUT_ARCHIVE)


def test_what_failed_is_started_again_as_it_was(gateway: Gateway) -> None:
    """The same SBD, the same files, once."""
    fault(gateway, "broker initialize", "status:422")
    files = two_documents()
    message_id = send(gateway, minimal(to=TO), files)
    wait_for_status(gateway, message_id, "FEIL")
    assert gateway.call("POST", f"/out/messages/{message_id}/messages/{message_id}/retry").status_code == 202
    wait_for_status(gateway, message_id, "LEST")
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert delivery["copies"] == 1
    assert [(entry["name"], entry["sha256"]) for entry in delivery["files"]] == digests(files)


def test_its_bytes_are_deleted_in_their_time(gateway: Gateway) -> None:
    """The SBD with what it says, too; ids and statuses are kept, a repeated commit answers the same, a preview is 410."""
    before = stored(gateway)
    message_id = send(gateway, minimal(to=TO), two_documents())
    wait_for_status(gateway, message_id, "LEST")
    path = f"/out/messages/{gateway.call('GET', f'/out/messages/{message_id}').json()['conversationId']}"
    first = gateway.call("POST", path)
    assert stored(gateway) > before
    sweeper(gateway, after=timedelta(days=31)).empty_finished()
    body = gateway.call("GET", path).json()
    assert body["documentsDeleted"]
    assert (body["documents"], body["arkivmelding"], body["standardBusinessDocument"]) == ([], None, None)
    assert [each["messageId"] for each in body["prototypes"]] == [message_id]
    assert stored(gateway) <= before
    again = gateway.call("POST", path)
    assert (again.status_code, again.json()) == (200, first.json())
    assert gateway.call("GET", f"{path}/messages/{message_id}/preview").status_code == 410
    assert log_of(gateway, message_id) == WHOLE


def test_what_never_succeeds_fails_at_once(gateway: Gateway) -> None:
    """The recipient left the process between the commit and the hand-over: FEIL with the reason, nothing sent."""
    body = create(gateway, kvittering(to=TO))
    sim(gateway, "POST", "organisations", number=PARTNER, elma=[ADMINISTRASJON])
    time.sleep(0.3)  # until what the cache holds is too old
    assert gateway.call("POST", f"/out/messages/{body['conversationId']}").status_code == 202
    message_id = body["prototypes"][0]["messageId"]
    assert wait_for_status(gateway, message_id, "FEIL") == ["OPPRETTET", "FEIL"]
    assert delivery_of(gateway, message_id) is None
