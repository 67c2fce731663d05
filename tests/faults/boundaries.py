"""Where a process kills itself: named boundaries between two steps, each reached by wrapping one function of the gateway.

In comes `NAME:N` from the environment, out comes a process that is gone, as with kill -9, the N-th time it comes there.
Called by the test-only mains of worker and server; nothing of this is in the product.
"""

import functools
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

KILL_AT = "GATEWAY_TEST_KILL_AT"  # read by the mains, and taken away before the gateway reads its own variables


@dataclass(frozen=True)
class Boundary:
    """The function `name` of `owner` (a class or a module), before it or after it; `counts` says which calls count."""

    owner: object
    name: str
    before: bool = False
    counts: Callable[[tuple[Any, ...], Any], bool] = lambda arguments, result: True


def arm(boundaries: Mapping[str, Boundary]) -> None:
    """Wrap the boundary that the environment names; without one the process lives on as a user's would."""
    wish = os.environ.pop(KILL_AT, "")
    if not wish:
        return
    name, _, count = wish.partition(":")
    boundary = boundaries[name]
    reached, guard = itertools.count(1), threading.Lock()

    def reach() -> None:
        with guard:
            is_the_one = next(reached) == int(count)
        if is_the_one:
            end(wish)

    setattr(boundary.owner, boundary.name, _wrapped(boundary, reach))


def end(wish: str) -> None:
    """Die as by kill -9, with every process of the group: nothing is closed, flushed or said after the one line."""
    os.write(sys.stderr.fileno(), f"killed at {wish}\n".encode())
    os.killpg(os.getpgrp(), signal.SIGKILL)
    threading.Event().wait()  # the signal comes at once, but maybe to another thread first


def _wrapped(boundary: Boundary, reach: Callable[[], None]) -> Callable[..., Any]:
    inner = getattr(boundary.owner, boundary.name)

    @functools.wraps(inner)
    def call(*arguments: Any, **named: Any) -> Any:
        if boundary.before:
            if boundary.counts(arguments, None):
                reach()
            return inner(*arguments, **named)
        result = inner(*arguments, **named)
        if boundary.counts(arguments, result):
            reach()
        return result

    return call
