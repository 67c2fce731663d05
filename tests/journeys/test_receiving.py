"""Two gateways as two organisations against one sandbox: what one sends, the other receives, and tells so."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.sandbox.assembly import Pace
from gateway.sandbox.server import Sandbox
from tests.documents import DPO, SENDER, Message, Part
from tests.journeys.following import log_of, message_of, send, sim, wait_for, wait_for_status
from tests.live import Gateway, read_schemas, serving, working

World = tuple[Gateway, Gateway]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """HAVNES KOMMUNE and FJORDVIK TILSYN, each with a gateway and a worker of its own."""
    folder = tmp_path_factory.mktemp("world")
    pace = Pace(virus_scan=0.05, poll=0.1)
    with (
        Sandbox.start(folder / "sandbox", schemas=read_schemas(), pace=pace) as sandbox,
        serving(sandbox, folder / "a") as a,
        serving(sandbox, folder / "b", organisation=DPO) as b,
        working(a),
        working(b),
    ):
        yield a, b


def incoming(gateway: Gateway, message_id: str) -> dict:  # type: ignore[type-arg]
    """The message as this gateway shows it, once it has come in."""
    wait_for(lambda: gateway.call("GET", f"/in/messages/{message_id}").status_code == 200, f"{message_id} to come in")
    return gateway.call("GET", f"/in/messages/{message_id}").json()  # type: ignore[no-any-return]


def peek(gateway: Gateway, message_id: str) -> requests.Response:
    """Lock that one."""
    return gateway.call("GET", f"/in/messages/peek?messageId={message_id}")


@pytest.mark.parametrize("size", [10_000, 300 * 1024 * 1024], ids=["10 kB", "300 MB"])
def test_what_one_sends_the_other_peeks_pops_opens_and_acknowledges(world: World, size: int) -> None:
    """The sender is told MOTTATT and LEVERT, in that order; every byte is there, in the package and by name."""
    a, b = world
    content = os.urandom(size)
    (message_id,) = send(a, content=content)
    shown = incoming(b, message_id)
    assert (shown["state"], shown["sender"], shown["organisation"]) == ("waiting", SENDER, DPO)
    assert (shown["signature"]["verdict"], shown["signature"]["signedBySender"]) == ("VALID", True)
    peeked = peek(b, message_id)
    assert peeked.json()["standardBusinessDocument"]["arkivmelding"] == {"hoveddokument": "vedtak.pdf"}
    popped = b.call("POST", "/in/messages/pop")
    assert (popped.status_code, popped.headers["Content-Type"]) == (200, "application/vnd.etsi.asic-e+zip")
    with zipfile.ZipFile(io.BytesIO(popped.content)) as package:
        assert hashlib.sha256(package.read("vedtak.pdf")).digest() == hashlib.sha256(content).digest()
        assert b"<arkivmelding" in package.read("arkivmelding.xml")
    document = b.call("GET", f"/in/messages/{message_id}/documents/vedtak.pdf")
    assert hashlib.sha256(document.content).digest() == hashlib.sha256(content).digest()
    assert log_of(a, message_id)[-1] != "LEVERT"
    done = b.call("DELETE", "/in/messages/pop")
    assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
    assert wait_for_status(a, message_id, "LEVERT") == ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT"]
    told = incoming(b, message_id)
    assert [each["status"] for each in told["statuses"]] == ["OPPRETTET", "INNKOMMENDE_MOTTATT", "INNKOMMENDE_LEVERT"]
    wait_for(lambda: all(each["state"] == "sent" for each in incoming(b, message_id)["receipts"]), "the receipts")


def test_both_directions_and_the_feed_tells_of_what_came_in(world: World) -> None:
    """B sends to A; in A's feed it stands as INCOMING."""
    a, b = world
    back = Message(parts=(Part("Havnes kommune", SENDER),), melding_id="5b0a2a0e-76a4-4b5a-8d9c-1f2e3d4c5b6a")
    (message_id,) = send(b, back)
    assert incoming(a, message_id)["sender"] == DPO
    assert peek(a, message_id).status_code == 200
    assert a.call("DELETE", f"/in/messages/pop?messageId={message_id}").status_code == 200
    wait_for_status(b, message_id, "LEVERT")
    events = a.call("GET", "/statuses?direction=INCOMING&limit=1000").json()["events"]
    told = [each["status"] for each in events if each["messageId"] == message_id]
    assert told == ["OPPRETTET", "INNKOMMENDE_MOTTATT", "INNKOMMENDE_LEVERT"]


