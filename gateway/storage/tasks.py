"""The schedule: one row for each thing that must happen later, claimed under a lease and written back behind a fence.

In come kinds, subjects and times; out come frozen `Task`s. Called by delivery: whoever makes a task necessary adds it
in the same transaction; a worker claims, does one step outside any transaction, and writes back what it did.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, Row, bindparam, delete, exists, or_, select, update

from gateway.errors import Conflict, LeaseLost
from gateway.language import say
from gateway.storage.engine import Connection, Database
from gateway.storage.once import insert_once
from gateway.storage.tables import task


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is to be done later, at `due`: one of a kind for a subject.

    Tasks of one `lane` wait for the same party outside, and share a limit; "" waits for nobody.
    """

    kind: str
    subject: str
    due: datetime
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, held until `lease_until`. `attempts` counts the claims of this step, this one included.

    `fence` is new with every claim: only who knows the newest may write back. `step` is the caller's word, "" at first.
    """

    id: int
    kind: str
    subject: str
    due: datetime
    attempts: int
    fence: int
    step: str
    lease_until: datetime
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands for one who only looks: when it is due, at which step, and until when somebody holds it."""

    due: datetime
    step: str
    lease_until: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """How long a claim holds, of which kinds (empty: all), in which lane (None: any) and how many at once."""

    lease: timedelta
    kinds: tuple[str, ...] = ()
    limit: int = 1
    lane: str | None = None


_FACTS = tuple(task.c[name] for name in Task.__dataclass_fields__)
_FREE = or_(task.c.lease_until.is_(None), task.c.lease_until <= bindparam("now"))
_DUE = (task.c.due <= bindparam("now"), _FREE)
_PICKED = (
    select(task.c.id).where(*_DUE).order_by(task.c.due).limit(bindparam("at_most")).with_for_update(skip_locked=True)
)
_OF_KINDS = task.c.kind.in_(bindparam("kinds", expanding=True))
_IN_LANE = task.c.lane == bindparam("this_lane")
_MINE = (task.c.id == bindparam("this"), task.c.fence == bindparam("held"))
_RENEW = update(task).where(*_MINE).values(lease_until=bindparam("until"))
_RESCHEDULE = (
    update(task)
    .where(*_MINE)
    .values(
        due=bindparam("again"),
        step=bindparam("next_step"),
        attempts=bindparam("tries"),
        lease_until=None,
        lease_owner=None,
    )
)
_HELD = select(task.c.id).where(*_MINE).with_for_update()
_LEASED = select(task.c.id).where(
    task.c.kind == bindparam("this_kind"),
    task.c.subject == bindparam("this_subject"),
    task.c.lease_until > bindparam("now"),
)
_FIND = select(task.c.due, task.c.step, task.c.lease_until).where(
    task.c.kind == bindparam("this_kind"), task.c.subject == bindparam("this_subject")
)
_HASTEN = (
    update(task)
    .where(task.c.kind == bindparam("this_kind"), task.c.subject == bindparam("this_subject"), _FREE)
    .values(due=bindparam("sooner"))
)
_FINISH = delete(task).where(*_MINE)
_REMOVE = delete(task).where(task.c.kind == bindparam("this_kind"), task.c.subject == bindparam("this_subject"))


def add(connection: Connection, new: NewTask) -> None:
    """Put a task on the schedule; Conflict where this kind is already there for this subject."""
    if not _insert(connection, new):
        there = say("a task {kind} for {subject} is on the schedule already", kind=new.kind, subject=new.subject)
        raise Conflict(there, code="TASK_EXISTS")


def ensure(connection: Connection, new: NewTask) -> None:
    """Put a recurring task on the schedule unless it is there: every process may ask for it when it starts."""
    _insert(connection, new)


def claim(database: Database, owner: str, *, now: datetime, terms: ClaimTerms) -> tuple[Task, ...]:
    """Take the longest due tasks that nobody holds, each for one owner only; empty where nothing is due."""
    return claim_each(database, owner, now=now, terms=(terms,))


def claim_each(database: Database, owner: str, *, now: datetime, terms: Sequence[ClaimTerms]) -> tuple[Task, ...]:
    """The same on several terms at once, say one for each lane, in one transaction."""
    claimed: list[Task] = []
    with database.writing() as connection:
        for each in terms:
            bound: dict[str, object] = {"now": now, "until": now + each.lease, "owner": owner, "at_most": each.limit}
            if each.kinds:
                bound["kinds"] = each.kinds
            if each.lane is not None:
                bound["this_lane"] = each.lane
            statement = _claiming(bool(each.kinds), each.lane is not None)
            claimed += [_read(row) for row in connection.execute(statement, bound)]
    return tuple(sorted(claimed, key=lambda held: (held.due, held.id)))


