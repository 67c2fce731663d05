"""A document of 300 MB, and one of 2 GiB, from PUT to the recipient's verification, with server and worker as real processes."""

import hashlib
import re
import sys
import time
from pathlib import Path

import pytest
import requests

from gateway.sandbox.server import Sandbox
from tests.documents import Message
from tests.live import served_process

MEGABYTE, MEBIBYTE = 1000 * 1000, 1024 * 1024
CEILING = 32 * 1024
BLOCK = hashlib.sha256(b"block").digest() * 32768  # 1 MiB that no compression shrinks to nothing


class Content:
    """The bytes of the document, read piece by piece, with a length that is known."""

    def __init__(self, size: int) -> None:
        self.size = self.left = size

    def __len__(self) -> int:
        return self.size

    def read(self, size: int = len(BLOCK)) -> bytes:
        """The next piece."""
        piece = BLOCK[: min(self.left, size, len(BLOCK))]
        self.left -= len(piece)
        return piece


def resident(pid: int, what: str) -> int:
    """KiB of a process: `VmRSS` now, `VmHWM` at its highest."""
    match = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert match
    return int(match[1])


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_300_megabytes_pass_with_little_memory(tmp_path: Path, sandbox: Sandbox, run_log: Path) -> None:
    """Server and worker each grow by less than 32 MiB; the recipient has the very bytes, and found the signature valid."""
    with served_process(sandbox, tmp_path, run_log.parent / "large.stderr") as (url, pid):
        pass_through(300 * MEGABYTE, (url, pid), sandbox)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_2_gibibytes_pass_with_little_memory(
    tmp_path: Path, sandbox: Sandbox, run_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for 2 GiB where the limits of gateway and channel are raised; it takes minutes, and 7 GB of disk."""
    limit = 3 * 1024 * MEBIBYTE
    monkeypatch.setattr("gateway.sandbox.broker.LARGEST", limit)
    monkeypatch.setattr("gateway.sandbox.transfers.LARGEST", limit)
    monkeypatch.setenv("GATEWAY_INTAKE_MAXIMUM_UPLOAD", str(limit))
    monkeypatch.setenv("GATEWAY_DPO_MAXIMUM_MESSAGE", str(limit))
    with served_process(sandbox, tmp_path, run_log.parent / "huge.stderr") as (url, pid):
        pass_through(2 * 1024 * MEBIBYTE, (url, pid), sandbox)


def pass_through(size: int, served: tuple[str, int], sandbox: Sandbox) -> None:
    """Send a document of that size through a gateway, its address and pid, and hold it to its memory."""
    url, pid = served
    digest, begun = hashlib.sha256(), time.monotonic()
    body = Content(size)
    while block := body.read():
        digest.update(block)
    # One small message first, so that everything that is loaded once has been.
    follow(url, commit(url, b"%PDF-1.4 small"), sandbox)
    before = {each: resident(each, "VmRSS") for each in family(pid)}
    delivery = follow(url, commit(url, Content(size)), sandbox)
    growth = {each: resident(each, "VmHWM") - size for each, size in before.items()}
    seconds = time.monotonic() - begun
    print(
        f"{size} bytes in {seconds:.0f} s; growth in KiB, server, serving process and worker: {sorted(growth.values())}"
    )
    assert {entry["name"]: entry["sha256"] for entry in delivery["files"]}["vedtak.pdf"] == digest.hexdigest()
    assert delivery["signature"] == "valid"
    assert len(before) >= 3, "the server, its serving process and the worker"
    assert max(growth.values()) < CEILING, growth


def commit(url: str, body: object) -> str:
    """Post, upload, commit; the message's id."""
    headers = {"Content-Type": "application/xml"}
    answer = requests.post(f"{url}/out/messages", data=Message().xml(), headers=headers, timeout=30).json()
    path = f"{url}/out/messages/{answer['conversationId']}"
    put = requests.put(f"{path}/documents/vedtak.pdf", data=body, timeout=900)  # type: ignore[arg-type]
    assert put.status_code == 201, put.text
    assert requests.post(path, timeout=30).status_code == 202
    return str(answer["prototypes"][0]["messageId"])


def follow(url: str, message_id: str, sandbox: Sandbox) -> dict:  # type: ignore[type-arg]
    """Until LEST; what the recipient says of it."""
    end = time.monotonic() + 1200
    while True:
        (message,) = requests.get(f"{url}/statuses/{message_id}", timeout=30).json()["messages"]
        if message["lastStatus"] == "LEST":
            break
        assert time.monotonic() < end, message
        assert message["lastStatus"] != "FEIL", message
        time.sleep(0.2)
    deliveries = requests.get(f"{sandbox.url}/_sim/deliveries", timeout=30).json()
    return next(entry for entry in deliveries if entry["messageId"] == message_id)  # type: ignore[no-any-return]
