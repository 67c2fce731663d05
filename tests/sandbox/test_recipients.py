"""The living recipients: what they make of a parcel, and what they answer to the one that sent it."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from gateway.message.sbd import Envelope, read_envelope, write_envelope
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Signing
from gateway.sandbox.authority import Holder
from gateway.sandbox.organisations import SEEDED, SENDER
from gateway.sandbox.server import Sandbox

from .acting import FJORDVIK, TREDJE_PART, Actor, arkivmelding_envelope, await_until, packaged

NAMESPACE = "http://www.arkivverket.no/standarder/noark5/arkivmelding"
VALID = f"""<arkivmelding xmlns="{NAMESPACE}"><system>Fagsystem</system><meldingId>1</meldingId>
<tidspunkt>2026-01-15T10:00:00</tidspunkt><antallFiler>1</antallFiler></arkivmelding>""".encode()
PDF = b"%PDF-1.4 a document" * 100
WAITING = {"status": "Published", "recipientStatus": "Initialized"}
Post = Callable[..., Envelope]


@dataclass
class Mailbox:
    """What comes back to the gateway's own organisation."""

    actor: Actor

    def fetch(self) -> Iterator[dict[str, Any]]:
        """The envelopes that wait, oldest first, each confirmed."""
        for transfer in reversed(self.actor.broker("GET", "", params=WAITING).json()):
            content = self.actor.broker("GET", f"/{transfer}/download").content
            with zipfile.ZipFile(io.BytesIO(content)) as parcel:
                assert parcel.namelist() == ["sbd.json"]
                yield {"sender": self.actor.broker("GET", f"/{transfer}").json()["sender"]} | json.loads(
                    parcel.read("sbd.json")
                )
            self.actor.broker("POST", f"/{transfer}/confirmdownload")

    def await_answers(self, count: int) -> list[Envelope]:
        """The next answers, as soon as there are so many."""
        answers: list[Envelope] = []

        def look() -> bool:
            answers.extend(read_envelope(each) for each in self.fetch())
            return len(answers) >= count

        await_until(look)
        return answers


@pytest.fixture
def mailbox(sender: Actor) -> Mailbox:
    """The mailbox of the gateway's own organisation."""
    return Mailbox(sender)


@pytest.fixture
def post(sender: Actor) -> Post:
    """Seal an arkivmelding and send it over HTTP; returns its envelope."""

    def seal(
        recipient: str = FJORDVIK,
        xml: bytes = VALID,
        *,
        certificate_of: str | None = None,
        signed_by: Actor | None = None,
        envelope: Envelope | None = None,
    ) -> Envelope:
        envelope = envelope or arkivmelding_envelope(recipient)
        files = (packaged("arkivmelding.xml", xml, "application/xml"), packaged("vedtak.pdf", PDF))
        sender.send(
            recipient, _seal(sender, envelope, files, signed_by=signed_by, encrypted_to=certificate_of or recipient)
        )
        return envelope

    return seal


def _seal(
    actor: Actor, envelope: Envelope, files: tuple[PackagedFile, ...], *, signed_by: Actor | None, encrypted_to: str
) -> bytes:
    name = next(organisation.name for organisation in SEEDED if organisation.number == encrypted_to)
    sealed = seal_dpo(
        json.dumps(write_envelope(envelope)).encode(),
        files,
        parties=Parties(envelope.sender, envelope.receiver or ""),
        signer=Signing((signed_by or actor).keys, datetime.now(UTC), str(uuid.uuid4())),
        certificate=actor.sandbox.authority.credential(Holder(encrypted_to, name)).certificate,
    )
    return b"".join(sealed.chunks())


def deliveries(sandbox: Sandbox, recipient: str = FJORDVIK) -> list[dict[str, Any]]:
    """What the controls show of a recipient's deliveries."""
    return list(requests.get(f"{sandbox.url}/_sim/deliveries", params={"recipient": recipient}, timeout=10).json())


def await_delivery(sandbox: Sandbox, answers: int, recipient: str = FJORDVIK) -> dict[str, Any]:
    """The recipient's only delivery, once it has given so many answers."""
    await_until(lambda: deliveries(sandbox, recipient) and len(deliveries(sandbox, recipient)[0]["answers"]) >= answers)
    (delivery,) = deliveries(sandbox, recipient)
    return delivery


