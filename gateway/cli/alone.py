"""One process of a kind in one folder: a lock that is gone with the process, however that ends.

In comes the lock's file, out comes nothing, or the process that holds it. Called by serve, worker and sandbox.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SetupFault
from gateway.language import say

_LOOK = 0.05


@contextmanager
def alone(path: Path, *, patience: float = 0.0) -> Iterator[str | None]:
    """Hold the lock; yields None, or the pid of who holds it and did not let go within `patience` seconds."""
    import fcntl  # not there on Windows, where nothing of this runs

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise SetupFault(
            say("{path} cannot be written: {reason}", path=str(path), reason=fault.strerror), mend="Check --data."
        ) from fault
    give_up = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    yield os.pread(held, 20, 0).decode(errors="replace").strip() or "?"
                    return
                time.sleep(_LOOK)
        os.ftruncate(held, 0)
        os.pwrite(held, str(os.getpid()).encode(), 0)
        yield None
    finally:
        os.close(held)  # and no unlocking: a forked child may hold it on


@contextmanager
def only_sandbox(data: Path) -> Iterator[None]:
    """Be the only sandbox of a data folder; `SetupFault` before anything of the other one's is touched."""
    with alone(data / "sandbox.lock") as other:
        if other is not None:
            raise SetupFault(
                say("another sandbox runs in {path} (process {pid})", path=str(data), pid=other),
                mend="Give the sandbox another folder with --data.",
            )
        yield
