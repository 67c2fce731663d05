"""The feed and long-polling as marshmallow schemas: what may stand in the query, and what the feed answers.

Called by `api.statuses` and the OpenAPI document. Contract §2.
"""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from gateway.api.members import Answer
from gateway.api.status_answers import EventAnswer
from gateway.api.waiting import LONGEST_SECONDS
from gateway.language import say
from gateway.message.status import Direction, Status

PAGE, LONGEST_PAGE = 100, 1000
LARGEST_CURSOR = 2**63 - 1
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)s?", re.ASCII)


class Seconds(fields.String):
    """`30s`, `30` or `2.5s` as seconds."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        match = _SECONDS.fullmatch(super()._deserialize(value, attr, data, **more))
        if match is None:
            raise ValidationError(say("This is no span of time: write the seconds, as in 30s."))
        if float(match[1]) > LONGEST_SECONDS:
            raise ValidationError(
                say("This is longer than a request may wait here: at most {most}s.", most=LONGEST_SECONDS)
            )
        return float(match[1])


class Statuses(fields.String):
    """One status or several with commas between them, as a tuple without repeats."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        names = [name.strip() for name in super()._deserialize(value, attr, data, **more).split(",")]
        unknown = next((name for name in names if name not in set(Status)), None)
        if unknown is not None:
            names_known = ", ".join(Status)
            raise ValidationError(say("{name!r} is no status; there are {names}.", name=unknown, names=names_known))
        return tuple(dict.fromkeys(Status(name) for name in names))


def cursor(**more: Any) -> fields.Integer:
    """A cursor of the log."""
    return fields.Integer(validate=validate.Range(0, LARGEST_CURSOR), **more)


class WaitQuery(Schema):
    """How long to wait, and for what."""

    wait = Seconds(
        load_default=0.0,
        metadata={
            "example": "30s",
            "description": f"Wait up to so long, at most {LONGEST_SECONDS}s: with `after` for something newer than that "
            "cursor, without it until no message shown is pending any more. The header `Long-Poll` says how it went.",
        },
    )
    after = cursor(metadata={"description": "The `cursor` of the answer before"})


class FeedQuery(Schema):
    """Where to go on, what is wanted, how much at once, how long to wait."""

    after = cursor(load_default=0, metadata={"description": "`cursor` of the page before; each reader keeps its own"})
    status = Statuses(metadata={"example": "LEVERT,FEIL", "description": "One, or several with commas"})
    direction = fields.Enum(Direction, by_value=True)
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LONGEST_PAGE))
    wait = Seconds(
        load_default=0.0,
        metadata={
            "example": "30s",
            "description": f"Wait up to so long, at most {LONGEST_SECONDS}s, for an event. "
            "The header `Long-Poll` says how it went.",
        },
    )


class FeedAnswer(Answer):
    """A page of the feed. Go on with `after=cursor`, after an empty page, too; `more`: at once, there may be more."""

    events = fields.List(fields.Nested(EventAnswer))
    cursor = fields.Integer()
    more = fields.Boolean()