def test_an_arkivmelding_is_fetched_opened_judged_and_answered(
    sandbox: Sandbox, sender: Actor, post: Post, mailbox: Mailbox
) -> None:
    """The recipient decrypts with its own key, verifies signer and schema, hashes each file, and answers thrice."""
    sent = post()
    mottatt, levert, kvittering = mailbox.await_answers(3)
    delivery = await_delivery(sandbox, 3)
    assert delivery["messageId"] == sent.message_id
    assert (delivery["opened"], delivery["signature"], delivery["signer"]) == (True, "valid", SENDER.number)
    assert delivery["schema"] == "valid under head and published"
    expected = [packaged("arkivmelding.xml", VALID), packaged("vedtak.pdf", PDF)]
    assert {file["name"]: (file["size"], file["sha256"]) for file in delivery["files"]} == {
        file.name: (file.size, file.sha256.hex()) for file in expected
    }
    assert delivery["rendering"] == expected[0].sha256.hex()
    assert (delivery["copies"], delivery["answers"]) == (1, ["MOTTATT", "LEVERT", "kvittering:OK"])
    for status, name in ((mottatt, "MOTTATT"), (levert, "LEVERT")):
        assert (status.type, status.business) == ("status", {"status": name})
        assert status.message_id == sent.message_id
    assert kvittering.type == "arkivmelding_kvittering"
    assert kvittering.business["receiptType"] == "OK"
    assert kvittering.business["relatedToMessageId"] == sent.message_id != kvittering.message_id
    for answer in (mottatt, levert, kvittering):
        assert (answer.sender, answer.receiver) == (f"0192:{FJORDVIK}", SENDER.identifier)
        assert answer.conversation_id == sent.conversation_id


def test_a_fetched_transfer_is_confirmed(sandbox: Sandbox, sender: Actor, post: Post) -> None:
    """After the answers the sender sees AllConfirmedDownloaded."""
    post()
    await_delivery(sandbox, 3)
    transfers = requests.get(f"{sandbox.url}/_sim/transfers", timeout=10).json()
    await_until(lambda: sender.state(transfers[0]["fileTransferId"]) == "AllConfirmedDownloaded")


def test_a_second_copy_is_counted_and_not_answered(sandbox: Sandbox, post: Post, mailbox: Mailbox) -> None:
    """The same message twice is one delivery with two copies, and three answers in all."""
    sent = post()
    await_delivery(sandbox, 3)
    post(envelope=sent)
    await_until(lambda: deliveries(sandbox)[0]["copies"] == 2)
    post(TREDJE_PART)
    await_delivery(sandbox, 3, TREDJE_PART)
    assert len(mailbox.await_answers(6)) == 6
    assert len(deliveries(sandbox)) == 1


def test_what_the_recipient_cannot_open_is_never_levert(sandbox: Sandbox, post: Post, mailbox: Mailbox) -> None:
    """A package sealed for somebody else is MOTTATT and then an ERROR kvittering, with the reason as the verdict."""
    post(certificate_of=TREDJE_PART)
    mottatt, kvittering = mailbox.await_answers(2)
    delivery = await_delivery(sandbox, 2)
    assert (delivery["opened"], delivery["files"]) == (False, [])
    assert delivery["signature"] == "UNDECRYPTABLE"
    assert (mottatt.business["status"], kvittering.business["receiptType"]) == ("MOTTATT", "ERROR")


def test_a_signature_of_another_organisation_is_noticed(
    sandbox: Sandbox, post: Post, act: Callable[[str], Actor]
) -> None:
    """A package that a third party signed with a valid certificate of its own is an ERROR."""
    post(signed_by=act(TREDJE_PART))
    delivery = await_delivery(sandbox, 3)
    assert (delivery["signer"], delivery["answers"][-1]) == (TREDJE_PART, "kvittering:ERROR")
    assert delivery["problem"] == "another organisation signed than the one that sends"


@pytest.mark.parametrize(
    ("xml", "schema"),
    [
        (VALID.replace(b"<system>", b"text <system>"), "valid under published"),
        (VALID.replace(b"<meldingId>1</meldingId>", b""), "invalid"),
        (b"not XML at all", "unreadable"),
    ],
)
def test_the_arkivmelding_is_checked_against_both_profiles(
    sandbox: Sandbox, post: Post, xml: bytes, schema: str
) -> None:
    """Valid under one profile is OK and says which; valid under none, or no XML, is an ERROR kvittering."""
    post(xml=xml)
    delivery = await_delivery(sandbox, 3)
    assert delivery["schema"].startswith(schema)
    assert delivery["answers"][-1] == ("kvittering:OK" if schema.startswith("valid") else "kvittering:ERROR")


