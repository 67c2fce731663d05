"""A message on its way into the inbox: what holds is kept and told, what does not is kept with its reason, nothing is lost."""

import io
import json
import os
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import StorageUnavailable, Unavailable
from gateway.keys import TrustRoots
from gateway.message.processes import ARKIVMELDING_KVITTERING, ARKIVMELDING_RESPONSE
from gateway.message.sbd import Envelope, write_envelope
from gateway.message.status import Direction, Status
from gateway.packaging.opener import Trust, open_asice
from gateway.storage import messages, statuses
from gateway.storage.engine import Database
from gateway.storage.inbox import NO_PACKAGE, VALID, InboxState
from tests.certificates import NOW, issue, make_authority
from tests.delivery.desk_in import Desk
from tests.delivery.parcels import OUR_KEY, OURS, ROOT, SENDER, envelope, pack
from tests.storage.making import store_queued

FILES = {"vedtak.pdf": b"%PDF-1.7 vedtak", "arkivmelding.xml": b"<arkivmelding/>"}
STRANGER = "0192:311000101"
OTHER_ROOT = make_authority("En annen rot")
OLD_KEY = issue(ROOT, "311000017", "Vi før")
FORGER = issue(OTHER_ROOT, "311000128", "Avsender")
LATE = issue(ROOT, "311000128", "Utgått", not_after=NOW - timedelta(days=1))
EARLY = issue(ROOT, "311000128", "Framtidig", not_before=NOW + timedelta(days=1))


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A receiving side."""
    (tmp_path / "desk").mkdir()
    return Desk(database, tmp_path / "desk")


def receive(desk: Desk, said: Envelope, content: bytes | None = None, sender: str = SENDER) -> str:
    """Let that be offered and polled; its message id."""
    desk.channel.offer(pack(said, FILES) if content is None else content, sender=sender)
    desk.poll()
    return said.message_id


def test_what_holds_is_stored_told_and_confirmed(desk: Desk) -> None:
    """The verified container as one sealed blob, who signed it, two statuses, MOTTATT owed, and the channel told."""
    said = envelope(channel="skole", sender_ref="sak 7")
    found = desk.find(receive(desk, said))
    assert (found.state, found.signature.verdict) == (InboxState.WAITING, VALID)
    assert (found.signature.organisation, found.organisation, found.sender) == ("311000128", OURS, SENDER)
    assert found.signature.valid_until is not None
    assert (found.message_channel, found.sender_ref, found.expires) == ("skole", "sak 7", said.expected_response)
    assert [(file.name, file.size) for file in found.files] == [(name, len(FILES[name])) for name in FILES]
    with desk.blobs.open(found.blob or "") as source:
        content = source.read()
    assert len(content) == found.size
    (path,) = desk.stored()
    assert b"vedtak" not in path.read_bytes()
    trust = Trust((), TrustRoots((ROOT[1],)), NOW)
    with open_asice(io.BytesIO(content), trust=trust, spool=desk.folder) as package:
        assert {file.name: file.path.read_bytes() for file in package.files} == FILES
    assert desk.log(said.message_id) == ["OPPRETTET", "INNKOMMENDE_MOTTATT"]
    assert desk.owed(said.message_id) == [("MOTTATT", "queued")]
    assert desk.channel.offered == {}


def test_a_large_message_passes_in_little_memory(desk: Desk) -> None:
    """Sixty MiB are stored while at most a fraction of that is held."""
    import tracemalloc

    content = pack(said := envelope(), {"stor.bin": os.urandom(60 * 1024 * 1024)})
    desk.channel.offer(content)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    # What the channel of the tests itself holds is not ours.
    desk.poll()
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert desk.find(said.message_id).state is InboxState.WAITING
    assert most < 30 * 1024 * 1024


REFUSED = {
    "a root that nobody named": (lambda said: pack(said, FILES, signer=FORGER), "UNKNOWN_ROOT"),
    "a certificate that has run out": (lambda said: pack(said, FILES, signer=LATE), "CERTIFICATE_EXPIRED"),
    "a certificate of tomorrow": (lambda said: pack(said, FILES, signer=EARLY), "CERTIFICATE_NOT_YET_VALID"),
    "encrypted to a key that is not here": (lambda said: pack(said, FILES, to=OLD_KEY), "UNDECRYPTABLE"),
    "damaged on its way": (lambda said: _damage(pack(said, FILES)), "NOT_A_PARCEL"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_does_not_hold_is_kept_with_its_reason(desk: Desk, name: str) -> None:
    """Never handed on, never thrown away: FEIL in the log, the very bytes kept, no receipt, and the channel is done with."""
    make, code = REFUSED[name]
    said = envelope()
    content = make(said)
    found = desk.find(receive(desk, said, content))
    assert (found.state, found.signature.verdict, found.blob) == (InboxState.UNREADABLE, code, None)
    assert found.signature.reason
    with desk.blobs.open(found.parcel or "") as source:
        assert source.read() == content
    assert len(desk.stored()) == 1
    assert desk.log(said.message_id) == ["OPPRETTET", "FEIL"]
    assert (desk.owed(said.message_id), desk.channel.offered) == ([], {})
    assert desk.room().peek(desk.caller()) is None


@pytest.mark.parametrize(
    ("facts", "wire", "code"),
    [
        ({}, STRANGER, "WRONG_SENDER"),
        ({"sender": STRANGER}, SENDER, "WRONG_SENDER"),
        ({"receiver": STRANGER}, SENDER, "WRONG_RECEIVER"),
        ({"receiver": None}, SENDER, "WRONG_RECEIVER"),
    ],
)
def test_an_envelope_that_the_channel_contradicts_is_not_believed(
    desk: Desk, facts: dict[str, object], wire: str, code: str
) -> None:
    """And nobody is sent a receipt for it."""
    said = envelope(**facts)
    found = desk.find(receive(desk, said, pack(said, FILES), wire))
    assert (found.state, found.signature.verdict) == (InboxState.UNREADABLE, code)
    assert desk.owed(said.message_id) == []


def test_a_message_without_a_package_has_no_signature_and_says_so(desk: Desk) -> None:
    """Its envelope is all there is to hand on."""
    found = desk.find(receive(desk, said := envelope(), pack(said)))
    assert (found.state, found.signature.verdict, found.blob, found.files) == (InboxState.WAITING, NO_PACKAGE, None, ())
    assert desk.stored() == []


def test_what_comes_too_late_is_recorded_and_not_handed_on(desk: Desk) -> None:
    """Its bytes are kept for a time."""
    said = envelope(expected_response=NOW - timedelta(seconds=1))
    found = desk.find(receive(desk, said))
    assert (found.state, found.blob) == (InboxState.EXPIRED, None)
    assert found.parcel is not None
    assert desk.log(said.message_id) == ["OPPRETTET", "LEVETID_UTLOPT"]
    assert (desk.owed(said.message_id), desk.channel.offered) == ([], {})


def test_a_message_that_comes_again_changes_nothing(desk: Desk) -> None:
    """Before it is acknowledged and after; each copy is confirmed."""
    said = envelope()
    receive(desk, said)
    receive(desk, said)
    room, caller = desk.room(), desk.caller()
    assert room.peek(caller) is not None
    room.acknowledge(said.message_id, caller)
    before = desk.find(said.message_id)
    receive(desk, said)
    assert desk.find(said.message_id) == before
    assert desk.log(said.message_id) == ["OPPRETTET", "INNKOMMENDE_MOTTATT", "INNKOMMENDE_LEVERT"]
    assert [status for status, _ in desk.owed(said.message_id)] == ["MOTTATT", "LEVERT"]
    assert (len(desk.stored()), desk.channel.offered) == (1, {})


def test_an_id_that_is_somebody_elses_stays_at_the_channel(desk: Desk) -> None:
    """Nobody can keep a message out of the inbox by being first with its id, without anybody noticing."""
    said = envelope()
    receive(desk, said)
    forged = envelope(message_id=said.message_id, sender=STRANGER)
    desk.channel.offer(pack(forged, FILES), sender=STRANGER)
    desk.poll()
    desk.poll()
    assert desk.odd() == ["ID_TAKEN"]
    assert len(desk.channel.offered) == 1
    assert desk.find(said.message_id).sender == SENDER


def test_an_envelope_that_is_too_large_stays_at_the_channel(desk: Desk) -> None:
    """It would be kept in a row, and shown whole."""
    desk.channel.offer(pack(envelope(business={"x": "y" * 1024 * 1024}), FILES))
    desk.poll()
    desk.poll()
    assert (desk.odd(), len(desk.channel.offered), len(desk.channel.fetched)) == (["SBD_TOO_LARGE"], 1, 1)


def test_what_was_not_handed_on_may_come_again(desk: Desk) -> None:
    """A sound copy takes the place of one that was not believed, was forged in its sender's name, or came too late."""
    refused, forged, late, aside = (envelope() for _ in range(4))
    receive(desk, refused, pack(refused, FILES, signer=LATE))
    receive(desk, forged, pack(forged, FILES), STRANGER)
    late_copy = envelope(message_id=late.message_id, expected_response=NOW - timedelta(seconds=1))
    receive(desk, late_copy)
    receive(desk, aside, pack(aside, FILES, to=OLD_KEY))
    desk.room().acknowledge(aside.message_id, desk.caller())
    for said in (refused, forged, late, aside):
        assert desk.owed(said.message_id) == []
        # A second copy that is no better changes nothing either.
        before = desk.find(said.message_id)
        receive(desk, said, pack(said, FILES, signer=FORGER))
        assert desk.find(said.message_id) == before
        found = desk.find(receive(desk, said))
        assert (found.state, found.signature.verdict, found.parcel) == (InboxState.WAITING, VALID, None)
        assert desk.log(said.message_id)[-1] == "INNKOMMENDE_MOTTATT"
        assert desk.owed(said.message_id) == [("MOTTATT", "queued")]
    assert (len(desk.stored()), desk.channel.offered, desk.odd()) == (4, {}, [])


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_calendar_has_spoils_no_inbox(desk: Desk, moment: str) -> None:
    """It could be written down and never be read again, and with it the whole list: it stays at the channel."""
    broken = datetime.fromisoformat(moment)
    desk.channel.offer(pack(envelope(expected_response=broken), FILES))
    sound = envelope()
    receive(desk, sound)
    assert (desk.odd(), len(desk.channel.offered)) == (["UNREADABLE"], 1)
    peeked = desk.room().peek(desk.caller())
    assert peeked is not None
    assert peeked.message_id == sound.message_id


