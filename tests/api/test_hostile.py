"""Requests that mean no good, or were never thought of: each gets a clear refusal, none a 5xx, and nothing is left."""

import json

import pytest

from tests.api.drafts import draft, edit, form, json_part, only
from tests.api.test_errors import stored
from tests.documents import Message
from tests.live import Gateway
from tests.secrets import PDF

DEEP = "[" * 100_000
URN = "urn:no:difi:profile:arkivmelding:administrasjon:ver1.0"


def test_json_that_is_nested_too_deeply_is_400(gateway: Gateway) -> None:
    """In a PUT, in a part, and where the framework itself reads the body."""
    body = draft(gateway)
    headers = {"Content-Type": "application/json"}
    path = f"/out/messages/{body['conversationId']}"
    assert gateway.call("PUT", path, data=DEEP, headers=headers).json()["code"] == "NOT_JSON"
    assert form(gateway, Message().xml(), options=json_part(DEEP)).json()["code"] == "NOT_JSON"
    assert gateway.call("POST", "/capabilities", data=DEEP, headers=headers).status_code == 400


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"], ids=["half a character", "NUL"])
def test_texts_that_cannot_be_written_again_are_refused(gateway: Gateway, text: str) -> None:
    """Wherever they stand; the draft can still be read."""
    body = draft(gateway)
    path = f"/out/messages/{body['conversationId']}"
    message_id = only(body)["messageId"]
    for changes in (
        f'{{"process": "{text}"}}',
        f'{{"actor": "{text}"}}',
        f'{{"prototypes": [{{"recipient": "0192:311000063", "name": "{text}"}}]}}',
        f'{{"prototypes": [{{"messageId": "{message_id}", "businessMessage": {{"dpv": {{"{text}": 1}}}}}}]}}',
    ):
        answer = gateway.call("PUT", path, data=changes, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), answer.text
    assert gateway.call("GET", path).status_code == 200


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+10:00", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "soon"],
)
def test_a_deadline_lies_ahead_and_not_too_far(gateway: Gateway, moment: str) -> None:
    """In options and in an edit; the draft can still be read."""
    body = draft(gateway)
    entry = {"messageId": only(body)["messageId"], "expectedResponseDateTime": moment}
    assert edit(gateway, body, prototypes=[entry]).status_code == 422
    assert form(gateway, Message().xml(), options=json_part(json.dumps({"deadline": moment}))).status_code == 422
    assert gateway.call("GET", f"/out/messages/{body['conversationId']}").status_code == 200


@pytest.mark.parametrize("process", ["", "urn:no:x\n", "../../info/x?y=1#", "administrasjon", "urn:" + "x" * 300])
def test_a_process_is_a_urn(gateway: Gateway, process: str) -> None:
    """Anything else would end up in an address of the registry."""
    assert edit(gateway, draft(gateway), process=process).status_code == 422


def repeated(name: str, *contents: bytes, filename: str = "") -> bytes:
    """A form with an arkivmelding and one part repeated."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    parts = [b'Content-Disposition: form-data; name="arkivmelding"\r\n\r\n' + Message().xml()]
    parts += [f"Content-Disposition: {disposition}\r\n\r\n".encode() + each for each in contents]
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (repeated("options", b'{"confidential": true}', b"{}"), "DUPLICATE_PART"),
        (repeated("recipients", b"[]", b"[]"), "DUPLICATE_PART"),
        (repeated("arkivmelding", Message(title="Annet").xml()), "DUPLICATE_PART"),
        (repeated("d", PDF, PDF + b"mer", filename="vedtak.pdf"), "OTHER_BYTES"),
    ],
    ids=["options", "recipients", "arkivmelding", "document"],
)
def test_a_part_that_comes_twice_is_refused(gateway: Gateway, body: bytes, code: str) -> None:
    """Rather than the last one winning in silence; nothing stays on disk."""
    before = stored(gateway)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = gateway.call("POST", "/out/messages", data=body, headers=headers)
    assert answer.json()["code"] == code
    assert stored(gateway) == before


def test_the_same_document_twice_is_kept_once(gateway: Gateway) -> None:
    """Same name and bytes: no harm, and one file."""
    _, files = stored(gateway)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    body = repeated("d", PDF, PDF, filename="vedtak.pdf")
    assert gateway.call("POST", "/out/messages", data=body, headers=headers).status_code == 201
    assert stored(gateway)[1] == files + 1


def test_more_recipients_than_the_limit_are_refused_in_an_edit_too(gateway: Gateway) -> None:
    """200 is 200, at the post and afterwards."""
    from gateway.message.identifiers import is_organisasjonsnummer

    numbers = [f"{n}{c}" for n in range(31200000, 31200300) for c in range(10) if is_organisasjonsnummer(f"{n}{c}")]
    new = [{"recipient": f"0192:{number}", "name": "X"} for number in numbers[:201]]
    answer = edit(gateway, draft(gateway), prototypes=new)
    assert answer.status_code == 400
    assert answer.json()["code"] == "LIMIT"


def test_a_page_on_another_port_is_another_site(gateway: Gateway) -> None:
    """So is one by another scheme."""
    for origin in ("http://localhost:9", "https://localhost", "http://127.0.0.1", "http://[", "null", "x"):
        assert gateway.call("GET", "/out/messages", headers={"Origin": origin}).status_code == 403
    assert gateway.call("GET", "/out/messages", headers={"Origin": gateway.url}).status_code == 200


def test_made_up_methods_make_no_metrics(gateway: Gateway) -> None:
    """They count as `other`."""
    for n in range(3):
        gateway.call(f"METHOD{n}", "/out/messages")
    assert "METHOD" not in gateway.call("GET", "/manage/metrics").text


@pytest.mark.parametrize("key", ["", "x" * 256], ids=["empty", "too long"])
def test_an_idempotency_key_is_whole_or_refused(gateway: Gateway, key: str) -> None:
    """Cutting one could make two the same."""
    answer = gateway.post(Message().xml(), headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["code"] == "IDEMPOTENCY_KEY"


def test_an_edit_that_changes_nothing_moves_no_version(gateway: Gateway) -> None:
    """A retried request changes nothing."""
    first = gateway.post(Message().xml())
    path = f"/out/messages/{first.json()['conversationId']}"
    assert gateway.call("PUT", path, json={}).headers["ETag"] == first.headers["ETag"]


def test_a_404_has_one_code(gateway: Gateway) -> None:
    """Whether the route or the conversation is unknown."""
    assert gateway.call("GET", "/nowhere").json()["code"] == "NOT_FOUND"
    assert gateway.call("GET", "/out/messages/nothing").json()["code"] == "NOT_FOUND"


def test_any_of_several_versions_will_do(gateway: Gateway) -> None:
    """If-Match may name several; one that stands among them is enough, none is stale."""
    body = draft(gateway)
    path = f"/out/messages/{body['conversationId']}"
    assert gateway.call("PUT", path, json={}, headers={"If-Match": '"7", "8"'}).status_code == 412
    assert gateway.call("PUT", path, json={"confidential": True}, headers={"If-Match": '"1", "999"'}).status_code == 200
