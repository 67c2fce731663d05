"""The OpenAPI document says what a client's generator needs: what is always there, which texts are times, which sets close."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.errors import FaultClass
from gateway.message.status import Direction, Outcome, Status
from gateway.storage.states import ConversationState, MessageState
from tests.api.drafts import draft
from tests.api.test_schemathesis import successes
from tests.live import Gateway
from tests.secrets import PDF

Node = dict[str, Any]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Members that an answer may lack; all others are always there.
SOMETIMES = {
    "ProblemAnswer": {"filename", "line", "korrespondansepart"},
    "ConversationAnswer": {"notSent"},
    "SubscriptionAnswer": {"secret"},
    "ReplayAnswer": {"secret"},
    "ProblemDetails": {"mend", "acceptedIfLenient", "acceptedIfConverted"},
}


@pytest.fixture(scope="module")
def document(_served: Gateway) -> Node:
    """The document as it is served."""
    answer: Node = _served.call("GET", "/openapi.json").json()
    return answer


def schemas(document: Node) -> Node:
    """The named schemas."""
    found: Node = document["components"]["schemas"]
    return found


def test_what_is_always_there_is_said(document: Node) -> None:
    """Of every answer, all members but the few that it may lack."""
    answers = {
        name: schema
        for name, schema in schemas(document).items()
        if name.endswith("Answer") or name in ("ProblemDetails", "Fault")
    }
    assert len(answers) > 25
    for name, schema in answers.items():
        told = set(schema.get("required", ()))
        assert told == set(schema["properties"]) - SOMETIMES.get(name, set()), name


@pytest.mark.parametrize(
    ("schema", "member", "values"),
    [
        ("ConversationAnswer", "state", ConversationState),
        ("ConversationAnswer", "handling", ["strict", "lenient"]),
        ("MessageStatusAnswer", "state", MessageState),
        ("MessageStatusAnswer", "outcome", Outcome),
        ("MessageStatusAnswer", "lastStatus", [*Status, None]),
        ("EventAnswer", "status", Status),
        ("EventAnswer", "direction", Direction),
        ("EventAnswer", "outcome", [*Outcome, None]),
        (
            "EventAnswer",
            "evidence",
            ["handed-over", "published", "stored-by-recipient", "registered-in-archive", "opened", None],
        ),
        ("TimelineAnswer", "state", MessageState),
        ("TimelineAnswer", "outcome", Outcome),
        ("PrototypeAnswer", "nameMatch", ["same", "similar", "different", "unverifiable"]),
        ("PrototypeAnswer", "serviceIdentifier", ["DPO", "DPV", "DPF", "DPI", "DPE", "DPH", "UNKNOWN", None]),
        ("ProblemAnswer", "severity", ["block", "confirm", "info"]),
        ("ArkivmeldingAnswer", "shielding", ["open", "confidential", "undecided"]),
        ("ArkivmeldingAnswer", "profile", ["head", "published", None]),
        ("SubscriptionAnswer", "state", ["active", "paused", "disabled"]),
        ("Fault", "class", [*FaultClass, None]),
        ("Fault", "severity", ["error", "warning", "info"]),
        ("RuleAnswer", "class", FaultClass),
    ],
)
def test_a_closed_set_is_said(document: Node, schema: str, member: str, values: Any) -> None:
    """Every value, and null where it may be null."""
    told = schemas(document)[schema]["properties"][member]["enum"]
    assert set(told) == set(values)


def test_the_other_success_is_said(document: Node) -> None:
    """A second commit, the same bytes again, and a dry run answer 200 with the body of the first."""
    paths = document["paths"]
    for path, method, usual in (
        ("/out/messages/{conversation_id}", "post", "202"),
        ("/out/messages/{conversation_id}/documents/{filename}", "put", "201"),
        ("/out/messages", "post", "201"),
    ):
        responses = paths[path][method]["responses"]
        assert responses["200"]["content"] == responses[usual]["content"], path
        assert responses["200"]["description"] != responses[usual].get("description")


def test_what_looks_like_a_time_is_said_to_be_one(gateway: Gateway, document: Node) -> None:
    """In real answers, and nothing else is: drafts with every kind of time, committed, told and subscribed to."""
    seen = 0
    for name, send in successes(gateway):
        answer = send()
        method, path = name.split(" ")
        told = document["paths"][path][method.lower()]["responses"][str(answer.status_code)]
        content = told.get("content", {}).get("application/json")
        if content is None or path == "/rules":
            continue
        for text, schema, where in texts(answer.json(), content["schema"], document=document):
            is_moment = bool(MOMENT.fullmatch(text))
            assert (schema.get("format") == "date-time") == is_moment, (name, where, text)
            seen += is_moment
    assert seen > 20


def texts(value: Any, schema: Node, *, document: Node, where: str = "") -> Iterator[tuple[str, Node, str]]:
    """Every text of an answer with the schema of its place; below a free-form object nothing is said."""
    if "$ref" in schema:
        schema = schemas(document)[schema["$ref"].rpartition("/")[2]]
    schema = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    if "$ref" in schema:
        schema = schemas(document)[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, str):
        yield value, schema, where
    for name, inner in value.items() if isinstance(value, dict) and "properties" in schema else ():
        yield from texts(inner, schema["properties"][name], document=document, where=f"{where}/{name}")
    for inner in value if isinstance(value, list) else ():
        yield from texts(inner, schema["items"], document=document, where=f"{where}/*")


def test_a_repeated_commit_answers_as_it_is_described(gateway: Gateway) -> None:
    """200 and the same body."""
    body = draft(gateway)
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    first, second = (gateway.call("POST", f"/out/messages/{body['conversationId']}") for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert json.loads(first.text) == json.loads(second.text)
