"""The inbox over HTTP: what each route answers and refuses, in the words of the contract."""

import io
import zipfile
from uuid import uuid4

import pytest
import requests
from sqlalchemy import delete

from gateway.storage.tables_in import incoming, receipt_out
from tests.api.incoming import FILES, store_incoming
from tests.certificates import issue
from tests.delivery.parcels import ROOT, SENDER
from tests.live import Gateway

OURS = "0192:311000012"


@pytest.fixture(autouse=True)
def _nothing_waits(gateway: Gateway) -> None:
    """What other tests have left behind, locked or not, is gone."""
    with gateway.assembly.database.writing() as connection:
        for table in (receipt_out, incoming):
            connection.execute(delete(table))


def refused(answer: requests.Response, status: int, code: str) -> None:
    """The answer is that problem, with something to do about it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code
    assert answer.json()["mend"]


def test_peek_pop_delete(gateway: Gateway) -> None:
    """The three calls of the specification, in their order, without naming the message once."""
    assert gateway.call("GET", "/in/messages/peek").status_code == 204
    message_id = store_incoming(gateway, sender_ref="sak 7", channel="skole")
    shown = gateway.call("GET", "/in/messages/peek").json()
    assert (shown["messageId"], shown["organisation"], shown["sender"]) == (message_id, OURS, SENDER)
    assert (shown["senderRef"], shown["messageChannel"], shown["inReplyTo"]) == ("sak 7", "skole", None)
    assert shown["lock"]["mine"] is True
    header = shown["standardBusinessDocument"]["standardBusinessDocumentHeader"]
    assert header["documentIdentification"]["instanceIdentifier"] == message_id
    assert gateway.call("GET", "/in/messages/peek").status_code == 204
    for _ in range(2):
        popped = gateway.call("POST", "/in/messages/pop")
        assert popped.headers["Content-Length"] == str(shown["size"]) == str(len(popped.content))
        with zipfile.ZipFile(io.BytesIO(popped.content)) as package:
            assert {name: package.read(name) for name in FILES} == FILES
    done = gateway.call("DELETE", "/in/messages/pop")
    assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
    assert gateway.call("DELETE", f"/in/messages/pop?messageId={message_id}").json() == done.json()
    refused(gateway.call("POST", f"/in/messages/pop?messageId={message_id}"), 409, "ACKNOWLEDGED")
    refused(gateway.call("DELETE", "/in/messages/pop"), 409, "NOTHING_LOCKED")


@pytest.mark.parametrize("path", ["/in/messages/peek", "/api/messages/in/peek"])
def test_a_monitor_locks_nothing(gateway: Gateway, path: str) -> None:
    """HEAD shows no message, so it takes none."""
    message_id = store_incoming(gateway)
    answer = gateway.call("HEAD", f"{path}?messageId={message_id}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert gateway.call("GET", f"/in/messages/{message_id}").json()["lock"] is None


def test_each_document_comes_by_its_name(gateway: Gateway) -> None:
    """Whole, with its length and type, never as a page of this site; without a lock."""
    message_id = store_incoming(gateway)
    listed = gateway.call("GET", f"/in/messages/{message_id}/documents").json()["documents"]
    assert [each["filename"] for each in listed] == list(FILES)
    for entry in listed:
        answer = gateway.call("GET", f"/in/messages/{message_id}/documents/{entry['filename']}")
        assert answer.content == FILES[entry["filename"]]
        assert answer.headers["Content-Length"] == str(entry["size"])
        assert answer.headers["Content-Type"].split(";")[0] == entry["mimeType"]
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    refused(gateway.call("GET", f"/in/messages/{message_id}/documents/mimetype"), 404, "NO_SUCH_DOCUMENT")


def test_a_message_without_a_package_pops_as_nothing(gateway: Gateway) -> None:
    """204: its SBD is all there is, and it is acknowledged all the same."""
    message_id = store_incoming(gateway, {})
    assert gateway.call("GET", "/in/messages/peek").json()["size"] is None
    assert gateway.call("POST", "/in/messages/pop").status_code == 204
    assert gateway.call("DELETE", "/in/messages/pop").json()["messageId"] == message_id


def test_a_lock_is_given_back_and_extended(gateway: Gateway) -> None:
    """Both only by who holds it."""
    message_id = store_incoming(gateway)
    path = f"/in/messages/{message_id}"
    for act in ("unlock", "extend"):
        refused(gateway.call("POST", f"{path}/{act}"), 409, "NOT_LOCKED")
    first = gateway.call("GET", "/in/messages/peek").json()["lock"]["until"]
    assert gateway.call("POST", f"{path}/extend?seconds=3600").json()["lock"]["until"] > first
    refused(gateway.call("POST", f"{path}/extend?seconds=3601"), 422, "LOCK_TOO_LONG")
    refused(gateway.call("POST", f"{path}/extend?seconds={10**30}"), 422, "LOCK_TOO_LONG")
    refused(gateway.call("POST", f"{path}/extend?seconds=0"), 422, "PARAMETER")
    assert gateway.call("POST", f"{path}/unlock").json()["lock"] is None
    assert gateway.call("GET", "/in/messages/peek").json()["messageId"] == message_id


def test_several_locked_messages_are_named(gateway: Gateway) -> None:
    """Nothing is guessed where it would be final."""
    ids = {store_incoming(gateway) for _ in range(2)}
    for _ in ids:
        gateway.call("GET", "/in/messages/peek")
    for method in ("POST", "DELETE"):
        answer = gateway.call(method, "/in/messages/pop")
        refused(answer, 409, "SEVERAL_LOCKED")
        assert all(each in answer.json()["mend"] for each in ids)


def test_the_filters_narrow_peek_and_list(gateway: Gateway) -> None:
    """A number is an organisation in any spelling; a misspelt parameter is noticed."""
    message_id = store_incoming(gateway, process="urn:no:difi:profile:x:ver1.0")
    store_incoming(gateway)
    for query in (
        f"messageId={message_id}",
        "process=urn:no:difi:profile:x:ver1.0&sender=311000128&serviceIdentifier=DPO",
    ):
        page = gateway.call("GET", f"/in/messages?state=waiting&{query}").json()
        assert [each["messageId"] for each in page["messages"]] == [message_id]
        found = gateway.call("GET", f"/in/messages/peek?{query}").json()
        assert found["messageId"] == message_id
        gateway.call("POST", f"/in/messages/{message_id}/unlock")
    assert gateway.call("GET", "/in/messages/peek?sender=311000101").status_code == 204
    for query in ("proces=x", "serviceIdentifier=DPX", "sender=abc", "state=lost", "limit=0"):
        refused(gateway.call("GET", f"/in/messages?{query}"), 422, "PARAMETER")
    refused(gateway.call("GET", f"/in/messages?after={uuid4()}"), 404, "NOT_FOUND")


def test_the_list_goes_on_where_it_ended(gateway: Gateway) -> None:
    """Page after page, each message once."""
    conversation = str(uuid4())
    ids = [store_incoming(gateway, conversation_id=conversation) for _ in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = gateway.call("GET", f"/in/messages?conversationId={conversation}&limit=2{after}").json()
        seen += [each["messageId"] for each in page["messages"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ids


def test_what_is_not_believed_is_shown_with_its_reason_and_handed_to_nobody(gateway: Gateway) -> None:
    """In the language of whoever asks; set aside by its id."""
    message_id = store_incoming(gateway, to=issue(ROOT, "311000017", "Vi f\u00f8r"))
    shown = gateway.call("GET", f"/in/messages/{message_id}", headers={"Accept-Language": "nb"}).json()
    assert (shown["state"], shown["signature"]["verdict"]) == ("unreadable", "UNDECRYPTABLE")
    assert "kryptert" in shown["signature"]["reason"]
    assert [each["status"] for each in shown["statuses"]] == ["OPPRETTET", "FEIL"]
    assert gateway.call("GET", "/in/messages/peek").status_code == 204
    refused(gateway.call("POST", f"/in/messages/pop?messageId={message_id}"), 409, "NOT_HANDED_ON")
    assert 'gateway_inbox_messages{state="unreadable"}' in gateway.call("GET", "/manage/metrics").text
    elsewhere = gateway.call("GET", f"/statuses/{message_id}")
    refused(elsewhere, 404, "NOT_FOUND")
    assert f"/in/messages/{message_id}" in elsewhere.json()["mend"]
    aside = gateway.call("DELETE", f"/in/messages/pop?messageId={message_id}").json()
    assert (aside["state"], aside["signature"]["verdict"]) == ("acknowledged", "UNDECRYPTABLE")


def test_unknown_messages_are_unknown_everywhere(gateway: Gateway) -> None:
    """By every route that takes an id."""
    path = f"/in/messages/{uuid4()}"
    for method, rest in (
        ("GET", ""),
        ("POST", "/unlock"),
        ("POST", "/extend"),
        ("GET", "/documents"),
        ("GET", "/documents/vedtak.pdf"),
    ):
        refused(gateway.call(method, path + rest), 404, "NOT_FOUND")
    for method in ("POST", "DELETE"):
        refused(gateway.call(method, f"/in/messages/pop?messageId={uuid4()}"), 404, "NOT_FOUND")
