"""What vendors of case systems must show before they go into production, line by line, over the door under /api.

For DPO, the channel that there is; the lines of other channels come with theirs.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.api.nextmove.multipart import FILE_LIMIT
from gateway.delivery.submission import IntakeSettings
from gateway.message.processes import SIZE_LIMITS, TAUSHETSBELAGT, Channel
from tests.api.nextmove.asking import OWN, ask, refused
from tests.api.nextmove.sending import WHOLE, XML, fill, form, put_file, statuses_of
from tests.clients.playing import bare, until, until_delivered, whole_sbd
from tests.delivery.webhooks.receiving import Receiver
from tests.documents import DPO, SENDER, Doc, Message, Objekt, skjerming
from tests.journeys.following import delivery_of, fault
from tests.live import Gateway, serving
from tests.message.sbds import HEADER, Json, avtalt, changed, kvittering, minimal
from tests.secrets import PDF
from tests.two_gateways import PARTNER, World, peek_until

SCOPE = (HEADER, "businessScope", "scope", 0)


@pytest.fixture(autouse=True)
def _no_faults_left(gateway: Gateway) -> Iterator[None]:
    yield
    requests.delete(f"{gateway.sandbox.url}/_sim/faults", timeout=10)


def new_id() -> str:
    """A fresh id."""
    return str(uuid.uuid4())


def create(gateway: Gateway, sbd: Json, **more: Any) -> requests.Response:
    """One message."""
    return gateway.call("POST", "/api/messages/out", json=sbd, **more)


def send(gateway: Gateway, sbd: Json | None = None, xml: bytes = XML, **more: Any) -> str:
    """Step by step; the message id."""
    message_id = new_id()
    sbd = changed(sbd or whole_sbd(""), HEADER, "documentIdentification", "instanceIdentifier", to=message_id)
    made = create(gateway, sbd, **more)
    assert made.status_code == 200, made.text
    if "arkivmelding" in sbd:
        fill(gateway, message_id, xml)
    sent = gateway.call("POST", f"/api/messages/out/{message_id}", **more)
    assert sent.status_code == 200, sent.text
    return message_id


def soon(seconds: float) -> Json:
    """An SBD whose time is over then."""
    deadline = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return changed(whole_sbd(new_id()), *SCOPE, "scopeInformation", to=[{"expectedResponseDateTime": deadline}])


def until_status(gateway: Gateway, message_id: str, status: str) -> list[str]:
    """Its statuses once this one is among them."""
    found: list[str] = until(lambda: statuses_of(gateway, message_id), lambda seen: status in seen)
    return found


@pytest.fixture
def told(gateway: Gateway) -> Iterator[Callable[[str], list[str]]]:
    """A webhook: the statuses that were pushed for a message."""
    with Receiver.listening() as receiver:
        wish = {"name": new_id(), "pushEndpoint": receiver.url, "resource": "all", "event": "status"}
        made = gateway.call("POST", "/api/subscriptions", json=wish)
        assert made.status_code == 200, made.text
        yield lambda message_id: [got.said["status"] for got in receiver.got if got.said.get("messageId") == message_id]
        gateway.call("DELETE", f"/api/subscriptions/{made.json()['id']}")


# Common


def test_the_latest_status_can_be_shown(gateway: Gateway) -> None:
    """M: statuses and conversation agree on it at every moment."""
    message_id = send(gateway)
    until_delivered(gateway, message_id)
    until_status(gateway, message_id, "LEST")
    conversation = ask(gateway, f"/conversations/messageId/{message_id}")
    log = ask(gateway, f"/statuses/{message_id}")["content"]
    shown = [(each["id"], each["status"], each["lastUpdate"]) for each in conversation["messageStatuses"]]
    assert shown == [(each["id"], each["status"], each["lastUpdate"]) for each in log]


def test_a_failure_at_once_is_told_at_once(gateway: Gateway) -> None:
    """M, told of failures without asking, 1 of 3: an unknown address is refused where it is named, with the reason."""
    body = refused(create(gateway, minimal(to="0192:311000098")), 400, f"{OWN}ReceiverDoesNotAcceptProcessException")
    assert "311000098" in body["description"]


def test_a_failure_later_is_told_when_it_happens(gateway: Gateway, told: Callable[[str], list[str]]) -> None:
    """M, 2 of 3: the channel does not let us in. A push, the list of what failed, and the outcome say so, with the reason."""
    fault(gateway, "broker initialize", "status:403", times=None)
    message_id = send(gateway)
    until(lambda: told(message_id), lambda seen: "FEIL" in seen)
    (failed,) = ask(gateway, f"/statuses?messageId={message_id}&status=FEIL")["content"]
    assert failed["description"]
    (message,) = gateway.call("GET", f"/statuses/{message_id}").json()["messages"]
    assert message["outcome"] == "failed"


def test_what_nobody_fetches_is_told_when_its_time_is_over(gateway: Gateway, told: Callable[[str], list[str]]) -> None:
    """M, 3 of 3: LEVETID_UTLOPT by push and in the log."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    message_id = send(gateway, soon(3))
    until(lambda: told(message_id), lambda seen: "LEVETID_UTLOPT" in seen)
    assert statuses_of(gateway, message_id)[-1] == "LEVETID_UTLOPT"
    assert ask(gateway, f"/conversations/messageId/{message_id}")["finished"] is True


