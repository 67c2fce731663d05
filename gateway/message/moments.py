"""Times as SBDs write them; one without an offset is meant as Norwegian time, as the reference reads it.

In comes text, out comes a time with its zone. Called by the reader of clients' SBDs. Source: reference of the NextMove
API §1.2; the summer time of the directive 2000/84/EC, for a machine need not have a table of zones.
"""

from datetime import UTC, datetime, timedelta, timezone

_WINTER, _SUMMER = (timezone(timedelta(hours=hours)) for hours in (1, 2))


def read_moment(text: str) -> datetime:
    """A date with a time, in ISO 8601; ValueError otherwise."""
    if "T" not in text.upper():
        raise ValueError("no time of day")
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else in_norway(moment)
        moment.astimezone(UTC)
    except OverflowError as fault:
        raise ValueError("no such time") from fault
    return moment


def in_norway(moment: datetime) -> datetime:
    """A time without a zone, as Norwegian clocks show it."""
    year = moment.year
    begins = _last_sunday(year, 3) + timedelta(hours=2)
    ends = _last_sunday(year, 10) + timedelta(hours=3)
    return moment.replace(tzinfo=_SUMMER if begins <= moment < ends else _WINTER)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31)  # noqa: DTZ001 - compared with a time that has no zone either
    return last - timedelta(days=(last.weekday() + 1) % 7)
