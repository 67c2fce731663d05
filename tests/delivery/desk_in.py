"""A gateway's receiving side over a channel of the tests, with the clock in the test's hand."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from gateway.delivery.inbox import Inbox
from gateway.delivery.leases import Leases
from gateway.delivery.packages import Packages
from gateway.delivery.receipts import RECEIPT_BACK, Receipts
from gateway.delivery.reception import Reception
from gateway.delivery.reopening import Reopening
from gateway.delivery.retry import Backoff, RetrySettings
from gateway.delivery.storing import Storing
from gateway.delivery.submission import Caller
from gateway.keys import DocumentSealer, KeyPair, KeyRing, SealingKey, TrustRoots
from gateway.message.status import Direction
from gateway.storage import arrivals, inbox, receipts_out, statuses, tasks
from gateway.storage.blobs import FolderBlobs
from gateway.storage.engine import Database
from gateway.storage.inbox import Incoming
from gateway.storage.tasks import ClaimTerms, Task
from tests.certificates import NOW
from tests.delivery.parcels import OUR_KEY, OURS, ROOT, Channel


@dataclass
class Desk:
    """Everything between the channel and the fagsystem. `keys` and `roots` are those of the moment."""

    database: Database
    folder: Path
    keys: tuple[KeyPair, ...] = (OUR_KEY,)
    roots: tuple[object, ...] = (ROOT[1],)
    time: datetime = NOW
    channel: Channel = field(init=False)
    blobs: FolderBlobs = field(init=False)
    numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        """A folder for each."""
        for name in ("channel", "spool"):
            (self.folder / name).mkdir()
        self.channel = Channel(self.folder / "channel")
        sealer = DocumentSealer([SealingKey(b"k" * 32)])
        self.blobs = FolderBlobs(self.folder / "documents", sealer=sealer)

    def now(self) -> datetime:
        """The time, a millisecond later each time it is asked for."""
        self.time += timedelta(milliseconds=1)
        return self.time

    def packages(self) -> Packages:
        """With the keys and roots of the moment."""
        roots = TrustRoots(self.roots)  # type: ignore[arg-type]
        return Packages(self.blobs, KeyRing(self.keys), roots, self.now, self.folder / "spool")

    def poll(self) -> None:
        """Take in what waits."""
        storing = Storing(self.database, self.packages(), self.now)
        Reception(self.database, self.channel, storing, self.now).poll(OURS)

    def reopen(self) -> int:
        """Try again what could not be opened."""
        return Reopening(self.database, self.packages(), self.now).reopen_all()

    def room(self) -> Inbox:
        """The inbox."""
        return Inbox(self.database, self.blobs, self.now)

    def caller(self, client_id: str = "fagsystem", *organisations: str) -> Caller:
        """A client of ours."""
        return Caller(client_id, client_id, organisations or (OURS,))

    def find(self, message_id: str) -> Incoming:
        """The message as it is stored."""
        with self.database.reading() as connection:
            found = inbox.find(connection, message_id)
        assert found is not None
        return found

    def log(self, message_id: str) -> list[str]:
        """The names of its statuses."""
        with self.database.reading() as connection:
            return [
                each.status.value for each in statuses.of_message(connection, message_id, direction=Direction.INCOMING)
            ]

    def owed(self, message_id: str) -> list[tuple[str, str]]:
        """The receipts for it, with their states."""
        with self.database.reading() as connection:
            return [(each.status.value, each.state.value) for each in receipts_out.of_message(connection, message_id)]

    def odd(self) -> list[str]:
        """The reasons of the odd events, newest first."""
        with self.database.reading() as connection:
            return [each.reason for each in arrivals.odd_events(connection, limit=99)]

    def stored(self) -> list[Path]:
        """Every file of the blob store, unfinished ones too."""
        return sorted(path for path in (self.folder / "documents").rglob("*") if path.is_file())

    def claim(self) -> tuple[Task, ...]:
        """The receipts that are due."""
        terms = ClaimTerms(timedelta(minutes=1), (RECEIPT_BACK,), 10)
        return tasks.claim(self.database, "desk", now=self.time, terms=terms)

    def carry(self) -> int:
        """One round of the receipts that are due; how many there were."""
        held = self.claim()
        for task in held:
            self.receipts().carry(task)
        return len(held)

    def receipts(self) -> Receipts:
        """What sends them."""
        return Receipts(
            self.database,
            self.channel,
            KeyRing(self.keys),
            Backoff(RetrySettings(), lambda: 0.0),
            Leases(),
            self.now,
            lambda: f"id-{next(self.numbers)}",
        )

    def carry_all(self, within: timedelta = timedelta(hours=25)) -> None:
        """Round after round while time goes by, until none is left or the time is up."""
        end = self.time + within
        while self.time < end and self._is_owing():
            if not self.carry():
                self.time += (
                    timedelta(seconds=1) if self.time < end - within + timedelta(minutes=20) else timedelta(minutes=5)
                )

    def _is_owing(self) -> bool:
        with self.database.reading() as connection:
            return connection.execute(tasks.task.select().where(tasks.task.c.kind == RECEIPT_BACK)).first() is not None
