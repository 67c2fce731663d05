"""Requests below /api that were made up: none answers 5xx but the documented 503, and every refusal is the reference's."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.api.nextmove import queries
from gateway.api.nextmove.routes import build
from tests.api.nextmove.sending import create, form, message_id_of
from tests.api.test_feed import queued
from tests.documents import DPO
from tests.live import Gateway
from tests.message.sbds import Json, changed, minimal

ALL = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
TEXT = {"type": "string"}
BRACES = str.maketrans("<>", "{}")
PAGED = ("page", "size", "sort")
IN = ("messageId", "conversationId", "receiverIdentifier", "senderIdentifier", "serviceIdentifier", "process")
OUT = (
    "messageId",
    "conversationId",
    "processIdentifier",
    "receiverIdentifier",
    "senderIdentifier",
    "serviceIdentifier",
)
TIMES = ("id", "messageId", "conversationId", "status", "fromDateTime", "toDateTime")
SAGA = ("receiver", "sender", "pollable", "finished", "direction", "lastUpdateFrom", "lastUpdateTo", "messageReference")
MEMBERS = ("id", "name", "pushEndpoint", "resource", "event", "filter")
ANYTHING: Json = {"anyOf": [{"type": kind} for kind in ("string", "integer", "boolean", "null", "array", "object")]}
# Method and address, the names of the query, and whether there is a body.
ROUTES: list[tuple[str, tuple[str, ...], Json | None]] = [
    ("GET /capabilities/{receiver}", ("process", "securityLevel"), None),
    ("GET /messages/out", (*PAGED, *OUT), None),
    ("POST /messages/out", (), ANYTHING),
    ("GET /messages/out/{message_id}", ("trace",), None),
    ("PUT /messages/out/{message_id}", ("title",), ANYTHING),
    ("POST /messages/out/{message_id}", (), ANYTHING),
    ("DELETE /messages/out/{message_id}", (), None),
    ("GET /messages/in", (*PAGED, *IN), None),
    ("GET /messages/in/peek", IN, None),
    ("GET /messages/in/pop/{message_id}", (), None),
    ("DELETE /messages/in/{message_id}", (), None),
    ("GET /statuses", (*PAGED, *TIMES), None),
    ("GET /statuses/{message_id}", PAGED, None),
    ("GET /statuses/peek", (), None),
    ("DELETE /statuses/{number}", (), None),
    ("GET /conversations", (*PAGED, *SAGA), None),
    ("GET /conversations/{number}", (), None),
    ("DELETE /conversations/{number}", (), None),
    ("GET /conversations/messageId/{message_id}", (), None),
    ("DELETE /conversations/messageId/{message_id}", (), None),
    ("GET /conversations/queue", PAGED, None),
    ("GET /subscriptions", PAGED, None),
    ("POST /subscriptions", (), {"type": "object", "properties": dict.fromkeys(MEMBERS, ANYTHING)}),
    ("GET /subscriptions/{number}", (), None),
    ("PUT /subscriptions/{number}", (), {"type": "object", "properties": dict.fromkeys(MEMBERS, ANYTHING)}),
    ("DELETE /subscriptions/{number}", (), None),
]


def described() -> Json:
    """The routes as an OpenAPI document."""
    paths: Json = {}
    for route, query, body in ROUTES:
        method, path = route.split(" ")
        placed = (
            [{"name": path.split("{")[1].rstrip("}"), "in": "path", "required": True, "schema": TEXT}]
            if "{" in path
            else []
        )
        parameters = placed + [{"name": name, "in": "query", "schema": TEXT} for name in query]
        operation: Json = {"parameters": parameters, "responses": {"200": {"description": "Done."}}}
        if body is not None:
            operation["requestBody"] = {"content": {"application/json": {"schema": body}}, "required": False}
        paths.setdefault(path, {})[method.lower()] = operation
    return {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths}


def test_the_list_of_routes_is_whole() -> None:
    """A route that is added is noticed here; forms and the DELETE of everything are made up elsewhere."""
    app = Flask(__name__)
    app.register_blueprint(build())
    served = {
        f"{method} {rule.rule.removeprefix('/api').translate(BRACES)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("nextmove.")
    }
    others = {"POST /messages/out/multipart", "DELETE /subscriptions"}
    assert served == {route for route, _, _ in ROUTES} | others


@pytest.fixture
def _nothing_left(gateway: Gateway) -> Iterator[None]:
    yield
    gateway.call("DELETE", "/api/subscriptions")


def hold(answer: requests.Response) -> None:
    """No 5xx but the documented, and the reference's body with every refusal."""
    assert answer.status_code < 500 or answer.status_code == 503, (answer.status_code, answer.text)
    if answer.status_code >= 400 and answer.content:
        assert {"timestamp", "status", "error", "exception", "message", "path"} <= set(answer.json())


