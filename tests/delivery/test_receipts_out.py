"""Receipts back: one MOTTATT and one LEVERT for each message, in that order, whatever the channel does meanwhile."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import AnswerLost, LeaseLost, Rejected, TokenRefused, Unavailable
from gateway.message.processes import ARKIVMELDING_KVITTERING, ARKIVMELDING_RESPONSE, AVTALT_RESPONSE
from gateway.message.sbd import Envelope, read_envelope
from gateway.storage.engine import Database
from gateway.transports.port import Found
from tests.certificates import NOW, issue
from tests.delivery.desk_in import Desk
from tests.delivery.parcels import OURS, ROOT, SENDER, envelope, pack

AVTALT = "urn:no:difi:avtalt:xsd::avtalt"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A receiving side."""
    (tmp_path / "desk").mkdir()
    return Desk(database, tmp_path / "desk")


def receive(desk: Desk, said: Envelope) -> str:
    """Let that come in; its message id."""
    desk.channel.offer(pack(said))
    desk.poll()
    return said.message_id


def acknowledge(desk: Desk, message_id: str) -> None:
    """Let a fagsystem fetch it."""
    room, caller = desk.room(), desk.caller()
    assert room.peek(caller) is not None
    room.acknowledge(message_id, caller)


def read(content: bytes) -> dict[str, Any]:
    """The SBD of what was sent, which carries nothing else."""
    with zipfile.ZipFile(BytesIO(content)) as parcel:
        assert parcel.namelist() == ["sbd.json"]
        return json.loads(parcel.read("sbd.json"))  # type: ignore[no-any-return]


def told(desk: Desk) -> list[str]:
    """The statuses that have gone out, in their order."""
    return [read(content)["status"]["status"] for _, content in desk.channel.sent]


def test_a_receipt_is_the_envelope_turned_round(desk: Desk) -> None:
    """Same ids, the response process, the message channel, a day to live, no files."""
    said = envelope(channel="skole", sender_ref="sak 7", receiver_ref="x")
    receive(desk, said)
    at = desk.time
    desk.carry_all()
    ((sent, content),) = desk.channel.sent
    assert (sent.sender, sent.recipient, sent.message_channel) == (OURS, SENDER, "skole")
    reply = read_envelope(read(content))
    assert (reply.message_id, reply.conversation_id) == (said.message_id, said.conversation_id)
    assert (reply.sender, reply.receiver, reply.process) == (OURS, SENDER, ARKIVMELDING_RESPONSE)
    assert (reply.type, reply.business, reply.channel) == ("status", {"status": "MOTTATT"}, "skole")
    assert (reply.sender_ref, reply.receiver_ref) == (None, None)
    assert reply.expected_response is not None
    assert abs(reply.expected_response - at - timedelta(hours=24)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("document_type", "process"), [(ARKIVMELDING_KVITTERING, ARKIVMELDING_RESPONSE), (AVTALT, AVTALT_RESPONSE)]
)
def test_each_type_is_answered_by_its_own_process(desk: Desk, document_type: str, process: str) -> None:
    """A kvittering like an arkivmelding."""
    receive(desk, envelope(document_type=document_type, business={}))
    desk.carry_all()
    assert read_envelope(read(desk.channel.sent[0][1])).process == process


def test_mottatt_goes_before_levert(desk: Desk) -> None:
    """Though both are due, and though MOTTATT fails first."""
    message_id = receive(desk, envelope())
    acknowledge(desk, message_id)
    desk.channel.faults["send"] = [Unavailable("away")]
    desk.carry_all()
    assert told(desk) == ["MOTTATT", "LEVERT"]
    assert desk.owed(message_id) == [("MOTTATT", "sent"), ("LEVERT", "sent")]


