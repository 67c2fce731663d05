"""The inbox: what came in, each message once, found by id or page by page, by those whose organisation it came for.

In come frozen `Incoming`s and filters inside the caller's transaction, out come the same. Called by delivery; read by the
doors. Locks are in `inbox_locks`, what happens to bytes in `inbox_keeping`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal, or_, select, update

from gateway.errors import NotFound
from gateway.language import say
from gateway.storage import incoming as rows
from gateway.storage.engine import Connection
from gateway.storage.incoming import NO_PACKAGE as NO_PACKAGE
from gateway.storage.incoming import VALID as VALID
from gateway.storage.incoming import InboxState as InboxState
from gateway.storage.incoming import Incoming as Incoming
from gateway.storage.incoming import IncomingFile as IncomingFile
from gateway.storage.incoming import Lock as Lock
from gateway.storage.incoming import Signature as Signature
from gateway.storage.once import insert_once
from gateway.storage.tables_in import incoming


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which messages are wanted; None and empty: any. `receiver` and `sender` are identifiers as `0192:…`."""

    message_id: str | None = None
    conversation_id: str | None = None
    receiver: str | None = None
    sender: str | None = None
    channel: str | None = None
    process: str | None = None
    document_type: str | None = None
    states: tuple[InboxState, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the list. `after` is the id of the last message of the piece before.

    `light` leaves out the SBDs, which may be large: their records hold an empty one.
    """

    limit: int = 50
    after: str | None = None
    newest_first: bool = False
    light: bool = False


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Messages in the order in which they came, how many there are in all, and after which to go on (None: no more)."""

    messages: tuple[Incoming, ...]
    total: int
    following: str | None


_FACTS = select(*rows.COLUMNS)
_LIGHT = select(*(literal("{}").label("sbd") if each is incoming.c.sbd else each for each in rows.COLUMNS))
_GET = _FACTS.where(incoming.c.message_id == bindparam("this"))
_OPEN = (
    select(incoming.c.state, func.count())
    .where(incoming.c.acknowledged.is_(None), incoming.c.emptied.is_(None))
    .group_by(incoming.c.state)
)
_OF_CONVERSATION = _FACTS.where(incoming.c.conversation_id == bindparam("conversation")).order_by(
    incoming.c.received, incoming.c.message_id
)


def insert(connection: Connection, entry: Incoming) -> bool:
    """Remember a message; False, and nothing changed, where one with its id has come in before."""
    return insert_once(connection, incoming, row=rows.write(entry))


def replace(connection: Connection, entry: Incoming, *, known: Incoming) -> bool:
    """Put a message in the place of one that was never handed on; False, and nothing changed, where that has moved on."""
    standing = (
        incoming.c.message_id == known.message_id,
        incoming.c.state == known.state.value,
        incoming.c.last_updated == known.last_updated,
    )
    return connection.execute(update(incoming).where(*standing).values(**rows.write(entry))).rowcount > 0


def find(connection: Connection, message_id: str) -> Incoming | None:
    """The message with this id, whoever it came for; None where there is none."""
    row = connection.execute(_GET, {"this": message_id}).one_or_none()
    return rows.read(row) if row else None


def get(connection: Connection, message_id: str, *, organisations: Sequence[str]) -> Incoming:
    """The message with this id, if it came for one of these organisations; else NotFound."""
    found = find(connection, message_id)
    if found is None or found.organisation not in organisations:
        raise unknown()
    return found


def of_conversation(connection: Connection, conversation_id: str) -> tuple[Incoming, ...]:
    """What came in under the ConversationId of an SBD, in the order in which it came, whoever it came for."""
    return tuple(rows.read(row) for row in connection.execute(_OF_CONVERSATION, {"conversation": conversation_id}))


def page(connection: Connection, organisations: Sequence[str], *, filters: InboxFilter, window: Window) -> InboxPage:
    """A piece of the list of what came for these organisations; NotFound for an `after` that is not in it."""
    chosen = [incoming.c.organisation.in_(list(organisations)), *wanted(filters)]
    total = connection.scalar(select(func.count()).select_from(incoming).where(*chosen)) or 0
    order = (incoming.c.received, incoming.c.message_id)
    facts = _LIGHT if window.light else _FACTS
    statement: Select[Any] = facts.where(*chosen).order_by(
        *(each.desc() if window.newest_first else each for each in order)
    )
    if window.after is not None:
        statement = statement.where(_behind(connection, window, organisations=organisations))
    found = connection.execute(statement.limit(window.limit + 1)).all()
    messages = tuple(rows.read(row) for row in found[: window.limit])
    more = len(found) > window.limit
    return InboxPage(messages, total, messages[-1].message_id if more else None)


def count_open(connection: Connection) -> dict[str, int]:
    """How many messages of each state nobody has acknowledged."""
    return {row[0]: row[1] for row in connection.execute(_OPEN)}


def wanted(filters: InboxFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter."""
    named = {
        incoming.c.message_id: filters.message_id,
        incoming.c.conversation_id: filters.conversation_id,
        incoming.c.organisation: filters.receiver,
        incoming.c.sender: filters.sender,
        incoming.c.channel: filters.channel,
        incoming.c.process: filters.process,
        incoming.c.document_type: filters.document_type,
    }
    conditions: list[ColumnElement[bool]] = [column == value for column, value in named.items() if value is not None]
    if filters.states:
        conditions.append(incoming.c.state.in_([state.value for state in filters.states]))
    return conditions


def unknown() -> NotFound:
    """There is no such message, or it came for somebody else: to a stranger the same."""
    return NotFound(
        say("there is no such incoming message"),
        mend=say(
            "Check the id; GET /in/messages, or gateway inbox list, shows what came for the organisations of this login."
        ),
    )


def _behind(connection: Connection, window: Window, *, organisations: Sequence[str]) -> ColumnElement[bool]:
    last = get(connection, window.after or "", organisations=organisations)
    if window.newest_first:
        earlier = and_(incoming.c.received == last.received, incoming.c.message_id < last.message_id)
        return or_(incoming.c.received < last.received, earlier)
    later = and_(incoming.c.received == last.received, incoming.c.message_id > last.message_id)
    return or_(incoming.c.received > last.received, later)
