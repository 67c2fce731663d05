"""`/subscriptions` over HTTP: made, looked at, changed, tried, replayed, deleted; each login its own, the secret once."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.delivery.webhooks.signing import describe, describe_ping, sign
from gateway.message.status import Status
from gateway.sandbox.server import Sandbox
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from gateway.storage.statuses import StatusEvent
from gateway.storage.subscriptions import WEBHOOK
from gateway.storage.tables import task
from tests.api.test_feed import queued, tell
from tests.delivery.webhooks.receiving import Got, Receiver, wait_for
from tests.live import Gateway, serving, working
from tests.storage.making import NOW

README = Path(__file__).resolve().parents[2] / "README.md"
SETTINGS = WebhookSettings(allow_hosts=("127.0.0.1",), timeout=timedelta(seconds=1))


@pytest.fixture(scope="module")
def door(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that may post to loopback."""
    with serving(sandbox, tmp_path_factory.mktemp("subscriptions"), webhooks=SETTINGS) as served:
        yield served


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint on loopback."""
    with Receiver.listening() as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def _none_left(door: Gateway) -> Iterator[None]:
    yield
    for each in door.call("GET", "/subscriptions").json()["subscriptions"]:
        door.call("DELETE", f"/subscriptions/{each['subscriptionId']}")


def subscribe(door: Gateway, url: str, **wanted: object) -> Any:
    """A new subscription, as answered."""
    answer = door.call("POST", "/subscriptions", json={"url": url, **wanted})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/subscriptions/{answer.json()['subscriptionId']}"
    return answer.json()


def refused(answer: requests.Response, status: int, code: str) -> Any:
    """A problem with this code, its body."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()


def test_a_subscription_from_making_to_deleting(door: Gateway, receiver: Receiver) -> None:
    """The secret is shown in the first answer and in no other; a change changes what it names; deleted it is gone."""
    made = subscribe(door, receiver.url, statuses=["FEIL", "LEVERT", "FEIL"], direction="OUTGOING")
    path = f"/subscriptions/{made['subscriptionId']}"
    secret = made.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert door.call("GET", path).json() == made
    assert door.call("GET", "/subscriptions").json() == {"subscriptions": [made]}
    assert (made["state"], made["statuses"], made["direction"]) == ("active", ["FEIL", "LEVERT"], "OUTGOING")
    for method in ("PUT", "PATCH"):
        changed = door.call(method, path, json={"state": "paused", "direction": None})
        assert changed.json() == {**made, "state": "paused", "direction": None}
    renewed = door.call("PATCH", path, json={"newSecret": True, "statuses": [], "state": "active"}).json()
    assert renewed.pop("secret") != secret
    assert renewed == {**made, "statuses": [], "direction": None}
    assert door.call("DELETE", path).status_code == 204
    for method, more in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/ping"), ("POST", "/replay")):
        body = {"after": 0} if more == "/replay" else {}
        refused(door.call(method, path + more, json=body), 404, "NOT_FOUND")
    with door.assembly.database.reading() as connection:
        assert connection.execute(task.select().where(task.c.kind == WEBHOOK)).all() == []


