"""Times with Norway's offset, written and read."""

from datetime import UTC, date, datetime

import pytest

from gateway.message.oslo import day_begins, day_ends, oslo_time, read_oslo_time


def test_times_carry_the_offset_of_their_day() -> None:
    """One hour in winter, two in summer, whatever the offset is now."""
    assert oslo_time(datetime(2031, 3, 4, 8, 15, 2, 113999, tzinfo=UTC)) == "2031-03-04T09:15:02.113+01:00"
    assert oslo_time(datetime(2031, 7, 4, 8, 15, tzinfo=UTC)) == "2031-07-04T10:15:00.000+02:00"


def test_the_offset_changes_at_one_in_utc() -> None:
    """On the last Sunday of March and of October, to the second."""
    for before, after in (("2026-03-29T00:59:59", "+01:00"), ("2026-03-29T01:00:00", "+02:00")):
        assert oslo_time(datetime.fromisoformat(f"{before}Z")).endswith(after)
    for before, after in (("2026-10-25T00:59:59", "+02:00"), ("2026-10-25T01:00:00", "+01:00")):
        assert oslo_time(datetime.fromisoformat(f"{before}Z")).endswith(after)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2031-03-04T09:15:00+01:00", "2031-03-04T08:15:00"),
        ("2031-03-04T09:15:00.1234567Z", "2031-03-04T09:15:00.123456"),
        ("2031-03-04T09:15:00", "2031-03-04T08:15:00"),
        ("2031-07-04T09:15:00", "2031-07-04T07:15:00"),
        ("2031-03-04T09:15", "2031-03-04T08:15:00"),
        ("2031-03-04T09:15:00+01:00[Europe/Oslo]", "2031-03-04T08:15:00"),
        (" 2031-03-04t09:15:00z ", "2031-03-04T09:15:00"),
    ],
)
def test_times_are_read_with_and_without_an_offset(text: str, utc: str) -> None:
    """Without one the time is Norwegian: that of its own day, not of today."""
    assert read_oslo_time(text).astimezone(UTC).replace(tzinfo=None).isoformat() == utc


@pytest.mark.parametrize(
    "text", ["", "2031-03-04", "1741075200", "2031-02-30T09:15:00Z", "2031-03-04T25:00:00Z", "04.03.2031 09:15"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A date alone and a number are none."""
    with pytest.raises(ValueError, match=r".+"):
        read_oslo_time(text)


def test_a_day_may_have_23_hours() -> None:
    """Midnight to midnight in Norway, also when the clock is moved."""
    begins, ends = day_begins(date(2026, 3, 29)), day_ends(date(2026, 3, 29))
    assert (ends.astimezone(UTC) - begins.astimezone(UTC)).total_seconds() == 23 * 3600
