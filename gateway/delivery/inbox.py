"""The inbox as a caller sees it: look, lock, fetch, acknowledge. Nothing is ever deleted because something failed.

In come callers, ids and filters, out come incoming messages and their bytes. Called by both doors. A caller sees what
came for its own organisations and nothing else; a message is handed out to one client at a time.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO

from gateway.arkivmelding.filenames import normal
from gateway.delivery.packages import stream_file
from gateway.delivery.receipts import owe
from gateway.delivery.storing import incoming_event
from gateway.delivery.submission import Caller, Clock
from gateway.errors import Conflict, Gone, Invalid, NotFound
from gateway.language import as_phrase, say
from gateway.message.status import Status
from gateway.packaging.records import ASICE as ASICE
from gateway.storage import inbox, inbox_locks, statuses
from gateway.storage.blobs import BlobStore
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxFilter, InboxPage, InboxState, Incoming, IncomingFile, Lock, Window
from gateway.storage.inbox_locks import Bid

# How many ids a sentence names.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """How long a lock holds when nothing else is asked for, and the longest that can be asked for."""

    lock: timedelta = timedelta(minutes=5)
    longest_lock: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Container:
    """The verified ASiC-E of a message: `size` bytes from `open()`, to be closed by the caller. None: it has none."""

    incoming: Incoming
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """One file of the verified ASiC-E; `blocks` yields its `file.size` bytes once."""

    file: IncomingFile
    blocks: Generator[bytes, None, None]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inbox with everything it needs."""

    database: Database
    blobs: BlobStore
    now: Clock
    settings: InboxSettings = field(default_factory=InboxSettings)

    def peek(self, caller: Caller, filters: InboxFilter | None = None) -> Incoming | None:
        """Lock the message that has waited longest and that nobody holds; None where there is none."""
        now = self.now()
        lock = Lock(caller.client_id, now + self.settings.lock)
        bid, filters = Bid(caller.organisations, lock, now), filters or InboxFilter()
        with self.database.reading() as connection:
            if not inbox_locks.is_any_free(connection, bid, filters=filters):
                return None
        with self.database.writing() as connection:
            return inbox_locks.take(connection, bid, filters=filters)

    def locked_by(self, caller: Caller) -> tuple[Incoming, ...]:
        """What this client has locked and not acknowledged, longest locked first."""
        with self.database.reading() as connection:
            held = inbox_locks.locked_by(connection, caller.client_id)
        return tuple(each for each in held if each.organisation in caller.organisations)

    def meant(self, caller: Caller, message_id: str | None) -> str:
        """The id that was given, else that of the one message which this client has locked; Conflict where it is not one."""
        if message_id is not None:
            return message_id
        held = [each.message_id for each in self.locked_by(caller)]
        if len(held) == 1:
            return held[0]
        if not held:
            mend = say("Lock one first: GET /in/messages/peek; or name the message with messageId.")
            raise Conflict(say("this login has locked no message"), code="NOTHING_LOCKED", mend=mend)
        raise Conflict(
            say("this login has locked {count} messages, and the request does not say which", count=len(held)),
            code="SEVERAL_LOCKED",
            mend=say("Name it with messageId: {ids}.", ids=", ".join(held[:_NAMED])),
        )

    def pop(self, message_id: str, caller: Caller, *, any_lock: bool = False) -> Container | None:
        """The bytes of a message that this client has locked; None where it carries no package. May be repeated.

        NotFound, Conflict (NOT_LOCKED; with `any_lock` a lock of any client will do), Gone once deleted.
        """
        found = self.get(message_id, caller)
        _require_readable(found)
        if found.state is not InboxState.WAITING or not _holds(found, caller, any_lock=any_lock):
            raise _not_locked(found)
        key, size = found.blob, found.size
        if key is None or size is None:
            return None
        return Container(found, size, lambda: self.blobs.open(key))

    def acknowledge(self, message_id: str, caller: Caller, *, any_lock: bool = False) -> Incoming:
        """The fagsystem has it: INNKOMMENDE_LEVERT, and LEVERT goes back to the sender. A repeat changes nothing.

        NotFound, Conflict as in `pop`. What was unreadable or expired is set aside without a lock, and tells nobody.
        """
        now = self.now()
        client_id = None if any_lock else caller.client_id
        with self.database.writing() as connection:
            found = inbox.get(connection, message_id, organisations=caller.organisations)
            if found.state is InboxState.ACKNOWLEDGED:
                return found
            if found.state is not InboxState.WAITING:
                return inbox_locks.set_aside(connection, message_id, now=now) or found
            done = inbox_locks.acknowledge(connection, message_id, client_id=client_id, now=now)
            if done is None:
                # The same request may have been done meanwhile by another process, whose answer was lost.
                found = inbox.get(connection, message_id, organisations=caller.organisations)
                if found.state is InboxState.ACKNOWLEDGED:
                    return found
                raise _not_locked(found)
            statuses.append(connection, incoming_event(done, Status.INNKOMMENDE_LEVERT, now=now))
            owe(connection, done, status=Status.LEVERT, now=now)
            return done

    def unlock(self, message_id: str, caller: Caller, *, any_lock: bool = False) -> Incoming:
        """Give the message back at once, for whoever peeks next. NotFound, Conflict as in `pop`."""
        client_id = None if any_lock else caller.client_id
        with self.database.writing() as connection:
            found = inbox.get(connection, message_id, organisations=caller.organisations)
            free = inbox_locks.give_up(connection, message_id, client_id=client_id, now=self.now())
        if free is None:
            raise _not_locked(found)
        return free

    def extend(self, message_id: str, caller: Caller, *, span: timedelta | None = None) -> Incoming:
        """Hold it for so long from now on (None: as `peek` does). NotFound, Conflict as in `pop`, Invalid."""
        longest = self.settings.longest_lock
        span = self.settings.lock if span is None else span
        if not timedelta() < span <= longest:
            raise Invalid(
                say("a lock is held for 1 to {most} seconds", most=int(longest.total_seconds())),
                code="LOCK_TOO_LONG",
                mend=say("Ask for less, and extend it again before it runs out."),
            )
        until = self.now() + span
        with self.database.writing() as connection:
            found = inbox.get(connection, message_id, organisations=caller.organisations)
            held = inbox_locks.extend(connection, message_id, client_id=caller.client_id, until=until)
        if held is None:
            raise _not_locked(found)
        return held

    def get(self, message_id: str, caller: Caller) -> Incoming:
        """One message, locked or not, in any state; NotFound."""
        with self.database.reading() as connection:
            return inbox.get(connection, message_id, organisations=caller.organisations)

    def page(self, caller: Caller, filters: InboxFilter, *, window: Window) -> InboxPage:
        """A piece of the list, every state, locks included; nothing is locked."""
        with self.database.reading() as connection:
            return inbox.page(connection, caller.organisations, filters=filters, window=window)

    def documents(self, message_id: str, caller: Caller) -> tuple[IncomingFile, ...]:
        """The files of the package in its order, the main document first; NotFound."""
        return self.get(message_id, caller).files

    def open_document(self, message_id: str, name: str, *, caller: Caller) -> OpenedDocument:
        """One of them, streamed; needs no lock. NotFound, Gone, Conflict (UNREADABLE) where nothing was verified."""
        found = self.get(message_id, caller)
        _require_readable(found)
        wanted = normal(name)
        file = next((each for each in found.files if each.name == wanted), None)
        if file is None or found.blob is None:
            raise NotFound(
                say("the message holds no document of that name"),
                code="NO_SUCH_DOCUMENT",
                mend=say("GET its documents: the list holds every name."),
            )
        return OpenedDocument(file, stream_file(self.blobs.open(found.blob), file.name))


