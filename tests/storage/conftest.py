"""Databases for the tests of this room: a fresh one each, copied from one that was migrated once.

A test that asks for `database` runs on SQLite and on PostgreSQL; the latter is skipped where it is not installed.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from gateway.storage.engine import Database

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


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
    """A PostgreSQL of our own in a temporary folder, reached through a socket in it; its URL without the database."""
    if not _BINARIES or importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL's server or psycopg is not on this machine")
    account = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    if account:
        shutil.chown(folder, account)
    pg_ctl = _BINARIES[-1]
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    _run([pg_ctl.with_name("initdb"), "-D", folder / "data", "-A", "trust", "-U", "gateway", "-E", "UTF8"], account)
    try:
        _run([pg_ctl, "-D", folder / "data", "-o", options, "-l", folder / "log", "-w", "start"], account)
        yield f"postgresql+psycopg://gateway@/{{name}}?host={folder}"
    finally:
        _run([pg_ctl, "-D", folder / "data", "-m", "immediate", "-w", "stop"], account)
        shutil.rmtree(folder)


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


def _run(command: list[object], account: str | None) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, user=account, cwd="/", check=True, timeout=60, stdout=subprocess.DEVNULL)


def _create(server: str, statement: str) -> None:
    engine = create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
