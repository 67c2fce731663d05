"""`gateway db`: the database as such.

In come settings, out comes a database with the tables of this version.
"""

from typing import TYPE_CHECKING

import click

from gateway.cli.places import Place, with_place
from gateway.cli.tongue import told
from gateway.language import say

if TYPE_CHECKING:
    from gateway.storage.engine import Database


@click.group("db")
def command() -> None:
    """Bring the database to this version; let go what a restore holds."""


@command.command("upgrade")
@with_place
def upgrade(place: Place) -> None:
    """Bring the tables to this version of the program.

    The server does the same when it starts; do it by hand where several processes share a PostgreSQL database, before
    the new version is started anywhere. It is safe to run at any time, and twice.

    \b
    Example:
      gateway db upgrade --data /var/lib/gateway
    """
    from gateway.app import open_database

    settings = place.load()
    open_database(settings).close()
    from sqlalchemy import make_url

    shown = make_url(settings.database).render_as_string() if "://" in settings.database else settings.database
    click.echo(told(say("the database {database} is at this version", database=shown)))


@command.command("hold")
@with_place
def hold(place: Place) -> None:
    """Hold every queued message, after a database was restored by other means.

    What was queued when the backup was taken may have been handed over since. `gateway restore` does this by itself; do it
    by hand after pg_restore, before anything is started. Safe to run twice.

    \b
    Example:
      gateway db hold --data /var/lib/gateway
    """
    from gateway.app import now, open_database
    from gateway.cli.restored import show_held
    from gateway.delivery.committing import DELIVER
    from gateway.storage import restored

    database = open_database(place.load(), must_exist=True)
    with database.writing() as connection:
        waiting = restored.hold(connection, DELIVER, now=now())
        restored.leap(connection)
    database.close()
    show_held(waiting)


@command.command("release")
@click.argument("message_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Let go of all.")
@click.option("--drop", is_flag=True, help="End those with these IDs instead: they are not sent again.")
@with_place
def release(place: Place, message_ids: tuple[str, ...], *, everything: bool, drop: bool) -> None:
    """Let go of messages that are held after a restore, or end them; without ID, list them.

    Ask the recipient, or look into the sender's archive, whether a message got there before you let it go: a recipient's
    system drops a second copy by its messageId, but not every system does. One that has arrived is ended with --drop:
    it is not sent again, and its log ends as LEVETID_UTLOPT with the outcome unknown. So does, at its deadline, one that
    is left alone.

    \b
    Examples:
      gateway db release --data /var/lib/gateway             what is held
      gateway db release --data /var/lib/gateway 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
      gateway db release --data /var/lib/gateway --drop 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
      gateway db release --data /var/lib/gateway --all
    """
    from gateway.app import open_database
    from gateway.cli.restored import show_held
    from gateway.delivery.committing import DELIVER
    from gateway.storage import restored

    if drop and (everything or not message_ids):
        raise click.UsageError("--drop takes the IDs of the messages that have arrived, not --all")
    database = open_database(place.load(), must_exist=True)
    gone = _let_go(database, None if everything else message_ids, drop=drop) if everything or message_ids else ()
    with database.reading() as connection:
        left = restored.held(connection, DELIVER)
    database.close()
    for message_id in gone:
        click.echo(told(say("{id} is ended", id=message_id) if drop else say("{id} is let go", id=message_id)))
    unknown = set(message_ids).difference(gone)
    for message_id in sorted(unknown):
        click.echo(told(say("{id} is not held", id=message_id)), err=True)
    if not message_ids:
        show_held(left)
    if unknown:
        raise SystemExit(1)


def _let_go(database: "Database", only: tuple[str, ...] | None, *, drop: bool) -> tuple[str, ...]:
    """Release, or end, what is held; the ids of what was."""
    from gateway.app import now
    from gateway.delivery.committing import DELIVER
    from gateway.delivery.steering import Steering
    from gateway.storage import restored

    if drop:
        return Steering(database, now).give_up(only or ())
    with database.writing() as connection:
        return restored.release(connection, DELIVER, only=only, now=now())


@command.command("forget-key")
@click.argument("key_id", metavar="ID")
@with_place
def forget_key(place: Place, key_id: str) -> None:
    """Give up a sealing key that is lost for good, with every document that it sealed.

    The gateway does not start while a key is missing that documents were sealed with; the fault names its ID.

    \b
    Example:
      gateway db forget-key 1f0c1e6d3e4c539d --data /var/lib/gateway
    """
    from gateway.app import open_database
    from gateway.storage import seals

    database = open_database(place.load(), must_exist=True)
    with database.writing() as connection:
        was_known = seals.forget(connection, key_id)
    database.close()
    if not was_known:
        click.echo(told(say("no document was sealed with a key {id}", id=key_id)), err=True)
        raise SystemExit(1)
    click.echo(told(say("the key {id} is given up: what it sealed cannot be read any more", id=key_id)))
