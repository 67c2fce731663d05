"""Two web and three worker processes on one PostgreSQL and one bucket: one installation, started all at once."""

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from sqlalchemy import create_engine, text

from gateway.cli.settings_file import write_settings
from gateway.sandbox.server import Sandbox
from gateway.storage.bucket import BucketSettings
from tests.buckets import objects, serving_buckets
from tests.documents import Message
from tests.secrets import PDF
from tests.storage.conftest import _create, postgresql_server

__all__ = ["postgresql_server"]

MESSAGES = 40
POLL_SECONDS = 0.5
PATIENCE = 120.0
WEBS, WORKERS = 2, 3


class Cluster:
    """The processes, each with a data folder of its own as on a machine of its own."""

    def __init__(self, sandbox: Sandbox, folder: Path, shared: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}, **shared}
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
        """`gateway ARGUMENTS` on the next machine; what it logs lies beside its folder."""
        data = self._folder / f"machine{len(self.processes)}"
        write_settings(data, self._sandbox.setup(), poll_seconds=POLL_SECONDS)
        command = [sys.executable, "-m", "gateway.cli", *arguments, "--data", str(data)]
        with data.with_suffix(".stderr").open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env={**self._environment, **more}
            )
        self.processes.append(process)
        return process

    def log_of(self, process: "subprocess.Popen[bytes]") -> str:
        """What it has logged so far."""
        number = self.processes.index(process)
        return (self._folder / f"machine{number}.stderr").read_text(encoding="utf-8", errors="replace")

    def url(self, process: "subprocess.Popen[bytes]") -> str:
        """Where a web process listens, once it does."""
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line.startswith("listening on "), self.log_of(process)[-2000:]
        return line.removeprefix("listening on ").strip()

    def stop(self) -> list[int]:
        """Drain all; their exit codes."""
        for process in self.processes:
            process.terminate()
        codes = [process.wait(60) for process in self.processes]
        for process in self.processes:
            if process.stdout:
                process.stdout.close()
        return codes


@pytest.fixture
def bucket() -> Iterator[BucketSettings]:
    """A bucket of this test's own."""
    with serving_buckets() as buckets:
        yield buckets.make("gateway/documents")


@pytest.fixture
def address(postgresql_server: str) -> str:
    """The URL of a database without tables."""
    name = f"gateway_{uuid4().hex}"
    _create(postgresql_server, f"CREATE DATABASE {name}")
    return postgresql_server.format(name=name)


def shared_by(address: str, bucket: BucketSettings, keys: Path) -> dict[str, str]:
    """The settings that all machines have in common, as variables."""
    return {
        "GATEWAY_STORAGE_DATABASE": address.replace("postgresql+psycopg://", "postgresql://"),
        "GATEWAY_STORAGE_DOCUMENTS": bucket.address,
        "GATEWAY_STORAGE_ENDPOINT": str(bucket.endpoint),
        "GATEWAY_STORAGE_REGION": str(bucket.region),
        "GATEWAY_STORAGE_SEALING_KEYS": str(keys),
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-bucket",
    }


@contextmanager
def cluster(sandbox: Sandbox, folder: Path, shared: dict[str, str]) -> Iterator[Cluster]:
    """Processes, every one of them gone afterwards."""
    running = Cluster(sandbox, folder, shared)
    with ExitStack() as stack:
        stack.callback(lambda: [process.kill() for process in running.processes if process.poll() is None])
        yield running


