"""Lanes: a limit for each party outside, and a party that fails is left alone, tried now and then, and taken up again."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.delivery.lanes import LANES, NO_LANE, Heard, Lanes, LaneSettings
from gateway.errors import AnswerLost, Outside, Rejected, Unavailable
from gateway.storage.tasks import Task

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SETTINGS = LaneSettings(limit=2, failures=3, first_pause=timedelta(seconds=5), longest_pause=timedelta(seconds=15))
DOWN = Unavailable("down", status=503)


def lanes() -> Lanes:
    """Three lanes, nobody in them."""
    return Lanes(("DPO", "poll", NO_LANE), settings=SETTINGS)


def task(subject: str, lane: str = "DPO") -> Task:
    """A claimed task."""
    return Task(ord(subject[0]), "deliver", subject, NOW, 1, 1, "", NOW + timedelta(minutes=1), lane)


def do(lanes: Lanes, subject: str, error: Outside | None, *, at: datetime = NOW, about: str = "") -> None:
    """Begin and end one task that asked somebody."""
    lanes.begin(task(subject))
    lanes.end(task(subject), Heard(error, about), now=at)


def test_a_full_lane_leaves_the_others_their_room() -> None:
    """Two at once in a lane, then none, until one has ended; the other lanes do not notice."""
    rooms = lanes()
    rooms.begin(task("a"))
    assert rooms.room(NOW) == {"DPO": 1, "poll": 2, NO_LANE: 2}
    rooms.begin(task("b"))
    assert rooms.room(NOW) == {"poll": 2, NO_LANE: 2}
    rooms.end(task("a"), Heard(), now=NOW)
    assert rooms.room(NOW)["DPO"] == 1


@pytest.mark.parametrize("error", [DOWN, AnswerLost("lost")], ids=["no answer", "answer lost"])
def test_a_party_that_fails_is_left_alone_and_tried_with_one(error: Outside) -> None:
    """After three messages in a row: nothing for five seconds, then one to try; twice as long when that fails too."""
    rooms = lanes()
    for subject in "abc":
        assert rooms.room(NOW)["DPO"] == 2
        do(rooms, subject, error)
    assert "DPO" not in rooms.room(NOW + timedelta(seconds=4.9))
    assert rooms.room(NOW + timedelta(seconds=4.9))["poll"] == 2
    later = NOW + timedelta(seconds=5)
    assert rooms.room(later)["DPO"] == 1
    rooms.begin(task("d"))
    assert "DPO" not in rooms.room(later)
    rooms.end(task("d"), Heard(error), now=later)
    assert "DPO" not in rooms.room(later + timedelta(seconds=9.9))
    assert rooms.room(later + timedelta(seconds=10))["DPO"] == 1


def test_the_pause_has_an_end() -> None:
    """However often it fails, it is tried again within the longest pause."""
    rooms, at = lanes(), NOW
    for number in range(20):
        do(rooms, str(number), DOWN, at=at)
        at += timedelta(seconds=15)
        assert rooms.room(at)["DPO"] >= 1


@pytest.mark.parametrize("error", [None, Rejected("no", status=422)], ids=["done", "refused"])
def test_an_answer_opens_the_lane(error: Outside | None) -> None:
    """A party that answers, be it with a refusal, is there again: the lane is as it was, and the count begins anew."""
    rooms = lanes()
    for subject in "abc":
        do(rooms, subject, DOWN)
    do(rooms, "d", error, at=NOW + timedelta(seconds=5))
    assert rooms.room(NOW + timedelta(seconds=5))["DPO"] == 2
    do(rooms, "a", DOWN, at=NOW + timedelta(seconds=6))
    assert rooms.room(NOW + timedelta(seconds=6))["DPO"] == 2


def test_one_message_alone_closes_nothing() -> None:
    """A message that fails again and again, say for its recipient's sake, is one message."""
    rooms = lanes()
    for _ in range(10):
        do(rooms, "a", DOWN)
    assert rooms.room(NOW)["DPO"] == 2


def test_too_many_requests_pauses_the_lane_as_long_as_was_asked() -> None:
    """429 with Retry-After speaks of all that we send; an hour at most is obeyed, and a shorter answer does not shorten it."""
    rooms = lanes()
    do(rooms, "a", Unavailable("slow down", status=429, retry_after=40))
    do(rooms, "b", Unavailable("slow down", status=429, retry_after=1))
    assert "DPO" not in rooms.room(NOW + timedelta(seconds=39))
    assert rooms.room(NOW + timedelta(seconds=40))["DPO"] == 1
    do(rooms, "c", Unavailable("slow down", status=429, retry_after=10**6), at=NOW)
    assert rooms.room(NOW + timedelta(hours=1))["DPO"] == 1


def test_recipients_whom_nobody_can_look_up_count_once_each() -> None:
    """Five messages to one recipient for whom the registry fails are one failure; five recipients are five."""
    rooms = lanes()
    for subject in "abcdef":
        do(rooms, subject, DOWN, about="0192:311000101")
    assert rooms.room(NOW)["DPO"] == 2
    for recipient in "xyz":
        do(rooms, "a", DOWN, about=recipient)
    assert "DPO" not in rooms.room(NOW)


def test_who_asked_nobody_tells_nothing() -> None:
    """A task that only waited, or a deadline that was told, neither opens a lane nor breaks a row of failures."""
    rooms = lanes()
    for subject in "abc":
        do(rooms, subject, DOWN)
        rooms.begin(task("w"))
        rooms.end(task("w"), None, now=NOW)
    assert "DPO" not in rooms.room(NOW)


def test_a_long_upload_keeps_no_lane_shut() -> None:
    """What began before the lane closed is no try: one more may be begun beside it when the pause is over."""
    rooms = lanes()
    rooms.begin(task("long"))
    for subject in "abc":
        do(rooms, subject, DOWN)
    later = NOW + timedelta(hours=1)
    assert rooms.room(later)["DPO"] == 1
    rooms.begin(task("probe"))
    assert "DPO" not in rooms.room(later)
    rooms.end(task("probe"), Heard(), now=later)
    assert rooms.room(later)["DPO"] == 1


def test_a_success_from_before_does_not_open_a_lane_that_asked_for_rest() -> None:
    """429 with Retry-After stands, whatever had been begun before it and ends well."""
    rooms = lanes()
    rooms.begin(task("long"))
    do(rooms, "a", Unavailable("slow down", status=429, retry_after=600))
    rooms.end(task("long"), Heard(), now=NOW + timedelta(seconds=1))
    assert "DPO" not in rooms.room(NOW + timedelta(seconds=599))
    assert rooms.room(NOW + timedelta(seconds=600))["DPO"] == 1


def test_what_waits_for_nobody_is_never_left_alone() -> None:
    """Sweeping has no party outside."""
    rooms = lanes()
    for subject in "abcdef":
        rooms.begin(task(subject, NO_LANE))
        rooms.end(task(subject, NO_LANE), Heard(DOWN), now=NOW)
    assert rooms.room(NOW)[NO_LANE] == 2


def test_every_channel_has_a_lane() -> None:
    """A task in a lane that no worker knows would wait for ever."""
    assert {"DPO", "DPV", "DPF", "DPI", "DPE", "DPH", "poll", "expire", "webhook", ""} <= set(LANES)
