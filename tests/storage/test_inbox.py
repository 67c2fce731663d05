"""The inbox in the database: each message once, locks that never overlap, and bytes that are not swept while they are named."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import NotFound
from gateway.language import say
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from gateway.message.status import Direction, Status
from gateway.storage import documents, inbox, inbox_keeping, inbox_locks, receipts_out, statuses
from gateway.storage.blobs import new_key
from gateway.storage.engine import Database
from gateway.storage.inbox import VALID, InboxFilter, InboxState, Incoming, IncomingFile, Lock, Signature, Window
from gateway.storage.inbox_keeping import Reopened
from gateway.storage.inbox_locks import Bid
from gateway.storage.receipts_out import ReceiptOut, ReceiptState
from gateway.storage.statuses import FeedFilter, StatusEvent

from .making import NOW, RECIPIENT, SENDER, new_id

FIVE = timedelta(minutes=5)


def make_incoming(**facts: object) -> Incoming:
    """A message from RECIPIENT that waits for SENDER's fagsystem, as the facts say."""
    entry = Incoming(
        message_id=new_id(),
        conversation_id=new_id(),
        organisation=SENDER,
        sender=RECIPIENT,
        receiver=SENDER,
        channel="DPO",
        process=ADMINISTRASJON,
        document_type=ARKIVMELDING,
        sbd={"arkivmelding": {"hoveddokument": "søknad.pdf"}},
        state=InboxState.WAITING,
        received=NOW,
        last_updated=NOW,
        signature=Signature(VALID, signer="CN=FJORDVIK TILSYN", organisation="311000128", serial="2a", valid_until=NOW),
        blob=new_key(),
        size=3_000_000_000,
        files=(IncomingFile("søknad.pdf", 3_000_000_000, "ab" * 32),),
    )
    return replace(entry, **facts)  # type: ignore[arg-type]  # the test names the facts


def store(database: Database, *entries: Incoming) -> None:
    """Put them into the inbox."""
    with database.writing() as connection:
        for entry in entries:
            assert inbox.insert(connection, entry)


def take(database: Database, client_id: str = "one", **facts: object) -> Incoming | None:
    """Peek as that client, as the facts of the bid say."""
    now = facts.pop("now", NOW)
    filters = facts.pop("filters", InboxFilter())
    bid = Bid((SENDER,), Lock(client_id, now + FIVE), now)  # type: ignore[operator,arg-type]
    with database.writing() as connection:
        return inbox_locks.take(connection, replace(bid, **facts), filters=filters)  # type: ignore[arg-type]


def test_a_message_comes_back_as_it_was(database: Database) -> None:
    """Every fact, the sentence of a refusal in every language, too."""
    bare = make_incoming(blob=None, size=None, files=(), received=NOW + FIVE)
    full = make_incoming(
        state=InboxState.UNREADABLE,
        signature=Signature("UNKNOWN_ROOT", say("the package is not signed as a whole: {why}", why="x"), "mend it"),
        parcel=new_key(),
        expires=NOW + FIVE,
        message_channel="skole",
        sender_ref="ref",
        reference="transfer",
        in_reply_to=new_id(),
        lock=Lock("one", NOW),
        acknowledged=NOW,
        emptied=NOW,
    )
    store(database, bare, full)
    with database.reading() as connection:
        assert inbox.find(connection, bare.message_id) == bare
        found = inbox.get(connection, full.message_id, organisations=(SENDER,))
        assert found == full
        assert found.signature.reason.pattern == "the package is not signed as a whole: {why}"  # type: ignore[union-attr]
        with pytest.raises(NotFound):
            inbox.get(connection, full.message_id, organisations=(RECIPIENT,))


def test_a_message_is_stored_once(database: Database) -> None:
    """The second with its id changes nothing, acknowledged or not."""
    entry = make_incoming()
    store(database, entry)
    with database.writing() as connection:
        assert not inbox.insert(connection, replace(entry, state=InboxState.EXPIRED, blob=new_key()))
        assert inbox.find(connection, entry.message_id) == entry


def test_what_has_waited_longest_comes_first_and_each_once(database: Database) -> None:
    """By the last update; what others hold, what was acknowledged and what is another's are passed over."""
    waiting = [make_incoming(last_updated=NOW + timedelta(seconds=second)) for second in (-1, -3, -2)]
    other = make_incoming(organisation=RECIPIENT, last_updated=NOW - FIVE)
    done = make_incoming(state=InboxState.ACKNOWLEDGED, last_updated=NOW - FIVE)
    store(database, *waiting, other, done)
    bid = Bid((SENDER,), Lock("one", NOW + FIVE), NOW)
    with database.reading() as connection:
        assert inbox_locks.is_any_free(connection, bid, filters=InboxFilter())
    taken = [take(database) for _ in range(4)]
    with database.reading() as connection:
        assert not inbox_locks.is_any_free(connection, bid, filters=InboxFilter())
    assert [each.message_id if each else None for each in taken] == [
        waiting[1].message_id,
        waiting[2].message_id,
        waiting[0].message_id,
        None,
    ]
    assert taken[0].lock == Lock("one", NOW + FIVE)  # type: ignore[union-attr]


