"""Numbered pages of the log, and the queue of statuses that each client takes from."""

from datetime import timedelta

from sqlalchemy import func, select

from gateway.message.status import Direction, Status
from gateway.storage import messages, statuses
from gateway.storage.engine import Database
from gateway.storage.messages import Message
from gateway.storage.nextmove import exchanges, log
from gateway.storage.nextmove.exchanges import ExchangeFilter
from gateway.storage.nextmove.log import LogFilter
from gateway.storage.nextmove.paging import Order, Reader, Stretch
from gateway.storage.nextmove.tables import queue, taken
from tests.storage.making import NOW, make_event, store_queued

FAGSYSTEM = Reader("fagsystem")
ANOTHER = Reader("another")


def told(database: Database, *later: Status, client_id: str = "fagsystem") -> Message:
    """A message with OPPRETTET and these."""
    (message,) = store_queued(database, client_id=client_id)
    with database.writing() as connection:
        for seconds, status in enumerate((Status.OPPRETTET, *later)):
            event = make_event(message, status, at=NOW + timedelta(seconds=seconds))
            assert statuses.append(connection, event) is not None
    return message


def take_head(database: Database, reader: Reader) -> Status | None:
    """Look, and take what was seen."""
    with database.writing() as connection:
        found = log.head(connection, reader)
        assert found is None or log.take(connection, reader, number=found.number)
    return found.status if found else None


def test_pages_cover_everything_once(database: Database) -> None:
    """Page after page in the order asked for, with the count of all; equal times come by number."""
    for _ in range(3):
        told(database, Status.SENDT)
    order = (Order("lastUpdate", descending=True),)
    seen = []
    with database.reading() as connection:
        for page in range(4):
            stretch = Stretch(page, 2, order)
            found, total = log.entries(connection, FAGSYSTEM, wanted=LogFilter(), stretch=stretch)
            assert total == 6
            seen += [entry.number for entry in found]
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == 6
    assert seen[:3] == sorted(seen[:3])


def test_an_incoming_entry_has_its_own_conversation(database: Database) -> None:
    """The number of the conversation is that of the first status in the same direction."""
    message = told(database)
    incoming = make_event(message, Status.OPPRETTET, direction=Direction.INCOMING)
    with database.writing() as connection:
        number = statuses.append(connection, incoming)
        statuses.append(connection, make_event(message, Status.INNKOMMENDE_MOTTATT, direction=Direction.INCOMING))
        wanted = LogFilter(message_id=message.id)
        found, _ = log.entries(connection, FAGSYSTEM, wanted=wanted, stretch=Stretch(orders=(Order("id"),)))
    assert [entry.direction for entry in found] == [Direction.OUTGOING, Direction.INCOMING, Direction.INCOMING]
    assert [entry.conversation_number for entry in found] == [found[0].number, number, number]


def test_each_client_has_its_own_queue(database: Database) -> None:
    """What one takes is still there for another, and nobody takes anothers'."""
    told(database, Status.SENDT)
    theirs = told(database, client_id="another")
    with database.writing() as connection:
        (event,) = statuses.of_message(connection, theirs.id)
        assert not log.take(connection, FAGSYSTEM, number=event.cursor or 0)
    assert [take_head(database, FAGSYSTEM) for _ in range(3)] == [Status.OPPRETTET, Status.SENDT, None]
    assert take_head(database, ANOTHER) is Status.OPPRETTET


def test_what_is_taken_does_not_pile_up(database: Database) -> None:
    """Taken out of order it is remembered by number; once the gap is closed, as one number for all."""
    message = told(database, Status.SENDT, Status.LEVERT)
    with database.writing() as connection:
        first, second, third = (event.cursor or 0 for event in statuses.of_message(connection, message.id))
        assert log.take(connection, FAGSYSTEM, number=third)
        assert log.take(connection, FAGSYSTEM, number=second)
        assert connection.scalar(select(func.count()).select_from(taken)) == 2
        assert log.take(connection, FAGSYSTEM, number=first)
        assert not log.take(connection, FAGSYSTEM, number=second)
        assert connection.scalar(select(func.count()).select_from(taken)) == 0
        assert connection.scalar(select(queue.c.upto)) == third
        assert log.head(connection, FAGSYSTEM) is None


def test_what_is_hidden_waits_in_no_queue(database: Database) -> None:
    """A hidden conversation's statuses are passed over, and what comes after them is found."""
    hidden, other = told(database, Status.SENDT), told(database)
    with database.writing() as connection:
        exchanges.hide(connection, FAGSYSTEM, wanted=ExchangeFilter(message_id=hidden.id), at=NOW)
        found = log.head(connection, FAGSYSTEM)
    assert found is not None
    assert found.message_id == other.id


def test_a_restarted_message_is_not_finished(database: Database) -> None:
    """FEIL of the round before does not end it."""
    message = told(database, Status.FEIL)
    with database.writing() as connection:
        messages.restart(connection, message.id)
        statuses.append(connection, make_event(message, Status.OPPRETTET))
        wanted = ExchangeFilter(message_id=message.id)
        (found,), total = exchanges.exchanges(connection, FAGSYSTEM, wanted=wanted, stretch=Stretch())
    assert (total, found.finished) == (1, False)
    assert [step.status for step in found.steps] == [Status.OPPRETTET, Status.FEIL, Status.OPPRETTET]
