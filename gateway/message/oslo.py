"""Times as the reference system writes and reads them: ISO 8601 with the offset that Norway has at that time.

In come times and texts, out come the same the other way. Called by the door under /api and by the pushes of its
subscriptions. Source: reference of the NextMove API §1.2.
"""

import re
from datetime import date, datetime, time, timedelta, timezone

from gateway.message.moments import in_norway

_WINTER, _SUMMER = (timezone(timedelta(hours=hours)) for hours in (1, 2))
_TIME = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?(?::\d\d)?)?"
    r"(?:\[[A-Za-z/_+-]+\])?",
    re.ASCII,
)


def oslo_time(moment: datetime) -> str:
    """`2031-03-04T09:15:02.113+01:00`."""
    winter = moment.astimezone(_WINTER).replace(tzinfo=None)
    summer = winter + timedelta(hours=1)
    # The clock is moved between what is summer by the one and by the other.
    is_summer = all(in_norway(each).utcoffset() == timedelta(hours=2) for each in (winter, summer))
    return moment.astimezone(_SUMMER if is_summer else _WINTER).isoformat(timespec="milliseconds")


def read_oslo_time(text: str) -> datetime:
    """The time in a text; one without an offset is Norwegian. ValueError for what is no time."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("no date and time")
    read = datetime.fromisoformat((match["time"] + (match["offset"] or "")).upper())
    return read if read.tzinfo else in_norway(read)


def day_begins(day: date) -> datetime:
    """Midnight in Norway at which a day begins."""
    return in_norway(datetime.combine(day, time()))


def day_ends(day: date) -> datetime:
    """Midnight in Norway at which a day is over."""
    return day_begins(day + timedelta(days=1))
