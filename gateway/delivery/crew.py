"""Several workers side by side in one process, so that one kind of work cannot take the hands of another.

In come workers and the wish to stop, out comes what they did. Called by `app`; to whoever runs it, it is one worker.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from gateway.delivery.worker import Worker


class Crew:
    """Runs until told to stop, and until every one of its workers has finished what it began."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; where one ends by a fault, the others are told, and the fault is raised."""
        first, *others = self._workers
        with ThreadPoolExecutor(max(1, len(others)), thread_name_prefix="crew") as pool:
            running = [pool.submit(_run, worker, stop) for worker in others]
            _run(first, stop)
        for each in running:
            each.result()


def _run(worker: Worker, stop: threading.Event) -> None:
    try:
        worker.run(stop)
    finally:
        stop.set()