def test_the_secret_is_kept_sealed(door: Gateway, receiver: Receiver) -> None:
    """Neither the database nor its log files hold the bytes of a secret that was given."""
    secret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"
    assert subscribe(door, receiver.url, secret=secret)["secret"] == secret
    held = b"".join(path.read_bytes() for path in door.assembly.settings.data.glob("gateway.db*"))
    assert receiver.url.encode() in held
    for trace in (secret.encode(), secret.removeprefix("whsec_").encode(), b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        assert trace not in held


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"url": "http://fagsystem.example/hook"}, "ENDPOINT", "https only"),
        ({"url": "https://10.0.0.1/"}, "NOT_PUBLIC", "not public"),
        ({"url": "https://localhost/"}, "NOT_PUBLIC", "not public"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "NOT_PUBLIC", "not public"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "NOT_PUBLIC", "not public"),
        ({"url": "https://2130706433/"}, "ENDPOINT", "no host"),
        ({"url": "https://nowhere.invalid/"}, "NOT_RESOLVED", "cannot be resolved"),
        ({"url": "http://127.0.0.1/", "secret": "geheim"}, "SECRET", "secret"),
        ({"url": "http://127.0.0.1/", "secret": ""}, "SECRET", "secret"),
        ({"url": "http://127.0.0.1/", "secret": "whsec_QUJD"}, "SECRET", "secret"),
        ({"url": "http://127.0.0.1/", "after": 10**9}, "CURSOR_AHEAD", "lies ahead"),
        ({"url": "http://127.0.0.1/", "statuses": ["SENT"]}, "BODY", "does not fit"),
        ({"url": "http://127.0.0.1/", "direction": "UP"}, "BODY", "does not fit"),
        ({"url": "http://127.0.0.1/", "after": "1"}, "BODY", "does not fit"),
        ({"url": "http://127.0.0.1/", "state": "active"}, "BODY", "does not fit"),
        ({}, "BODY", "does not fit"),
    ],
)
def test_what_cannot_be_subscribed_is_told(door: Gateway, body: dict[str, object], code: str, words: str) -> None:
    """422 with a code and a sentence, in bokmål too, and nothing is made."""
    problem = refused(door.call("POST", "/subscriptions", json=body), 422, code)
    assert words in problem["detail"]
    norsk = door.call("POST", "/subscriptions", json=body, headers={"Accept-Language": "nb"}).json()
    assert norsk["detail"] != problem["detail"]
    assert norsk["mend"] != problem["mend"]
    assert door.call("GET", "/subscriptions").json() == {"subscriptions": []}


def test_a_changed_address_is_judged_too(door: Gateway, receiver: Receiver) -> None:
    """What is refused when it is made is refused when it is changed, and the old one stands."""
    made = subscribe(door, receiver.url)
    path = f"/subscriptions/{made['subscriptionId']}"
    refused(door.call("PATCH", path, json={"url": "https://192.168.0.1/"}), 422, "NOT_PUBLIC")
    refused(door.call("PATCH", path, json={"state": "disabled"}), 422, "BODY")
    refused(door.call("PATCH", path, json={"secret": "whsec_QUJD"}), 422, "SECRET")
    refused(door.call("PATCH", path, json={"secret": "whsec_QUJD", "newSecret": True}), 422, "BODY")
    assert door.call("GET", path).json()["url"] == receiver.url


def test_a_ping_is_reported_truthfully(door: Gateway, receiver: Receiver) -> None:
    """Delivered, with status and time; refused, with the status; not reached or too slow, with what failed."""
    made = subscribe(door, receiver.url)
    path = f"/subscriptions/{made['subscriptionId']}"
    good = door.call("POST", f"{path}/ping").json()
    assert good.pop("milliseconds") < 1000
    event_id = receiver.got[0].headers["Webhook-Id"]
    assert good == {"eventId": event_id, "delivered": True, "status": 204, "code": None, "message": None, "mend": None}
    said = receiver.got[0].said
    assert (said["type"], said["subscriptionId"]) == ("ping", made["subscriptionId"])
    receiver.answer = lambda got, handler: 401
    told = [door.call("POST", f"{path}/ping").json()]
    receiver.answer = lambda got, handler: time.sleep(2) or 204
    told.append(door.call("POST", f"{path}/ping").json())
    door.call("PATCH", path, json={"url": "http://127.0.0.1:9/", "state": "paused"})
    told.append(door.call("POST", f"{path}/ping").json())
    assert [(each["delivered"], each["status"], each["code"], each["message"]) for each in told] == [
        (False, 401, "ANSWERED", "the endpoint answered 401"),
        (False, None, "TIMED_OUT", "no answer within 1 s"),
        (False, None, "NOT_REACHED", "no connection: Connection refused"),
    ]
    assert "login" in told[0]["mend"]
    assert "as soon as" in told[1]["mend"]
    assert "running" in told[2]["mend"]
    standing = door.call("GET", path).json()
    assert (standing["failures"], standing["lastSuccess"]) == (0, None)