def test_a_number_that_json_cannot_say_again_stays_at_the_channel(desk: Desk) -> None:
    """Python reads 1e999 as an infinity and would write it so, into an answer that no client can read."""
    said = envelope(business={"x": "PLACE"})
    content = json.dumps(write_envelope(said)).replace('"PLACE"', "1e999")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as parcel:
        parcel.writestr("sbd.json", content)
    desk.channel.offer(target.getvalue())
    desk.poll()
    assert (desk.odd(), len(desk.channel.offered)) == (["UNREADABLE"], 1)


@pytest.mark.parametrize("word", ["a/b", "a b", "æ", "x" * 201])
def test_an_id_that_is_no_id_stays_at_the_channel(desk: Desk, word: str) -> None:
    """It would become part of addresses and keys."""
    desk.channel.offer(pack(envelope(message_id=word), FILES))
    desk.poll()
    assert (desk.odd(), len(desk.channel.offered)) == (["BAD_ID"], 1)


def test_a_confirmation_that_fails_is_made_good_and_doubles_nothing(desk: Desk) -> None:
    """The message is ours before the channel is told; the next poll finds it known."""
    desk.channel.faults["confirm"] = [Unavailable("away")]
    said = envelope()
    receive(desk, said)
    assert len(desk.channel.offered) == 1
    desk.poll()
    assert desk.channel.offered == {}
    assert desk.owed(said.message_id) == [("MOTTATT", "queued")]
    assert len(desk.stored()) == 1


