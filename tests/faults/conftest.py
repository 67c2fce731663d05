"""A stage for each test: an empty gateway on each database, in front of a sandbox of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.faults.client import DEAF
from tests.faults.stage import Stage, set_stage
from tests.postgresql import is_installed, running_server


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """An empty gateway on each database, with one recipient who never fetches."""
    with ExitStack() as stack:
        database = ""
        if request.param == "postgresql":
            if not is_installed():
                pytest.skip("PostgreSQL's server or psycopg is not on this machine")
            database = stack.enter_context(running_server())
        stage = stack.enter_context(set_stage(tmp_path, database))
        deaf = {"channel": "recipient", "operation": "fetch", "action": "never-fetch"}
        wish = {**deaf, "organisation": DEAF.removeprefix("0192:")}
        requests.post(f"{stage.sandbox.url}/_sim/faults", json=wish, timeout=10).raise_for_status()
        yield stage
