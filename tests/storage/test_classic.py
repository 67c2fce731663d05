"""Classic conversations: the SBD comes back as it was, an id is used once, and nothing is left where it must not be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway.errors import Conflict
from gateway.storage import classic, conversations, documents, messages, retention
from gateway.storage.classic import Description, Posted
from gateway.storage.conversations import Conversation, ConversationFilter, ConversationKind, ConversationState, Page
from gateway.storage.engine import Database
from gateway.storage.tables import sbd

from .making import NOW, make_choice, make_conversation, make_document, new_id

SBD = {"standardBusinessDocumentHeader": {"sender": []}, "avtalt": {"content": ["å", None, 1.5, {"x": True}]}}


def store(database: Database, message_id: str | None = None, **facts: object) -> Conversation:
    """A classic draft with one message."""
    conversation = make_conversation(kind=ConversationKind.CLASSIC, arkivmelding=b"", **facts)
    choice = make_choice(message_id=message_id or new_id())
    with database.writing() as connection:
        classic.insert(connection, conversation, posted=Posted(choice, SBD))
    return conversation


def test_what_was_kept_comes_back(database: Database) -> None:
    """The kind, the SBD, the one message."""
    conversation = store(database)
    with database.reading() as connection:
        assert conversations.find(connection, conversation.id, client_id=None) == conversation
        assert conversations.kind_of(connection, conversation.id) is ConversationKind.CLASSIC
        assert classic.read_sbd(connection, conversation.id) == SBD
        assert classic.read_sbd(connection, new_id()) is None
        (entry,), _ = conversations.listing(
            connection, client_id="fagsystem", filters=ConversationFilter(), page=Page()
        )
        assert entry.kind is ConversationKind.CLASSIC


def test_an_id_is_used_once(database: Database) -> None:
    """Its owner is told where the message stands; another client is told only that it cannot have the id. Nothing is kept."""
    message_id = new_id()
    first = store(database, message_id)
    with pytest.raises(Conflict, match=first.id) as caught:
        store(database, message_id)
    assert caught.value.code == "MESSAGE_EXISTS"
    with pytest.raises(Conflict) as foreign:
        store(database, message_id, client_id="another")
    assert foreign.value.code == "MESSAGE_EXISTS"
    assert first.id not in foreign.value.message
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(sbd)) == 1


def test_discarding_takes_the_sbd_away_and_frees_the_id(database: Database) -> None:
    """What was discarded was never sent."""
    message_id = new_id()
    conversation = store(database, message_id)
    with database.writing() as connection:
        documents.put(connection, make_document(conversation, "a.pdf"))
        assert len(conversations.discard(connection, conversation.id)) == 1
        assert classic.read_sbd(connection, conversation.id) is None
    store(database, message_id)


def test_retention_takes_the_sbd_away(database: Database) -> None:
    """It holds what the message said."""
    conversation = store(database)
    finished = replace(conversation, state=ConversationState.FINISHED, committed=NOW, finished=NOW)
    with database.writing() as connection:
        conversations.save(connection, finished, expected_version=1)
        assert retention.empty(connection, conversation.id, at=NOW + timedelta(days=30)) == ()
    with database.reading() as connection:
        assert classic.read_sbd(connection, conversation.id) is None


def test_an_arkivmelding_describes_its_conversation(database: Database) -> None:
    """So that it is found by its meldingId and shown with its public title."""
    conversation = store(database, melding_id=None, title=None)
    with database.writing() as connection:
        said = Description("m-1", "Vedtak", "confidential")
        classic.describe(connection, conversation.id, said=said)
        after = conversations.find(connection, conversation.id, client_id=None)
    assert (after.melding_id, after.title, after.shielding) == ("m-1", "Vedtak", "confidential")


def test_an_id_that_several_messages_have_names_none(database: Database) -> None:
    """Two SBDs of one ConversationId: whoever asks with it must say which is meant, but each messageId is enough."""
    shared, ids = new_id(), [new_id(), new_id()]
    for message_id in ids:
        conversation = make_conversation(kind=ConversationKind.CLASSIC)
        posted = Posted(make_choice(message_id=message_id, conversation_id=shared), SBD)
        with database.writing() as connection:
            classic.insert(connection, conversation, posted=posted)
    with database.reading() as connection:
        with pytest.raises(Conflict) as caught:
            conversations.resolve(connection, shared, client_id="fagsystem")
        assert caught.value.code == "SEVERAL_MESSAGES"
        found = conversations.resolve(connection, ids[1], client_id="fagsystem")
        assert messages.get(connection, ids[1]).conversation_id == found
