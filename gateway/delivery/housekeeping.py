"""Sweeping: drafts that nobody committed in time, answers under old keys, bytes that no row knows.

In comes the clock, out go rows and files. A recurring task of the worker, so that of many workers one does it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import structlog

from gateway.delivery.submission import Clock
from gateway.errors import GatewayError
from gateway.storage import conversations, documents, idempotency, tasks
from gateway.storage.blobs import BlobStore
from gateway.storage.engine import Database
from gateway.storage.tasks import Task

log = structlog.get_logger(__name__)

SWEEP = "sweep"
_AT_A_TIME = 200
_KEYS_ARE_KEPT = timedelta(hours=24)
# What a crash left behind is told from an upload under way by its age.
_ORPHANS_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Sweeping with everything it needs; `interval` is the pause between two rounds."""

    database: Database
    blobs: BlobStore
    now: Clock
    interval: timedelta = timedelta(minutes=10)

    def run(self, held: Task) -> None:
        """One round; what goes wrong is tried again in the next."""
        try:
            drafts = self.expire_drafts()
            orphans = self.sweep_bytes()
            with self.database.writing() as connection:
                keys = idempotency.sweep(connection, before=self.now() - _KEYS_ARE_KEPT)
            log.info("swept", drafts=drafts, files=orphans, keys=keys)
        except GatewayError as error:
            log.warning("sweep_failed", error=type(error).__name__)
        with self.database.writing() as connection:
            tasks.reschedule(connection, replace(held, attempts=0), due=self.now() + self.interval, step="")

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

    def sweep_bytes(self) -> int:
        """Take away files that are a day old and belong to no document; how many."""
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
