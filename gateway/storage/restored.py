"""After a restore: what was queued in the copy may have gone out since, so it waits until somebody lets it go.

In comes a restored database before anything works on it, out come the messages that are held, and later their release.
Called by the commands `restore` and `db`. Held is a step of the delivery task, which no worker carries on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text, update

from gateway.language import say
from gateway.message.status import Outcome, Status, may_have_left
from gateway.storage import statuses, tasks
from gateway.storage.engine import Connection
from gateway.storage.states import MessageState
from gateway.storage.statuses import StatusEvent
from gateway.storage.tables import message, status, task
from gateway.storage.tasks import NewTask

HELD = "held"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# A reader of the log who was further than the copy must not take what comes now for what it has seen.
_LEAP = 1_000_000
RELEASE = say(
    "The operator of the gateway asks the channel or the recipient whether it arrived, and lets it go with: gateway db release"
)
_TOLD = say(
    "restored from a backup: it may have been handed over after the backup was taken; it is held until the operator of the "
    "gateway lets it go"
)


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message that waits for its release; `reference` is what the channel called it before the backup, if anything."""

    id: str
    conversation_id: str
    sender: str
    recipient: str | None
    channel: str | None
    reference: str | None
    deadline: datetime | None


_FACTS = tuple(message.c[name] for name in HeldMessage.__dataclass_fields__)
_TASK_OF = (task.c.subject == message.c.id, task.c.kind == bindparam("kind"))
_QUEUED = select(*_FACTS, message.c.client_id).where(message.c.state == MessageState.QUEUED.value)
# Only what could be started again; what had left the house, or is late, is refused anyhow.
_FAILED = select(message.c.id, message.c.deadline).where(
    message.c.state == MessageState.FINAL.value, message.c.outcome == Outcome.FAILED.value
)
_HELD = select(*_FACTS).join(task, _TASK_OF[0]).where(_TASK_OF[1], task.c.step == HELD).order_by(message.c.deadline)
_PARK = (
    update(task)
    .where(task.c.kind == bindparam("kind_"), task.c.subject == bindparam("subject_"))
    .values(step=HELD, due=NEVER, lease_until=None, lease_owner=None, fence=task.c.fence + 1)
)
_RELEASE = (
    update(task)
    .where(task.c.kind == bindparam("kind_"), task.c.step == HELD)
    .values(step="", due=bindparam("now"), attempts=0, fence=task.c.fence + 1)
    .returning(task.c.subject)
)
_RELEASE_FAILED = (
    delete(task)
    .where(
        task.c.kind == bindparam("kind_"),
        task.c.step == HELD,
        task.c.subject.in_(select(message.c.id).where(message.c.state == MessageState.FINAL.value)),
    )
    .returning(task.c.subject)
)


def hold(connection: Connection, kind: str, *, now: datetime) -> tuple[HeldMessage, ...]:
    """Hold every queued message and say so in its log; `kind` is the word for delivery tasks. Again is the same.

    A failed one is held from being started again: that may have been done, with success, after the backup.
    """
    for row in connection.execute(_QUEUED).all():
        tasks.ensure(connection, NewTask(kind, row.id, NEVER, lane=row.channel or ""))
        connection.execute(_PARK, {"kind_": kind, "subject_": row.id})
        told = StatusEvent(row.id, row.conversation_id, row.client_id, Status.ANNET, now, description=_TOLD)
        statuses.append(connection, told)
    for failed, deadline in connection.execute(_FAILED).all():
        if _could_restart(connection, failed, deadline=deadline, now=now):
            tasks.ensure(connection, NewTask(kind, failed, NEVER))
            connection.execute(_PARK, {"kind_": kind, "subject_": failed})
    return held(connection, kind)


def held(connection: Connection, kind: str) -> tuple[HeldMessage, ...]:
    """What is held, the nearest deadline first."""
    return tuple(HeldMessage(**row._mapping) for row in connection.execute(_HELD, {"kind": kind}))


def _could_restart(connection: Connection, message_id: str, *, deadline: datetime | None, now: datetime) -> bool:
    log = [event.status for event in statuses.of_message(connection, message_id)]
    return (deadline is None or deadline > now) and not may_have_left(log)


def release(connection: Connection, kind: str, *, only: Sequence[str] | None, now: datetime) -> tuple[str, ...]:
    """Let go of the messages with these ids (None: of all); the ids of those that were held. Failed ones stay failed."""
    failed: Any = _RELEASE_FAILED if only is None else _RELEASE_FAILED.where(task.c.subject.in_(only))
    queued: Any = _RELEASE if only is None else _RELEASE.where(task.c.subject.in_(only))
    free = tuple(connection.scalars(failed, {"kind_": kind}))
    return free + tuple(connection.scalars(queued, {"kind_": kind, "now": now}))


def leap(connection: Connection) -> None:
    """Let the log's cursor leap beyond what any reader can have seen after the backup."""
    newest: int = connection.scalar(select(func.max(status.c.cursor))) or 0
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'status'"))
        bound = {"newest": newest + _LEAP}
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('status', :newest)"), bound)
        return
    leap = text("SELECT setval(pg_get_serial_sequence('status', 'cursor'), :newest)")
    connection.execute(leap, {"newest": newest + _LEAP})
