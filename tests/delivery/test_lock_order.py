"""Who waits for whom on PostgreSQL: what a worker remembers and what a receipt tells never wait for each other in a circle."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.delivery.committing import DELIVER
from gateway.delivery.journey import Journey
from gateway.errors import LeaseLost
from gateway.message.status import Status
from gateway.registry.routing import RoutingSettings
from gateway.storage import messages, statuses, tasks
from gateway.storage.engine import Database
from gateway.storage.tasks import ClaimTerms, NewTask, Task
from tests.storage.making import NOW, make_event, store_queued


def remember(journey: Journey, message_id: str, held: Task) -> None:
    """The channel's name for the transfer is stored."""
    journey._remember(message_id, held)("the transfer")


def forget(journey: Journey, message_id: str, held: Task) -> None:
    """It is given up."""
    journey.forget_reference(message_id, "gone", held=held)


@pytest.mark.parametrize("write", [remember, forget])
def test_a_receipt_and_what_the_worker_remembers(
    database: Database, write: Callable[[Journey, str, Task], None]
) -> None:
    """The receipt has the message and takes the task away: the worker waits for it, and then finds its lease lost."""
    (message,) = store_queued(database)
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET))
        tasks.add(connection, NewTask(DELIVER, message.id, NOW))
    (held,) = tasks.claim(database, "worker", now=NOW, terms=ClaimTerms(timedelta(minutes=1)))
    told: list[type[BaseException] | None] = []
    worker = threading.Thread(target=lambda: told.append(_raised(lambda: write(_journey(database), message.id, held))))
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.SENDT))
        worker.start()
        worker.join(timeout=0.5)
        tasks.remove(connection, DELIVER, subject=message.id)
    worker.join(timeout=20)
    assert told == [LeaseLost]
    with database.reading() as connection:
        assert messages.references(connection, message.id) == ()


def _raised(write: Callable[[], None]) -> type[BaseException] | None:
    try:
        write()
    except Exception as fault:
        return type(fault)
    return None


def _journey(database: Database) -> Journey:
    """A journey that only writes down."""
    return Journey(database, None, None, RoutingSettings(), None, {}, lambda: NOW, lambda: "id")  # type: ignore[arg-type]
