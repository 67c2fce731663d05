"""The timeline of a message: every step that was tried, how it went, and when it is tried next.

In come attempts inside the transaction that writes the step back; out come the same, oldest first. Called by delivery;
read by the doors.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy import insert as insert_into

from gateway.errors import Verdict
from gateway.storage.engine import Connection
from gateway.storage.tables import attempt


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one step. `verdict` is None where it went well; `next_try` is None where there is none."""

    message_id: str
    at: datetime
    step: str
    detail: str
    verdict: Verdict | None = None
    next_try: datetime | None = None


_INSERT = insert_into(attempt)
_OF_MESSAGE = (
    select(*(attempt.c[name] for name in Attempt.__dataclass_fields__))
    .where(attempt.c.message_id == bindparam("message_id"))
    .order_by(attempt.c.id)
)


def record(connection: Connection, entry: Attempt) -> None:
    """Add a row to the timeline."""
    connection.execute(_INSERT, asdict(entry))


def of_message(connection: Connection, message_id: str) -> tuple[Attempt, ...]:
    """The timeline of a message, oldest first."""
    return tuple(_read(row) for row in connection.execute(_OF_MESSAGE, {"message_id": message_id}))


def _read(row: Row[Any]) -> Attempt:
    facts = dict(row._mapping)
    verdict = facts.pop("verdict")
    return Attempt(verdict=Verdict(verdict) if verdict else None, **facts)