def test_it_is_watched_beyond_the_end(world: World) -> None:
    """M: delivered ends the waiting, and LEST comes all the same when the recipient's case worker gets to it."""
    message_id = send(world.a, whole_sbd("", to=DPO))
    peek_until(world.b, message_id)
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200
    until_delivered(world.a, message_id)
    assert ask(world.a, f"/conversations/messageId/{message_id}")["finished"] is True
    send(world.b, kvittering(to=SENDER, related=message_id))
    assert until_status(world.a, message_id, "LEST") == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]


def test_the_list_of_what_failed(gateway: Gateway) -> None:
    """M: in pages, the newest first, and this one is in it."""
    fault(gateway, "broker initialize", "status:403", times=None)
    message_id = send(gateway)
    until_status(gateway, message_id, "FEIL")
    page = ask(gateway, "/statuses?status=FEIL&size=1&sort=id,desc")
    assert page["content"][0]["messageId"] == message_id
    assert page["totalElements"] >= 1


def test_one_step_for_small_files_alone(gateway: Gateway) -> None:
    """M: 5 MiB for each file of a form; the refusal points to the several steps, and those take it."""
    large = b"x" * (FILE_LIMIT + 1)
    files = (*WHOLE[:1], ("Vedtak", "vedtak.pdf", large, "application/pdf"))
    answer = gateway.call("POST", "/api/messages/out/multipart", files=form(whole_sbd(new_id()), *files))
    body = refused(answer, 400, f"{OWN}MultipartFileToLargeException")
    assert "POST /api/messages/out" in body["message"]
    message_id = new_id()
    assert create(gateway, whole_sbd(message_id)).status_code == 200
    fill(gateway, message_id, content=large)
    assert gateway.call("POST", f"/api/messages/out/{message_id}").status_code == 200


def test_each_way_of_sending(gateway: Gateway) -> None:
    """M: one step, and several."""
    one = new_id()
    answer = gateway.call("POST", "/api/messages/out/multipart", files=form(whole_sbd(one), *WHOLE))
    assert answer.status_code == 200, answer.text
    for message_id in (one, send(gateway)):
        until_delivered(gateway, message_id)


def test_each_way_of_following(gateway: Gateway, told: Callable[[str], list[str]]) -> None:
    """M: by message, by the list, by the conversation, by the queue, by push: all tell the same."""
    message_id = send(gateway)
    whole = until_status(gateway, message_id, "LEST")
    listed = ask(gateway, f"/statuses?messageId={message_id}")["content"]
    assert [each["status"] for each in listed] == whole
    conversation = ask(gateway, f"/conversations/messageId/{message_id}")
    assert [each["status"] for each in conversation["messageStatuses"]] == whole
    until(lambda: told(message_id), lambda seen: seen == whole)
    queued: list[str] = []

    def take() -> list[str]:
        answer = gateway.call("GET", "/api/statuses/peek")
        if answer.status_code == 200:
            queued.extend([answer.json()["status"]] if answer.json()["messageId"] == message_id else [])
            gateway.call("DELETE", f"/api/statuses/{answer.json()['id']}")
        return queued

    until(take, lambda seen: seen == whole, pause=0)


def test_each_way_of_receiving(world: World) -> None:
    """M: peek, pop, DELETE; the list and then by id; a push and then by id; without fetching at all."""
    ids = [send(world.a, whole_sbd("", to=DPO)) for _ in range(4)]
    for message_id in ids:
        until(lambda: ask(world.b, f"/messages/in?messageId={message_id}")["totalElements"], lambda count: count == 1)  # noqa: B023
    first = world.b.call("GET", "/api/messages/in/peek").json()[HEADER]["documentIdentification"]["instanceIdentifier"]
    assert world.b.call("GET", f"/api/messages/in/pop/{first}").status_code == 200
    for message_id in {*ids, first}:
        if message_id != first:
            assert world.b.call("GET", f"/api/messages/in/peek?messageId={message_id}").status_code == 200
        assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200
    for message_id in ids:
        until_status(world.a, message_id, "LEVERT")