def test_a_full_disk_leaves_it_at_the_channel(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is room again."""

    def full(*_: object) -> None:
        raise StorageUnavailable("no room")

    monkeypatch.setattr("gateway.storage.blobs.FileWriter.write", full)
    said = envelope()
    receive(desk, said)
    assert (len(desk.channel.offered), desk.log(said.message_id), desk.stored()) == (1, [], [])
    monkeypatch.undo()
    desk.poll()
    assert desk.find(said.message_id).state is InboxState.WAITING


def test_a_key_that_comes_back_opens_what_was_kept(desk: Desk) -> None:
    """It waits in the inbox then, is told of, and only its opened bytes are left."""
    said = envelope()
    receive(desk, said, pack(said, FILES, to=OLD_KEY))
    assert desk.reopen() == 0
    assert desk.find(said.message_id).state is InboxState.UNREADABLE
    desk.keys = (OUR_KEY, OLD_KEY)
    assert desk.reopen() == 1
    found = desk.find(said.message_id)
    assert (found.state, found.signature.verdict, found.parcel) == (InboxState.WAITING, VALID, None)
    assert desk.log(said.message_id) == ["OPPRETTET", "FEIL", "INNKOMMENDE_MOTTATT"]
    assert desk.owed(said.message_id) == [("MOTTATT", "queued")]
    assert len(desk.stored()) == 1
    room, caller = desk.room(), desk.caller()
    assert b"".join(room.open_document(said.message_id, "vedtak.pdf", caller=caller).blocks) == FILES["vedtak.pdf"]
    assert room.peek(caller) is not None
    room.acknowledge(said.message_id, caller)
    assert desk.log(said.message_id)[-1] == "INNKOMMENDE_LEVERT"
    assert desk.reopen() == 0


def test_a_root_that_is_named_later_lets_it_in_and_a_broken_signature_is_not_tried_again(desk: Desk) -> None:
    """What was opened too late is recorded as such."""
    said, late, broken = envelope(), envelope(), envelope()
    receive(desk, said, pack(said, FILES, signer=FORGER))
    receive(desk, late, pack(late, FILES, signer=FORGER))
    receive(desk, broken, _damage(pack(broken, FILES)))
    desk.roots = (ROOT[1], OTHER_ROOT[1])
    with desk.database.writing() as connection:
        from gateway.storage.tables_in import incoming

        soon = {"expires": desk.time}
        connection.execute(incoming.update().where(incoming.c.message_id == late.message_id).values(**soon))
    assert desk.reopen() == 1
    states = [desk.find(each.message_id).state for each in (said, late, broken)]
    assert states == [InboxState.WAITING, InboxState.EXPIRED, InboxState.UNREADABLE]
    assert len(desk.stored()) == 3


def kvittering(message: messages.Message, **business: object) -> Envelope:
    """A kvittering from its recipient."""
    return envelope(
        sender=message.recipient,
        receiver=message.sender,
        process=ARKIVMELDING_RESPONSE,
        document_type=ARKIVMELDING_KVITTERING,
        business={"receiptType": "OK", "relatedToMessageId": message.id, **business},
    )


def test_a_kvittering_is_credited_and_is_the_clients_to_read(desk: Desk, database: Database) -> None:
    """LEST on the message that it speaks of, which it is shown to answer; in one transaction."""
    (message,) = store_queued(database, sender=OURS)
    with database.writing() as connection:
        statuses.append(connection, _created(message))
    said = kvittering(message)
    found = desk.find(receive(desk, said, pack(said), message.recipient or ""))
    assert (found.state, found.in_reply_to) == (InboxState.WAITING, message.id)
    with database.reading() as connection:
        assert statuses.of_message(connection, message.id)[-1].status is Status.LEST
    assert desk.owed(said.message_id) == [("MOTTATT", "queued")]


def test_a_forged_kvittering_is_neither_credited_nor_handed_on(desk: Desk, database: Database) -> None:
    """One for a message that was not sent from here is noted, and the client may read it."""
    (message,) = store_queued(database, sender=OURS)
    forged = kvittering(message)
    desk.channel.offer(pack(forged), sender=STRANGER)
    desk.poll()
    assert desk.odd() == ["WRONG_SENDER"]
    unknown = envelope(document_type=ARKIVMELDING_KVITTERING, business={"relatedToMessageId": "m", "receiptType": "OK"})
    found = desk.find(receive(desk, unknown, pack(unknown)))
    assert (desk.odd(), found.in_reply_to) == (["UNKNOWN_MESSAGE", "WRONG_SENDER"], None)
    with database.reading() as connection:
        assert statuses.of_message(connection, message.id) == ()
    assert desk.channel.offered == {}


def test_an_answer_shows_what_it_answers(desk: Desk, database: Database) -> None:
    """By the reference, or by the conversation; never a message that went to somebody else."""
    (message,) = store_queued(database, sender=OURS)
    (elsewhere,) = store_queued(database, sender=OURS)
    with database.writing() as connection:
        connection.execute(
            messages.message.update().where(messages.message.c.id == elsewhere.id).values(recipient=STRANGER)
        )
    answers = {
        "reference": envelope(receiver_ref=message.id),
        "conversation": envelope(conversation_id=message.choice.conversation_id),
        "nothing": envelope(receiver_ref="sak 7"),
        "another's": envelope(receiver_ref=elsewhere.id, conversation_id=elsewhere.choice.conversation_id),
    }
    found = {name: desk.find(receive(desk, said)).in_reply_to for name, said in answers.items()}
    assert found == {"reference": message.id, "conversation": message.id, "nothing": None, "another's": None}


def test_what_one_sends_to_oneself_is_two_messages_with_one_id(desk: Desk, database: Database) -> None:
    """The incoming copy has its own row and its own log beside those of the outgoing one."""
    (message,) = store_queued(database, sender=OURS)
    with database.writing() as connection:
        own = messages.message.update().where(messages.message.c.id == message.id).values(recipient=OURS)
        connection.execute(own)
        statuses.append(connection, _created(message))
    said = envelope(message_id=message.id, sender=OURS, conversation_id=message.choice.conversation_id)
    found = desk.find(receive(desk, said, pack(said, FILES, signer=OUR_KEY), OURS))
    assert (found.state, found.sender, found.organisation) == (InboxState.WAITING, OURS, OURS)
    desk.carry_all()
    ((_, receipt),) = desk.channel.sent
    desk.channel.offer(receipt, sender=OURS)
    desk.poll()
    assert desk.log(message.id) == ["OPPRETTET", "INNKOMMENDE_MOTTATT"]
    with database.reading() as connection:
        told = [each.status.value for each in statuses.of_message(connection, message.id, direction=Direction.OUTGOING)]
    assert told == ["OPPRETTET", "SENDT", "MOTTATT"]


def _created(message: messages.Message) -> statuses.StatusEvent:
    return statuses.StatusEvent(message.id, message.conversation_id, message.client_id, Status.OPPRETTET, NOW)


def _damage(parcel: bytes) -> bytes:
    """One byte in the middle of the encrypted package is another: the outer ZIP's own checksum no longer fits."""
    place = len(parcel) // 2
    return parcel[:place] + bytes((parcel[place] ^ 1,)) + parcel[place + 1 :]
