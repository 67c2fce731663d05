"""`/api/messages/in` over HTTP between two gateways: listed, locked, fetched, acknowledged; and what both sides then see."""

import io
import uuid
import zipfile
from collections.abc import Iterator

import pytest

from tests.api.nextmove.asking import OWN, ask, refused
from tests.api.nextmove.sending import create, fill, fresh, message_id_of, scope_of, statuses_of
from tests.delivery.webhooks.receiving import Receiver
from tests.documents import DPO, SENDER
from tests.journeys.following import wait_for
from tests.live import Gateway
from tests.message.sbds import Json, avtalt, kvittering, minimal
from tests.secrets import PDF
from tests.two_gateways import World, peek_until

NOT_FOUND = f"{OWN}MessageNotFoundException"
PEEK = "/api/messages/in/peek"


def send(gateway: Gateway, sbd: Json | None = None, files: bool = True) -> Json:
    """A message on its way, as its SBD was answered."""
    made = create(gateway, fresh(sbd))
    if files:
        fill(gateway, message_id_of(made))
    assert gateway.call("POST", f"/api/messages/out/{message_id_of(made)}").status_code == 200
    return made  # type: ignore[no-any-return]


def arrive(world: World, sbd: Json | None = None, files: bool = True) -> Json:
    """A message from A that is in B's list."""
    made = send(world.a, sbd, files)
    place = f"/messages/in?messageId={message_id_of(made)}"
    wait_for(lambda: ask(world.b, place)["totalElements"] == 1)
    return made


@pytest.fixture(autouse=True)
def _nothing_left(world: World) -> Iterator[None]:
    yield
    for waiting in ask(world.b, "/messages/in?size=2000")["content"]:
        world.b.call("GET", f"{PEEK}?messageId={message_id_of(waiting)}")
        world.b.call("DELETE", f"/api/messages/in/{message_id_of(waiting)}")


@pytest.mark.parametrize("name", ["lastUpdated", "id", "messageId", "conversationId", "processIdentifier"])
def test_the_list_in_an_order(world: World, name: str) -> None:
    """By whatever a message has; both ways, page by page."""
    for _ in range(2):
        arrive(world)
    up, down = (
        [ask(world.b, f"/messages/in?size=1&page={page}&sort={name},{way}")["content"] for page in range(2)]
        for way in ("asc", "desc")
    )
    listed = [message_id_of(sbd) for page in up for sbd in page]
    assert len(set(listed)) == 2
    if name == "messageId":
        assert listed == sorted(listed)
    if name != "processIdentifier":
        assert down == up[::-1]
    else:
        assert down == up, "what is equal comes in the order in which it came"


def test_the_whole_way(world: World) -> None:
    """Listed, locked, fetched, acknowledged: the bytes are those that were sent, and both sides see every status."""
    made = arrive(world)
    message_id = message_id_of(made)
    assert ask(world.b, "/messages/in", params={"sort": "lastUpdated,asc"})["content"] == [made]
    locked = world.b.call("GET", f"{PEEK}/")
    assert (locked.status_code, locked.json()) == (200, made)
    popped = world.b.call("GET", f"/api/messages/in/pop/{message_id}")
    assert popped.headers["Content-Type"] == "application/vnd.etsi.asic-e+zip"
    assert popped.headers["Content-Disposition"] == "attachment; filename=asic.zip"
    with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
        assert container.read("vedtak.pdf") == PDF
        assert {"mimetype", "manifest.xml", "arkivmelding.xml"} <= set(container.namelist())
    done = world.b.call("DELETE", f"/api/messages/in/{message_id}")
    assert (done.status_code, done.json()) == (200, made)
    assert ask(world.b, "/messages/in")["content"] == []
    wait_for(lambda: "LEVERT" in statuses_of(world.a, message_id))
    assert statuses_of(world.a, message_id) == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT"]
    assert statuses_of(world.b, message_id) == ["OPPRETTET", "INNKOMMENDE_MOTTATT", "INNKOMMENDE_LEVERT"]


def test_an_incoming_conversation(world: World) -> None:
    """It is in the list with its direction, and not found by its number or its message, as in the reference."""
    made = arrive(world)
    message_id = message_id_of(made)
    (found,) = ask(world.b, f"/conversations?messageId={message_id}&direction=INCOMING&finished=false")["content"]
    assert (found["sender"], found["receiver"], found["serviceIdentifier"]) == (SENDER, DPO, "DPO")
    assert found["conversationId"] == scope_of(made)["instanceIdentifier"]
    assert found["expiry"]
    assert [each["status"] for each in found["messageStatuses"]] == ["OPPRETTET", "INNKOMMENDE_MOTTATT"]
    assert ask(world.b, f"/statuses/{message_id}")["content"][0]["convId"] == found["id"]
    for place in (f"/api/conversations/{found['id']}", f"/api/conversations/messageId/{message_id}"):
        refused(world.b.call("GET", place), 404, f"{OWN}ConversationNotFoundException")
    assert world.b.call("DELETE", f"/api/conversations/{found['id']}").status_code == 200
    assert ask(world.b, f"/conversations?messageId={message_id}")["content"] == []
    assert ask(world.b, f"/messages/in?messageId={message_id}")["totalElements"] == 1


@pytest.mark.parametrize("wrong", [None, "conversationId", "receiverIdentifier", "senderIdentifier", "process"])
def test_each_filter(world: World, wrong: str | None) -> None:
    """All that are named must fit, in the list and when locking."""
    made = arrive(world)
    filters = {
        "messageId": message_id_of(made),
        "conversationId": scope_of(made)["instanceIdentifier"],
        "receiverIdentifier": DPO.removeprefix("0192:"),
        "senderIdentifier": SENDER.removeprefix("0192:"),
        "serviceIdentifier": "DPO",
        "process": scope_of(made)["identifier"],
    }
    if wrong:
        filters[wrong] = "311000101"
    assert ask(world.b, "/messages/in", params=filters)["totalElements"] == (0 if wrong else 1)
    assert world.b.call("GET", PEEK, params=filters).status_code == (204 if wrong else 200)


