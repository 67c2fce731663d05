"""The sweep with its clock ahead: what lies in the document folder after it, and what a row knows of.

In come a stage and how far ahead, out come two sets of keys. Called by the tests when no process runs that could sweep.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from gateway.delivery.housekeeping import Housekeeping
from gateway.keys import DocumentSealer, load_or_create_sealing_keys
from gateway.storage.blobs import FolderBlobs
from gateway.storage.tables import document
from gateway.storage.tables_in import incoming
from tests.faults.stage import Stage


def files_after(stage: Stage, ahead: timedelta) -> tuple[set[str], set[str]]:
    """The files that are left by a sweep at that time, and the keys of the rows that are."""
    folder = stage.data / "documents"
    database = stage.open_database()
    try:
        blobs = FolderBlobs(folder, sealer=DocumentSealer(load_or_create_sealing_keys(stage.data / "keys")))
        moment = datetime.now(UTC) + ahead
        housekeeping = Housekeeping(database, blobs, lambda: moment)
        housekeeping.expire_drafts()
        housekeeping.sweep_bytes()
        with database.reading() as connection:
            kept = set(connection.scalars(select(document.c.key)))
            came_in = connection.execute(select(incoming.c.blob, incoming.c.parcel))
            kept |= {key for row in came_in for key in row if key}
    finally:
        database.close()
    return {path.name for path in folder.rglob("*") if path.is_file()}, kept
