"""Sweeping: drafts that nobody committed in time, what has been kept long enough, old keys, bytes that no row knows.

In comes the clock, out go rows and files. A recurring task of the worker, so that of many workers one does it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import structlog

from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError
from gateway.storage import conversations, documents, idempotency, inbox_keeping, messages, retention, spool, tasks
from gateway.storage.blobs import BlobStore
from gateway.storage.engine import Database
from gateway.storage.tasks import Task

log = structlog.get_logger(__name__)

SWEEP, SWEEP_BYTES = "sweep", "sweep bytes"
_AT_A_TIME = 200
_KEYS_ARE_KEPT = timedelta(hours=24)
# What a crash left behind is told from an upload under way by its age.
_ORPHANS_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long the bytes of a finished conversation are kept, and where this machine's spool is (None: there is none)."""

    retention: timedelta = timedelta(days=30)
    spool: Path | None = None


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Sweeping with everything it needs; `interval` is the pause between two rounds, `look_through` that for all bytes."""

    database: Database
    blobs: BlobStore
    now: Clock
    interval: timedelta = timedelta(minutes=10)
    look_through: timedelta = timedelta(hours=6)
    keeping: Keeping = Keeping()

    def run(self, held: Task) -> None:
        """One round; what goes wrong is tried again in the next."""
        try:
            drafts, emptied, fetched = self.expire_drafts(), self.empty_finished(), self.empty_inbox()
            spooled = self.sweep_spool()
            with self.database.writing() as connection:
                keys = idempotency.sweep(connection, before=self.now() - _KEYS_ARE_KEPT)
            log.info("swept", drafts=drafts, emptied=emptied, fetched=fetched, spooled=spooled, keys=keys)
        except GatewayError as error:
            log.warning("sweep_failed", error=type(error).__name__)
        self._again(held, self.interval)

    def run_bytes(self, held: Task) -> None:
        """One look through everything that is stored: as long as there is much, so it is done now and then."""
        try:
            log.info("swept_bytes", files=self.sweep_bytes())
        except GatewayError as error:
            log.warning("sweep_failed", error=type(error).__name__)
        self._again(held, self.look_through)

    def _again(self, held: Task, pause: timedelta) -> None:
        with self.database.writing() as connection:
            tasks.reschedule(connection, replace(held, attempts=0), due=self.now() + pause, step="")

    def expire_drafts(self) -> int:
        """Discard the drafts whose time is up, their bytes with them; how many."""
        count = 0
        while expired := self._expired_drafts():
            for conversation_id in expired:
                with self.database.writing() as connection:
                    keys = conversations.discard(connection, conversation_id)
                for key in keys:
                    self.blobs.delete(key)
            count += len(expired)
        return count

    def _expired_drafts(self) -> tuple[str, ...]:
        with self.database.reading() as connection:
            return conversations.expired_drafts(connection, now=self.now(), limit=_AT_A_TIME)

    def empty_finished(self) -> int:
        """Delete documents, renderings and XML of what was finished long enough ago; how many conversations."""
        before = self.now() - self.keeping.retention
        count = 0
        while some := self._finished(before):
            emptied = sum(self._empty(conversation_id) for conversation_id in some)
            if not emptied:
                break
            count += emptied
        return count

    def _finished(self, before: datetime) -> tuple[str, ...]:
        with self.database.reading() as connection:
            return retention.due(connection, before=before, limit=_AT_A_TIME)

    def _empty(self, conversation_id: str) -> bool:
        with self.database.writing() as connection:
            keys = retention.empty(connection, conversation_id, at=self.now())
            if keys is None:
                return False
            # Nothing more can become of its messages, and a step that is still waiting would find no bytes.
            for message in messages.of_conversation(connection, conversation_id):
                for kind in (DELIVER, EXPIRE):
                    tasks.remove(connection, kind, subject=message.id)
        for key in keys:
            self.blobs.delete(key)
        return True

    def empty_inbox(self) -> int:
        """Delete the bytes of what came in and was acknowledged long enough ago, or came too late; how many messages."""
        before, count = self.now() - self.keeping.retention, 0
        while some := self._fetched(before):
            for message_id in some:
                with self.database.writing() as connection:
                    keys = inbox_keeping.empty(connection, message_id, before=before, at=self.now())
                for key in keys:
                    self.blobs.delete(key)
            count += len(some)
        return count

    def _fetched(self, before: datetime) -> tuple[str, ...]:
        with self.database.reading() as connection:
            return inbox_keeping.due(connection, before=before, limit=_AT_A_TIME)

    def sweep_spool(self) -> int:
        """Take away what a killed process left in this machine's spool; how many files and folders."""
        folder = self.keeping.spool
        return spool.sweep(folder, before=self.now() - _ORPHANS_AFTER) if folder else 0

    def sweep_bytes(self) -> int:
        """Take away files that are a day old and belong to no document and no incoming message; how many."""
        before = self.now() - _ORPHANS_AFTER
        count = self.blobs.sweep_unfinished(before)
        keys = self.blobs.keys_before(before)
        while some := tuple(islice(keys, _AT_A_TIME)):
            with self.database.reading() as connection:
                orphans = documents.unreferenced(connection, some)
            for key in orphans:
                self.blobs.delete(key)
            count += len(orphans)
        return count
