"""Receipts that no database can keep or that crash us, and a second failure with the reason of the first."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.delivery import reception
from gateway.delivery.crediting import RECEIPT, Origin
from gateway.delivery.reception import CRASHES_BORNE, Reception
from gateway.delivery.storing import Also
from gateway.errors import NotFound
from gateway.message.processes import ARKIVMELDING_KVITTERING, STATUS
from gateway.message.sbd import Envelope
from gateway.message.status import Status
from gateway.storage import arrivals, attempts, conversations, documents, messages, statuses, subscriptions
from gateway.storage.engine import Database
from gateway.transports.port import Arrival
from tests.storage.making import NOW, RECIPIENT, SENDER, make_event, store_queued


class Post:
    """A channel that offers its arrivals until they are confirmed; counts what is fetched."""

    def __init__(self, *references: str) -> None:
        self.offered = list(references)
        self.fetched = 0

    def waiting(self, organisation: str) -> tuple[Arrival, ...]:
        """What is offered."""
        return tuple(Arrival(reference, RECIPIENT, NOW) for reference in self.offered)

    @contextmanager
    def fetch(self, organisation: str, reference: str) -> Iterator[Path]:
        """The reference stands for the parcel."""
        self.fetched += 1
        yield Path(reference)

    def confirm(self, organisation: str, reference: str) -> None:
        """Offered no more."""
        self.offered.remove(reference)


class Shelf:
    """An inbox that takes everything, and does what is to be done with it; `held` are the ids."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.held: list[str] = []

    def take_in(self, origin: Origin, path: Path, *, also: Also | None = None) -> None:
        """One more."""
        with self.database.writing() as connection:
            if also is not None:
                also(connection, origin)
        self.held.append(origin.envelope.message_id)


def receive(
    database: Database, post: Post, monkeypatch: pytest.MonkeyPatch, *, said: dict[str, Envelope | Exception]
) -> Reception:
    """A reception whose parcels hold what is said under their reference."""

    def read(path: Path) -> Envelope:
        content = said[str(path)]
        if isinstance(content, Exception):
            raise content
        return content

    monkeypatch.setattr(reception, "_read_parcel", read)
    monkeypatch.setattr(reception, "_read_sbd", lambda document: document)
    return Reception(database, post, Shelf(database), lambda: NOW)  # type: ignore[arg-type]  # no more of them is asked


class Said:
    """As much of an envelope as reception looks at."""

    sender, receiver, type = RECIPIENT, SENDER, "receipt"

    def __init__(self, document_type: str, conversation_id: str, message_id: str = "", **business: object) -> None:
        self.document_type, self.conversation_id = document_type, conversation_id
        self.message_id, self.business = message_id, business


@pytest.mark.parametrize("word", ["\x00", "\ud800"])
def test_an_id_that_no_database_keeps_is_unknown(
    database: Database, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """A receipt with it is noted, given to the client to read, and confirmed, not fetched again for ever."""
    post = Post("r")
    said = Said(ARKIVMELDING_KVITTERING, "c", "k", relatedToMessageId=word, receiptType="OK")
    reception_ = receive(database, post, monkeypatch, said={"r": said})  # type: ignore[dict-item]
    for _ in range(3):
        reception_.poll(SENDER)
    assert (post.fetched, post.offered) == (1, [])
    assert reception_.storing.held == ["k"]  # type: ignore[attr-defined]
    with database.reading() as connection:
        assert [odd.reason for odd in arrivals.odd_events(connection, limit=9)] == ["UNKNOWN_MESSAGE"]


@pytest.mark.parametrize("word", ["\x00", "\ud800"])
def test_whoever_asks_for_such_an_id_is_told_that_it_is_unknown(database: Database, word: str) -> None:
    """Conversations, messages, subscriptions, logs and documents alike."""
    with database.writing() as connection:
        for ask in (
            lambda: conversations.resolve(connection, word, client_id="c"),
            lambda: messages.get(connection, word),
            lambda: subscriptions.get(connection, word, client_id="c"),
        ):
            with pytest.raises(NotFound):
                ask()
        assert statuses.of_message(connection, word) == ()
        assert documents.remove(connection, word, filename=word) is None


def test_what_crashes_us_is_fetched_so_often_and_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it waits at the channel, noted for whoever looks; what came behind it was taken in at once."""
    post = Post("bad")
    reception_ = receive(database, post, monkeypatch, said={"bad": ZeroDivisionError()})
    for _ in range(CRASHES_BORNE + 3):
        reception_.poll(SENDER)
    assert (post.fetched, post.offered) == (CRASHES_BORNE, ["bad"])
    with database.reading() as connection:
        assert [odd.reason for odd in arrivals.odd_events(connection, limit=9)] == ["CRASHED"]
        assert arrivals.count_waiting(connection) == {"unreadable": 1}


def test_a_second_failure_with_its_reason_is_told_in_the_timeline(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often it comes; the log keeps one FEIL."""
    (message,) = store_queued(database)
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET))
    post = Post("first", "first again", "reason", "reason again")
    status = Said(STATUS, message.choice.conversation_id, message.id, status="FEIL")
    reason = Said(
        ARKIVMELDING_KVITTERING,
        message.choice.conversation_id,
        relatedToMessageId=message.id,
        receiptType="ERROR",
        messages=[{"text": "arkivdelen er avsluttet"}],
    )
    said = {"first": status, "first again": status, "reason": reason, "reason again": reason}
    receive(database, post, monkeypatch, said=said).poll(SENDER)  # type: ignore[arg-type]
    assert post.offered == []
    with database.reading() as connection:
        log = [each.status.value for each in statuses.of_message(connection, message.id)]
        told = attempts.of_message(connection, message.id)
    assert log.count("FEIL") == 1
    assert [(each.step, "arkivdelen er avsluttet" in each.detail) for each in told] == [(RECEIPT, True)]
