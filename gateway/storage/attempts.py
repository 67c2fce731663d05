"""What a message has been through: every step that was tried, how it went and when it is tried next, and acts by hand.

In come attempts and acts inside the transaction that makes them true; out come the same, oldest first. Called by
delivery.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy import insert as insert_into

from gateway.errors import MustAct, Verdict
from gateway.storage.engine import Connection
from gateway.storage.tables import act, attempt


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one step. `verdict` is None where it went well; `next_try` is None where there is none.

    `mend` and `must_act` say what to do and who must, `http_status` and `answer` what the other side said in its own words.
    """

    message_id: str
    at: datetime
    step: str
    detail: str
    verdict: Verdict | None = None
    next_try: datetime | None = None
    mend: str | None = None
    must_act: MustAct | None = None
    code: str | None = None
    http_status: int | None = None
    answer: str | None = None


class ActKind(StrEnum):
    """What can be done to a message by hand."""

    RETRY = "retry"  # the next try was brought forward
    RESTART = "restart"  # a failed message was started again
    CANCEL = "cancel"
    SEND = "send"  # which program has sent it


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a hand. `actor` is who did it, where the fagsystem has said so."""

    message_id: str
    at: datetime
    kind: ActKind
    detail: str
    actor: str | None = None


_INSERT = insert_into(attempt)
_OF_MESSAGE = (
    select(*(attempt.c[name] for name in Attempt.__dataclass_fields__))
    .where(attempt.c.message_id == bindparam("message_id"))
    .order_by(attempt.c.id)
)


_INSERT_ACT = insert_into(act)
_ACTS = (
    select(*(act.c[name] for name in Act.__dataclass_fields__))
    .where(act.c.message_id == bindparam("message_id"))
    .order_by(act.c.id)
)


def record(connection: Connection, entry: Attempt) -> None:
    """Add a row to the timeline."""
    connection.execute(_INSERT, asdict(entry))


def of_message(connection: Connection, message_id: str) -> tuple[Attempt, ...]:
    """The timeline of a message, oldest first."""
    return tuple(_read(row) for row in connection.execute(_OF_MESSAGE, {"message_id": message_id}))


def record_act(connection: Connection, entry: Act) -> None:
    """Remember an act."""
    connection.execute(_INSERT_ACT, asdict(entry))


def acts_of(connection: Connection, message_id: str) -> tuple[Act, ...]:
    """What was done to a message by hand, oldest first."""
    rows = connection.execute(_ACTS, {"message_id": message_id})
    return tuple(Act(**{**row._mapping, "kind": ActKind(row.kind)}) for row in rows)


def _read(row: Row[Any]) -> Attempt:
    facts = dict(row._mapping)
    verdict, must_act = facts.pop("verdict"), facts.pop("must_act")
    return Attempt(
        verdict=Verdict(verdict) if verdict else None, must_act=MustAct(must_act) if must_act else None, **facts
    )
