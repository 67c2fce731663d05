"""Messages: what was decided comes back, moves are legal, and the channel's names for them are all remembered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict, NotFound
from gateway.message.prototype import Confirmation
from gateway.message.status import Outcome
from gateway.storage import conversations, messages
from gateway.storage.conversations import ConversationState
from gateway.storage.engine import Database
from gateway.storage.messages import Message, MessageState, ReferenceEntry, Term

from .making import NOW, RECIPIENT, SENDER, make_choice, make_conversation, new_id, store_conversation, store_queued


def test_choices_become_messages_in_their_order(database: Database) -> None:
    """Each prototype is a message with its choice, its place, and the sender, recipient and channel that follow."""
    conversation = make_conversation()
    choices = [make_choice(confirmations=(Confirmation("NAME_MISMATCH", None, NOW),)), make_choice(route=None)]
    with database.writing() as connection:
        conversations.insert(connection, conversation, choices=choices)
    with database.reading() as connection:
        first, second = messages.of_conversation(connection, conversation.id)
    assert first == Message(
        id=choices[0].message_id,
        conversation_id=conversation.id,
        client_id="fagsystem",
        position=0,
        choice=choices[0],
        state=MessageState.PROTOTYPE,
        rendering=None,
        sender=SENDER,
        recipient=RECIPIENT,
        channel="DPO",
        reference=None,
        deadline=None,
        outcome=Outcome.PENDING,
        last_status=None,
    )
    assert (second.choice, second.position, second.channel) == (choices[1], 1, None)


def test_prototypes_are_replaced_whole(database: Database) -> None:
    """After an edit the draft has the new prototypes in the new order, from its present sender, and no old one."""
    conversation = store_conversation(database, messages=3)
    with database.writing() as connection:
        kept = messages.of_conversation(connection, conversation.id)[2].choice
        moved = replace(conversation, sender="0192:311000025")
        conversations.save(connection, moved, expected_version=1)
        messages.replace_choices(connection, conversation.id, choices=[kept, new := make_choice()])
    with database.reading() as connection:
        stored = messages.of_conversation(connection, conversation.id)
    assert [entry.choice for entry in stored] == [kept, new]
    assert {entry.sender for entry in stored} == {"0192:311000025"}


def test_prototypes_may_all_go(database: Database) -> None:
    """A draft may be left without prototypes."""
    conversation = store_conversation(database)
    with database.writing() as connection:
        messages.replace_choices(connection, conversation.id, choices=[])
        assert messages.of_conversation(connection, conversation.id) == ()


def test_what_was_committed_is_not_replaced(database: Database) -> None:
    """Once committed, and where there is no such conversation, the messages stand."""
    queued = store_queued(database)
    for conversation_id in (queued[0].conversation_id, new_id()):
        with pytest.raises(Conflict), database.writing() as connection:
            messages.replace_choices(connection, conversation_id, choices=[make_choice()])
    with database.reading() as connection:
        assert messages.of_conversation(connection, queued[0].conversation_id) == queued


def test_a_message_is_queued_once_with_its_bytes(database: Database) -> None:
    """Queueing keeps the rendering and the deadline; a second time is refused and changes neither."""
    conversation = store_conversation(database)
    deadline = NOW + timedelta(hours=2)
    with database.writing() as connection:
        message_id = messages.of_conversation(connection, conversation.id)[0].id
        messages.queue(connection, message_id, rendering=b"<for-one/>", term=Term(NOW, deadline))
    with pytest.raises(Conflict), database.writing() as connection:
        messages.queue(connection, message_id, rendering=b"<other/>", term=Term(None, NOW))
    with database.reading() as connection:
        message = messages.get(connection, message_id)
        listed = messages.of_conversation(connection, conversation.id)[0]
    assert (message.state, message.rendering, message.deadline) == (MessageState.QUEUED, b"<for-one/>", deadline)
    assert (message.not_before, message.round) == (NOW, 1)
    assert listed == replace(message, rendering=None)


def test_the_channels_names_are_all_remembered(database: Database) -> None:
    """The newest reference stands on the message, and every earlier one in the history with when and why."""
    message = store_queued(database)[0]
    history = (
        ReferenceEntry(message.id, "first", NOW, "initialised"),
        ReferenceEntry(message.id, None, NOW + timedelta(minutes=1), "the transfer is gone"),
        ReferenceEntry(message.id, "second", NOW + timedelta(minutes=2), "initialised"),
    )
    with database.writing() as connection:
        for entry in history:
            messages.set_reference(connection, entry)
            assert messages.get(connection, message.id).reference == entry.reference
    with database.reading() as connection:
        assert messages.references(connection, message.id) == history


def test_an_unknown_message_is_not_found(database: Database) -> None:
    """Reading, naming or moving a message that is not there says so."""
    unknown = new_id()
    with database.writing() as connection:
        with pytest.raises(NotFound):
            messages.get(connection, unknown)
        with pytest.raises(NotFound):
            messages.set_reference(connection, ReferenceEntry(unknown, "r", NOW, "w"))
        with pytest.raises(NotFound):
            messages.set_state(connection, unknown, state=MessageState.CANCELLED, at=NOW)


def test_messages_are_found_by_the_sbds_conversation(database: Database) -> None:
    """A kvittering that names only the SBD's ConversationId leads to the message, or to all that share it."""
    shared = new_id()
    one, two = make_choice(conversation_id=shared), make_choice(conversation_id=shared)
    with database.writing() as connection:
        conversations.insert(connection, make_conversation(), choices=[one, make_choice()])
        conversations.insert(connection, make_conversation(), choices=[two])
    with database.reading() as connection:
        found = messages.by_sbd_conversation(connection, shared)
        assert messages.by_sbd_conversation(connection, new_id()) == ()
    assert {entry.id for entry in found} == {one.message_id, two.message_id}


