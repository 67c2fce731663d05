"""Who is at which incoming message: locks that the database arbitrates, and the acknowledgement that ends them.

In come clients and times inside the caller's transaction, out come the messages as they then stand. Called by
`delivery.inbox`. A lock that has run out needs nobody to take it away: the next one to peek simply gets the message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from gateway.storage import incoming as rows
from gateway.storage.engine import Connection
from gateway.storage.inbox import InboxFilter, InboxState, Incoming, Lock, wanted
from gateway.storage.tables_in import incoming


@dataclass(frozen=True, slots=True)
class Bid:
    """Who wants a message, for which organisations, now, and until when it is to be locked."""

    organisations: Sequence[str]
    lock: Lock
    now: datetime


_WAITS = incoming.c.state == InboxState.WAITING.value
_NOBODYS: dict[str, Any] = {"lock_client": None, "lock_until": None}


def take(connection: Connection, bid: Bid, *, filters: InboxFilter) -> Incoming | None:
    """Lock the message that has waited longest and that nobody holds; None where there is none.

    It goes to the end of the order, so that one which nobody gets done with does not hold up the others.
    """
    picked = (
        select(incoming.c.message_id)
        .where(*_free(bid), *wanted(filters))
        .order_by(incoming.c.last_updated, incoming.c.message_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("picked")  # for PostgreSQL may run a plain subquery more than once
    )
    statement = (
        update(incoming)
        .where(incoming.c.message_id.in_(select(picked.c.message_id)))
        .values(lock_client=bid.lock.client_id, lock_until=bid.lock.until, last_updated=bid.now)
        .returning(*rows.COLUMNS)
    )
    return _one(connection, statement)


def is_any_free(connection: Connection, bid: Bid, *, filters: InboxFilter) -> bool:
    """Whether `take` would find one now: a look that takes no lock, for who asks again and again."""
    return (
        connection.execute(select(incoming.c.message_id).where(*_free(bid), *wanted(filters)).limit(1)).first()
        is not None
    )


def locked_by(connection: Connection, client_id: str) -> tuple[Incoming, ...]:
    """What this client has locked, run out or not, and nobody else has taken; longest locked first."""
    statement = select(*rows.COLUMNS).where(_held_by(client_id), _WAITS)
    ordered = statement.order_by(incoming.c.last_updated, incoming.c.message_id)
    return tuple(rows.read(row) for row in connection.execute(ordered))


def extend(connection: Connection, message_id: str, *, client_id: str | None, until: datetime) -> Incoming | None:
    """Hold a message until then (`client_id` None: whoever holds it); None where the client does not hold it."""
    return _change(connection, message_id, client_id=client_id, facts={"lock_until": until})


def give_up(connection: Connection, message_id: str, *, client_id: str | None, now: datetime) -> Incoming | None:
    """Let go of a message (`client_id` None: whoever holds it); None where the client does not hold it."""
    return _change(connection, message_id, client_id=client_id, facts={"last_updated": now, **_NOBODYS})


def acknowledge(connection: Connection, message_id: str, *, client_id: str | None, now: datetime) -> Incoming | None:
    """The fagsystem has it (`client_id` None: whoever holds it says so); None where the client does not hold it."""
    done = {"state": InboxState.ACKNOWLEDGED.value, "acknowledged": now, "last_updated": now, "lock_until": None}
    return _change(connection, message_id, client_id=client_id, facts=done)


def set_aside(connection: Connection, message_id: str, *, now: datetime) -> Incoming | None:
    """Somebody has looked at a message that could not be read, or came too late; None where it is neither."""
    stood = incoming.c.state.in_([InboxState.UNREADABLE.value, InboxState.EXPIRED.value])
    statement = (
        update(incoming)
        .where(incoming.c.message_id == message_id, stood)
        .values(state=InboxState.ACKNOWLEDGED.value, acknowledged=now, last_updated=now)
    )
    return _one(connection, statement.returning(*rows.COLUMNS))


def _change(
    connection: Connection, message_id: str, *, client_id: str | None, facts: Mapping[str, Any]
) -> Incoming | None:
    statement = update(incoming).where(incoming.c.message_id == message_id, _WAITS, _held_by(client_id)).values(**facts)
    return _one(connection, statement.returning(*rows.COLUMNS))


def _free(bid: Bid) -> list[ColumnElement[bool]]:
    nobodys = or_(incoming.c.lock_until.is_(None), incoming.c.lock_until <= bid.now)
    return [incoming.c.organisation.in_(list(bid.organisations)), _WAITS, nobodys]


def _held_by(client_id: str | None) -> ColumnElement[bool]:
    """One that has run out serves as well, until somebody else has taken the message: who was slow is not made to do it twice."""
    return incoming.c.lock_client.is_not(None) if client_id is None else incoming.c.lock_client == client_id


def _one(connection: Connection, statement: Any) -> Incoming | None:
    row = connection.execute(statement).one_or_none()
    return rows.read(row) if row else None