def test_nothing_that_fits_is_no_content(world: World) -> None:
    """204 without a body; the spelling of old documentation locks nothing else by mistake."""
    arrive(world)
    for query in ("serviceIdentifier=DPE", f"messageId={uuid.uuid4()}", f"messageID={uuid.uuid4()}"):
        answer = world.b.call("GET", f"{PEEK}?{query}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert world.b.call("GET", PEEK).status_code == 200
    assert world.b.call("GET", PEEK).status_code == 204


def test_a_channel_that_is_none(world: World) -> None:
    """400, where the reference fails."""
    mismatch = "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException"
    for path in (PEEK, "/api/messages/in"):
        refused(world.b.call("GET", f"{path}?serviceIdentifier=POST"), 400, mismatch)
    sort = "org.springframework.data.mapping.PropertyReferenceException"
    refused(world.b.call("GET", "/api/messages/in?sort=colour"), 400, sort)


def test_what_nobody_has_locked(world: World) -> None:
    """400 for fetching and for acknowledging; it still waits."""
    message_id = message_id_of(arrive(world))
    for method, path in (("GET", f"/api/messages/in/pop/{message_id}"), ("DELETE", f"/api/messages/in/{message_id}")):
        body = refused(world.b.call(method, path), 400, f"{OWN}MessageNotLockedException")
        assert "login" not in body["message"], "here a lock is nobody's own"
    assert ask(world.b, f"/messages/in?messageId={message_id}")["totalElements"] == 1


def test_what_is_not_in_the_queue(world: World) -> None:
    """404 for what never came, and for what was acknowledged."""
    message_id = message_id_of(arrive(world))
    assert world.b.call("GET", f"{PEEK}?messageId={message_id}").status_code == 200
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200
    for unknown in (message_id, str(uuid.uuid4())):
        refused(world.b.call("GET", f"/api/messages/in/pop/{unknown}"), 404, NOT_FOUND)
        body = refused(world.b.call("DELETE", f"/api/messages/in/{unknown}"), 404, NOT_FOUND)
        assert f"messageId = {unknown}" in body["message"]
    assert world.b.call("GET", f"{PEEK}?messageId={message_id}").status_code == 204


@pytest.mark.parametrize("kind", ["kvittering", "avtalt"])
def test_what_carries_no_file(world: World, kind: str) -> None:
    """Fetching it is 204 and takes nothing away; it is acknowledged like any other."""
    sent = message_id_of(arrive(world))
    sbd = kvittering(to=DPO, related=sent) if kind == "kvittering" else avtalt(to=DPO, content={"a": None})
    made = arrive(world, sbd, files=False)
    message_id = message_id_of(made)
    peeked = world.b.call("GET", f"{PEEK}?messageId={message_id}")
    assert peeked.json() == made
    if kind == "avtalt":
        assert peeked.json()["avtalt"]["content"] == {"a": None}
    for _ in range(2):
        popped = world.b.call("GET", f"/api/messages/in/pop/{message_id}")
        assert (popped.status_code, popped.content) == (204, b"")
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").json() == made


def test_a_kvittering_is_read_and_handed_on(world: World) -> None:
    """B answers A's message: A's statuses end with LEST and the whole receipt; the receipt waits for A's fagsystem, too."""
    message_id = message_id_of(arrive(world))
    assert peek_until(world.b, message_id).status_code == 200
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200
    answer = send(world.b, kvittering(to=SENDER, related=message_id), files=False)
    wait_for(lambda: "LEST" in statuses_of(world.a, message_id))
    last = ask(world.a, f"/statuses/{message_id}")["content"][-1]
    assert (last["status"], "OK" in last["rawReceipt"]) == ("LEST", True)
    received = peek_until(world.a, message_id_of(answer)).json()
    assert received["arkivmelding_kvittering"]["relatedToMessageId"] == message_id
    assert world.a.call("DELETE", f"/api/messages/in/{message_id_of(answer)}").status_code == 200


def test_a_push_tells_of_what_comes_in(world: World) -> None:
    """To a subscription for INNKOMMENDE_MOTTATT, with the ConversationId of the SBD and the channel."""
    with Receiver.listening() as receiver:
        wish = {"name": "in", "pushEndpoint": receiver.url, "resource": "messages", "event": "all"}
        wish["filter"] = "status=INNKOMMENDE_MOTTATT&direction=INCOMING&serviceIdentifier=DPO"
        assert world.b.call("POST", "/api/subscriptions", json=wish).status_code == 200
        made = arrive(world)
        wait_for(lambda: len(receiver.got) == 2)
        assert world.b.call("DELETE", "/api/subscriptions").status_code == 200
    said = receiver.got[1].said
    assert (said["messageId"], said["direction"]) == (message_id_of(made), "INCOMING")
    assert said["conversationId"] == scope_of(made)["instanceIdentifier"]


def test_the_queue_of_statuses_has_both_directions(world: World) -> None:
    """What comes in is told there, too, until it is taken."""
    message_id = message_id_of(arrive(world, minimal()))
    seen = []
    while (answer := world.b.call("GET", "/api/statuses/peek")).status_code == 200:
        seen.append((answer.json()["messageId"], answer.json()["status"]))
        assert world.b.call("DELETE", f"/api/statuses/{answer.json()['id']}").status_code == 200
    assert (message_id, "INNKOMMENDE_MOTTATT") in seen
