"""`gateway restore`: a data folder from a backup, with what may have gone out since held back.

In come a backup and a new folder, out come the folder and what is to be done before it is started.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.places import Place, with_place
from gateway.cli.restored import show_held
from gateway.cli.tongue import told
from gateway.language import say

if TYPE_CHECKING:
    from gateway.storage.restored import HeldMessage


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--no-hold", is_flag=True, help="Hold nothing back; only where nothing ran since the backup was taken.")
@with_place
def command(place: Place, source: Path, *, no_hold: bool) -> None:
    """Make a data folder from a backup.

    SOURCE is what gateway backup made; --data must be new or empty. Every file is checked against the backup's
    manifest. Messages that were queued in the backup may have been handed over after it, and sending them again could
    double them: they are held until you let them go with gateway db release. Submissions that came after the backup
    are not known any more; drafts of it may have been committed since.

    \b
    Example:
      gateway restore /backup/2026-03-02 --data /var/lib/gateway-new
    """
    from gateway.storage.backup import put_back

    waiting: list[HeldMessage] = []
    taken = put_back(source, place.data, prepare=lambda database: waiting.extend(_prepare(database, hold=not no_hold)))
    held = say("{count} documents, {size} bytes in all", count=taken.documents, size=taken.size)
    click.echo(told(say("restored into {data}: {held}", data=str(place.data), held=held)))
    if not taken.with_keys:
        folder = str(place.data / "keys")
        click.echo(told(say("the sealing keys were not in the backup: put them into {folder} first", folder=folder)))
    click.echo(
        told(say("Put gateway.toml and the business certificate in place, and start it there and nowhere else."))
    )
    if not no_hold:
        show_held(waiting)


def _prepare(path: Path, *, hold: bool) -> "tuple[HeldMessage, ...]":
    """Bring the database to this version and hold what may have gone out; what is held."""
    from gateway.app import now
    from gateway.delivery.committing import DELIVER
    from gateway.storage import restored
    from gateway.storage.engine import Database

    database = Database(str(path))
    try:
        database.upgrade()
        with database.writing() as connection:
            waiting = restored.hold(connection, DELIVER, now=now()) if hold else ()
            restored.leap(connection)
    finally:
        database.close()
    return waiting
