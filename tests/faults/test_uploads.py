"""Uploads that break off on their way to the real server: nothing of them is believed, and the next one is."""

import hashlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from gateway.sandbox.server import Sandbox
from tests.faults.figures import Client, settle, wait_for
from tests.live import served_process

# Some blocks of the server and of the document store, and no whole number of them.
CONTENT = b"%PDF-" + os.urandom(3 * 1024 * 1024 + 17)


@pytest.fixture(scope="module")
def server(elsewhere: Sandbox, tmp_path_factory: pytest.TempPathFactory, run_log: Path) -> Iterator[tuple[str, Path]]:
    """A served gateway with its worker: its address and its data folder."""
    data = tmp_path_factory.mktemp("uploads")
    with served_process(elsewhere, data, run_log.parent / "uploads.stderr") as (url, _):
        yield url, data


def close(line: socket.socket) -> None:
    """Say that this was all."""
    line.shutdown(socket.SHUT_WR)


def reset(line: socket.socket) -> None:
    """Vanish, as a machine does that lost its power."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize("end", [close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("sent", [0, 1, 1024 * 1024, len(CONTENT) - 1])
def test_what_is_shorter_than_its_content_length_is_not_kept(
    server: tuple[str, Path], sent: int, end: Callable[[socket.socket], None]
) -> None:
    """However far it came and however it broke off: no row and no file comes of it."""
    url, data = server
    client = Client(url, CONTENT)
    path = client.begin()
    before = files(data)
    with connected(url) as line:
        line.sendall(head(path, len(CONTENT)) + CONTENT[:sent])
        end(line)
        if end is close:
            answer = b"".join(iter(lambda: line.recv(4096), b""))
            assert answer == b"" or b" 400 " in answer.splitlines()[0], answer
    wait_for(lambda: files(data) == before, "nothing left behind")
    documents = requests.get(f"{url}{path}", timeout=30).json()["documents"]
    assert [each["received"] for each in documents] == [False]
    assert requests.post(f"{url}{path}", timeout=30).status_code == 409


def test_what_broke_off_and_was_sent_again_arrives_whole(server: tuple[str, Path], elsewhere: Sandbox) -> None:
    """The recipient has exactly the bytes of the upload that came to its end, once."""
    url, _ = server
    client = Client(url, CONTENT)
    path = client.begin()
    with connected(url) as line:
        # As long as the right one, so that only what the server counts can tell them apart.
        line.sendall(head(path, len(CONTENT)) + bytes(len(CONTENT) - 1))
        reset(line)
    client.ask("PUT", f"{path}/documents/vedtak.pdf", data=CONTENT)
    client.commit(path)
    assert settle(url, elsewhere.url, client.committed).good
    deliveries = requests.get(f"{elsewhere.url}/_sim/deliveries", timeout=10).json()
    (delivery,) = [each for each in deliveries if each["messageId"] in client.committed]
    sums = {each["name"]: each["sha256"] for each in delivery["files"]}
    assert sums["vedtak.pdf"] == hashlib.sha256(CONTENT).hexdigest()


def files(data: Path) -> list[Path]:
    """Every file of the document store, unfinished ones too."""
    return sorted(path for path in (data / "documents").rglob("*") if path.is_file())


def connected(url: str) -> socket.socket:
    """A connection to the server."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=20)


def head(path: str, length: int) -> bytes:
    """The head of an upload that promises so many bytes."""
    return f"PUT {path}/documents/vedtak.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()
