"""Everything that a channel can answer, or fail to answer: where the message ends, after how many tries, how often it came."""

import os
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.errors import Verdict
from tests.faults.moving import Course
from tests.journeys.following import message_of, sim, wait_for
from tests.live import Gateway
from tests.secrets import PDF

READ = ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]
FAILED = ["OPPRETTET", "FEIL"]
# Milliseconds: longer than the gateway waits.
HANG = 2400
LARGE = b"%PDF-" + os.urandom(3 * 1024 * 1024)


@dataclass(frozen=True)
class Row:
    """What the channel does, and what comes of it.

    `verdict` is that of the first try (None: it went well). `tries` are tries of ours, `begun` and `uploads` calls that
    reached the Broker. `waited` is the least pause before the message was handed over. `orphans` are transfers that
    were begun and never published.
    """

    action: str
    tries: int = 2
    begun: int = 1
    uploads: int = 2
    times: int | None = 1
    retry_after: int | None = None
    verdict: Verdict | None = None
    log: tuple[str, ...] = tuple(READ)
    outcome: str = "delivered"
    act: str | None = None
    waited: float = 0
    orphans: tuple[str, ...] = ()
    content: bytes = PDF


def stopped(action: str, *, act: str = "operator", times: int | None = 1, uploads: int = 1, begun: int = 1) -> Row:
    """The message fails at the first try."""
    log = tuple(FAILED)
    # What was begun and refused stays behind without a byte.
    orphans = ("Initialized",) if uploads else ()
    return Row(action, 1, begun, uploads, times, None, Verdict.STOP, log, "failed", act, orphans=orphans)


# Looked at after 5, 20, 65 and 200 seconds, and last when ten minutes have gone since the first look.
TEN_MINUTES = 605.0

UPLOADS = {
    "400": stopped("status:400"),
    "401 once": Row("expired-token", tries=1),
    "401 for ever": stopped("expired-token", times=None, uploads=2),
    "403": stopped("status:403"),
    "404, though the transfer is there": Row("status:404", verdict=Verdict.ASK, waited=5),
    "409, though nothing was uploaded": Row("status:409", verdict=Verdict.ASK, waited=5),
    "413": stopped("status:413", act="sender"),
    "422": stopped("status:422"),
    "429": Row("status:429", verdict=Verdict.AGAIN, retry_after=1800, waited=1800),
    "500": Row("status:500", verdict=Verdict.ASK, waited=5),
    "503": Row("status:503", verdict=Verdict.ASK, waited=5),
    "503 with Retry-After": Row("status:503", verdict=Verdict.ASK, retry_after=900, waited=900),
    "503 three times": Row("status:503", verdict=Verdict.ASK, times=3, tries=4, uploads=4, waited=5 + 15 + 45),
    "cut before the body": Row("drop-before", verdict=Verdict.ASK, waited=5),
    "cut in the body": Row(
        "drop-in-body", 6, verdict=Verdict.ASK, begun=2, waited=TEN_MINUTES, orphans=("UploadStarted",), content=LARGE
    ),
    "cut after the body": Row(
        "drop-in-body", 6, verdict=Verdict.ASK, begun=2, waited=TEN_MINUTES, orphans=("UploadStarted",)
    ),
    "answer lost": Row("drop-after-commit", verdict=Verdict.ASK, uploads=1, waited=5),
    "answer unreadable": Row("bad-json", tries=1, uploads=1),
}

BEGINNINGS = {
    "400": stopped("status:400", uploads=0),
    "401 once": Row("expired-token", tries=1, begun=2, uploads=1),
    "401 for ever": stopped("expired-token", times=None, begun=2, uploads=0),
    "403": stopped("status:403", uploads=0),
    "404": stopped("status:404", uploads=0),
    "409": stopped("status:409", uploads=0),
    "413": stopped("status:413", act="sender", uploads=0),
    "422": stopped("status:422", uploads=0),
    "429": Row("status:429", verdict=Verdict.AGAIN, begun=2, uploads=1, retry_after=1800, waited=1800),
    "500": Row("status:500", verdict=Verdict.AGAIN, begun=2, uploads=1, waited=5),
    "503": Row("status:503", verdict=Verdict.AGAIN, begun=2, uploads=1, waited=5),
    "cut before": Row("drop-before", verdict=Verdict.AGAIN, begun=2, uploads=1, waited=5),
    "answer lost": Row(
        "drop-after-commit", verdict=Verdict.AGAIN, begun=2, uploads=1, waited=5, orphans=("Initialized",)
    ),
    "answer unreadable": Row("bad-json", verdict=Verdict.AGAIN, begun=2, uploads=1, waited=5, orphans=("Initialized",)),
}