def test_the_filters_choose(database: Database) -> None:
    """Each of them alone, for peek and list alike."""
    entry = make_incoming(process="p", document_type="d", sender="0192:311000101", channel="DPE")
    store(database, make_incoming(last_updated=NOW - FIVE), entry)
    for filters in (
        InboxFilter(message_id=entry.message_id),
        InboxFilter(conversation_id=entry.conversation_id),
        InboxFilter(sender="0192:311000101", receiver=SENDER),
        InboxFilter(channel="DPE"),
        InboxFilter(process="p"),
        InboxFilter(document_type="d"),
    ):
        found = take(database, filters=filters)
        assert found is not None
        assert found.message_id == entry.message_id
        with database.writing() as connection:
            assert inbox_locks.give_up(connection, entry.message_id, client_id="one", now=NOW)
            page = inbox.page(connection, (SENDER,), filters=filters, window=Window())
            assert [each.message_id for each in page.messages] == [entry.message_id]
    assert take(database, filters=InboxFilter(receiver=RECIPIENT)) is None


def test_a_lock_runs_out_by_itself_and_the_message_goes_to_the_end(database: Database) -> None:
    """Nobody has to take it away; one that nobody gets done with does not hold up the others."""
    first, second = make_incoming(last_updated=NOW - FIVE), make_incoming()
    store(database, first)
    assert take(database, "slow") is not None
    store(database, second)
    later = NOW + FIVE
    assert take(database, "other", now=later - timedelta(microseconds=1)).message_id == second.message_id  # type: ignore[union-attr]
    found = take(database, "other", now=later)
    assert found is not None
    assert (found.message_id, found.lock) == (first.message_id, Lock("other", later + FIVE))


def test_only_who_holds_a_message_changes_it(database: Database) -> None:
    """Extend, give up and acknowledge are refused to others, unless any lock will do; without a lock to everybody."""
    entry = make_incoming()
    store(database, entry)
    this, later = entry.message_id, NOW + timedelta(hours=1)
    with database.writing() as connection:
        assert inbox_locks.acknowledge(connection, this, client_id=None, now=NOW) is None
        assert inbox_locks.extend(connection, this, client_id="one", until=later) is None
    assert take(database, "one") is not None
    with database.writing() as connection:
        assert inbox_locks.extend(connection, this, client_id="two", until=later) is None
        assert inbox_locks.give_up(connection, this, client_id="two", now=NOW) is None
        assert inbox_locks.acknowledge(connection, this, client_id="two", now=NOW) is None
        assert inbox_locks.extend(connection, this, client_id="one", until=later).lock == Lock("one", later)  # type: ignore[union-attr]
        assert [each.message_id for each in inbox_locks.locked_by(connection, "one")] == [this]
        assert inbox_locks.locked_by(connection, "two") == ()
        done = inbox_locks.acknowledge(connection, this, client_id=None, now=later)
        assert done is not None
        assert (done.state, done.acknowledged, done.lock) == (InboxState.ACKNOWLEDGED, later, None)
        assert inbox_locks.acknowledge(connection, this, client_id="one", now=later) is None
        assert inbox_locks.locked_by(connection, "one") == ()


def test_a_lock_that_ran_out_serves_until_somebody_else_has_taken_it(database: Database) -> None:
    """Who was slow is not made to do it twice; who was overtaken is told."""
    slow, overtaken = make_incoming(), make_incoming()
    store(database, slow, overtaken)
    assert {take(database, "one").message_id for _ in range(2)} == {slow.message_id, overtaken.message_id}  # type: ignore[union-attr]
    late = NOW + timedelta(hours=2)
    with database.writing() as connection:
        assert inbox_locks.acknowledge(connection, slow.message_id, client_id="one", now=late) is not None
    assert take(database, "two", now=late).message_id == overtaken.message_id  # type: ignore[union-attr]
    with database.writing() as connection:
        assert inbox_locks.acknowledge(connection, overtaken.message_id, client_id="one", now=late) is None