@pytest.mark.slow
def test_two_webs_and_three_workers_are_one_gateway(
    sandbox: Sandbox, tmp_path: Path, address: str, bucket: BucketSettings, run_log: Path
) -> None:
    """Started at once on nothing: each message is posted here, filled and committed there, and delivered exactly once."""
    with cluster(sandbox, tmp_path, shared_by(address, bucket, tmp_path / "keys")) as running:
        begun = time.monotonic()
        webs = [running.start("serve", "--no-worker", "--port", "0") for _ in range(WEBS)]
        workers = [running.start("worker") for _ in range(WORKERS)]
        urls = [running.url(web) for web in webs]
        with ThreadPoolExecutor(4) as pool:
            pairs = itertools.islice(itertools.cycle([tuple(urls), tuple(reversed(urls))]), MESSAGES)
            ids = list(pool.map(lambda pair: send(*pair), pairs))
        wait_until_delivered(urls[1], ids)
        elapsed = time.monotonic() - begun
        logs = [running.log_of(process) for process in running.processes]
        assert running.stop() == [0] * (WEBS + WORKERS), logs
    (run_log.parent / "cluster.stderr").write_text("".join(logs), encoding="utf-8")
    deliveries = requests.get(f"{sandbox.url}/_sim/deliveries", timeout=30).json()
    counted = {entry["messageId"]: entry["copies"] for entry in deliveries if entry["messageId"] in ids}
    assert counted == dict.fromkeys(ids, 1)
    assert len(objects(bucket)) == MESSAGES
    assert all(name.startswith("gateway/documents/") for name in objects(bucket))
    assert sum('"swept"' in log for log in logs) == 1, "one of the workers swept, once"
    assert sum("worker_started" in log for log in logs) == len(workers)
    assert polls(address) < elapsed / POLL_SECONDS + 2, "the workers polled in turn, not each for itself"
    assert not any("secret-of-the-bucket" in log for log in logs)


@pytest.mark.slow
def test_a_machine_with_a_sealing_key_of_its_own_does_not_start(
    sandbox: Sandbox, tmp_path: Path, address: str, bucket: BucketSettings
) -> None:
    """It would seal what the others cannot open: it says which key is missing and where to put it, and ends."""
    shared = shared_by(address, bucket, tmp_path / "keys")
    with cluster(sandbox, tmp_path, shared) as running:
        running.url(running.start("serve", "--no-worker", "--port", "0"))
        stray = running.start("worker", GATEWAY_STORAGE_SEALING_KEYS=str(tmp_path / "other"))
        assert stray.wait(60) == 2
        assert re.search(r"sealed with the key [0-9a-f]{16}", running.log_of(stray))
        assert str(tmp_path / "other") in running.log_of(stray)
        wrong = running.start("worker", GATEWAY_STORAGE_DOCUMENTS="s3://no-such-bucket/x")
        assert wrong.wait(60) == 2
        assert "NoSuchBucket" in running.log_of(wrong)
        assert "secret-of-the-bucket" not in running.log_of(wrong)
        running.stop()


def send(first: str, second: str) -> str:
    """Post at one web process, upload at the other, commit at the first again; the message's id."""
    headers = {"Content-Type": "application/xml"}
    answer = requests.post(f"{first}/out/messages", data=Message().xml(), headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    path = f"/out/messages/{answer.json()['conversationId']}"
    put = requests.put(f"{second}{path}/documents/vedtak.pdf", data=PDF, timeout=60)
    assert put.status_code == 201, put.text
    committed = requests.post(f"{first}{path}", timeout=60)
    assert committed.status_code == 202, committed.text
    return str(answer.json()["prototypes"][0]["messageId"])


def wait_until_delivered(url: str, ids: list[str]) -> None:
    """Until every one of them is LEST."""
    left, end = list(ids), time.monotonic() + PATIENCE
    while left:
        (message,) = requests.get(f"{url}/statuses/{left[0]}", timeout=30).json()["messages"]
        if message["lastStatus"] == "LEST":
            left.pop(0)
            continue
        assert time.monotonic() < end, message
        time.sleep(0.1)


def polls(address: str) -> int:
    """How often a poll was claimed; a claim moves the fence by one."""
    engine = create_engine(address)
    with engine.connect() as connection:
        count: int = connection.scalar(text("SELECT fence FROM task WHERE kind LIKE '%poll%'")) or 0
    engine.dispose()
    return count
