"""The versions of the tables, in order, and what brings a database to the newest. Called by `engine.Database.upgrade`.

A new version: change `tables.py`, add a file to `versions/`; a test compares the two.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from gateway.errors import SetupFault
from gateway.language import say

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of this program: the number of the newest file is theirs.

    Found without Alembic, which is half the time and ten MiB of every start, and rarely needed.
    """
    if not inspect(connection).has_table("alembic_version"):
        return False
    newest = max(path.name for path in (_FOLDER / "versions").glob("v*.py")).removeprefix("v").partition("_")[0]
    return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == newest)


def migrate(connection: Connection, *, to: str = "head") -> None:
    """Bring the tables to that version in this transaction; SetupFault where a newer program made them."""
    from alembic import command
    from alembic.util import CommandError

    settings = _settings()
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, to)
    except CommandError as fault:
        raise SetupFault(
            say("the database cannot be brought to this version: {reason}", reason=str(fault)),
            mend="a newer gateway has made it: run that version, or restore a backup from before",
        ) from fault


def _settings() -> "Config":
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return settings