def test_gone_is_noted_as_what_it_is(door: Gateway, receiver: Receiver) -> None:
    """Disabled by 410 the note does not speak of a long failure."""
    path = f"/subscriptions/{subscribe(door, receiver.url)['subscriptionId']}"
    receiver.answer = lambda got, handler: 410
    with working(door):
        queued(door)
        wait_for(lambda: door.call("GET", path).json()["state"] == "disabled")
    note = door.call("GET", path).json()["note"]
    assert ("410 Gone" in note, "too long" in note) == (True, False)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (302, "Redirects are not followed"),
        (404, "path"),
        (405, "POST"),
        (410, "disables"),
        (500, "log of the endpoint"),
    ],
)
def test_a_failed_ping_says_what_to_do(door: Gateway, receiver: Receiver, status: int, words: str) -> None:
    """Each kind of answer has its mend."""
    made = subscribe(door, receiver.url)
    receiver.answer = lambda got, handler: status
    assert words in door.call("POST", f"/subscriptions/{made['subscriptionId']}/ping").json()["mend"]


def test_pings_take_a_quarter_of_the_threads(door: Gateway, receiver: Receiver) -> None:
    """Of sixteen threads four ping a slow endpoint; the fifth is told to come again, and everybody else is served."""
    path = f"/subscriptions/{subscribe(door, receiver.url)['subscriptionId']}"
    receiver.answer = lambda got, handler: time.sleep(0.9) or 204
    with ThreadPoolExecutor(4) as pool:
        pings = [pool.submit(requests.post, f"{door.url}{path}/ping", timeout=20) for _ in range(4)]
        wait_for(lambda: len(receiver.got) == 4)
        fifth = door.call("POST", f"{path}/ping")
        assert door.call("GET", path).status_code == 200
        assert {ping.result().status_code for ping in pings} == {200}
    refused(fifth, 503, "BUSY")
    assert fifth.headers["Retry-After"] == "5"
    assert door.call("POST", f"{path}/ping").status_code == 200


def test_logins_do_not_see_each_other(sandbox: Sandbox, tmp_path: Path, receiver: Receiver) -> None:
    """Another login's subscription is as if it were not there, and each is told of its own messages alone."""
    from gateway.api.login import hash_key

    with serving(sandbox, tmp_path, webhooks=SETTINGS) as door:
        with door.assembly.database.writing() as connection:
            for name in ("one", "two"):
                client = Client(f"id-{name}", name, ClientKind.API_KEY, hash_key(name), ("0192:311000017",), NOW)
                clients.add(connection, client)
        ones, twos = ({"Authorization": f"Bearer {name}"} for name in ("one", "two"))
        made = door.call("POST", "/subscriptions", json={"url": receiver.url}, headers=ones).json()
        path = f"/subscriptions/{made['subscriptionId']}"
        assert door.call("GET", path, headers=twos).status_code == 404
        assert door.call("DELETE", path, headers=twos).status_code == 404
        assert door.call("POST", f"{path}/ping", headers=twos).status_code == 404
        assert door.call("GET", "/subscriptions", headers=twos).json() == {"subscriptions": []}
        assert door.call("GET", "/subscriptions").status_code == 401
        mine = queued(door, client_id="id-one")[0]
        queued(door, client_id="id-two")
        with working(door):
            wait_for(lambda: bool(receiver.got))
        assert [got.said["messageId"] for got in receiver.got] == [mine.id]


def test_events_come_soon_and_can_be_replayed(door: Gateway, receiver: Receiver) -> None:
    """A real worker tells within moments of the event; a replay tells again; ahead of where it stands is refused."""
    made = subscribe(door, receiver.url)
    path = f"/subscriptions/{made['subscriptionId']}"
    with working(door):
        message = queued(door)[0]
        wait_for(lambda: len(receiver.got) == 1)
        written = time.monotonic()
        tell(door, message, Status.SENDT)
        wait_for(lambda: len(receiver.got) == 2)
        assert time.monotonic() - written < 2
        again = door.call("POST", f"{path}/replay", json={"after": made["cursor"]})
        assert (again.status_code, again.json()["firstCursor"]) == (202, receiver.got[0].said["cursor"])
        wait_for(lambda: len(receiver.got) == 4)
    assert receiver.statuses() == ["OPPRETTET", "SENDT"] * 2
    cursor = door.call("GET", path).json()["cursor"]
    refused(door.call("POST", f"{path}/replay", json={"after": cursor + 1}), 422, "CURSOR_AHEAD")
    assert door.call("GET", path).json()["lastSuccess"] is not None


