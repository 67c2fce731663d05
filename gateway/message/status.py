"""The statuses of a message, what each is worth, and which moves are legal.

Names are the reference system's. In comes the log of a message, out comes what it amounts to. Called by storage (on
append), delivery and the doors. The rules:

1. A status name is appended once for a message; a repeat is no event.
2. OPPRETTET comes first. After it any later status may come, for messages overtake each other on the way.
3. FEIL and LEVETID_UTLOPT end automatic retry. A late LEVERT or LEST is appended all the same and corrects the outcome.
4. A message that failed before anything of it was handed over may be started again by hand: a new round, whose log
   begins with OPPRETTET. These rules hold within each round; the newest is what the message amounts to.
5. LEVERT makes the outcome `delivered`; a later FEIL (a kvittering of ERROR, a returned letter) makes it `failed`.
6. Where a message stands is the furthest that it has come, not what was told last: a late MOTTATT takes no LEST back.
"""

from collections.abc import Sequence
from enum import StrEnum


class Status(StrEnum):
    """One event in the life of a message."""

    OPPRETTET = "OPPRETTET"
    SENDT = "SENDT"
    MOTTATT = "MOTTATT"
    LEVERT = "LEVERT"
    LEST = "LEST"
    FEIL = "FEIL"
    ANNET = "ANNET"
    INNKOMMENDE_MOTTATT = "INNKOMMENDE_MOTTATT"
    INNKOMMENDE_LEVERT = "INNKOMMENDE_LEVERT"
    LEVETID_UTLOPT = "LEVETID_UTLOPT"


class Direction(StrEnum):
    """Whether the message went out or came in."""

    OUTGOING = "OUTGOING"
    INCOMING = "INCOMING"


class Evidence(StrEnum):
    """What a status proves."""

    HANDED_OVER = "handed-over"
    PUBLISHED = "published"
    STORED_BY_RECIPIENT = "stored-by-recipient"
    REGISTERED_IN_ARCHIVE = "registered-in-archive"
    OPENED = "opened"
    NONE = ""


class Outcome(StrEnum):
    """What the log of a message amounts to."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"  # taken back by hand before its hand-over began; no log amounts to it


FINAL = frozenset({Status.LEVERT, Status.LEST, Status.FEIL, Status.LEVETID_UTLOPT, Status.INNKOMMENDE_LEVERT})

# ANNET says that the hand-over is in doubt, or that somebody who got it has spoken.
_LEFT = frozenset({Status.SENDT, Status.MOTTATT, Status.LEVERT, Status.LEST, Status.ANNET})

# An incoming message that could not be opened, or came too late, may be opened after all, or come again.
_CAME_IN = frozenset({Status.INNKOMMENDE_MOTTATT, Status.INNKOMMENDE_LEVERT})
_RANK = {
    Status.SENDT: 1,
    Status.ANNET: 1,
    Status.MOTTATT: 2,
    Status.LEVETID_UTLOPT: 2,
    Status.LEVERT: 3,
    Status.LEST: 4,
}

_MOVES: dict[Status, frozenset[Status]] = {
    Status.OPPRETTET: frozenset(Status) - {Status.OPPRETTET},
    Status.SENDT: frozenset(
        {Status.MOTTATT, Status.LEVERT, Status.LEST, Status.FEIL, Status.ANNET, Status.LEVETID_UTLOPT}
    ),
    Status.MOTTATT: frozenset(
        {Status.SENDT, Status.LEVERT, Status.LEST, Status.FEIL, Status.ANNET, Status.LEVETID_UTLOPT}
    ),
    Status.LEVERT: frozenset({Status.SENDT, Status.MOTTATT, Status.LEST, Status.FEIL, Status.ANNET}),
    Status.LEST: frozenset({Status.SENDT, Status.MOTTATT, Status.LEVERT, Status.FEIL, Status.ANNET}),
    Status.FEIL: frozenset({Status.SENDT, Status.MOTTATT, Status.LEVERT, Status.LEST, *_CAME_IN}),
    Status.LEVETID_UTLOPT: frozenset(
        {Status.SENDT, Status.MOTTATT, Status.LEVERT, Status.LEST, Status.FEIL, *_CAME_IN}
    ),
    Status.ANNET: frozenset(Status) - {Status.OPPRETTET, Status.ANNET},
    Status.INNKOMMENDE_MOTTATT: frozenset({Status.INNKOMMENDE_LEVERT, Status.LEVETID_UTLOPT, Status.FEIL}),
    Status.INNKOMMENDE_LEVERT: frozenset(),
}


def may_append(log: Sequence[Status], status: Status) -> bool:
    """Whether `status` is news after `log` and a legal move from every event in it, for the last one may be a late one."""
    if not log:
        return status is Status.OPPRETTET
    return status not in log and all(status in _MOVES[before] for before in log)


def outcome(log: Sequence[Status]) -> Outcome:
    """What the log (oldest first) amounts to; expired after hand-over is unknown, for sending again could double it."""
    if Status.FEIL in log and not any(late in log[log.index(Status.FEIL) :] for late in (Status.LEVERT, Status.LEST)):
        return Outcome.FAILED
    if Status.LEST in log or Status.LEVERT in log:
        return Outcome.DELIVERED
    if Status.LEVETID_UTLOPT in log:
        # ANNET before it says that the hand-over itself is in doubt.
        doubt = {Status.SENDT, Status.MOTTATT, Status.ANNET}.intersection(log)
        return Outcome.UNKNOWN if doubt else Outcome.FAILED
    return Outcome.PENDING


def furthest(log: Sequence[Status]) -> Status:
    """Where a message with this log (oldest first, not empty) stands; of two that are as far, what was told last.

    A FEIL that nothing corrected is where it ends. What comes in is where it was told to be last.
    """
    if outcome(log) is Outcome.FAILED and Status.FEIL in log:
        return Status.FEIL
    if Status.INNKOMMENDE_MOTTATT in log:
        return log[-1]
    _, last = max((_RANK.get(status, 0), place) for place, status in enumerate(log))
    return log[last]


def may_have_left(log: Sequence[Status]) -> bool:
    """Whether the recipient may have it or get it yet, so that sending it again could double it."""
    return bool(_LEFT.intersection(log))


def is_final(log: Sequence[Status]) -> bool:
    """Whether nothing more is awaited for a conversation to be finished."""
    return any(status in FINAL for status in log)
