"""Every error status of the door, provoked over HTTP; nothing is kept by a refusal."""

import socket
import threading
import time

import pytest
import requests

from tests.api.drafts import codes, draft, edit, form, json_part, only
from tests.documents import Doc, Message, Objekt, Part
from tests.live import Gateway
from tests.secrets import PDF

PROBLEM = "application/problem+json"


def stored(gateway: Gateway) -> tuple[int, int]:
    """How many conversations and how many document files there are."""
    rows = 0
    after: str | None = ""
    while after is not None:
        page = gateway.call("GET", "/out/messages", params={"limit": 500, "after": after or None}).json()
        rows, after = rows + len(page["conversations"]), page["next"]
    folder = gateway.assembly.settings.data / "documents"
    return rows, sum(1 for path in folder.rglob("*") if path.is_file())


REFUSED = {
    "NOT_XML": (b"<arkivmelding>", 400),
    "DTD": (b'<!DOCTYPE arkivmelding [<!ENTITY a "b">]>' + Message(declaration="").xml(), 400),
    "LIMIT": (Message(entry_extra="<!--" + "x" * (10 * 1024 * 1024) + "-->").xml(), 400),
    "DIALECT_NOT_DELIVERABLE": (
        Message().xml().replace(b"basisregistrering", b"registrering"),
        422,
    ),
}


@pytest.mark.parametrize("code", sorted(REFUSED))
def test_a_document_that_cannot_be_taken_leaves_nothing(gateway: Gateway, code: str) -> None:
    """The status fits, the body is a problem with a URN, and neither a row nor a file stays."""
    xml, status = REFUSED[code]
    before = stored(gateway)
    answer = form(gateway, xml, dokument=("vedtak.pdf", PDF, "application/pdf"))
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    body = answer.json()
    assert body["type"].startswith("urn:arkivmelding-gateway:problem:")
    assert body["code"] == code
    assert body["status"] == status
    assert body["mend"]
    assert stored(gateway) == before


def test_one_fault_says_that_the_dialect_is_another(gateway: Gateway) -> None:
    """Not a cascade of XSD faults: one, that names the dialect."""
    errors = gateway.post(REFUSED["DIALECT_NOT_DELIVERABLE"][0]).json()["errors"]
    assert [entry["rule"] for entry in errors] == ["DIALECT_NOT_DELIVERABLE"]
    assert "v1" in errors[0]["message"]


@pytest.mark.parametrize(
    ("xml", "what"),
    [
        (Message(parts=tuple(Part(f"Del {n}", None) for n in range(201))).xml(), "200 recipients"),
        (Message(documents=(Doc(tuple(Objekt(f"{n}.pdf") for n in range(1001))),)).xml(), "1000 documents"),
        (Message(metadata="<x>" * 70 + "</x>" * 70).xml(), "64 levels"),
    ],
    ids=["recipients", "documents", "depth"],
)
def test_the_limits_hold(gateway: Gateway, xml: bytes, what: str) -> None:
    """Beyond a limit it is 400, and the limit is named."""
    answer = gateway.post(xml)
    assert answer.status_code == 400
    assert what in answer.json()["detail"]


