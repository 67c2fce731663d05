"""What a transfer looks like when an earlier try is taken up again: a test per row of the table of states (durability)."""

from datetime import timedelta

import pytest
import requests

from gateway.transports.dpo.broker import Broker, Overview, _Call
from tests.faults.moving import Course
from tests.journeys.following import fault, message_of, sim, wait_for
from tests.live import Gateway

READ = ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]


def interrupted(gateway: Gateway) -> Course:
    """A message whose transfer was begun and whose bytes never arrived: the connection broke."""
    fault(gateway, "broker upload", "drop-before")
    course = Course.begin(gateway)
    course.step()
    assert course.transfers() == ["Initialized"]
    return course


def unanswered(gateway: Gateway) -> Course:
    """A message of which the channel has every byte and the gateway does not know it; the recipient looks away."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    fault(gateway, "broker upload", "drop-after-commit")
    course = Course.begin(gateway)
    course.step()
    wait_for(lambda: course.transfers() == ["Published"], "a published transfer")
    return course


def check_once(course: Course, *, begun: int = 1, uploads: int) -> None:
    """It was read, it came once, and so many transfers and uploads were needed for it."""
    sim(course.gateway, "DELETE", "faults")
    assert course.settle() == READ
    assert message_of(course.gateway, course.id)["outcome"] == "delivered"
    assert (course.calls("initialize"), course.calls("upload")) == (begun, uploads)
    assert course.copies() == 1


def check_history(course: Course, first: str) -> None:
    """The old transfer stays in the history, with why it was given up, and the new one is another."""
    begun, *_, given_up, anew = course.references()
    assert begun.reference == first
    assert given_up.reference is None
    assert given_up.why
    assert anew.reference not in (None, first)


def test_initialized_gets_the_bytes_under_the_same_id(steady: Gateway) -> None:
    """No second transfer is begun for it."""
    course = interrupted(steady)
    first = course.reference()
    course.step()
    assert [each.reference for each in course.references()] == [first]
    check_once(course, uploads=2)


def test_upload_started_is_looked_at_for_ten_minutes(steady: Gateway) -> None:
    """Somebody may still be sending it: nothing is sent for ten minutes from the first look, then a new one is begun."""
    course = interrupted(steady)
    first = course.reference()
    course.force("UploadStarted")
    for _ in range(3):
        course.step()
    half_found = course.references()[-1].at
    course.at = half_found + timedelta(minutes=10, seconds=-1)
    course.step()
    assert (course.calls("initialize"), course.calls("upload")) == (1, 1)
    course.step()
    assert course.at == half_found + timedelta(minutes=10), "the last look did not come when the ten minutes were over"
    check_history(course, first)
    assert course.transfers().count("UploadStarted") == 1
    check_once(course, begun=2, uploads=2)


def test_upload_started_that_is_finished_meanwhile(steady: Gateway) -> None:
    """The slow upload of an earlier try came through: it counts as sent, and nothing is sent again."""
    course = unanswered(steady)
    course.force("UploadStarted")
    course.step()
    assert course.log() == ["OPPRETTET"]
    course.force("Published")
    course.step()
    check_once(course, uploads=1)


def test_upload_processing_is_waited_for(steady: Gateway) -> None:
    """Every byte is there: it counts as handed over, nothing is sent again, and it is watched until it is published."""
    course = unanswered(steady)
    course.force("UploadProcessing")
    for _ in range(3):
        course.step()
    assert course.log() == ["OPPRETTET", "SENDT"]
    assert course.standing() is not None, "nobody watches it"
    course.force("Published")
    course.step()
    assert course.standing() is None, "it is watched still"
    check_once(course, uploads=1)


def test_upload_processing_that_fails_its_scan(steady: Gateway) -> None:
    """What was handed over and dropped by the channel is FEIL, for it is no transfer that the gateway could begin anew."""
    course = unanswered(steady)
    course.force("UploadProcessing")
    course.step()
    course.force("Failed")
    course.step()
    assert course.settle_without_receipts() == ["OPPRETTET", "SENDT", "FEIL"]
    assert message_of(steady, course.id)["outcome"] == "failed"
    assert (course.calls("upload"), course.copies()) == (1, 0)


def test_published_is_sent(steady: Gateway) -> None:
    """The answer to the upload was lost, and the recipient has not fetched it yet."""
    course = unanswered(steady)
    course.step()
    check_once(course, uploads=1)


@pytest.mark.parametrize("state", ["AllConfirmedDownloaded", "Purged"])
def test_what_the_recipient_has_fetched_is_sent(steady: Gateway, state: str) -> None:
    """The answer to the upload was lost, and when it is asked for, the recipient has the message already."""
    fault(steady, "broker upload", "drop-after-commit")
    course = Course.begin(steady)
    course.step()
    wait_for(lambda: course.transfers() == ["AllConfirmedDownloaded"], "the recipient")
    if state == "Purged":
        course.force("Purged")
    course.step()
    check_once(course, uploads=1)


@pytest.mark.parametrize("state", ["Failed", "Cancelled"])
def test_what_the_channel_dropped_is_begun_anew(steady: Gateway, state: str) -> None:
    """At once, in a new transfer: of that one nothing can come any more."""
    course = interrupted(steady)
    first = course.reference()
    course.force(state)
    course.step()
    check_history(course, first)
    check_once(course, begun=2, uploads=2)


def test_what_the_channel_does_not_know_is_begun_anew(steady: Gateway) -> None:
    """404 for our own transfer: it is gone, and a new one is begun."""
    course = interrupted(steady)
    first = course.reference()
    fault(steady, "broker overview", "status:404")
    course.step()
    check_history(course, first)
    check_once(course, begun=2, uploads=2)


@pytest.mark.parametrize(
    "body",
    [b"<html><body>No such page</body></html>", b"", b'{"statusCode": 404, "message": "Resource not found"}'],
    ids=["page", "nothing", "gateway"],
)
def test_a_404_of_something_before_the_channel_sends_nothing(
    steady: Gateway, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """The channel has every byte; a proxy's 404 does not count as its word, so the message comes once."""
    course = unanswered(steady)
    make = Broker._make

    def answer(broker: Broker, call: _Call, token: str) -> requests.Response:
        answered = make(broker, call, token)
        answered.status_code, answered._content = 404, body
        return answered

    monkeypatch.setattr(Broker, "_make", answer)
    for _ in range(2):
        course.step()
    monkeypatch.undo()
    assert len(course.references()) == 1
    course.step()
    check_once(course, uploads=1)


