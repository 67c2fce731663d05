"""Times without an offset are Norwegian ones."""

from datetime import UTC, datetime

import pytest

from gateway.message.moments import read_moment


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-03-29T01:59:59", 1),
        ("2026-03-29T02:00:00", 2),
        ("2026-10-25T02:59:59", 2),
        ("2026-10-25T03:00:00", 1),
        ("2031-01-01T00:00:00", 1),
        ("2031-07-01T00:00:00", 2),
    ],
)
def test_summer_time_begins_and_ends_as_in_norway(text: str, offset: int) -> None:
    """On the last Sundays of March and October."""
    offset_read = read_moment(text).utcoffset()
    assert offset_read is not None
    assert offset_read.total_seconds() == offset * 3600


def test_an_offset_that_is_told_counts() -> None:
    """Also Z, and more decimals than a clock has."""
    assert read_moment("2031-07-01T00:00:00.123456789Z") == datetime(2031, 7, 1, 0, 0, 0, 123456, UTC)


@pytest.mark.parametrize("text", ["", "2031-07-01", "T", "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "31T"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A day alone is none, nor is one that no clock here can show."""
    with pytest.raises(ValueError, match=r"."):
        read_moment(text)