def _holds(found: Incoming, caller: Caller, *, any_lock: bool) -> bool:
    """A lock that has run out serves until somebody else has taken the message."""
    return found.lock is not None and (any_lock or found.lock.client_id == caller.client_id)


def _require_readable(found: Incoming) -> None:
    if found.emptied is not None:
        raise Gone(
            say("the documents of the message were deleted on {date}", date=found.emptied.date().isoformat()),
            code="DELETED",
            mend=say("They were acknowledged, and had been kept long enough; ids and statuses are kept."),
        )
    if found.state in (InboxState.UNREADABLE, InboxState.EXPIRED):
        raise Conflict(
            say("the message is not handed on: {reason}", reason=as_phrase(found.signature.reason or "")),
            code="NOT_HANDED_ON",
            mend=found.signature.mend or say("The sender must send it anew."),
        )


def _not_locked(found: Incoming) -> Conflict:
    if found.state is InboxState.ACKNOWLEDGED:
        return Conflict(
            say("the message was acknowledged before"),
            code="ACKNOWLEDGED",
            mend=say("Nothing is left to do; its documents can still be read one by one."),
        )
    return Conflict(
        say("this login does not hold the message"),
        code="NOT_LOCKED",
        mend=say("Lock it first: GET /in/messages/peek?messageId=… gives it, unless another login holds it now."),
    )
