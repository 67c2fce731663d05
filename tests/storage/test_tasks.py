"""The schedule: nothing lost, nothing had by two, and whoever lost a lease can write nothing."""

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.errors import Conflict, LeaseLost
from gateway.storage import tasks
from gateway.storage.engine import Database
from gateway.storage.tasks import ClaimTerms, NewTask, Task

from . import crowd
from .making import NOW

LEASE = timedelta(minutes=1)
TERMS = ClaimTerms(LEASE)


def test_a_due_task_is_claimed_whole(database: Database) -> None:
    """A claim gives the task with its first attempt, a fence and the end of the lease; what is not due it leaves."""
    _add(database, "deliver", subject="later", due=NOW + timedelta(microseconds=1))
    _add(database, "deliver", subject="m", due=NOW)
    (claimed,) = tasks.claim(database, "one", now=NOW, terms=replace(TERMS, limit=9))
    assert claimed == Task(claimed.id, "deliver", "m", NOW, attempts=1, fence=1, step="", lease_until=NOW + LEASE)


def test_the_longest_due_come_first(database: Database) -> None:
    """Claims take tasks in the order of their due times, however they were added, and no more than the limit."""
    for seconds in (2, 5, 1, 4, 3):
        _add(database, "deliver", subject=str(seconds), due=NOW - timedelta(seconds=seconds))
    terms = replace(TERMS, limit=2)
    claims = [tasks.claim(database, "one", now=NOW, terms=terms) for _ in range(4)]
    assert [[task.subject for task in claim] for claim in claims] == [["5", "4"], ["3", "2"], ["1"], []]


def test_a_claim_takes_only_the_kinds_it_names(database: Database) -> None:
    """A worker for some kinds leaves the others alone, even when they are due longer."""
    _add(database, "webhook", subject="a", due=NOW - timedelta(hours=1))
    _add(database, "deliver", subject="b", due=NOW)
    _add(database, "poll", subject="c", due=NOW)
    terms = ClaimTerms(LEASE, kinds=("deliver", "poll"), limit=9)
    assert {task.subject for task in tasks.claim(database, "one", now=NOW, terms=terms)} == {"b", "c"}


def test_lanes_are_claimed_side_by_side(database: Database) -> None:
    """Each lane gives up to its own limit in one claim; a lane that is not named gives nothing, however long it is due."""
    for lane, count in (("DPO", 3), ("poll", 2), ("DPV", 1)):
        for number in range(count):
            _add_new(database, NewTask("deliver", f"{lane} {number}", NOW - timedelta(minutes=number), lane))
    with database.reading() as connection:
        assert tasks.lanes_due(connection, ("DPO", "", "poll"), kinds=("deliver",), now=NOW) == ("DPO", "poll")
        assert tasks.lanes_due(connection, ("DPO", "poll"), kinds=("deliver",), now=NOW - timedelta(minutes=2)) == (
            "DPO",
        )
        assert tasks.lanes_due(connection, (), kinds=("deliver",), now=NOW) == ()
    terms = [replace(TERMS, limit=2, lane="DPO"), replace(TERMS, limit=9, lane="poll"), replace(TERMS, lane="")]
    claimed = tasks.claim_each(database, "one", now=NOW, terms=terms)
    assert [(task.lane, task.subject) for task in claimed] == [
        ("DPO", "DPO 2"),
        ("DPO", "DPO 1"),
        ("poll", "poll 1"),
        ("poll", "poll 0"),
    ]
    with database.reading() as connection:
        assert tasks.lanes_due(connection, ("DPO", "poll"), kinds=("deliver",), now=NOW) == ("DPO",)
        assert tasks.lanes_due(connection, ("DPO", "poll"), kinds=("webhook",), now=NOW) == ()


def test_a_held_task_is_free_when_its_lease_runs_out(database: Database) -> None:
    """Nobody gets a held task before its lease is over; then it has a new fence and one more attempt."""
    _add(database)
    (first,) = tasks.claim(database, "one", now=NOW, terms=TERMS)
    assert tasks.claim(database, "two", now=NOW + LEASE - timedelta(microseconds=1), terms=TERMS) == ()
    (second,) = tasks.claim(database, "two", now=NOW + LEASE, terms=TERMS)
    assert (second.id, second.fence, second.attempts) == (first.id, first.fence + 1, 2)


def test_a_lease_can_be_renewed(database: Database) -> None:
    """A renewed task is still its holder's when the first lease would have been over."""
    _add(database)
    (held,) = tasks.claim(database, "one", now=NOW, terms=TERMS)
    renewed = tasks.renew(database, held, until=NOW + 2 * LEASE)
    assert renewed == replace(held, lease_until=NOW + 2 * LEASE)
    assert tasks.claim(database, "two", now=NOW + LEASE, terms=TERMS) == ()
    _finish(database, renewed)


def test_an_old_fence_writes_nothing(database: Database) -> None:
    """Who slept past the lease can neither renew, reschedule nor finish, and all else in that transaction is undone."""
    _add(database)
    (old,) = tasks.claim(database, "one", now=NOW, terms=TERMS)
    (new,) = tasks.claim(database, "two", now=NOW + LEASE, terms=TERMS)
    with pytest.raises(LeaseLost):
        tasks.renew(database, old, until=NOW + 9 * LEASE)
    with suppress(LeaseLost), database.writing() as connection:
        tasks.add(connection, NewTask("receipt", "from the old one", NOW))
        tasks.reschedule(connection, old, due=NOW, step="x")
    with pytest.raises(LeaseLost):
        _finish(database, old)
    assert _rows(database) == [("deliver", "m", 2)]
    _finish(database, new)
    assert _rows(database) == []


