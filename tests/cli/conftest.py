"""What the tests of the command line share: a runner, data folders with settings, and a really served gateway."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.commands import gateway as command_line
from gateway.cli.settings_file import write_settings
from gateway.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run `gateway ARGUMENTS` in this process, whose logs and signals stay as they are; `input` is what stands on stdin."""
    monkeypatch.setattr("gateway.cli.logs.configure_logs", lambda: None)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    runner = CliRunner()

    def invoke(*arguments: object, **more: object) -> Result:
        return runner.invoke(command_line, [str(each) for each in arguments], **more)  # type: ignore[arg-type]

    yield invoke
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.fixture
def data(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A data folder whose gateway.toml lives in the sandbox."""
    folder = tmp_path / "data"
    write_settings(folder, sandbox.setup(), poll_seconds=0.3)
    return folder


def start(*arguments: object, stderr: Path | None = None, tmpdir: Path | None = None) -> "subprocess.Popen[bytes]":
    """`gateway ARGUMENTS` as a process of its own, in a session of its own; `tmpdir` is where it puts temporary things."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    if tmpdir:
        tmpdir.mkdir(exist_ok=True)
        environment["TMPDIR"] = str(tmpdir)
    errors = stderr.open("ab") if stderr else subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", *(str(each) for each in arguments)],
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )


@contextmanager
def started(*arguments: object, **more: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The same, and gone afterwards, whatever the test made of it."""
    process = start(*arguments, **more)
    try:
        yield process
    finally:
        end(process)


@dataclass(frozen=True)
class Served:
    """A running `gateway serve`."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def served(data: Path, log: Path) -> Iterator[Served]:
    """`gateway serve` on a free port; whatever it has started is gone afterwards."""
    with started("serve", "--data", data, "--port", "0", stderr=log) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line.startswith("listening on http://127.0.0.1:"), line + log.read_text()
        yield Served(line.split()[-1], process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it has started: they are in its session, even where it is gone."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
    for pid in _processes(3, process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def descendants(pid: int) -> list[int]:
    """Every process that this one has started, and those that they have."""
    children = _processes(1, pid)
    return [*children, *(below for child in children for below in descendants(child))]


def command_of(pid: int) -> list[str]:
    """What a process was started with; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return _stat(Path(f"/proc/{pid}"))[0] != "Z"
    except OSError:
        return False


def wait_until(met: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait for something to become true; fails when it does not in time."""
    give_up = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.05)


def _processes(column: int, number: int) -> list[int]:
    """The processes that have this number there: 1 is the parent, 3 the session."""
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _has(entry, column, number)
    ]


def _has(entry: Path, column: int, number: int) -> bool:
    try:
        return int(_stat(entry)[column]) == number
    except OSError:
        return False


def _stat(entry: Path) -> list[str]:
    """State, parent, group, session, … of a process; its name may hold anything, and ends with the last bracket."""
    return (entry / "stat").read_text().rpartition(")")[2].split()
