"""Keeps the HTTP server and the delivery worker running side by side, and drains both when told to stop.

In come the arguments of both, out comes an exit code. Called by `gateway serve`. It holds no settings, no database and
no keys, so that nothing of theirs is in a process that only waits.
"""

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence

from gateway.cli import lifeline

_LOOK = 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
# What has been begun may take so long; after that it is cut off, and leases see to it that nothing is lost.
DRAIN_SECONDS = 60.0


class Supervisor:
    """Two children and the wish to stop. A second Ctrl-C cuts the draining short."""

    def __init__(self, door: Sequence[str], worker: Sequence[str]) -> None:
        self._door_arguments = door
        self._worker_arguments = worker
        self._stopping = threading.Event()
        self._hurry = threading.Event()

    def run(self) -> int:
        """Until told to stop, or until the server ends by itself; then its exit code."""
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, self._asked_to_stop)
        door = self._start_door()
        if door.poll() is not None:
            return door.returncode
        worker = self._watch(door) if not self._stopping.is_set() else None
        self._drain([door, *([worker] if worker else [])])
        return 0 if self._stopping.is_set() else door.returncode or 1

    def _asked_to_stop(self, *_: object) -> None:
        (self._hurry if self._stopping.is_set() else self._stopping).set()

    def _start_door(self) -> subprocess.Popen[bytes]:
        """The server, which has come up, or has ended because it could not."""
        reading, writing = os.pipe()
        door = lifeline.start(self._door_arguments, ready=writing)
        os.close(writing)
        while not select.select([reading], [], [], _LOOK)[0]:
            if self._stopping.is_set():
                break
        else:
            if not os.read(reading, 8):  # the pipe was closed without a word
                door.wait()
        os.close(reading)
        return door

    def _watch(self, door: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Keep a worker running while the server runs and nobody wants to stop; the last one is returned."""
        pause = _FIRST_PAUSE
        while True:
            worker, begun = lifeline.start(self._worker_arguments), time.monotonic()
            while door.poll() is None and worker.poll() is None and not self._stopping.wait(_LOOK):
                pass
            if door.poll() is not None or self._stopping.is_set():
                return worker
            if time.monotonic() - begun > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            _tell_that_worker_ended(worker.returncode, pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _drain(self, children: Iterable[subprocess.Popen[bytes]]) -> None:
        running = [child for child in children if child.poll() is None]
        for child in running:
            child.terminate()
        give_up = time.monotonic() + DRAIN_SECONDS
        for child in running:
            while child.poll() is None and time.monotonic() < give_up and not self._hurry.wait(_LOOK / 4):
                pass
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _tell_that_worker_ended(code: int, pause: float) -> None:
    import structlog

    from gateway.cli.logs import configure_logs

    configure_logs()
    structlog.get_logger("supervisor").error("worker_ended", code=code, restart_in_seconds=pause)
