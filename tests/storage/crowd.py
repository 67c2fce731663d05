"""What several processes do to one database at once. Run by the tests in processes of their own, started anew."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

from gateway.storage import tasks
from gateway.storage.engine import Database
from gateway.storage.tasks import ClaimTerms

from .making import NOW


def in_processes(work: Callable[..., object], *argument_lists: tuple[object, ...]) -> list[object]:
    """The results of `work`, one process for each list of arguments; fails where one has not ended in time."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(argument_lists), mp_context=context) as pool:
        futures = [pool.submit(work, *arguments) for arguments in argument_lists]
        return [future.result(timeout=60) for future in futures]


def upgrade(address: str) -> str:
    """Bring the tables to the newest version."""
    database = Database(address)
    database.upgrade()
    database.close()
    return "upgraded"


def claim_until_empty(address: str, owner: str) -> Counter[str]:
    """Claim and finish tasks three at a time until none is left; how often each subject was had."""
    database = Database(address)
    had: Counter[str] = Counter()
    for _ in range(1000):
        claimed = tasks.claim(database, owner, now=NOW, terms=ClaimTerms(timedelta(minutes=5), limit=3))
        if not claimed:
            break
        had.update(task.subject for task in claimed)
        for task in claimed:
            with database.writing() as connection:
                tasks.finish(connection, task)
    database.close()
    return had
