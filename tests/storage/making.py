"""Conversations, choices and messages for the tests of this room, each with the facts that a test names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, Channel
from gateway.message.prototype import Choice, PartRef, Route
from gateway.message.status import Status
from gateway.storage import conversations, messages
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.documents import StoredDocument
from gateway.storage.engine import Database
from gateway.storage.messages import Message, Term
from gateway.storage.statuses import StatusEvent

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
SENDER = "0192:311000017"
RECIPIENT = "0192:311000128"


def new_id() -> str:
    """A fresh UUID as text."""
    return str(uuid4())


def make_conversation(**facts: object) -> Conversation:
    """A draft of the client `fagsystem`, as the facts say."""
    draft = Conversation(
        id=new_id(),
        client_id="fagsystem",
        state=ConversationState.DRAFT,
        sender=SENDER,
        melding_id=new_id(),
        arkivmelding=b"<arkivmelding/>",
        title="Vedtak",
        shielding="open",
        confidential=None,
        process=ADMINISTRASJON,
        created=NOW,
        expires=NOW + timedelta(days=7),
    )
    return replace(draft, **facts)  # type: ignore[arg-type]  # the test names the facts


def make_choice(**facts: object) -> Choice:
    """A choice of DPO for the first part, as the facts say."""
    route = Route(Channel.DPO, ADMINISTRASJON, ARKIVMELDING)
    choice = Choice(new_id(), new_id(), PartRef(1, "Mottaker", "Fjordvik tilsyn"), recipient=RECIPIENT, route=route)
    return replace(choice, **facts)  # type: ignore[arg-type]  # the test names the facts


def store_conversation(database: Database, *, messages: int = 1, **facts: object) -> Conversation:
    """A stored draft with so many prototypes."""
    conversation = make_conversation(**facts)
    with database.writing() as connection:
        conversations.insert(connection, conversation, choices=[make_choice() for _ in range(messages)])
    return conversation


def store_queued(database: Database, *, count: int = 1, **facts: object) -> tuple[Message, ...]:
    """The messages of a stored, committed conversation, every one queued."""
    conversation = store_conversation(database, messages=count, **facts)
    with database.writing() as connection:
        for message in messages.of_conversation(connection, conversation.id):
            messages.queue(connection, message.id, rendering=b"<rendered/>", term=Term(None, NOW + timedelta(hours=24)))
        committed = replace(conversation, state=ConversationState.COMMITTED, committed=NOW)
        conversations.save(connection, committed, expected_version=conversation.version)
        return messages.of_conversation(connection, conversation.id)


def make_event(message: Message, status: Status, **facts: object) -> StatusEvent:
    """An event of this message, as the facts say."""
    event = StatusEvent(message.id, message.conversation_id, message.client_id, status, NOW)
    return replace(event, **facts)  # type: ignore[arg-type]  # the test names the facts


def make_document(conversation: Conversation, filename: str, **facts: object) -> StoredDocument:
    """A document of this conversation, as the facts say."""
    document = StoredDocument(
        conversation_id=conversation.id,
        filename=filename,
        key=uuid4().hex,
        size=3_000_000_000,
        crc32=0xFFFFFFFF,
        sha256=bytes(range(32)),
        mime="application/pdf",
        created=NOW,
    )
    return replace(document, **facts)  # type: ignore[arg-type]  # the test names the facts
