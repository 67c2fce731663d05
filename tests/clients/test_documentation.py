"""The documentation's own commands, run by curl as they stand there: one form, several steps, peek, pop, DELETE."""

import json
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.api.nextmove.sending import XML
from tests.clients.conftest import LOGIN
from tests.clients.playing import until_delivered, whole_sbd
from tests.documents import SENDER
from tests.live import Gateway
from tests.message.sbds import HEADER
from tests.secrets import PDF
from tests.two_gateways import peek_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the commands name."""
    (tmp_path / "arkivmelding.xml").write_bytes(XML)
    (tmp_path / "vedtak.pdf").write_bytes(PDF)
    return tmp_path


def curl(gateway: Gateway, folder: Path, *arguments: str) -> tuple[int, str]:
    """The status and the body. `BASE` stands for the address."""
    words = [word.replace("BASE", gateway.url) for word in arguments]
    command = ["curl", "-sS", "-u", ":".join(LOGIN), "-w", "\n%{http_code}", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def write_sbd(folder: Path, to: str = SENDER) -> str:
    """sbd.json; its message id."""
    message_id = str(uuid.uuid4())
    (folder / "sbd.json").write_text(json.dumps(whole_sbd(message_id, to=to)))
    return message_id


def test_one_form(gateway: Gateway, folder: Path) -> None:
    """`--form sbd=<file` sends the SBD as a field of no type; the others are files."""
    message_id = write_sbd(folder)
    status, body = curl(
        gateway, folder, "-X", "POST", "BASE/api/messages/out/multipart",
        "-F", "sbd=<sbd.json;type=application/json",
        "-F", "arkivmelding=@arkivmelding.xml;type=application/xml", "-F", "vedtak=@vedtak.pdf;type=application/pdf",
    )  # fmt: skip
    assert (status, json.loads(body)[HEADER]["documentIdentification"]["instanceIdentifier"]) == (200, message_id)
    _receive(gateway, folder, message_id)


def test_several_steps(gateway: Gateway, folder: Path) -> None:
    """`-d @file` calls JSON a form, and `-T`-like uploads name the file in a header; the send has `-d ''`."""
    message_id = write_sbd(folder)
    status, body = curl(gateway, folder, "BASE/api/messages/out", "-d", "@sbd.json")
    assert status == 200, body
    for name in ("arkivmelding.xml", "vedtak.pdf"):
        status, body = curl(
            gateway, folder, "-X", "PUT", f"BASE/api/messages/out/{message_id}", "--data-binary", f"@{name}",
            "-H", f"content-disposition: attachment; name=fil; filename={name}", "-H", "content-type: application/octet-stream",
        )  # fmt: skip
        assert (status, body) == (200, "")
    assert curl(gateway, folder, "-X", "POST", f"BASE/api/messages/out/{message_id}", "-d", "") == (200, "")
    _receive(gateway, folder, message_id)


def _receive(gateway: Gateway, folder: Path, message_id: str) -> None:
    """With the slash and the capital D of one page, which must lock this message and no other."""
    peek_until(gateway, message_id)
    status, _ = curl(gateway, folder, f"BASE/api/messages/in/peek/?messageID={uuid.uuid4()}")
    assert status == 204
    status, _ = curl(gateway, folder, f"BASE/api/messages/in/pop/{message_id}", "-o", "asic.zip")
    assert status == 200
    assert (folder / "asic.zip").read_bytes()[:2] == b"PK"
    status, body = curl(gateway, folder, "-X", "DELETE", f"BASE/api/messages/in/{message_id}")
    assert (status, message_id in body) == (200, True)
    status, body = curl(gateway, folder, f"BASE/api/statuses/{message_id}?size=1&sort=id,desc")
    assert (status, json.loads(body)["totalElements"] > 1) == (200, True)
    until_delivered(gateway, message_id)
