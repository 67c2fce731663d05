"""Under which sealing keys this installation's documents lie: remembered with the rows, so that a wrong key is found at start.

In come the ids of the keys at hand, out comes a `SetupFault` where one is missing that documents were sealed with. Called
by `app`, and by the command that gives a lost key up.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from gateway.errors import SetupFault
from gateway.language import listed, say
from gateway.storage.engine import Connection, lock_log
from gateway.storage.once import insert_once
from gateway.storage.tables import seal


def known(connection: Connection) -> frozenset[str]:
    """The ids of every key that has sealed here."""
    return frozenset(connection.scalars(select(seal.c.key_id)))


def agree(connection: Connection, at_hand: Sequence[str], *, place: str, now: datetime) -> None:
    """Remember the newest key (the first); SetupFault where the keys in `place` lack one that others have sealed with.

    Two machines that start at once with different keys do not both get through.
    """
    lock_log(connection)
    missing = sorted(known(connection).difference(at_hand))
    if missing:
        raise SetupFault(
            say(
                "documents here are sealed with the key {keys}, which is not in {place}",
                keys=listed(missing, ", "),
                place=place,
            ),
            mend="Copy the sealing-….key files of the other machines, or of the backup, into that folder, or name a "
            "folder that all share in [storage] sealing_keys. A key that is lost for good, with all that it sealed, is "
            "given up with: gateway db forget-key ID",
        )
    insert_once(connection, seal, row={"key_id": at_hand[0], "first_used": now})


def forget(connection: Connection, key_id: str) -> bool:
    """Give a key up: what it sealed cannot be read any more. Whether it was known."""
    return connection.execute(delete(seal).where(seal.c.key_id == key_id)).rowcount > 0