def test_another_content_type_is_415(gateway: Gateway) -> None:
    """POST, PUT of the edit and PUT of the XML each say what they take."""
    assert gateway.call("POST", "/out/messages", data="x", headers={"Content-Type": "text/plain"}).status_code == 415
    body = draft(gateway)
    path = f"/out/messages/{body['conversationId']}"
    assert gateway.call("PUT", path, data="x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert gateway.call("PUT", f"{path}/arkivmelding", data=b"x").status_code == 415


def test_what_is_unknown_is_404(gateway: Gateway) -> None:
    """A conversation, a message, a document, a route."""
    body = draft(gateway)
    missing = "/out/messages/00000000-0000-4000-8000-000000000000"
    assert gateway.call("GET", missing).status_code == 404
    assert gateway.call("PUT", missing, json={}).status_code == 404
    assert gateway.call("POST", missing).status_code == 404
    assert gateway.call("DELETE", missing).status_code == 404
    assert gateway.call("GET", "/statuses/nothing").status_code == 404
    assert gateway.call("DELETE", f"/out/messages/{body['conversationId']}/documents/x.pdf").status_code == 404
    answer = gateway.call("GET", "/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == PROBLEM
    unknown = [{"messageId": "00000000-0000-4000-8000-000000000000", "selected": False}]
    assert edit(gateway, body, prototypes=unknown).status_code == 404


def test_a_wrong_method_is_405_as_a_problem(gateway: Gateway) -> None:
    """With the methods that are allowed."""
    answer = gateway.call("DELETE", "/out/messages")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == PROBLEM


def test_the_wrong_state_is_409(gateway: Gateway) -> None:
    """A discarded draft is gone; a committed one takes no changes; one that is not ready is not committed."""
    body = draft(gateway)
    path = f"/out/messages/{body['conversationId']}"
    refused = gateway.call("POST", path)
    assert refused.status_code == 409
    assert refused.json()["code"] == "NOT_READY"
    assert {entry["rule"] for entry in refused.json()["errors"]} == {"DOCUMENT_MISSING"}
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    assert gateway.call("POST", path).status_code == 202
    assert edit(gateway, body, confidential=True).status_code == 409
    assert gateway.call("DELETE", path).status_code == 409
    assert gateway.upload(body["conversationId"], "vedtak.pdf", PDF).status_code == 409
    xml = {"Content-Type": "application/xml"}
    assert gateway.call("PUT", f"{path}/arkivmelding", data=Message().xml(), headers=xml).status_code == 409


@pytest.mark.parametrize("name", ["arkivmelding.xml", "manifest.xml", "mimetype", "META-INF/x", "ARKIVMELDING.XML"])
def test_a_reserved_name_is_409(gateway: Gateway, name: str) -> None:
    """The package needs it itself."""
    answer = gateway.upload(draft(gateway)["conversationId"], name, PDF)
    assert answer.status_code == 409
    assert answer.json()["code"] == "RESERVED_NAME"


@pytest.mark.parametrize("name", ["a%3Ab.pdf", "a%5Cb.pdf", "x/y.pdf", "..hidden", "ends.", "a%01b.pdf", "%20a.pdf"])
def test_an_unsafe_name_is_422(gateway: Gateway, name: str) -> None:
    """With the reason."""
    answer = gateway.upload(draft(gateway)["conversationId"], name, PDF)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "FILENAME"


def test_a_twin_in_case_is_409(gateway: Gateway) -> None:
    """Two names that differ in upper and lower case only cannot both be unpacked everywhere."""
    body = draft(gateway)
    assert gateway.upload(body["conversationId"], "vedtak.pdf", PDF).status_code == 201
    assert gateway.upload(body["conversationId"], "Vedtak.PDF", PDF).status_code == 409


def test_a_stale_version_is_412_and_changes_nothing(gateway: Gateway) -> None:
    """The ETag moves with every visible change, uploads included."""
    first = gateway.post(Message().xml())
    body, tag = first.json(), first.headers["ETag"]
    uploaded = gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    assert uploaded.headers["ETag"] != tag
    path = f"/out/messages/{body['conversationId']}"
    stale = {"If-Match": tag}
    assert gateway.call("PUT", path, json={"confidential": True}, headers=stale).status_code == 412
    assert gateway.call("POST", path, headers=stale).status_code == 412
    assert gateway.call("DELETE", path, headers=stale).status_code == 412
    assert gateway.call("DELETE", f"{path}/documents/vedtak.pdf", headers=stale).status_code == 412
    for odd in ('""', '"x"', f'"{"9" * 5000}"', 'W/""'):
        assert gateway.call("PUT", path, json={"confidential": True}, headers={"If-Match": odd}).status_code == 412
    now = gateway.call("GET", path)
    assert now.json()["confidential"] is None
    assert now.headers["ETag"] == uploaded.headers["ETag"]
    assert gateway.call("POST", path, headers={"If-Match": now.headers["ETag"]}).status_code == 202


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"prototypes": [{"selected": True}]}, "recipient"),
        ({"confidental": True}, "confidental"),
        ({"prototypes": [{"recipient": "0192:311000063"}]}, "korrespondansepart"),
        ({"select": "all"}, "select"),
        ({"confirm": ["NAME_MISMATCH"]}, "confirm"),
        ({"prototypes": [{"recipient": "12", "name": "X"}]}, "recipient"),
    ],
    ids=["neither", "misspelt", "no-part", "word", "nothing-to-confirm", "bad-number"],
)
def test_an_edit_that_does_not_fit_is_422(gateway: Gateway, changes: dict, place: str) -> None:  # type: ignore[type-arg]
    """Each fault names its place."""
    answer = edit(gateway, draft(gateway), **changes)
    assert answer.status_code == 422, answer.text
    assert any(place in entry["path"] for entry in answer.json()["errors"])


