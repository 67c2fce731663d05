"""What comes in: receipts for messages that we sent become statuses; everything else waits at the channel.

In comes an organisation to poll for, out come statuses, confirmations to the channel, and notes of what is odd. Called
by the worker. A receipt is believed only when channel, envelope and our own message agree on who sent it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import structlog

from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.lanes import Heard
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError, MustAct, NotFound, Outside, Untrusted
from gateway.language import say
from gateway.maskinporten.calls import quote_words
from gateway.message.identifiers import parse_identifier
from gateway.message.processes import ARKIVMELDING_KVITTERING, STATUS
from gateway.message.sbd import Envelope, read_envelope
from gateway.message.status import FINAL, Evidence, Status
from gateway.packaging.parcel import open_dpo
from gateway.storage import arrivals, attempts, messages, statuses, tasks
from gateway.storage.arrivals import OddEvent, SeenArrival
from gateway.storage.attempts import Attempt
from gateway.storage.engine import Connection, Database
from gateway.storage.messages import Message
from gateway.storage.statuses import StatusEvent
from gateway.storage.tasks import Task
from gateway.transports.port import Arrival, Transport

log = structlog.get_logger(__name__)

POLL = "poll"
RECEIPT = "receipt"
CRASHES_BORNE = 5
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
    """Where a receipt comes from: who fetched it, what the channel says of it, what its envelope says."""

    organisation: str
    arrival: Arrival
    envelope: Envelope


class NotBelieved(Exception):
    """A receipt that does not fit: `reason` is a stable code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reception:
    """Receiving with everything it needs; one for each channel."""

    database: Database
    transport: Transport
    now: Clock
    interval: timedelta = timedelta(seconds=15)
    crashes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def run(self, held: Task) -> Heard | None:
        """The recurring task: poll the organisation that is its subject, and come again after `interval`."""
        heard: Heard | None = None
        try:
            self.poll(held.subject)
            heard = Heard()
        except GatewayError as error:
            log.warning("poll_failed", error=type(error).__name__, detail=error.message)
            heard = Heard(error) if isinstance(error, Outside) else None
        with self.database.writing() as connection:
            tasks.reschedule(connection, replace(held, attempts=0), due=self.now() + self.interval, step="")
        return heard

    def poll(self, organisation: str) -> None:
        """Take in everything that waits for an organisation; one bad arrival does not hold back the others."""
        for arrival in self.transport.waiting(organisation):
            try:
                self._take_in(organisation, arrival)
            except Exception as error:
                # Anybody may send us anything; whatever it does to us, those behind it are taken in.
                log.warning("arrival_left", reference=arrival.reference, error=type(error).__name__)
                if not isinstance(error, GatewayError):
                    self._bear(organisation, arrival, error=error)

    def _bear(self, organisation: str, arrival: Arrival, *, error: Exception) -> None:
        """What fails in ourselves so many times is fetched no more: it waits at the channel for somebody to look."""
        key = (organisation, arrival.reference)
        self.crashes[key] += 1
        if self.crashes[key] < CRASHES_BORNE:
            return
        words = say(
            "the gateway itself failed on it {count} times ({error})", count=CRASHES_BORNE, error=type(error).__name__
        )
        self._note_odd(organisation, arrival, doubt=NotBelieved("CRASHED", words))
        self._leave(organisation, arrival, kind="unreadable")
        del self.crashes[key]

    def _take_in(self, organisation: str, arrival: Arrival) -> None:
        if self._is_left(arrival, organisation):
            return
        try:
            with self.transport.fetch(organisation, arrival.reference) as path:
                envelope = _read_parcel(path)
        except Untrusted as fault:
            self._note_odd(organisation, arrival, doubt=NotBelieved("UNREADABLE", fault.message))
            self._leave(organisation, arrival, kind="unreadable")
            return
        if envelope.document_type not in (STATUS, ARKIVMELDING_KVITTERING):
            self._leave(organisation, arrival, kind=envelope.type)
            return
        try:
            receipt = _read_receipt(envelope)
            with self.database.writing() as connection:
                self._believe(connection, receipt, origin=Origin(organisation, arrival, envelope))
        except NotBelieved as doubt:
            self._note_odd(organisation, arrival, doubt=doubt)
        self.transport.confirm(organisation, arrival.reference)

    def _believe(self, connection: Connection, receipt: Receipt, *, origin: Origin) -> None:
        """Turn a receipt into a status, if it comes from the recipient of the very message that it speaks of."""
        try:
            message = messages.get(connection, receipt.message_id)
        except NotFound as fault:
            words = say("a receipt for a message that was not sent from here")
            raise NotBelieved("UNKNOWN_MESSAGE", words) from fault
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

    def _is_left(self, arrival: Arrival, organisation: str) -> bool:
        """Whether this arrival was looked at before and left where it is."""
        with self.database.reading() as connection:
            return arrivals.is_seen(connection, organisation, reference=arrival.reference)

    def _leave(self, organisation: str, arrival: Arrival, *, kind: str) -> None:
        """Count it and leave it at the channel, unconfirmed: nothing is lost before there is an inbox for it."""
        with self.database.writing() as connection:
            arrivals.see(connection, SeenArrival(organisation, arrival.reference, kind, self.now()))
        log.info("arrival_waits", reference=arrival.reference, kind=kind)

    def _note_odd(self, organisation: str, arrival: Arrival, *, doubt: NotBelieved) -> None:
        event = OddEvent(self.now(), organisation, arrival.reference, arrival.sender, doubt.reason, doubt.detail)
        with self.database.writing() as connection:
            arrivals.note_odd(connection, event)
        log.warning("odd_event", reference=arrival.reference, reason=doubt.reason)


def _read_parcel(path: Path) -> Envelope:
    with path.open("rb") as source, open_dpo(source) as parcel:
        try:
            document = json.loads(parcel.sbd)
            if not isinstance(document, dict):
                raise ValueError("sbd.json is no object")
            return read_envelope(document)
        except (ValueError, RecursionError) as fault:
            message = say("the envelope cannot be read: {error}", error=type(fault).__name__)
            raise Untrusted(message, code="NOT_AN_SBD") from fault


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
    recipient = _number(message.recipient or "")
    if not (recipient == _number(arrival.sender) == _number(envelope.sender)):
        words = say("a receipt from somebody who is not the recipient of the message")
        raise NotBelieved("WRONG_SENDER", words)
    if not (_number(message.sender) == _number(origin.organisation) == _number(envelope.receiver or "")):
        words = say("a receipt that is addressed to somebody other than the message's sender")
        raise NotBelieved("WRONG_RECEIVER", words)
    if envelope.document_type == STATUS and envelope.conversation_id != message.choice.conversation_id:
        words = say("a status whose ConversationId is not that of the message")
        raise NotBelieved("WRONG_CONVERSATION", words)


def _number(identifier: str) -> str:
    """The organisation number; a text that is no identifier equals nothing but itself."""
    try:
        return parse_identifier(identifier).number
    except ValueError:
        return f"unreadable:{identifier}"
