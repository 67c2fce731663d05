"""What comes in: polled for each organisation, receipts for what we sent credited, messages put into the inbox.

In comes an organisation to poll for, out come statuses, messages in the inbox, confirmations to the channel, and notes of
what is odd. Called by the worker. Nothing is confirmed before what came is stored or written down.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import cast

import structlog

from gateway.delivery.crediting import UNKNOWN_MESSAGE, Crediting, NotBelieved, Origin
from gateway.delivery.lanes import Heard
from gateway.delivery.storing import Storing
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError, Outside, Untrusted
from gateway.language import say
from gateway.message.processes import ARKIVMELDING_KVITTERING, STATUS
from gateway.message.sbd import Envelope, JsonObject, read_envelope
from gateway.packaging.parcel import open_dpo
from gateway.storage import arrivals, tasks
from gateway.storage.arrivals import OddEvent, SeenArrival
from gateway.storage.engine import Connection, Database
from gateway.storage.tasks import Task
from gateway.transports.port import Arrival, Transport

log = structlog.get_logger(__name__)

POLL = "poll"
CRASHES_BORNE = 5
# It is kept in the row and shown whole.
MOST_SBD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reception:
    """Receiving with everything it needs; one for each channel."""

    database: Database
    transport: Transport
    storing: Storing
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
                document = _read_parcel(path)
                origin = Origin(organisation, arrival, _read_sbd(document), document)
                if origin.envelope.document_type == STATUS:
                    with self.database.writing() as connection:
                        self._credit(connection, origin)
                else:
                    self._store(origin, path)
        except Untrusted as fault:
            self._note_odd(organisation, arrival, doubt=NotBelieved("UNREADABLE", fault.message))
            self._leave(organisation, arrival, kind="unreadable")
            return
        except NotBelieved as doubt:
            self._note_odd(organisation, arrival, doubt=doubt)
            if doubt.keep:
                self._leave(organisation, arrival, kind="unreadable")
                return
        self.transport.confirm(organisation, arrival.reference)

    def _credit(self, connection: Connection, origin: Origin) -> None:
        Crediting(self.now).believe(connection, origin)

    def _store(self, origin: Origin, path: Path) -> None:
        """Into the inbox; a kvittering is credited in the same transaction, and is the client's to read as well."""
        if origin.envelope.document_type != ARKIVMELDING_KVITTERING:
            self.storing.take_in(origin, path)
            return
        try:
            self.storing.take_in(origin, path, also=self._credit)
        except NotBelieved as doubt:
            if doubt.reason != UNKNOWN_MESSAGE:
                raise
            # Of a message that another system has sent: the fagsystem may know it.
            self._note_odd(origin.organisation, origin.arrival, doubt=doubt)
            self.storing.take_in(origin, path)

    def _is_left(self, arrival: Arrival, organisation: str) -> bool:
        """Whether this arrival was looked at before and left where it is."""
        with self.database.reading() as connection:
            return arrivals.is_seen(connection, organisation, reference=arrival.reference)

    def _leave(self, organisation: str, arrival: Arrival, *, kind: str) -> None:
        """Count it and leave it at the channel, unconfirmed, for somebody to look at."""
        with self.database.writing() as connection:
            arrivals.see(connection, SeenArrival(organisation, arrival.reference, kind, self.now()))
        log.info("arrival_waits", reference=arrival.reference, kind=kind)

    def _note_odd(self, organisation: str, arrival: Arrival, *, doubt: NotBelieved) -> None:
        event = OddEvent(self.now(), organisation, arrival.reference, arrival.sender, doubt.reason, doubt.detail)
        with self.database.writing() as connection:
            arrivals.note_odd(connection, event)
        log.warning("odd_event", reference=arrival.reference, reason=doubt.reason)


def _read_parcel(path: Path) -> JsonObject:
    with path.open("rb") as source, open_dpo(source) as parcel:
        if len(parcel.sbd) > MOST_SBD_BYTES:
            raise NotBelieved(
                "SBD_TOO_LARGE", say("an envelope larger than {most} bytes", most=MOST_SBD_BYTES), keep=True
            )
        try:
            document = json.loads(parcel.sbd, parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError) as fault:
            raise _no_sbd(fault) from fault
    if not isinstance(document, Mapping):
        raise _no_sbd(TypeError())
    return cast("JsonObject", document)


def _read_sbd(document: JsonObject) -> Envelope:
    try:
        return read_envelope(document)
    except (ValueError, RecursionError) as fault:
        raise _no_sbd(fault) from fault


def _refuse(name: str) -> object:
    raise ValueError(name)


def _finite(word: str) -> float:
    """Of 1e999 Python makes an infinity, which no JSON can say again: the client could not read what it is given."""
    number = float(word)
    if not isfinite(number):
        raise ValueError(word)
    return number


def _no_sbd(fault: Exception) -> Untrusted:
    message = say("the envelope cannot be read: {error}", error=type(fault).__name__)
    return Untrusted(message, code="NOT_AN_SBD")
