"""Receipts for what we sent: a status or a kvittering becomes a status of the message that it speaks of.

In comes what was fetched for an organisation, out comes an event of the log, or `NotBelieved` with the reason. Called by
`reception`. A receipt is believed only when channel, envelope and our own message agree on who sent it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.submission import Clock
from gateway.errors import MustAct, NotFound
from gateway.language import say
from gateway.maskinporten.calls import quote_words
from gateway.message.identifiers import number_of
from gateway.message.processes import STATUS
from gateway.message.sbd import Envelope, JsonObject
from gateway.message.status import FINAL, Evidence, Status
from gateway.storage import attempts, messages, statuses, tasks
from gateway.storage.attempts import Attempt
from gateway.storage.engine import Connection
from gateway.storage.messages import Message
from gateway.storage.statuses import StatusEvent
from gateway.transports.port import Arrival

RECEIPT = "receipt"
UNKNOWN_MESSAGE = "UNKNOWN_MESSAGE"
_ASK_RECIPIENT = say(
    "The recipient has the message and could not use it: agree with the recipient what is to be done before anything is "
    "sent again."
)
_BELIEVED = {Status.MOTTATT, Status.LEVERT, Status.LEST, Status.FEIL, Status.ANNET}
_EVIDENCE = {Status.MOTTATT: Evidence.STORED_BY_RECIPIENT, Status.LEVERT: Evidence.STORED_BY_RECIPIENT}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a status or a kvittering says: of which message, what, and the recipient's own words."""

    message_id: str
    status: Status
    evidence: Evidence
    description: str
    raw: str | None
    answer: str | None = None
    mend: str | None = None
    must_act: MustAct | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What was fetched: for whom, what the channel says of it, its envelope, and the SBD that this was read from."""

    organisation: str
    arrival: Arrival
    envelope: Envelope
    document: JsonObject


class NotBelieved(Exception):
    """What came in and does not fit: `reason` is a stable code; with `keep` it stays at the channel for somebody to look."""

    def __init__(self, reason: str, detail: str, *, keep: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.keep = keep


@dataclass(frozen=True, slots=True)
class Crediting:
    """Taking receipts in, with everything it needs."""

    now: Clock

    def believe(self, connection: Connection, origin: Origin) -> None:
        """Turn a receipt into a status, if it comes from the recipient of the very message that it speaks of."""
        receipt = _read_receipt(origin.envelope)
        try:
            message = messages.get(connection, receipt.message_id)
        except NotFound as fault:
            words = say("a receipt for a message that was not sent from here")
            raise NotBelieved(UNKNOWN_MESSAGE, words) from fault
        _check_origin(message, origin)
        # Where our own upload's answer was lost, the receipt is the proof that it was handed over.
        words = say("proven by the recipient's receipt")
        proof = Receipt(message.id, Status.SENDT, Evidence.HANDED_OVER, words, None)
        statuses.append(connection, self._event(message, proof))
        if statuses.append(connection, self._event(message, receipt)) is None and receipt.status is Status.FEIL:
            self._record_more(connection, message, receipt=receipt)
        if receipt.status in FINAL:
            tasks.remove(connection, EXPIRE, subject=message.id)
        # A receipt proves that it was published and fetched: nothing is left to follow or to send.
        tasks.remove(connection, DELIVER, subject=message.id)

    def _record_more(self, connection: Connection, message: Message, *, receipt: Receipt) -> None:
        """A second FEIL is no second status, but its words may be the reason: the timeline tells them, once."""
        told = {each.raw for each in statuses.of_message(connection, message.id)}
        recorded = {each.detail for each in attempts.of_message(connection, message.id)}
        if receipt.raw not in told and receipt.description not in recorded:
            more = Attempt(message.id, self.now(), RECEIPT, receipt.description, answer=receipt.answer)
            attempts.record(connection, replace(more, mend=receipt.mend, must_act=receipt.must_act))

    def _event(self, message: Message, receipt: Receipt) -> StatusEvent:
        return StatusEvent(
            message_id=message.id,
            conversation_id=message.conversation_id,
            client_id=message.client_id,
            status=receipt.status,
            at=self.now(),
            description=receipt.description,
            evidence=receipt.evidence,
            raw=receipt.raw,
            answer=receipt.answer,
            mend=receipt.mend,
            must_act=receipt.must_act,
        )


def _read_receipt(envelope: Envelope) -> Receipt:
    raw = json.dumps(envelope.business, ensure_ascii=False)
    if envelope.document_type == STATUS:
        word = str(envelope.business.get("status", ""))
        status = Status(word) if word in Status.__members__ else None
        if status not in _BELIEVED:
            doubt = say("a status message with a status that a recipient cannot give")
            raise NotBelieved("UNKNOWN_STATUS", doubt)
        receipt = Receipt(envelope.message_id, status, _EVIDENCE.get(status, Evidence.NONE), "", raw)
        return (
            _refused(receipt, say("the recipient's system answered that it failed"))
            if status is Status.FEIL
            else receipt
        )
    related = str(envelope.business.get("relatedToMessageId", ""))
    kind = str(envelope.business.get("receiptType", ""))
    words = _texts(envelope)
    description = say("the recipient's archive answered {kind}", kind=kind)
    if words:
        description = say("the recipient's archive answered {kind}: {words}", kind=kind, words=words)
    read = Receipt(related, Status.LEST, Evidence.REGISTERED_IN_ARCHIVE, description, raw, words or None)
    if kind not in ("ERROR", "NOTSUPPORTED"):
        return read
    return _refused(replace(read, status=Status.FEIL, evidence=Evidence.NONE), description)


def _refused(receipt: Receipt, description: str) -> Receipt:
    """The recipient has it and cannot use it, so it is the recipient's move: a second copy would double it."""
    return replace(receipt, description=description, mend=_ASK_RECIPIENT, must_act=MustAct.RECIPIENT)


def _texts(envelope: Envelope) -> str:
    """The texts of a kvittering, as the recipient wrote them."""
    entries = envelope.business.get("messages")
    texts = (
        [str(entry.get("text", "")) for entry in entries if isinstance(entry, Mapping)]
        if isinstance(entries, list)
        else []
    )
    return quote_words("; ".join(text for text in texts if text))


def _check_origin(message: Message, origin: Origin) -> None:
    arrival, envelope = origin.arrival, origin.envelope
    recipient = number_of(message.recipient or "")
    if not (recipient == number_of(arrival.sender) == number_of(envelope.sender)):
        words = say("a receipt from somebody who is not the recipient of the message")
        raise NotBelieved("WRONG_SENDER", words)
    if not (number_of(message.sender) == number_of(origin.organisation) == number_of(envelope.receiver or "")):
        words = say("a receipt that is addressed to somebody other than the message's sender")
        raise NotBelieved("WRONG_RECEIVER", words)
    if envelope.document_type == STATUS and envelope.conversation_id != message.choice.conversation_id:
        words = say("a status whose ConversationId is not that of the message")
        raise NotBelieved("WRONG_CONVERSATION", words)
