"""`gateway db`: the database as such.

In come settings, out comes a database with the tables of this version.
"""

import click

from gateway.cli.places import Place, with_place
from gateway.cli.tongue import told
from gateway.language import say


@click.group("db")
def command() -> None:
    """Bring the database to this version."""


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
