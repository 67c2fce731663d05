"""`/api/subscriptions` over HTTP: the reference's JSON, its rules, its ping and its pushes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.message.status import Status
from gateway.sandbox.server import Sandbox
from tests.api.nextmove.asking import CONSTRAINT, OWN, ask, refused
from tests.api.test_feed import queued, tell
from tests.delivery.webhooks.receiving import Receiver, wait_for
from tests.live import Gateway, serving, working

EXISTS = f"{OWN}SubscriptionWithSameNameAndPushEndpointAlreadyExists"
NOT_FOUND = f"{OWN}SubscriptionNotFoundException"


@pytest.fixture(scope="module")
def door(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that may post to loopback, with a worker."""
    settings = WebhookSettings(allow_hosts=("127.0.0.1",), timeout=timedelta(seconds=1))
    folder: Path = tmp_path_factory.mktemp("reference")
    with serving(sandbox, folder, webhooks=settings) as served, working(served):
        yield served


@pytest.fixture
def receiver(door: Gateway) -> Iterator[Receiver]:
    """An endpoint on loopback; what was subscribed is forgotten afterwards."""
    with Receiver.listening() as endpoint:
        yield endpoint
        assert door.call("DELETE", "/api/subscriptions").status_code == 200


def wish(receiver: Receiver, **more: object) -> dict[str, object]:
    """What an ordinary client asks for."""
    return {"name": "fagsystem", "pushEndpoint": receiver.url, "resource": "all", "event": "status", **more}


def subscribe(door: Gateway, receiver: Receiver, **more: object) -> Any:
    """A subscription, as answered."""
    answer = door.call("POST", "/api/subscriptions/", json=wish(receiver, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def pushes(receiver: Receiver) -> list[Any]:
    """What came in, the pings left out."""
    return [got.said for got in receiver.got if got.said["event"] != "ping"]


def test_from_subscribing_to_forgetting(door: Gateway, receiver: Receiver) -> None:
    """Made, listed, read, changed and deleted by a number; the ping comes at once, in the reference's words."""
    made = subscribe(door, receiver, filter="status=LEVERT,FEIL&direction=OUTGOING")
    assert made == {"id": made["id"], **wish(receiver, filter="status=LEVERT,FEIL&direction=OUTGOING")}
    (ping,) = receiver.got
    assert set(ping.said) == {"createdTs", "event"}
    assert ping.said["event"] == "ping"
    (own,) = door.call("GET", "/subscriptions").json()["subscriptions"]
    assert door.call("POST", f"/subscriptions/{own['subscriptionId']}/ping").json()["delivered"] is True
    assert set(receiver.got.pop().said) == {"createdTs", "event"}
    place = f"/api/subscriptions/{made['id']}"
    assert ask(door, f"/subscriptions/{made['id']}") == made
    page = ask(door, "/subscriptions")
    assert (page["content"], page["totalElements"], page["sort"]["sorted"]) == ([made], 1, False)
    changed = door.call("PUT", place, json={"id": 7, "name": "other", "filter": None})
    assert (changed.status_code, changed.content) == (200, b"")
    assert ask(door, f"/subscriptions/{made['id']}") == {**made, "name": "other"}
    assert len(receiver.got) == 1
    deleted = door.call("DELETE", place)
    assert (deleted.status_code, deleted.content) == (200, b"")
    for method in ("GET", "PUT", "DELETE"):
        refused(door.call(method, place, json={} if method == "PUT" else None), 404, NOT_FOUND)


def test_a_push_is_the_references(door: Gateway, receiver: Receiver) -> None:
    """Its members and no others of ours; signed beside it; in the order of the log."""
    subscribe(door, receiver)
    (message,) = queued(door)
    tell(door, message, Status.SENDT)
    tell(door, message, Status.FEIL, description="refused")
    wait_for(lambda: len(pushes(receiver)) == 3)
    first, _, last = pushes(receiver)
    assert first == {
        "createdTs": first["createdTs"],
        "resource": "messages",
        "event": "status",
        "messageId": message.id,
        "conversationId": message.choice.conversation_id,
        "direction": "OUTGOING",
        "serviceIdentifier": "DPO",
        "status": "OPPRETTET",
    }
    assert first["createdTs"].endswith(("+01:00", "+02:00"))
    assert (last["status"], last["description"]) == ("FEIL", "refused")
    assert "Webhook-Signature" in receiver.got[-1].headers


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        ("status=sendt,LEVERT", ["SENDT", "LEVERT"]),
        ("serviceIdentifier=dpo&status=LEVERT", ["LEVERT"]),
        ("serviceIdentifier=DPV", []),
        ("direction=INCOMING", []),
        ("status=SENDT&status=LEVERT", []),
        ("status=NO_SUCH_STATUS,SENDT", ["SENDT"]),
    ],
)
def test_the_filter_decides(door: Gateway, receiver: Receiver, filter: str, told: list[str]) -> None:
    """All parts must fit, one value of each, in any case; what is left out is passed over for good."""
    subscribe(door, receiver, filter=filter)
    subscribe(door, receiver, name="everything")
    (message,) = queued(door)
    tell(door, message, Status.SENDT)
    tell(door, message, Status.LEVERT)
    wait_for(lambda: len(pushes(receiver)) >= 3 + len(told))
    statuses = sorted(each["status"] for each in pushes(receiver))
    assert statuses == sorted(["OPPRETTET", "SENDT", "LEVERT", *told])


