"""Classic conversations: the SBD that the client wrote, beside the conversation's one message.

In come records and the SBD's JSON inside the caller's transaction, out come the same. Called by delivery. An SBD's
instanceIdentifier is the message's id, so it can be used once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict
from gateway.language import say
from gateway.message.prototype import Choice
from gateway.message.status import Direction
from gateway.storage import conversations, messages
from gateway.storage.codec import JsonObject
from gateway.storage.conversations import Conversation
from gateway.storage.engine import Connection
from gateway.storage.tables import conversation, message, sbd, status

_STANDING = select(message.c.client_id, message.c.conversation_id, message.c.state).where(
    message.c.id == bindparam("message_id")
)
_INSERT = insert_into(sbd)
_READ = select(sbd.c.json).where(sbd.c.conversation_id == bindparam("conversation_id"))
_ROUNDS = (
    select(status.c.client_id, func.max(status.c.round).label("last"))
    .where(status.c.message_id == bindparam("message_id"), status.c.direction == Direction.OUTGOING.value)
    .group_by(status.c.client_id)
)
_DESCRIBE = (
    update(conversation)
    .where(conversation.c.id == bindparam("this"))
    .values(melding_id=bindparam("called"), title=bindparam("titled"), shielding=bindparam("shielded"))
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What makes a classic conversation: its one choice, and the SBD with every default filled in."""

    choice: Choice
    sbd: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Description:
    """What the arkivmelding among its files says of a conversation."""

    melding_id: str | None = None
    title: str | None = None
    shielding: str = "open"


def insert(connection: Connection, entry: Conversation, *, posted: Posted) -> None:
    """Remember a new conversation; Conflict MESSAGE_EXISTS where the message's id is taken, which is told to its owner."""
    message_id = posted.choice.message_id
    require_free(connection, message_id, client_id=entry.client_id)
    try:
        conversations.insert(connection, entry, choices=[posted.choice])
    except IntegrityError as fault:
        raise _exists(message_id) from fault
    _begin_anew(connection, message_id, client_id=entry.client_id)
    text = json.dumps(posted.sbd, ensure_ascii=False).encode()
    connection.execute(_INSERT, {"conversation_id": entry.id, "json": text})


def _begin_anew(connection: Connection, message_id: str, *, client_id: str) -> None:
    """A draft that was discarded has left its log: what is told of this message goes into a round of its own.

    Conflict where that was another client's, who would see what becomes of this one.
    """
    rounds = {row.client_id: row.last for row in connection.execute(_ROUNDS, {"message_id": message_id})}
    if rounds.keys() - {client_id}:
        raise _exists(message_id)
    if rounds:
        messages.begin_round(connection, message_id, number=rounds[client_id] + 1)


def require_free(connection: Connection, message_id: str, *, client_id: str) -> None:
    """Raise `Conflict` where a message has this id already."""
    standing = connection.execute(_STANDING, {"message_id": message_id}).one_or_none()
    if standing is None:
        return
    if standing.client_id != client_id:
        raise _exists(message_id)
    message_ = say(
        "the message {id} exists already: it is {state}, in the conversation {conversation}",
        id=message_id,
        state=standing.state,
        conversation=standing.conversation_id,
    )
    mend = say(
        "If this is the same message, go on with that one; a new message needs an instanceIdentifier of its own, or none."
    )
    raise Conflict(message_, code="MESSAGE_EXISTS", mend=mend)


def read_sbd(connection: Connection, conversation_id: str) -> JsonObject | None:
    """The SBD of a classic conversation; None where it is deleted, or there never was one."""
    text: bytes | None = connection.scalar(_READ, {"conversation_id": conversation_id})
    return None if text is None else cast("JsonObject", json.loads(text))


def describe(connection: Connection, conversation_id: str, *, said: Description) -> None:
    """Put down what the arkivmelding says; whoever calls this moves the version."""
    bound = {"called": said.melding_id, "titled": said.title, "shielded": said.shielding}
    connection.execute(_DESCRIBE, {"this": conversation_id, **bound})


def _exists(message_id: str) -> Conflict:
    return Conflict(
        say("a message with the id {id} exists already", id=message_id),
        code="MESSAGE_EXISTS",
        mend="Give the message an instanceIdentifier of its own, or leave it out.",
    )
