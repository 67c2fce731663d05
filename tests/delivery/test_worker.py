"""The worker: lanes side by side, leases renewed, work that has outlived its lease stopped, drained on stop."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.delivery.lanes import LaneSettings
from gateway.delivery.leases import Leases
from gateway.delivery.worker import Hands, Job, Worker, WorkerSettings
from gateway.errors import LeaseLost, StorageUnavailable
from gateway.storage import tasks
from gateway.storage.engine import Database
from gateway.storage.tasks import ClaimTerms, NewTask, Task

SETTINGS = WorkerSettings(LaneSettings(limit=2), lease=timedelta(seconds=30), idle=0.01)


@pytest.fixture(scope="session")
def empty_schedule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file to copy."""
    path = tmp_path_factory.mktemp("schedule") / "gateway.db"
    database = Database(str(path))
    database.upgrade()
    database.close()
    return path


@pytest.fixture
def database(empty_schedule: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty schedule."""
    opened = Database(str(shutil.copy(empty_schedule, tmp_path / "gateway.db")))
    yield opened
    opened.close()


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def add(database: Database, *new: NewTask) -> None:
    """Put tasks on the schedule."""
    with database.writing() as connection:
        for each in new:
            tasks.add(connection, each)


def finishing(database: Database, work: Callable[[Task], None]) -> Job:
    """A job that does the work and takes the task off the schedule."""

    def job(task: Task) -> None:
        work(task)
        with database.writing() as connection:
            tasks.finish(connection, task)

    return job


@contextmanager
def working(database: Database, hands: Hands, settings: WorkerSettings = SETTINGS) -> Iterator[threading.Event]:
    """A worker while the block lasts; the event stops it."""
    stop = threading.Event()
    worker = Worker(database, hands, settings=settings, now=now)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold within ten seconds."""
    give_up = time.monotonic() + 10
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def rows(database: Database) -> int:
    """How many tasks are on the schedule."""
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM task").scalar_one())


def test_a_channel_that_hangs_holds_no_other_back(database: Database) -> None:
    """All hands of one lane hang; what is due later in other lanes is done meanwhile, and no third begins to hang."""
    go_on, hanging, done = threading.Event(), [], []

    def work(task: Task) -> None:
        if task.lane == "DPO":
            hanging.append(task.subject)
            go_on.wait(20)
        done.append(task.subject)

    add(database, *(NewTask("deliver", f"slow {n}", now() - timedelta(hours=1), "DPO") for n in range(5)))
    add(database, *(NewTask("deliver", f"quick {n}", now(), "DPV") for n in range(5)), NewTask("deliver", "own", now()))
    with working(database, Hands("test", {"deliver": finishing(database, work)})):
        assert eventually(lambda: len(done) == 6)
        assert set(done) == {f"quick {n}" for n in range(5)} | {"own"}
        assert len(hanging) == 2
        go_on.set()
        assert eventually(lambda: rows(database) == 0)


def test_a_lease_is_renewed_while_the_job_runs(database: Database) -> None:
    """A job that takes three times its lease is never anybody else's, and is done once."""
    begun: list[Task] = []

    def work(task: Task) -> None:
        begun.append(task)
        time.sleep(1.2)

    add(database, NewTask("deliver", "m", now()))
    settings = WorkerSettings(SETTINGS.lanes, lease=timedelta(seconds=0.4), idle=0.01)
    with working(database, Hands("test", {"deliver": finishing(database, work)}), settings):
        assert eventually(lambda: rows(database) == 0)
    assert [task.fence for task in begun] == [1]


def test_a_job_whose_lease_is_lost_is_stopped(database: Database) -> None:
    """Taken off the schedule while it is done: the next renewal notices, and what it asks before going on stops it."""
    leases, stopped = Leases(), threading.Event()

    def work(task: Task) -> None:
        with database.writing() as connection:
            tasks.remove(connection, "deliver", subject="m")
        for _ in range(1000):
            try:
                leases.require(task, now())
            except LeaseLost:
                stopped.set()
                raise
            time.sleep(0.01)

    add(database, NewTask("deliver", "m", now()))
    settings = WorkerSettings(SETTINGS.lanes, lease=timedelta(seconds=0.6), idle=0.01)
    with working(database, Hands("test", {"deliver": finishing(database, work)}, leases), settings):
        assert stopped.wait(10)
    assert leases.held() == ()


def test_a_lease_that_could_not_be_renewed_runs_out(database: Database) -> None:
    """What was never renewed holds until its lease ends and not a moment longer; a renewal moves the end."""
    add(database, NewTask("deliver", "m", now()))
    (task,) = tasks.claim(database, "test", now=now(), terms=ClaimTerms(timedelta(minutes=1)))
    leases = Leases()
    leases.hold(task)
    leases.require(task, task.lease_until - timedelta(seconds=1))
    with pytest.raises(LeaseLost):
        leases.require(task, task.lease_until)
    leases.renew(task, task.lease_until + timedelta(minutes=1))
    leases.require(task, task.lease_until)
    leases.release(task)
    leases.renew(task, task.lease_until + timedelta(minutes=9))
    with pytest.raises(LeaseLost):
        leases.require(task, task.lease_until)


def test_a_job_that_breaks_is_done_again_after_its_lease(database: Database) -> None:
    """A fault of our own costs neither the worker nor the task."""
    tries: list[int] = []

    def work(task: Task) -> None:
        tries.append(task.attempts)
        if len(tries) == 1:
            raise RuntimeError("broken")

    add(database, NewTask("deliver", "m", now()))
    settings = WorkerSettings(SETTINGS.lanes, lease=timedelta(seconds=0.3), idle=0.01)
    with working(database, Hands("test", {"deliver": finishing(database, work)}), settings):
        assert eventually(lambda: rows(database) == 0)
    assert tries == [1, 2]


def test_a_stopped_worker_finishes_what_it_has_begun(database: Database) -> None:
    """And begins nothing new."""
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def work(task: Task) -> None:
        begun.set()
        go_on.wait(20)
        done.append(task.subject)

    add(database, NewTask("deliver", "first", now()))
    with working(database, Hands("test", {"deliver": finishing(database, work)})) as stop:
        assert begun.wait(10)
        stop.set()
        add(database, NewTask("deliver", "second", now()))
        threading.Timer(0.2, go_on.set).start()
    assert done == ["first"]
    assert rows(database) == 1


def test_a_database_that_is_away_is_not_asked_all_the_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks come further apart, and when it is back, what is due is done."""
    looks: list[float] = []

    def fail(*_: object, **__: object) -> tuple[str, ...]:
        looks.append(time.monotonic())
        raise StorageUnavailable("the disk is full")

    done: list[str] = []
    hands = Hands("me", {"work": finishing(database, lambda task: done.append(task.subject))})
    monkeypatch.setattr(tasks, "lanes_due", fail)
    with working(database, hands):
        time.sleep(0.7)
        monkeypatch.undo()
        add(database, NewTask("work", "a", now()))
        assert eventually(lambda: done == ["a"])
    assert 3 <= len(looks) <= 8
