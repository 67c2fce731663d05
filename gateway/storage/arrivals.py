"""What came in and is not yet dealt with: arrivals left with their channel, and events nobody should have sent.

In come references of a channel inside the caller's transaction; out come counts for metrics and rows for a person who
looks. Called by delivery.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from gateway.storage.engine import Connection
from gateway.storage.once import insert_once
from gateway.storage.tables_in import arrival, odd_event


@dataclass(frozen=True, slots=True)
class SeenArrival:
    """Something that a channel offers an organisation. `kind` is the message type, or what stands in its place."""

    organisation: str
    reference: str
    kind: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class OddEvent:
    """Something that is not believed: `reason` is a stable code, `detail` a sentence for whoever looks into it."""

    at: datetime
    organisation: str
    reference: str
    sender: str | None
    reason: str
    detail: str


_CONFIRM = (
    update(arrival)
    .where(
        arrival.c.organisation == bindparam("of_organisation"),
        arrival.c.reference == bindparam("called"),
        arrival.c.confirmed.is_(None),
    )
    .values(confirmed=bindparam("at"))
)
_SEEN = select(arrival.c.reference).where(
    arrival.c.organisation == bindparam("of_organisation"), arrival.c.reference == bindparam("called")
)
_WAITING = select(arrival.c.kind, func.count()).where(arrival.c.confirmed.is_(None)).group_by(arrival.c.kind)
_ODD = select(*(odd_event.c[name] for name in OddEvent.__dataclass_fields__)).order_by(odd_event.c.id.desc())


def see(connection: Connection, entry: SeenArrival) -> bool:
    """Remember that this was offered; whether it is the first time."""
    return insert_once(connection, arrival, row=asdict(entry))


def is_seen(connection: Connection, organisation: str, *, reference: str) -> bool:
    """Whether this was offered before and left where it is."""
    bound = {"of_organisation": organisation, "called": reference}
    return connection.execute(_SEEN, bound).first() is not None


def confirm(connection: Connection, organisation: str, *, reference: str, at: datetime) -> None:
    """Remember that it is dealt with, and when first; the channel will not offer it again."""
    connection.execute(_CONFIRM, {"of_organisation": organisation, "called": reference, "at": at})


def count_waiting(connection: Connection) -> dict[str, int]:
    """How many arrivals of each kind are still with their channel."""
    return {row[0]: row[1] for row in connection.execute(_WAITING)}


def note_odd(connection: Connection, event: OddEvent) -> bool:
    """Remember an odd event; False where the same thing was noted for the same reason before."""
    return insert_once(connection, odd_event, row=asdict(event))


def odd_events(connection: Connection, *, limit: int) -> tuple[OddEvent, ...]:
    """The newest odd events."""
    return tuple(OddEvent(*row) for row in connection.execute(_ODD.limit(limit)))
