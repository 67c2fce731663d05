"""Two organisations with a gateway each: over both doors, in both directions, with nothing, a little and a lot in the package.

What one posts, the other peeks, pops, opens, acknowledges and answers with a kvittering; the first is told MOTTATT, LEVERT
and LEST, in that order.
"""

import hashlib
import random
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documents import DPO, SENDER, Message, Part
from tests.journeys.following import log_of, wait_for_status
from tests.live import Gateway
from tests.message.sbds import Json, avtalt, kvittering, minimal
from tests.two_gateways import World, peek_until, two_gateways

NAMES = {SENDER: "Havnes kommune", DPO: "Fjordvik tilsyn"}
STEP = 1024 * 1024


@dataclass(frozen=True)
class Door:
    """How one of the doors is spoken to. `inbox` is its address for what comes in."""

    create: str
    created: int
    inbox: str


OURS = Door("/out/messages", 201, "/in/messages")
NEXTMOVE = Door("/api/messages/out", 200, "/api/messages/in")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """HAVNES KOMMUNE and FJORDVIK TILSYN."""
    with two_gateways(tmp_path_factory.mktemp("organisations")) as both:
        yield both


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 10_000, 300 * STEP], ids=["nothing", "10 kB", "300 MB"])
@pytest.mark.parametrize("to", [DPO, SENDER], ids=["there", "back"])
@pytest.mark.parametrize("door", [OURS, NEXTMOVE], ids=["ours", "api"])
def test_what_one_posts_the_other_takes_in_and_answers(
    world: World, tmp_path: Path, door: Door, to: str, size: int
) -> None:
    """To the last byte, and to the last status."""
    sender, recipient = (world.a, world.b) if to == DPO else (world.b, world.a)
    files = {"vedtak.pdf": made(tmp_path, size)} if size else {}
    message_id = post(sender, door, to, files=files)
    assert peek_until(recipient, message_id, f"{door.inbox}/peek").status_code == 200
    assert taken(recipient, door, message_id, folder=tmp_path).items() >= digests(files).items()
    acknowledge(recipient, door, message_id)
    wait_for_status(sender, message_id, "LEVERT")
    post(recipient, door, SENDER if to == DPO else DPO, answers=message_id, files={})
    wait_for_status(sender, message_id, "LEST")
    assert log_of(sender, message_id) == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]


def post(gateway: Gateway, door: Door, to: str, *, files: Mapping[str, Path], answers: str | None = None) -> str:
    """An arkivmelding with these files, an agreed message without any, or a kvittering; all the way; the messageId."""
    xml = Message(parts=(Part(NAMES[to], to),)).xml()
    if files and door is OURS:
        made = gateway.post(xml)
    else:
        sbd = kvittering(to, answers) if answers else minimal(to=to) if files else avtalt(to)
        made = gateway.call("POST", door.create, json=sbd)
    assert made.status_code == door.created, made.text
    body = made.json()
    path = f"{door.create}/{body['conversationId'] if door is OURS else id_in(body)}"
    sent = {name: file.open("rb") for name, file in files.items()}
    contents = sent if door is OURS or not files else {"arkivmelding.xml": xml, **sent}
    for name, content in contents.items():
        disposition = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Type": "application/octet-stream",
        }
        target = f"{path}/documents/{name}" if door is OURS else path
        assert gateway.call("PUT", target, data=content, headers=disposition).status_code in (200, 201)
    committed = gateway.call("POST", path)
    assert committed.status_code in (200, 202), committed.text
    return str(body["prototypes"][0]["messageId"]) if door is OURS else id_in(body)


def id_in(sbd: Json) -> str:
    """The messageId of an SBD."""
    return str(sbd["standardBusinessDocumentHeader"]["documentIdentification"]["instanceIdentifier"])


def taken(gateway: Gateway, door: Door, message_id: str, *, folder: Path) -> dict[str, str]:
    """The documents that this door hands out, by name, with their SHA-256."""
    method, path = ("POST", f"pop?messageId={message_id}") if door is OURS else ("GET", f"pop/{message_id}")
    answer = gateway.call(method, f"{door.inbox}/{path}", stream=True)
    if answer.status_code == 204:
        return {}
    assert answer.status_code == 200, answer.text
    container = folder / "popped.asice"
    with container.open("wb") as file:
        for block in answer.iter_content(STEP):
            file.write(block)
    with zipfile.ZipFile(container) as opened:
        return {name: digest_of(opened.open(name)) for name in opened.namelist()}


def acknowledge(gateway: Gateway, door: Door, message_id: str) -> None:
    """It is the fagsystem's now."""
    path = f"pop?messageId={message_id}" if door is OURS else message_id
    assert gateway.call("DELETE", f"{door.inbox}/{path}").status_code == 200


def made(folder: Path, size: int) -> Path:
    """A file of that many bytes that nothing can shorten."""
    path, chance = folder / "vedtak.pdf", random.Random(size)
    with path.open("wb") as file:
        for begin in range(0, size, STEP):
            file.write(chance.randbytes(min(STEP, size - begin)))
    return path


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """What must arrive."""
    return {name: digest_of(file.open("rb")) for name, file in files.items()}


def digest_of(source: object) -> str:
    """The SHA-256 of a stream, which is closed."""
    with source as stream:  # type: ignore[attr-defined]
        return hashlib.file_digest(stream, "sha256").hexdigest()
