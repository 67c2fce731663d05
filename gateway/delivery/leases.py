"""What this process holds, and until when: so that work which has outlived its lease stops by itself.

In come claimed tasks and their renewals. Kept by the worker; asked by the journey before each piece of an upload, for a
process that was stopped past its lease and woken must not go on with what another has taken over meanwhile.
"""

import threading
from datetime import datetime

from gateway.errors import LeaseLost
from gateway.language import say
from gateway.storage.tasks import Task


class Leases:
    """The claims of one process. May be used from any thread."""

    def __init__(self) -> None:
        # By id and fence: a recurring task may be claimed again before its last round has been let go of.
        self._held: dict[tuple[int, int], Task] = {}
        self._until: dict[tuple[int, int], datetime | None] = {}
        self._guard = threading.Lock()

    def hold(self, task: Task) -> None:
        """It was claimed."""
        with self._guard:
            self._held[task.id, task.fence] = task
            self._until[task.id, task.fence] = task.lease_until

    def renew(self, task: Task, until: datetime) -> None:
        """It is ours until then."""
        self._set(task, until)

    def lose(self, task: Task) -> None:
        """Somebody else has it, or it was taken off the schedule."""
        self._set(task, None)

    def release(self, task: Task) -> None:
        """It has been written back, or given up."""
        with self._guard:
            self._held.pop((task.id, task.fence), None)
            self._until.pop((task.id, task.fence), None)

    def held(self) -> tuple[Task, ...]:
        """Everything that is being worked on."""
        with self._guard:
            return tuple(self._held.values())

    def require(self, task: Task, now: datetime) -> None:
        """`LeaseLost` where the task is somebody else's by now, or may be; for one never held here its own lease counts."""
        with self._guard:
            until = self._until.get((task.id, task.fence), task.lease_until)
        if until is None or until <= now:
            raise LeaseLost(
                say("the lease of task {id} ({kind}) ran out while it was done", id=task.id, kind=task.kind)
            )

    def _set(self, task: Task, until: datetime | None) -> None:
        with self._guard:
            if (task.id, task.fence) in self._until:
                self._until[task.id, task.fence] = until
