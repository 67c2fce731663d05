"""Receipts back: MOTTATT when a message is stored, LEVERT when the fagsystem has acknowledged it, each sent once.

In comes an incoming message inside the transaction that stores or acknowledges it, later the task that this left; out
go status messages over the channel. Called by the reception, the inbox and the worker. They carry no files, so nobody is
looked up for them. Source: reference of the NextMove API §11.3.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gateway.delivery.lanes import Heard
from gateway.delivery.leases import Leases
from gateway.delivery.retry import Backoff
from gateway.delivery.submission import Clock, NewId
from gateway.errors import LeaseLost, MustAct, Outside, SetupFault, TokenRefused
from gateway.keys import KeyRing
from gateway.language import say
from gateway.message.processes import STATUS, Channel, response_process
from gateway.message.sbd import Reply, read_envelope, reply_envelope, write_envelope
from gateway.message.status import Status
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import Parties, Signing
from gateway.storage import receipts_out, tasks
from gateway.storage.engine import Connection, Database
from gateway.storage.inbox import Incoming
from gateway.storage.receipts_out import ReceiptOut, ReceiptState
from gateway.storage.tasks import NewTask, Task
from gateway.transports.port import Consignment, Found, Parcel, Transport

log = structlog.get_logger(__name__)

RECEIPT_BACK = "receipt"
LIFETIME = timedelta(hours=24)
# The step of a receipt whose bytes the channel is still receiving, and after how many looks it is sent anew: with the
# pauses of the schedule that is ten minutes.
_BUSY = "busy"
_LOOKS = 6
_IN_TURN = timedelta(seconds=1)
_TOO_LATE = say("it could not be handed over in time")


def owe(connection: Connection, to: Incoming, *, status: Status, now: datetime) -> None:
    """Write the receipt and the task that sends it, in the transaction of what it tells; a repeat changes nothing."""
    envelope = read_envelope(to.sbd)
    reply = Reply(STATUS, response_process(to.document_type) or to.process, {"status": status.value})
    answer = replace(reply_envelope(envelope, reply, now=now), expected_response=now + LIFETIME)
    entry = ReceiptOut(
        message_id=to.message_id,
        status=status,
        sender=to.organisation,
        recipient=":".join(
            to.sender.split(":")[:2]
        ),  # without the part of an organisation, which the channel does not know
        sbd=write_envelope(answer),
        created=now,
        deadline=now + LIFETIME,
        message_channel=to.message_channel,
    )
    if receipts_out.insert(connection, entry):
        tasks.ensure(connection, NewTask(RECEIPT_BACK, _subject(entry), now, lane=Channel.DPO.value))


@dataclass(frozen=True, slots=True)
class Receipts:
    """Sending receipts with everything it needs."""

    database: Database
    transport: Transport
    ring: KeyRing
    backoff: Backoff
    leases: Leases
    now: Clock
    new_id: NewId

    def carry(self, held: Task) -> Heard | None:
        """One step of one receipt; every error but a lost lease is judged and written down."""
        entry, before = self._load(held)
        if entry is None or entry.state is not ReceiptState.QUEUED:
            self._leave(held)
            return None
        if before is not None and before.state is ReceiptState.QUEUED:
            self._come_again(held, self.now() + _IN_TURN)
            return None
        if entry.deadline <= self.now():
            self._give_up(held, entry, why=_TOO_LATE)
            return None
        try:
            self._hand_over(held, entry)
            return Heard()
        except LeaseLost:
            raise
        except Exception as error:
            self._judge(held, entry, error=error)
            return Heard(error) if isinstance(error, Outside) and error.must_act is not MustAct.RECIPIENT else None

    def _load(self, held: Task) -> tuple[ReceiptOut | None, ReceiptOut | None]:
        """The receipt, and the one that goes before it."""
        message_id, _, word = held.subject.rpartition(" ")
        with self.database.reading() as connection:
            entry = receipts_out.find(connection, message_id, status=Status(word))
            if word != Status.LEVERT:
                return entry, None
            return entry, receipts_out.find(connection, message_id, status=Status.MOTTATT)

    def _hand_over(self, held: Task, entry: ReceiptOut) -> None:
        """What an earlier try left at the channel decides; nothing is sent twice."""
        reference = entry.reference
        if reference is not None:
            found = self.transport.find(entry.sender, reference).state
            if found in (Found.ARRIVED, Found.PUBLISHED):
                self._record_sent(held, entry)
                return
            if found is Found.BUSY and not (held.step == _BUSY and held.attempts >= _LOOKS):
                again = self.now() + self.backoff.pause(held.attempts)
                self._come_again(held, again, step=_BUSY)
                return
            if found is not Found.EMPTY:
                reference = None
        self.transport.send(self._consign(held, entry), reference=reference, remember=self._remember(held, entry))
        self._record_sent(held, entry)

    def _consign(self, held: Task, entry: ReceiptOut) -> Consignment:
        now = self.now()
        signing = Signing(self.ring.signing(now), now, self.new_id())
        sbd = json.dumps(entry.sbd, ensure_ascii=False).encode()
        sealed = seal_dpo(sbd, (), parties=Parties(entry.sender, entry.recipient), signer=signing, certificate=None)

        def chunks() -> Iterator[bytes]:
            for chunk in sealed.chunks():
                self.leases.require(held, self.now())
                yield chunk

        parcel = Parcel(sealed.length, chunks)
        return Consignment(entry.message_id, entry.sender, entry.recipient, parcel, entry.message_channel)

    def _remember(self, held: Task, entry: ReceiptOut) -> Callable[[str], None]:
        def store(reference: str) -> None:
            with self.database.writing() as connection:
                tasks.require(connection, held)
                receipts_out.set_reference(connection, entry, reference=reference)

        return store

    def _record_sent(self, held: Task, entry: ReceiptOut) -> None:
        with self.database.writing() as connection:
            receipts_out.set_sent(connection, entry, at=self.now())
            tasks.finish(connection, held)

    def _judge(self, held: Task, entry: ReceiptOut, *, error: Exception) -> None:
        now = self.now()
        decision = self.backoff.decide(error, held.attempts, now=now)
        if decision.again is None and isinstance(error, (SetupFault, TokenRefused)):
            # Ours to mend, a certificate that has run out say; and nobody can start a receipt again by hand.
            decision = replace(decision, again=now + self.backoff.pause(held.attempts))
        if decision.again is None:
            self._give_up(held, entry, why=decision.sentence)
            return
        with self.database.writing() as connection:
            receipts_out.stumble(connection, entry, reason=decision.sentence, state=ReceiptState.QUEUED)
            tasks.reschedule(connection, held, due=min(decision.again, entry.deadline), step=held.step)

    def _give_up(self, held: Task, entry: ReceiptOut, *, why: str) -> None:
        """The sender will not hear of it from us; the message itself is not touched by that."""
        log.error("receipt_not_sent", status=entry.status.value, tries=entry.tries + 1)
        with self.database.writing() as connection:
            receipts_out.stumble(connection, entry, reason=why, state=ReceiptState.FAILED)
            tasks.finish(connection, held)

    def _come_again(self, held: Task, due: datetime, *, step: str | None = None) -> None:
        with self.database.writing() as connection:
            tasks.reschedule(connection, held, due=due, step=held.step if step is None else step)

    def _leave(self, held: Task) -> None:
        with self.database.writing() as connection:
            tasks.finish(connection, held)


def _subject(entry: ReceiptOut) -> str:
    return f"{entry.message_id} {entry.status.value}"