def set_fault(gateway: Gateway, operation: str, row: Row) -> None:
    """Turn the dial as the row says."""
    body: dict[str, object] = {"channel": "broker", "operation": operation, "action": row.action, "times": row.times}
    if row.retry_after is not None:
        body["retryAfter"] = row.retry_after
    sim(gateway, "POST", "faults", **body)


def check(course: Course, row: Row) -> None:
    """Everything that the row says has come true, seen from all three sides."""
    assert course.settle() == list(row.log)
    message = message_of(course.gateway, course.id)
    assert message["outcome"] == row.outcome
    assert message["statuses"][-1].get("mustAct") == row.act
    assert course.tries()[0].verdict is row.verdict
    assert len(course.tries()) == row.tries, [each.detail for each in course.tries()]
    assert course.calls("initialize") == row.begun
    assert course.calls("upload") == row.uploads
    assert course.copies() == (1 if row.outcome == "delivered" else 0)
    there = ["AllConfirmedDownloaded"] if row.outcome == "delivered" else []
    assert sorted(course.transfers()) == sorted([*there, *row.orphans])
    assert row.waited <= course.waited.total_seconds() < row.waited + 30


@pytest.mark.parametrize("name", UPLOADS)
def test_upload(steady: Gateway, name: str) -> None:
    """What the channel does to the bytes of a message: its last status, its tries, and one copy or none."""
    row = UPLOADS[name]
    set_fault(steady, "upload", row)
    course = Course.begin(steady, row.content)
    course.carry_through()
    check(course, row)


@pytest.mark.parametrize("name", BEGINNINGS)
def test_initialise(steady: Gateway, name: str) -> None:
    """What the channel does when a transfer is begun; what was begun and not told to us is never published."""
    row = BEGINNINGS[name]
    set_fault(steady, "initialize", row)
    course = Course.begin(steady)
    course.carry_through()
    check(course, row)


def test_upload_hangs_and_is_sent_anew(hasty: Gateway) -> None:
    """No answer in time, and nothing there yet: the same transfer gets the bytes again, and the late ones are refused."""
    sim(hasty, "POST", "faults", channel="broker", operation="upload", action=f"delay:{HANG}", times=1)
    course = Course.begin(hasty)
    course.carry_through()
    assert course.calls("upload") == 1, "the first one was to hang still"
    wait_for(lambda: course.calls("upload") == 2, "the end of the call that hung")
    check(course, Row("", verdict=Verdict.ASK, waited=5))


def test_upload_hangs_and_is_taken_all_the_same(hasty: Gateway) -> None:
    """No answer in time, but the channel has every byte when it is asked: nothing is sent again."""
    sim(hasty, "POST", "faults", channel="broker", operation="upload", action=f"delay:{HANG}", times=1)
    course = Course.begin(hasty)
    course.step()
    wait_for(lambda: course.calls("upload") == 1, "the end of the call that hung")
    course.carry_through()
    check(course, Row("", verdict=Verdict.ASK, uploads=1, waited=5))


def test_initialise_hangs(hasty: Gateway) -> None:
    """No answer in time: another transfer is begun, and the first one stays empty."""
    sim(hasty, "POST", "faults", channel="broker", operation="initialize", action=f"delay:{HANG}", times=1)
    course = Course.begin(hasty)
    course.carry_through()
    wait_for(lambda: course.calls("initialize") == 2, "the end of the call that hung")
    check(course, Row("", verdict=Verdict.AGAIN, begun=2, uploads=1, waited=5, orphans=("Initialized",)))


@pytest.mark.parametrize(("operation", "transfers"), [("initialize", []), ("upload", ["Initialized"])])
def test_a_channel_that_never_comes_back(steady: Gateway, operation: str, transfers: list[str]) -> None:
    """It is tried until the deadline, at most an hour apart, and then the message has failed: nothing was sent."""
    sim(steady, "POST", "faults", channel="broker", operation=operation, action="status:503", times=None)
    course = Course.begin(steady)
    for _ in range(10):
        course.step()
    course.expire()
    assert course.settle() == ["OPPRETTET", "LEVETID_UTLOPT"]
    assert message_of(steady, course.id)["outcome"] == "failed"
    pauses = [later.at - earlier.at for earlier, later in zip(course.tries(), course.tries()[1:], strict=False)]
    assert pauses == [timedelta(seconds=wait) for wait in (5, 15, 45, 135, 405, 1215, 3600, 3600, 3600)]
    assert course.calls(operation) == 10
    assert course.transfers() == transfers
    assert course.copies() == 0
