"""Messages: what was decided for each recipient, how far it has come, and what the channel calls it.

In come choices and moves inside the caller's transaction, out come frozen `Message`s. Called by delivery and by
`conversations` and `statuses` of this room; read by the doors.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, exists, null, select, update
from sqlalchemy import insert as insert_into

from gateway.errors import Conflict, NotFound
from gateway.language import say
from gateway.message.prototype import Choice
from gateway.message.status import Outcome, Status
from gateway.storage.codec import JsonObject, read_choice, write_choice
from gateway.storage.engine import Connection
from gateway.storage.states import MESSAGE_MOVES, UNDERWAY, ConversationState
from gateway.storage.states import MessageState as MessageState
from gateway.storage.tables import conversation, message, reference_history, rendering


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient. `rendering`, the XML that it carries, is filled by `get` alone: it may be large."""

    id: str
    conversation_id: str
    client_id: str
    position: int
    choice: Choice
    state: MessageState
    rendering: bytes | None
    sender: str
    recipient: str | None
    channel: str | None
    reference: str | None
    deadline: datetime | None
    outcome: Outcome
    last_status: Status | None
    not_before: datetime | None = None
    round: int = 1


@dataclass(frozen=True, slots=True)
class Term:
    """When a queued message may be handed over first (None: at once), and until when it may."""

    not_before: datetime | None
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the messages of a conversation are."""

    conversation_id: str
    client_id: str
    sender: str


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """What the channel calls a message from `at` on, and why it is called so now; None: it has no name any more."""

    message_id: str
    reference: str | None
    at: datetime
    why: str


_LIGHT = select(message, null().label("xml"))
_OF_CONVERSATION = _LIGHT.where(message.c.conversation_id == bindparam("conversation_id")).order_by(message.c.position)
_FIND = _LIGHT.where(message.c.id == bindparam("message_id"))
_BY_SBD_CONVERSATION = _LIGHT.where(message.c.sbd_conversation_id == bindparam("sbd_conversation_id")).order_by(
    message.c.id
)
_GET = (
    select(message, rendering.c.xml)
    .select_from(message.outerjoin(rendering))
    .where(message.c.id == bindparam("message_id"))
)
_LATER_ROUNDS = select(message.c.id, message.c.round).where(
    message.c.conversation_id == bindparam("conversation_id"), message.c.round > 1
)
_BEGIN_ROUND = update(message).where(message.c.id == bindparam("this")).values(round=bindparam("number"))
_OWNER = (
    select(conversation.c.client_id, conversation.c.sender, conversation.c.state)
    .where(conversation.c.id == bindparam("conversation_id"))
    .with_for_update()
)
_DELETE = delete(message).where(message.c.conversation_id == bindparam("conversation_id"))
_INSERT = insert_into(message)
_INSERT_RENDERING = insert_into(rendering)
_QUEUE = (
    update(message)
    .where(message.c.id == bindparam("this"), message.c.state == MessageState.PROTOTYPE.value)
    .values(
        state=MessageState.QUEUED.value,
        # Of a message that was told of when it was created, the log has this already and appends it no more.
        last_status=Status.OPPRETTET.value,
        deadline=bindparam("until"),
        not_before=bindparam("earliest"),
    )
)
_RESTART = (
    update(message)
    .where(
        message.c.id == bindparam("this"),
        message.c.state == MessageState.FINAL.value,
        message.c.outcome == Outcome.FAILED.value,
    )
    .values(state=MessageState.QUEUED.value, outcome=Outcome.PENDING.value, round=message.c.round + 1)
)
_CANCEL = (
    update(message)
    .where(message.c.id == bindparam("this"), message.c.state == MessageState.QUEUED.value)
    .values(state=MessageState.CANCELLED.value, outcome=Outcome.CANCELLED.value)
)
_REOPEN = (
    update(conversation)
    .where(conversation.c.id == bindparam("this"), conversation.c.state == ConversationState.FINISHED.value)
    .values(state=ConversationState.COMMITTED.value, finished=None, version=conversation.c.version + 1)
)
_MOVE = (
    update(message)
    .where(message.c.id == bindparam("this"), message.c.state.in_(bindparam("before", expanding=True)))
    .values(state=bindparam("after"))
)
_SET_REFERENCE = update(message).where(message.c.id == bindparam("this")).values(reference=bindparam("called"))
_INSERT_REFERENCE = insert_into(reference_history)
_REFERENCES = (
    select(
        reference_history.c.message_id, reference_history.c.reference, reference_history.c.at, reference_history.c.why
    )
    .where(reference_history.c.message_id == bindparam("message_id"))
    .order_by(reference_history.c.id)
)
_LOCK = (
    select(conversation.c.id)
    .select_from(conversation.join(message))
    .where(message.c.id == bindparam("message_id"))
    .with_for_update(of=conversation)
)
_SETTLE = (
    update(conversation)
    .where(
        conversation.c.id == bindparam("this"),
        conversation.c.state == ConversationState.COMMITTED.value,
        ~exists().where(message.c.conversation_id == bindparam("this"), message.c.state.in_(list(UNDERWAY))),
    )
    .values(state=ConversationState.FINISHED.value, finished=bindparam("at"), version=conversation.c.version + 1)
)


def insert_choices(connection: Connection, owner: Owner, *, choices: Sequence[Choice]) -> None:
    """Remember the prototypes of a conversation in their order."""
    if choices:
        connection.execute(_INSERT, [_row(choice, position, owner=owner) for position, choice in enumerate(choices)])


def replace_choices(connection: Connection, conversation_id: str, *, choices: Sequence[Choice]) -> None:
    """Put these prototypes in place of those of a draft, from its present sender; Conflict where it is none."""
    held = connection.execute(_OWNER, {"conversation_id": conversation_id}).one_or_none()
    if held is None or held.state != ConversationState.DRAFT:
        raise Conflict("only the prototypes of a draft can be replaced", code="NOT_DRAFT")
    later = connection.execute(_LATER_ROUNDS, {"conversation_id": conversation_id}).all()
    connection.execute(_DELETE, {"conversation_id": conversation_id})
    insert_choices(connection, Owner(conversation_id, held.client_id, held.sender), choices=choices)
    for row in later:
        begin_round(connection, row.id, number=row.round)


def begin_round(connection: Connection, message_id: str, *, number: int) -> None:
    """What is told of a message from now on stands in that round of its log."""
    connection.execute(_BEGIN_ROUND, {"this": message_id, "number": number})


def of_conversation(connection: Connection, conversation_id: str) -> tuple[Message, ...]:
    """The messages of a conversation in their order, without renderings."""
    return _read_all(connection, _OF_CONVERSATION, conversation_id=conversation_id)


def by_sbd_conversation(connection: Connection, sbd_conversation_id: str) -> tuple[Message, ...]:
    """The messages whose SBD has this ConversationId, without renderings; the classic flow may give several one id."""
    return _read_all(connection, _BY_SBD_CONVERSATION, sbd_conversation_id=sbd_conversation_id)


def get(connection: Connection, message_id: str) -> Message:
    """One message with its rendering; NotFound where there is none."""
    row = connection.execute(_GET, {"message_id": message_id}).one_or_none()
    if row is None:
        raise _unknown()
    return _read(row)


def find(connection: Connection, message_id: str) -> Message | None:
    """One message without its rendering; None where there is none."""
    row = connection.execute(_FIND, {"message_id": message_id}).one_or_none()
    return _read(row) if row else None


def queue(connection: Connection, message_id: str, *, rendering: bytes, term: Term) -> None:
    """A prototype becomes a message that will be sent, with these bytes and in that time; Conflict where it is none."""
    queued = connection.execute(_QUEUE, {"this": message_id, "until": term.deadline, "earliest": term.not_before})
    if queued.rowcount == 0:
        raise Conflict("only a prototype can be queued", code="NOT_PROTOTYPE")
    connection.execute(_INSERT_RENDERING, {"message_id": message_id, "xml": rendering})


def restart(connection: Connection, message_id: str) -> None:
    """A failed message is queued again in a new round, its conversation under way again; Conflict where it has not failed.

    The caller begins the new round's log with OPPRETTET.
    """
    conversation_id = lock_conversation(connection, message_id)
    if connection.execute(_RESTART, {"this": message_id}).rowcount == 0:
        raise Conflict("only a failed message can be started again", code="NOT_FAILED")
    connection.execute(_REOPEN, {"this": conversation_id})


def cancel(connection: Connection, message_id: str, *, at: datetime) -> None:
    """A queued message is taken back, and its conversation finished where nothing more is awaited; Conflict otherwise."""
    conversation_id = lock_conversation(connection, message_id)
    if conversation_id is None or connection.execute(_CANCEL, {"this": message_id}).rowcount == 0:
        raise Conflict("only a queued message can be cancelled", code="TOO_LATE")
    settle(connection, conversation_id, at=at)


def set_reference(connection: Connection, entry: ReferenceEntry) -> None:
    """Remember what the channel calls a message beside the names that it had before; NotFound where there is none."""
    called = connection.execute(_SET_REFERENCE, {"this": entry.message_id, "called": entry.reference})
    if called.rowcount == 0:
        raise _unknown()
    connection.execute(_INSERT_REFERENCE, asdict(entry))


def references(connection: Connection, message_id: str) -> tuple[ReferenceEntry, ...]:
    """Every name that the channel has had for a message, oldest first."""
    rows = connection.execute(_REFERENCES, {"message_id": message_id})
    return tuple(ReferenceEntry(*row) for row in rows)


def set_state(connection: Connection, message_id: str, *, state: MessageState, at: datetime) -> None:
    """Move a message on, and finish its conversation where nothing more is awaited; Conflict for an illegal move."""
    conversation_id = lock_conversation(connection, message_id)
    if conversation_id is None:
        raise _unknown()
    before = [allowed.value for allowed in MESSAGE_MOVES.get(state, ())]
    moved = connection.execute(_MOVE, {"this": message_id, "before": before, "after": state.value})
    if moved.rowcount == 0:
        words = say("the message cannot become {state} from where it stands", state=state.value)
        raise Conflict(words, code="WRONG_STATE")
    settle(connection, conversation_id, at=at)


def lock_conversation(connection: Connection, message_id: str) -> str | None:
    """The id of the message's conversation, which nobody else changes until this transaction ends.

    All who write to both take it first, so that they never wait for each other in a circle.
    """
    held: str | None = connection.scalar(_LOCK, {"message_id": message_id})
    return held


def settle(connection: Connection, conversation_id: str, *, at: datetime) -> None:
    """Finish a committed conversation that has no message under way any more."""
    connection.execute(_SETTLE, {"this": conversation_id, "at": at})


def _row(choice: Choice, position: int, *, owner: Owner) -> JsonObject:
    return {
        "id": choice.message_id,
        "conversation_id": owner.conversation_id,
        "client_id": owner.client_id,
        "position": position,
        "sbd_conversation_id": choice.conversation_id,
        "state": MessageState.PROTOTYPE.value,
        "sender": owner.sender,
        "recipient": choice.recipient,
        "channel": choice.route.channel.value if choice.route else None,
        "outcome": Outcome.PENDING.value,
        "choice": write_choice(choice),
    }


def _read_all(connection: Connection, query: Select[Any], **bound: str) -> tuple[Message, ...]:
    return tuple(_read(row) for row in connection.execute(query, bound))


def _read(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        client_id=row.client_id,
        position=row.position,
        choice=read_choice(row.choice),
        state=MessageState(row.state),
        rendering=row.xml,
        sender=row.sender,
        recipient=row.recipient,
        channel=row.channel,
        reference=row.reference,
        deadline=row.deadline,
        outcome=Outcome(row.outcome),
        last_status=Status(row.last_status) if row.last_status else None,
        not_before=row.not_before,
        round=row.round,
    )


def _unknown() -> NotFound:
    return NotFound("there is no such message", mend="check the id, and that the login is the one that sent it")
