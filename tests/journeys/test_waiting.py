"""Waiting at the real server: half of its threads at most, so that everybody else is answered."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from gateway.message.status import Status
from gateway.sandbox.server import Sandbox
from gateway.storage import statuses
from gateway.storage.engine import Database
from tests.journeys.following import wait_for
from tests.live import served_process
from tests.storage.making import make_event, store_queued


def test_half_of_the_threads_wait_and_the_rest_answers(
    sandbox: Sandbox, tmp_path: Path, run_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five who ask a server of four threads to wait, two do, and hear of what another process writes; three are
    answered at once, and so is whoever asks for something else meanwhile."""
    monkeypatch.setenv("GATEWAY_SERVER_THREADS", "4")
    errors = run_log.parent / "waiting.stderr"
    with served_process(sandbox, tmp_path, errors, "--no-worker") as (url, _), ThreadPoolExecutor(5) as pool:

        def wait(_: int) -> tuple[str, float, int]:
            begun = time.monotonic()
            answer = requests.get(f"{url}/statuses?wait=25s", timeout=40)
            return answer.headers["Long-Poll"], time.monotonic() - begun, len(answer.json()["events"])

        asked = [pool.submit(wait, number) for number in range(5)]
        wait_for(lambda: sum(each.done() for each in asked) >= 3, "those who find no place")
        assert requests.get(f"{url}/manage/health", timeout=10).status_code == 200
        assert sum(each.done() for each in asked) == 3
        database = Database(str(tmp_path / "gateway.db"))
        event = make_event(store_queued(database, client_id="local")[0], Status.OPPRETTET)
        with database.writing() as connection:
            statuses.append(connection, event)
        database.close()
        told = sorted(each.result(20) for each in asked)
    assert [(how, events) for how, _, events in told] == [("busy", 0)] * 3 + [("ready", 1)] * 2
    assert max(seconds for _, seconds, _ in told) < 15
