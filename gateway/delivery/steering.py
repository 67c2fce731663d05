"""By hand: bring the next try forward, start a failed message again, take one back before it is handed over.

In come a message's id and who does it, out comes what was done, or a `Conflict` that says what to do instead. Called by
the doors. Each act is one transaction: the conversation is locked first, then the task, as everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.arkivmelding.filenames import normal
from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.journey import left_half
from gateway.delivery.lanes import EXPIRE_LANE, NO_LANE
from gateway.delivery.submission import Clock
from gateway.errors import Conflict, MustAct, NotFound
from gateway.language import say
from gateway.maskinporten.calls import hide_secrets
from gateway.message.status import Outcome, Status, may_have_left
from gateway.storage import attempts, conversations, documents, messages, statuses, tasks
from gateway.storage.attempts import Act, ActKind
from gateway.storage.engine import Connection, Database
from gateway.storage.messages import Message, MessageState
from gateway.storage.restored import HELD, RELEASE
from gateway.storage.statuses import StatusEvent
from gateway.storage.tasks import NewTask

# Retries by hand that come closer than this are one.
_SAME_RETRY = timedelta(seconds=5)
_AGAIN = say("Ask the recipient whether it has the message; only if it has not, post the message anew.")
_POST_AGAIN = say("Post the message anew.")


class Done(StrEnum):
    """What came of asking for a retry."""

    BROUGHT_FORWARD = "brought-forward"
    UNDER_WAY = "under-way"  # somebody is at it this very moment
    RESTARTED = "restarted"


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand it is: the client (None: the operator), and who there, where it says so."""

    client_id: str | None
    actor: str | None = None

    @property
    def name(self) -> str | None:
        """The actor as the timeline may show it: some systems name people by their numbers."""
        return hide_secrets(self.actor) if self.actor else None


@dataclass(frozen=True, slots=True)
class Steering:
    """Steering with everything it needs; one for the whole process."""

    database: Database
    now: Clock

    def retry(self, conversation_id: str, message_id: str, *, hand: Hand) -> Done:
        """Try now what would be tried later; queue again what failed before anything of it was handed over."""
        now = self.now()
        with self.database.writing() as connection:
            find_message(connection, message_id, within=conversation_id, client_id=hand.client_id)
            messages.lock_conversation(connection, message_id)
            message = messages.get(connection, message_id)
            _require_committed(message)
            if message.outcome is Outcome.FAILED:
                _require_not_restored(connection, message_id)
                _require_restartable(connection, message, now=now)
                _restart(connection, message, hand=hand, now=now)
                return Done.RESTARTED
            _require_pending(message, now=now)
            _require_not_restored(connection, message_id)
            return _bring_forward(connection, message, hand=hand, now=now)

    def cancel(self, conversation_id: str, message_id: str, *, hand: Hand) -> None:
        """Take a message back whose hand-over has not begun; to do it twice is to do it once.

        One that a restore held and the operator let go ends as unknown: it may have gone out before the restore.
        """
        now = self.now()
        with self.database.writing() as connection:
            find_message(connection, message_id, within=conversation_id, client_id=hand.client_id)
            messages.lock_conversation(connection, message_id)
            _require_not_restored(connection, message_id)
            # First the task: a worker that is at it stores the channel's reference behind this row, or finds it gone.
            tasks.remove(connection, DELIVER, subject=message_id)
            message = messages.get(connection, message_id)
            if message.state is MessageState.CANCELLED:
                return
            _require_committed(message)
            _require_untouched(connection, message)
            if may_have_left(_log(connection, message)):
                _give_up(connection, message, hand=hand, now=now)
                return
            tasks.remove(connection, EXPIRE, subject=message_id)
            words = say("cancelled by hand before it was handed over; nothing was sent")
            attempts.record_act(connection, Act(message_id, now, ActKind.CANCEL, words, hand.name))
            told = replace(_event(message, Status.ANNET, at=now), description=words, outcome=Outcome.CANCELLED)
            statuses.append(connection, told)
            messages.cancel(connection, message_id, at=now)

    def give_up(self, message_ids: Sequence[str]) -> tuple[str, ...]:
        """End those of the messages that a restore holds, sending nothing; the ids of those that were held."""
        ended = []
        for message_id in message_ids:
            with self.database.writing() as connection:
                messages.lock_conversation(connection, message_id)
                if _is_restored(connection, message_id):
                    message = messages.get(connection, message_id)
                    _give_up(connection, message, hand=Hand(None), now=self.now())
                    ended.append(message_id)
        return tuple(ended)


