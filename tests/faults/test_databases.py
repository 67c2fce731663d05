"""A database that goes away and comes back under load, and one whose transactions are slow to end."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import requests

from gateway.app import now
from gateway.message.status import Status
from gateway.sandbox.server import Sandbox
from gateway.storage import messages, statuses
from gateway.storage.engine import Database
from gateway.storage.statuses import FeedFilter, StatusEvent
from tests.faults.figures import Client, Crowd, delivered, settle, wait_for, wait_for_more
from tests.journeys.following import send
from tests.live import Gateway, served_process, serving
from tests.postgresql import Server


@pytest.mark.slow
def test_postgresql_restarted_under_load(
    postgresql: Server, elsewhere: Sandbox, tmp_path: Path, run_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in both ways, and once for longer, while clients send: everything comes once, nobody is told a 500."""
    monkeypatch.setenv("GATEWAY_STORAGE_DATABASE", postgresql.fresh())
    # A task whose worker could not write back is free when its lease has run out.
    monkeypatch.setenv("GATEWAY_DELIVERY_LEASE_SECONDS", "2")
    monkeypatch.setenv("GATEWAY_DELIVERY_FIRST_PAUSE_SECONDS", "0.2")
    with served_process(elsewhere, tmp_path / "data", run_log.parent / "restarted.stderr") as (url, _):
        with Crowd([Client(url) for _ in range(2)]) as crowd:
            wait_for(lambda: set(crowd.committed()) & set(delivered(elsewhere.url)), "the worker")
            for mode, outage in (("fast", 0.0), ("immediate", 0.0), ("immediate", 1.0)):
                wait_for_more(crowd, 4)
                postgresql.stop(mode)
                time.sleep(outage)
                postgresql.start()
            wait_for_more(crowd, 4)
        assert crowd.broken == []
        assert crowd.odd() == []
        assert crowd.turned_away()["503"] > 0, "nobody noticed the outage"
        figures = settle(url, elsewhere.url, crowd.committed())
        assert figures.good, figures


@pytest.fixture(params=["sqlite", "postgresql"])
def read_from(request: pytest.FixtureRequest, elsewhere: Sandbox, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway without a worker on either database."""
    if request.param == "sqlite":
        with serving(elsewhere, tmp_path / "data") as served:
            yield served
    else:
        address = request.getfixturevalue("postgresql").fresh()
        with serving(elsewhere, tmp_path / "data", database=address) as served:
            yield served


class Reading:
    """A reader of the feed over HTTP that goes on from the cursor of the page before, as fast as it can."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.seen: list[object] = []
        self.pages = 0
        self._after = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        """Begin at the end of what is there."""
        while self._turn_page():
            pass
        self.first = self._after
        self.seen.clear()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """One last look, and no more."""
        self._done.set()
        self._thread.join(30)

    def _read(self) -> None:
        while not self._done.is_set():
            self._turn_page()
        while self._turn_page():
            pass

    def _turn_page(self) -> bool:
        page = requests.get(
            f"{self.gateway.url}/statuses", params={"after": self._after, "limit": 3}, timeout=30
        ).json()
        assert page["cursor"] >= self._after
        self.seen += [event["cursor"] for event in page["events"]]
        self._after = page["cursor"]
        self.pages += 1
        return bool(page["more"])


def test_a_reader_passes_over_nothing_while_transactions_are_held_open(read_from: Gateway) -> None:
    """Readers over HTTP and of the table itself, one slow transaction after another, quick commits beside them."""
    (slow,) = send(read_from)
    other = Database(read_from.assembly.settings.database)
    with other.reading() as connection:
        told = messages.get(connection, slow)
    with Reading(read_from) as reading, Crowd([Client(read_from.url)]) as crowd:
        for status in (Status.SENDT, Status.MOTTATT, Status.LEVERT, Status.LEST):
            with other.writing() as connection:
                event = StatusEvent(slow, told.conversation_id, told.client_id, status, now())
                assert statuses.append(connection, event)
                time.sleep(0.3)
            wait_for_more(crowd, 1)
    other.close()
    assert crowd.broken == []
    with read_from.assembly.database.reading() as connection:
        filters = FeedFilter(limit=1000)
        events = statuses.feed(connection, client_id=told.client_id, after=reading.first, filters=filters).events
    assert {"SENDT", "MOTTATT", "LEVERT", "LEST", "OPPRETTET"} == {event.status for event in events}
    assert reading.seen == [event.cursor for event in events]
    assert reading.pages > len(events), "the reader was too slow to see anything halfway"