@pytest.mark.parametrize("kind", ["WARNING", "ERROR", "NOTSUPPORTED"])
def test_the_dial_chooses_the_kvittering(post: Post, mailbox: Mailbox, fault: Callable[..., object], kind: str) -> None:
    """`kvittering:ERROR` and its like are answered to a message that is in order."""
    fault("recipient", "kvittering", f"kvittering:{kind}", times=1)
    post()
    assert mailbox.await_answers(3)[-1].business["receiptType"] == kind


def test_the_dial_keeps_a_recipient_from_fetching(
    sandbox: Sandbox, sender: Actor, post: Post, fault: Callable[..., object]
) -> None:
    """`never-fetch` leaves the transfers of one organisation Published while others fetch, until it is cleared."""
    fault("recipient", "fetch", "never-fetch", organisation=FJORDVIK)
    post()
    post(TREDJE_PART)
    await_delivery(sandbox, 3, TREDJE_PART)
    assert deliveries(sandbox) == []
    (first, *_) = requests.get(f"{sandbox.url}/_sim/transfers", timeout=10).json()
    assert first["fileTransferStatus"] == "Published"
    requests.delete(f"{sandbox.url}/_sim/faults", timeout=10)
    await_delivery(sandbox, 3)


def test_the_dial_silences_and_doubles_answers(
    sandbox: Sandbox, post: Post, mailbox: Mailbox, fault: Callable[..., object]
) -> None:
    """A silent MOTTATT never comes, a doubled LEVERT comes twice."""
    fault("recipient", "mottatt", "silent", times=1)
    fault("recipient", "levert", "twice", times=1)
    post()
    answers = mailbox.await_answers(3)
    assert [answer.business.get("status") for answer in answers] == ["LEVERT", "LEVERT", None]


def test_the_answer_bears_the_message_channel(sender: Actor, post: Post, sandbox: Sandbox) -> None:
    """A channel named in the envelope is named in the answers, and is the reference of their transfers."""
    envelope = arkivmelding_envelope(FJORDVIK, channel="arkiv-1")
    post(envelope=envelope)
    await_delivery(sandbox, 3)
    transfers = requests.get(f"{sandbox.url}/_sim/transfers", timeout=10).json()
    references = [each["sendersFileTransferReference"] for each in transfers if each["sender"] != SENDER.identifier]
    assert references == ["arkiv-1"] * 3


@pytest.mark.parametrize("content", [b"no ZIP", b"PK\x05\x06" + bytes(18)])
def test_a_parcel_without_an_envelope_is_listed_and_dropped(sandbox: Sandbox, sender: Actor, content: bytes) -> None:
    """No ZIP, and a ZIP without sbd.json, are confirmed unanswered; the listing says what they were."""
    transfer = sender.send(FJORDVIK, content)
    await_until(lambda: deliveries(sandbox))
    (delivery,) = deliveries(sandbox)
    assert (delivery["messageId"], delivery["type"], delivery["answers"]) == (transfer, "unreadable", [])
    await_until(lambda: sender.state(transfer) == "AllConfirmedDownloaded")


def test_an_organisation_that_gets_dpo_comes_to_life(sandbox: Sandbox, sender: Actor, post: Post) -> None:
    """An organisation that is registered in ELMA at run time fetches what is sent to it from then on."""
    lia = "311000047"
    requests.post(f"{sandbox.url}/_sim/organisations", json={"number": lia, "elma": "all"}, timeout=10)
    post(lia)
    assert await_delivery(sandbox, 3, lia)["opened"] is True


def test_a_third_party_can_try_to_forge_a_status(sandbox: Sandbox, sender: Actor, mailbox: Mailbox) -> None:
    """The forged transfer is the third party's own for the Broker, whatever its envelope says."""
    forged = arkivmelding_envelope(SENDER.number, sender=f"0192:{FJORDVIK}", business={"hoveddokument": "x"})
    body = {"as": TREDJE_PART, "sbd": write_envelope(forged)}
    answer = requests.post(f"{sandbox.url}/_sim/forge", json=body, timeout=10)
    assert answer.status_code == 201
    (seen,) = await_until(lambda: list(mailbox.fetch()))
    assert seen["sender"] == f"0192:{TREDJE_PART}"
    assert read_envelope({key: value for key, value in seen.items() if key != "sender"}).sender == f"0192:{FJORDVIK}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"as": "311000098", "sbd": {}}, 404),
        ({"as": TREDJE_PART, "content": "%%"}, 400),
        ({"as": TREDJE_PART}, 400),
        ([], 400),
    ],
)
def test_a_forgery_that_makes_no_sense_is_refused(sandbox: Sandbox, body: object, status: int) -> None:
    """An unknown organisation, no content and content that is no base64 are refused."""
    assert requests.post(f"{sandbox.url}/_sim/forge", json=body, timeout=10).status_code == status
