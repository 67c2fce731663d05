"""The same door behind the real server: bytes in headers, uploads in chunks, bodies that are cut off."""

import io
import socket
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from gateway.sandbox.server import Sandbox
from tests.api.nextmove.sending import WHOLE, XML, form
from tests.clients.playing import until, whole_sbd
from tests.documents import SENDER
from tests.live import read_schemas, served_process
from tests.secrets import PDF


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, run_log: Path) -> Iterator[str]:
    """`gateway serve` with its worker, in a sandbox of its own."""
    folder = tmp_path_factory.mktemp("served")
    with (
        Sandbox.start(folder / "sandbox", schemas=read_schemas()) as sandbox,
        served_process(sandbox, folder / "data", run_log.parent / "reference.stderr") as (address, _),
    ):
        yield f"{address}/api"


def statuses(url: str, message_id: str) -> list[str]:
    """The names of a message's statuses."""
    found = requests.get(f"{url}/statuses/{message_id}", timeout=10).json()["content"]
    return [each["status"] for each in found]


def test_step_by_step_to_oneself(url: str) -> None:
    """A file name in UTF-8 as it is in the header, a file in chunks of no declared length; received, fetched, acknowledged."""
    message_id = str(uuid.uuid4())
    made = requests.post(
        f"{url}/messages/out/", json=whole_sbd(message_id, to=SENDER), timeout=30, allow_redirects=False
    )
    assert made.status_code == 200, made.text
    for name, content in (("arkivmelding.xml", XML), ("vedtak.pdf", PDF), ("kart over bjørkås.pdf", PDF * 50_000)):
        headers = {"Content-Disposition": f"attachment; filename={name}".encode(), "Content-Type": b"application/pdf"}
        chunks = (content[at : at + 65536] for at in range(0, len(content), 65536))
        put = requests.put(f"{url}/messages/out/{message_id}", data=chunks, headers=headers, timeout=30)
        assert put.status_code == 200, put.text
    assert requests.post(f"{url}/messages/out/{message_id}", timeout=30).status_code == 200

    def peek() -> int:
        return requests.get(f"{url}/messages/in/peek/?messageId={message_id}", timeout=10).status_code

    until(peek, lambda status: status == 200)
    popped = requests.get(f"{url}/messages/in/pop/{message_id}", timeout=30)
    with zipfile.ZipFile(io.BytesIO(popped.content)) as container:
        assert container.read("kart over bjørkås.pdf") == PDF * 50_000
    assert requests.delete(f"{url}/messages/in/{message_id}", timeout=30).status_code == 200
    until(lambda: statuses(url, message_id), lambda seen: "LEVERT" in seen)


def test_a_form(url: str) -> None:
    """In one request."""
    message_id = str(uuid.uuid4())
    sbd = whole_sbd(message_id, to=SENDER)
    answer = requests.post(f"{url}/messages/out/multipart", files=form(sbd, *WHOLE), timeout=30)
    assert answer.status_code == 200, answer.text
    until(lambda: statuses(url, message_id), lambda seen: "SENDT" in seen)


def test_an_upload_that_is_cut_off(url: str) -> None:
    """400 or no answer, and nothing is kept: the same name can be uploaded whole."""
    message_id = str(uuid.uuid4())
    assert requests.post(f"{url}/messages/out", json=whole_sbd(message_id, to=SENDER), timeout=30).status_code == 200
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as line:
        head = (
            f"PUT /api/messages/out/{message_id} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 1000\r\n"
            "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=brev.pdf\r\n\r\n"
        )
        line.sendall(head.encode() + b"half")
        line.shutdown(socket.SHUT_WR)
        assert b" 200 " not in line.recv(4096)
    whole = requests.put(
        f"{url}/messages/out/{message_id}",
        data=b"whole",
        headers={"Content-Disposition": "attachment; filename=brev.pdf", "Content-Type": "application/pdf"},
        timeout=30,
    )
    assert whole.status_code == 200, whole.text