@pytest.mark.slow
@pytest.mark.usefixtures("_nothing_left")
@pytest.mark.parametrize("route", [route for route, _, _ in ROUTES])
def test_no_made_up_request_breaks_the_door(gateway: Gateway, route: str) -> None:
    """Half of them go to things that there are."""
    method, path = route.split(" ")
    operation = schemathesis.openapi.from_dict(described())[path][method]
    (message,) = queued(gateway)
    known = {"message_id": message_id_of(create(gateway)), "number": "1", "receiver": DPO}

    @ALL
    @given(case=operation.as_strategy(), real=st.booleans(), log=st.booleans())
    def run(case: Any, real: bool, log: bool) -> None:
        if real:
            there = {**known, "message_id": message.id if log else known["message_id"]}
            case.path_parameters.update({key: value for key, value in there.items() if key in case.path_parameters})
        answer = case.call(base_url=f"{gateway.url}/api", timeout=30)
        assert answer.status_code < 500 or answer.status_code == 503, (answer.status_code, answer.text)
        if answer.status_code >= 400 and answer.content:
            assert {"timestamp", "status", "error", "exception", "message", "path"} <= set(answer.json())

    run()


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


SBD = minimal(business={"hoveddokument": "a", "dpv": {"varselTekst": "b"}})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
@ALL
@given(place=st.sampled_from(list(places(SBD))), value=VALUES | st.just(...), as_form=st.booleans())
def test_no_twisted_sbd_breaks_the_door(
    gateway: Gateway, place: tuple[str | int, ...], value: object, as_form: bool
) -> None:
    """One place in it holds something else, or nothing; alone and in a form."""
    document = changed(SBD, *place, to=value)
    if as_form:
        hold(gateway.call("POST", "/api/messages/out/multipart", files=form(json.dumps(document))))
    else:
        hold(gateway.call("POST", "/api/messages/out", data=json.dumps(document).encode()))


@pytest.mark.slow
@ALL
@given(header=st.text(max_size=60).map(lambda text: text.encode("utf-8").decode("latin-1")), mime=st.text(max_size=30))
def test_no_header_breaks_an_upload(gateway: Gateway, header: str, mime: str) -> None:
    """Whatever stands in Content-Disposition and Content-Type."""
    plain = {"Content-Disposition": _one_line(header), "Content-Type": _one_line(mime.encode().decode("latin-1"))}
    hold(gateway.call("PUT", f"/api/messages/out/{message_id_of(create(gateway))}", data=b"x", headers=plain))


def _one_line(text: str) -> str:
    return "".join(mark for mark in text if mark >= " " and mark != "\x7f").strip()


@pytest.mark.parametrize("page", ["2147483647", "-1", "99999999999999999999", "1e3", "0x1", "١"])
def test_pages_far_away(gateway: Gateway, page: str) -> None:
    """An empty page or the first: never a refusal, as there."""
    for path in ("statuses", "conversations", "messages/in", "messages/out", "subscriptions"):
        answer = gateway.call("GET", f"/api/{path}?page={page}&size=2000")
        assert answer.status_code == 200, answer.text


def test_numbers_that_no_database_holds(gateway: Gateway) -> None:
    """400, or 404 where it could be one."""
    for number, status in (("9223372036854775807", 404), ("9223372036854775808", 400), ("-1", 404), ("1.0", 400)):
        for path in ("conversations", "subscriptions"):
            assert gateway.call("GET", f"/api/{path}/{number}").status_code == status
        assert gateway.call("DELETE", f"/api/statuses/{number}").status_code == status


@pytest.mark.parametrize(
    "word", ["\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "%", "' OR 1=1 --"]
)
def test_words_that_no_database_holds(gateway: Gateway, word: str) -> None:
    """Nothing is found."""
    for path in ("statuses", "conversations", "messages/in", "messages/out"):
        found = gateway.call("GET", f"/api/{path}", params={"messageId": word, "status": word, "receiver": word})
        assert found.status_code == 200, found.text
        assert found.json()["totalElements"] == 0
    assert gateway.call("GET", f"/api/statuses/{uuid.uuid4()}{word[:1]}").status_code == 200


def test_no_query_holds_what_postgresql_refuses() -> None:
    """A NUL and half a character never get as far as the database."""
    with Flask(__name__).test_request_context("/?a=%00x&b=%ED%A0%80"):
        assert queries.text("a") == "\ufffdx"
        assert "\ud800" not in (queries.text("b") or "")


def test_likes_are_not_patterns(gateway: Gateway) -> None:
    """A percent sign in an identifier means itself."""
    queued(gateway)
    for name in ("receiverIdentifier", "senderIdentifier"):
        assert gateway.call("GET", "/api/conversations", params={name: "%"}).json()["totalElements"] == 0
