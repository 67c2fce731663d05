"""What each recipient got, as it judged it: the sandbox's answer to "did it arrive, once, whole and signed?"

Comes in: a `Delivery` for every message that a recipient fetched; goes out: the list, as JSON for the
controls. Written by the recipients. A message that comes again raises `copies` and is no new delivery. What an
organisation is told of messages of its own stands beside them.
"""

import threading
from dataclasses import dataclass, replace
from datetime import datetime


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
    """One message at one recipient. `sender` is the envelope's word for it, `transfer_sender` the Broker's."""

    message_id: str
    recipient: str
    type: str
    transfer_sender: str
    received: datetime
    verdict: Verdict
    conversation_id: str | None = None
    sender: str | None = None
    process: str | None = None
    copies: int = 1
    answers: tuple[str, ...] = ()

    def show(self) -> dict[str, object]:
        """The delivery as JSON."""
        return {
            "messageId": self.message_id,
            "conversationId": self.conversation_id,
            "recipient": self.recipient,
            "type": self.type,
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


class Deliveries:
    """All deliveries. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deliveries: dict[tuple[str, str, str], Delivery] = {}
        self._told: dict[tuple[str, str], list[str]] = {}

    def count_copy(self, recipient: str, message_id: str, *, type: str) -> bool:
        """Whether the recipient has this message already; then this is one copy more."""
        key = (recipient, type, message_id)
        with self._lock:
            if (known := self._deliveries.get(key)) is None:
                return False
            self._deliveries[key] = replace(known, copies=known.copies + 1)
            return True

    def record(self, delivery: Delivery) -> None:
        """Note a message that came for the first time."""
        with self._lock:
            self._deliveries[delivery.recipient, delivery.type, delivery.message_id] = delivery

    def note_answer(self, delivery: Delivery, answer: str) -> None:
        """Note that the recipient has answered: `MOTTATT`, `LEVERT`, `kvittering:OK`."""
        key = (delivery.recipient, delivery.type, delivery.message_id)
        with self._lock:
            known = self._deliveries[key]
            self._deliveries[key] = replace(known, answers=(*known.answers, answer))

    def note_status(self, recipient: str, message_id: str, *, status: str) -> None:
        """Note that an organisation was told this status of a message that it has sent."""
        with self._lock:
            self._told.setdefault((recipient, message_id), []).append(status)

    def told(self) -> list[dict[str, object]]:
        """Of every message the statuses that its sender was told, in the order in which they came, repeats too."""
        with self._lock:
            return [
                {"recipient": recipient, "messageId": message_id, "statuses": list(statuses)}
                for (recipient, message_id), statuses in self._told.items()
            ]

    def listed(self, recipient: str | None = None) -> list[dict[str, object]]:
        """Every delivery as JSON, oldest first, of one recipient where it is named."""
        number = recipient.removeprefix("0192:") if recipient else None
        with self._lock:
            return [each.show() for each in self._deliveries.values() if number in (None, each.recipient)]
