"""The inbox as a caller sees it: only its own, one client at a time, nothing gone before it says so."""

import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.delivery.housekeeping import Housekeeping, Keeping
from gateway.errors import Conflict, Gone, Invalid, NotFound
from gateway.message.sbd import Envelope
from gateway.storage import inbox
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxFilter, InboxState, Incoming, Window
from tests.certificates import issue
from tests.delivery.desk_in import Desk
from tests.delivery.parcels import ROOT, SENDER, envelope, pack

FILES = {"vedtak.pdf": b"%PDF-1.7 vedtak", "Ærlig søknad (1).pdf": b"%PDF-1.7 x" * 100_000, "arkivmelding.xml": b"<a/>"}
STRANGER = "0192:311000101"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A receiving side."""
    (tmp_path / "desk").mkdir()
    return Desk(database, tmp_path / "desk")


def receive(desk: Desk, said: Envelope | None = None, **wrapping: object) -> str:
    """Let that come in; its message id."""
    said = said or envelope()
    desk.channel.offer(pack(said, FILES, **wrapping))  # type: ignore[arg-type]
    desk.poll()
    return said.message_id


def test_a_message_is_one_clients_until_it_gives_it_up(desk: Desk) -> None:
    """Another client sees it in the list and gets nothing of it to fetch or acknowledge."""
    message_id = receive(desk)
    room, one, two = desk.room(), desk.caller("one"), desk.caller("two")
    found = room.peek(one)
    assert found is not None
    assert found.lock is not None
    assert found.lock.until - desk.time == timedelta(minutes=5)
    assert room.peek(two) is None
    assert [each.message_id for each in room.locked_by(one)] == [message_id]
    assert room.locked_by(two) == ()
    for act in (room.pop, room.acknowledge, room.unlock, room.extend):
        with pytest.raises(Conflict) as refusal:
            act(message_id, two)
        assert refusal.value.code == "NOT_LOCKED"
    room.unlock(message_id, one)
    with pytest.raises(Conflict):
        room.pop(message_id, one)
    assert room.peek(two) is not None
    assert room.page(one, InboxFilter(), window=Window()).total == 1


def test_with_any_lock_whoever_holds_it_will_do_and_somebody_must(desk: Desk) -> None:
    """As the reference's own door has it."""
    message_id = receive(desk)
    room, one, two = desk.room(), desk.caller("one"), desk.caller("two")
    for act in (room.pop, room.acknowledge, room.unlock):
        with pytest.raises(Conflict):
            act(message_id, two, any_lock=True)
    room.peek(one)
    assert room.pop(message_id, two, any_lock=True) is not None
    assert room.acknowledge(message_id, two, any_lock=True).state is InboxState.ACKNOWLEDGED


def test_what_is_fetched_can_be_fetched_again_until_it_is_acknowledged(desk: Desk) -> None:
    """And its documents one by one, by name, whole; a name that it does not hold is told."""
    message_id = receive(desk)
    room, caller = desk.room(), desk.caller()
    room.peek(caller)
    for _ in range(2):
        container = room.pop(message_id, caller)
        assert container is not None
        with container.open() as source:
            content = source.read()
        assert len(content) == container.size
        assert content[:4] == b"PK\x03\x04"
    assert [file.name for file in room.documents(message_id, caller)] == list(FILES)
    for name, content in FILES.items():
        document = room.open_document(message_id, name, caller=caller)
        assert (b"".join(document.blocks), document.file.size) == (content, len(content))
    for name in ("vedtak", "mimetype", "META-INF/manifest.xml", "../vedtak.pdf"):
        with pytest.raises(NotFound):
            room.open_document(message_id, name, caller=caller)


def test_another_organisations_messages_do_not_exist(desk: Desk) -> None:
    """Not in the list, not by id, not to lock; whatever is asked, the answer is that there is no such message."""
    message_id = receive(desk)
    room, stranger = desk.room(), desk.caller("stranger", STRANGER)
    assert room.peek(stranger) is None
    assert room.page(stranger, InboxFilter(), window=Window()).messages == ()
    room.peek(desk.caller())
    for act in (room.get, room.pop, room.acknowledge, room.unlock, room.extend, room.documents):
        with pytest.raises(NotFound):
            act(message_id, stranger)
    with pytest.raises(NotFound):
        room.open_document(message_id, "vedtak.pdf", caller=stranger)
    with pytest.raises(NotFound):
        room.acknowledge(message_id, stranger, any_lock=True)


def test_a_lock_is_extended_within_bounds(desk: Desk) -> None:
    """From now on, not from when it would have run out."""
    message_id = receive(desk)
    room, caller = desk.room(), desk.caller()
    room.peek(caller)
    held = room.extend(message_id, caller, span=timedelta(minutes=30))
    assert held.lock is not None
    assert timedelta(minutes=29) < held.lock.until - desk.time <= timedelta(minutes=30)
    for span in (timedelta(), timedelta(hours=1, seconds=1)):
        with pytest.raises(Invalid):
            room.extend(message_id, caller, span=span)
    desk.time += timedelta(minutes=31)
    assert room.peek(desk.caller("two")) is not None


