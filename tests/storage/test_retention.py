"""Bytes that were kept long enough: found by an index, given up whole, and never those that something still needs."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.dialects import sqlite

from gateway.message.status import Status
from gateway.storage import conversations, documents, messages, retention, statuses
from gateway.storage.conversations import ConversationState
from gateway.storage.engine import Database
from gateway.storage.tables import arkivmelding, message, rendering

from .making import NOW, make_document, make_event, store_queued

LATER = NOW + timedelta(days=30)


def finish(database: Database, *, at: datetime, last: Status = Status.FEIL) -> str:
    """A conversation with a document whose only message came to its end then; the conversation's id."""
    (message,) = store_queued(database)
    with database.writing() as connection:
        conversation = conversations.find(connection, message.conversation_id, client_id=None)
        documents.put(connection, make_document(conversation, "vedtak.pdf"))
        for status in (Status.OPPRETTET, Status.SENDT, last):
            statuses.append(connection, make_event(message, status, at=at))
    return message.conversation_id


@pytest.mark.parametrize("last", [Status.FEIL, Status.LEVETID_UTLOPT, Status.LEVERT])
def test_what_is_over_long_enough_is_due(database: Database, last: Status) -> None:
    """Whatever the outcome was: failed, unknown or delivered; counted from the moment when the last message was final."""
    old, new = finish(database, at=NOW, last=last), finish(database, at=NOW + timedelta(seconds=1), last=last)
    with database.reading() as connection:
        assert retention.due(connection, before=NOW, limit=10) == (old,)
        assert retention.due(connection, before=LATER, limit=10) == (old, new)
        assert retention.due(connection, before=LATER, limit=1) == (old,)


def test_drafts_and_messages_under_way_are_never_due(database: Database) -> None:
    """Only a finished conversation is."""
    store_queued(database)
    with database.reading() as connection:
        assert retention.due(connection, before=LATER, limit=10) == ()


def test_emptying_forgets_bytes_and_keeps_what_was_told(database: Database) -> None:
    """Document rows, renderings and the posted XML go; messages, statuses and the conversation stay, marked and moved on."""
    conversation_id = finish(database, at=NOW)
    with database.writing() as connection:
        (key,) = (each.key for each in documents.of_conversation(connection, conversation_id))
        before = conversations.find(connection, conversation_id, client_id=None)
        assert retention.empty(connection, conversation_id, at=LATER) == (key,)
    with database.reading() as connection:
        after = conversations.find(connection, conversation_id, client_id=None)
        assert (after.emptied, after.arkivmelding, after.version) == (LATER, b"", before.version + 1)
        assert documents.of_conversation(connection, conversation_id) == ()
        assert connection.scalar(select(func.count()).select_from(rendering)) == 0
        assert connection.scalar(select(func.count()).select_from(arkivmelding)) == 0
        assert [each.status for each in statuses.of_conversation(connection, conversation_id)] == [
            Status.OPPRETTET,
            Status.SENDT,
            Status.FEIL,
        ]
        assert len(messages.of_conversation(connection, conversation_id)) == 1
        assert retention.due(connection, before=LATER, limit=10) == ()


def test_a_second_time_empties_nothing(database: Database) -> None:
    """Two workers that come to the same conversation do it once."""
    conversation_id = finish(database, at=NOW)
    with database.writing() as connection:
        assert retention.empty(connection, conversation_id, at=LATER) is not None
        assert retention.empty(connection, conversation_id, at=LATER) is None


def test_what_was_begun_again_keeps_its_bytes(database: Database) -> None:
    """A conversation that left its end between the look and the deed is not emptied."""
    conversation_id = finish(database, at=NOW)
    with database.writing() as connection:
        standing = conversations.find(connection, conversation_id, client_id=None)
        again = replace(standing, state=ConversationState.COMMITTED, finished=None)
        conversations.save(connection, again, expected_version=standing.version)
        assert retention.empty(connection, conversation_id, at=LATER) is None
        assert len(documents.of_conversation(connection, conversation_id)) == 1


def test_a_message_that_is_under_way_keeps_the_bytes(database: Database) -> None:
    """Whatever the conversation's own state says; and it holds up nobody behind it."""
    conversation_id = finish(database, at=NOW)
    with database.writing() as connection:
        connection.execute(update(message).values(state="sent"))
    behind = finish(database, at=NOW)
    with database.writing() as connection:
        assert retention.due(connection, before=LATER, limit=1) == (behind,)
        assert retention.empty(connection, conversation_id, at=LATER) is None


def test_the_look_does_not_pass_over_what_is_done_with(sqlite_database: Database) -> None:
    """The question of each round is answered by the index that holds only what still has its bytes."""
    asked = retention._DUE.params(before=LATER, at_most=5).compile(
        dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
    )
    with sqlite_database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (5,) * str(asked).count("?"))
        steps = [row[3] for row in plan]
    assert steps[0] == "SEARCH conversation USING INDEX ix_conversation_finished (finished<?)"
    assert steps[2:] == ["SEARCH message USING INDEX ix_message_conversation_id_position (conversation_id=?)"]
