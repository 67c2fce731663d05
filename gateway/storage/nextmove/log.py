"""The log of statuses as the door under /api shows it: in numbered pages, filtered, and as a queue that is taken from.

In come who looks and what is wanted, out come frozen `LogEntry`s. Called by delivery and the door. An entry's number is
its cursor in the log; that of its conversation is the cursor of the message's first status.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, bindparam, exists, func, insert, or_, select
from sqlalchemy import delete as delete_from

from gateway.message.status import Direction, Status
from gateway.storage.engine import Connection, lock_log
from gateway.storage.nextmove.paging import Reader, Stretch, read_page
from gateway.storage.nextmove.tables import hidden, queue, taken
from gateway.storage.tables import message, status


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One status of one message. `number` and `conversation_number` are what the door calls `id` and `convId`."""

    number: int
    conversation_number: int
    message_id: str
    conversation_id: str
    direction: Direction
    status: Status
    description: str
    mend: str | None
    raw: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries are wanted; None means any. A time counts only together with the other."""

    number: int | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_FIRST = status.alias("first")
_NUMBER = (
    select(_FIRST.c.cursor)
    .where(
        _FIRST.c.message_id == status.c.message_id,
        _FIRST.c.direction == status.c.direction,
        _FIRST.c.round == 1,
        _FIRST.c.status == Status.OPPRETTET.value,
    )
    .scalar_subquery()
)
# Ours of an outgoing message is that of the whole submission; on the wire each message has one of its own.
_ON_THE_WIRE = (
    select(message.c.sbd_conversation_id)
    .where(message.c.id == status.c.message_id, status.c.direction == Direction.OUTGOING.value)
    .scalar_subquery()
)
_CONVERSATION = func.coalesce(_ON_THE_WIRE, status.c.conversation_id)
_ENTRIES = select(
    status.c.cursor.label("number"),
    _NUMBER.label("conversation_number"),
    status.c.message_id,
    _CONVERSATION.label("conversation_id"),
    status.c.direction,
    status.c.status,
    status.c.description,
    status.c.mend,
    status.c.raw,
    status.c.at,
)
_NAMES = {
    "id": status.c.cursor,
    "lastUpdate": status.c.at,
    "status": status.c.status,
    "messageId": status.c.message_id,
    "conversationId": _CONVERSATION,
    "convId": _NUMBER,
}


def entries(
    connection: Connection, reader: Reader, *, wanted: LogFilter, stretch: Stretch
) -> tuple[tuple[LogEntry, ...], int]:
    """A page of the log, and how many entries there are in all."""
    query = _ENTRIES.where(*seen_by(reader), *_conditions(wanted))
    rows, total = read_page(connection, query, stretch=stretch, names=_NAMES)
    return tuple(map(_read, rows)), total


def head(connection: Connection, reader: Reader) -> LogEntry | None:
    """The oldest entry that this client has not taken from its queue."""
    waiting = _waiting(connection, reader).order_by(status.c.cursor).limit(1)
    # Each walk is one range of an index, and ends at its first row.
    mine = [status.c.client_id == reader.client_id, status.c.direction == bindparam("way")]
    walks = [(waiting.where(*mine), {"way": direction.value}) for direction in Direction]
    theirs = waiting.where(status.c.client_id == bindparam("owner"), status.c.direction == Direction.INCOMING.value)
    walks += [(theirs, {"owner": organisation}) for organisation in reader.organisations]
    found = [row for query, bound in walks if (row := connection.execute(query, bound).one_or_none())]
    return _read(min(found, key=lambda row: row.number)) if found else None


def take(connection: Connection, reader: Reader, *, number: int) -> bool:
    """Take an entry from the client's queue; False where it is not in it. It stays in the log."""
    lock_log(connection)
    this = _waiting(connection, reader).where(status.c.cursor == number, owned_by(reader))
    if connection.execute(this).one_or_none() is None:
        return False
    connection.execute(insert(taken).values(client_id=reader.client_id, cursor=number))
    _move_on(connection, reader)
    return True


def seen_by(reader: Reader, row: FromClause = status) -> Iterator[ColumnElement[bool]]:
    """What a row of the log must fulfil for this client to see it, whatever else stands in it.

    It is its own, or came in for one of its organisations, and has not been put out of its sight.
    """
    yield owned_by(reader, row)
    yield _not_hidden(reader, row)


def owned_by(reader: Reader, row: FromClause = status) -> ColumnElement[bool]:
    """Whether it is the client's own, or came in for one of its organisations."""
    came_in = and_(row.c.client_id.in_(list(reader.organisations)), row.c.direction == Direction.INCOMING.value)
    return or_(row.c.client_id == reader.client_id, came_in)


def _not_hidden(reader: Reader, row: FromClause) -> ColumnElement[bool]:
    return ~exists().where(
        hidden.c.client_id == reader.client_id,
        hidden.c.message_id == row.c.message_id,
        hidden.c.direction == row.c.direction,
    )


def _waiting(connection: Connection, reader: Reader) -> Select[Any]:
    """What has not been taken, whosever it is."""
    upto = connection.scalar(select(queue.c.upto).where(queue.c.client_id == reader.client_id)) or 0
    was_taken = exists().where(taken.c.client_id == reader.client_id, taken.c.cursor == status.c.cursor)
    return _ENTRIES.where(status.c.cursor > upto, _not_hidden(reader, status), ~was_taken)


def _move_on(connection: Connection, reader: Reader) -> None:
    """What has been taken up to the oldest that waits is remembered as one number."""
    mine = taken.c.client_id == reader.client_id
    oldest = head(connection, reader)
    last = connection.scalar(select(func.max(taken.c.cursor)).where(mine)) or 0
    upto = oldest.number - 1 if oldest else last
    connection.execute(delete_from(queue).where(queue.c.client_id == reader.client_id))
    connection.execute(insert(queue).values(client_id=reader.client_id, upto=upto))
    connection.execute(delete_from(taken).where(mine, taken.c.cursor <= upto))


def _conditions(wanted: LogFilter) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (status.c.cursor, wanted.number),
        (status.c.message_id, wanted.message_id),
        (status.c.status, wanted.status),
    ):
        if value is not None:
            yield column == value
    if wanted.conversation_id is not None:
        sent = select(message.c.id).where(message.c.sbd_conversation_id == wanted.conversation_id)
        came_in = status.c.direction == Direction.INCOMING.value
        yield or_(
            and_(~came_in, status.c.message_id.in_(sent)),
            and_(came_in, status.c.conversation_id == wanted.conversation_id),
        )
    if wanted.since is not None and wanted.until is not None:
        yield status.c.at.between(wanted.since, wanted.until)


def _read(row: Row[Any]) -> LogEntry:
    facts = dict(row._mapping)
    number = facts.pop("conversation_number")
    return LogEntry(
        conversation_number=number if number is not None else facts["number"],
        direction=Direction(facts.pop("direction")),
        status=Status(facts.pop("status")),
        **facts,
    )