def test_an_acknowledgement_is_told_once_however_often_it_is_sent(desk: Desk) -> None:
    """Its answer may be lost; after it nothing more can be popped, and documents can still be read."""
    message_id = receive(desk)
    room, caller = desk.room(), desk.caller()
    room.peek(caller)
    first = room.acknowledge(message_id, caller)
    assert room.acknowledge(message_id, caller) == first
    assert desk.log(message_id).count("INNKOMMENDE_LEVERT") == 1
    assert [status for status, _ in desk.owed(message_id)] == ["MOTTATT", "LEVERT"]
    with pytest.raises(Conflict) as refusal:
        room.pop(message_id, caller)
    assert refusal.value.code == "ACKNOWLEDGED"
    assert room.peek(caller) is None
    assert b"".join(room.open_document(message_id, "vedtak.pdf", caller=caller).blocks) == FILES["vedtak.pdf"]


def test_two_acknowledgements_at_once_are_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that repeats itself before the first is answered gets the same answer, whichever process it comes to."""
    message_id = receive(desk)
    room, caller = desk.room(), desk.caller()
    room.peek(caller)
    barrier, told = threading.Barrier(2), []
    get = inbox.get

    def get_together(*arguments: object, **more: object) -> Incoming:
        found = get(*arguments, **more)  # type: ignore[arg-type]
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=1)  # on SQLite the second waits for the first anyhow
        return found

    monkeypatch.setattr(inbox, "get", get_together)
    both = [
        threading.Thread(target=lambda: told.append(desk.room().acknowledge(message_id, caller).state)) for _ in "12"
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert told == [InboxState.ACKNOWLEDGED] * 2
    assert [status for status, _ in desk.owed(message_id)] == ["MOTTATT", "LEVERT"]


def test_what_could_not_be_read_says_why_and_is_set_aside_by_hand(desk: Desk) -> None:
    """It is shown, its reason where somebody asks for its bytes; setting it aside tells the sender nothing."""
    message_id = receive(desk, to=issue(ROOT, "311000017", "Vi før"))
    room, caller = desk.room(), desk.caller()
    (shown,) = room.page(caller, InboxFilter(states=(InboxState.UNREADABLE,)), window=Window()).messages
    assert shown.message_id == message_id
    for ask in (lambda: room.pop(message_id, caller), lambda: room.open_document(message_id, "x", caller=caller)):
        with pytest.raises(Conflict) as refusal:
            ask()
        assert refusal.value.code == "NOT_HANDED_ON"
        assert "encrypted to other certificates" in refusal.value.message
    assert room.acknowledge(message_id, caller).state is InboxState.ACKNOWLEDGED
    assert (desk.owed(message_id), desk.log(message_id)) == ([], ["OPPRETTET", "FEIL"])


def test_bytes_are_deleted_when_they_have_been_kept_long_enough_and_the_rest_stays(desk: Desk) -> None:
    """Counted from the acknowledgement; what nobody has acknowledged is never deleted, nor swept as an orphan."""
    done, waiting = receive(desk), receive(desk)
    unreadable = receive(desk, to=issue(ROOT, "311000017", "Vi før"))
    room, caller = desk.room(), desk.caller()
    room.peek(caller, InboxFilter(message_id=done))
    room.acknowledge(done, caller)
    house = Housekeeping(desk.database, desk.blobs, desk.now, keeping=Keeping(timedelta(days=30)))
    desk.time += timedelta(days=29)
    assert house.empty_inbox() == 0
    desk.time += timedelta(days=365)
    assert (house.empty_inbox(), house.empty_inbox()) == (1, 0)
    # By the clock of the machine the files are new: an hour from now they would be orphans if no row named them.
    import os

    for path in desk.stored():
        os.utime(path, (0, 0))
    assert house.sweep_bytes() == 0
    assert len(desk.stored()) == 2
    assert desk.find(done).emptied is not None
    for ask in (lambda: room.pop(done, caller), lambda: room.open_document(done, "vedtak.pdf", caller=caller)):
        with pytest.raises(Gone):
            ask()
    assert room.documents(done, caller) != ()
    assert room.peek(caller).message_id == waiting  # type: ignore[union-attr]
    assert desk.find(unreadable).parcel is not None


def test_a_copy_after_the_bytes_are_gone_is_still_a_copy(desk: Desk) -> None:
    """It was fetched: nobody gets it twice."""
    said = envelope()
    receive(desk, said)
    room, caller = desk.room(), desk.caller()
    room.peek(caller)
    room.acknowledge(said.message_id, caller)
    desk.time += timedelta(days=31)
    Housekeeping(desk.database, desk.blobs, desk.now, keeping=Keeping(timedelta(days=30))).empty_inbox()
    receive(desk, said)
    assert room.peek(caller) is None
    assert (desk.stored(), desk.channel.offered) == ([], {})
    assert desk.find(said.message_id).sender == SENDER
