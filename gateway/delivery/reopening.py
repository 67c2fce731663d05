"""What could not be opened or believed at first, tried again: a key may have been put back, a root named, a clock set right.

In comes a recurring task, out come messages that wait in the inbox after all. Called by the worker, soon after it starts
and every hour; what came is kept until then as it came.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from gateway.delivery.packages import Opened, Packages
from gateway.delivery.storing import LATE, tell_waiting
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError
from gateway.packaging.records import PackageFault
from gateway.storage import inbox, inbox_keeping, tasks
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxState, Incoming
from gateway.storage.inbox_keeping import Reopened
from gateway.storage.tasks import Task

log = structlog.get_logger(__name__)

REOPEN = "reopen"
# What another key, another root or another hour may mend. A signature that does not hold never will.
MAY_MEND = (
    PackageFault.UNDECRYPTABLE.value,
    PackageFault.UNKNOWN_ROOT.value,
    # A root that nobody named and that did not come along is an issuer that is missing.
    PackageFault.ISSUER_MISSING.value,
    PackageFault.CERTIFICATE_NOT_YET_VALID.value,
)


@dataclass(frozen=True, slots=True)
class Reopening:
    """Trying again with everything it needs; `interval` is the pause between two rounds."""

    database: Database
    packages: Packages
    now: Clock
    interval: timedelta = timedelta(hours=1)

    def run(self, held: Task) -> None:
        """One round; what goes wrong is tried again in the next."""
        try:
            log.info("reopened", messages=self.reopen_all())
        except GatewayError as error:
            log.warning("reopening_failed", error=type(error).__name__)
        with self.database.writing() as connection:
            tasks.reschedule(connection, replace(held, attempts=0), due=self.now() + self.interval, step="")

    def reopen_all(self) -> int:
        """Try every message that another key or root may open; how many wait in the inbox now."""
        with self.database.reading() as connection:
            stuck = inbox_keeping.stuck(connection, MAY_MEND)
        return sum(self._reopen(message_id) for message_id in stuck)

    def _reopen(self, message_id: str) -> bool:
        with self.database.reading() as connection:
            entry = inbox.find(connection, message_id)
        if entry is None or entry.state is not InboxState.UNREADABLE or entry.parcel is None:
            return False
        # A certificate that has run out while the message lay here was good when it came.
        early = entry.signature.verdict == PackageFault.CERTIFICATE_NOT_YET_VALID
        try:
            opened = self.packages.reopen(entry.parcel, at=self.now() if early else entry.received)
        except GatewayError as error:
            log.warning("parcel_not_read", error=type(error).__name__)
            return False
        if opened.holds:
            return self._settle(entry, opened)
        if opened.signature != entry.signature:
            self._settle(entry, opened)
        return False

    def _settle(self, entry: Incoming, opened: Opened) -> bool:
        """It waits in the inbox, is another kind of unreadable, or was opened when its time was over."""
        now = self.now()
        late = opened.holds and entry.expires is not None and entry.expires <= now
        state = InboxState.EXPIRED if late else InboxState.WAITING if opened.holds else InboxState.UNREADABLE
        found = Reopened(state, LATE if late else opened.signature, now)
        if state is InboxState.WAITING:
            found = replace(found, blob=opened.blob, size=opened.size, files=opened.files)
        with self.database.writing() as connection:
            settled = inbox_keeping.settle(connection, entry.message_id, found=found)
            if settled and state is InboxState.WAITING:
                tell_waiting(connection, entry, now=now)
        used = settled and state is InboxState.WAITING
        # Whichever of the two no row names any more.
        spare = entry.parcel if used and opened.blob else opened.blob
        if spare:
            self.packages.blobs.delete(spare)
        return used