def test_ten_clients_at_once_never_see_the_same_message_within_a_lock(address: str) -> None:
    """Each connects for itself, as from different processes; every message is given out exactly once."""
    databases = [Database(address) for _ in range(10)]
    entries = [make_incoming(last_updated=NOW + timedelta(milliseconds=number)) for number in range(60)]
    store(databases[0], *entries)
    seen: list[list[str]] = [[] for _ in databases]
    ready = threading.Barrier(len(databases))

    def work(number: int) -> None:
        for _ in range(6):
            ready.wait()
            if found := take(databases[number], f"client {number}"):
                seen[number].append(found.message_id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(databases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = Counter(message_id for some in seen for message_id in some)
    assert counted == Counter(each.message_id for each in entries)
    assert [len(some) for some in seen] == [6] * 10
    for database in databases:
        database.close()


def test_the_list_goes_page_by_page(database: Database) -> None:
    """In the order in which they came, either way, with the count of all; an `after` of another's is unknown."""
    entries = [make_incoming(received=NOW + timedelta(seconds=number // 2)) for number in range(5)]
    entries.sort(key=lambda each: (each.received, each.message_id))
    strange = make_incoming(organisation=RECIPIENT)
    store(database, *entries, strange)

    def walk(newest_first: bool) -> list[str]:
        found: list[str] = []
        after = None
        while True:
            window = Window(2, after=after, newest_first=newest_first)
            with database.reading() as connection:
                page = inbox.page(connection, (SENDER,), filters=InboxFilter(), window=window)
            assert page.total == 5
            found += [each.message_id for each in page.messages]
            if (after := page.following) is None:
                return found

    ids = [each.message_id for each in entries]
    assert walk(False) == ids
    assert walk(True) == ids[::-1]
    with database.reading() as connection:
        window = Window(2, after=ids[2])
        page = inbox.page(connection, (SENDER,), filters=InboxFilter(states=(InboxState.WAITING,)), window=window)
        assert [each.message_id for each in page.messages] == ids[3:]
        light = inbox.page(connection, (SENDER,), filters=InboxFilter(), window=Window(1, light=True))
        assert light.messages == (replace(entries[0], sbd={}),)
        with pytest.raises(NotFound):
            inbox.page(connection, (SENDER,), filters=InboxFilter(), window=Window(after=strange.message_id))


def test_bytes_of_the_inbox_are_not_swept_while_a_row_names_them(database: Database) -> None:
    """The package and the parcel alike; emptied when they have been kept long enough, and only then."""
    waiting, done = make_incoming(), make_incoming(state=InboxState.ACKNOWLEDGED, acknowledged=NOW)
    unreadable = make_incoming(state=InboxState.UNREADABLE, blob=None, parcel=new_key())
    late = make_incoming(state=InboxState.EXPIRED, blob=None, parcel=new_key())
    store(database, waiting, done, unreadable, late)
    keys = [key for each in (waiting, done, unreadable, late) for key in (each.blob, each.parcel) if key]
    orphan = new_key()
    with database.writing() as connection:
        assert documents.unreferenced(connection, [*keys, orphan]) == {orphan}
        assert inbox_keeping.due(connection, before=NOW - FIVE, limit=9) == ()
        # What nobody has looked at stays, however long it has been there.
        assert set(inbox_keeping.due(connection, before=NOW, limit=9)) == {done.message_id, late.message_id}
        assert inbox_keeping.empty(connection, done.message_id, before=NOW, at=NOW) == (done.blob,)
        assert set(inbox_keeping.due(connection, before=NOW, limit=9)) == {late.message_id}
        assert documents.unreferenced(connection, keys) == {done.blob}
        assert inbox.find(connection, done.message_id) == replace(done, blob=None, emptied=NOW)


def test_a_sound_copy_that_comes_while_the_late_one_is_deleted_keeps_its_bytes(database: Database) -> None:
    """It takes the place of the late one between the look for what is due and the deletion."""
    late = make_incoming(state=InboxState.EXPIRED, blob=None, parcel=new_key(), signature=Signature("EXPIRED"))
    store(database, late)
    sound = make_incoming(message_id=late.message_id)
    with database.writing() as connection:
        assert inbox_keeping.due(connection, before=NOW, limit=9) == (late.message_id,)
        assert inbox.replace(connection, sound, known=late)
        assert inbox_keeping.empty(connection, late.message_id, before=NOW, at=NOW) == ()
        assert inbox.find(connection, late.message_id) == sound


def test_what_could_not_be_read_is_settled_once(database: Database) -> None:
    """It waits with its new bytes and without its parcel; a second opener finds it settled."""
    entry = make_incoming(
        state=InboxState.UNREADABLE,
        blob=None,
        size=None,
        files=(),
        parcel=new_key(),
        signature=Signature("UNDECRYPTABLE"),
    )
    store(database, entry, make_incoming(state=InboxState.UNREADABLE, signature=Signature("SIGNATURE_INVALID")))
    files = (IncomingFile("a.pdf", 1, "00"),)
    found = Reopened(InboxState.WAITING, Signature(VALID), NOW + FIVE, new_key(), 7, files)
    with database.writing() as connection:
        assert inbox_keeping.stuck(connection, ["UNDECRYPTABLE", "UNKNOWN_ROOT"]) == (entry.message_id,)
        assert inbox_keeping.settle(connection, entry.message_id, found=found)
        assert not inbox_keeping.settle(connection, entry.message_id, found=replace(found, blob=new_key()))
        assert inbox.find(connection, entry.message_id) == replace(
            entry,
            state=InboxState.WAITING,
            signature=Signature(VALID),
            last_updated=NOW + FIVE,
            blob=found.blob,
            parcel=None,
            size=7,
            files=files,
        )


def test_what_nobody_can_read_is_set_aside_by_hand(database: Database) -> None:
    """Only what is unreadable or came too late."""
    entries = {state: make_incoming(state=state) for state in InboxState}
    store(database, *entries.values())
    with database.writing() as connection:
        done = {
            state: inbox_locks.set_aside(connection, entry.message_id, now=NOW) is not None
            for state, entry in entries.items()
        }
    assert [state for state in done if done[state]] == [InboxState.EXPIRED, InboxState.UNREADABLE]


def test_a_receipt_is_written_once_and_remembers_its_name(database: Database) -> None:
    """Each status of a message once; the reference comes and goes, tries are counted."""
    entry = make_incoming()
    store(database, entry)
    receipt = ReceiptOut(
        entry.message_id, Status.MOTTATT, SENDER, RECIPIENT, {"status": {"status": "MOTTATT"}}, NOW, NOW
    )
    levert = replace(receipt, status=Status.LEVERT, message_channel="skole", created=NOW + FIVE)
    with database.writing() as connection:
        assert receipts_out.insert(connection, receipt)
        assert not receipts_out.insert(connection, replace(receipt, recipient=SENDER))
        assert receipts_out.insert(connection, levert)
        assert receipts_out.of_message(connection, entry.message_id) == (receipt, levert)
        receipts_out.set_reference(connection, receipt, reference="t")
        receipts_out.stumble(connection, receipt, reason="away", state=ReceiptState.QUEUED)
        receipts_out.set_sent(connection, receipt, at=NOW)
        found = receipts_out.find(connection, entry.message_id, status=Status.MOTTATT)
        assert found == replace(receipt, reference="t", tries=1, reason="away", state=ReceiptState.SENT, sent=NOW)
        assert receipts_out.find(connection, entry.message_id, status=Status.LEVERT) == levert


def test_what_comes_in_is_in_the_feed_of_every_client_of_its_organisation(database: Database) -> None:
    """And of nobody else; the same id in both directions is two logs, as of what one sends to oneself."""
    entry = make_incoming()

    def event(status: Status, **facts: object) -> StatusEvent:
        told = StatusEvent(entry.message_id, entry.conversation_id, SENDER, status, NOW, Direction.INCOMING)
        return replace(told, **facts)  # type: ignore[arg-type]

    with database.writing() as connection:
        assert statuses.append(connection, event(Status.OPPRETTET))
        assert statuses.append(connection, event(Status.OPPRETTET, direction=Direction.OUTGOING, client_id="one"))
        assert statuses.append(connection, event(Status.INNKOMMENDE_MOTTATT))
        assert statuses.append(connection, event(Status.INNKOMMENDE_MOTTATT)) is None
        assert statuses.append(connection, event(Status.INNKOMMENDE_LEVERT))

    def feed(client_id: str, **facts: object) -> list[str]:
        filters = FeedFilter(**facts)  # type: ignore[arg-type]
        with database.reading() as connection:
            page = statuses.feed(connection, client_id=client_id, after=0, filters=filters)
        return [f"{each.direction} {each.status}" for each in page.events]

    came_in = ["INCOMING INNKOMMENDE_MOTTATT", "INCOMING INNKOMMENDE_LEVERT"]
    assert feed("one", organisations=(SENDER,)) == ["INCOMING OPPRETTET", "OUTGOING OPPRETTET", *came_in]
    assert feed("two", organisations=(SENDER, RECIPIENT)) == ["INCOMING OPPRETTET", *came_in]
    assert feed("two", organisations=(SENDER,), direction=Direction.OUTGOING) == []
    assert feed("two", organisations=(RECIPIENT,)) == []
    assert feed("one") == ["OUTGOING OPPRETTET"]
    with database.reading() as connection:
        assert statuses.newest_of(connection, "two") == 0
        assert statuses.newest_of(connection, "two", organisations=(SENDER,)) == statuses.newest(connection)