def test_json_that_is_none_is_400(gateway: Gateway) -> None:
    """In a PUT and in a part."""
    body = draft(gateway)
    headers = {"Content-Type": "application/json"}
    path = f"/out/messages/{body['conversationId']}"
    assert gateway.call("PUT", path, data="{", headers=headers).json()["code"] == "NOT_JSON"
    assert form(gateway, Message().xml(), options=json_part("{")).json()["code"] == "NOT_JSON"


JSON_ROUTES = ("POST /subscriptions", "PUT /subscriptions/x", "POST /subscriptions/x/replay", "POST /capabilities")


@pytest.mark.parametrize("route", JSON_ROUTES)
def test_every_json_body_is_read_alike(gateway: Gateway, route: str) -> None:
    """What is no JSON, what says it is something else, and what is no object: the same codes as at /out/messages."""
    method, path = route.split()

    def send(text: str, kind: str = "application/json") -> requests.Response:
        return gateway.call(method, path, data=text, headers={"Content-Type": kind})

    torn = send("{")
    assert (torn.status_code, torn.json()["code"], bool(torn.json()["mend"])) == (400, "NOT_JSON", True)
    assert "column 2" in torn.json()["detail"]
    other = send("{}", "text/plain")
    assert (other.status_code, other.json()["code"], bool(other.json()["mend"])) == (415, "CONTENT_TYPE", True)
    (fault,) = send("[]").json()["errors"]
    assert (fault["rule"], fault["path"], fault["message"]) == ("BODY", "/", "This must be an object.")
    assert send("[" * 100_000).json()["code"] == "NOT_JSON"


