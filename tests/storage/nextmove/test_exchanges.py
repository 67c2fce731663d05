"""Conversations in the reference's sense, subscriptions in its words, and what has not been sent: on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.delivery.storing import incoming_event
from gateway.errors import Invalid
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from gateway.message.prototype import Choice
from gateway.message.status import Direction, Status
from gateway.storage import classic, inbox, messages, statuses, subscriptions
from gateway.storage.classic import Posted
from gateway.storage.conversations import ConversationKind
from gateway.storage.engine import Database
from gateway.storage.messages import Term
from gateway.storage.nextmove import described, exchanges, unsent
from gateway.storage.nextmove.described import Described, Spoken
from gateway.storage.nextmove.exchanges import Exchange, ExchangeFilter
from gateway.storage.nextmove.paging import Order, Reader, Stretch
from gateway.storage.nextmove.unsent import UnsentFilter
from tests.storage.making import NOW, make_choice, make_conversation
from tests.storage.nextmove.test_log import FAGSYSTEM, told
from tests.storage.test_inbox import make_incoming
from tests.storage.test_subscriptions import make as make_subscription

ORGANISATION = "0192:311000012"
READER = Reader("fagsystem", (ORGANISATION,))


def find(database: Database, reader: Reader = READER, **wanted: object) -> tuple[Exchange, ...]:
    """Those that fit, by number."""
    with database.reading() as connection:
        filters, stretch = ExchangeFilter(**wanted), Stretch(orders=(Order("id"),))  # type: ignore[arg-type]
        found, total = exchanges.exchanges(connection, reader, wanted=filters, stretch=stretch)
    assert total == len(found)
    return found


def arrived(database: Database) -> str:
    """An incoming message with its first two statuses; its id."""
    entry = make_incoming(organisation=ORGANISATION)
    with database.writing() as connection:
        assert inbox.insert(connection, entry)
        for status in (Status.OPPRETTET, Status.INNKOMMENDE_MOTTATT):
            assert statuses.append(connection, incoming_event(entry, status, now=NOW)) is not None
    return entry.message_id


def test_both_directions_in_one_list(database: Database) -> None:
    """What went out and what came in, each with its own facts and its own log."""
    out, came = told(database, Status.SENDT), arrived(database)
    first, second = find(database)
    assert (first.message_id, first.direction, second.message_id, second.direction) == (
        out.id,
        Direction.OUTGOING,
        came,
        Direction.INCOMING,
    )
    assert [step.status for step in second.steps] == [Status.OPPRETTET, Status.INNKOMMENDE_MOTTATT]
    assert (second.process, second.document_type, second.channel) == (ADMINISTRASJON, ARKIVMELDING, "DPO")
    assert find(database, direction=Direction.INCOMING) == (second,)
    assert find(database, Reader("fagsystem")) == (first,)
    assert find(database, Reader("another", (ORGANISATION,))) == (second,)


def test_one_id_may_go_out_and_come_in(database: Database) -> None:
    """To oneself: two exchanges, each with its own statuses, and one is hidden without the other."""
    out = told(database, Status.SENDT)
    entry = replace(make_incoming(organisation=ORGANISATION), message_id=out.id)
    with database.writing() as connection:
        inbox.insert(connection, entry)
        statuses.append(connection, incoming_event(entry, Status.OPPRETTET, now=NOW))
    both = find(database)
    assert [[step.status.value for step in each.steps] for each in both] == [["OPPRETTET", "SENDT"], ["OPPRETTET"]]
    with database.writing() as connection:
        exchanges.hide(connection, READER, wanted=ExchangeFilter(number=both[1].number), at=NOW)
    assert [each.direction for each in find(database)] == [Direction.OUTGOING]


def test_days_and_references(database: Database) -> None:
    """The newest status counts for the day; a reference replaces the ConversationId that stands for it otherwise."""
    message = told(database, Status.SENDT)
    assert len(find(database, since=NOW, before=NOW + timedelta(seconds=2))) == 1
    assert find(database, before=NOW + timedelta(seconds=1)) == ()
    assert len(find(database, reference=message.choice.conversation_id)) == 1
    with database.writing() as connection:
        exchanges.refer(connection, message.id, to="sak-44")
    assert [each.reference for each in find(database, reference="sak-44")] == ["sak-44"]
    assert find(database, reference=message.choice.conversation_id) == ()
    with database.writing() as connection:
        exchanges.refer(connection, message.id, to=None)
    assert len(find(database, reference=message.choice.conversation_id)) == 1


@pytest.mark.parametrize("name", sorted(exchanges._NAMES))
def test_each_order(database: Database, name: str) -> None:
    """Every property that can be named, both ways."""
    for _ in range(2):
        told(database, Status.SENDT)
    arrived(database)
    with database.reading() as connection:
        for descending in (False, True):
            stretch = Stretch(orders=(Order(name, descending),))
            found, total = exchanges.exchanges(connection, READER, wanted=ExchangeFilter(), stretch=stretch)
            assert (len(found), total) == (3, 3)
        stretch = Stretch(orders=(Order("colour"),))
        with pytest.raises(Invalid):
            exchanges.exchanges(connection, READER, wanted=ExchangeFilter(), stretch=stretch)


def test_a_description_goes_with_its_subscription(database: Database) -> None:
    """It has a number that is never given again; the pair of name and endpoint is the client's only one."""
    entry = make_subscription()
    said = Described(0, entry.id, entry.client_id, "navn", "https://example.com/", "all", "status", None)
    with database.writing() as connection:
        subscriptions.insert(connection, entry)
        kept = described.keep(connection, said)
        assert described.by_number(connection, kept.number, client_id=entry.client_id) == kept
        assert described.by_number(connection, kept.number, client_id="another") is None
        assert described.called(connection, "navn", push_endpoint=said.push_endpoint, client_id=entry.client_id) == kept
        assert described.of_subscription(connection, entry.id) == kept
        described.change(connection, replace(kept, name="nytt"))
        subscriptions.remove(connection, entry.id)
        assert described.page(connection, entry.client_id, stretch=Stretch()) == ((), 0)
    with database.writing() as connection:
        again = make_subscription()
        subscriptions.insert(connection, again)
        assert described.keep(connection, replace(said, subscription_id=again.id)).number > kept.number
    third = make_subscription()
    with database.writing() as connection:
        subscriptions.insert(connection, third)
    with pytest.raises(IntegrityError), database.writing() as connection:
        described.keep(connection, replace(said, subscription_id=third.id))


