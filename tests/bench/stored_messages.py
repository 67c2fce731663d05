"""What a claim, a status query and a page of the feed cost with 1 000, 100 000 and 1 000 000 stored messages.

On SQLite and on PostgreSQL, each call in turn at random messages. Prints median and 99th percentile in microseconds and
the ratio of the last 99th percentile to the first; nothing is asserted. Aim: at most 2.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import text  # noqa: E402  (the path comes first)

from gateway.message.status import Status  # noqa: E402
from gateway.storage import conversations, messages, statuses, tasks  # noqa: E402
from gateway.storage.engine import Connection, Database  # noqa: E402
from gateway.storage.statuses import FeedFilter  # noqa: E402
from gateway.storage.tables import metadata  # noqa: E402
from gateway.storage.tasks import ClaimTerms, NewTask  # noqa: E402
from tests.postgresql import is_installed, running_server  # noqa: E402
from tests.storage.making import make_choice, make_conversation, make_event  # noqa: E402

SIZES = (1_000, 100_000, 1_000_000)
BATCH = 100_000
CALLS = 2_000
DUE = 500
CLIENTS = 20
NOW = datetime(2026, 1, 5, tzinfo=UTC)
STATUSES = (Status.OPPRETTET, Status.SENDT, Status.MOTTATT, Status.LEVERT, Status.LEST)


def fill(database: Database, count: int) -> list[str]:
    """Bring the database to so many stored messages, each with five statuses; some of their ids."""
    with database.reading() as connection:
        there = connection.scalar(text("SELECT count(*) FROM message"))
    rng = random.Random(there)
    sample: list[str] = []
    while there < count:
        batch = min(BATCH, count - there)
        # In order, and many at a time, so that an index is not read from end to end for every few of them.
        ids = sorted(str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(batch))
        with database.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA cache_size = -500000"))
            copy(connection, ids)
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA cache_size = -2000"))
        sample += rng.sample(ids, min(200, batch))
        there += batch
    with database.writing() as connection:
        connection.execute(text("ANALYZE"))
    return sample


def copy(connection: Connection, ids: list[str]) -> None:
    """A finished conversation with one message under each id, as copies of one that was stored the ordinary way."""
    model = make_conversation(melding_id=None)
    conversations.insert(connection, model, choices=[make_choice()])
    (message,) = messages.of_conversation(connection, model.id)
    cursor = statuses.append(connection, make_event(message, Status.OPPRETTET))
    connection.execute(text("CREATE TEMPORARY TABLE fresh (id text, client text)"))
    fresh = [{"id": each, "client": f"client {number % CLIENTS}"} for number, each in enumerate(ids)]
    connection.execute(text("INSERT INTO fresh VALUES (:id, :client)"), fresh)
    new = {"id": "fresh.id", "client_id": "fresh.client", "message_id": "fresh.id", "conversation_id": "fresh.id"}
    _multiply(connection, "conversation", {**new, "state": "'finished'"}, where=f"model.id = '{model.id}'")
    _multiply(connection, "message", {**new, "state": "'final'"}, where=f"model.id = '{message.id}'")
    for status in STATUSES:
        _multiply(connection, "status", {**new, "status": f"'{status}'"}, where=f"model.cursor = {cursor}")
    connection.execute(text("DROP TABLE fresh"))


def _multiply(connection: Connection, table: str, new: dict[str, str], *, where: str) -> None:
    columns = [column.name for column in metadata.tables[table].columns if column.name != "cursor"]
    values = ", ".join(new.get(name, f"model.{name}") for name in columns)
    connection.execute(
        text(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM fresh, {table} AS model WHERE {where}")
    )


def calls(database: Database, ids: list[str]) -> dict[str, Callable[[], object]]:
    """What is timed, by its name."""
    rng = random.Random(1)
    with database.reading() as connection:
        last = connection.scalar(text("SELECT max(cursor) FROM status"))
    with database.writing() as connection:
        connection.execute(text("DELETE FROM task"))
        for number in range(DUE):
            tasks.add(connection, NewTask("deliver", str(number), NOW, "DPO"))
    terms = ClaimTerms(timedelta(0), lane="DPO")

    def claim() -> object:
        return tasks.claim(database, "bench", now=NOW, terms=terms)

    def status_query() -> object:
        with database.reading() as connection:
            found = conversations.resolve(connection, rng.choice(ids), client_id=None)
            return (
                conversations.find(connection, found, client_id=None),
                messages.of_conversation(connection, found),
                statuses.of_conversation(connection, found),
            )

    def feed_page() -> object:
        client = f"client {rng.randrange(CLIENTS)}"
        with database.reading() as connection:
            return statuses.feed(connection, client_id=client, after=rng.randrange(last), filters=FeedFilter(limit=100))

    return {"claim": claim, "status query": status_query, "page of the feed": feed_page}


def time_calls(call: Callable[[], object]) -> list[float]:
    """Microseconds of each call, sorted; the first hundred, which fill the caches, are left out."""
    took = []
    for _ in range(CALLS + 100):
        begin = time.perf_counter()
        call()
        took.append((time.perf_counter() - begin) * 1e6)
    return sorted(took[100:])


def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """Each database by name, with its address."""
    yield "SQLite", str(folder / "gateway.db")
    if is_installed():
        with running_server() as address:
            yield "PostgreSQL", address


def measure(address: str) -> None:
    """Fill to each size, time each call, print a line for each."""
    database = Database(address)
    database.upgrade()
    ids: list[str] = []
    tails: dict[str, list[float]] = {}
    for size in SIZES:
        ids += fill(database, size)
        for name, call in calls(database, ids).items():
            took = time_calls(call)
            tail = took[int(len(took) * 0.99)]
            tails.setdefault(name, []).append(tail)
            print(f"  {size:9,} {name:18} median {statistics.median(took):7.0f} µs   99 % {tail:7.0f} µs", flush=True)
    for name, each in tails.items():
        print(f"  {name}: 99th percentile last / first: {each[-1] / each[0]:.2f} (aim 2)")
    database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for name, address in databases(Path(place)):
            print(name)
            measure(address)