def test_a_fence_does_not_fit_a_task_that_came_later(database: Database) -> None:
    """A task of the same kind and subject that was added after the first was taken off is not the old worker's."""
    _add(database)
    (old,) = tasks.claim(database, "one", now=NOW, terms=TERMS)
    with database.writing() as connection:
        assert tasks.remove(connection, "deliver", subject="m")
        assert not tasks.remove(connection, "deliver", subject="m")
        tasks.add(connection, NewTask("deliver", "m", NOW))
    (new,) = tasks.claim(database, "two", now=NOW, terms=TERMS)
    assert new.fence == old.fence
    with pytest.raises(LeaseLost):
        _finish(database, old)


def test_a_task_is_handed_back(database: Database) -> None:
    """A rescheduled task is nobody's, due when it was said, and remembers its step and its attempts."""
    _add(database)
    (held,) = tasks.claim(database, "one", now=NOW, terms=TERMS)
    later = NOW + timedelta(seconds=5)
    with database.writing() as connection:
        tasks.reschedule(connection, held, due=later, step="")
    assert tasks.claim(database, "one", now=NOW, terms=TERMS) == ()
    (again,) = tasks.claim(database, "one", now=later, terms=TERMS)
    assert (again.due, again.step, again.attempts) == (later, "", 2)
    with database.writing() as connection:
        tasks.reschedule(connection, again, due=later, step="follow")
    (followed,) = tasks.claim(database, "one", now=later, terms=TERMS)
    assert (followed.step, followed.attempts) == ("follow", 1)
    with database.writing() as connection:
        tasks.reschedule(connection, replace(followed, attempts=0), due=later, step="follow")
    assert tasks.claim(database, "one", now=later, terms=TERMS)[0].attempts == 1


def test_one_task_of_a_kind_for_a_subject(database: Database) -> None:
    """Adding what is there already is refused; ensuring it leaves it as it is."""
    _add(database)
    with pytest.raises(Conflict):
        _add(database, due=NOW + LEASE)
    with database.writing() as connection:
        tasks.ensure(connection, NewTask("deliver", "m", NOW + LEASE))
        tasks.ensure(connection, NewTask("poll", "m", NOW))
        tasks.ensure(connection, NewTask("poll", "m", NOW + LEASE))
    claimed = tasks.claim(database, "one", now=NOW, terms=replace(TERMS, limit=9))
    assert {(task.kind, task.due) for task in claimed} == {("deliver", NOW), ("poll", NOW)}


def test_a_task_belongs_to_the_transaction_that_made_it(database: Database) -> None:
    """A task that was added where the transaction then failed is not on the schedule."""
    with suppress(RuntimeError), database.writing() as connection:
        tasks.add(connection, NewTask("deliver", "m", NOW))
        raise RuntimeError
    assert _rows(database) == []


def test_threads_share_the_schedule(database: Database) -> None:
    """Of 60 tasks that four threads claim at once, each is had by exactly one."""
    _fill(database, 60)
    had: list[str] = []

    def work(owner: str) -> None:
        for _ in range(60):
            had.extend(task.subject for task in tasks.claim(database, owner, now=NOW, terms=replace(TERMS, limit=2)))

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(had) == Counter(str(number) for number in range(60))


def test_processes_share_the_schedule(address: str) -> None:
    """Of 200 tasks that three processes claim and finish at once, each is had by exactly one, and none is left."""
    database = Database(address)
    _fill(database, 200)
    results = crowd.in_processes(crowd.claim_until_empty, *((address, f"worker {number}") for number in range(3)))
    had = sum((Counter(result) for result in results), Counter())
    assert had == Counter(str(number) for number in range(200))
    assert _rows(database) == []
    database.close()


@pytest.mark.parametrize(
    ("in_lane", "index"), [(False, "ix_task_due_kind (due<?)"), (True, "ix_task_lane_due (lane=? AND due<?)")]
)
def test_a_claim_reads_no_more_than_it_must(sqlite_database: Database, in_lane: bool, index: str) -> None:
    """The claim walks an index on the due time, without sorting or reading the whole schedule."""
    with sqlite_database.reading() as connection:
        statement = str(
            tasks._claiming(False, in_lane).compile(connection, compile_kwargs={"render_postcompile": True})
        )
        bound = (1,) * statement.count("?")
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)]
    assert any(f"INDEX {index}" in line for line in plan)
    assert not any("TEMP B-TREE" in line or line.startswith("SCAN task") for line in plan)


def _add(database: Database, kind: str = "deliver", *, subject: str = "m", due: datetime = NOW) -> None:
    _add_new(database, NewTask(kind, subject, due))


def _add_new(database: Database, new: NewTask) -> None:
    with database.writing() as connection:
        tasks.add(connection, new)


def _fill(database: Database, count: int) -> None:
    with database.writing() as connection:
        for number in range(count):
            tasks.add(connection, NewTask("deliver", str(number), NOW - timedelta(seconds=number % 7)))


def _finish(database: Database, held: Task) -> None:
    with database.writing() as connection:
        tasks.finish(connection, held)


def _rows(database: Database) -> list[tuple[str, str, int]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT kind, subject, fence FROM task ORDER BY id"))]
