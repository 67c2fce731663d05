"""What has come in and waits, in pages and in any order, as the door under /api lists it.

In come who looks and what is wanted, out come SBDs. Called by that door. Reference §2.7.
"""

import json
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, select

from gateway.storage.codec import JsonObject
from gateway.storage.engine import Connection
from gateway.storage.inbox import InboxFilter, wanted
from gateway.storage.incoming import InboxState
from gateway.storage.nextmove.paging import Order, Reader, Stretch, read_page
from gateway.storage.tables_in import incoming

# A lock changes nothing in this order: what has waited longest stays first.
_NAMES: dict[str, ColumnElement[Any]] = {
    "id": incoming.c.received,
    "lastUpdated": incoming.c.received,
    "messageId": incoming.c.message_id,
    "conversationId": incoming.c.conversation_id,
    "processIdentifier": incoming.c.process,
    "receiverIdentifier": incoming.c.organisation,
    "senderIdentifier": incoming.c.sender,
    "serviceIdentifier": incoming.c.channel,
}
_OLDEST_FIRST = (Order("id"), Order("messageId"))


def waiting(
    connection: Connection, reader: Reader, *, filters: InboxFilter, stretch: Stretch
) -> tuple[tuple[JsonObject, ...], int]:
    """A page of SBDs, locked or not, and how many there are in all."""
    chosen = wanted(replace(filters, states=(InboxState.WAITING,)))
    query = select(incoming.c.sbd).where(incoming.c.organisation.in_(reader.organisations), *chosen)
    orders = (*stretch.orders, *_OLDEST_FIRST)
    rows, total = read_page(connection, query, stretch=replace(stretch, orders=orders), names=_NAMES)
    return tuple(cast("JsonObject", json.loads(row.sbd)) for row in rows), total