def test_what_a_push_says_of_each(database: Database) -> None:
    """Channel and ConversationId of the wire, in both directions; nothing of what is not known."""
    out, came = told(database), arrived(database)
    with database.reading() as connection:
        found = described.spoken_of(connection, [out.id, came, "unknown"])
    assert found[out.id, Direction.OUTGOING] == Spoken("DPO", out.choice.conversation_id)
    assert found[came, Direction.INCOMING].channel == "DPO"
    assert len(found) == 2


def test_what_has_not_been_sent(database: Database) -> None:
    """Drafts and what is queued, by every filter; not what another client has, nor what began with an arkivmelding."""
    told(database)
    choice = make_choice()
    draft = make_conversation(kind=ConversationKind.CLASSIC, melding_id=None, arkivmelding=b"")
    sbd = {"standardBusinessDocumentHeader": {}, "arkivmelding": {}}
    with database.writing() as connection:
        classic.insert(connection, draft, posted=Posted(choice, sbd))
    assert _unsent(database) == (sbd,)
    assert _unsent(database, Reader("another")) == ()
    for name, value in _facts(choice).items():
        assert _unsent(database, **{name: value}) == (sbd,), name
        assert _unsent(database, **{name: "1"}) == (), name
    with database.writing() as connection:
        messages.queue(connection, choice.message_id, rendering=b"", term=Term(None, NOW + timedelta(hours=1)))
    assert _unsent(database) == (sbd,)


def _facts(choice: Choice) -> dict[str, str]:
    return {
        "message_id": choice.message_id,
        "conversation_id": choice.conversation_id,
        "process": str(make_conversation().process),
        "receiver": str(choice.recipient).removeprefix("0192:"),
        "sender": make_conversation().sender.removeprefix("0192:"),
        "channel": "DPO",
    }


def _unsent(database: Database, reader: Reader = FAGSYSTEM, **wanted: str) -> tuple[object, ...]:
    with database.reading() as connection:
        found, total = unsent.unsent(connection, reader, wanted=UnsentFilter(**wanted), stretch=Stretch())
    assert total == len(found)
    return found
