"""Lanes: who waits for the same party outside shares a limit, and a party that fails is left alone for a while.

In come tasks as they are begun and ended, out comes how many more may be begun in each lane. Kept by the worker. What
is not begun is not tried: it keeps its place and its tries, and goes on by itself when the party answers again.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway.errors import AnswerLost, Outside, Unavailable
from gateway.message.processes import Channel
from gateway.storage.tasks import Task

log = structlog.get_logger(__name__)

NO_LANE = ""
POLL_LANE = "poll"
EXPIRE_LANE = "expire"
WEBHOOK_LANE = "webhook"
LANES: tuple[str, ...] = (NO_LANE, POLL_LANE, EXPIRE_LANE, WEBHOOK_LANE, *Channel)
_LONGEST_ASKED_FOR = timedelta(hours=1)
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How many tasks of a lane are done at once; after how many failures in a row it is left alone, and for how long.

    `own` names lanes with another limit than the others.
    """

    limit: int = 4
    failures: int = 5
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=1)
    own: Mapping[str, int] = field(default_factory=dict)

    def limit_of(self, lane: str) -> int:
        """How many at once in that lane."""
        return self.own.get(lane, self.limit)


@dataclass(frozen=True, slots=True)
class Heard:
    """That a party outside was asked: it answered (None), or what kept it from answering.

    Failures about the same thing – a message, or the one recipient whom nobody can look up – count as one.
    """

    error: Outside | None = None
    about: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether the party did not answer, or said that it cannot just now; a refusal is an answer."""
        return isinstance(self.error, Unavailable | AnswerLost)


@dataclass(slots=True)
class _Lane:
    """Where one lane stands.

    `closed_until` is None while it is open; `failing` is what it failed for in a row; `probes` were begun since it closed.
    """

    running: int = 0
    failing: set[str] = field(default_factory=set)
    pause: timedelta = timedelta()
    closed_until: datetime | None = None
    probes: set[tuple[int, int]] = field(default_factory=set)


class Lanes:
    """All lanes of one worker. May be used from any thread."""

    def __init__(self, names: Iterable[str], *, settings: LaneSettings) -> None:
        self._settings = settings
        self._lanes = {name: _Lane() for name in names}
        self._guard = threading.Lock()

    def room(self, now: datetime) -> dict[str, int]:
        """How many tasks may be begun in each lane that has room; one, to try, in a lane whose pause is over."""
        with self._guard:
            rooms = {name: self._room(name, now) for name in self._lanes}
        return {name: room for name, room in rooms.items() if room > 0}

    def begin(self, task: Task) -> None:
        """A task has been claimed."""
        with self._guard:
            lane = self._lanes[task.lane]
            lane.running += 1
            if lane.closed_until is not None:
                lane.probes.add((task.id, task.fence))

    def end(self, task: Task, heard: Heard | None, *, now: datetime) -> None:
        """A task has been let go of, with what was heard from outside; None where nobody was asked."""
        with self._guard:
            lane = self._lanes[task.lane]
            lane.running -= 1
            # What began before it closed tells nothing of how the party is since.
            was_a_probe = (task.id, task.fence) in lane.probes
            lane.probes.discard((task.id, task.fence))
            if heard is None:
                return
            if heard.is_failure:
                lane.failing.add(heard.about or task.subject)
                self._close_if_failing(task.lane, heard.error, now=now)
            elif lane.closed_until is None or was_a_probe:
                lane.failing.clear()
                lane.closed_until, lane.pause = None, timedelta()

    def _room(self, name: str, now: datetime) -> int:
        lane = self._lanes[name]
        free = self._settings.limit_of(name) - lane.running
        if lane.closed_until is None:
            return free
        return min(1 - len(lane.probes), free) if lane.closed_until <= now else 0

    def _close_if_failing(self, name: str, error: Outside | None, *, now: datetime) -> None:
        lane, settings = self._lanes[name], self._settings
        too_many = error is not None and error.status == _TOO_MANY_REQUESTS
        if name == NO_LANE or (len(lane.failing) < settings.failures and not too_many):
            return
        asked_for = timedelta(seconds=(error.retry_after if error else None) or 0)
        until = now + min(asked_for, _LONGEST_ASKED_FOR)
        if lane.closed_until is None or lane.closed_until <= now:
            lane.pause = min(max(settings.first_pause, lane.pause * 2), settings.longest_pause)
            until = max(until, now + lane.pause)
        lane.closed_until = max(until, lane.closed_until or until)
        log.warning("lane_paused", lane=name, until=lane.closed_until.isoformat(), error=error.code if error else "")
