"""Processes in groups of their own, killed by their ids: started afresh as a user does, or from a warm one that has
imported everything, which takes a tenth of the time.

In come arguments and an environment, out come `Running`s. Called by `stage`.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LOOK = 0.02
_WARM = (
    "pytest",
    "gunicorn.workers.gthread",
    "gateway.cli.door",
    "gateway.cli.serve",
    "gateway.cli.worker",
    "tests.faults.web_main",
    "tests.faults.worker_main",
)
# Two threads that look after the same child at once take its exit code from each other.
_LOOKING = threading.Lock()


@dataclass(frozen=True)
class Running:
    """A process that was started, and where what it says goes."""

    pid: int
    log: Path
    code: Callable[[], int | None]

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self.code() is not None

    @property
    def was_killed(self) -> bool:
        """Whether it is gone, and by kill -9."""
        return self.code() == -signal.SIGKILL

    def wait(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        give_up = time.monotonic() + seconds
        while not self.has_ended and time.monotonic() < give_up:
            time.sleep(_LOOK)
        return self.has_ended

    def kill(self) -> None:
        """kill -9, the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self.wait(60), "a killed process is still there"

    def stop(self) -> int | None:
        """SIGTERM, and the exit code once it has drained."""
        os.kill(self.pid, signal.SIGTERM)
        self.wait(90)
        return self.code()

    def said(self) -> str:
        """The end of what it said."""
        return self.log.read_text(errors="replace")[-3000:]


@dataclass(frozen=True)
class Command:
    """What to run: a module with a `run` and an `if __name__`, the arguments after it, the environment, the log."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path


def start_afresh(command: Command) -> Running:
    """As from a command line."""
    with command.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", command.module, *command.arguments],
            cwd=ROOT,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    return Running(process.pid, command.log, process.poll)


def start_warm(command: Command) -> Running:
    """The same by a fork of a process that has done nothing but import."""
    context = multiprocessing.get_context("forkserver")
    with _LOOKING:
        context.set_forkserver_preload(list(_WARM))
        process = context.Process(target=_become, args=(command,))
        process.start()

    def code() -> int | None:
        with _LOOKING:
            return process.exitcode

    assert process.pid is not None
    return Running(process.pid, command.log, code)


def _become(command: Command) -> None:
    os.setpgid(0, 0)
    log = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.clear()
    os.environ.update(command.environment)
    sys.argv = [command.module, *command.arguments]
    importlib.import_module(command.module).run()
