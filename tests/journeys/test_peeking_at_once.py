"""Ten clients peek at once over four web processes on PostgreSQL: no message is two clients' within a lock."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from gateway.cli.settings_file import write_settings
from gateway.sandbox.server import Sandbox
from gateway.storage import clients, inbox
from gateway.storage.clients import Client, ClientKind
from gateway.storage.engine import Database
from tests.documents import SENDER
from tests.live import served_process
from tests.postgresql import is_installed, running_server
from tests.storage.making import NOW
from tests.storage.test_inbox import make_incoming

CLIENTS, PROCESSES, MESSAGES = 10, 4, 120


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    if not is_installed():
        pytest.skip("PostgreSQL's server or psycopg is not on this machine")
    with running_server() as url:
        yield url


@pytest.mark.slow
def test_ten_clients_over_four_processes_never_share_a_message(
    sandbox: Sandbox, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every message is given out, each once, while all of them ask as fast as they can; each client got some."""
    from gateway.api.login import hash_key

    data = tmp_path / "data"
    write_settings(data, sandbox.setup(), poll_seconds=60)
    monkeypatch.setenv("GATEWAY_STORAGE_DATABASE", address)
    database = Database(address)
    database.upgrade()
    with database.writing() as connection:
        for _ in range(MESSAGES):
            assert inbox.insert(connection, make_incoming(organisation=SENDER, receiver=SENDER))
        for number in range(CLIENTS):
            name, secret = f"client-{number}", hash_key(f"key-{number}")
            clients.add(connection, Client(name, name, ClientKind.API_KEY, secret, (SENDER,), NOW))
    database.close()
    seen: list[list[str]] = [[] for _ in range(CLIENTS)]
    odd: list[str] = []
    ready = threading.Barrier(CLIENTS)

    def work(number: int, url: str) -> None:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer key-{number}"
        session.get(f"{url}/in/messages", timeout=30)
        ready.wait()
        while (answer := session.get(f"{url}/in/messages/peek", timeout=30)).status_code == 200:
            seen[number].append(answer.json()["messageId"])
        if answer.status_code != 204:
            odd.append(f"{answer.status_code} {answer.text}")

    with ExitStack() as stack:
        urls = [
            stack.enter_context(served_process(sandbox, data, tmp_path / f"serve-{each}.log", "--no-worker"))[0]
            for each in range(PROCESSES)
        ]
        threads = [threading.Thread(target=work, args=(number, urls[number % PROCESSES])) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert odd == []
    counted = Counter(message_id for some in seen for message_id in some)
    assert set(counted.values()) == {1}
    assert counted.total() == MESSAGES
    assert all(seen), [len(some) for some in seen]
