"""Logins below /api: each client sees what it has sent, and what has come to its organisations, and nothing else."""

import hashlib
from collections.abc import Iterator

import pytest
import requests
from werkzeug.security import generate_password_hash

from gateway.app import now
from gateway.sandbox.server import Sandbox
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from tests.api.incoming import store_incoming
from tests.api.nextmove.asking import OWN, refused
from tests.api.nextmove.sending import WHOLE, XML, form, fresh, message_id_of, put_file
from tests.documents import DPO, SENDER
from tests.live import Gateway, serving
from tests.message.sbds import minimal
from tests.secrets import PDF

ONE, TWO, STRANGER, STRICT = ("one", "p"), ("two", "p"), ("stranger", "p"), ("strict", "p")
NOT_FOUND = f"{OWN}MessageNotFoundException"


@pytest.fixture(scope="module")
def guarded(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Two logins of our organisation, one of them careful with versions; one of another; and a key."""
    with serving(sandbox, tmp_path_factory.mktemp("logins")) as served:
        secret = generate_password_hash("p")
        with served.assembly.database.writing() as connection:
            clients.add(connection, Client("1", "one", ClientKind.BASIC, secret, (SENDER,), now(), True))
            clients.add(connection, Client("2", "two", ClientKind.BASIC, secret, (SENDER,), now()))
            clients.add(connection, Client("3", "stranger", ClientKind.BASIC, secret, (DPO,), now()))
            key = hashlib.sha256(b"key").hexdigest()
            clients.add(
                connection, Client("5", "strict", ClientKind.BASIC, secret, (SENDER,), now(), handling="strict")
            )
            clients.add(connection, Client("4", "key", ClientKind.API_KEY, key, (SENDER,), now()))
        yield served


def send(guarded: Gateway, login: tuple[str, str]) -> str:
    """In one form; the message id."""
    files = form(fresh(), *WHOLE)
    answer = guarded.call("POST", "/api/messages/out/multipart", files=files, auth=login)
    assert answer.status_code == 200, answer.text
    return message_id_of(answer.json())


def total(guarded: Gateway, path: str, login: tuple[str, str]) -> int:
    """How many there are in a list."""
    answer = guarded.call("GET", f"/api/{path}", auth=login)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["totalElements"])


def test_nobody_without_a_login(guarded: Gateway) -> None:
    """401 everywhere, with Basic asked for; a key lets in as a password does."""
    for route in ("GET statuses", "POST messages/out", "GET messages/in/peek", "DELETE subscriptions"):
        method, path = route.split()
        answer = requests.request(method, f"{guarded.url}/api/{path}", timeout=10)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    for headers in ({"X-Api-Key": "key"}, {"Authorization": "Bearer key"}):
        assert guarded.call("GET", "/api/statuses", headers=headers).status_code == 200


def test_what_one_client_has_sent(guarded: Gateway) -> None:
    """Another of the same organisation neither sees nor hides nor takes it; the careful one needs no If-Match here."""
    message_id = send(guarded, ONE)
    for path in (f"statuses/{message_id}", f"statuses?messageId={message_id}", f"conversations?messageId={message_id}"):
        assert total(guarded, path, ONE) >= 1
        assert total(guarded, path, TWO) == 0
    assert guarded.call("DELETE", f"/api/conversations/messageId/{message_id}", auth=TWO).status_code == 200
    first = guarded.call("GET", f"/api/statuses/{message_id}", auth=ONE).json()["content"][0]["id"]
    assert guarded.call("DELETE", f"/api/statuses/{first}", auth=TWO).status_code == 404
    assert guarded.call("DELETE", f"/api/statuses/{first}", auth=ONE).status_code == 200


def test_what_one_client_is_about_to_send(guarded: Gateway) -> None:
    """Another can neither add to it, send it, look at it nor throw it away; its id is taken for all."""
    sbd = fresh()
    assert guarded.call("POST", "/api/messages/out", json=sbd, auth=ONE).status_code == 200
    message_id = message_id_of(sbd)
    path = f"/api/messages/out/{message_id}"
    refused(put_file(guarded, message_id, "brev.pdf", PDF, auth=TWO), 404, NOT_FOUND)
    refused(guarded.call("POST", path, auth=TWO), 404, NOT_FOUND)
    refused(guarded.call("GET", path, auth=TWO), 404, NOT_FOUND)
    assert guarded.call("DELETE", path, auth=TWO).status_code == 200
    assert guarded.call("GET", path, auth=ONE).status_code == 200
    exists = guarded.call("POST", "/api/messages/out", json=sbd, auth=TWO)
    refused(exists, 400, f"{OWN}MessageAlreadyExistsException")
    assert put_file(guarded, message_id, "brev.pdf", PDF, auth=ONE).status_code == 200


def test_for_whom_a_client_may_send(guarded: Gateway) -> None:
    """Its own organisation where none is named."""
    answer = guarded.call("POST", "/api/messages/out", json=fresh(minimal(to=SENDER)), auth=STRANGER)
    assert answer.status_code == 200, answer.text
    sender = answer.json()["standardBusinessDocumentHeader"]["sender"][0]["identifier"]["value"]
    assert sender.endswith(DPO.removeprefix("0192:"))


def test_what_has_come_in(guarded: Gateway) -> None:
    """Both logins of the organisation see it; a lock holds for both, and either may fetch and acknowledge. No stranger."""
    message_id = store_incoming(guarded)
    for login, there in ((ONE, 1), (TWO, 1), (STRANGER, 0)):
        assert total(guarded, f"messages/in?messageId={message_id}", login) == there
        assert total(guarded, f"conversations?messageId={message_id}", login) == there
        assert (total(guarded, f"statuses/{message_id}", login) > 0) == bool(there)
    peek = f"/api/messages/in/peek?messageId={message_id}"
    assert guarded.call("GET", peek, auth=STRANGER).status_code == 204
    assert guarded.call("GET", peek, auth=ONE).status_code == 200
    assert guarded.call("GET", peek, auth=TWO).status_code == 204
    pop, done = f"/api/messages/in/pop/{message_id}", f"/api/messages/in/{message_id}"
    refused(guarded.call("GET", pop, auth=STRANGER), 404, NOT_FOUND)
    refused(guarded.call("DELETE", done, auth=STRANGER), 404, NOT_FOUND)
    assert guarded.call("GET", pop, auth=TWO).status_code == 200
    assert guarded.call("DELETE", done, auth=TWO).status_code == 200


def test_each_has_its_own_queue_and_its_own_sight(guarded: Gateway) -> None:
    """What one hides or takes of what came in is still there for the other."""
    message_id = store_incoming(guarded)
    first = guarded.call("GET", f"/api/statuses/{message_id}", auth=ONE).json()["content"][0]["id"]
    assert guarded.call("DELETE", f"/api/statuses/{first}", auth=ONE).status_code == 200
    assert guarded.call("DELETE", f"/api/conversations/messageId/{message_id}", auth=ONE).status_code == 200
    assert total(guarded, f"statuses/{message_id}", ONE) == 0
    assert total(guarded, f"statuses/{message_id}", TWO) == 2
    assert guarded.call("DELETE", f"/api/statuses/{first}", auth=TWO).status_code == 200


def test_each_has_its_own_subscriptions(guarded: Gateway) -> None:
    """The same name and endpoint are another subscription for another client."""
    wish = {"name": "n", "pushEndpoint": "http://127.0.0.1:9/", "resource": "all", "event": "all"}
    made = {login: guarded.call("POST", "/api/subscriptions", json=wish, auth=login) for login in (ONE, TWO)}
    assert [answer.status_code for answer in made.values()] == [200, 200]
    theirs = f"/api/subscriptions/{made[TWO].json()['id']}"
    for method in ("GET", "DELETE"):
        refused(guarded.call(method, theirs, auth=ONE), 404, f"{OWN}SubscriptionNotFoundException")
    assert guarded.call("DELETE", "/api/subscriptions", auth=ONE).status_code == 200
    assert (total(guarded, "subscriptions", ONE), total(guarded, "subscriptions", TWO)) == (0, 1)


def test_how_strictly_an_arkivmelding_is_read(guarded: Gateway) -> None:
    """Leniently, as existing clients need it, unless the login says strict."""
    odd = (("a", "arkivmelding.xml", XML.replace("Utgående dokument".encode(), b"Ukjent"), "text/xml"), WHOLE[1])
    for login, status in ((TWO, 200), (STRICT, 400)):
        answer = guarded.call("POST", "/api/messages/out/multipart", files=form(fresh(), *odd), auth=login)
        assert answer.status_code == status, answer.text
    assert "Ukjent" in answer.json()["message"]
