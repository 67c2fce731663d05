"""Kill -9 at every step boundary and at random moments, on both databases: what was committed is delivered once."""

import random
import time
from datetime import timedelta

import pytest

from tests.faults.campaign import Campaign, Plan
from tests.faults.client import Fagsystem
from tests.faults.count import count, wait_until_told
from tests.faults.stage import Role, Stage
from tests.faults.sweeping import files_after

_SILENT_SECONDS = 180


@pytest.mark.slow
@pytest.mark.timeout(900)
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
    wait_until_told(fagsystem, _SILENT_SECONDS)
    figures = count(fagsystem, stage.sandbox.url)
    assert [each.stop() for each in running] == [0, 0, 0]
    print(f"\n{figures}\n{_told(plan, fagsystem)}")
    print(f"killing took {killed - begun:.0f} s, draining and counting {time.monotonic() - killed:.0f} s")
    assert figures.is_clean(), "\n".join([str(figures), *figures.odd])
    assert plan.done.total() >= kills
    assert figures.delivered_once >= letters
    left, kept = files_after(stage, timedelta(days=30))
    assert left == kept


def _told(plan: Plan, fagsystem: Fagsystem) -> str:
    where = ", ".join(f"{role}/{name} {times}" for (role, name), times in sorted(plan.done.items()))
    missed = ", ".join(f"{role}/{name} {times}" for (role, name), times in sorted(plan.missed.items())) or "none"
    return (
        f"{plan.done.total()} kills: {where}\nboundaries not come to in time (killed elsewhere): {missed}\n"
        f"requests tried again {fagsystem.retried}, refused for a deadline that had passed {fagsystem.late}"
    )
