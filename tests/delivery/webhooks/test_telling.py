"""Events are told in order, at least once, signed, behind the fence; what fails is tried again and nothing is passed over."""

import json
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.delivery.lanes import LANES
from gateway.delivery.webhooks import telling
from gateway.delivery.webhooks.subscribing import Amendment
from gateway.delivery.webhooks.telling import WEBHOOK
from gateway.errors import LeaseLost
from gateway.message.status import Direction, Evidence, Outcome, Status
from gateway.storage import clients, statuses, subscriptions, tasks
from gateway.storage.statuses import StatusEvent
from gateway.storage.subscriptions import SubscriptionState
from tests.storage.making import make_event, new_id

from .receiving import Bench, Got, Receiver, is_genuine

ALL = (Status.OPPRETTET, Status.SENDT, Status.LEVERT)


def test_events_are_told_in_order_with_their_facts(bench: Bench, receiver: Receiver) -> None:
    """From now on, each once, in the order of the log, over one connection; facts of the event alone, and signed."""
    first, second = bench.message(), bench.message()
    bench.tell(first, Status.OPPRETTET)
    kept = bench.subscribe(receiver.url)
    bench.work()
    assert receiver.got == []
    bench.tell(second, Status.OPPRETTET)
    event = make_event(
        first,
        Status.LEVERT,
        at=bench.now(),
        description="Vedtak for 01017012345",
        raw="{}",
        evidence=Evidence.PUBLISHED,
    )
    with bench.database.writing() as connection:
        cursor = statuses.append(connection, event)
    bench.tell(second, Status.SENDT)
    bench.work()
    assert receiver.statuses() == ["OPPRETTET", "LEVERT", "SENDT"]
    assert receiver.connections == 1
    got = receiver.got[1]
    assert got.path == "/hook?a=b"
    assert got.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert got.said == {
        "type": "status",
        "eventId": got.headers["Webhook-Id"],
        "subscriptionId": kept.subscription.id,
        "cursor": cursor,
        "messageId": first.id,
        "conversationId": first.conversation_id,
        "direction": "OUTGOING",
        "status": "LEVERT",
        "at": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "evidence": "published",
        "outcome": "delivered",
    }
    assert all(is_genuine(each, kept.secret or "") for each in receiver.got)
    assert not is_genuine(replace(got, body=got.body.replace(b"LEVERT", b"LEST")), kept.secret or "")
    assert abs(int(got.headers["Webhook-Timestamp"]) - bench.now().timestamp()) < 60
    standing = bench.standing(kept.subscription)
    assert (standing.failures, standing.last_error, standing.last_success is not None) == (0, None, True)
    assert bench.work() == 0, "nothing is due when there is nothing to tell"


def test_what_comes_in_is_told_to_every_client_of_its_organisation(bench: Bench, receiver: Receiver) -> None:
    """And woken for; a client of another organisation hears nothing of it."""
    ours, theirs = "0192:311000017", "0192:311000128"
    for client_id, organisation in (("one", ours), ("two", ours), ("three", theirs)):
        bench.subscribe(receiver.url, client_id, organisations=(organisation,))
    bench.work()
    message_id = new_id()
    for status in (Status.OPPRETTET, Status.INNKOMMENDE_MOTTATT):
        event = StatusEvent(message_id, new_id(), ours, status, bench.now(), Direction.INCOMING)
        with bench.database.writing() as connection:
            assert statuses.append(connection, event)
        assert bench.work() == 2
    told = [(got.said["status"], got.said["direction"], got.said["messageId"]) for got in receiver.got]
    assert sorted(told) == sorted(
        [("OPPRETTET", "INCOMING", message_id)] * 2 + [("INNKOMMENDE_MOTTATT", "INCOMING", message_id)] * 2
    )


def test_filters_and_other_clients(bench: Bench, receiver: Receiver) -> None:
    """Only what is asked for, only the client's own; the cursor moves past the rest, and no other client's event wakes it."""
    kept = bench.subscribe(receiver.url, statuses=(Status.FEIL,), direction=Direction.OUTGOING)
    bench.work()
    mine, other = bench.message(), bench.message("another")
    bench.tell(other, Status.OPPRETTET, Status.FEIL)
    assert bench.work() == 0
    bench.tell(mine, Status.OPPRETTET)
    stranger = new_id()
    with bench.database.writing() as connection:
        for status in (Status.OPPRETTET, Status.FEIL):
            incoming = make_event(mine, status, message_id=stranger, direction=Direction.INCOMING, at=bench.now())
            cursor = statuses.append(connection, incoming)
    bench.work()
    assert (receiver.got, bench.standing(kept.subscription).cursor) == ([], cursor)
    bench.tell(mine, Status.FEIL)
    bench.work()
    assert [(got.said["status"], got.said["direction"]) for got in receiver.got] == [("FEIL", "OUTGOING")]


