"""A large message in the sandbox: what passes through is never held in memory."""

import json
import os
import subprocess
import sys
import uuid
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.message.sbd import write_envelope
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Signing
from gateway.sandbox.assembly import utc_now
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.organisations import SENDER

from .acting import FJORDVIK, WRITE, Actor, arkivmelding_envelope, await_until, packaged
from .test_recipients import VALID

SIZE = 300 * 1024 * 1024
LIMIT = 32 * 1024 * 1024
_SERVE = """
import sys
from pathlib import Path
from gateway.resources import shipped
from gateway.sandbox.server import Sandbox
schemas = {file.name: file.read_bytes() for file in shipped("schemas").iterdir()}
with Sandbox.start(Path(sys.argv[1]), schemas=schemas) as sandbox:
    print(sandbox.url, flush=True)
    sys.stdin.read()
"""


class Elsewhere:
    """A sandbox in a process of its own; enough of one for an `Actor`."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.authority = Authority(folder / "keys", now=utc_now)


@pytest.fixture
def process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a sandbox until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(20) == 0


def peak(process: subprocess.Popen[str]) -> int:
    """The most memory that the process has held so far, in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def send(actor: Actor, document: Path) -> dict[str, Any]:
    """Send a message with a document from disk; returns the recipient's delivery once it has answered."""
    envelope = arkivmelding_envelope(FJORDVIK)
    with document.open("rb") as file:
        digest, crc = sha256(), 0
        while block := file.read(1024 * 1024):
            digest.update(block)
            crc = zlib.crc32(block, crc)
    size = document.stat().st_size
    files = (
        packaged("arkivmelding.xml", VALID, "application/xml"),
        PackagedFile("large.bin", "application/octet-stream", size, crc, digest.digest(), lambda: document.open("rb")),
    )
    sealed = seal_dpo(
        json.dumps(write_envelope(envelope)).encode(),
        files,
        parties=Parties(envelope.sender, envelope.receiver or ""),
        signer=Signing(actor.keys, datetime.now(UTC), str(uuid.uuid4())),
        certificate=actor.sandbox.authority.credential(Holder(FJORDVIK, "FJORDVIK TILSYN")).certificate,
    )
    transfer = actor.initialize(FJORDVIK).json()["fileTransferId"]
    chunks = (bytes(chunk) for chunk in sealed.chunks())
    assert actor.broker("POST", f"/{transfer}/upload", scope=WRITE, data=chunks).status_code == 200

    def look() -> dict[str, Any] | None:
        seen = requests.get(f"{actor.sandbox.url}/_sim/deliveries", timeout=10).json()
        return next(
            (each for each in seen if each["messageId"] == envelope.message_id and len(each["answers"]) == 3), None
        )

    found = await_until(look, seconds=90)
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see another process's memory")
def test_300_mb_pass_through_in_constant_memory(process: subprocess.Popen[str], folder: Path, tmp_path: Path) -> None:
    """Upload, download, decryption and verification of 300 MB make the sandbox grow by less than 32 MiB."""
    assert process.stdout is not None
    sandbox: Any = Elsewhere(process.stdout.readline().strip(), folder)
    actor = Actor(sandbox, SENDER)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(os.urandom(1024 * 1024))
    with large.open("wb") as file:
        for _ in range(SIZE // (1024 * 1024)):
            file.write(os.urandom(1024 * 1024))
    assert send(actor, small)["signature"] == "valid"
    before = peak(process)
    delivery = send(actor, large)
    assert (delivery["signature"], delivery["files"][1]["size"]) == ("valid", SIZE)
    assert peak(process) - before < LIMIT