def test_the_client_is_known_by_name_and_version(gateway: Gateway) -> None:
    """M: what it calls itself stands in the message's timeline, without anything that could be a person's number."""
    message_id = send(gateway, headers={"User-Agent": "Fagsystem/7.3 (01010112345)"})
    body = gateway.call("GET", f"/out/messages/{message_id}").json()
    path = f"/out/messages/{body['conversationId']}/messages/{message_id}/timeline"
    details = [each["description"] for each in gateway.call("GET", path).json()["timeline"]]
    assert "sent by Fagsystem/7.3 (***********)" in details


def test_a_lost_push_is_harmless(gateway: Gateway) -> None:
    """M: polling is the base. An endpoint that never answers delays nothing, and the log has everything."""
    wish = {"name": new_id(), "pushEndpoint": "http://127.0.0.1:9/", "resource": "all", "event": "all"}
    made = gateway.call("POST", "/api/subscriptions", json=wish)
    assert made.status_code == 200, made.text
    until_delivered(gateway, send(gateway))
    assert gateway.call("DELETE", f"/api/subscriptions/{made.json()['id']}").status_code == 200


def test_queued_is_not_sent_and_sent_is_not_delivered(gateway: Gateway) -> None:
    """M: the answer to the sending says nothing but that it is queued; each further step is a status of its own, in order."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    message_id = send(gateway)
    assert until_status(gateway, message_id, "SENDT") == ["OPPRETTET", "SENDT"]
    assert ask(gateway, f"/conversations/messageId/{message_id}")["finished"] is False


def test_sizes_at_the_threshold_and_above(world: World, tmp_path: Path) -> None:
    """M: the sum of all files, at the limit and one byte above it; the limit can be set."""
    limit = len(XML) + 10_000
    limits = IntakeSettings(size_limits={**SIZE_LIMITS, Channel.DPO: limit})
    with serving(world.a.sandbox, tmp_path, intake=limits) as small:
        message_id = new_id()
        assert create(small, whole_sbd(message_id)).status_code == 200
        assert put_file(small, message_id, "arkivmelding.xml", XML).status_code == 200
        above = put_file(small, message_id, "vedtak.pdf", b"x" * 10_001)
        assert str(limit - len(XML)) in refused(above, 400, f"{OWN}MaxFileSizeExceededException")["message"]
        assert put_file(small, message_id, "vedtak.pdf", b"x" * 10_000).status_code == 200
        assert small.call("POST", f"/api/messages/out/{message_id}").status_code == 200


def test_special_characters_and_long_names(world: World) -> None:
    """M: in titles and file names, through to the recipient; as long as a name may be."""
    names = ["Søknad om støtte (1) & vedlegg; kopi.pdf", "Ærlig – ‘talt’ 100 %.docx", "x" * 251 + ".pdf"]
    xml = Message(documents=tuple(Doc((Objekt(name),), f"Tittel {n} æøå") for n, name in enumerate(names))).xml()
    message_id = new_id()
    assert create(world.a, changed(whole_sbd(message_id, to=DPO), "arkivmelding", to={})).status_code == 200
    for name, content in (("arkivmelding.xml", xml), *((name, PDF + name.encode()) for name in names)):
        coded = f"attachment; filename*=UTF-8''{requests.utils.quote(name, safe='')}"  # type: ignore[attr-defined]
        answer = put_file(world.a, message_id, "x", content, headers={"Content-Disposition": coded})
        assert answer.status_code == 200, answer.text
    assert world.a.call("POST", f"/api/messages/out/{message_id}").status_code == 200
    peek_until(world.b, message_id)
    popped = world.b.call("GET", f"/api/messages/in/pop/{message_id}")
    with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
        assert set(names) <= set(container.namelist())
        assert container.read(names[1]) == PDF + names[1].encode()
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200


@pytest.mark.parametrize("name", ["a:b.pdf", "a/b.pdf", "a\\b.pdf", "..pdf", "a.pdf "])
def test_names_that_make_trouble(gateway: Gateway, name: str) -> None:
    """M: refused at the upload, not by the recipient; a blank at the end is cut off, as in the header it means nothing."""
    message_id = new_id()
    assert create(gateway, whole_sbd(message_id)).status_code == 200
    answer = put_file(gateway, message_id, name, PDF)
    assert answer.status_code == (200 if name.endswith(" ") else 400), answer.text


def test_only_what_is_required_and_everything_that_may_be(gateway: Gateway) -> None:
    """M: the smallest SBD, and one in which every member stands, for each type that DPO carries."""
    everything = whole_sbd(new_id())
    everything["arkivmelding"] = {
        "sikkerhetsnivaa": 3,
        "hoveddokument": "vedtak.pdf",
        "dpv": {"varselType": "VarselDPVMedRevarsel", "varselTransportType": "EpostOgSMS", "dagerTilSvarfrist": 7},
        "dpf": {"forsendelseType": "Brev"},
    }
    contact = {"contact": "Postmottak", "emailAddress": "post@example.org", "telephoneNumber": "0"}
    everything[HEADER]["sender"][0]["contactInformation"] = [contact]
    everything[HEADER]["businessScope"]["scope"] += [
        {"type": "SenderRef", "instanceIdentifier": new_id()},
        {"type": "ReceiverRef", "instanceIdentifier": new_id()},
        {"type": "JournalpostId", "instanceIdentifier": "44"},
    ]
    for sbd in (minimal(to=PARTNER), everything, avtalt(to=PARTNER), kvittering(to=PARTNER)):
        until_delivered(gateway, send(gateway, sbd))


@pytest.mark.parametrize("size", [1, 10_000, 3_000_000])
def test_sizes_and_formats(gateway: Gateway, size: int) -> None:
    """M: whatever the bytes are, they arrive as they were."""
    message_id = new_id()
    sbd = changed(avtalt(to=PARTNER), HEADER, "documentIdentification", "instanceIdentifier", to=message_id)
    assert create(gateway, sbd).status_code == 200
    for ending in ("pdf", "docx", "png", "ukjent"):
        assert put_file(gateway, message_id, f"fil.{ending}", ending.encode() * size).status_code == 200
    assert gateway.call("POST", f"/api/messages/out/{message_id}").status_code == 200
    until_delivered(gateway, message_id)
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert {each["name"]: each["size"] for each in delivery["files"]}["fil.ukjent"] == 6 * size


def test_what_comes_in_is_not_refused_for_what_it_lacks(world: World) -> None:
    """M: an agreed message without its members, which the documentation demands, is handed on like any other."""
    message_id = send(world.a, changed(avtalt(to=DPO), "avtalt", to={}))
    assert peek_until(world.b, message_id).json()["avtalt"] == {}
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200


def test_access_is_controlled(gateway: Gateway) -> None:
    """M: nothing below /api answers without a login."""
    for path in ("messages/out", "messages/in", "messages/in/peek", "statuses", "conversations", "subscriptions"):
        for auth in (None, ("fagsystem", "wrong")):
            answer = requests.get(f"{gateway.url}/api/{path}", auth=auth, timeout=10)
            assert answer.status_code == 401, path
            assert answer.json()["exception"]


# Case handling


@pytest.mark.parametrize("confidential", [False, True])
def test_sent_received_delivered_read(world: World, confidential: bool) -> None:
    """M: through DPO, open and confidential: it arrives with the right content, and the sender sees each step."""
    sbd = whole_sbd("", to=DPO)
    message = Message(skjerming=skjerming("offl. § 13")) if confidential else Message()
    if confidential:
        sbd = changed(sbd, *SCOPE, "identifier", to=TAUSHETSBELAGT)
    message_id = send(world.a, sbd, message.xml())
    got = peek_until(world.b, message_id).json()
    assert (got[HEADER]["businessScope"]["scope"][0]["identifier"] == TAUSHETSBELAGT) == confidential
    popped = world.b.call("GET", f"/api/messages/in/pop/{message_id}")
    with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
        assert container.read("arkivmelding.xml") == message.xml()
        assert container.read("vedtak.pdf") == PDF
    assert world.b.call("DELETE", f"/api/messages/in/{message_id}").status_code == 200
    until_status(world.a, message_id, "LEVERT")
    send(world.b, kvittering(to=SENDER, related=message_id))
    assert until_status(world.a, message_id, "LEST") == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]


def test_a_reply_on_the_case(world: World) -> None:
    """S, both ways: the answer names the message that it answers, and comes in with that reference."""
    asked = whole_sbd("", to=DPO)
    asked[HEADER]["businessScope"]["scope"].append({"type": "SenderRef", "instanceIdentifier": "2031/44-2"})
    message_id = send(world.a, asked)
    got = peek_until(world.b, message_id).json()
    ours = next(each for each in got[HEADER]["businessScope"]["scope"] if each["type"] == "SenderRef")
    reply = changed(whole_sbd("", to=SENDER), HEADER, "sender", 0, "identifier", "value", to=DPO)
    scope = {"type": "ReceiverRef", "instanceIdentifier": ours["instanceIdentifier"]}
    reply[HEADER]["businessScope"]["scope"].append(scope)
    answer_id = send(world.b, reply)
    received = peek_until(world.a, answer_id)
    assert scope in received.json()[HEADER]["businessScope"]["scope"]
    assert json.loads(received.text)["arkivmelding"] == reply["arkivmelding"]
    for gateway, each in ((world.a, answer_id), (world.b, message_id)):
        assert gateway.call("DELETE", f"/api/messages/in/{each}").status_code == 200
    assert bare(world.a, "GET", f"/api/messages/in/peek?messageId={answer_id}").status_code == 204
