"""What stands in the query of an address, read as the type that it must have; a name that nobody knows is passed over.

In come names, out come values, None for what is not said. Called by the lists of this folder. Reference §2.8.
"""

import re
from dataclasses import replace
from datetime import date, datetime

from flask import request

from gateway.api.login import current_caller
from gateway.delivery.submission import Caller
from gateway.errors import Invalid
from gateway.language import say
from gateway.message.oslo import read_oslo_time
from gateway.message.status import Direction
from gateway.storage.columns import storable
from gateway.storage.nextmove.paging import Reader

MISMATCH = "TYPE_MISMATCH"
_NUMBER = re.compile(r"-?\d{1,19}", re.ASCII)
_LARGEST = 2**63 - 1
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A plus that was not written as %2B arrives as a blank.
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)", re.ASCII)


def reader() -> Reader:
    """Who looks."""
    caller = current_caller()
    return Reader(caller.client_id, caller.organisations)


def sender() -> Caller:
    """Who sends. No client of the reference knows If-Match, so none is asked for it here."""
    return replace(current_caller(), require_if_match=False)


def program() -> str:
    """What the client calls itself."""
    return request.headers.get("User-Agent", "")


def text(name: str) -> str | None:
    """As it stands, but for what no database can be asked about; nothing but blanks says nothing."""
    return storable(request.args.get(name, "").strip()) or None


def number(name: str) -> int | None:
    """A whole number."""
    found = text(name)
    return None if found is None else read_number(found, name)


def read_number(found: str, name: str) -> int:
    """A whole number that can be an id; `Invalid` for anything else."""
    if not _NUMBER.fullmatch(found) or abs(int(found)) > _LARGEST:
        raise _mismatch(name, say("Write a whole number."))
    return int(found)


def yes_or_no(name: str) -> bool | None:
    """`true` or `false`."""
    found = text(name)
    if found is not None and found.lower() not in ("true", "false"):
        raise _mismatch(name, say("Write true or false."))
    return None if found is None else found.lower() == "true"


def moment(name: str) -> datetime | None:
    """A date and time; without an offset it is Norwegian."""
    found = text(name)
    try:
        return None if found is None else read_oslo_time(_LOST_PLUS.sub("+", found))
    except (ValueError, OverflowError):
        raise _mismatch(name, say("Write a date and a time, with + as %2B: 2031-03-04T09:15:00%2B01:00.")) from None


def day(name: str) -> date | None:
    """A date."""
    found = text(name)
    try:
        return None if found is None else _read_day(found)
    except ValueError:
        raise _mismatch(name, say("Write a date: 2031-03-04.")) from None


def direction(name: str) -> Direction | None:
    """Whether it went out or came in."""
    found = text(name)
    if found is not None and found not in set(Direction):
        raise _mismatch(name, say("Write OUTGOING or INCOMING."))
    return None if found is None else Direction(found)


def _read_day(found: str) -> date:
    if not _DAY.fullmatch(found):
        raise ValueError("no date")
    read = date.fromisoformat(found)
    if not 1900 <= read.year <= 9998:
        raise ValueError("no year that is meant")
    return read


def _mismatch(name: str, mend: str) -> Invalid:
    return Invalid(say("{name} cannot be read", name=name), code=MISMATCH, mend=mend)