def find_message(connection: Connection, message_id: str, *, within: str, client_id: str | None) -> Message:
    """A message of the conversation that any id of it names; NotFound where there is none, or it is another client's."""
    conversation_id = conversations.resolve(connection, within, client_id=client_id)
    message = messages.get(connection, message_id)
    if message.conversation_id != conversation_id:
        raise NotFound("there is no such message in this conversation", mend="check both ids")
    return message


def _bring_forward(connection: Connection, message: Message, *, hand: Hand, now: datetime) -> Done:
    if _was_asked_just_now(connection, message, now=now):
        return Done.BROUGHT_FORWARD
    if not tasks.hasten(connection, DELIVER, subject=message.id, now=now):
        if tasks.find(connection, DELIVER, subject=message.id) is not None:
            return Done.UNDER_WAY
        if message.state is not MessageState.QUEUED:
            raise Conflict(
                "it is handed over and published, and only the recipient's receipt is awaited; there is nothing to try again",
                code="HANDED_OVER",
                mend="Wait for the receipt. When the deadline passes without one, ask the recipient whether it has it.",
            )
        tasks.add(connection, NewTask(DELIVER, message.id, now, lane=message.channel or NO_LANE))
    words = say("the next try was brought forward by hand")
    attempts.record_act(connection, Act(message.id, now, ActKind.RETRY, words, hand.name))
    return Done.BROUGHT_FORWARD


def _was_asked_just_now(connection: Connection, message: Message, *, now: datetime) -> bool:
    """Whether this is the same retry once more: it brings nothing forward again, lest it undo every pause, nor is it kept."""
    newest = attempts.acts_of(connection, message.id)[-1:]
    there = tasks.find(connection, DELIVER, subject=message.id)
    if not newest or there is None or (there.lease_until is not None and there.lease_until > now):
        return False
    return newest[0].kind is ActKind.RETRY and now - newest[0].at < _SAME_RETRY


def _give_up(connection: Connection, message: Message, *, hand: Hand, now: datetime) -> None:
    """End a restored message whose outcome nobody here can know: who reads the feed is told so, and that it is the end."""
    words = say("ended by hand: it is not sent again from here; it may have arrived before the restore")
    for kind in (DELIVER, EXPIRE):
        tasks.remove(connection, kind, subject=message.id)
    attempts.record_act(connection, Act(message.id, now, ActKind.CANCEL, words, hand.name))
    told = replace(_event(message, Status.LEVETID_UTLOPT, at=now), description=words, mend=_AGAIN)
    if message.outcome is Outcome.FAILED:
        # It was started again after the backup, so this is another round, whose hand-over is in doubt.
        messages.restart(connection, message.id)
        for status in (Status.OPPRETTET, Status.ANNET):
            statuses.append(connection, replace(_event(message, status, at=now), description=words))
    statuses.append(connection, told)


def _restart(connection: Connection, message: Message, *, hand: Hand, now: datetime) -> None:
    """The log of the new round begins with OPPRETTET, so that who reads the feed sees that it is under way again."""
    words = say("started again by hand after it had failed; nothing had been handed over")
    attempts.record_act(connection, Act(message.id, now, ActKind.RESTART, words, hand.name))
    messages.restart(connection, message.id)
    statuses.append(connection, replace(_event(message, Status.OPPRETTET, at=now), description=words))
    for new in (
        NewTask(DELIVER, message.id, now, lane=message.channel or NO_LANE),
        NewTask(EXPIRE, message.id, message.deadline or now, lane=EXPIRE_LANE),
    ):
        tasks.remove(connection, new.kind, subject=message.id)
        tasks.add(connection, new)


def _require_committed(message: Message) -> None:
    if message.state is MessageState.PROTOTYPE:
        raise Conflict(
            "the conversation is still a draft; nothing of it is on its way",
            code="NOT_COMMITTED",
            mend="Commit it, deselect this message with PUT, or discard the draft with DELETE.",
        )
    if message.state is MessageState.DESELECTED:
        raise Conflict("the message was left out when the conversation was committed", code="NOT_SENT")