HARD_TIMES: dict[str, Callable[[Desk], None]] = {
    "away": lambda desk: desk.channel.faults.update(send=[Unavailable("away")] * 4),
    "answer lost": lambda desk: desk.channel.faults.update(answer=[AnswerLost("lost")]),
    "answer lost, and then it cannot be asked": lambda desk: desk.channel.faults.update(
        answer=[AnswerLost("lost")], find=[Unavailable("away")] * 3
    ),
    "a crash of our own after it was sent": lambda desk: desk.channel.faults.update(answer=[ZeroDivisionError()]),
    "a crash before it was sent": lambda desk: desk.channel.faults.update(send=[ZeroDivisionError()]),
}


@pytest.mark.parametrize("name", sorted(HARD_TIMES))
def test_a_receipt_is_sent_once_in_hard_times(desk: Desk, name: str) -> None:
    """What the channel has is found there and not sent again."""
    message_id = receive(desk, envelope())
    HARD_TIMES[name](desk)
    desk.carry_all()
    assert told(desk) == ["MOTTATT"]
    assert desk.owed(message_id) == [("MOTTATT", "sent")]


def test_a_worker_that_dies_after_the_bytes_went_leaves_nothing_to_send(desk: Desk) -> None:
    """The next one asks the channel by the reference that was kept before the first byte."""
    receive(desk, envelope())
    desk.channel.faults["answer"] = [LeaseLost("killed here")]
    with pytest.raises(LeaseLost):
        desk.carry()
    desk.time += timedelta(minutes=2)
    desk.carry_all()
    assert told(desk) == ["MOTTATT"]


def test_a_worker_that_was_overtaken_sends_nothing(desk: Desk) -> None:
    """Its fence is old: it may not even name the transfer."""
    receive(desk, envelope())
    (held,) = desk.claim()
    desk.time += timedelta(minutes=2)
    assert desk.claim() != ()
    with pytest.raises(LeaseLost):
        desk.receipts().carry(held)
    assert desk.channel.sent == []
    assert desk.channel.begun == {"r0": Found.EMPTY}


def test_half_uploaded_bytes_are_waited_for_and_then_sent_anew(desk: Desk) -> None:
    """A transfer of which the channel still waits for bytes is not believed in for ever."""
    receive(desk, envelope())
    desk.channel.faults["send"] = [AnswerLost("cut")]
    desk.carry()
    desk.channel.begun["r0"] = Found.BUSY
    begun = desk.time
    desk.carry_all()
    assert told(desk) == ["MOTTATT"]
    assert len(desk.channel.begun) == 2
    assert timedelta(minutes=9) < desk.time - begun < timedelta(minutes=25)


def test_what_can_never_succeed_stops_and_says_why(desk: Desk) -> None:
    """LEVERT is not held up by it."""
    message_id = receive(desk, envelope())
    desk.channel.faults["send"] = [Rejected("no such recipient", code="X", status=400)]
    desk.carry_all()
    assert desk.owed(message_id) == [("MOTTATT", "failed")]
    acknowledge(desk, message_id)
    desk.carry_all()
    assert told(desk) == ["LEVERT"]


def test_after_a_day_it_is_given_up(desk: Desk) -> None:
    """The sender has long since been told that its deadline has passed."""
    message_id = receive(desk, envelope())
    desk.channel.faults["send"] = [Unavailable("away")] * 1000
    desk.carry_all(timedelta(hours=30))
    assert desk.owed(message_id) == [("MOTTATT", "failed")]
    assert told(desk) == []


def test_a_key_that_has_run_out_costs_no_receipt(desk: Desk) -> None:
    """It is tried until the operator has put the new one beside it, as long as it lives."""
    receive(desk, envelope())
    expired = issue(ROOT, "311000017", "Vi", not_after=NOW - timedelta(days=1))
    sound, desk.keys = desk.keys, (expired,)
    desk.channel.faults["send"] = [TokenRefused("the system user was not approved yet")]
    for _ in range(3):
        assert desk.carry() == 1
        desk.time += timedelta(minutes=30)
    assert told(desk) == []
    desk.keys = sound
    desk.carry_all()
    assert told(desk) == ["MOTTATT"]