def test_a_failure_is_tried_again_from_the_same_event(bench: Bench, receiver: Receiver) -> None:
    """What is not answered 2xx is told again after a pause that grows, before anything later, under the same id."""
    kept = bench.subscribe(receiver.url)
    message = bench.message()
    answers = iter([204, 500, 302, 204, 204])
    receiver.answer = lambda got, handler: next(answers)
    cursors = bench.tell(message, *ALL)
    bench.work()
    standing = bench.standing(kept.subscription)
    assert receiver.statuses() == ["OPPRETTET", "SENDT"]
    assert (standing.cursor, standing.failures, standing.last_error) == (cursors[0], 1, "the endpoint answered 500")
    assert standing.next_try is not None
    assert timedelta(seconds=3) < standing.next_try - bench.now() <= timedelta(seconds=5)
    bench.tell(bench.message(), Status.OPPRETTET)
    assert bench.work() == 0, "an event does not cut the pause short"
    bench.late += timedelta(seconds=6)
    bench.work()
    assert bench.standing(kept.subscription).failures == 2
    bench.late += timedelta(seconds=6)
    assert bench.work() == 0, "the second pause is longer"
    bench.late += timedelta(seconds=10)
    receiver.answer = lambda got, handler: 204
    bench.work()
    assert receiver.statuses() == ["OPPRETTET", "SENDT", "SENDT", "SENDT", "LEVERT", "OPPRETTET"]
    tries = [got for got in receiver.got if got.said["status"] == "SENDT"]
    assert len({got.headers["Webhook-Id"] for got in tries}) == 1
    assert len({got.headers["Webhook-Id"] for got in receiver.got}) == 4
    standing = bench.standing(kept.subscription)
    assert (standing.failures, standing.failing_since, standing.next_try, standing.last_error) == (0, None, None, None)
    assert standing.last_failure is not None


def test_retry_after_is_obeyed(bench: Bench, receiver: Receiver) -> None:
    """An endpoint that asks for time gets it."""
    kept = bench.subscribe(receiver.url)

    def busy(got: Got, handler) -> None:  # type: ignore[no-untyped-def]
        handler.send_response(429)
        handler.send_header("Retry-After", "120")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answer = busy
    bench.tell(bench.message(), Status.OPPRETTET)
    bench.work()
    next_try = bench.standing(kept.subscription).next_try
    assert next_try is not None
    assert timedelta(seconds=110) < next_try - bench.now() <= timedelta(seconds=120)


