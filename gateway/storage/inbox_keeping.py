"""The bytes of incoming messages: what is opened again, what has been kept long enough, and which keys are in use.

In come moments and keys inside the caller's transaction, out come messages and keys whose bytes are to be deleted. Called
by delivery: the reopening of what could not be read, and the housekeeping. Rows stay.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update

from gateway.storage import incoming as rows
from gateway.storage.engine import Connection
from gateway.storage.inbox import InboxState, IncomingFile, Signature
from gateway.storage.tables_in import incoming

_UNREADABLE = incoming.c.state == InboxState.UNREADABLE.value
_KEPT = incoming.c.parcel.is_not(None)
_STUCK = (
    select(incoming.c.message_id)
    .where(_UNREADABLE, _KEPT, incoming.c.verdict.in_(bindparam("verdicts", expanding=True)))
    .order_by(incoming.c.received, incoming.c.message_id)
)
_KEPT_LONG_ENOUGH = (
    incoming.c.emptied.is_(None),
    or_(
        incoming.c.acknowledged <= bindparam("before"),
        # Nobody will ever fetch what came too late.
        (incoming.c.state == InboxState.EXPIRED.value) & (incoming.c.received <= bindparam("before")),
    ),
)
_DUE = select(incoming.c.message_id).where(*_KEPT_LONG_ENOUGH).order_by(incoming.c.received).limit(bindparam("at_most"))
# Judged again under its lock: a sound copy may have taken the place of what was too late, or set aside, meanwhile.
_KEYS = (
    select(incoming.c.blob, incoming.c.parcel)
    .where(incoming.c.message_id == bindparam("this"), *_KEPT_LONG_ENOUGH)
    .with_for_update()
)
_EMPTY = (
    update(incoming)
    .where(incoming.c.message_id == bindparam("this"))
    .values(blob=None, parcel=None, emptied=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Reopened:
    """What became of a message that could not be read before: a verdict, and the bytes and files where it held."""

    state: InboxState
    signature: Signature
    at: datetime
    blob: str | None = None
    size: int | None = None
    files: tuple[IncomingFile, ...] = ()


def stuck(connection: Connection, verdicts: Sequence[str]) -> tuple[str, ...]:
    """The ids of unreadable messages with one of these verdicts, whose parcels are kept; oldest first.

    Not the messages: strangers decide how many there are, and each has an SBD of up to a megabyte.
    """
    return tuple(connection.scalars(_STUCK, {"verdicts": list(verdicts)}))


def settle(connection: Connection, message_id: str, *, found: Reopened) -> bool:
    """Write down what became of an unreadable message; False where it is none any more. The parcel goes with a blob."""
    facts: dict[str, object] = {"state": found.state.value, "last_updated": found.at}
    facts.update(rows.write_signature(found.signature))
    if found.blob is not None:
        facts.update(blob=found.blob, size=found.size, files=rows.write_files(found.files), parcel=None)
    statement = update(incoming).where(incoming.c.message_id == message_id, _UNREADABLE).values(**facts)
    return connection.execute(statement).rowcount > 0


def due(connection: Connection, *, before: datetime, limit: int) -> tuple[str, ...]:
    """The messages that were acknowledged by then, or came too late, and still have their bytes."""
    return tuple(connection.scalars(_DUE, {"before": before, "at_most": limit}))


def empty(connection: Connection, message_id: str, *, before: datetime, at: datetime) -> tuple[str, ...]:
    """Forget the bytes of a message that is still `due`; the keys to be deleted once this is committed."""
    row = connection.execute(_KEYS, {"this": message_id, "before": before}).one_or_none()
    if row is None:
        return ()
    connection.execute(_EMPTY, {"this": message_id, "at": at})
    return tuple(key for key in row if key)


def keys_in_use(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Those of the keys under which bytes of the inbox lie."""
    asked = list(keys)
    statement = select(incoming.c.blob, incoming.c.parcel)
    found = connection.execute(statement.where(or_(incoming.c.blob.in_(asked), incoming.c.parcel.in_(asked))))
    return frozenset(key for row in found for key in row if key)