def test_an_answer_is_addressed_by_what_it_answers(world: World) -> None:
    """B names no identifier and no process: all that is A's, and A sees which message was answered."""
    a, b = world
    (message_id,) = send(a)
    incoming(b, message_id)
    answer = Message(parts=(Part("Havnes kommune", None),), melding_id="8b0a2a0e-76a4-4b5a-8d9c-1f2e3d4c5b6a")
    (answer_id,) = send(b, answer, inReplyTo=message_id)
    assert b.call("GET", f"/out/messages/{answer_id}").json()["inReplyTo"] == message_id
    shown = incoming(a, answer_id)
    assert (shown["sender"], shown["inReplyTo"]) == (DPO, message_id)
    header = shown_sbd(a, answer_id)["standardBusinessDocumentHeader"]
    assert {"type": "ReceiverRef", "instanceIdentifier": message_id} in header["businessScope"]["scope"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README uses curl")
def test_the_readme_receives_when_pasted(world: World, tmp_path: Path) -> None:
    """Its lines about receiving, in one shell, with those of the tour that they build on, while older things wait."""
    a, b = world
    while (left := b.call("GET", "/in/messages/peek")).status_code == 200:
        b.call("DELETE", f"/in/messages/pop?messageId={left.json()['messageId']}")
    (older,) = send(a)
    incoming(b, older)
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^(?:show|field)\(\) .*$", readme, re.MULTILINE)
    (lines,) = re.findall(r"```sh\n(# Against the sandbox.*?)```", readme, re.DOTALL)
    script = "\n".join(['api() { curl -sS "$@"; }', *named, lines])
    script = script.replace('"text": "Hei"', f'"text": "Hei", "to": "{DPO}"')
    environment = {**os.environ, "GATEWAY_URL": b.url, "SANDBOX_URL": b.sandbox.url}
    ran = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "brev.txt").read_text() == "Hei"
    assert zipfile.is_zipfile(tmp_path / "melding.asice")
    assert '"state": "acknowledged"' in ran.stdout


def shown_sbd(gateway: Gateway, message_id: str) -> dict:  # type: ignore[type-arg]
    """The SBD of a message that has come in."""
    return incoming(gateway, message_id)["standardBusinessDocument"]  # type: ignore[no-any-return]


def test_a_kvittering_of_the_other_side_is_lest_and_stands_in_the_inbox(world: World) -> None:
    """It shows which message it answers, and is acknowledged like any other."""
    a, b = world
    (message_id,) = send(a)
    conversation = incoming(b, message_id)["conversationId"]
    identifier = "6b0a2a0e-76a4-4b5a-8d9c-1f2e3d4c5b6a"
    sim(
        a, "POST", "forge", **{"as": DPO.removeprefix("0192:"), "sbd": kvittering(identifier, conversation, message_id)}
    )
    wait_for_status(a, message_id, "LEST")
    assert message_of(a, message_id)["lastStatus"] == "LEST"
    shown = incoming(a, identifier)
    assert (shown["inReplyTo"], shown["signature"]["verdict"]) == (message_id, "NO_PACKAGE")
    assert peek(a, identifier).json()["standardBusinessDocument"]["arkivmelding_kvittering"]["receiptType"] == "OK"
    assert a.call("POST", f"/in/messages/pop?messageId={identifier}").status_code == 204
    assert a.call("DELETE", f"/in/messages/pop?messageId={identifier}").status_code == 200


def kvittering(identifier: str, conversation: str, message_id: str) -> dict[str, object]:
    """An arkivmelding_kvittering from DPO to SENDER about that message."""

    def partner(number: str) -> list[dict[str, object]]:
        return [{"identifier": {"authority": "iso6523-actorid-upis", "value": number}}]

    return {
        "standardBusinessDocumentHeader": {
            "headerVersion": "1.0",
            "sender": partner(DPO),
            "receiver": partner(SENDER),
            "documentIdentification": {
                "standard": "urn:no:difi:arkivmelding:xsd::arkivmelding_kvittering",
                "typeVersion": "2.0",
                "instanceIdentifier": identifier,
                "type": "arkivmelding_kvittering",
                "creationDateAndTime": "2026-11-23T10:00:00+01:00",
            },
            "businessScope": {
                "scope": [
                    {
                        "type": "ConversationId",
                        "instanceIdentifier": conversation,
                        "identifier": "urn:no:difi:profile:arkivmelding:response:ver1.0",
                    }
                ]
            },
        },
        "arkivmelding_kvittering": {"receiptType": "OK", "relatedToMessageId": message_id},
    }
