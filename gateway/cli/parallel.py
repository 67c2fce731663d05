"""Many files checked by as many processes as there are cores, the output in the order of the files.

In come names, out come `Batch`es: text ready to be printed, and counts. Called by `validate`. Few files are
checked in this very process: starting others would take longer.
"""

import gc
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

from gateway.cli.checking import STANDARD_INPUT, Checker, Wanted
from gateway.cli.reports import write

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext
    from multiprocessing.process import BaseProcess

WORTH_A_PROCESS = 64
_LARGEST_CHUNK = 250

Files = Sequence[str]
_Context: TypeAlias = "ForkContext | SpawnContext"
_Hand = tuple["BaseProcess", "Connection"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be printed for some files, and how many of them were what."""

    text: str
    valid: int
    invalid: int
    unreadable: int


def check_files(files: Files, wanted: Wanted, *, cores: int | None = None) -> Generator[Batch, None, None]:
    """A batch for each file, or for each chunk of files where there are many."""
    if len(files) > 1:
        gc.enable()
    count = min(cores or _count_cores(), len(files) // (WORTH_A_PROCESS // 2))
    if len(files) < WORTH_A_PROCESS or count < 2 or STANDARD_INPUT in files:
        checker = _checker(wanted, today=_today())
        for file in files:
            yield _check_chunk(checker, [file], wanted=wanted)
        return
    size = max(1, min(_LARGEST_CHUNK, len(files) // (count * 8)))
    chunks = [files[start : start + size] for start in range(0, len(files), size)]
    yield from _check_side_by_side(chunks, wanted, processes=count)


def _check_side_by_side(chunks: Sequence[Files], wanted: Wanted, *, processes: int) -> Generator[Batch, None, None]:
    """Chunk after chunk, dealt out like cards: each process sends its own in order, so asking in turn keeps the order."""
    context = _context()
    hands: list[_Hand] = []
    try:
        for first in range(processes):
            hands.append(_start(context, chunks[first::processes], wanted=wanted))
        for number in range(len(chunks)):
            yield _receive(hands[number % processes])
    finally:
        # Also where the reader of our output has gone, or Ctrl-C was pressed.
        for process, _ in hands:
            process.terminate()
            process.join()


def _context() -> "_Context":
    import multiprocessing
    import threading

    # To fork is quickest, and safe only while there is no other thread whose locks would be copied as they stand.
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _start(context: "_Context", chunks: Sequence[Files], *, wanted: Wanted) -> _Hand:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_work, args=(theirs, chunks), kwargs={"wanted": wanted, "today": _today()}, daemon=True
    )
    process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    return process, ours


def _receive(hand: _Hand) -> Batch:
    process, pipe = hand
    try:
        batch: Batch = pipe.recv()
    except EOFError as fault:
        process.join()
        raise RuntimeError(f"a process that checks files has ended with {process.exitcode}") from fault
    return batch


def _work(pipe: "Connection", chunks: Sequence[Files], *, wanted: Wanted, today: date) -> None:
    """One process: check these chunks in turn. Ctrl-C is for the process that prints, which then ends this one."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    checker = _checker(wanted, today=today)
    try:
        for files in chunks:
            pipe.send(_check_chunk(checker, files, wanted=wanted))
    except BrokenPipeError:
        return  # nobody waits for the rest


def _check_chunk(checker: Checker, files: Files, *, wanted: Wanted) -> Batch:
    reports = [checker.check(file) for file in files]
    text = "".join([write(report, wanted) for report in reports])
    unreadable = sum(not report.readable for report in reports)
    valid = sum(report.valid for report in reports)
    return Batch(text, valid, len(reports) - valid - unreadable, unreadable)


def _checker(wanted: Wanted, *, today: date) -> Checker:
    if wanted.fix is None:
        return Checker(wanted, today=today)
    from gateway.cli.fixing import Fixer

    return Fixer(wanted, today=today)


def _today() -> date:
    return datetime.now().astimezone().date()


def _count_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