def test_failures_are_told(sandbox: Sandbox, tmp_path: Path, receiver: Receiver) -> None:
    """While it fails: what, since when, and when it is tried again; disabled: what to do; both in bokmål, too."""
    settings = WebhookSettings(("127.0.0.1",), timedelta(seconds=1), give_up=timedelta(seconds=1.5))
    with serving(sandbox, tmp_path, webhooks=settings) as door:
        receiver.answer = lambda got, handler: 500
        path = f"/subscriptions/{subscribe(door, receiver.url)['subscriptionId']}"
        with working(door):
            queued(door)
            wait_for(lambda: door.call("GET", path).json()["failures"] > 0)
            failing = door.call("GET", path).json()
            wait_for(lambda: door.call("GET", path).json()["state"] == "disabled")
        disabled = door.call("GET", path, headers={"Accept-Language": "nb"}).json()
    assert failing["lastError"] == "the endpoint answered 500"
    assert failing["note"].startswith("The endpoint fails; nothing is passed over")
    assert None not in (failing["failingSince"], failing["lastFailure"], failing["nextTry"])
    assert disabled["lastError"] == "endepunktet svarte 500"
    assert disabled["note"].startswith("Ingenting sendes lenger")
    assert disabled["nextTry"] is None


def test_there_is_a_bound(door: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than a login may have is refused, and says what to do."""
    monkeypatch.setattr("gateway.delivery.webhooks.subscribing.MOST", 2)
    for _ in range(2):
        subscribe(door, "http://127.0.0.1:9/")
    problem = refused(door.call("POST", "/subscriptions", json={"url": "http://127.0.0.1:9/"}), 409, "TOO_MANY")
    assert "2 subscriptions" in problem["detail"]


def test_the_snippet_of_the_readme_verifies(door: Gateway, receiver: Receiver) -> None:
    """What the README shows tells the genuine from the changed, the stale and the strangers'."""
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    room: dict[str, Any] = {}
    exec(snippet, room)
    is_genuine = room["is_genuine"]
    made = subscribe(door, receiver.url)
    door.call("POST", f"/subscriptions/{made['subscriptionId']}/ping")
    (got,) = receiver.got
    assert is_genuine(made["secret"], got.headers, got.body)
    assert not is_genuine(made["secret"], got.headers, got.body + b" ")
    assert not is_genuine("whsec_" + "A" * 43 + "=", got.headers, got.body)
    for header, value in (("Webhook-Id", "another"), ("Webhook-Timestamp", str(int(time.time()) + 1))):
        assert not is_genuine(made["secret"], {**got.headers, header: value}, got.body)
    stale = str(int(time.time()) - 400)
    body, headers = _signed(made["secret"], got, stale)
    assert not is_genuine(made["secret"], headers, body)


def _signed(secret: str, got: Got, stamp: str) -> tuple[bytes, dict[str, str]]:
    """The same, rightly signed at another time."""
    from datetime import UTC, datetime

    from gateway.delivery.webhooks.signing import read_secret, sign

    body, headers = sign(json.loads(got.body), read_secret(secret), at=datetime.fromtimestamp(int(stamp), UTC))
    return body, dict(headers)


def test_the_webhook_of_the_readme_is_one_as_it_is_sent(door: Gateway, receiver: Receiver) -> None:
    """The members of an event, the headers of a post, and what a ping says."""
    (shown,) = re.findall(r"```http\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    head, body = shown.split("\n\n")
    event = StatusEvent("m", "c", "k", Status.LEVERT, NOW, cursor=812)
    assert list(json.loads(body)) == list(describe(event, "s"))
    headers = {line.split(":")[0] for line in head.splitlines()[1:]}
    facts = describe_ping("p", "s", at=NOW)
    assert headers == set(sign(facts, b"k", at=NOW)[1])
    assert list(facts) == ["type", "eventId", "subscriptionId", "at"]
    made = subscribe(door, receiver.url)
    door.call("POST", f"/subscriptions/{made['subscriptionId']}/ping")
    assert list(json.loads(receiver.got[0].body)) == list(facts)
