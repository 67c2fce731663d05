"""The processes of the campaign: a sandbox here, a server and workers as a user starts them, killed by their ids.

In come a folder and a database, out come processes of groups of their own, none of which outlives the stage.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import requests

from gateway.cli.settings_file import write_settings
from gateway.delivery.housekeeping import SWEEP, SWEEP_BYTES
from gateway.sandbox.server import Sandbox
from gateway.storage import tasks
from gateway.storage.engine import Database
from tests.faults.boundaries import KILL_AT
from tests.faults.processes import ROOT, Command, Running, start_afresh, start_warm
from tests.live import read_schemas

_UP_SECONDS = 60


class Role(StrEnum):
    """What a process is."""

    WEB = "web"
    WORKER = "worker"


@dataclass
class Stage:
    """A gateway of several processes on `database` ("" for SQLite in the folder) in front of a sandbox."""

    folder: Path
    sandbox: Sandbox
    database: str
    port: int
    started: list[Running] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def data(self) -> Path:
        """The gateway's data folder."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Where the server listens, whenever it does."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, role: Role, at: str = "", *, warm: bool = False) -> Running:
        """Start a server or a worker as a user does; `at` is `BOUNDARY:N` for one that is to kill itself there.

        That one is started warm, and any other where it is asked for.
        """
        warm = warm or bool(at)
        module = f"tests.faults.{role}_main" if warm or role is Role.WORKER else "gateway.cli"
        words = ["worker"] if role is Role.WORKER else ["serve", "--no-worker", "--port", str(self.port)]
        with self._guard:
            log = self.folder / f"{role}-{len(self.started):03}.log"
            command = Command(module, [*words, "--data", str(self.data)], self._environment(at), log)
            running = start_warm(command) if warm else start_afresh(command)
            self.started.append(running)
        return running

    def is_up(self, role: Role, running: Running) -> bool:
        """Whether it has come so far that it works."""
        if role is Role.WORKER:
            return "worker_started" in running.said()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def wait_for_web(self) -> None:
        """Until the server answers."""
        give_up = time.monotonic() + _UP_SECONDS
        while time.monotonic() < give_up:
            with suppress(requests.RequestException):
                requests.get(f"{self.url}/out/messages", timeout=5).raise_for_status()
                return
            time.sleep(0.05)
        raise AssertionError("the server does not come up")

    def open_database(self) -> Database:
        """The gateway's database, to be closed by the caller."""
        return Database(self.database or str(self.data / "gateway.db"))

    def hasten_sweep(self) -> None:
        """Let the sweeps be due now, which otherwise come every ten minutes, and every six hours."""
        database = self.open_database()
        try:
            database.upgrade()  # maybe no process has come so far yet
            with database.writing() as connection:
                for sweep in (SWEEP, SWEEP_BYTES):
                    tasks.hasten(connection, sweep, subject="", now=datetime.now(UTC))
        finally:
            database.close()

    def kill_all(self) -> None:
        """Whatever still runs."""
        for each in self.started:
            if not each.has_ended:
                each.kill()

    def _environment(self, at: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GATEWAY_DELIVERY_LEASE_SECONDS": "1",
            "GATEWAY_INBOX_LOCK_SECONDS": "5",
            "GATEWAY_DELIVERY_FIRST_PAUSE_SECONDS": "0.2",
            "GATEWAY_DELIVERY_LONGEST_PAUSE_SECONDS": "2",
            **({"GATEWAY_STORAGE_DATABASE": self.database} if self.database else {}),
            **({KILL_AT: at} if at else {}),
        }


@contextmanager
def set_stage(folder: Path, database: str) -> Iterator[Stage]:
    """A sandbox and an empty gateway, no process of it started yet."""
    with Sandbox.start(folder / "sandbox", schemas=read_schemas()) as sandbox:
        write_settings(folder / "data", sandbox.setup(), poll_seconds=0.5)
        stage = Stage(folder, sandbox, database, _free_port())
        try:
            yield stage
        finally:
            stage.kill_all()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
