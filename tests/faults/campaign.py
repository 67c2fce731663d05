"""Killing while messages go out: a plan of kills, and three places where a process is started, killed and started again.

In come a stage, a fagsystem and how many kills; out comes what was killed where. Called by the tests. A process whose
boundary is not reached in time is killed from outside, which is a random moment too, and the boundary is tried again.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.client import Fagsystem
from tests.faults.mail import Correspondent, Desk
from tests.faults.processes import Running
from tests.faults.stage import Role, Stage
from tests.faults.web_main import BOUNDARIES as WEB
from tests.faults.worker_main import BOUNDARIES as WORKER

RANDOM = "random"
_PLACES: Sequence[Role] = (Role.WORKER, Role.WORKER, Role.WEB)
_NAMES: Mapping[Role, Sequence[str]] = {Role.WORKER: tuple(WORKER), Role.WEB: tuple(WEB)}
_RANDOM_EVERY = 4
_LONGEST_LIFE = 1.5  # seconds from being up until a random kill
_BEFORE_UP = 0.25  # the share of random kills that do not wait for that
_UP_WITHIN = 20.0
_REACHED_WITHIN = 8.0
# The how-maniest time: a server comes to its boundaries with every request, and must live long enough to take letters in.
_TIMES: Mapping[Role, Sequence[int]] = {Role.WORKER: (1, 1, 2), Role.WEB: (1, 3, 5, 7)}
_RARE = frozenset(
    {"expiring", "expired", "followed", "uploading-on", "sweeping", "swept"}
    | {"created", "in-classic-commit", "classic-committed"}
)
_SWEEPS = frozenset({"sweeping", "swept"})  # not reached by waiting: they come too seldom
_FAGSYSTEM_THREADS = 3
_PAUSE_BETWEEN_LETTERS = 0.2
_PAUSE_BETWEEN_MAIL = 0.8


@dataclass
class Plan:
    """What is still to be killed where: each boundary in turn, the first, second or third time it is come to."""

    kills: int
    chance: random.Random
    done: Counter[tuple[Role, str]] = field(default_factory=Counter)
    missed: Counter[tuple[Role, str]] = field(default_factory=Counter)
    _begun: float = field(default_factory=time.monotonic)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Each role goes round its boundaries for ever."""
        self._rounds = {role: self._round(role) for role in Role}

    def next(self, role: Role) -> str | None:
        """The next boundary for a process of this role, `RANDOM`, or None when enough have been killed."""
        with self._guard:
            died = sum(times for (each, _), times in self.done.items() if each is role)
            if died >= self.kills * _PLACES.count(role) / len(_PLACES) and not self._unseen(role):
                return None
            return next(self._rounds[role])

    def note(self, role: Role, at: str) -> None:
        """It died there."""
        with self._guard:
            self.done[role, at] += 1
            self._say(role, at)

    def note_missed(self, role: Role, at: str) -> None:
        """It lived on without coming there, and was killed somewhere else."""
        with self._guard:
            self.done[role, RANDOM] += 1
            self.missed[role, at] += 1
            self._say(role, f"{RANDOM}, for it did not come to {at}")

    def _say(self, role: Role, at: str) -> None:
        print(f"{time.monotonic() - self._begun:6.1f} s: kill {self.done.total()}: {role} at {at}", flush=True)

    def _unseen(self, role: Role) -> list[str]:
        return [name for name in _NAMES[role] if not self.done[role, name]]

    def _round(self, role: Role) -> Iterator[str]:
        """Each boundary once, those first that nothing has died at yet, and a random moment after every few."""
        while True:
            names = self._unseen(role) or list(_NAMES[role])
            self.chance.shuffle(names)
            for number, name in enumerate(names, start=1):
                yield name
                if number % _RANDOM_EVERY == 0:
                    yield RANDOM


@dataclass
class Campaign:
    """A plan carried out on a stage while a fagsystem sends at least so many letters to one who fetches them.

    Meanwhile somebody writes to us, and the fagsystem's desk takes in what comes.
    """

    stage: Stage
    fagsystem: Fagsystem
    desk: Desk
    correspondent: Correspondent
    plan: Plan
    letters: int
    faults: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until everything is killed that was to be killed and every letter is committed; nothing runs afterwards."""
        killers = [threading.Thread(target=self._guarded, args=(self._kill_on, role)) for role in _PLACES]
        senders = [threading.Thread(target=self._guarded, args=(self._send,)) for _ in range(_FAGSYSTEM_THREADS)]
        senders += [threading.Thread(target=self._guarded, args=(act,)) for act in (self._write_to_us, self._take_in)]
        for thread in (*killers, *senders):
            thread.start()
        for thread in killers:
            thread.join()
        self._over.set()
        for thread in senders:
            thread.join()
        self.stage.kill_all()
        if self.faults:
            raise self.faults[0]

    def _kill_on(self, role: Role) -> None:
        while (name := self.plan.next(role)) is not None and not self.faults:
            at = "" if name == RANDOM else f"{name}:{1 if name in _RARE else self.plan.chance.choice(_TIMES[role])}"
            running = self.stage.start(role, at)
            if name == RANDOM:
                self._let_live(role, running)
            else:
                self._wait_until_there(running, name)
            self._end(role, running, name=name)
        # What is left to be sent, and the places where killing goes on, need this one too.
        self.stage.start(role)

    def _wait_until_there(self, running: Running, name: str) -> None:
        give_up = time.monotonic() + _REACHED_WITHIN
        while not running.wait(0.25) and time.monotonic() < give_up:
            if name in _SWEEPS:
                self.stage.hasten_sweep()

    def _let_live(self, role: Role, running: Running) -> None:
        """For a moment after it has come up, or now and then not even so long."""
        if self.plan.chance.random() > _BEFORE_UP:
            give_up = time.monotonic() + _UP_WITHIN
            while not self.stage.is_up(role, running) and time.monotonic() < give_up:
                running.wait(0.1)
        running.wait(self.plan.chance.uniform(0, _LONGEST_LIFE))

    def _end(self, role: Role, running: Running, *, name: str) -> None:
        if running.has_ended:
            assert running.was_killed, f"a process ended by itself: {running.said()}"
            assert name != RANDOM, f"a process was killed by nobody: {running.said()}"
            self.plan.note(role, name)
            return
        running.kill()
        if name == RANDOM:
            self.plan.note(role, name)
        else:
            self.plan.note_missed(role, name)

    def _send(self) -> None:
        while not self.faults and (not self._over.is_set() or self.fagsystem.heard < self.letters):
            self.fagsystem.send_next()
            time.sleep(_PAUSE_BETWEEN_LETTERS)

    def _write_to_us(self) -> None:
        while not self.faults and not self._over.is_set():
            self.correspondent.write_next()
            time.sleep(_PAUSE_BETWEEN_MAIL)

    def _take_in(self) -> None:
        while not self.faults and not self._over.is_set():
            if not self.desk.take_next():
                time.sleep(_PAUSE_BETWEEN_LETTERS)

    def _guarded(self, act: object, *arguments: object) -> None:
        try:
            act(*arguments)  # type: ignore[operator]
        except BaseException as fault:
            self.faults.append(fault)