@pytest.mark.parametrize("path", ["/out/messages?foo=1", "/subscriptions?foo=1", "/statuses/x?foo=1"])
def test_a_parameter_that_there_is_not_is_refused(gateway: Gateway, path: str) -> None:
    """A misspelt filter that is passed over answers something that was not asked for."""
    answer = gateway.call("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (422, "PARAMETER")
    assert [each["path"] for each in answer.json()["errors"]] == ["/query/foo"]


def test_an_address_that_there_is_not_points_to_the_docs(gateway: Gateway) -> None:
    """404 and 405 in our own words; the bare address leads there."""
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/out/messages", 405)):
        answer = gateway.call(method, path)
        assert (answer.status_code, answer.json()["mend"]) == (status, "See /docs.")
        assert "URL" not in answer.json()["detail"]
    start = gateway.call("GET", "/", allow_redirects=False)
    assert (start.status_code, start.headers["Location"]) == (302, "/docs")


def test_options_that_do_not_fit_are_422(gateway: Gateway) -> None:
    """An unknown member, a wrong type, and a part that is nothing."""
    for text in ('{"sendr": "x"}', '{"confidential": "yes"}', "[]"):
        answer = form(gateway, Message().xml(), options=json_part(text))
        assert answer.status_code == 422, answer.text
    assert form(gateway, Message().xml(), annet=json_part("x")).json()["code"] == "UNKNOWN_PART"


def test_a_sender_that_the_login_may_not_use_is_403(gateway: Gateway) -> None:
    """And one that is no number is 422."""
    answer = form(gateway, Message().xml(), options=json_part('{"sender": "0192:311000101"}'))
    assert answer.status_code == 403
    wrong = form(gateway, Message().xml(), options=json_part('{"sender": "311"}'))
    assert wrong.json()["code"] == "SENDER_REQUIRED"


def test_no_look_up_at_all_is_503_and_nothing_is_kept(gateway: Gateway) -> None:
    """Retry-After says when to come again."""
    fault = {"channel": "registry", "operation": "lookup", "action": "status:503", "times": None}
    requests.post(f"{gateway.sandbox.url}/_sim/faults", json=fault, timeout=10).raise_for_status()
    before = stored(gateway)
    xml = Message(parts=(Part("Skogen helseforetak", "0192:311000063"),)).xml()
    time.sleep(0.3)  # until what the cache holds is too old
    answer = form(gateway, xml, dokument=("vedtak.pdf", PDF, "application/pdf"))
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert stored(gateway) == before


def test_too_large_is_413_before_the_bytes_come(gateway: Gateway) -> None:
    """Decided from the declared length: the answer comes though no body has been sent."""
    body = draft(gateway)
    host, port = gateway.url.removeprefix("http://").split(":")
    path = f"/out/messages/{body['conversationId']}/documents/vedtak.pdf"
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {2 * 1024**3}\r\n\r\n".encode())
        assert b" 413 " in line.recv(200)


def test_a_body_that_is_cut_off_leaves_nothing(gateway: Gateway) -> None:
    """With Content-Length: fewer bytes than declared, then the line is closed for sending."""
    body = draft(gateway)
    before = stored(gateway)
    host, port = gateway.url.removeprefix("http://").split(":")
    path = f"/out/messages/{body['conversationId']}/documents/vedtak.pdf"
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n".encode() + b"x" * 400)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(4000), b""))
    assert b" 400 " in answer
    assert b"CUT_OFF" in answer
    assert stored(gateway) == before
    assert only(gateway.call("GET", f"/out/messages/{body['conversationId']}").json())["size"] is None


def test_problems_of_a_form_name_what_is_missing(gateway: Gateway) -> None:
    """A form without the arkivmelding, and a body that is empty."""
    answer = gateway.call("POST", "/out/messages", files={"dokument": ("a.pdf", PDF, "application/pdf")})
    assert answer.json()["code"] == "NO_ARKIVMELDING"
    assert gateway.post(b"").json()["code"] == "NO_ARKIVMELDING"


def test_the_idempotency_key_gives_the_first_answer_again(gateway: Gateway) -> None:
    """Same key and content: the same conversation; other content: 422; and refusals are not kept."""
    key = {"Idempotency-Key": "prøve-1".encode().hex()}
    first = gateway.post(Message().xml(), headers=key)
    again = gateway.post(Message().xml(), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    other = gateway.post(Message(title="Annet").xml(), headers=key)
    assert other.status_code == 422
    assert other.json()["code"] == "KEY_REUSED"
    bad = {"Idempotency-Key": "key-2"}
    assert gateway.post(b"<x>", headers=bad).status_code == 400
    assert gateway.post(Message().xml(), headers=bad).status_code == 201


def test_a_key_whose_first_request_runs_is_409(gateway: Gateway) -> None:
    """With Retry-After, while the first one waits for the registry."""
    fault = {"channel": "registry", "operation": "lookup", "action": "delay:1500", "times": 2}
    requests.post(f"{gateway.sandbox.url}/_sim/faults", json=fault, timeout=10).raise_for_status()
    time.sleep(0.3)
    key = {"Idempotency-Key": "key-slow"}
    xml = Message(parts=(Part("Skogen helseforetak", "0192:311000063"),)).xml()
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(gateway.post(xml, headers=key).status_code))
    thread.start()
    time.sleep(0.5)
    second = requests.post(
        f"{gateway.url}/out/messages", data=xml, headers={"Content-Type": "application/xml", **key}, timeout=30
    )
    thread.join()
    assert answers == [201]
    assert second.status_code == 409
    assert int(second.headers["Retry-After"]) > 0


def test_a_dry_run_answers_and_keeps_nothing(gateway: Gateway) -> None:
    """`?dryRun=true` shows the prototypes."""
    before = stored(gateway)
    answer = gateway.call(
        "POST",
        "/out/messages",
        params={"dryRun": "true"},
        files={
            "arkivmelding": ("a.xml", Message().xml(), "application/xml"),
            "d": ("vedtak.pdf", PDF, "application/pdf"),
        },
    )
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert stored(gateway) == before
    assert codes(answer.json()["problems"]) <= {"AM-013"}


def test_nothing_of_a_refused_form_stays_on_disk(gateway: Gateway) -> None:
    """A form that ends in the middle of its second document leaves no file of the first."""
    before = stored(gateway)
    boundary = "grense"
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="d"; filename="%s"\r\n\r\n'
    body = (part % "a.pdf").encode() + PDF + b"\r\n" + (part % "b.pdf").encode() + PDF
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = gateway.call("POST", "/out/messages", data=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "CUT_OFF"
    assert stored(gateway) == before
