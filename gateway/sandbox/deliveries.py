"""What each recipient got, as it judged it: the sandbox's answer to "did it arrive, once, whole and signed?"

Comes in: a `Delivery` for every message that a recipient fetched; goes out: the list, as JSON for the
controls. Written by the recipients. A message that comes again raises `copies` and is no new delivery.
"""

import threading
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.message.processes import STATUS
from gateway.message.sbd import Envelope

_Key = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One document as the recipient has it on its disk."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a parcel opened.

    `signature` is "valid" or the code of what does not hold, `rendering` the SHA-256 (hex) of the arkivmelding.
    """

    opened: bool
    signature: str | None = None
    signer: str | None = None
    schema: str | None = None
    files: tuple[ReceivedFile, ...] = ()
    rendering: str | None = None
    problem: str | None = None

    @property
    def acceptable(self) -> bool:
        """Whether an archive would take it in."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message at one recipient. `sender` is the envelope's word for it, `transfer_sender` the Broker's.

    `status` is what a message of type `status` tells: those of one message share its id, and are told apart by it.
    """

    message_id: str
    recipient: str
    type: str
    transfer_sender: str
    received: datetime
    verdict: Verdict
    conversation_id: str | None = None
    sender: str | None = None
    process: str | None = None
    status: str | None = None
    copies: int = 1
    answers: tuple[str, ...] = ()

    def show(self) -> dict[str, object]:
        """The delivery as JSON."""
        return {
            "messageId": self.message_id,
            "conversationId": self.conversation_id,
            "recipient": self.recipient,
            "type": self.type,
            "status": self.status,
            "process": self.process,
            "sender": self.sender,
            "transferSender": self.transfer_sender,
            "copies": self.copies,
            "opened": self.verdict.opened,
            "signature": self.verdict.signature,
            "signer": self.verdict.signer,
            "schema": self.verdict.schema,
            "files": [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in self.verdict.files],
            "rendering": self.verdict.rendering,
            "problem": self.verdict.problem,
            "answers": list(self.answers),
            "receivedAt": self.received.isoformat(),
        }


def status_of(envelope: Envelope) -> str | None:
    """What a message of type `status` tells; None of any other."""
    return str(envelope.business.get("status")) if envelope.document_type == STATUS else None


def _key_of(delivery: Delivery) -> _Key:
    return (delivery.recipient, delivery.type, delivery.message_id, delivery.status)


class Deliveries:
    """All deliveries. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deliveries: dict[_Key, Delivery] = {}

    def count_copy(self, recipient: str, envelope: Envelope) -> bool:
        """Whether the recipient has this message already; then this is one copy more."""
        key = (recipient, envelope.type, envelope.message_id, status_of(envelope))
        with self._lock:
            if (known := self._deliveries.get(key)) is None:
                return False
            self._deliveries[key] = replace(known, copies=known.copies + 1)
            return True

    def record(self, delivery: Delivery) -> None:
        """Note a message that came for the first time."""
        with self._lock:
            self._deliveries[_key_of(delivery)] = delivery

    def note_answer(self, delivery: Delivery, answer: str) -> None:
        """Note that the recipient has answered: `MOTTATT`, `LEVERT`, `kvittering:OK`."""
        key = _key_of(delivery)
        with self._lock:
            known = self._deliveries[key]
            self._deliveries[key] = replace(known, answers=(*known.answers, answer))

    def listed(self, recipient: str | None = None) -> list[dict[str, object]]:
        """Every delivery as JSON, oldest first, of one recipient where it is named."""
        number = recipient.removeprefix("0192:") if recipient else None
        with self._lock:
            return [each.show() for each in self._deliveries.values() if number in (None, each.recipient)]