def _require_pending(message: Message, *, now: datetime) -> None:
    """Raise `Conflict` unless the message is waiting for something that could be done now."""
    if message.state is MessageState.CANCELLED:
        raise Conflict("the message was cancelled", code="CANCELLED", mend=_POST_AGAIN)
    if message.outcome is Outcome.DELIVERED:
        raise Conflict("the message has been delivered", code="DELIVERED", mend="Nothing needs to be done.")
    if message.outcome is Outcome.UNKNOWN:
        raise Conflict(
            "whether the message has arrived is not known, and sending it again could double it",
            code="OUTCOME_UNKNOWN",
            mend=_AGAIN,
        )
    _require_time(message, now=now)
    if message.not_before is not None and message.not_before > now:
        raise Conflict(
            say("the message is held back until {moment}", moment=message.not_before.isoformat(timespec="seconds")),
            code="HELD",
            mend="Wait until then; or cancel it with DELETE and post the message anew with another notBefore.",
        )


def _require_restartable(connection: Connection, message: Message, *, now: datetime) -> None:
    """Raise `Conflict` unless the message failed before anything of it was handed over, and there is time to do it anew."""
    events = statuses.of_message(connection, message.id)
    log = [event.status for event in events]
    if dropped := _find_dropped(events):
        raise Conflict(
            "the channel dropped the message after it was handed over, so the message cannot be started again",
            code="HANDED_OVER",
            mend=dropped.mend or _POST_AGAIN,
        )
    if may_have_left(log) or left_half(messages.references(connection, message.id)):
        raise Conflict(
            "the message failed after it had been handed over, and sending it again could double it",
            code="HANDED_OVER",
            mend=_AGAIN,
        )
    _require_time(message, now=now)
    here = {document.filename for document in documents.of_conversation(connection, message.conversation_id)}
    wanted = {normal(name) for name in message.choice.documents or ()}
    if message.rendering is None or not wanted <= here:
        raise Conflict(
            "its documents are no longer kept, so it cannot be started again", code="DOCUMENTS_GONE", mend=_POST_AGAIN
        )


def _find_dropped(events: Sequence[StatusEvent]) -> StatusEvent | None:
    """The event that tells how the channel dropped what it had: after the hand-over the carrier alone calls upon the sender."""
    last = events[-1]
    handed_over = any(event.status is Status.SENDT for event in events)
    return last if handed_over and last.status is Status.FEIL and last.must_act is MustAct.SENDER else None


def _require_not_restored(connection: Connection, message_id: str) -> None:
    """Raise `Conflict` for a message of a restored backup: it may have gone out since, and the operator alone lets it go."""
    if _is_restored(connection, message_id):
        raise Conflict(
            "it was restored from a backup and may have been handed over since, so it is held",
            code="HELD",
            mend=RELEASE,
        )


def _is_restored(connection: Connection, message_id: str) -> bool:
    standing = tasks.find(connection, DELIVER, subject=message_id)
    return standing is not None and standing.step == HELD


def _log(connection: Connection, message: Message) -> list[Status]:
    return [event.status for event in statuses.of_message(connection, message.id)]


def _require_time(message: Message, *, now: datetime) -> None:
    if message.deadline is not None and message.deadline <= now:
        raise Conflict("the deadline of the message has passed", code="DEADLINE_PASSED", mend=_POST_AGAIN)


def _require_untouched(connection: Connection, message: Message) -> None:
    """Raise `Conflict` where the channel has ever been told of it: from then on bytes may be on their way."""
    if message.state is MessageState.QUEUED:
        if all(entry.reference is None for entry in messages.references(connection, message.id)):
            return
        words = say("its hand-over has begun, so it can no longer be cancelled")
    elif message.state is MessageState.SENT:
        words = say("it has been handed over, so it can no longer be cancelled")
    else:
        words = say("it has come to an end ({outcome}), so there is nothing to cancel", outcome=message.outcome.value)
    raise Conflict(words, code="TOO_LATE", mend="`timeline` tells how far it has come. Ask the recipient, if need be.")


def _event(message: Message, status: Status, *, at: datetime) -> StatusEvent:
    return StatusEvent(message.id, message.conversation_id, message.client_id, status, at)