def test_a_stop_between_post_and_cursor_loses_nothing(
    bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies after the endpoint has answered and before the cursor is written: told again, under the same id."""
    kept = bench.subscribe(receiver.url)
    bench.tell(bench.message(), *ALL)
    held = bench.claim()
    assert held is not None

    class Killed(BaseException):
        """As good as kill -9."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(telling._Telling, "_move", die)
        with pytest.raises(Killed):
            bench.webhooks.run(held)
    assert receiver.statuses() == ["OPPRETTET"]
    assert bench.work() == 0, "the lease of the dead one holds"
    bench.late += timedelta(seconds=61)
    bench.work()
    assert receiver.statuses() == ["OPPRETTET", "OPPRETTET", "SENDT", "LEVERT"]
    assert receiver.got[0].said == receiver.got[1].said
    assert receiver.got[0].headers["Webhook-Id"] == receiver.got[1].headers["Webhook-Id"]
    assert bench.standing(kept.subscription).cursor == receiver.got[-1].said["cursor"]


def test_a_worker_that_was_overtaken_moves_no_cursor(bench: Bench, receiver: Receiver) -> None:
    """Another has taken the task over during the post: the first one's write is stopped by the fence."""
    kept = bench.subscribe(receiver.url)
    before = kept.subscription.cursor
    bench.tell(bench.message(), *ALL)
    held = bench.claim()
    assert held is not None

    def overtake(got: Got, handler: object) -> int:
        bench.late += timedelta(seconds=61)
        assert bench.claim() is not None
        return 204

    receiver.answer = overtake
    with pytest.raises(LeaseLost):
        bench.webhooks.run(held)
    assert bench.standing(kept.subscription).cursor == before


def test_after_too_long_it_is_disabled_and_can_go_on(bench: Bench, receiver: Receiver) -> None:
    """An hour of failures disables it, and says so; nothing is sent then; set to active it goes on where it stood."""
    kept = bench.subscribe(receiver.url)
    receiver.answer = lambda got, handler: 404
    bench.tell(bench.message(), Status.OPPRETTET)
    for _ in range(40):
        bench.work()
        bench.late += timedelta(minutes=3)
    standing = bench.standing(kept.subscription)
    assert standing.state is SubscriptionState.DISABLED
    assert (standing.last_error, standing.next_try) == ("the endpoint answered 404", None)
    assert standing.failing_since is not None
    assert standing.last_failure is not None
    assert timedelta(hours=1) <= standing.last_failure - standing.failing_since < timedelta(hours=2)
    count = len(receiver.got)
    bench.tell(bench.message(), Status.OPPRETTET)
    bench.late += timedelta(hours=3)
    bench.work()
    assert len(receiver.got) == count
    receiver.answer = lambda got, handler: 204
    bench.subscribing.change(kept.subscription.id, Amendment(state=SubscriptionState.ACTIVE), client_id="fagsystem")
    bench.work()
    assert len(receiver.got) == count + 2
    assert bench.standing(kept.subscription).failures == 0


def test_gone_disables_at_once(bench: Bench, receiver: Receiver) -> None:
    """410 says that nobody wants to hear any more."""
    kept = bench.subscribe(receiver.url)
    receiver.answer = lambda got, handler: 410
    bench.tell(bench.message(), Status.OPPRETTET)
    bench.work()
    assert bench.standing(kept.subscription).state is SubscriptionState.DISABLED


def test_what_is_paused_is_told_later(bench: Bench, receiver: Receiver) -> None:
    """Nothing is sent while it is paused, nothing is passed over when it goes on."""
    kept = bench.subscribe(receiver.url)
    bench.subscribing.change(kept.subscription.id, Amendment(state=SubscriptionState.PAUSED), client_id="fagsystem")
    bench.work()
    bench.tell(bench.message(), *ALL)
    assert bench.work() == 0
    bench.subscribing.change(kept.subscription.id, Amendment(state=SubscriptionState.ACTIVE), client_id="fagsystem")
    bench.work()
    assert receiver.statuses() == list(ALL)


@pytest.mark.parametrize("change", ["pause", "replay", "url", "delete"])
def test_a_change_during_a_round_holds(bench: Bench, receiver: Receiver, change: str) -> None:
    """Whatever the owner does while a post is under way, the round neither undoes it nor passes over an event."""
    message = bench.message()
    begin = bench.tell(message, Status.OPPRETTET)[0]
    kept = bench.subscribe(receiver.url)
    bench.tell(message, Status.SENDT, Status.LEVERT)
    this = kept.subscription.id
    moved = receiver.url.replace("/hook", "/other")

    def act(got: Got, handler: object) -> int:
        receiver.answer = lambda got, handler: 204
        if change == "replay":
            bench.subscribing.replay(this, begin - 1, client_id="fagsystem")
        elif change == "delete":
            bench.subscribing.remove(this, client_id="fagsystem")
        else:
            amendment = Amendment(state=SubscriptionState.PAUSED) if change == "pause" else Amendment(url=moved)
            bench.subscribing.change(this, amendment, client_id="fagsystem")
        return 204

    receiver.answer = act
    held = bench.claim()
    assert held is not None
    try:
        bench.webhooks.run(held)
    except LeaseLost:
        assert change == "delete"
    bench.work()
    expected = {
        "pause": ["SENDT"],
        "replay": ["SENDT", "OPPRETTET", "SENDT", "LEVERT"],
        "url": ["SENDT", "SENDT", "LEVERT"],
        "delete": ["SENDT"],
    }
    assert receiver.statuses() == expected[change]
    if change == "url":
        assert [got.path for got in receiver.got] == ["/hook?a=b", "/other?a=b", "/other?a=b"]
    if change == "delete":
        with bench.database.reading() as connection:
            assert subscriptions.of_client(connection, "fagsystem") == ()
            far = bench.now() + timedelta(days=400)
            assert tasks.lanes_due(connection, LANES, kinds=(WEBHOOK,), now=far) == ()


def test_a_replay_tells_again_under_the_same_ids(bench: Bench, receiver: Receiver) -> None:
    """Within what the log holds, with the filters that stand; ahead of the cursor is refused elsewhere."""
    kept = bench.subscribe(receiver.url)
    cursors = bench.tell(bench.message(), *ALL)
    bench.work()
    entry, first = bench.subscribing.replay(kept.subscription.id, cursors[0], client_id="fagsystem")
    assert (entry.cursor, first) == (cursors[0], cursors[1])
    bench.work()
    assert receiver.statuses() == ["OPPRETTET", "SENDT", "LEVERT", "SENDT", "LEVERT"]
    ids = [got.headers["Webhook-Id"] for got in receiver.got]
    assert ids[1:3] == ids[3:]
    assert bench.subscribing.replay(kept.subscription.id, cursors[2], client_id="fagsystem")[1] is None


@pytest.mark.parametrize("lingers", [0.0, 0.5])
def test_no_event_slips_between_the_last_look_and_sleep(
    bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, lingers: float
) -> None:
    """An event that is written while a round ends, and may commit after that, is told by the next one at once."""
    bench.subscribe(receiver.url)
    bench.work()
    message, settle = bench.message(), telling.Webhooks._settle
    bench.tell(message, Status.OPPRETTET)
    held = bench.claim()
    assert held is not None

    begun = threading.Event()

    def write() -> None:
        with bench.database.writing() as connection:
            statuses.append(connection, make_event(message, Status.SENDT, at=bench.now()))
            begun.set()
            time.sleep(lingers)

    def late(self: telling.Webhooks, task: tasks.Task, *, slow: bool = False) -> None:
        writer = threading.Thread(target=write)
        writer.start()
        assert begun.wait(10)
        if not lingers:
            writer.join(10)
        settle(self, task, slow=slow)
        writer.join(10)

    with monkeypatch.context() as patch:
        patch.setattr(telling.Webhooks, "_settle", late)
        bench.webhooks.run(held)
    assert bench.work() == 1
    assert receiver.statuses() == ["OPPRETTET", "SENDT"]


@pytest.mark.parametrize("after_failure", [False, True])
def test_a_writer_that_is_slow_to_commit_wakes_too(bench: Bench, receiver: Receiver, after_failure: bool) -> None:
    """A subscription made, and a round that ends, while an event is being written: it is told as soon as it is there."""
    message = bench.message()
    made: list[threading.Thread] = []
    with bench.database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET, at=bench.now()))
        made.append(threading.Thread(target=bench.subscribe, args=(receiver.url,)))
        made[0].start()
        made[0].join(0.3)
    made[0].join(10)
    bench.tell(message, Status.SENDT)
    bench.work()
    assert receiver.statuses() == ["SENDT"], "what was under way came before it"
    held = bench.claim()
    assert held is None
    bench.tell(message, Status.MOTTATT)
    if after_failure:
        receiver.answer = lambda got, handler: 500
        bench.work()
        receiver.answer = lambda got, handler: 204
        receiver.got.pop()
        bench.late += timedelta(seconds=6)
    held = bench.claim()
    assert held is not None
    with bench.database.writing() as connection:
        statuses.append(connection, make_event(message, Status.LEVERT, at=bench.now()))
        round_of_it = threading.Thread(target=bench.webhooks.run, args=(held,))
        round_of_it.start()
        round_of_it.join(0.5)
    round_of_it.join(20)
    bench.work()
    assert receiver.statuses() == ["SENDT", "MOTTATT", "LEVERT"]


