"""The worker: claims what is due, lets it be done, keeps the lease alive meanwhile, and drains when told to stop.

In comes a table of jobs by kind of task; a job writes its own task back. Called by `app`. One thread claims, a pool of
threads works, one thread renews; a job whose lease is lost has changed nothing.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gateway.delivery.lanes import LANES, Heard, Lanes, LaneSettings
from gateway.delivery.leases import Leases
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError, LeaseLost, StorageUnavailable
from gateway.storage import tasks
from gateway.storage.engine import Database
from gateway.storage.tasks import ClaimTerms, Task

log = structlog.get_logger(__name__)

# Seconds between two looks while the database is away: a full disk must not be filled with lines of log.
_LONGEST_PAUSE = 2.0

# Does one step and writes the task back; what was heard from a party outside, for the lane's sake.
Job = Callable[[Task], Heard | None]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What is done at once in each lane, how long a claim holds, and how often an idle worker looks (seconds)."""

    lanes: LaneSettings = field(default_factory=LaneSettings)
    lease: timedelta = timedelta(seconds=60)
    idle: float = 0.02


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose worker it is (`owner`, for the lease), what it can do – a job for each kind of task – and what it holds."""

    owner: str
    jobs: Mapping[str, Job]
    leases: Leases = field(default_factory=Leases)


class Worker:
    """One process' worth of working. `run` returns when `stop` is set and everything begun is finished."""

    def __init__(self, database: Database, hands: Hands, *, settings: WorkerSettings, now: Clock) -> None:
        self._database = database
        self._hands = hands
        self._leases = hands.leases
        self._settings = settings
        self._lanes = Lanes(LANES, settings=settings.lanes)
        self._now = now

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        done = threading.Event()
        renewer = threading.Thread(target=self._renew_until, args=(done,), name="lease-renewer", daemon=True)
        renewer.start()
        most = sum(map(self._settings.lanes.limit_of, LANES))
        with ThreadPoolExecutor(most, thread_name_prefix="work") as pool:
            pause = self._settings.idle
            while not stop.is_set():
                try:
                    pause = 0.0 if self._work_off(pool) else self._settings.idle
                except StorageUnavailable as error:
                    pause = min(pause * 2 or self._settings.idle, _LONGEST_PAUSE)
                    log.warning("claim_failed", error=error.message, again_in_seconds=pause)
                stop.wait(pause)
        done.set()
        renewer.join()

    def _work_off(self, pool: ThreadPoolExecutor) -> bool:
        """Claim as many due tasks as their lanes have room for; whether there were any."""
        claimed = self._claim()
        for task in claimed:
            self._leases.hold(task)
            self._lanes.begin(task)
            pool.submit(self._do, task).add_done_callback(self._released(task))
        return bool(claimed)

    def _claim(self) -> tuple[Task, ...]:
        now = self._now()
        room, kinds = self._lanes.room(now), tuple(self._hands.jobs)
        with self._database.reading() as connection:
            due = tasks.lanes_due(connection, tuple(room), kinds=kinds, now=now)
        if not due:
            return ()
        terms = [ClaimTerms(self._settings.lease, kinds, room[lane], lane) for lane in due]
        return tasks.claim_each(self._database, self._hands.owner, now=now, terms=terms)

    def _do(self, task: Task) -> Heard | None:
        with structlog.contextvars.bound_contextvars(task=task.kind, subject=task.subject):
            try:
                return self._hands.jobs[task.kind](task)
            except LeaseLost:
                log.warning("lease_lost")
            except GatewayError as error:
                # The lease runs out and the task is claimed again.
                log.warning("task_failed", error=type(error).__name__)
            except Exception as error:
                log.error("task_crashed", error=type(error).__name__)
        return None

    def _released(self, task: Task) -> Callable[["Future[Heard | None]"], None]:
        def release(future: "Future[Heard | None]") -> None:
            self._leases.release(task)
            self._lanes.end(task, future.result(), now=self._now())

        return release

    def _renew_until(self, done: threading.Event) -> None:
        while not done.wait(self._settings.lease.total_seconds() / 3):
            for task in self._leases.held():
                self._renew(task)

    def _renew(self, task: Task) -> None:
        until = self._now() + self._settings.lease
        try:
            tasks.renew(self._database, task, until=until)
            self._leases.renew(task, until)
        except LeaseLost:
            # Finished in this moment, or taken over; the second stops what is still being done with it.
            self._leases.lose(task)
            log.debug("lease_not_renewed", task=task.kind)
        except Exception as error:
            # Whatever it was, the others are renewed, and this one the next time.
            log.warning("renewal_failed", task=task.kind, error=type(error).__name__)
