"""What is remembered of a message that came in: the record, its parts, and how a row becomes one.

In come rows, out come frozen `Incoming`s, and back. Called by `inbox`, `inbox_locks` and `inbox_keeping` of this room,
which hand the records on.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Row

from gateway.storage.codec import JsonObject
from gateway.storage.tables_in import incoming

VALID = "VALID"
NO_PACKAGE = "NO_PACKAGE"


class InboxState(StrEnum):
    """Where an incoming message stands. Only what is `waiting` is peeked at."""

    WAITING = "waiting"
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"  # its time was over when it came: never handed on
    UNREADABLE = "unreadable"  # not decrypted, or not believed; `Signature` says why, and the parcel is kept


@dataclass(frozen=True, slots=True)
class Signature:
    """What was found of the package: `verdict` is VALID, NO_PACKAGE, or the code of why it is refused (`PackageFault`).

    `reason` and `mend` say that in words. Who signed is known only where the signature itself held: subject, nine
    digits, serial number in hex, and until when the certificate is valid.
    """

    verdict: str
    reason: str | None = None
    mend: str | None = None
    signer: str | None = None
    organisation: str | None = None
    serial: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """One file of the package, in its order; `sha256` is in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lock:
    """Whose an incoming message is for now. One that has run out holds nobody else off."""

    client_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message that came in for `organisation`; identifiers as `0192:…`, `conversation_id` is that of the SBD.

    `sbd` is its JSON object. `blob` is the key of the verified ASiC-E, `size` its bytes (None: it carries no package),
    `parcel` the key of the bytes as they came, where they could not be opened. `in_reply_to` is the id of the message
    of ours that it answers, `reference` the channel's name for the transfer.
    """

    message_id: str
    conversation_id: str
    organisation: str
    sender: str
    receiver: str
    channel: str
    process: str
    document_type: str
    sbd: JsonObject
    state: InboxState
    received: datetime
    last_updated: datetime
    signature: Signature
    expires: datetime | None = None
    blob: str | None = None
    parcel: str | None = None
    size: int | None = None
    files: tuple[IncomingFile, ...] = ()
    message_channel: str | None = None
    sender_ref: str | None = None
    reference: str | None = None
    in_reply_to: str | None = None
    lock: Lock | None = None
    acknowledged: datetime | None = None
    emptied: datetime | None = None

    @property
    def was_handed_on(self) -> bool:
        """Whether a fagsystem has got it, or may get it: another copy of it is then no news."""
        if self.state is InboxState.ACKNOWLEDGED:
            return self.signature.verdict in (VALID, NO_PACKAGE)
        return self.state is InboxState.WAITING


# Columns whose names and values are those of the record.
PLAIN = (
    *("message_id", "conversation_id", "organisation", "sender", "receiver", "channel", "process", "document_type"),
    *("received", "last_updated", "expires", "blob", "parcel", "size", "message_channel", "sender_ref", "reference"),
    *("in_reply_to", "acknowledged", "emptied"),
)
_SIGNATURE = {
    "verdict": "verdict",
    "reason": "reason",
    "mend": "mend",
    "signer": "signer",
    "organisation": "signer_organisation",
    "serial": "signer_serial",
    "valid_until": "signer_until",
}
COLUMNS = tuple(incoming.c)


def write(entry: Incoming) -> dict[str, object]:
    """The row of a record."""
    row: dict[str, object] = {name: getattr(entry, name) for name in PLAIN}
    row.update(write_signature(entry.signature))
    row["sbd"] = json.dumps(entry.sbd, ensure_ascii=False)
    row["state"] = entry.state.value
    row["files"] = write_files(entry.files)
    row["lock_client"] = entry.lock.client_id if entry.lock else None
    row["lock_until"] = entry.lock.until if entry.lock else None
    return row


def write_signature(found: Signature) -> dict[str, object]:
    """The columns of a verdict."""
    return {column: getattr(found, name) for name, column in _SIGNATURE.items()}


def write_files(files: tuple[IncomingFile, ...]) -> list[list[object]]:
    """The files as JSON."""
    return [[file.name, file.size, file.sha256] for file in files]


def read(row: Row[Any]) -> Incoming:
    """The record of a whole row."""
    facts: dict[str, Any] = dict(row._mapping)
    return Incoming(
        sbd=cast("JsonObject", json.loads(facts["sbd"])),
        state=InboxState(facts["state"]),
        signature=Signature(**{name: facts[column] for name, column in _SIGNATURE.items()}),
        files=tuple(IncomingFile(*each) for each in facts["files"]),
        lock=Lock(facts["lock_client"], facts["lock_until"]) if facts["lock_until"] else None,
        **{name: facts[name] for name in PLAIN},
    )
