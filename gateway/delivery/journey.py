"""One message on its way: address → render → seal → hand over → follow.

In comes a committed message, out come its stages, each a frozen record that holds the one before it. Called by the
carrier, one step at a time. What the channel holds already is asked before anything is sent again.
"""

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import BinaryIO

from gateway.arkivmelding.filenames import normal
from gateway.delivery.choosing import Course, Registry, wish_for
from gateway.delivery.envelopes import answered_channel, compose, write_clients_sbd, write_sbd
from gateway.delivery.leases import Leases
from gateway.delivery.submission import Clock, NewId
from gateway.errors import MustAct, Outside, Rejected, Unavailable
from gateway.keys import KeyRing, read_certificate
from gateway.language import say
from gateway.message.processes import Channel
from gateway.message.prototype import Choice
from gateway.message.sbd import JsonObject, read_envelope
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Signing
from gateway.registry.records import ServiceRecord
from gateway.registry.routing import RoutingSettings, questions, route
from gateway.storage import classic, conversations, documents, messages, tasks
from gateway.storage.blobs import BlobStore
from gateway.storage.conversations import Conversation, ConversationKind
from gateway.storage.documents import StoredDocument
from gateway.storage.engine import Database
from gateway.storage.messages import Message, ReferenceEntry
from gateway.storage.tasks import Task
from gateway.transports.port import Consignment, Finding, Found, Parcel, Transport

BUSY_PATIENCE = timedelta(minutes=10)
HALF_UPLOADED = say("found half uploaded")


@dataclass(frozen=True, slots=True)
class Carried:
    """A committed message with its conversation, its documents in sending order, and its rendering.

    `sbd` is what the client wrote, None where the gateway writes it (or it is deleted).
    """

    message: Message
    conversation: Conversation
    rendering: bytes
    documents: tuple[StoredDocument, ...]
    recipient: str
    channel: Channel
    sbd: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Addressed:
    """With the registry's record of today: where it goes and for whose certificate it is sealed."""

    carried: Carried
    record: ServiceRecord


