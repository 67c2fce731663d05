"""Times as the reference system writes and reads them: ISO 8601 with the offset that Norway has at that time.

In come times and texts, out come the same the other way. Called by the door under /api and by the pushes of its
subscriptions. Source: reference of the NextMove API §1.2.
"""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
_TIME = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?(?::\d\d)?)?"
    r"(?:\[[A-Za-z/_+-]+\])?",
    re.ASCII,
)


def oslo_time(moment: datetime) -> str:
    """`2031-03-04T09:15:02.113+01:00`."""
    return moment.astimezone(OSLO).isoformat(timespec="milliseconds")


def read_oslo_time(text: str) -> datetime:
    """The time in a text; one without an offset is Norwegian. ValueError for what is no time."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("no date and time")
    read = datetime.fromisoformat((match["time"] + (match["offset"] or "")).upper())
    return read if read.tzinfo else read.replace(tzinfo=OSLO)


def day_begins(day: date) -> datetime:
    """Midnight in Norway at which a day begins."""
    return datetime.combine(day, time(), tzinfo=OSLO)


def day_ends(day: date) -> datetime:
    """Midnight in Norway at which a day is over."""
    return day_begins(day + timedelta(days=1))
