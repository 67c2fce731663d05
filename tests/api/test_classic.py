"""The classic send at our door: an SBD as JSON, and every route of the other flow after it."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.api import answers
from gateway.api.preview_answers import PreviewAnswer
from tests.documents import DPO, DPV, SENDER, Doc, Message, Objekt
from tests.live import Gateway
from tests.message.sbds import HEADER, Json, changed, minimal, partner
from tests.secrets import PDF

_ID = (HEADER, "documentIdentification", "instanceIdentifier")


def create(gateway: Gateway, sbd: Json | None = None, **more: object) -> Json:
    """A draft from an SBD, as answered."""
    answer = gateway.call("POST", "/out/messages", json=sbd or minimal(), **more)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def complete(gateway: Gateway, sbd: Json | None = None) -> Json:
    """A draft with its arkivmelding and its document."""
    body = create(gateway, sbd)
    for name, content in (("arkivmelding.xml", Message().xml()), ("vedtak.pdf", PDF)):
        assert gateway.upload(body["conversationId"], name, content).status_code == 201
    return body


def test_an_sbd_becomes_a_draft(gateway: Gateway) -> None:
    """Defaults filled in, the way decided, what is missing told; found again by each id."""
    answer = gateway.call("POST", "/out/messages", json=minimal())
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/out/messages/{body['conversationId']}"
    assert answer.headers["ETag"] == '"1"'
    (prototype,) = body["prototypes"]
    assert (body["kind"], body["state"], body["ready"], body["sender"]) == ("classic", "draft", False, SENDER)
    assert (prototype["recipient"], prototype["serviceIdentifier"], prototype["sizeLimit"]) == (DPO, "DPO", 2**30)
    assert {each["code"] for each in body["problems"]} == {"MISSING_FILE", "MISSING_ARKIVMELDING"}
    header = body["standardBusinessDocument"][HEADER]
    assert header["documentIdentification"]["instanceIdentifier"] == prototype["messageId"]
    sbd_conversation = header["businessScope"]["scope"][0]["instanceIdentifier"]
    for any_id in (body["conversationId"], prototype["messageId"], sbd_conversation):
        assert gateway.call("GET", f"/out/messages/{any_id}").json() == body


def test_all_faults_of_an_sbd_come_at_once(gateway: Gateway) -> None:
    """422 with each place as a JSON pointer, in the reader's language."""
    sbd = changed(changed(minimal(), *_ID, to="nei"), HEADER, "headerVersion", to=...)
    answer = gateway.call("POST", "/out/messages", json=sbd, headers={"Accept-Language": "nb"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "INVALID_SBD")
    assert [(each["path"], each["rule"], each["message"]) for each in problem["errors"]] == [
        (f"/{HEADER}/headerVersion", "NotNull", "headerVersion mangler"),
        (f"/{HEADER}/documentIdentification/instanceIdentifier", "UUID", "instanceIdentifier er ingen UUID"),
    ]
    assert all(each["mend"] for each in problem["errors"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "NOT_JSON"),
        (b"[]", 422, "INVALID_SBD"),
        (b"null", 422, "INVALID_SBD"),
        (b'"x"', 422, "INVALID_SBD"),
        (json.dumps(minimal(to=DPV)).encode(), 422, "CHANNEL_NOT_ENABLED"),
        (json.dumps(minimal(to="0192:311000098")).encode(), 422, "NOT_REGISTERED"),
        (
            json.dumps(changed(minimal(), HEADER, "sender", to=[partner("0192:311000101")])).encode(),
            403,
            "NOT_ALLOWED",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused(gateway: Gateway, body: bytes, status: int, code: str) -> None:
    """Each with its own code."""
    headers = {"Content-Type": "application/json"}
    answer = gateway.call("POST", "/out/messages", data=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_message_id_is_used_once(gateway: Gateway) -> None:
    """409 that names where it stands."""
    sbd = changed(minimal(), *_ID, to=str(uuid4()))
    first = create(gateway, sbd)
    again = gateway.call("POST", "/out/messages", json=sbd)
    assert (again.status_code, again.json()["code"]) == (409, "MESSAGE_EXISTS")
    assert first["conversationId"] in again.json()["detail"]


def test_a_repeated_request_gets_the_first_answer(gateway: Gateway) -> None:
    """Under an Idempotency-Key; the same key with another SBD is refused."""
    key = {"Idempotency-Key": str(uuid4())}
    first = gateway.call("POST", "/out/messages", json=minimal(), headers=key)
    again = gateway.call("POST", "/out/messages", json=minimal(), headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    other = gateway.call("POST", "/out/messages", json=minimal(business={"hoveddokument": "a"}), headers=key)
    assert other.status_code == 422


def test_the_handling_can_be_asked_for(gateway: Gateway) -> None:
    """Lenient where nobody says otherwise; strict by `Prefer`, and for the upload that follows."""
    flawed = Message(documents=(Doc(role="Vedlegg"),)).xml()
    for headers, status in (({}, 201), ({"Prefer": "handling=strict"}, 422)):
        answer = gateway.call("POST", "/out/messages", json=minimal(), headers=headers)
        assert answer.headers.get("Preference-Applied") == headers.get("Prefer")
        assert gateway.upload(answer.json()["conversationId"], "arkivmelding.xml", flawed).status_code == status


def test_the_readmes_sbd_is_taken(gateway: Gateway) -> None:
    """The least that a newcomer can write."""
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = (each for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if HEADER in each)
    create(gateway, json.loads(example))


def test_a_dry_run_keeps_nothing(gateway: Gateway) -> None:
    """The answer is that of a draft which nobody finds."""
    answer = gateway.call("POST", "/out/messages?dryRun=true", json=minimal())
    assert answer.status_code == 200
    assert gateway.call("GET", f"/out/messages/{answer.json()['conversationId']}").status_code == 404


def test_documents_come_and_go(gateway: Gateway) -> None:
    """With titles, in their order; the same again is 200, other bytes 409; each moves the version."""
    body = create(gateway)
    path = body["conversationId"]
    first = gateway.upload(path, "b.pdf?title=Brev", PDF)
    assert (first.status_code, first.json()["title"]) == (201, "Brev")
    assert gateway.upload(path, "a.pdf", PDF).status_code == 201
    assert gateway.upload(path, "a.pdf", PDF).status_code == 200
    assert gateway.upload(path, "a.pdf", PDF + b"x").json()["code"] == "OTHER_BYTES"
    listed = gateway.call("GET", f"/out/messages/{path}")
    assert [each["filename"] for each in listed.json()["documents"]] == ["b.pdf", "a.pdf"]
    assert listed.headers["ETag"] == '"3"'
    removed = gateway.call("DELETE", f"/out/messages/{path}/documents/a.pdf")
    assert (removed.status_code, removed.headers["ETag"]) == (204, '"4"')
    assert gateway.call("DELETE", f"/out/messages/{path}/documents/a.pdf").status_code == 404


def test_an_arkivmelding_that_nobody_could_take_is_refused_with_its_faults(gateway: Gateway) -> None:
    """At the upload, with lines; nothing of it is kept."""
    body = create(gateway)
    broken = Message(documents=(Doc((Objekt("a/b.pdf"),)),)).xml()
    answer = gateway.upload(body["conversationId"], "arkivmelding.xml", broken)
    assert answer.status_code == 422
    assert any(each["line"] for each in answer.json()["errors"])
    assert gateway.call("GET", f"/out/messages/{body['conversationId']}").json()["documents"] == []


def test_commit_says_what_is_missing_and_is_done_once(gateway: Gateway) -> None:
    """409 with every problem; then 202, and 200 with the same body."""
    body = create(gateway)
    path = f"/out/messages/{body['conversationId']}"
    gateway.upload(body["conversationId"], "arkivmelding.xml", Message().xml())
    refused = gateway.call("POST", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_READY")
    assert [(each["rule"], each["value"]) for each in refused.json()["errors"]] == [("DOCUMENT_MISSING", "vedtak.pdf")]
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    committed = gateway.call("POST", path)
    again = gateway.call("POST", path)
    assert (committed.status_code, again.status_code) == (202, 200)
    assert committed.json() == again.json()
    assert gateway.call("DELETE", path).json()["code"] == "NOT_DRAFT"


def test_a_stale_etag_is_refused(gateway: Gateway) -> None:
    """On commit, discard and upload, and nothing is done."""
    body = complete(gateway)
    path, stale = f"/out/messages/{body['conversationId']}", {"If-Match": '"1"'}
    for method, rest in (
        ("POST", ""),
        ("DELETE", ""),
        ("PUT", "/documents/x.pdf"),
        ("DELETE", "/documents/vedtak.pdf"),
    ):
        assert gateway.call(method, path + rest, headers=stale, data=b"").status_code == 412
    assert gateway.call("POST", path, headers={"If-Match": '"1", "3"'}).status_code == 202


def test_there_is_nothing_to_edit(gateway: Gateway) -> None:
    """409 that says what to do instead."""
    body = create(gateway)
    path = f"/out/messages/{body['conversationId']}"
    for method, rest in (("PUT", ""), ("PATCH", "")):
        answer = gateway.call(method, path + rest, json={"confidential": True})
        assert (answer.status_code, answer.json()["code"]) == (409, "CLASSIC")
    assert gateway.call("GET", f"{path}/arkivmelding").json()["code"] == "CLASSIC"


def test_a_draft_is_discarded(gateway: Gateway) -> None:
    """And its id is free again."""
    sbd = changed(minimal(), *_ID, to=str(uuid4()))
    body = complete(gateway, sbd)
    assert gateway.call("DELETE", f"/out/messages/{body['conversationId']}").status_code == 204
    assert gateway.call("GET", f"/out/messages/{body['conversationId']}").status_code == 404
    create(gateway, sbd)


def test_it_is_followed_like_any_other(gateway: Gateway) -> None:
    """List, statuses, timeline, retry, cancel."""
    body = complete(gateway)
    message_id = body["prototypes"][0]["messageId"]
    path = f"/out/messages/{body['conversationId']}"
    single = f"{path}/messages/{message_id}"
    gateway.call("POST", path)
    (entry, *_) = gateway.call("GET", "/out/messages").json()["conversations"]
    assert (entry["conversationId"], entry["kind"], entry["meldingId"]) == (
        body["conversationId"],
        "classic",
        Message().melding_id,
    )
    (message,) = gateway.call("GET", f"/statuses/{message_id}").json()["messages"]
    assert [each["status"] for each in message["statuses"]] == ["OPPRETTET"]
    assert message["deadline"][:16] == body["prototypes"][0]["expectedResponseDateTime"][:16]
    assert gateway.call("GET", f"{single}/timeline").json()["awaits"] == "hand-over"
    assert gateway.call("POST", f"{single}/retry").status_code == 202
    assert gateway.call("DELETE", single).status_code == 204
    assert gateway.call("GET", f"/statuses/{message_id}").json()["messages"][0]["outcome"] == "cancelled"


def test_every_answer_is_as_it_is_described(gateway: Gateway) -> None:
    """The schemas of /docs load the real answers, and refuse a member that they do not know."""
    body = create(gateway)
    uploaded = gateway.upload(body["conversationId"], "arkivmelding.xml", Message().xml()).json()
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    path = f"/out/messages/{body['conversationId']}"
    whole = gateway.call("GET", path).json()
    preview = gateway.call("GET", f"{path}/messages/{body['prototypes'][0]['messageId']}/preview").json()
    committed = gateway.call("POST", path).json()
    for schema, answer in (
        (answers.ConversationAnswer(), body),
        (answers.ConversationAnswer(), whole),
        (answers.UploadAnswer(), uploaded),
        (PreviewAnswer(), preview),
        (answers.CommitmentAnswer(), committed),
        (answers.ListingAnswer(), gateway.call("GET", "/out/messages").json()),
    ):
        assert schema.validate(answer) == {}


def test_the_classic_body_is_described(gateway: Gateway) -> None:
    """Newcomers find it in /openapi.json."""
    post = gateway.call("GET", "/openapi.json").json()["paths"]["/out/messages"]["post"]
    assert "application/json" in post["requestBody"]["content"]
