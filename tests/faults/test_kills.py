"""Kill -9 at every step boundary and at random moments, on both databases: what was committed is delivered once.

And what came in is handed to the fagsystem until it has acknowledged it, and not after, and its sender is told each thing once.
"""

import random
import time
from datetime import timedelta

import pytest

from tests.faults.campaign import Campaign, Plan
from tests.faults.client import Fagsystem
from tests.faults.count import count, wait_until_told
from tests.faults.count_mail import count_mail, wait_until_receipted
from tests.faults.mail import Correspondent, Desk
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
    correspondent = Correspondent(stage.sandbox)
    desk = Desk(stage.url, correspondent.sent)
    Campaign(stage, fagsystem, desk, correspondent, plan, letters).run()
    killed = time.monotonic()
    running = [stage.start(role) for role in (Role.WEB, Role.WORKER, Role.WORKER)]
    stage.wait_for_web()
    wait_until_told(fagsystem, _SILENT_SECONDS)
    desk.take_all(_SILENT_SECONDS)
    wait_until_receipted(desk, stage.sandbox.url, seconds=_SILENT_SECONDS)
    figures, taken_in = count(fagsystem, stage.sandbox.url), count_mail(desk, stage.sandbox.url)
    assert [each.stop() for each in running] == [0, 0, 0]
    print(f"\n{figures}\n{taken_in}\n{_told(plan, fagsystem)}")
    print(f"killing took {killed - begun:.0f} s, draining and counting {time.monotonic() - killed:.0f} s")
    assert figures.is_clean(), "\n".join([str(figures), *figures.odd])
    assert taken_in.is_clean(), "\n".join([str(taken_in), *taken_in.odd])
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
