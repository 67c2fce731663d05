"""The processes of the campaign: a sandbox here, a server and workers as a user starts them, killed by their ids.

In come a folder and a database, out come processes of groups of their own, none of which outlives the stage.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import requests

from gateway.cli.settings_file import write_settings
from gateway.delivery.housekeeping import SWEEP
from gateway.sandbox.server import Sandbox
from gateway.storage import tasks
from gateway.storage.engine import Database
from tests.faults.boundaries import KILL_AT
from tests.live import read_schemas

ROOT = Path(__file__).resolve().parents[2]
_UP_SECONDS = 60


class Role(StrEnum):
    """What a process is."""

    WEB = "web"
    WORKER = "worker"


@dataclass(frozen=True)
class Running:
    """A process that was started. `at` is where it is to kill itself, "" for one that the campaign kills."""

    role: Role
    process: subprocess.Popen[bytes]
    at: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self.process.poll() is not None

    @property
    def killed_itself(self) -> bool:
        """Whether it came to its boundary."""
        return self.process.poll() == -signal.SIGKILL

    def wait(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.has_ended

    def kill(self) -> None:
        """kill -9, the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM, and the exit code once it has drained."""
        self.process.terminate()
        return self.process.wait(90)


@dataclass
class Stage:
    """A gateway of several processes on `database` ("" for SQLite in the folder) in front of a sandbox."""

    folder: Path
    sandbox: Sandbox
    database: str
    port: int
    started: list[Running] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The gateway's data folder."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Where the server listens, whenever it does."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, role: Role, at: str = "") -> Running:
        """Start a server or a worker; `at` is `BOUNDARY:N`."""
        module = f"tests.faults.{role}_main" if at or role is Role.WORKER else "gateway.cli"
        words = ["worker"] if role is Role.WORKER else ["serve", "--no-worker", "--port", str(self.port)]
        command = [sys.executable, "-m", module, *words, "--data", str(self.data)]
        with (self.folder / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment(at),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        running = Running(role, process, at)
        self.started.append(running)
        return running

    def wait_for_web(self) -> None:
        """Until the server answers."""
        give_up = time.monotonic() + _UP_SECONDS
        while time.monotonic() < give_up:
            with suppress(requests.RequestException):
                requests.get(f"{self.url}/out/messages", timeout=5).raise_for_status()
                return
            time.sleep(0.05)
        raise AssertionError(f"the server does not come up: {self.log_of(Role.WEB)}")

    def open_database(self) -> Database:
        """The gateway's database, to be closed by the caller."""
        return Database(self.database or str(self.data / "gateway.db"))

    def hasten_sweep(self) -> None:
        """Let the sweep be due now, which otherwise comes every ten minutes."""
        database = self.open_database()
        try:
            database.upgrade()  # maybe no process has come so far yet
            with database.writing() as connection:
                tasks.hasten(connection, SWEEP, subject="", now=datetime.now(UTC))
        finally:
            database.close()

    def log_of(self, role: Role) -> str:
        """The end of what those processes said."""
        return (self.folder / f"{role}.log").read_text(errors="replace")[-3000:]

    def kill_all(self, running: Sequence[Running] | None = None) -> None:
        """Whatever still runs."""
        for each in self.started if running is None else running:
            if not each.has_ended:
                each.kill()

    def _environment(self, at: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GATEWAY_DELIVERY_LEASE_SECONDS": "1",
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
