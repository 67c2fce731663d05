"""Waiting for the log to grow: promptly answered, in bounded places, nothing held meanwhile, whichever process writes."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gateway.api import waiting
from gateway.api.waiting import LongPoll, Question, Waiting
from gateway.errors import StorageUnavailable
from gateway.message.status import Status
from gateway.storage import statuses
from gateway.storage.engine import Connection, Database
from tests.storage.making import make_event, store_queued

Answer = tuple[int, LongPoll]

ANOTHER_PROCESS = """
import sys
from gateway.message.status import Status
from gateway.storage import statuses
from gateway.storage.engine import Database
from tests.storage.making import make_event, store_queued
database = Database(sys.argv[1])
event = make_event(store_queued(database)[0], Status.OPPRETTET)
with database.writing() as connection:
    statuses.append(connection, event)
database.close()
"""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for those who wait."""
    with ThreadPoolExecutor(12) as threads:
        yield threads


def question(seconds: float, *, beyond: int = 0) -> Question[int]:
    """Whether the log has grown beyond a cursor."""
    return Question(statuses.newest, lambda newest: newest > beyond, seconds)


def append(database: Database, client_id: str = "fagsystem") -> None:
    """One event of a new message."""
    event = make_event(store_queued(database, client_id=client_id)[0], Status.OPPRETTET)
    with database.writing() as connection:
        statuses.append(connection, event)


def all_wait(places: Waiting, count: int) -> None:
    """Return when so many wait."""
    give_up = time.monotonic() + 10
    while places._bell._waiters < count:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_who_waits_is_told_soon_after_the_event(database: Database, pool: ThreadPoolExecutor) -> None:
    """Several who wait are answered within a second of the event, and hold no connection until then."""
    places = Waiting(database, 8)
    waiters: list[Future[Answer]] = [pool.submit(places.answer, question(20)) for _ in range(4)]
    all_wait(places, 4)
    busy = [database._engine.pool.checkedout() for _ in range(20) if time.sleep(0.02) is None]  # type: ignore[attr-defined]
    append(database)
    written = time.monotonic()
    assert [waiter.result(10) for waiter in waiters] == [(1, LongPoll.READY)] * 4
    assert time.monotonic() - written < 1.5
    assert max(busy) <= 1, "more than the one look for all"
    assert busy.count(0) > 10, "a connection is held"


def test_an_event_of_another_process_is_seen(address: str, database: Database, pool: ThreadPoolExecutor) -> None:
    """What a process with nothing in common but the database writes ends the wait."""
    places = Waiting(database, 4)
    waiter = pool.submit(places.answer, question(25))
    all_wait(places, 1)
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, address], check=True, timeout=60)
    assert waiter.result(10) == (1, LongPoll.READY)


def test_only_half_of_the_threads_wait(database: Database, pool: ThreadPoolExecutor) -> None:
    """Of five with eight threads the fifth is answered at once, and told so; a place that is left is free again."""
    places = Waiting(database, 8)
    waiters = [pool.submit(places.answer, question(20)) for _ in range(4)]
    all_wait(places, 4)
    begun = time.monotonic()
    assert places.answer(question(20)) == (0, LongPoll.BUSY)
    assert time.monotonic() - begun < 2
    append(database)
    assert {waiter.result(10) for waiter in waiters} == {(1, LongPoll.READY)}
    assert places.answer(question(0.1, beyond=1)) == (1, LongPoll.TIMED_OUT)


def test_a_single_thread_does_not_wait(database: Database) -> None:
    """Half of one is none; what is there already needs no place."""
    places = Waiting(database, 1)
    assert places.answer(question(20)) == (0, LongPoll.BUSY)
    append(database)
    assert places.answer(question(20)) == (1, LongPoll.READY)


def test_the_wait_ends_when_its_time_is_up(database: Database) -> None:
    """Without an event the answer comes as it stands, not before the time and not long after; unasked there is no wait."""
    places = Waiting(database, 2)
    begun = time.monotonic()
    assert places.answer(question(0.5)) == (0, LongPoll.TIMED_OUT)
    assert 0.5 <= time.monotonic() - begun < 2
    assert places.answer(question(0)) == (0, LongPoll.NOT_ASKED)


def test_events_of_others_do_not_end_the_wait(database: Database, pool: ThreadPoolExecutor) -> None:
    """The log grows, the question is asked again, and the wait goes on until it is answered."""
    places = Waiting(database, 4)
    asked: list[int] = []

    def ask(connection: Connection) -> int:
        asked.append(1)
        return statuses.newest_of(connection, "mine")

    waiter = pool.submit(places.answer, Question(ask, bool, 20))
    all_wait(places, 1)
    append(database, "another")
    give_up = time.monotonic() + 10
    while len(asked) < 2 and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not waiter.done()
    append(database, "mine")
    assert waiter.result(10) == (2, LongPoll.READY)
    assert len(asked) < 6, "it asks without pause"


def test_an_event_between_question_and_wait_is_not_missed(database: Database) -> None:
    """What is written after the question was asked and before the wait has begun ends it."""
    places = Waiting(database, 4)
    asked: list[int] = []

    def ask(connection: Connection) -> int:
        asked.append(1)
        newest = statuses.newest(connection)
        if len(asked) == 1:
            writer = threading.Thread(target=append, args=(database,))
            writer.start()
            writer.join(10)
        return newest

    begun = time.monotonic()
    assert places.answer(Question(ask, bool, 20)) == (1, LongPoll.READY)
    assert time.monotonic() - begun < 5


def test_a_database_that_is_away_for_a_while_ends_no_wait(
    database: Database, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look at the log fails, is tried again, and the event after that is told."""
    failures = iter([StorageUnavailable("away"), RuntimeError("odd")])
    really = statuses.newest

    def newest(connection: Connection) -> int:
        if threading.current_thread().name == "log-bell" and (failure := next(failures, None)):
            raise failure
        return really(connection)

    monkeypatch.setattr(waiting.statuses, "newest", newest)
    places = Waiting(database, 4)
    waiter = pool.submit(places.answer, Question(really, bool, 20))
    all_wait(places, 1)
    append(database)
    assert waiter.result(10) == (1, LongPoll.READY)
    assert next(failures, None) is None


def test_nobody_looks_when_nobody_waits(database: Database) -> None:
    """The thread that looks ends with the last who waits."""
    places = Waiting(database, 4)
    places.answer(question(0.1))
    give_up = time.monotonic() + 5
    while places._bell._looking and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not places._bell._looking
    assert places.answer(question(0.1)) == (0, LongPoll.TIMED_OUT)