def lanes_due(
    connection: Connection, lanes: tuple[str, ...], *, kinds: tuple[str, ...], now: datetime
) -> tuple[str, ...]:
    """Those of the lanes in which a task of these kinds can be claimed now: a look that takes no lock."""
    answers = connection.execute(_looking(lanes), {"now": now, "kinds": kinds}).one() if lanes else ()
    return tuple(lane for lane, is_due in zip(lanes, answers, strict=True) if is_due)


def renew(database: Database, held: Task, *, until: datetime) -> Task:
    """Hold the task longer; LeaseLost where another has it."""
    with database.writing() as connection:
        _demand(connection.execute(_RENEW, {**_mine(held), "until": until}), held)
    return replace(held, lease_until=until)


def require(connection: Connection, held: Task) -> None:
    """LeaseLost unless the task is still this holder's: asked in the transaction of what only the holder may write."""
    if connection.execute(_HELD, _mine(held)).first() is None:
        raise _lost(held)


def is_leased(connection: Connection, kind: str, *, subject: str, now: datetime) -> bool:
    """Whether somebody is at it this moment."""
    bound = {"this_kind": kind, "this_subject": subject, "now": now}
    return connection.execute(_LEASED, bound).first() is not None


def finish(connection: Connection, held: Task) -> None:
    """Take the task off the schedule; LeaseLost where another has it: let it undo the whole transaction."""
    _demand(connection.execute(_FINISH, _mine(held)), held)


def reschedule(connection: Connection, held: Task, *, due: datetime, step: str) -> None:
    """Hand the task back, to go on with `step` when it is due; LeaseLost as in `finish`.

    The attempts are written as `held` says, and begin anew with another step.
    """
    tries = held.attempts if step == held.step else 0
    bound = {**_mine(held), "again": due, "next_step": step, "tries": tries}
    _demand(connection.execute(_RESCHEDULE, bound), held)


def remove(connection: Connection, kind: str, *, subject: str) -> bool:
    """Take a task off the schedule, held or not: who holds it will find the lease lost. False where there was none."""
    return connection.execute(_REMOVE, {"this_kind": kind, "this_subject": subject}).rowcount > 0


def find(connection: Connection, kind: str, *, subject: str) -> Standing | None:
    """How the task stands, held or not; None where there is none."""
    row = connection.execute(_FIND, {"this_kind": kind, "this_subject": subject}).one_or_none()
    return Standing(*row) if row else None


def hasten(connection: Connection, kind: str, *, subject: str, now: datetime) -> bool:
    """Let a task be due now that was due later; False where somebody holds it, or there is none."""
    bound = {"this_kind": kind, "this_subject": subject, "now": now, "sooner": now}
    return connection.execute(_HASTEN, bound).rowcount > 0


@cache
def _claiming(of_kinds: bool, in_lane: bool) -> Any:
    picked = _PICKED
    if of_kinds:
        picked = picked.where(_OF_KINDS)
    if in_lane:
        picked = picked.where(_IN_LANE)
    # A CTE, for PostgreSQL may run a plain subquery more than once and so claim more than the limit.
    chosen = picked.cte("picked")
    return (
        update(task)
        .where(task.c.id.in_(select(chosen.c.id)))
        .values(
            lease_until=bindparam("until"),
            lease_owner=bindparam("owner"),
            fence=task.c.fence + 1,
            attempts=task.c.attempts + 1,
        )
        .returning(*_FACTS)
    )


@cache
def _looking(lanes: tuple[str, ...]) -> Any:
    looks = (exists().where(*_DUE, _OF_KINDS, task.c.lane == lane) for lane in lanes)
    return select(*(look.label(f"lane_{number}") for number, look in enumerate(looks)))


def _insert(connection: Connection, new: NewTask) -> bool:
    return insert_once(connection, task, row={**asdict(new), "attempts": 0, "fence": 0, "step": ""})


def _mine(held: Task) -> dict[str, object]:
    return {"this": held.id, "held": held.fence}


def _demand(result: CursorResult[Any], held: Task) -> None:
    if result.rowcount == 0:
        raise _lost(held)


def _lost(held: Task) -> LeaseLost:
    return LeaseLost(
        say("task {id} ({kind}) is no longer ours: its lease ran out, or it was taken off", id=held.id, kind=held.kind)
    )


def _read(row: Row[Any]) -> Task:
    return Task(**row._mapping)