def test_a_word_that_nobody_knows_sends_nothing(steady: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state of a later broker may mean that everything is there: it is asked again, until it says something known."""
    course = unanswered(steady)
    show(monkeypatch, "Quarantined")
    for _ in range(4):
        course.step()
    assert course.log() == ["OPPRETTET"]
    assert (course.calls("initialize"), course.calls("upload")) == (1, 1)
    assert "Quarantined" in course.tries()[-1].detail
    monkeypatch.undo()
    course.step()
    check_once(course, uploads=1)


@pytest.mark.parametrize("answer", ["status:403", "status:500", "drop-before", "bad-json"])
def test_an_overview_that_does_not_come_sends_nothing(steady: Gateway, answer: str) -> None:
    """While it cannot be asked what became of the bytes, they are not sent a second time."""
    course = unanswered(steady)
    fault(steady, "broker overview", answer, times=None)
    for _ in range(2):
        course.step()
    assert course.log() == ["OPPRETTET"]
    assert (course.calls("initialize"), course.calls("upload")) == (1, 1)
    sim(steady, "DELETE", "faults")
    course.step()
    check_once(course, uploads=1)


def test_a_transfer_whose_id_was_lost_is_never_published(steady: Gateway) -> None:
    """The answer to its beginning was lost: another one is begun, and the first stays without a byte."""
    fault(steady, "broker initialize", "drop-after-commit")
    course = Course.begin(steady)
    course.step()
    assert course.references() == ()
    course.step()
    check_once(course, begun=2, uploads=1)
    assert sorted(course.transfers()) == ["AllConfirmedDownloaded", "Initialized"]


def test_409_at_the_upload_is_looked_at(steady: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another got there between our look and our bytes: the conflict is no failure, and no reason to begin anew."""
    course = unanswered(steady)
    show(monkeypatch, "Initialized")
    course.step()
    monkeypatch.undo()
    assert course.tries()[-1].http_status == 409
    assert course.log() == ["OPPRETTET"]
    course.step()
    assert len(course.references()) == 1
    check_once(course, uploads=2)


def show(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """Let every overview say that the transfer is in that state."""

    def overview(_: Broker, organisation: str, reference: str) -> Overview:
        return Overview(reference, state, state, organisation, None, None)

    monkeypatch.setattr(Broker, "overview", overview)
