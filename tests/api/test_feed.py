"""`/statuses` over HTTP: the feed, its cursor and filters, and waiting for what is not there yet."""

import threading
import time

import pytest
import requests

from gateway.message.status import Direction, Evidence, Status
from gateway.storage import restored, statuses
from gateway.storage.messages import Message
from tests.api.drafts import draft
from tests.live import Gateway
from tests.storage.making import make_event, store_queued


def queued(gateway: Gateway, count: int = 1, client_id: str = "local") -> tuple[Message, ...]:
    """Messages of a committed conversation, with their first status."""
    found = store_queued(gateway.assembly.database, count=count, client_id=client_id)
    for message in found:
        tell(gateway, message, Status.OPPRETTET)
    return found


def tell(gateway: Gateway, message: Message, status: Status, **facts: object) -> None:
    """Append an event."""
    with gateway.assembly.database.writing() as connection:
        assert statuses.append(connection, make_event(message, status, **facts)) is not None


def feed(gateway: Gateway, query: str = "") -> dict:  # type: ignore[type-arg]
    """A page of the feed."""
    answer = gateway.call("GET", f"/statuses?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def end(gateway: Gateway) -> int:
    """Where the feed ends now."""
    with gateway.assembly.database.reading() as connection:
        return statuses.newest_of(connection, "local")


def later(seconds: float, act: object, *arguments: object) -> threading.Timer:
    """Do something after a while."""
    timer = threading.Timer(seconds, act, arguments)  # type: ignore[arg-type]
    timer.start()
    return timer


def test_the_feed_tells_what_happened_and_where_to_go_on(gateway: Gateway) -> None:
    """Each event once, with every member but the channel's whole answer, in pages; the cursor goes on from the short last."""
    begin = end(gateway)
    message = queued(gateway)[0]
    queued(gateway, client_id="another")
    tell(gateway, message, Status.SENDT, evidence=Evidence.HANDED_OVER, description="sent", raw='{"a": 1}')
    tell(gateway, message, Status.LEVERT)
    first = feed(gateway, f"after={begin}&limit=2")
    second = feed(gateway, f"after={first['cursor']}&limit=2")
    assert (first["more"], second["more"]) == (True, False)
    assert [each["status"] for each in first["events"] + second["events"]] == ["OPPRETTET", "SENDT", "LEVERT"]
    assert first["events"][1] == {
        "cursor": first["cursor"],
        "messageId": message.id,
        "conversationId": message.conversation_id,
        "direction": "OUTGOING",
        "status": "SENDT",
        "at": "2026-03-02T09:30:15.123Z",
        "evidence": "handed-over",
        "outcome": "pending",
        "description": "sent",
        "mustAct": None,
        "mend": None,
        "answer": None,
        "round": 1,
    }
    assert second["events"][0]["outcome"] == "delivered"
    assert feed(gateway, f"after={second['cursor']}") == {"events": [], "cursor": second["cursor"], "more": False}


def test_filters_narrow_the_feed_and_the_cursor_moves_on(gateway: Gateway) -> None:
    """One status or several, one direction; a page that lets nothing through still says where to go on."""
    begin = end(gateway)
    message = queued(gateway)[0]
    tell(gateway, message, Status.FEIL)
    tell(gateway, message, Status.OPPRETTET, direction=Direction.INCOMING)
    found = [
        [(each["status"], each["direction"]) for each in feed(gateway, f"after={begin}&{query}")["events"]]
        for query in ("status=FEIL", "status=OPPRETTET,FEIL", "direction=INCOMING", "status=FEIL&direction=INCOMING")
    ]
    assert found == [
        [("FEIL", "OUTGOING")],
        [("OPPRETTET", "OUTGOING"), ("FEIL", "OUTGOING"), ("OPPRETTET", "INCOMING")],
        [("OPPRETTET", "INCOMING")],
        [],
    ]
    assert feed(gateway, f"after={begin}&status=LEST")["cursor"] == end(gateway)


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        ("after=-1", "/query/after", "greater than or equal to 0"),
        ("after=x", "/query/after", "Not a valid integer"),
        ("after=99999999999999999999", "/query/after", "9223372036854775807"),
        ("status=SENT", "/query/status", "'SENT' is no status; there are OPPRETTET, SENDT"),
        ("status=LEVERT,", "/query/status", "is no status"),
        ("direction=UP", "/query/direction", "OUTGOING, INCOMING"),
        ("limit=0", "/query/limit", "1 and less than or equal to 1000"),
        ("limit=1001", "/query/limit", "1000"),
        ("wait=soon", "/query/wait", "write the seconds, as in 30s"),
        ("wait=31s", "/query/wait", "at most 30s"),
        ("wait=-1", "/query/wait", "write the seconds"),
        ("foo=1", "/query/foo", "no parameter 'foo' here; there are: after, status, direction, limit, wait."),
    ],
)
def test_a_bad_parameter_is_told(gateway: Gateway, query: str, place: str, words: str) -> None:
    """422 with the place and what would fit."""
    answer = gateway.call("GET", f"/statuses?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    (fault,) = answer.json()["errors"]
    assert (answer.json()["code"], fault["rule"], fault["line"], fault["column"]) == (
        "PARAMETER",
        "PARAMETER",
        None,
        None,
    )
    assert fault["path"] == place
    assert fault["mend"]
    assert words in fault["message"]


def test_a_cursor_that_nobody_was_given_is_refused(gateway: Gateway) -> None:
    """It would be answered with nothing for ever; after the leap of a restore the cursors from before it stay good."""
    queued(gateway)
    standing = end(gateway)
    answer = gateway.call("GET", f"/statuses?after={standing + 1}")
    assert (answer.status_code, answer.json()["code"], bool(answer.json()["mend"])) == (422, "CURSOR_AHEAD", True)
    assert gateway.call("GET", f"/statuses?after={standing}").status_code == 200
    with gateway.assembly.database.writing() as connection:
        restored.leap(connection)
    assert feed(gateway, f"after={standing + 1}") == {"events": [], "cursor": standing + 1, "more": False}
    assert gateway.call("GET", f"/statuses?after={standing + 2_000_000}").status_code == 422


def test_a_bad_parameter_is_told_in_bokmaal(gateway: Gateway) -> None:
    """The sentences of this route are in the catalogue."""
    headers = {"Accept-Language": "nb"}
    answer = gateway.call("GET", "/statuses?wait=soon&status=SENT", headers=headers)
    assert [each["message"].split()[:2] for each in answer.json()["errors"]] == [["«SENT»", "er"], ["Dette", "er"]]


def test_the_feed_waits_for_an_event(gateway: Gateway) -> None:
    """With wait the answer comes soon after the event, and without one when the time is up, each time saying so."""
    message, begin = queued(gateway)[0], end(gateway)
    timer = later(0.6, tell, gateway, message, Status.SENDT)
    begun = time.monotonic()
    answer = gateway.call("GET", f"/statuses?after={begin}&wait=20s")
    assert 0.5 < time.monotonic() - begun < 5
    timer.join()
    assert (answer.headers["Long-Poll"], len(answer.json()["events"])) == ("ready", 1)
    idle = gateway.call("GET", f"/statuses?after={answer.json()['cursor']}&wait=0.3")
    assert (idle.headers["Long-Poll"], idle.json()["events"]) == ("timed-out", [])
    assert "Long-Poll" not in gateway.call("GET", f"/statuses?after={begin}").headers


def test_a_log_is_waited_for_until_the_outcome_is_there(gateway: Gateway) -> None:
    """Without `after`: SENDT does not end the wait, LEVERT does, and a log with an outcome is answered at once."""
    message = queued(gateway)[0]
    timers = [later(0.4, tell, gateway, message, Status.SENDT), later(1.2, tell, gateway, message, Status.LEVERT)]
    answer = gateway.call("GET", f"/statuses/{message.conversation_id}?wait=20s")
    assert answer.headers["Long-Poll"] == "ready"
    (shown,) = answer.json()["messages"]
    assert (shown["outcome"], [each["status"] for each in shown["statuses"]]) == (
        "delivered",
        ["OPPRETTET", "SENDT", "LEVERT"],
    )
    assert [each["outcome"] for each in shown["statuses"]] == ["pending", "pending", "delivered"]
    for timer in timers:
        timer.join()
    begun = time.monotonic()
    assert gateway.call("GET", f"/statuses/{message.id}?wait=20s").headers["Long-Poll"] == "ready"
    assert time.monotonic() - begun < 5


def test_a_log_is_waited_for_until_it_grows_beyond_the_cursor(gateway: Gateway) -> None:
    """With `after`: an event of another message of the conversation does not end the wait for this one's log."""
    message, other = queued(gateway, count=2)
    cursor = gateway.call("GET", f"/statuses/{message.id}").json()["cursor"]
    timers = [later(0.3, tell, gateway, other, Status.SENDT), later(1.0, tell, gateway, message, Status.SENDT)]
    begun = time.monotonic()
    answer = gateway.call("GET", f"/statuses/{message.id}?wait=20s&after={cursor}")
    assert time.monotonic() - begun > 0.8
    assert answer.json()["cursor"] > cursor
    assert answer.json()["messages"][0]["lastStatus"] == "SENDT"
    for timer in timers:
        timer.join()


def test_a_draft_is_not_waited_for(gateway: Gateway) -> None:
    """Of what was not sent nothing will be told, so the answer comes at once."""
    begun = time.monotonic()
    answer = gateway.call("GET", f"/statuses/{draft(gateway)['conversationId']}?wait=20s")
    assert (answer.status_code, answer.headers["Long-Poll"]) == (200, "ready")
    assert time.monotonic() - begun < 10


def test_who_finds_no_place_is_answered_at_once(gateway: Gateway) -> None:
    """With sixteen threads eight wait; the ninth gets what there is, a header that says so, and when to come again."""
    message, begin = queued(gateway)[0], end(gateway)
    answers: list[requests.Response] = []

    def wait() -> None:
        answers.append(requests.get(f"{gateway.url}/statuses?after={begin}&wait=25s", timeout=40))

    waiters = [threading.Thread(target=wait) for _ in range(8)]
    for waiter in waiters:
        waiter.start()
    bell = gateway_bell(gateway)
    give_up = time.monotonic() + 15
    while bell() < 8 and time.monotonic() < give_up:
        time.sleep(0.02)
    ninth = gateway.call("GET", f"/statuses?after={begin}&wait=25s")
    tell(gateway, message, Status.SENDT)
    for waiter in waiters:
        waiter.join(30)
    assert (ninth.headers["Long-Poll"], ninth.headers["Retry-After"], ninth.json()["events"]) == ("busy", "5", [])
    assert [answer.headers["Long-Poll"] for answer in answers] == ["ready"] * 8


def gateway_bell(gateway: Gateway):  # type: ignore[no-untyped-def]
    """How many wait at the door."""
    import gc

    from gateway.api.waiting import Waiting

    mine = [each for each in gc.get_objects() if isinstance(each, Waiting)]
    return lambda: max(each._bell._waiters for each in mine if each._database is gateway.assembly.database)
