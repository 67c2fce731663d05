"""The reference's own feature files and documentation tests: each route, its success, the members of its answer."""

import uuid
from typing import Any

import pytest
from flask import Flask

from gateway.api.nextmove.routes import PREFIX, build
from tests.api.nextmove.sending import WHOLE, XML, form
from tests.clients.playing import bare, until, until_delivered, whole_sbd
from tests.documents import DPO, SENDER
from tests.live import Gateway
from tests.message.sbds import HEADER
from tests.secrets import PDF
from tests.two_gateways import World, peek_until

# Method, address: every route that the reference has under /api.
ROUTES = {
    "GET /capabilities/{}",
    "GET /messages/out",
    "POST /messages/out",
    "POST /messages/out/multipart",
    "GET /messages/out/{}",
    "PUT /messages/out/{}",
    "POST /messages/out/{}",
    "DELETE /messages/out/{}",
    "GET /messages/in",
    "GET /messages/in/peek",
    "GET /messages/in/pop/{}",
    "DELETE /messages/in/{}",
    "GET /statuses",
    "GET /statuses/{}",
    "GET /statuses/peek",
    "DELETE /statuses/{}",
    "GET /conversations",
    "GET /conversations/{}",
    "DELETE /conversations/{}",
    "GET /conversations/messageId/{}",
    "DELETE /conversations/messageId/{}",
    "GET /conversations/queue",
    "GET /subscriptions",
    "POST /subscriptions",
    "DELETE /subscriptions",
    "GET /subscriptions/{}",
    "PUT /subscriptions/{}",
    "DELETE /subscriptions/{}",
}
MESSAGE = {"id", "convId", "messageId", "conversationId", "status", "lastUpdate"}
PAGE = {
    *("content", "pageable", "totalElements", "totalPages", "size", "number", "numberOfElements"),
    *("first", "last", "empty", "sort"),
}


def test_no_route_is_missing_and_none_is_invented() -> None:
    """The routes are those of the reference, each with and without a slash at its end."""
    app = Flask(__name__)
    app.register_blueprint(build())
    found = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(PREFIX):
            assert not rule.strict_slashes
            address = rule.rule.removeprefix(PREFIX)
            for argument in rule.arguments:
                address = address.replace(f"<{argument}>", "{}")
            found |= {f"{method} {address}" for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}
    assert found == ROUTES


def get(gateway: Gateway, path: str) -> Any:
    """The JSON of a GET that succeeds."""
    answer = bare(gateway, "GET", f"/api{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_sending_and_receiving(world: World) -> None:
    """From creating to acknowledging, over the routes in the order of the feature, with the members of each answer."""
    message_id = str(uuid.uuid4())
    sbd = whole_sbd(message_id, to=DPO)
    made = bare(world.a, "POST", "/api/messages/out", json=sbd)
    assert (made.status_code, set(made.json())) == (200, {HEADER, "arkivmelding"})
    assert "Location" not in made.headers
    for filename, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF)):
        headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Content-Type": "application/xml"}
        put = bare(world.a, "PUT", f"/api/messages/out/{message_id}", data=content, headers=headers)
        assert (put.status_code, put.content) == (200, b"")
    page = get(world.a, f"/messages/out?messageId={message_id}")
    assert (set(page), page["content"]) == (PAGE, [made.json()])
    assert get(world.a, f"/messages/out/{message_id}") == made.json()
    sent = bare(world.a, "POST", f"/api/messages/out/{message_id}")
    assert (sent.status_code, sent.content) == (200, b"")
    assert peek_until(world.b, message_id).json()["arkivmelding"] == sbd["arkivmelding"]
    assert set(get(world.b, "/messages/in")) == PAGE
    assert bare(world.b, "GET", f"/api/messages/in/pop/{message_id}").status_code == 200
    assert bare(world.b, "DELETE", f"/api/messages/in/{message_id}").json()["arkivmelding"] == sbd["arkivmelding"]
    assert until_delivered(world.a, message_id) == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT"]


def test_following(gateway: Gateway) -> None:
    """Statuses and conversations by every route that shows one, agreeing with each other."""
    message_id = str(uuid.uuid4())
    answer = bare(gateway, "POST", "/api/messages/out/multipart", files=form(whole_sbd(message_id), *WHOLE))
    assert answer.status_code == 200, answer.text
    until_delivered(gateway, message_id)
    # The recipient's archive answers, too: then nothing more comes.
    page = until(lambda: get(gateway, f"/statuses/{message_id}"), lambda found: "LEST" in str(found))
    assert set(page) == PAGE
    assert all(MESSAGE <= set(each) <= MESSAGE | {"description", "rawReceipt"} for each in page["content"])
    assert get(gateway, f"/statuses?messageId={message_id}")["content"] == page["content"]
    conversation = get(gateway, f"/conversations/messageId/{message_id}")
    assert get(gateway, f"/conversations/{conversation['id']}") == conversation
    assert get(gateway, f"/conversations?messageId={message_id}")["content"] == [conversation]
    assert [each["id"] for each in conversation["messageStatuses"]] == [each["id"] for each in page["content"]]
    assert set(get(gateway, "/conversations/queue")) == PAGE


@pytest.mark.parametrize("receiver", [DPO, SENDER])
def test_capabilities(gateway: Gateway, receiver: str) -> None:
    """Of another and of oneself."""
    for each in get(gateway, f"/capabilities/{receiver.removeprefix('0192:')}")["capabilities"]:
        assert set(each) == {"process", "serviceIdentifier", "documentTypes"}
        assert all(set(kind) == {"type", "standard"} for kind in each["documentTypes"])
