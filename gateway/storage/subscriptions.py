"""Subscriptions: who is told of events by webhook, how far each has been told, and how it went.

In come frozen `Subscription`s with a sealed secret, out come the same. Called by delivery and by `statuses` of this room,
which wakes the tasks of those who wait for an event; read by the doors.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, delete, func, select, update
from sqlalchemy import insert as insert_into

from gateway.errors import NotFound
from gateway.message.status import Direction, Status
from gateway.storage.engine import Connection
from gateway.storage.tables import subscription, task

WEBHOOK = "webhook"


class SubscriptionState(StrEnum):
    """Whether events are delivered: DISABLED by the gateway after failures, PAUSED by its owner."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. What comes after `cursor` has not been told yet; no `statuses` means every one.

    `organisations` are those of its client: what comes in for them is told too.
    `failures` counts the tries in a row that went wrong, since `failing_since`; `next_try` is set while it is waited.
    """

    id: str
    client_id: str
    url: str
    secret: bytes = field(repr=False)
    statuses: tuple[Status, ...]
    direction: Direction | None
    state: SubscriptionState
    cursor: int
    created: datetime
    failures: int = 0
    failing_since: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    last_error: str | None = None
    next_try: datetime | None = None
    organisations: tuple[str, ...] = ()


_FACTS = select(*(subscription.c[name] for name in Subscription.__dataclass_fields__))
_GET = _FACTS.where(subscription.c.id == bindparam("this"))
_HELD = _GET.with_for_update()
_OF_CLIENT = _FACTS.where(subscription.c.client_id == bindparam("client_id")).order_by(
    subscription.c.created, subscription.c.id
)
_COUNT = select(func.count()).where(subscription.c.client_id == bindparam("client_id"))
_INSERT = insert_into(subscription)
_REMOVE = delete(subscription).where(subscription.c.id == bindparam("this"))
# Every row is written, and so locked, though only what is idle is woken: a round that ends just now waits for the event
# to be committed before it looks at the log a last time. What has failed keeps its pause.
_WAKE = (
    update(task)
    .where(
        task.c.kind == WEBHOOK,
        task.c.subject.in_(
            select(subscription.c.id).where(
                subscription.c.client_id == bindparam("client_id"),
                subscription.c.state == SubscriptionState.ACTIVE.value,
            )
        ),
    )
    .values(due=case((and_(task.c.step == "", task.c.due > bindparam("at")), bindparam("at")), else_=task.c.due))
)
_ACTIVE = select(subscription.c.client_id, subscription.c.organisations).where(
    subscription.c.state == SubscriptionState.ACTIVE.value
)
_RESTART = (
    update(task)
    .where(task.c.kind == WEBHOOK, task.c.subject == bindparam("this"))
    .values(due=bindparam("at"), step="", attempts=0)
)


def insert(connection: Connection, entry: Subscription) -> None:
    """Remember a new one."""
    connection.execute(_INSERT, _row(entry))


def get(connection: Connection, subscription_id: str, *, client_id: str | None) -> Subscription:
    """One of this client's (None: of anybody's); NotFound where there is none."""
    row = connection.execute(_GET, {"this": subscription_id}).one_or_none()
    if row is None or client_id not in (None, row.client_id):
        raise NotFound("there is no such subscription", mend="GET /subscriptions lists those of this login.")
    return _read(row)


def hold(connection: Connection, subscription_id: str) -> Subscription | None:
    """One, which nobody else changes until this transaction ends; None where there is none."""
    row = connection.execute(_HELD, {"this": subscription_id}).one_or_none()
    return _read(row) if row else None


def of_client(connection: Connection, client_id: str) -> tuple[Subscription, ...]:
    """A client's, the oldest first."""
    return tuple(_read(row) for row in connection.execute(_OF_CLIENT, {"client_id": client_id}))


def count_of(connection: Connection, client_id: str) -> int:
    """How many a client has."""
    return connection.scalar(_COUNT, {"client_id": client_id}) or 0


def change(connection: Connection, subscription_id: str, *, facts: Mapping[str, object]) -> None:
    """Set these facts of one, by the names of the record."""
    this = subscription.c.id == subscription_id
    connection.execute(update(subscription).where(this).values({subscription.c[name]: facts[name] for name in facts}))


def remove(connection: Connection, subscription_id: str) -> None:
    """Forget one."""
    connection.execute(_REMOVE, {"this": subscription_id})


def wake(connection: Connection, client_id: str, *, at: datetime) -> None:
    """Let the idle tasks of a client's active subscriptions be due: in the transaction of the event they wait for."""
    connection.execute(_WAKE, {"client_id": client_id, "at": at})


def wake_for(connection: Connection, organisation: str, *, at: datetime) -> None:
    """The same for the clients of an organisation, when something has come in for it."""
    clients = {row.client_id for row in connection.execute(_ACTIVE) if organisation in row.organisations}
    for client_id in sorted(clients):
        wake(connection, client_id, at=at)


def restart(connection: Connection, subscription_id: str, *, at: datetime) -> None:
    """Let the task of one be due, whatever it waits for."""
    connection.execute(_RESTART, {"this": subscription_id, "at": at})


def _row(entry: Subscription) -> dict[str, object]:
    row = asdict(entry)
    return {
        **row,
        "statuses": [status.value for status in entry.statuses],
        "organisations": list(entry.organisations),
    }


def _read(row: Row[Any]) -> Subscription:
    facts = dict(row._mapping)
    return Subscription(
        statuses=tuple(Status(name) for name in facts.pop("statuses")),
        direction=Direction(named) if (named := facts.pop("direction")) else None,
        state=SubscriptionState(facts.pop("state")),
        organisations=tuple(facts.pop("organisations")),
        **facts,
    )
