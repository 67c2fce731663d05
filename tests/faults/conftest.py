"""A stage for each test: an empty gateway on each database, in front of a sandbox of its own."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.faults.client import DEAF
from tests.faults.stage import Stage, set_stage
from tests.postgresql import is_installed, running_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own, with a database for each test."""
    if not is_installed():
        pytest.skip("PostgreSQL's server or psycopg is not on this machine")
    with running_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """An empty gateway on each database, with one recipient who never fetches."""
    database = _create_database(request.getfixturevalue("postgresql")) if request.param == "postgresql" else ""
    with set_stage(tmp_path, database) as stage:
        deaf = {"channel": "recipient", "operation": "fetch", "action": "never-fetch"}
        wish = {**deaf, "organisation": DEAF.removeprefix("0192:")}
        requests.post(f"{stage.sandbox.url}/_sim/faults", json=wish, timeout=10).raise_for_status()
        yield stage


def _create_database(address: str) -> str:
    """An empty one at that server; its URL."""
    name = f"faults_{uuid4().hex}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return address.replace("/postgres?", f"/{name}?")
