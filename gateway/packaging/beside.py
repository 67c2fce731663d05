"""Runs one half of a long stream in a thread of its own, so that reading and digesting go on beside encrypting.

In come blocks, out come the same blocks in order; a fault is raised where its block was asked for. Called by `asice`
and `opener`. A short stream gets no thread: it would cost more than it saves. At most four blocks wait.
"""

import queue
import threading
from collections.abc import Generator, Iterator

from gateway.packaging.records import Block

_LONG = 4 * 1024 * 1024
_WAITING = 4


def run_beside(blocks: Iterator[Block]) -> Generator[Block, None, None]:
    """What `blocks` yields, after its first 4 MiB produced ahead of the caller. Close it, or the thread may linger."""
    taken = 0
    for block in blocks:
        yield block
        taken += len(block)
        if taken >= _LONG:
            break
    else:
        return
    producer = _Producer(blocks)
    producer.start()
    try:
        yield from producer.take()
    finally:
        producer.stop()


class _Producer(threading.Thread):
    """Two plain queues, one for blocks and one for the room they take: a bounded `queue.Queue` costs a tenth more."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        super().__init__(name="packaging", daemon=True)
        self._blocks = blocks
        self._ready: queue.SimpleQueue[Block | BaseException | None] = queue.SimpleQueue()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(_WAITING):
            self._room.put(None)
        self._stopped = False

    def run(self) -> None:
        last: BaseException | None = None
        try:
            for block in self._blocks:
                self._ready.put(block)
                self._room.get()
                if self._stopped:
                    break
        except BaseException as fault:
            last = fault  # it is the caller's, who waits for this block
        self._ready.put(last)

    def take(self) -> Iterator[Block]:
        while (block := self._ready.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block
            self._room.put(None)

    def stop(self) -> None:
        """Let a producer that waits for room go on, to its end."""
        self._stopped = True
        self._room.put(None)
        self.join()
