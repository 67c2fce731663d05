"""The receipts that we owe the senders of incoming messages: written once each, and what the channel calls them.

In come frozen `ReceiptOut`s inside the transaction of what they tell, out come the same. Called by `delivery.receipts`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Row, bindparam, select, update

from gateway.message.status import Status
from gateway.storage.codec import JsonObject
from gateway.storage.engine import Connection
from gateway.storage.once import insert_once
from gateway.storage.tables_in import receipt_out


class ReceiptState(StrEnum):
    """How far a receipt has come."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReceiptOut:
    """One status message about an incoming message: from whom to whom (`0192:…`), its SBD, until when it is tried.

    `tries` counts what went wrong, `reason` is the last of it in words.
    """

    message_id: str
    status: Status
    sender: str
    recipient: str
    sbd: JsonObject
    created: datetime
    deadline: datetime
    message_channel: str | None = None
    state: ReceiptState = ReceiptState.QUEUED
    reference: str | None = None
    sent: datetime | None = None
    tries: int = 0
    reason: str | None = None


_FACTS = select(*(receipt_out.c[name] for name in ReceiptOut.__dataclass_fields__))
_THIS = (receipt_out.c.message_id == bindparam("this"), receipt_out.c.status == bindparam("told"))
_GET = _FACTS.where(*_THIS)
_OF_MESSAGE = _FACTS.where(receipt_out.c.message_id == bindparam("this")).order_by(
    receipt_out.c.created, receipt_out.c.status.desc()
)
_NAME = update(receipt_out).where(*_THIS).values(reference=bindparam("called"))
_SENT = update(receipt_out).where(*_THIS).values(state=ReceiptState.SENT.value, sent=bindparam("at"))
_STUMBLED = (
    update(receipt_out)
    .where(*_THIS)
    .values(state=bindparam("stands"), reason=bindparam("why"), tries=receipt_out.c.tries + 1)
)


def insert(connection: Connection, entry: ReceiptOut) -> bool:
    """Remember a receipt; False where this status of this message was written before."""
    row = {name: getattr(entry, name) for name in ReceiptOut.__dataclass_fields__}
    row.update(status=entry.status.value, state=entry.state.value, sbd=json.dumps(entry.sbd, ensure_ascii=False))
    return insert_once(connection, receipt_out, row=row)


def find(connection: Connection, message_id: str, *, status: Status) -> ReceiptOut | None:
    """The receipt with this status, or None."""
    row = connection.execute(_GET, {"this": message_id, "told": status.value}).one_or_none()
    return _read(row) if row else None


def of_message(connection: Connection, message_id: str) -> tuple[ReceiptOut, ...]:
    """Every receipt for a message, in the order in which they were written."""
    return tuple(_read(row) for row in connection.execute(_OF_MESSAGE, {"this": message_id}))


def set_reference(connection: Connection, entry: ReceiptOut, *, reference: str | None) -> None:
    """Remember what the channel calls it; None: it has no name any more."""
    connection.execute(_NAME, {**_this(entry), "called": reference})


def set_sent(connection: Connection, entry: ReceiptOut, *, at: datetime) -> None:
    """It was handed over."""
    connection.execute(_SENT, {**_this(entry), "at": at})


def stumble(connection: Connection, entry: ReceiptOut, *, reason: str, state: ReceiptState) -> None:
    """A try went wrong; `state` says whether there is another."""
    connection.execute(_STUMBLED, {**_this(entry), "stands": state.value, "why": reason})


def _this(entry: ReceiptOut) -> dict[str, object]:
    return {"this": entry.message_id, "told": entry.status.value}


def _read(row: Row[Any]) -> ReceiptOut:
    facts = dict(row._mapping)
    return ReceiptOut(
        status=Status(facts.pop("status")),
        state=ReceiptState(facts.pop("state")),
        sbd=cast("JsonObject", json.loads(facts.pop("sbd"))),
        **facts,
    )
