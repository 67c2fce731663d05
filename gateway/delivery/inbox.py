"""The inbox as a caller sees it: look, lock, fetch, acknowledge. Nothing is ever deleted because something failed.

In come callers, ids and filters, out come incoming messages and their bytes. Called by both doors. A caller sees what
came for its own organisations and nothing else; a message is handed out to one client at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO

from gateway.delivery.submission import Caller, Clock
from gateway.storage.blobs import BlobStore
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxFilter, InboxPage, Incoming, IncomingFile, Window


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
    blocks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inbox with everything it needs."""

    database: Database
    blobs: BlobStore
    now: Clock
    settings: InboxSettings = field(default_factory=InboxSettings)

    def peek(self, caller: Caller, filters: InboxFilter | None = None) -> Incoming | None:
        """Lock the message that has waited longest and that nobody holds; None where there is none."""
        raise NotImplementedError

    def locked_by(self, caller: Caller) -> tuple[Incoming, ...]:
        """What this client has locked and not acknowledged, longest locked first."""
        raise NotImplementedError

    def pop(self, message_id: str, caller: Caller, *, any_lock: bool = False) -> Container | None:
        """The bytes of a message that this client has locked; None where it carries no package. May be repeated.

        NotFound, Conflict (NOT_LOCKED; with `any_lock` a lock of any client will do), Gone once deleted.
        """
        raise NotImplementedError

    def acknowledge(self, message_id: str, caller: Caller, *, any_lock: bool = False) -> Incoming:
        """The fagsystem has it: INNKOMMENDE_LEVERT, and LEVERT goes back to the sender. A repeat changes nothing.

        NotFound, Conflict as in `pop`. What was unreadable or expired is set aside without a lock, and tells nobody.
        """
        raise NotImplementedError

    def unlock(self, message_id: str, caller: Caller, *, any_lock: bool = False) -> Incoming:
        """Give the message back at once, for whoever peeks next. NotFound, Conflict as in `pop`."""
        raise NotImplementedError

    def extend(self, message_id: str, caller: Caller, *, span: timedelta | None = None) -> Incoming:
        """Hold it for so long from now on (None: as `peek` does). NotFound, Conflict as in `pop`, Invalid."""
        raise NotImplementedError

    def get(self, message_id: str, caller: Caller) -> Incoming:
        """One message, locked or not, in any state; NotFound."""
        raise NotImplementedError

    def page(self, caller: Caller, filters: InboxFilter, *, window: Window) -> InboxPage:
        """A piece of the list, every state, locks included; nothing is locked."""
        raise NotImplementedError

    def documents(self, message_id: str, caller: Caller) -> tuple[IncomingFile, ...]:
        """The files of the package in its order, the main document first; NotFound."""
        raise NotImplementedError

    def open_document(self, message_id: str, name: str, *, caller: Caller) -> OpenedDocument:
        """One of them, streamed; needs no lock. NotFound, Gone, Conflict (UNREADABLE) where nothing was verified."""
        raise NotImplementedError
