"""A disk that is full, and has room again: database, documents and spool on one small file system."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.sandbox.server import Sandbox
from tests.documents import Message, merknad
from tests.faults.figures import XML, Client, Crowd, delivered, settle, wait_for, wait_for_more
from tests.live import served_process

SIZE = 24 * 1024 * 1024
LONG = merknad("ord " * 250_000)
DOCUMENT = b"%PDF-" + os.urandom(300_000)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with a disk of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Ballast:
    """What fills the disk up to so many free bytes; a file that nobody else reads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def fill(self, left: int = 0) -> None:
        """Take all the room that there is, but for `left` bytes."""
        with self._path.open("ab", buffering=0) as file:
            for size in (1024 * 1024, 4096):
                while self._free(file.fileno()) >= left + size:
                    file.write(bytes(size))

    def drop(self) -> None:
        """Make room again."""
        self._path.unlink()

    def _free(self, handle: int) -> int:
        disk = os.fstatvfs(handle)
        return disk.f_bavail * disk.f_frsize


@pytest.fixture
def served(small: Path, elsewhere: Sandbox, run_log: Path) -> Iterator[str]:
    """The address of a gateway with its worker whose data folder lies on the small disk; no fault outlives a test."""
    with served_process(elsewhere, small / "data", run_log.parent / "disk.stderr") as (url, _):
        yield url
    requests.delete(f"{elsewhere.url}/_sim/faults", timeout=10)


def test_a_full_disk_is_told_and_keeps_nothing_by_halves(served: str, small: Path) -> None:
    """Neither a document nor an arkivmelding that found no room is believed; with room again the same calls go well."""
    begun = requests.post(f"{served}/out/messages", data=Message().xml(), headers=XML, timeout=30).json()
    draft = f"{served}/out/messages/{begun['conversationId']}"
    document = f"{draft}/documents/vedtak.pdf"
    ballast = Ballast(small)
    ballast.fill()
    refused = [
        requests.put(document, data=DOCUMENT, timeout=30),
        requests.post(f"{served}/out/messages", data=Message(merknad=LONG).xml(), headers=XML, timeout=30),
    ]
    for answer in refused:
        assert answer.status_code == 503, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"].isdigit()
        assert answer.json()["code"] == "STORAGE_UNAVAILABLE"
        assert "room" in answer.json()["mend"]
    standing = requests.get(draft, timeout=30)
    assert standing.status_code == 200, "what is there cannot be read"
    assert standing.json()["documents"][0]["received"] is False
    assert requests.post(draft, timeout=30).status_code == 409
    assert documents_in(small) == []
    assert len(requests.get(f"{served}/out/messages", timeout=30).json()["conversations"]) == 1
    ballast.drop()
    assert requests.put(document, data=DOCUMENT, timeout=30).status_code == 201
    assert requests.post(draft, timeout=30).status_code == 202


@pytest.fixture
def database_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database lies on another disk, so that the worker can work while documents and spool have no room."""
    monkeypatch.setenv("GATEWAY_STORAGE_DATABASE", str(tmp_path / "gateway.db"))


@pytest.mark.usefixtures("database_elsewhere")
def test_receipts_that_find_no_room_are_not_lost(served: str, small: Path, elsewhere: Sandbox) -> None:
    """They are fetched again and again, confirmed only when they are kept, and taken in when there is room."""
    dial = f"{elsewhere.url}/_sim/faults"
    away = {"channel": "recipient", "operation": "fetch", "action": "never-fetch", "times": None}
    requests.post(dial, json=away, timeout=10).raise_for_status()
    client = Client(served, DOCUMENT)
    client.send()
    (message_id,) = client.committed
    wait_for(lambda: "SENDT" in log_at(served, message_id), "the hand-over")
    ballast = Ballast(small)
    ballast.fill()
    before = calls_at(elsewhere, "list")
    requests.delete(dial, timeout=10)
    wait_for(lambda: message_id in delivered(elsewhere.url), "the recipient")
    wait_for(lambda: calls_at(elsewhere, "list") >= before + 8, "four rounds of the worker")
    assert "LEST" not in log_at(served, message_id)
    ballast.drop()
    figures = settle(served, elsewhere.url, client.committed)
    assert figures.good, figures
    # The last of them may have been fetched in the moment in which there was room again, before the others had another turn.
    every = ["LEST", "LEVERT", "MOTTATT", "OPPRETTET", "SENDT"]
    wait_for(lambda: sorted(log_at(served, message_id)) == every, "every receipt")


@pytest.mark.slow
def test_a_full_disk_under_load(served: str, small: Path, elsewhere: Sandbox) -> None:
    """Filled to the last byte and nearly so, while clients send: each is told to come again, and everything comes once."""
    ballast = Ballast(small)
    with Crowd([Client(served, DOCUMENT) for _ in range(2)]) as crowd:
        wait_for(lambda: set(crowd.committed()) & set(delivered(elsewhere.url)), "the worker")
        for left in (0, 40_000, 400_000):
            wait_for_more(crowd, 2)
            turned_away = crowd.turned_away()["503"]
            ballast.fill(left)
            wait_for(lambda seen=turned_away: crowd.turned_away()["503"] > seen + 3, "a full disk")
            ballast.drop()
        wait_for_more(crowd, 2)
    assert crowd.broken == []
    assert crowd.odd() == []
    figures = settle(served, elsewhere.url, crowd.committed())
    assert figures.good, figures
    assert list((small / "data" / "documents" / "unfinished").iterdir()) == []


def documents_in(small: Path) -> list[Path]:
    """Every file of the document store, unfinished ones too."""
    return [path for path in (small / "data" / "documents").rglob("*") if path.is_file()]


def log_at(url: str, message_id: str) -> list[str]:
    """The names of its statuses, oldest first."""
    (message,) = requests.get(f"{url}/statuses/{message_id}", timeout=30).json()["messages"]
    return [event["status"] for event in message["statuses"]]


def calls_at(sandbox: Sandbox, operation: str) -> int:
    """How often the Broker was asked that."""
    journal = requests.get(f"{sandbox.url}/_sim/journal", timeout=10).json()
    return sum(each["operation"] == f"broker/{operation}" for each in journal)
