"""The versions of the tables, in order, and what brings a database to the newest. Called by `engine.Database.upgrade`.

A new version: change `tables.py`, add a file to `versions/`; a test compares the two.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from gateway.errors import SetupFault
from gateway.language import say


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of this program."""
    newest = ScriptDirectory.from_config(_settings()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def migrate(connection: Connection, *, to: str = "head") -> None:
    """Bring the tables to that version in this transaction; SetupFault where a newer program made them."""
    settings = _settings()
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, to)
    except CommandError as fault:
        raise SetupFault(
            say("the database cannot be brought to this version: {reason}", reason=str(fault)),
            mend="a newer gateway has made it: run that version, or restore a backup from before",
        ) from fault


def _settings() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return settings
