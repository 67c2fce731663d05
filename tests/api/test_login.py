"""Who may come in: keys, passwords, the local user, hosts and origins; and that clients do not see each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from werkzeug.security import generate_password_hash

from gateway.api.login import hash_key
from gateway.app import now, require_safe_address
from gateway.config import ServerSettings
from gateway.errors import SetupFault
from gateway.sandbox.server import Sandbox
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from tests.documents import SENDER, Message
from tests.live import Gateway, serving

OTHER = "0192:311000101"


@pytest.fixture(scope="module")
def guarded(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with four logins."""
    with serving(sandbox, tmp_path_factory.mktemp("guarded")) as served:
        entries = [
            Client("c1", "fagsystem", ClientKind.API_KEY, hash_key("key-one"), (SENDER,), now()),
            Client("c2", "annet", ClientKind.API_KEY, hash_key("key-two"), (SENDER, OTHER), now()),
            Client("c3", "navn", ClientKind.BASIC, generate_password_hash("pass ord"), (SENDER,), now()),
            Client("c4", "streng", ClientKind.API_KEY, hash_key("key-four"), (SENDER,), now(), require_if_match=True),
        ]
        with served.assembly.database.writing() as connection:
            for entry in entries:
                clients.add(connection, entry)
        yield served


def bearer(key: str) -> dict[str, str]:
    """The header of a login by key."""
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        {"Authorization": "Basic bmF2bjpmZWls"},
        {"X-Api-Key": "wrong"},
        {"Authorization": "Digest x"},
    ],
    ids=["none", "key", "password", "header", "scheme"],
)
def test_without_a_right_login_it_is_401(guarded: Gateway, headers: dict[str, str]) -> None:
    """With the schemes that are taken, and nothing about which part was wrong."""
    answer = guarded.call("GET", "/out/messages", headers=headers)
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("headers", [bearer("key-one"), {"X-Api-Key": "key-one"}], ids=["bearer", "header"])
def test_a_key_lets_in(guarded: Gateway, headers: dict[str, str]) -> None:
    """In either header."""
    assert guarded.call("GET", "/out/messages", headers=headers).status_code == 200


def test_a_password_lets_in(guarded: Gateway) -> None:
    """By Basic; and a key is no password."""
    assert guarded.call("GET", "/out/messages", auth=("navn", "pass ord")).status_code == 200
    assert guarded.call("GET", "/out/messages", auth=("fagsystem", "key-one")).status_code == 401


def test_clients_do_not_see_each_other(guarded: Gateway) -> None:
    """Another client's conversation is 404 in every way, and not in the list."""
    body = guarded.post(Message().xml(), headers=bearer("key-one")).json()
    path = f"/out/messages/{body['conversationId']}"
    for method, where in (
        ("GET", path),
        ("POST", path),
        ("DELETE", path),
        ("GET", f"/statuses/{body['conversationId']}"),
        ("GET", f"/out/messages/{body['prototypes'][0]['messageId']}"),
    ):
        assert guarded.call(method, where, headers=bearer("key-four") | {"If-Match": "1"}).status_code == 404
    listed = guarded.call("GET", "/out/messages", headers=bearer("key-four")).json()["conversations"]
    assert body["conversationId"] not in {entry["conversationId"] for entry in listed}


def test_a_login_for_several_organisations_names_its_sender(guarded: Gateway) -> None:
    """422 SENDER_REQUIRED without one, 201 with one, 403 with another's."""
    refused = guarded.post(Message().xml(), headers=bearer("key-two"))
    assert refused.json()["code"] == "SENDER_REQUIRED"
    for sender, status in ((SENDER, 201), ("311000012", 201), ("0192:311000063", 403)):
        files = {
            "arkivmelding": ("a.xml", Message().xml(), "application/xml"),
            "options": (None, f'{{"sender": "{sender}"}}'),
        }
        assert guarded.call("POST", "/out/messages", files=files, headers=bearer("key-two")).status_code == status


def test_if_match_is_demanded_where_the_login_says_so(guarded: Gateway) -> None:
    """428 on change, commit and discard; with the ETag they go through."""
    first = guarded.post(Message().xml(), headers=bearer("key-four"))
    path = f"/out/messages/{first.json()['conversationId']}"
    assert guarded.call("PUT", path, json={}, headers=bearer("key-four")).status_code == 428
    assert guarded.call("POST", path, headers=bearer("key-four")).status_code == 428
    assert guarded.call("DELETE", path, headers=bearer("key-four")).status_code == 428
    tagged = bearer("key-four") | {"If-Match": first.headers["ETag"]}
    assert guarded.call("DELETE", path, headers=tagged).status_code == 204


def test_the_local_user_is_shut_out_once_there_are_logins(guarded: Gateway) -> None:
    """No login, no entry, though it listens on loopback only."""
    assert guarded.call("GET", "/out/messages").status_code == 401


def test_a_foreign_page_is_refused(gateway: Gateway) -> None:
    """By its Origin, and a foreign Host too; our own are let through."""
    assert gateway.call("GET", "/out/messages", headers={"Origin": "https://ond.example"}).status_code == 403
    assert gateway.call("GET", "/out/messages", headers={"Origin": "null"}).status_code == 403
    assert gateway.call("GET", "/out/messages", headers={"Host": "ond.example"}).json()["code"] == "HOST"
    assert gateway.call("GET", "/out/messages", headers={"Origin": gateway.url}).status_code == 200
    port = gateway.url.rpartition(":")[2]
    assert requests.get(f"http://localhost:{port}/out/messages", timeout=10).status_code == 200


def test_docs_and_health_are_open_and_nothing_else(guarded: Gateway) -> None:
    """The page, its document and the health; not the counts."""
    for path in ("/docs", "/openapi.json", "/manage/health"):
        assert guarded.call("GET", path).status_code == 200
    assert guarded.call("GET", "/manage/metrics").status_code == 401
    assert guarded.call("GET", "/manage/metrics", headers=bearer("key-one")).status_code == 200


def test_it_does_not_listen_beyond_the_machine_without_logins(gateway: Gateway, guarded: Gateway) -> None:
    """`SetupFault` says how to make a login; with one it starts."""
    from dataclasses import replace

    def open_to_all(served: Gateway) -> None:
        settings = replace(served.assembly.settings, server=ServerSettings(host="0.0.0.0"))
        require_safe_address(settings, served.assembly.database)

    with pytest.raises(SetupFault, match="nobody has a login"):
        open_to_all(gateway)
    open_to_all(guarded)


def test_secrets_are_not_kept_in_clear(guarded: Gateway) -> None:
    """Neither keys nor passwords stand in the database file."""
    data = Path(guarded.assembly.settings.data)
    content = b"".join(path.read_bytes() for path in data.glob("gateway.db*"))
    assert b"key-one" not in content
    assert b"pass ord" not in content
