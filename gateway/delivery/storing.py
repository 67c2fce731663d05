"""A message that came in, on its way into the inbox: whose it is, whether its package holds, and what is told of it.

In comes what was fetched with the file of its parcel; out come a row of the inbox, statuses, and the receipt that is
owed. Called by `reception`, and by `reopening` for what could not be opened at first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from gateway.delivery.crediting import NotBelieved, Origin
from gateway.delivery.packages import Opened, Packages
from gateway.delivery.receipts import owe
from gateway.delivery.submission import Clock
from gateway.errors import MustAct
from gateway.language import say
from gateway.message.identifiers import number_of, parse_identifier
from gateway.message.processes import Channel
from gateway.message.sbd import Envelope
from gateway.message.status import Direction, Evidence, Status
from gateway.storage import inbox, messages, statuses
from gateway.storage.engine import Connection, Database
from gateway.storage.inbox import InboxState, Incoming, Signature
from gateway.storage.statuses import StatusEvent

log = structlog.get_logger(__name__)

WRONG_SENDER, WRONG_RECEIVER = "WRONG_SENDER", "WRONG_RECEIVER"
_LONGEST_ID = 200
LATE = Signature(
    "EXPIRED", say("its time was over when it came: it is not handed on, for the sender may have sent it anew")
)
_SEND_ANEW = say("The sender must send it anew, in its own name and to the organisation that is to have it.")

Also = Callable[[Connection, Origin], None]


@dataclass(frozen=True, slots=True)
class Storing:
    """Putting messages into the inbox, with everything it needs."""

    database: Database
    packages: Packages
    now: Clock

    def take_in(self, origin: Origin, path: Path, *, also: Also | None = None) -> None:
        """Store a message, once; `also` is done in the same transaction. `NotBelieved` where its ids do not serve.

        A copy of one that came before changes nothing, unless that one was never handed on and this one holds.
        """
        _check_ids(origin.envelope)
        with self.database.reading() as connection:
            known = inbox.find(connection, origin.envelope.message_id)
        if known is not None and known.was_handed_on:
            _require_same(known, origin)
            log.info("message_came_again", reference=origin.arrival.reference)
            return
        entry = self._open(origin, path)
        if known is not None and entry.state is not InboxState.WAITING:
            self._drop(entry)
            _require_same(known, origin)
            log.info("message_came_again", reference=origin.arrival.reference)
            return
        self._store(entry, known, then=lambda connection: also(connection, origin) if also else None)

    def _store(self, entry: Incoming, known: Incoming | None, *, then: Callable[[Connection], None]) -> None:
        with self.database.writing() as connection:
            new = inbox.insert(connection, entry) if known is None else inbox.replace(connection, entry, known=known)
            if new:
                then(connection)
                announce(connection, entry, now=self.now())
        if not new:
            self._drop(entry)
        elif known is not None:
            self._drop(known)
        log.info("message_stored", state=entry.state.value, verdict=entry.signature.verdict, new=new)

    def _drop(self, entry: Incoming) -> None:
        """Delete the bytes that no row names, or names any more."""
        for key in (entry.blob, entry.parcel):
            if key:
                self.packages.blobs.delete(key)

    def _open(self, origin: Origin, path: Path) -> Incoming:
        """The row to be; nothing of what is not handed on is thrown away."""
        if doubt := _check_parties(origin):
            return self._describe(origin, Opened(doubt), parcel=self.packages.keep(path))
        expires = origin.envelope.expected_response
        if expires is not None and expires <= self.now():
            return self._describe(origin, Opened(LATE), parcel=self.packages.keep(path))
        with path.open("rb") as source:
            opened = self.packages.open(source)
        return self._describe(origin, opened, parcel=None if opened.holds else self.packages.keep(path))

    def _describe(self, origin: Origin, opened: Opened, *, parcel: str | None) -> Incoming:
        envelope, now = origin.envelope, self.now()
        with self.database.reading() as connection:
            answered = find_answered(connection, origin)
        return Incoming(
            message_id=envelope.message_id,
            conversation_id=envelope.conversation_id,
            organisation=origin.organisation,
            sender=_canonical(envelope.sender),
            receiver=envelope.receiver or "",
            channel=Channel.DPO.value,
            process=envelope.process,
            document_type=envelope.document_type,
            sbd=origin.document,
            state=_state(opened),
            received=now,
            last_updated=now,
            signature=opened.signature,
            expires=envelope.expected_response,
            blob=opened.blob,
            parcel=parcel,
            size=opened.size,
            files=opened.files,
            message_channel=envelope.channel,
            sender_ref=envelope.sender_ref,
            reference=origin.arrival.reference,
            in_reply_to=answered,
        )


def announce(connection: Connection, entry: Incoming, *, now: datetime) -> None:
    """Tell what has become of an incoming message, and owe its sender MOTTATT where it waits for a fagsystem now."""
    event = incoming_event(entry, Status.OPPRETTET, now=now)
    statuses.append(connection, event)
    if entry.state is InboxState.WAITING:
        tell_waiting(connection, entry, now=now)
    elif entry.state is InboxState.EXPIRED:
        late = incoming_event(entry, Status.LEVETID_UTLOPT, now=now, signature=entry.signature)
        statuses.append(connection, late)
    else:
        statuses.append(connection, incoming_event(entry, Status.FEIL, now=now, signature=entry.signature))


def tell_waiting(connection: Connection, entry: Incoming, *, now: datetime) -> None:
    """It is stored: told here and to the sender."""
    statuses.append(connection, incoming_event(entry, Status.INNKOMMENDE_MOTTATT, now=now))
    owe(connection, entry, status=Status.MOTTATT, now=now)


def incoming_event(
    entry: Incoming, status: Status, *, now: datetime, signature: Signature | None = None
) -> StatusEvent:
    """An event of an incoming message: it stands in the log of the organisation that it came for."""
    stored = status in (Status.INNKOMMENDE_MOTTATT, Status.INNKOMMENDE_LEVERT)
    return StatusEvent(
        message_id=entry.message_id,
        conversation_id=entry.conversation_id,
        client_id=entry.organisation,
        status=status,
        at=now,
        direction=Direction.INCOMING,
        description=signature.reason or "" if signature else "",
        evidence=Evidence.STORED_BY_RECIPIENT if stored else Evidence.NONE,
        mend=signature.mend if signature else None,
        must_act=MustAct.SENDER if signature and signature.mend else None,
    )


def find_answered(connection: Connection, origin: Origin) -> str | None:
    """The id of the message of ours that this one answers; None where it answers none that went to its sender."""
    envelope = origin.envelope
    for message_id in _candidates(connection, envelope):
        message = messages.find(connection, message_id)
        if message is None or message.recipient is None:
            continue
        ours = number_of(message.sender) == number_of(origin.organisation)
        if ours and number_of(message.recipient) == number_of(envelope.sender):
            return message.id
    return None


def _candidates(connection: Connection, envelope: Envelope) -> Iterator[str]:
    """What says which message is answered, the plainest first."""
    related = envelope.business.get("relatedToMessageId")
    for named in (related, envelope.receiver_ref):
        if isinstance(named, str) and named:
            yield named
    yield from (each.id for each in messages.by_sbd_conversation(connection, envelope.conversation_id))


def _state(opened: Opened) -> InboxState:
    if opened.holds:
        return InboxState.WAITING
    return InboxState.EXPIRED if opened.signature.verdict == "EXPIRED" else InboxState.UNREADABLE


def _check_ids(envelope: Envelope) -> None:
    """An id becomes part of addresses, logs and keys of the schedule."""
    for word in (envelope.message_id, envelope.conversation_id):
        if len(word) > _LONGEST_ID or not word.isascii() or not word.isprintable() or {" ", "/"} & set(word):
            raise NotBelieved("BAD_ID", say("a message whose ids are no ids"), keep=True)


def _check_parties(origin: Origin) -> Signature | None:
    """The channel knows who sent it and for whom it lay: an envelope that says otherwise is somebody's forgery or mistake."""
    envelope = origin.envelope
    # Where neither names anybody they agree, and no receipt could go back.
    if not envelope.sender.strip() or number_of(envelope.sender) != number_of(origin.arrival.sender):
        return Signature(WRONG_SENDER, say("its envelope names another sender than the channel does"), _SEND_ANEW)
    if number_of(envelope.receiver or "") != number_of(origin.organisation):
        words = say("its envelope names another receiver than the organisation for which it lay at the channel")
        return Signature(WRONG_RECEIVER, words, _SEND_ANEW)
    return None


def _canonical(identifier: str) -> str:
    """`0192:…` however it was written, for filters, answers and the channel know no other way; what is none stays."""
    try:
        return str(parse_identifier(identifier))
    except ValueError:
        return identifier


def _require_same(known: Incoming, origin: Origin) -> None:
    """Somebody's mistake, or an attempt to keep a message out of the inbox, is noted and stays at the channel."""
    if (known.sender, known.organisation) != (_canonical(origin.envelope.sender), origin.organisation):
        words = say("its message id is that of a message that came from somebody else, or for somebody else")
        raise NotBelieved("ID_TAKEN", words, keep=True)
