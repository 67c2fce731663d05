"""An outside world of its own for the tests of this folder, and a gateway in it that does not wait long."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from gateway.sandbox.assembly import Pace
from gateway.sandbox.server import Sandbox
from tests.faults.client import DEAF
from tests.faults.stage import Stage, set_stage
from tests.live import Gateway, read_schemas, serving, settings_for
from tests.postgresql import Server, controlled_server, is_installed

QUICK = Pace(virus_scan=0.02, poll=0.02)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """An outside world that no other test sends into: what is counted there is ours."""
    with Sandbox.start(tmp_path_factory.mktemp("elsewhere"), schemas=read_schemas(), pace=QUICK) as running:
        yield running


@pytest.fixture(scope="session")
def _steady(elsewhere: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(elsewhere, tmp_path_factory.mktemp("steady")) as served:
        yield served


@pytest.fixture
def steady(_steady: Gateway) -> Iterator[Gateway]:
    """A gateway without a worker; no fault outlives a test."""
    yield _steady
    requests.delete(f"{_steady.sandbox.url}/_sim/faults", timeout=10)


@pytest.fixture(scope="session")
def _hasty(elsewhere: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    data = tmp_path_factory.mktemp("hasty")
    dpo = settings_for(elsewhere, data).dpo
    assert dpo is not None
    # Long enough for a busy machine, and short enough to see a channel hang.
    with serving(elsewhere, data, dpo=replace(dpo, timeout=(5, 1.5), upload_timeout=(5, 1.5))) as served:
        yield served


@pytest.fixture
def hasty(_hasty: Gateway) -> Iterator[Gateway]:
    """The same, and it waits a second and a half for the channel's answers."""
    yield _hasty
    requests.delete(f"{_hasty.sandbox.url}/_sim/faults", timeout=10)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL of our own that may be stopped and started."""
    if not is_installed():
        pytest.skip("PostgreSQL's server or psycopg is not on this machine")
    with controlled_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """An empty gateway on each database in front of a sandbox of its own, with one recipient who never fetches."""
    database = request.getfixturevalue("postgresql").fresh() if request.param == "postgresql" else ""
    with set_stage(tmp_path, database) as stage:
        deaf = {"channel": "recipient", "operation": "fetch", "action": "never-fetch"}
        wish = {**deaf, "organisation": DEAF.removeprefix("0192:")}
        requests.post(f"{stage.sandbox.url}/_sim/faults", json=wish, timeout=10).raise_for_status()
        yield stage
