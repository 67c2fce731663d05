"""All transfers of the Broker: who may see and move them, and their bytes in a folder.

Comes in: what senders and recipients do; goes out: frozen `Transfer`s, or `Refused` errors. Called by the Broker's HTTP
door and by the recipients. Times follow the injected clock: what is due has happened when somebody looks.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from gateway.errors import Conflict, Invalid, NotAllowed, NotFound, Refused, TooLarge
from gateway.sandbox.transfer import RecipientState, State, Transfer, Wish

LARGEST = 1024 * 1024 * 1024  # bytes; the Broker's maxFileTransferSize for the resource
LISTED = 100  # a list holds the newest hundred
GRACE = timedelta(hours=24)  # from the last confirmation until the bytes are purged


class Transfers:
    """Every transfer. May be used from any thread; bytes are moved outside the lock."""

    def __init__(
        self, folder: Path, *, now: Callable[[], datetime], new_id: Callable[[], str], scan: timedelta
    ) -> None:
        self._folder = folder
        self._now = now
        self._new_id = new_id
        self._scan = scan
        self._lock = threading.RLock()
        self._transfers: dict[str, Transfer] = {}
        self._open: dict[str, dict[str, None]] = {}  # by recipient: what it has not confirmed, oldest first

    def initialize(self, wish: Wish) -> Transfer:
        """Begin a transfer."""
        now = self._now()
        waiting = dict.fromkeys(wish.recipients, (RecipientState.INITIALIZED, now))
        transfer = Transfer(self._new_id(), wish, created=now, changed=now, recipients=waiting)
        with self._lock:
            self._transfers[transfer.id] = transfer
            for recipient in wish.recipients:
                self._open.setdefault(recipient, {})[transfer.id] = None
        return transfer

    def get(self, transfer_id: str, *, organisation: str) -> Transfer:
        """The transfer as it stands; NotFound for one that does not concern the organisation."""
        transfer = self._settle(transfer_id)
        if transfer is None or not transfer.concerns(organisation):
            raise NotFound("The requested file transfer was not found")
        return transfer

    def receive(
        self, transfer_id: str, body: Iterable[bytes], *, organisation: str, infected: bool = False
    ) -> Transfer:
        """Take the bytes of an upload. A body that breaks a rule makes it Failed, any other end UploadStarted."""
        with self._lock:
            transfer = self.get(transfer_id, organisation=organisation)
            if transfer.wish.sender != organisation:
                raise NotAllowed("You must use a token that represents the sender of the file transfer")
            if transfer.state is not State.INITIALIZED:
                raise Conflict(
                    "A file transfer has already been, or attempted to be, uploaded. Create a new file transfer."
                )
            self._put(transfer.moved(State.UPLOAD_STARTED, self._now()))
        try:
            size = self._store(transfer, body)
        except Refused as fault:
            self._discard(transfer.id)
            self.force(transfer.id, State.FAILED, detail=fault.message)
            raise
        return self._scan_upload(transfer.id, size, infected=infected)

    def listed(
        self, organisation: str, *, state: State | None, progress: RecipientState | None, before: datetime | None = None
    ) -> list[str]:
        """The newest hundred ids that concern the organisation, of all or of those begun `before`, newest first.

        `progress` asks for it as a recipient.
        """
        with self._lock:
            if progress in (RecipientState.INITIALIZED, RecipientState.STARTED):
                candidates = list(self._open.get(organisation, {}))
            else:
                candidates = list(self._transfers)
            found = (
                self.get(id, organisation=organisation)
                for id in reversed(candidates)
                if self._concerns(id, organisation)
            )
            matching = (
                transfer.id
                for transfer in found
                if transfer.matches(organisation, state=state, progress=progress)
                and (before is None or transfer.created < before)
            )
            return [id for id, _ in zip(matching, range(LISTED), strict=False)]

    def waiting(self, organisation: str) -> list[Transfer]:
        """What the organisation can fetch, oldest first."""
        with self._lock:
            settled = [self._settle(id) for id in list(self._open.get(organisation, {}))]
        return [transfer for transfer in settled if transfer is not None and transfer.state is State.PUBLISHED]

    def open(self, transfer_id: str, *, organisation: str) -> tuple[Transfer, Path]:
        """The bytes for a recipient, which has then started its download."""
        with self._lock:
            transfer = self._get_received(transfer_id, organisation)
            if transfer.state not in (State.PUBLISHED, State.ALL_CONFIRMED):
                raise Invalid("A file transfer can only be downloaded or confirmed once it is published")
            if transfer.recipients[organisation][0] is RecipientState.INITIALIZED:
                transfer = self._put(transfer.progressed(organisation, RecipientState.STARTED, at=self._now()))
            return transfer, self._folder / transfer.id

    def confirm(self, transfer_id: str, *, organisation: str) -> Transfer:
        """Note that a recipient has it; the last one makes the transfer AllConfirmedDownloaded. Again is the same."""
        with self._lock:
            transfer = self._get_received(transfer_id, organisation)
            progress = transfer.recipients[organisation][0]
            if progress is RecipientState.CONFIRMED:
                return transfer
            if transfer.state is not State.PUBLISHED or progress is not RecipientState.STARTED:
                raise Invalid("Cannot confirm before the files have been downloaded")
            now = self._now()
            transfer = transfer.progressed(organisation, RecipientState.CONFIRMED, at=now)
            self._open[organisation].pop(transfer.id, None)
            if all(state is RecipientState.CONFIRMED for state, _ in transfer.recipients.values()):
                transfer = transfer.moved(State.ALL_CONFIRMED, now, due=now + GRACE)
            return self._put(transfer)

    def parties(self, transfer_id: str) -> tuple[str, ...]:
        """The sender and the recipients of a transfer; nobody where there is none."""
        transfer = self._transfers.get(transfer_id)
        return (transfer.wish.sender, *transfer.recipients) if transfer else ()

    def force(self, transfer_id: str, state: State, *, detail: str = "") -> Transfer:
        """Put a transfer into a state from outside its rules; NotFound for one that is not there."""
        with self._lock:
            if (transfer := self._settle(transfer_id)) is None:
                raise NotFound("The requested file transfer was not found")
            return self._put(transfer.moved(state, self._now(), detail=detail))

    def all(self) -> list[Transfer]:
        """Every transfer as it stands, oldest first."""
        with self._lock:
            settled = [self._settle(id) for id in list(self._transfers)]
        return [transfer for transfer in settled if transfer is not None]

    def _concerns(self, transfer_id: str, organisation: str) -> bool:
        return self._transfers[transfer_id].concerns(organisation)

    def _get_received(self, transfer_id: str, organisation: str) -> Transfer:
        transfer = self.get(transfer_id, organisation=organisation)
        if organisation not in transfer.recipients:
            raise NotFound("The requested file transfer was not found")
        return transfer

    def _settle(self, transfer_id: str) -> Transfer | None:
        with self._lock:
            if (transfer := self._transfers.get(transfer_id)) is None:
                return None
            settled = transfer.settled(self._now())
            if settled is transfer:
                return transfer
            if settled.state in (State.PURGED, State.FAILED):
                self._discard(transfer_id)
            return self._put(settled)

    def _put(self, transfer: Transfer) -> Transfer:
        self._transfers[transfer.id] = transfer
        if transfer.state in (State.PURGED, State.FAILED, State.CANCELLED):
            for recipient in transfer.recipients:
                self._open.get(recipient, {}).pop(transfer.id, None)
        return transfer

    def _store(self, transfer: Transfer, body: Iterable[bytes]) -> int:
        size = 0
        digest = hashlib.md5(usedforsecurity=False) if transfer.wish.checksum else None
        with (self._folder / transfer.id).open("wb") as file:
            for chunk in body:
                size += file.write(chunk)
                if size > LARGEST:
                    raise TooLarge("File size exceeds maximum")
                if digest:
                    digest.update(chunk)
        if not size:
            raise Invalid("the body is empty")
        if digest and digest.hexdigest() != (transfer.wish.checksum or "").lower():
            raise Invalid("The checksum of uploaded file did not match the checksum specified in initialize call.")
        return size

    def _scan_upload(self, transfer_id: str, size: int, *, infected: bool) -> Transfer:
        with self._lock:
            now = self._now()
            transfer = replace(self._transfers[transfer_id], size=size, infected=infected)
            if transfer.state is not State.UPLOAD_STARTED:
                return transfer  # somebody forced it meanwhile
            return self._put(transfer.moved(State.UPLOAD_PROCESSING, now, due=now + self._scan))

    def _discard(self, transfer_id: str) -> None:
        (self._folder / transfer_id).unlink(missing_ok=True)


def read_chunks(path: Path, *, size: int = 1024 * 1024) -> Iterator[bytes]:
    """The bytes of a file, a MiB at a time."""
    with path.open("rb") as file:
        while chunk := file.read(size):
            yield chunk
