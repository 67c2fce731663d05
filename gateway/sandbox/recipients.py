"""The recipients that live: each organisation with DPO fetches what comes, judges it, and answers as a fagsystem would.

Comes in: published transfers; goes out: deliveries, and `status` MOTTATT, `status` LEVERT and a kvittering as transfers
of their own. Started by `server`, one thread for each organisation. They act on the Broker's transfers directly, under
the rules that hold over HTTP too. Source: reference of the transports §1.4 and §2.5.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from gateway.message.processes import ARKIVMELDING, STATUS, message_type
from gateway.message.sbd import Envelope
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.deliveries import Deliveries, Delivery, Verdict
from gateway.sandbox.faults import Action, Call, Channel, Dial, Fault
from gateway.sandbox.organisations import SENDER, Organisation, Organisations
from gateway.sandbox.replies import post_envelope, write_kvittering, write_status
from gateway.sandbox.transfer import Transfer
from gateway.sandbox.transfers import Transfers
from gateway.sandbox.unpacking import Unpacker, read_sbd

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the recipients live among. `stopping` ends them all; `poll` is in seconds."""

    organisations: Organisations
    authority: Authority
    dial: Dial
    stopping: threading.Event
    poll: float


@dataclass(frozen=True, slots=True)
class Recipients:
    """All living recipients."""

    around: Surroundings
    transfers: Transfers
    unpacker: Unpacker
    deliveries: Deliveries
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _gateways: set[str] = field(default_factory=lambda: {SENDER.number})
    _waking: threading.Lock = field(default_factory=threading.Lock)

    def wake(self) -> None:
        """Start a recipient for each organisation with DPO that has none yet, except those that have a gateway."""
        with self._waking:
            for organisation in self.around.organisations.all():
                number = organisation.number
                if not organisation.elma or number in self._gateways or number in self._threads:
                    continue
                self._threads[number] = threading.Thread(
                    target=self._live, args=(number,), name=f"sandbox-recipient-{number}", daemon=True
                )
                self._threads[number].start()

    def give_way(self, number: str) -> None:
        """A real gateway receives for this organisation from now on; what waits is left to it."""
        with self._waking:
            self._gateways.add(number)

    def join(self) -> None:
        """Wait until the last one has ended, which `stopping` tells them to."""
        with self._waking:
            for thread in self._threads.values():
                thread.join()

    def _live(self, number: str) -> None:
        while not self.around.stopping.wait(self.around.poll):
            for transfer in self.transfers.waiting(f"0192:{number}"):
                if self.around.stopping.is_set() or number in self._gateways:
                    return
                try:
                    self._fetch(transfer, number)
                except Exception as fault:  # whatever one parcel does, the recipient lives on and tries it again
                    _log.warning("sandbox_recipient_failed", recipient=number, fault=type(fault).__name__)

    def _fetch(self, transfer: Transfer, number: str) -> None:
        """Fetch, judge and answer; confirmed last, so that nothing is lost in between."""
        fault = self._strike("fetch", number)
        organisation = self.around.organisations.get(number)
        if organisation is None or (fault and fault.action is Action.NEVER_FETCH):
            return
        _, path = self.transfers.open(transfer.id, organisation=organisation.identifier)
        try:
            envelope = read_sbd(path)
        except ValueError as problem:
            self._record_odd(transfer, number, problem=str(problem))
        else:
            if envelope.type == message_type(STATUS):
                status = str(envelope.business.get("status"))
                self.deliveries.note_status(number, envelope.message_id, status=status)
            elif not self.deliveries.count_copy(number, envelope.message_id, type=envelope.type):
                self._take_in(transfer, path, envelope=envelope, organisation=organisation)
        self.transfers.confirm(transfer.id, organisation=organisation.identifier)

    def _take_in(self, transfer: Transfer, path: Path, *, envelope: Envelope, organisation: Organisation) -> None:
        keys = self.around.authority.credential(Holder(organisation.number, organisation.name))
        delivery = Delivery(
            message_id=envelope.message_id,
            recipient=organisation.number,
            type=envelope.type,
            transfer_sender=transfer.wish.sender,
            received=self.unpacker.now(),
            verdict=self.unpacker.judge(path, envelope, keys=keys),
            conversation_id=envelope.conversation_id,
            sender=envelope.sender,
            process=envelope.process,
        )
        self.deliveries.record(delivery)
        if envelope.type != message_type(STATUS):
            self._answer(delivery, envelope)

    def _answer(self, delivery: Delivery, envelope: Envelope) -> None:
        """MOTTATT for what came, LEVERT for what opened, and of an arkivmelding a kvittering with what the archive says."""
        self._send_status(delivery, envelope, status="MOTTATT")
        if delivery.verdict.opened:
            self._send_status(delivery, envelope, status="LEVERT")
        if envelope.type == message_type(ARKIVMELDING):
            self._send_kvittering(delivery, envelope)

    def _send_status(self, delivery: Delivery, to: Envelope, *, status: str) -> None:
        fault = self._strike(status.lower(), delivery.recipient)
        for _ in range(_copies(fault)):
            post_envelope(self.transfers, write_status(to, status, now=self.unpacker.now()))
            self.deliveries.note_answer(delivery, status)

    def _send_kvittering(self, delivery: Delivery, to: Envelope) -> None:
        fault = self._strike("kvittering", delivery.recipient)
        kind, text = _receipt(delivery.verdict, fault)
        for _ in range(_copies(fault)):
            post_envelope(self.transfers, write_kvittering(to, kind, text=text, now=self.unpacker.now()))
            self.deliveries.note_answer(delivery, f"kvittering:{kind}")

    def _strike(self, operation: str, number: str) -> Fault | None:
        fault = self.around.dial.take(Call(Channel.RECIPIENT, operation, frozenset({number})))
        if fault and fault.action is Action.DELAY:
            self.around.stopping.wait(int(fault.argument) / 1000)
        return fault

    def _record_odd(self, transfer: Transfer, number: str, *, problem: str) -> None:
        """A parcel without a readable envelope is confirmed and dropped, as the reference does; here it is listed."""
        verdict = Verdict(opened=False, problem=problem)
        self.deliveries.record(
            Delivery(transfer.id, number, "unreadable", transfer.wish.sender, self.unpacker.now(), verdict)
        )


def _copies(fault: Fault | None) -> int:
    if fault is None:
        return 1
    return {Action.SILENT: 0, Action.TWICE: 2}.get(fault.action, 1)


def _receipt(verdict: Verdict, fault: Fault | None) -> tuple[str, str]:
    """The kind of kvittering and its words: what the dial says, else what the verdict says."""
    if fault and fault.action is Action.KVITTERING:
        return fault.argument, "set by the fault dial"
    return ("ERROR", verdict.problem) if verdict.problem else ("OK", "registered in the archive")
