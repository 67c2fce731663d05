"""Many files checked by as many processes as there are cores, the output in the order of the files.

In come names, out come `Batch`es: text ready to be printed, and counts. Called by `validate`. Few files are
checked in this very process: starting others would take longer.
"""

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.cli.checking import STANDARD_INPUT, Checker, Wanted
from gateway.cli.reports import write

WORTH_A_PROCESS = 64
_LARGEST_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be printed for some files, and how many of them were what."""

    text: str
    valid: int
    invalid: int
    unreadable: int


def check_files(files: Sequence[str], wanted: Wanted, *, cores: int | None = None) -> Generator[Batch, None, None]:
    """A batch for each file, or for each chunk of files where there are many."""
    count = min(cores or _count_cores(), len(files) // (WORTH_A_PROCESS // 2))
    if len(files) < WORTH_A_PROCESS or count < 2 or STANDARD_INPUT in files:
        checker = Checker(wanted, today=_today())
        for file in files:
            yield _check_chunk(checker, [file], form=wanted.form)
        return
    yield from _check_side_by_side(files, wanted, processes=count)


def _check_side_by_side(files: Sequence[str], wanted: Wanted, *, processes: int) -> Generator[Batch, None, None]:
    import multiprocessing

    size = max(1, min(_LARGEST_CHUNK, len(files) // (processes * 8)))
    chunks = (files[start : start + size] for start in range(0, len(files), size))
    # Leaving the block ends the processes, also where the reader of our output has gone or Ctrl-C was pressed.
    with multiprocessing.Pool(processes, _prepare, (wanted, _today())) as pool:
        yield from pool.imap(_check_in_process, chunks)


# What a process of the pool checks with; made when it starts.
_prepared: tuple[Checker, str] | None = None


def _prepare(wanted: Wanted, today: date) -> None:
    import signal

    global _prepared  # a pool hands its processes their state in no other way
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prepared = (Checker(wanted, today=today), wanted.form)


def _check_in_process(files: Sequence[str]) -> Batch:
    if _prepared is None:
        raise AssertionError("the pool prepares each process before it works")
    checker, form = _prepared
    return _check_chunk(checker, files, form=form)


def _check_chunk(checker: Checker, files: Sequence[str], *, form: str) -> Batch:
    reports = [checker.check(file) for file in files]
    text = "".join([write(report, form) for report in reports])
    unreadable = sum(not report.readable for report in reports)
    valid = sum(report.valid for report in reports)
    return Batch(text, valid, len(reports) - valid - unreadable, unreadable)


def _today() -> date:
    return datetime.now().astimezone().date()


def _count_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