def test_the_same_again(door: Gateway, receiver: Receiver) -> None:
    """The name and the endpoint together are taken, on PUT, too; either alone is not."""
    subscribe(door, receiver)
    refused(door.call("POST", "/api/subscriptions", json=wish(receiver)), 400, EXISTS)
    other = subscribe(door, receiver, name="other")
    refused(door.call("PUT", f"/api/subscriptions/{other['id']}", json={"name": "fagsystem"}), 400, EXISTS)
    assert door.call("PUT", f"/api/subscriptions/{other['id']}", json={"name": "other"}).status_code == 200
    assert len(door.call("GET", "/subscriptions").json()["subscriptions"]) == 2


def test_a_new_endpoint_is_pinged(door: Gateway, receiver: Receiver) -> None:
    """And is where events go from then on."""
    made = subscribe(door, receiver)
    with Receiver.listening() as second:
        assert (
            door.call("PUT", f"/api/subscriptions/{made['id']}", json={"pushEndpoint": second.url}).status_code == 200
        )
        assert [got.said["event"] for got in second.got] == ["ping"]
        queued(door)
        wait_for(lambda: bool(pushes(second)))
        door.call("DELETE", f"/api/subscriptions/{made['id']}")
    assert pushes(receiver) == []


def test_a_dead_endpoint_is_taken(door: Gateway, receiver: Receiver) -> None:
    """Whether it refuses the ping, does not listen, or has no address yet: what came of it is told at our own door."""
    receiver.answer = lambda got, handler: 500
    subscribe(door, receiver)
    made = subscribe(door, receiver, pushEndpoint="https://127.0.0.1:9/hook")
    subscribe(door, receiver, name="away", pushEndpoint="https://no-such-host.invalid/hook")
    assert ask(door, f"/subscriptions/{made['id']}")["pushEndpoint"] == "https://127.0.0.1:9/hook"
    ours = door.call("GET", "/subscriptions").json()["subscriptions"]
    (dead,) = [each for each in ours if each["url"] == "https://127.0.0.1:9/hook"]
    pinged = door.call("POST", f"/subscriptions/{dead['subscriptionId']}/ping").json()
    assert pinged["delivered"] is False


@pytest.mark.parametrize(
    ("changes", "constraint", "field"),
    [
        ({"name": None}, "NotNull", "name"),
        ({"pushEndpoint": None}, "NotNull", "pushEndpoint"),
        ({"resource": None}, "NotNull", "resource"),
        ({"event": None}, "NotNull", "event"),
        ({"id": 4}, "Null", "id"),
        ({"event": "nope"}, "OneOf", "event"),
        ({"resource": "Messages"}, "OneOf", "resource"),
        ({"name": 7}, "NotNull", "name"),
        ({"name": ""}, "Size", "name"),
        ({"pushEndpoint": "ftp://example.com"}, "URL", "pushEndpoint"),
        ({"pushEndpoint": "http://example.com/hook"}, "URL", "pushEndpoint"),
        ({"pushEndpoint": "https://10.0.0.1/hook"}, "URL", "pushEndpoint"),
        ({"filter": ""}, "WebhookFilter", "filter"),
        ({"filter": "status=LEVERT&"}, "WebhookFilter", "filter"),
        ({"filter": "colour=red"}, "WebhookFilter", "filter"),
        ({"filter": "status>LEVERT"}, "WebhookFilter", "filter"),
    ],
)
def test_each_rule(door: Gateway, receiver: Receiver, changes: dict, constraint: str, field: str) -> None:  # type: ignore[type-arg]
    """400 as a constraint violation that names the member; nothing is kept."""
    body = {name: value for name, value in {**wish(receiver), **changes}.items() if value is not None}
    said = refused(door.call("POST", "/api/subscriptions", json=body), 400, CONSTRAINT)
    (fault,) = said["errors"]
    assert (fault["code"], fault["field"]) == (constraint, field)
    assert said["message"].startswith(f"{field}: ")
    assert ask(door, "/subscriptions")["content"] == []


def test_deleting_all_leaves_those_of_our_own_door(door: Gateway, receiver: Receiver) -> None:
    """They were made elsewhere, and may be somebody else's."""
    own = door.call("POST", "/subscriptions", json={"url": receiver.url}).json()["subscriptionId"]
    subscribe(door, receiver)
    subscribe(door, receiver, name="other")
    assert door.call("DELETE", "/api/subscriptions/").status_code == 200
    assert ask(door, "/subscriptions")["content"] == []
    left = door.call("GET", "/subscriptions").json()["subscriptions"]
    assert [each["subscriptionId"] for each in left] == [own]
    assert door.call("DELETE", f"/subscriptions/{own}").status_code == 204


def test_deleted_at_our_own_door_it_is_gone_here(door: Gateway, receiver: Receiver) -> None:
    """The two are one."""
    made = subscribe(door, receiver)
    (own,) = door.call("GET", "/subscriptions").json()["subscriptions"]
    assert door.call("DELETE", f"/subscriptions/{own['subscriptionId']}").status_code == 204
    refused(door.call("GET", f"/api/subscriptions/{made['id']}"), 404, NOT_FOUND)
