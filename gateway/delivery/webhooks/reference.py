"""Webhooks in the reference system's words: its filter, its body, its ping. For subscriptions made at the door under /api.

In come a `Described` and events, out come whether it is wanted and what is said. Called by webhooks of this room.
Source: reference of the NextMove API §12.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from gateway.message.oslo import oslo_time
from gateway.storage.nextmove.described import Described, Spoken
from gateway.storage.statuses import StatusEvent

_PART = re.compile(r"(\w+)=(.+)", re.ASCII)
NAMES = ("status", "serviceIdentifier", "direction")


def read_filter(text: str) -> Mapping[str, frozenset[str]]:
    """What each named member must be one of, in small letters; ValueError for what is no filter."""
    wanted: dict[str, frozenset[str]] = {}
    for part in text.split("&"):
        match = _PART.fullmatch(part)
        if match is None or match[1] not in NAMES:
            raise ValueError("no filter")
        values = frozenset(value.strip().casefold() for value in match[2].split(","))
        # A name that stands twice must be fulfilled twice.
        wanted[match[1]] = wanted[match[1]] & values if match[1] in wanted else values
    return wanted


def wants(entry: Described, event: StatusEvent, *, spoken: Spoken) -> bool:
    """Whether this subscription is told of that event. All that is told are statuses of messages."""
    if not entry.filter:
        return True
    facts = {
        "status": event.status.value,
        "serviceIdentifier": spoken.channel or "",
        "direction": event.direction.value,
    }
    return all(facts[name].casefold() in values for name, values in read_filter(entry.filter).items())


def describe(event: StatusEvent, spoken: Spoken, *, at: datetime) -> Mapping[str, object]:
    """The body of a push."""
    facts = {
        "createdTs": oslo_time(at),
        "resource": "messages",
        "event": "status",
        "messageId": event.message_id,
        "conversationId": spoken.conversation_id,
        "direction": event.direction.value,
        "serviceIdentifier": spoken.channel,
        "status": event.status.value,
        "description": str(event.description) or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def describe_ping(at: datetime) -> Mapping[str, object]:
    """The body of a ping."""
    return {"createdTs": oslo_time(at), "event": "ping"}