LEGAL = {
    ("prototype", "queued"),
    ("prototype", "deselected"),
    ("queued", "sent"),
    ("queued", "cancelled"),
    ("queued", "final"),
    ("sent", "final"),
}


@pytest.mark.parametrize("before", list(MessageState))
@pytest.mark.parametrize("after", list(MessageState))
def test_only_legal_moves_are_made(sqlite_database: Database, before: MessageState, after: MessageState) -> None:
    """Of all pairs of states exactly the legal moves are made; every other one is refused and changes nothing."""
    conversation = store_conversation(sqlite_database)
    with sqlite_database.writing() as connection:
        message_id = messages.of_conversation(connection, conversation.id)[0].id
        connection.execute(messages.message.update().values(state=before.value))
    legal = (before.value, after.value) in LEGAL
    with sqlite_database.writing() as connection:
        if legal:
            messages.set_state(connection, message_id, state=after, at=NOW)
        else:
            with pytest.raises(Conflict):
                messages.set_state(connection, message_id, state=after, at=NOW)
    with sqlite_database.reading() as connection:
        assert messages.get(connection, message_id).state == (after if legal else before)


def test_cancelling_the_last_message_finishes_the_conversation(database: Database) -> None:
    """A conversation is finished, in a new version, when its last message under way is cancelled, and not before."""
    queued = store_queued(database, count=2)
    found = []
    for message in queued:
        with database.writing() as connection:
            messages.set_state(connection, message.id, state=MessageState.CANCELLED, at=NOW)
            found.append(conversations.find(connection, message.conversation_id, client_id=None))
    assert [entry.state for entry in found] == [ConversationState.COMMITTED, ConversationState.FINISHED]
    assert [entry.version for entry in found] == [2, 3]
    assert [entry.finished for entry in found] == [None, NOW]


def test_a_draft_is_never_finished(database: Database) -> None:
    """A draft whose prototypes are all deselected stays a draft."""
    conversation = store_conversation(database)
    with database.writing() as connection:
        message_id = messages.of_conversation(connection, conversation.id)[0].id
        messages.set_state(connection, message_id, state=MessageState.DESELECTED, at=NOW)
        assert conversations.find(connection, conversation.id, client_id=None) == conversation
