"""Databases for the tests of this room: a fresh one each, copied from one that was migrated once.

A test that asks for `database` runs on SQLite and on PostgreSQL; the latter is skipped where it is not installed.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from gateway.storage.engine import Database
from tests.postgresql import is_installed, running_server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that nobody has open."""
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    database = Database(str(path))
    database.upgrade()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL of our own; its URL without the database."""
    if not is_installed():
        pytest.skip("PostgreSQL's server or psycopg is not on this machine")
    with running_server() as address:
        yield address.replace("/postgres?", "/{name}?")


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of a migrated database to copy."""
    _create(postgresql_server, "CREATE DATABASE template_gateway")
    database = Database(postgresql_server.format(name="template_gateway"))
    database.upgrade()
    database.close()
    return "template_gateway"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL or path of a migrated, empty database."""
    if request.param == "sqlite":
        return str(shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "gateway.db"))
    template, server = request.getfixturevalue("postgresql_template"), request.getfixturevalue("postgresql_server")
    name = f"gateway_{uuid4().hex}"
    _create(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return str(server.format(name=name))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL or path of a database without tables."""
    if request.param == "sqlite":
        return str(tmp_path / "gateway.db")
    server = request.getfixturevalue("postgresql_server")
    name = f"gateway_{uuid4().hex}"
    _create(server, f"CREATE DATABASE {name}")
    return str(server.format(name=name))


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """A migrated, empty database."""
    opened = Database(address)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database, for what only that one can show."""
    opened = Database(str(shutil.copy(sqlite_template, tmp_path / "only.db")))
    yield opened
    opened.close()


def _create(server: str, statement: str) -> None:
    engine = create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
