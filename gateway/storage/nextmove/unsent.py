"""What a client has created at the door under /api, or with an SBD at our own, and what has not been handed over yet.

In come who looks and what is wanted, out come SBDs. Called by that door. Reference §2.6.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, or_, select

from gateway.storage.codec import JsonObject
from gateway.storage.engine import Connection
from gateway.storage.nextmove.paging import Reader, Stretch, read_page
from gateway.storage.states import ConversationState, MessageState
from gateway.storage.tables import conversation, message, sbd


@dataclass(frozen=True, slots=True)
class UnsentFilter:
    """Which are wanted; None means any. Identifiers are bare numbers or as they are written in an SBD."""

    message_id: str | None = None
    conversation_id: str | None = None
    process: str | None = None
    receiver: str | None = None
    sender: str | None = None
    channel: str | None = None


# The process of a classic message is that of its conversation.
_STANDS = or_(
    conversation.c.state == ConversationState.DRAFT.value,
    and_(conversation.c.state == ConversationState.COMMITTED.value, message.c.state == MessageState.QUEUED.value),
)
_UNSENT = (
    select(sbd.c.json)
    .select_from(sbd.join(conversation).join(message, message.c.conversation_id == conversation.c.id))
    .where(_STANDS)
)
_NAMES: dict[str, ColumnElement[Any]] = {
    "id": conversation.c.created,
    "lastUpdated": conversation.c.created,
    "messageId": message.c.id,
    "conversationId": message.c.sbd_conversation_id,
    "processIdentifier": conversation.c.process,
    "receiverIdentifier": message.c.recipient,
    "senderIdentifier": message.c.sender,
    "serviceIdentifier": message.c.channel,
}


def unsent(
    connection: Connection, reader: Reader, *, wanted: UnsentFilter, stretch: Stretch
) -> tuple[tuple[JsonObject, ...], int]:
    """A page of SBDs, and how many there are in all."""
    query = _UNSENT.where(conversation.c.client_id == reader.client_id, *_conditions(wanted))
    rows, total = read_page(connection, query, stretch=stretch, names=_NAMES)
    return tuple(cast("JsonObject", json.loads(row.json)) for row in rows), total


def _conditions(wanted: UnsentFilter) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (message.c.id, wanted.message_id),
        (message.c.sbd_conversation_id, wanted.conversation_id),
        (conversation.c.process, wanted.process),
        (message.c.channel, wanted.channel),
    ):
        if value is not None:
            yield column == value
    for column, value in ((message.c.recipient, wanted.receiver), (message.c.sender, wanted.sender)):
        if value is not None:
            # The primary number of a receiver; of a sender the one on whose behalf it is sent.
            yield or_(column == value, column.endswith(f":{value}", autoescape=True))
