"""What only the real server shows: bodies that are cut off, and a client that stalls."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from gateway.sandbox.server import Sandbox
from tests.documents import Message
from tests.live import served_process
from tests.secrets import PDF

XML = {"Content-Type": "application/xml"}


@pytest.fixture(scope="module")
def server(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, run_log: Path) -> Iterator[tuple[str, Path]]:
    """A served gateway without worker: its address and its data folder."""
    data = tmp_path_factory.mktemp("gunicorn")
    with served_process(sandbox, data, run_log.parent / "gunicorn.stderr", "--no-worker") as (url, _):
        yield url, data


def files(data: Path) -> list[Path]:
    """Every file of the document store, unfinished ones too."""
    return [path for path in (data / "documents").rglob("*") if path.is_file()]


def half(url: str, request: bytes) -> bytes:
    """Send what there is, end the sending side, and read what comes back."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(4096), b""))


CUTS = {
    "declared": b"Content-Length: 1000\r\n\r\n" + PDF,
    "chunked, between two chunks": b"Transfer-Encoding: chunked\r\n\r\n5\r\n%PDF-\r\n",
    "chunked, inside a chunk": b"Transfer-Encoding: chunked\r\n\r\n100\r\n%PDF-",
    "chunked, inside a size": b"Transfer-Encoding: chunked\r\n\r\n5\r\n%PDF-\r\n1",
}


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_an_upload_that_is_cut_off_is_refused_and_leaves_nothing(server: tuple[str, Path], cut: str) -> None:
    """The server hands over some of these as if they were whole; no row and no file comes of them."""
    url, data = server
    body = requests.post(f"{url}/out/messages", data=Message().xml(), headers=XML, timeout=30).json()
    path = f"/out/messages/{body['conversationId']}"
    before = files(data)
    answer = half(url, f"PUT {path}/documents/vedtak.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode() + CUTS[cut])
    assert answer == b"" or b" 400 " in answer.splitlines()[0], answer
    after = requests.get(url + path, timeout=30).json()
    assert after["documents"][0]["received"] is False
    assert files(data) == before


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_a_post_that_is_cut_off_leaves_no_conversation(server: tuple[str, Path], cut: str) -> None:
    """A whole arkivmelding followed by a document that ends early."""
    url, data = server
    count = len(requests.get(f"{url}/out/messages", params={"limit": 500}, timeout=30).json()["conversations"])
    before = files(data)
    part = (
        b'--x\r\nContent-Disposition: form-data; name="arkivmelding"\r\n\r\n' + Message().xml() + b"\r\n"
        b'--x\r\nContent-Disposition: form-data; name="d"; filename="vedtak.pdf"\r\n\r\n%PDF-'
    )
    framed = f"{len(part):x}\r\n".encode() + part + b"\r\n"
    ending = {
        "declared": b"Content-Length: 100000\r\n\r\n" + part,
        "chunked, between two chunks": b"Transfer-Encoding: chunked\r\n\r\n" + framed,
        "chunked, inside a chunk": b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + part,
        "chunked, inside a size": b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"1",
    }[cut]
    head = b"POST /out/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    answer = half(url, head + ending)
    assert answer == b"" or b" 400 " in answer.splitlines()[0], answer
    listed = requests.get(f"{url}/out/messages", params={"limit": 500}, timeout=30).json()["conversations"]
    assert len(listed) == count
    assert files(data) == before


def test_a_chunked_upload_that_is_whole_is_taken(server: tuple[str, Path]) -> None:
    """The cuts above are refused for being cut, not for being chunked."""
    url, _ = server
    body = requests.post(f"{url}/out/messages", data=Message().xml(), headers=XML, timeout=30).json()
    path = f"{url}/out/messages/{body['conversationId']}/documents/vedtak.pdf"
    assert requests.put(path, data=iter([PDF[:9], PDF[9:]]), timeout=30).status_code == 201
