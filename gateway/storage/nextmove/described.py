"""Subscriptions as they were described at the door under /api: a number, a name, and a filter in the reference's grammar.

In come `Described`s inside the transaction of the subscription itself, out come the same. Called by delivery; read by the
door. Where a subscription stands, and how it fares, is in `storage.subscriptions`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update

from gateway.message.status import Direction
from gateway.storage.engine import Connection
from gateway.storage.nextmove.paging import Stretch, read_page
from gateway.storage.nextmove.tables import described
from gateway.storage.tables import message
from gateway.storage.tables_in import incoming


@dataclass(frozen=True, slots=True)
class Described:
    """One subscription in its client's own words. `number` is 0 until it is kept."""

    number: int
    subscription_id: str
    client_id: str
    name: str
    push_endpoint: str
    resource: str
    event: str
    filter: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a push says of the message beside its status: by which channel it goes, and its ConversationId on the wire."""

    channel: str | None
    conversation_id: str


_ALL = select(described)
_NAMES = {
    "id": described.c.number,
    "name": described.c.name,
    "pushEndpoint": described.c.push_endpoint,
    "resource": described.c.resource,
    "event": described.c.event,
    "filter": described.c.filter,
}


def keep(connection: Connection, entry: Described) -> Described:
    """Remember one; the same with its number."""
    facts = {name: value for name, value in asdict(entry).items() if name != "number"}
    number = connection.execute(insert(described).values(facts).returning(described.c.number)).scalar_one()
    return Described(number=number, **facts)


def change(connection: Connection, entry: Described) -> None:
    """Write every member of one that stands."""
    facts = {name: value for name, value in asdict(entry).items() if name != "number"}
    connection.execute(update(described).where(described.c.number == entry.number).values(facts))


def by_number(connection: Connection, number: int, *, client_id: str) -> Described | None:
    """One of this client's, or None."""
    return _one(connection, _ALL.where(described.c.number == number, described.c.client_id == client_id))


def of_subscription(connection: Connection, subscription_id: str) -> Described | None:
    """How a subscription was described; None for one that was made at our own door."""
    return _one(connection, _ALL.where(described.c.subscription_id == subscription_id))


def called(connection: Connection, name: str, *, push_endpoint: str, client_id: str) -> Described | None:
    """The client's subscription of that name to that endpoint, or None."""
    mine = _ALL.where(described.c.client_id == client_id, described.c.name == name)
    return _one(connection, mine.where(described.c.push_endpoint == push_endpoint))


def page(connection: Connection, client_id: str, *, stretch: Stretch) -> tuple[tuple[Described, ...], int]:
    """A page of a client's, and how many it has in all."""
    query = _ALL.where(described.c.client_id == client_id)
    rows, total = read_page(connection, query, stretch=stretch, names=_NAMES)
    return tuple(map(_read, rows)), total


def forget(connection: Connection, number: int) -> None:
    """Take the description away; the subscription itself is its owner's to remove."""
    connection.execute(delete(described).where(described.c.number == number))


def spoken_of(connection: Connection, message_ids: Iterable[str]) -> Mapping[tuple[str, Direction], Spoken]:
    """By message and direction, what a push says of them; what is not known here is missing."""
    ids = list(message_ids)
    out = select(message.c.id, message.c.channel, message.c.sbd_conversation_id).where(message.c.id.in_(ids))
    came = select(incoming.c.message_id, incoming.c.channel, incoming.c.conversation_id)
    found: dict[tuple[str, Direction], Spoken] = {}
    for direction, query in (
        (Direction.OUTGOING, out),
        (Direction.INCOMING, came.where(incoming.c.message_id.in_(ids))),
    ):
        for message_id, channel, conversation_id in connection.execute(query):
            found[message_id, direction] = Spoken(channel, conversation_id)
    return found


def _one(connection: Connection, query: Select[Any]) -> Described | None:
    row = connection.execute(query).one_or_none()
    return _read(row) if row else None


def _read(row: Row[Any]) -> Described:
    return Described(**row._mapping)
