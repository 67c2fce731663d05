"""The programs that a bench measures, as a user starts them: sandbox, server, workers, each a process of its own.

In come a folder and an environment, out come processes that are gone when the block ends, and what each has used.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(folder: Path, *arguments: str, database: str = "") -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`gateway …` on that data folder; the process and its first line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if database:
        environment["GATEWAY_STORAGE_DATABASE"] = database
    command = [sys.executable, "-m", "gateway.cli", arguments[0], "--data", str(folder), *arguments[1:]]
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment)
        try:
            assert process.stdout is not None
            line = "" if arguments[0] == "worker" else process.stdout.readline().decode().strip()
            yield process, line
        finally:
            process.terminate()
            process.wait(90)
            if process.stdout:
                process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """What a process has used of the CPU, in user and kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family(pid: int) -> Sequence[int]:
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def resident_kib(pid: int) -> int:
    """Resident memory of one process; pages that it shares with others are divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
