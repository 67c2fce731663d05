"""The timeline of one message: everything that happened to it in one list, what is awaited now, and who must act.

In comes a message's id, out comes a frozen `Timeline`. Called by the doors. Put together from the log of statuses, the
attempts, the history of references and the acts by hand; nothing of it is stored anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.delivery.committing import DELIVER
from gateway.errors import MustAct, Verdict
from gateway.message.status import Outcome, Status, may_have_left
from gateway.storage import attempts, messages, statuses, tasks
from gateway.storage.attempts import Act, Attempt
from gateway.storage.engine import Connection
from gateway.storage.messages import Message, MessageState, ReferenceEntry
from gateway.storage.restored import HELD, RELEASE
from gateway.storage.statuses import StatusEvent
from gateway.storage.tasks import Standing

_NAMED, _DROPPED = "named", "dropped"


class Awaits(StrEnum):
    """What a message waits for."""

    COMMIT = "commit"  # of the draft
    HOLD = "hold"  # the time before which it may not be handed over
    RELEASE = "release"  # by the operator, after a restore
    HAND_OVER = "hand-over"  # the next try, or the one that is being made
    CHANNEL = "channel"  # handed over; the channel has not published it yet
    RECIPIENT = "recipient"  # published; the recipient's receipt
    NOTHING = "nothing"


class EntryKind(StrEnum):
    """What a row of the timeline is made from."""

    ACT = "act"
    REFERENCE = "reference"
    ATTEMPT = "attempt"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `name` says which within its kind: the status, the step that was tried, or the act."""

    at: datetime
    kind: EntryKind
    name: str
    description: str
    verdict: Verdict | None = None
    next_try: datetime | None = None
    mend: str | None = None
    must_act: MustAct | None = None
    code: str | None = None
    http_status: int | None = None
    answer: str | None = None
    evidence: str | None = None
    reference: str | None = None
    actor: str | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A message with all its entries in order of time, and how it stands at `now`.

    `next_try` is None where none is planned or one is being made (`under_way`). `must_act`, `mend` and `answer` are of
    what stands in the way now, None where nothing does. `may_retry`: a retry by hand would be taken.
    """

    message: Message
    entries: tuple[Entry, ...]
    awaits: Awaits
    next_try: datetime | None
    under_way: bool
    held_until: datetime | None
    must_act: MustAct | None
    mend: str | None
    answer: str | None
    may_retry: bool


def read_timeline(connection: Connection, message: Message, *, now: datetime) -> Timeline:
    """Everything about one message, as it stands in this snapshot."""
    task = tasks.find(connection, DELIVER, subject=message.id)
    # What one transaction has written may bear one moment: then the kinds stand in the order of `EntryKind`.
    entries = sorted(_entries(connection, message.id), key=lambda entry: entry.at)
    restored = task is not None and task.step == HELD
    under_way = task is not None and task.lease_until is not None and task.lease_until > now
    awaits = _awaits(message, task, now=now)
    told = _last_word(message, entries)
    return Timeline(
        message=message,
        entries=tuple(entries),
        awaits=awaits,
        next_try=task.due if task and not (under_way or restored) and awaits is not Awaits.NOTHING else None,
        under_way=under_way and awaits is not Awaits.NOTHING,
        held_until=held_until(message, now=now),
        must_act=MustAct.OPERATOR if restored else told.must_act if told else None,
        mend=RELEASE if restored else told.mend if told else None,
        answer=_answer(entries, told),
        may_retry=not restored and _may_retry(message, entries, task=task, now=now),
    )


def held_until(message: Message, *, now: datetime) -> datetime | None:
    """The time before which a queued message is not handed over; None where nothing holds it back."""
    held = message.state is MessageState.QUEUED and message.not_before is not None and message.not_before > now
    return message.not_before if held else None


def _awaits(message: Message, task: Standing | None, *, now: datetime) -> Awaits:
    if message.state is MessageState.PROTOTYPE:
        return Awaits.COMMIT
    if task is not None and task.step == HELD:
        return Awaits.RELEASE
    if message.state is MessageState.QUEUED:
        return Awaits.HOLD if held_until(message, now=now) else Awaits.HAND_OVER
    if message.state is MessageState.SENT:
        return Awaits.CHANNEL if task else Awaits.RECIPIENT
    return Awaits.NOTHING


def _may_retry(message: Message, entries: Sequence[Entry], *, task: Standing | None, now: datetime) -> bool:
    """As `steering` rules, but for what only its transaction can see."""
    if message.deadline is None or message.deadline <= now:
        return False
    if message.outcome is Outcome.FAILED:
        return not may_have_left([Status(entry.name) for entry in entries if entry.kind is EntryKind.STATUS])
    return message.outcome is Outcome.PENDING and task is not None and held_until(message, now=now) is None


def _last_word(message: Message, entries: Sequence[Entry]) -> Entry | None:
    """The entry that says who must act: the last try while it is under way, the end where it has come to a bad one."""
    if message.outcome in (Outcome.DELIVERED, Outcome.CANCELLED):
        return None
    if message.outcome is Outcome.PENDING:
        # An act by hand starts a new page: what stood in the way before it is being tried again.
        done = [entry for entry in entries if entry.kind in (EntryKind.ATTEMPT, EntryKind.ACT)]
        return done[-1] if done and done[-1].must_act else None
    return next((entry for entry in reversed(entries) if entry.kind is EntryKind.STATUS and entry.must_act), None)


def _answer(entries: Sequence[Entry], told: Entry | None) -> str | None:
    """The channel's own words: where only the deadline ended it, those of the last try."""
    if told is None or told.answer or told.name != Status.LEVETID_UTLOPT:
        return told.answer if told else None
    return next((entry.answer for entry in reversed(entries) if entry.answer), None)


def _entries(connection: Connection, message_id: str) -> Iterator[Entry]:
    yield from (_from_act(each) for each in attempts.acts_of(connection, message_id))
    yield from (_from_reference(each) for each in messages.references(connection, message_id))
    yield from (_from_attempt(each) for each in attempts.of_message(connection, message_id))
    yield from (_from_status(each) for each in statuses.of_message(connection, message_id))


def _from_act(act: Act) -> Entry:
    return Entry(act.at, EntryKind.ACT, act.kind.value, act.detail, actor=act.actor)


def _from_reference(entry: ReferenceEntry) -> Entry:
    return Entry(
        entry.at, EntryKind.REFERENCE, _NAMED if entry.reference else _DROPPED, entry.why, reference=entry.reference
    )


def _from_attempt(tried: Attempt) -> Entry:
    return Entry(
        tried.at,
        EntryKind.ATTEMPT,
        tried.step,
        tried.detail,
        verdict=tried.verdict,
        next_try=tried.next_try,
        mend=tried.mend,
        must_act=tried.must_act,
        code=tried.code,
        http_status=tried.http_status,
        answer=tried.answer,
    )


def _from_status(event: StatusEvent) -> Entry:
    return Entry(
        event.at,
        EntryKind.STATUS,
        event.status.value,
        event.description,
        mend=event.mend,
        must_act=event.must_act,
        answer=event.answer,
        evidence=event.evidence.value or None,
        round=event.round,
    )
