"""The worker: claims what is due, lets it be done, keeps the lease alive meanwhile, and drains when told to stop.

In comes a table of jobs by kind of task; a job writes its own task back. Called by `app`. One thread claims, a pool of
threads works, one thread renews; a job whose lease is lost has changed nothing.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.delivery.submission import Clock
from gateway.errors import GatewayError, LeaseLost, StorageUnavailable
from gateway.storage import tasks
from gateway.storage.engine import Database
from gateway.storage.tasks import ClaimTerms, Task

log = structlog.get_logger(__name__)

Job = Callable[[Task], None]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How many tasks are done at once, how long a claim holds, and how often an idle worker looks (seconds)."""

    parallel: int = 4
    lease: timedelta = timedelta(seconds=60)
    idle: float = 0.25


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose worker it is (`owner`, for the lease) and what it can do: a job for each kind of task."""

    owner: str
    jobs: Mapping[str, Job]


class Worker:
    """One process' worth of working. `run` returns when `stop` is set and everything begun is finished."""

    def __init__(self, database: Database, hands: Hands, *, settings: WorkerSettings, now: Clock) -> None:
        self._database = database
        self._hands = hands
        self._settings = settings
        self._now = now
        # By id and fence: a recurring task may be claimed again before its last round has been let go of.
        self._held: dict[tuple[int, int], Task] = {}
        self._guard = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        done = threading.Event()
        renewer = threading.Thread(target=self._renew_until, args=(done,), name="lease-renewer", daemon=True)
        renewer.start()
        with ThreadPoolExecutor(self._settings.parallel, thread_name_prefix="work") as pool:
            while not stop.is_set():
                if not self._work_off(pool):
                    stop.wait(self._settings.idle)
        done.set()
        renewer.join()

    def _work_off(self, pool: ThreadPoolExecutor) -> bool:
        """Claim as many due tasks as there are free hands; whether there were any."""
        with self._guard:
            free = self._settings.parallel - len(self._held)
        if free <= 0:
            return False
        try:
            claimed = self._claim(free)
        except StorageUnavailable as error:
            log.warning("claim_failed", error=error.message)
            return False
        for task in claimed:
            with self._guard:
                self._held[task.id, task.fence] = task
            pool.submit(self._do, task).add_done_callback(self._released(task))
        return bool(claimed)

    def _claim(self, free: int) -> tuple[Task, ...]:
        now = self._now()
        with self._database.reading() as connection:
            due = tasks.next_due(connection)
        if due is None or due > now:
            return ()
        terms = ClaimTerms(self._settings.lease, tuple(self._hands.jobs), free)
        return tasks.claim(self._database, self._hands.owner, now=now, terms=terms)

    def _do(self, task: Task) -> None:
        with structlog.contextvars.bound_contextvars(task=task.kind, subject=task.subject):
            try:
                self._hands.jobs[task.kind](task)
            except LeaseLost:
                log.warning("lease_lost")
            except GatewayError as error:
                # The lease runs out and the task is claimed again.
                log.warning("task_failed", error=type(error).__name__)
            except Exception as error:
                log.error("task_crashed", error=type(error).__name__)

    def _released(self, task: Task) -> Callable[["Future[None]"], None]:
        def release(_: "Future[None]") -> None:
            with self._guard:
                self._held.pop((task.id, task.fence), None)

        return release

    def _renew_until(self, done: threading.Event) -> None:
        while not done.wait(self._settings.lease.total_seconds() / 3):
            with self._guard:
                held = list(self._held.values())
            for task in held:
                self._renew(task)

    def _renew(self, task: Task) -> None:
        try:
            tasks.renew(self._database, task, until=self._now() + self._settings.lease)
        except LeaseLost:
            # Finished in this moment, or taken over; the fence stops its write back in the second case.
            log.debug("lease_not_renewed", task=task.kind)
        except GatewayError as error:
            log.warning("renewal_failed", task=task.kind, error=type(error).__name__)