def test_a_removed_login_is_told_nothing_more(bench: Bench, receiver: Receiver) -> None:
    """Its subscriptions go with it; the task finds nothing and ends."""
    entry = clients.Client("fagsystem", "Fagsystem", clients.ClientKind.API_KEY, "x", (), bench.now())
    with bench.database.writing() as connection:
        clients.add(connection, entry)
    bench.subscribe(receiver.url)
    bench.subscribe(receiver.url, client_id="another")
    with bench.database.writing() as connection:
        clients.remove(connection, "Fagsystem")
    bench.tell(bench.message(), Status.OPPRETTET)
    bench.work()
    assert receiver.got == []
    with bench.database.reading() as connection:
        assert subscriptions.of_client(connection, "fagsystem") == ()
        assert len(subscriptions.of_client(connection, "another")) == 1


def test_the_secret_is_sealed_and_never_shown(bench: Bench, receiver: Receiver) -> None:
    """The row does not hold it, the record does not print it in plain, another sealing key does not open it."""
    kept = bench.subscribe(receiver.url)
    assert kept.secret is not None
    assert kept.secret.removeprefix("whsec_")[:10] not in json.dumps(repr(bench.standing(kept.subscription)))
    assert kept.secret not in repr(kept)
    assert len(bench.standing(kept.subscription).secret) > 60


def test_outcomes_are_told_as_they_were(bench: Bench, receiver: Receiver) -> None:
    """A late LEVERT that corrects an expiry carries the new outcome, the events before it the old ones."""
    bench.subscribe(receiver.url)
    bench.tell(bench.message(), Status.OPPRETTET, Status.SENDT, Status.LEVETID_UTLOPT, Status.LEVERT)
    bench.work()
    assert [got.said["outcome"] for got in receiver.got] == [
        Outcome.PENDING,
        Outcome.PENDING,
        Outcome.UNKNOWN,
        Outcome.DELIVERED,
    ]