@dataclass(frozen=True, slots=True)
class Rendered:
    """With the envelope and the files that go into the package, main document first."""

    addressed: Addressed
    envelope: bytes
    files: tuple[PackagedFile, ...]


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """Ready for the wire."""

    rendered: Rendered
    consignment: Consignment


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The channel has it under this reference."""

    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """The journey with everything it needs; one for the whole process."""

    database: Database
    blobs: BlobStore
    registry: Registry
    routing: RoutingSettings
    ring: KeyRing
    transports: Mapping[Channel, Transport]
    now: Clock
    new_id: NewId
    leases: Leases = field(default_factory=Leases)

    def load(self, message_id: str) -> Carried:
        """The message as it was committed."""
        with self.database.reading() as connection:
            message = messages.get(connection, message_id)
            conversation = conversations.find(connection, message.conversation_id, client_id=None)
            stored = {each.filename: each for each in documents.of_conversation(connection, message.conversation_id)}
            sbd = classic.read_sbd(connection, message.conversation_id)
        named = [normal(name) for name in message.choice.documents or ()]
        files = tuple(stored[name] for name in named if name in stored)
        if message.rendering is None or message.recipient is None or message.channel is None:
            raise Rejected(say("the message was never committed"), code="NOT_COMMITTED")
        channel = Channel(message.channel)
        return Carried(message, conversation, message.rendering, files, message.recipient, channel, sbd)

    def address(self, carried: Carried) -> Addressed:
        """Ask the registry again; after commit the channel never changes, so another answer stops the message."""
        choice = carried.message.choice
        wish = wish_for(choice, Course(_committed_process(choice), choice.confidential))
        answers = self.registry.look_up_all(questions(wish))
        for answer in answers.values():
            if isinstance(answer, Outside) and not isinstance(answer, Rejected):
                raise answer
        routed = route(wish, answers, settings=self.routing)
        if routed.record is None or routed.route != choice.route:
            raise _channel_changed(choice, routed.record)
        return Addressed(carried, routed.record)

    def render(self, addressed: Addressed) -> Rendered:
        """The envelope as JSON, and every file with its digests: a rendering right after the main document."""
        carried = addressed.carried
        if len(carried.documents) < len(carried.message.choice.documents or ()):
            # Only here: what became of an earlier try can be told without them.
            raise _documents_gone()
        files = [self._file(document) for document in carried.documents]
        if carried.conversation.kind is ConversationKind.ARKIVMELDING:
            files.insert(1, _in_memory("arkivmelding.xml", "application/xml", content=carried.rendering))
        return Rendered(addressed, self._envelope(carried), tuple(files))

    def seal(self, rendered: Rendered) -> SealedMessage:
        """Sign with the newest own key, encrypt for the recipient; the bytes are made when they are sent."""
        carried = rendered.addressed.carried
        now = self.now()
        certificate = rendered.addressed.record.certificate
        if certificate is None and rendered.files:
            raise Unavailable(
                say("the ServiceRegistry gave no certificate for the recipient"),
                mend=say(
                    "The recipient must register its virksomhetssertifikat; it is tried again until the deadline."
                ),
                code="NO_CERTIFICATE",
                must_act=MustAct.RECIPIENT,
            )
        sealed = seal_dpo(
            rendered.envelope,
            rendered.files,
            parties=Parties(carried.conversation.sender, _addressee(carried)),
            signer=Signing(self.ring.signing(now), now, self.new_id()),
            certificate=read_certificate(certificate) if certificate else None,
        )
        parcel = Parcel(sealed.length, sealed.chunks)
        message = carried.message
        channel = answered_channel(carried.sbd) if carried.sbd else None
        return SealedMessage(rendered, Consignment(message.id, message.sender, carried.recipient, parcel, channel))

    def hand_over(self, sealed: SealedMessage, reference: str | None, *, held: Task) -> HandedOver:
        """Send; the channel's reference is stored, behind the task's fence, before the first byte goes.

        The bytes go only while the lease holds: who was stopped past it must not finish what another began anew.
        """
        message = sealed.rendered.addressed.carried.message
        transport = self.transport(sealed.rendered.addressed.carried)
        with self.database.writing() as connection:
            tasks.require(connection, held)
        parcel = self._while_held(sealed.consignment.parcel, held)
        consignment = replace(sealed.consignment, parcel=parcel)
        sent = transport.send(consignment, reference=reference, remember=self._remember(message.id, held))
        return HandedOver(sent, self.now())

    def follow(self, carried: Carried, reference: str) -> Finding:
        """What the channel says has become of it."""
        return self.transport(carried).find(carried.message.sender, reference)

    def forget_reference(self, message_id: str, why: str, *, held: Task) -> None:
        """The channel has lost or dropped the transfer: the next try starts a new one; the old stays in the history."""
        with self.database.writing() as connection:
            messages.lock_conversation(connection, message_id)
            tasks.require(connection, held)
            messages.set_reference(connection, ReferenceEntry(message_id, None, self.now(), why))

    def busy_until(self, message_id: str, *, held: Task) -> datetime | None:
        """How long a half uploaded transfer is waited for: ten minutes from the first look; None where they are over."""
        with self.database.writing() as connection:
            messages.lock_conversation(connection, message_id)
            tasks.require(connection, held)
            last, now = messages.references(connection, message_id)[-1], self.now()
            if last.why != HALF_UPLOADED:
                last = replace(last, at=now, why=HALF_UPLOADED)
                messages.set_reference(connection, last)
            until = last.at + BUSY_PATIENCE
            return until if now < until else None

    def was_left_half(self, message_id: str) -> bool:
        """Whether a half uploaded transfer was given up: then nobody can say that the channel has nothing of the message."""
        with self.database.reading() as connection:
            return left_half(messages.references(connection, message_id))

    def transport(self, carried: Carried) -> Transport:
        """The adapter of the message's channel."""
        transport = self.transports.get(carried.channel)
        if transport is None:
            raise Rejected(
                say("this gateway no longer sends on {channel}", channel=carried.channel.value),
                code="CHANNEL_NOT_ENABLED",
                mend="The gateway's administrator switched the channel off after the commit.",
            )
        return transport

    def _envelope(self, carried: Carried) -> bytes:
        if carried.conversation.kind is ConversationKind.CLASSIC:
            if carried.sbd is None:
                raise _documents_gone()
            return write_clients_sbd(carried.sbd)
        main = carried.documents[0].filename if carried.documents else None
        times = (self.now(), carried.message.deadline)
        return write_sbd(compose(carried.message.choice, carried.conversation, main_document=main, times=times))

    def _while_held(self, parcel: Parcel, held: Task) -> Parcel:
        def chunks() -> Iterator[bytes]:
            for chunk in parcel.chunks():
                self.leases.require(held, self.now())
                yield chunk

        return Parcel(parcel.length, chunks)

    def _remember(self, message_id: str, held: Task) -> Callable[[str], None]:
        """Stops a worker that was overtaken while it began the transfer: its empty transfer is never published."""

        words = say("initialised")

        def store(reference: str) -> None:
            with self.database.writing() as connection:
                messages.lock_conversation(connection, message_id)
                tasks.require(connection, held)
                messages.set_reference(connection, ReferenceEntry(message_id, reference, self.now(), words))

        return store

    def _file(self, document: StoredDocument) -> PackagedFile:
        def open_document() -> BinaryIO:
            return self.blobs.open(document.key)

        return PackagedFile(
            document.filename, document.mime, document.size, document.crc32, document.sha256, open_document
        )


def left_half(history: Sequence[ReferenceEntry]) -> bool:
    """Whether a transfer was found half uploaded and then given up."""
    given_up = [entry.reference for entry in history if entry.why == HALF_UPLOADED]
    return bool(given_up) and history[-1].reference not in given_up


def is_there(found: Found) -> bool:
    """Whether the channel has every byte, so that sending again would double the message."""
    return found in (Found.ARRIVED, Found.PUBLISHED)


def _committed_process(choice: Choice) -> str:
    return choice.route.process if choice.route else ""


def _addressee(carried: Carried) -> str:
    """The recipient as the envelope names it: a client's own may name a part of the organisation."""
    return (read_envelope(carried.sbd).receiver if carried.sbd else None) or carried.recipient


def _in_memory(name: str, mime: str, *, content: bytes) -> PackagedFile:
    sha256 = hashlib.sha256(content).digest()
    return PackagedFile(name, mime, len(content), zlib.crc32(content), sha256, lambda: io.BytesIO(content))


def _documents_gone() -> Rejected:
    return Rejected(
        say("a document of the message is not in the database any more"),
        code="DOCUMENTS_GONE",
        mend="Nothing was sent. Post the message anew; the gateway's operator should find out what took it away.",
        must_act=MustAct.SENDER,
    )


def _channel_changed(choice: Choice, record: ServiceRecord | None) -> Rejected:
    before = choice.route.channel.value if choice.route else say("none")
    after = say("no usable channel")
    if record:
        after = say("{channel} ({process})", channel=record.channel.value, process=record.process)
    return Rejected(
        say(
            "the registry's answer has changed since the commit: it was {before}, now it is {after}",
            before=before,
            after=after,
        ),
        code="CHANNEL_CHANGED",
        mend="Nothing was sent. Post the message anew; the new prototypes show the new channel.",
        must_act=MustAct.SENDER,
    )
