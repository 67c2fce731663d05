"""Kill -9 at every step boundary and at random moments, on both databases: what was committed is delivered once."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from gateway.delivery.housekeeping import Housekeeping
from gateway.keys import DocumentSealer, load_or_create_sealing_keys
from gateway.storage.blobs import FolderBlobs
from tests.faults.campaign import Campaign, Plan
from tests.faults.client import DEAF, Fagsystem
from tests.faults.count import count, wait_until_told
from tests.faults.stage import Role, Stage, set_stage
from tests.postgresql import is_installed, running_server

_DRAIN_SECONDS = 240


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


@pytest.mark.slow
def test_kills_lose_and_double_nothing(stage: Stage) -> None:
    """Every boundary once and random moments between: committed = delivered once, and every final status is right."""
    _wage(stage, kills=30, letters=40)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_kills_lose_and_double_nothing(stage: Stage) -> None:
    """The same with 200 kills while 500 messages go out."""
    _wage(stage, kills=200, letters=500)


def _wage(stage: Stage, *, kills: int, letters: int) -> None:
    begun = time.monotonic()
    fagsystem, plan = Fagsystem(stage.url), Plan(kills, random.Random(kills))
    Campaign(stage, fagsystem, plan, letters).run()
    killed = time.monotonic()
    running = [stage.start(role) for role in (Role.WEB, Role.WORKER, Role.WORKER)]
    stage.wait_for_web()
    wait_until_told(fagsystem, _DRAIN_SECONDS)
    figures = count(fagsystem, stage.sandbox.url)
    assert [each.stop() for each in running] == [0, 0, 0]
    print(f"\n{figures}\n{_told(plan, fagsystem)}")
    print(f"killing took {killed - begun:.0f} s, draining and counting {time.monotonic() - killed:.0f} s")
    assert figures.is_clean(), "\n".join([str(figures), *figures.odd])
    assert plan.done.total() >= kills
    assert figures.delivered_once >= letters
    _sweep(stage)


def _told(plan: Plan, fagsystem: Fagsystem) -> str:
    where = ", ".join(f"{role}/{name} {times}" for (role, name), times in sorted(plan.done.items()))
    missed = ", ".join(f"{role}/{name} {times}" for (role, name), times in sorted(plan.missed.items())) or "none"
    return (
        f"{plan.done.total()} kills: {where}\nboundaries not come to in time (killed elsewhere): {missed}\n"
        f"requests tried again {fagsystem.retried}, refused for a deadline that had passed {fagsystem.late}"
    )


def _sweep(stage: Stage) -> None:
    """A month later nothing lies in the document folder but what a committed message holds."""
    folder = stage.data / "documents"
    database = stage.open_database()
    try:
        blobs = FolderBlobs(folder, sealer=DocumentSealer(load_or_create_sealing_keys(stage.data / "keys")))
        ahead = datetime.now(UTC) + timedelta(days=30)
        housekeeping = Housekeeping(database, blobs, lambda: ahead)
        housekeeping.expire_drafts()
        housekeeping.sweep_bytes()
        left = {path.name for path in folder.rglob("*") if path.is_file()}
        with database.reading() as connection:
            kept = set(connection.exec_driver_sql("SELECT key FROM document").scalars())
    finally:
        database.close()
    assert left == kept
