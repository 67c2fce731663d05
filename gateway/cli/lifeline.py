"""Processes of ours that end with the one that started them, also when that one is killed outright.

In come the arguments of a command, out comes the running process. The child calls `hold` first of all. Called by
supervisor, demo, serve and worker.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import gateway

_PARENT = "GATEWAY_PARENT_PROCESS"
_READY = "GATEWAY_READY_PIPE"
_PR_SET_PDEATHSIG = 1
_LOOK = 0.5  # seconds between two looks at the parent, where the kernel does not tell


def start(
    arguments: Sequence[str], *, ready: int | None = None, output: int | None = None, errors: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Run `gateway ARGUMENTS` as a child in a group of its own, so that Ctrl-C reaches it through us alone.

    `ready` is the writing end of a pipe for `announce`; `output` and `errors` are those of `Popen`.
    """
    environment = {**os.environ, _PARENT: str(os.getpid()), "PYTHONSAFEPATH": "1"}
    home = Path(gateway.__file__).resolve().parent.parent
    if (home / "pyproject.toml").is_file():  # a checkout that need not be installed
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(home), os.environ.get("PYTHONPATH"))))
    if ready is not None:
        environment[_READY] = str(ready)
    return subprocess.Popen(  # noqa: S603  # our own program with our own arguments, through no shell
        [sys.executable, "-m", "gateway.cli", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        pass_fds=() if ready is None else (ready,),
        process_group=0,
    )


def hold() -> None:
    """In a child: be told with SIGTERM when the parent is gone. Does nothing in a process that we did not start."""
    text = os.environ.pop(_PARENT, "")
    if not text:
        return
    parent = int(text)
    if not _ask_the_kernel():
        threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()
    if os.getppid() != parent:  # it went before we asked
        os.kill(os.getpid(), signal.SIGTERM)


def announce() -> None:
    """In a child: tell the parent that we are ready, if it asked to be told."""
    if text := os.environ.pop(_READY, ""):
        os.write(int(text), b"ready")
        os.close(int(text))


def _ask_the_kernel() -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    refused: int = ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    return not refused


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGTERM)
