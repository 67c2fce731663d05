"""What a client puts out of its own sight at the door under /api: conversations that it deletes, statuses that it takes.

In come its wishes, out come rows that say so. Called by that door. Nothing that is sent, received or known is deleted:
the log, our own door and the delivery go on as they are.
"""

from dataclasses import dataclass

from gateway.delivery.submission import Clock
from gateway.storage.engine import Database, lock_log
from gateway.storage.nextmove import exchanges, log
from gateway.storage.nextmove.exchanges import ExchangeFilter
from gateway.storage.nextmove.paging import Reader


@dataclass(frozen=True, slots=True)
class Shelf:
    """Putting away with everything it needs."""

    database: Database
    now: Clock

    def take_status(self, reader: Reader, number: int) -> bool:
        """Take a status from the client's queue; False where it is not in it."""
        with self.database.writing() as connection:
            return log.take(connection, reader, number=number)

    def hide(self, reader: Reader, wanted: ExchangeFilter) -> None:
        """Put the conversations that are meant out of the client's sight; none is no error."""
        with self.database.writing() as connection:
            lock_log(connection)
            exchanges.hide(connection, reader, wanted=wanted, at=self.now())
