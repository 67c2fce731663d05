"""Two workers stopped in the midst of their uploads, past their leases, and woken after a third has taken over."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import requests

from gateway.sandbox.server import Sandbox
from gateway.storage.engine import Database
from tests.faults.figures import Client, delivered, settle, wait_for
from tests.live import served_process

# More than the pipes between a worker and the Broker hold, so that it is stopped before its last byte is sent.
LARGE = b"%PDF-" + os.urandom(8 * 1024 * 1024)
# Milliseconds: the Broker answers when a third worker has long taken over.
HELD = 5000
_OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Where every process of the test keeps its state; set for those that are started."""
    on_sqlite = request.param == "sqlite"
    address = str(tmp_path / "gateway.db") if on_sqlite else request.getfixturevalue("postgresql").fresh()
    monkeypatch.setenv("GATEWAY_STORAGE_DATABASE", address)
    monkeypatch.setenv("GATEWAY_DELIVERY_LEASE_SECONDS", "1")
    monkeypatch.setenv("GATEWAY_DELIVERY_FIRST_PAUSE_SECONDS", "0.2")
    opened = Database(address)
    yield opened
    opened.close()


@contextmanager
def worker(data: Path, errors: Path, *, parallel: int) -> Iterator[subprocess.Popen[bytes]]:
    """`gateway worker` as a real process."""
    environment = {**os.environ, "GATEWAY_DELIVERY_PARALLEL": str(parallel)}
    command = [sys.executable, "-m", "gateway.cli", "worker", "--data", str(data)]
    with errors.open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
        try:
            yield process
        finally:
            wake([process])
            process.terminate()  # once: a second one ends it at once, without draining
            assert process.wait(60) == 0, errors.read_text(errors="replace")[-2000:]


@pytest.mark.slow
def test_frozen_past_their_leases_and_woken(
    database: Database, elsewhere: Sandbox, tmp_path: Path, run_log: Path
) -> None:
    """Two stopped while a transfer was begun, two while bytes went out; waking up they send nothing a second time."""
    data, logs = tmp_path / "data", run_log.parent
    with ExitStack() as stack:
        url, _ = stack.enter_context(served_process(elsewhere, data, logs / "frozen.stderr", "--no-worker"))
        client = Client(url, LARGE)
        drafts = [client.prepare() for _ in range(4)]
        errors = {name: logs / f"frozen-{name}.stderr" for name in ("third", "first", "second")}
        third, *frozen = [
            stack.enter_context(worker(data, log, parallel=4 if name == "third" else 2)) for name, log in errors.items()
        ]
        for name, log in errors.items():
            wait_for(lambda log=log: b"worker_started" in log.read_bytes(), f"the {name} worker")
        freeze([third], database)
        stack.callback(requests.delete, f"{elsewhere.url}/_sim/faults", timeout=10)
        before = delays_ended(elsewhere)
        for operation in ("initialize", "upload"):
            hold(elsewhere, operation, times=2)
        for draft in drafts:
            client.commit(draft)
        wait_for(lambda: not held_back(elsewhere), "two workers in the midst of their work")
        freeze(frozen, database)
        assert arrived(elsewhere, client) == 0
        wake([third])
        wait_for(lambda: arrived(elsewhere, client) == 4, "the third worker")
        wake(frozen)
        wait_for(lambda: delays_ended(elsewhere) - before == 4, "the calls that were held back")
        figures = settle(url, elsewhere.url, client.committed)
    assert figures.good, figures
    # The workers have drained: what they would have sent, they have sent.
    assert sorted(delivered(elsewhere.url)[each] for each in client.committed) == [1, 1, 1, 1]


def hold(sandbox: Sandbox, operation: str, *, times: int) -> None:
    """Let the Broker take that long over so many calls."""
    wish = {"channel": "broker", "operation": operation, "action": f"delay:{HELD}", "times": times}
    requests.post(f"{sandbox.url}/_sim/faults", json=wish, timeout=10).raise_for_status()


def held_back(sandbox: Sandbox) -> int:
    """How many calls are still to be held back."""
    faults = requests.get(f"{sandbox.url}/_sim/faults", timeout=10).json()
    return sum(each["times"] for each in faults)


def delays_ended(sandbox: Sandbox) -> int:
    """How many calls were held back and are over."""
    journal = requests.get(f"{sandbox.url}/_sim/journal", timeout=10).json()
    return sum(each["fault"] == "delay" for each in journal)


def arrived(sandbox: Sandbox, client: Client) -> int:
    """How many of the client's messages the recipient has."""
    return len(set(client.committed) & set(delivered(sandbox.url)))


def freeze(processes: list[subprocess.Popen[bytes]], database: Database) -> None:
    """Stop them where they hold no lock of the database: with one, nobody could take over before they wake."""
    for _ in range(50):
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        if is_free(database):
            return
        wake(processes)
        time.sleep(0.02)
    raise AssertionError("they hold the database all the time")


def wake(processes: list[subprocess.Popen[bytes]]) -> None:
    """Let them go on."""
    for process in processes:
        process.send_signal(signal.SIGCONT)


def is_free(database: Database) -> bool:
    """Whether nobody is in the midst of a transaction that writes."""
    with database.reading() as connection:
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(_OPEN_TRANSACTIONS).scalar_one() == 0
        path = connection.engine.url.database
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True
