"""Real workers over several endpoints: one that is slow or dead holds up no other, and stopping loses nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from gateway.delivery.lanes import WEBHOOK_LANE, LaneSettings
from gateway.delivery.webhooks.telling import WEBHOOK
from gateway.delivery.worker import Hands, Worker, WorkerSettings
from gateway.message.status import Status

from .receiving import Bench, Got, Receiver, wait_for


@contextmanager
def working(bench: Bench, parallel: int) -> Iterator[None]:
    """A worker for webhooks while the block lasts."""
    hands = Hands("worker", {WEBHOOK: bench.webhooks.run})
    settings = WorkerSettings(LaneSettings(own={WEBHOOK_LANE: parallel}), timedelta(seconds=30), 0.05)
    stop = threading.Event()
    thread = threading.Thread(
        target=Worker(bench.database, hands, settings=settings, now=bench.now).run, args=(stop,), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def sleepy(got: Got, handler: object) -> int:
    """An answer that takes its time."""
    time.sleep(0.9)
    return 204


def test_a_slow_and_a_dead_endpoint_hold_up_nobody(bench: Bench, receiver: Receiver) -> None:
    """While two endpoints take their time and two never answer, another one is told every event, in order."""
    bench.places = threading.BoundedSemaphore(2)
    bench.settings = replace(bench.settings, timeout=timedelta(seconds=60))
    go_on = threading.Event()
    with Receiver.listening() as slow, Receiver.listening() as dead:
        slow.answer = sleepy
        dead.answer = lambda got, handler: go_on.wait(60) and 500
        for url in (slow.url, slow.url, dead.url, dead.url, receiver.url):
            bench.subscribe(url)
        with working(bench, 5):
            for _ in range(6):
                bench.tell(bench.message(), Status.OPPRETTET, Status.SENDT)
            wait_for(lambda: len(receiver.got) == 12)
            assert len(dead.got) == 2, "they hang all the while"
            assert len(slow.got) < 24
            go_on.set()
    assert receiver.statuses() == ["OPPRETTET", "SENDT"] * 6


def test_those_in_trouble_share_half_of_the_places(bench: Bench, receiver: Receiver) -> None:
    """Eight endpoints that never answer are tried again and again; with four hands, one that is well is told meanwhile."""
    bench.places = threading.BoundedSemaphore(2)
    bench.settings = replace(bench.settings, timeout=timedelta(seconds=4))
    with Receiver.listening() as dead:
        dead.answer = lambda got, handler: time.sleep(5) or 500
        for _ in range(8):
            bench.subscribe(dead.url)
        bench.tell(bench.message(), Status.OPPRETTET)
        with working(bench, 8):
            wait_for(lambda: len(dead.got) == 8)
        bench.subscribe(receiver.url)
        bench.late += timedelta(seconds=6)  # all eight are due again
        with working(bench, 4):
            wait_for(lambda: len(dead.got) == 10)
            for _ in range(4):
                written = time.monotonic()
                count = len(receiver.got)
                bench.tell(bench.message(), Status.OPPRETTET)
                wait_for(lambda: len(receiver.got) > count)  # noqa: B023
                assert time.monotonic() - written < 2.5
            assert len(dead.got) <= 12


def test_stopping_and_starting_workers_loses_nothing_and_keeps_the_order(bench: Bench, receiver: Receiver) -> None:
    """Two workers at once, each stopped and started while events are written: every one comes, in order, twice at most."""
    bench.subscribe(receiver.url)
    cursors: list[int] = []

    def write() -> None:
        for _ in range(12):
            cursors.extend(bench.tell(bench.message(), Status.OPPRETTET, Status.SENDT, Status.LEVERT))

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        with working(bench, 2), working(bench, 2):
            time.sleep(0.3)
    writer.join()
    with working(bench, 2):
        wait_for(lambda: bool(receiver.got) and receiver.got[-1].said["cursor"] == cursors[-1])
    assert [got.said["cursor"] for got in receiver.got] == cursors
