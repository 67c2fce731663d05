"""Carrying one message a step further, and writing down what came of it.

In comes a claimed task, out come statuses, a row in the timeline, and the task handed back or finished, all in one
transaction behind the task's fence. Called by the worker. A message that the channel already has is never sent again.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.journey import Carried, Journey, is_there
from gateway.delivery.retry import Backoff, Decision
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError, LeaseLost, Outside, Verdict
from gateway.language import as_phrase, say
from gateway.message.status import Evidence, Outcome, Status
from gateway.storage import attempts, messages, statuses, tasks
from gateway.storage.attempts import Attempt
from gateway.storage.engine import Database
from gateway.storage.holding import HELD, NEVER
from gateway.storage.messages import Message
from gateway.storage.states import UNDERWAY, MessageState
from gateway.storage.statuses import StatusEvent
from gateway.storage.tasks import Task
from gateway.transports.port import Finding, Found

FOLLOW = "follow"
_FIRST_LOOK = timedelta(seconds=2)
# What is told when the deadline comes: it was handed over, it was not, or nobody can say.
_EXPIRED: dict[bool | None, tuple[tuple[Status, str, Evidence], ...]] = {
    True: (
        (Status.SENDT, say("found at the channel when the deadline came"), Evidence.HANDED_OVER),
        (
            Status.LEVETID_UTLOPT,
            say("the deadline passed before the recipient confirmed it; it may have arrived all the same"),
            Evidence.NONE,
        ),
    ),
    False: (
        (
            Status.LEVETID_UTLOPT,
            say("the deadline passed before it could be handed over; it was not sent"),
            Evidence.NONE,
        ),
    ),
    None: (
        (
            Status.ANNET,
            say("an answer was lost, so it may have been handed over, and the channel cannot be asked"),
            Evidence.NONE,
        ),
        (
            Status.LEVETID_UTLOPT,
            say("the deadline passed before the recipient confirmed it; whether it arrived is not known"),
            Evidence.NONE,
        ),
    ),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carrying with everything it needs."""

    database: Database
    journey: Journey
    backoff: Backoff
    now: Clock

    def carry(self, held: Task) -> None:
        """One step of one message; every error but a lost lease is judged and written down."""
        if held.step == HELD:
            # Whoever brought it forward is not the operator, who alone lets it go.
            with self.database.writing() as connection:
                tasks.reschedule(connection, held, due=NEVER, step=HELD)
            return
        try:
            carried = self.journey.load(held.subject)
        except GatewayError as error:
            self._stumble(held, error)
            return
        if carried.message.state not in UNDERWAY:
            self._leave(held)
            return
        try:
            if held.step == FOLLOW:
                self._follow(held, carried)
            else:
                self._send(held, carried)
        except LeaseLost:
            raise
        except Exception as error:
            self._judge(held, carried, error=error)

    def expire(self, held: Task) -> None:
        """The deadline of a message has come: LEVETID_UTLOPT unless it has been delivered or has failed."""
        with self.database.reading() as connection:
            at_it = tasks.is_leased(connection, DELIVER, subject=held.subject, now=self.now())
        if at_it:
            # It may be going out this very moment; what comes of that is waited for.
            with self.database.writing() as connection:
                tasks.reschedule(connection, held, due=self.now() + _FIRST_LOOK, step="")
            return
        carried = self.journey.load(held.subject)
        handed_over = self._was_handed_over(carried)
        with self.database.writing() as connection:
            message = messages.get(connection, held.subject)
            if message.outcome is Outcome.PENDING and message.state is not MessageState.CANCELLED:
                for status, words, evidence in _EXPIRED[handed_over]:
                    told = replace(self._event(message, status), description=words, evidence=evidence)
                    statuses.append(connection, told)
                tasks.remove(connection, DELIVER, subject=held.subject)
            tasks.finish(connection, held)

    def _was_handed_over(self, carried: Carried) -> bool | None:
        """Whether the channel has it; None where it may have, and cannot be asked."""
        reference = carried.message.reference
        if carried.message.state is MessageState.SENT:
            return True
        # After a restore it may have gone out under a reference that the backup does not know.
        absent = None if carried.message.last_status is Status.ANNET else False
        if reference is None:
            return absent
        try:
            state = self.journey.follow(carried, reference).state
        except GatewayError:
            return None
        return True if is_there(state) else None if state is Found.BUSY else absent

    def _send(self, held: Task, carried: Carried) -> None:
        if carried.message.deadline is not None and carried.message.deadline <= self.now():
            # The expiry task of the same message says so; nothing is sent after the deadline.
            self._leave(held)
            return
        reference = carried.message.reference
        if reference is not None:
            finding = self._ask(held, carried, reference=reference)
            if finding is None:
                return
            if is_there(finding.state):
                self._record_sent(held, carried, reference=reference)
                return
            if finding.state is Found.BUSY and not self.journey.waited_too_long(carried.message.id):
                words = say("the channel is still receiving the bytes of an earlier try")
                self._look_again(held, carried, detail=words)
                return
            if finding.state is not Found.EMPTY:
                self.journey.forget_reference(carried.message.id, _channel_says(finding), held=held)
                reference = None
        addressed = self.journey.address(carried)
        rendered = self.journey.render(addressed)
        sealed = self.journey.seal(rendered)
        handed_over = self.journey.hand_over(sealed, reference, held=held)
        self._record_sent(held, carried, reference=handed_over.reference)

    def _ask(self, held: Task, carried: Carried, *, reference: str) -> Finding | None:
        """What became of an earlier try; None when that cannot be told now, for what may have arrived does not fail."""
        try:
            return self.journey.follow(carried, reference)
        except Outside as error:
            words = say("an earlier try cannot be looked at: {reason}", reason=as_phrase(error.message))
            self._look_again(held, carried, detail=words)
            return None

    def _follow(self, held: Task, carried: Carried) -> None:
        """After SENDT the channel is watched until the recipient can fetch it, so that a failed virus scan becomes FEIL."""
        finding = self.journey.follow(carried, carried.message.reference or "")
        if finding.state is Found.PUBLISHED:
            with self.database.writing() as connection:
                words = say("published: the recipient can fetch it")
                attempts.record(connection, self._attempt(carried, FOLLOW, detail=words))
                tasks.finish(connection, held)
        elif finding.state is Found.GONE:
            sentence = say("{channel} dropped the message after it was handed over", channel=carried.channel.value)
            mend = say("Post the arkivmelding again; if the channel found a virus, the document must be cleaned first.")
            self._fail(held, carried, decision=Decision(Verdict.STOP, None, sentence, mend, finding.detail))
        else:
            self._look_again(held, carried, detail=_channel_says(finding))

    def _record_sent(self, held: Task, carried: Carried, *, reference: str) -> None:
        words = say("handed over to {channel} as {reference}", channel=carried.channel.value, reference=reference)
        told = replace(self._event(carried.message, Status.SENDT), description=words, evidence=Evidence.HANDED_OVER)
        with self.database.writing() as connection:
            statuses.append(connection, told)
            attempts.record(connection, self._attempt(carried, DELIVER, detail=words))
            tasks.reschedule(connection, held, due=self.now() + _FIRST_LOOK, step=FOLLOW)

    def _look_again(self, held: Task, carried: Carried, *, detail: str) -> None:
        due = self.now() + self.backoff.pause(held.attempts)
        with self.database.writing() as connection:
            tried = self._attempt(carried, held.step or DELIVER, detail=detail)
            attempts.record(connection, replace(tried, next_try=due))
            tasks.reschedule(connection, held, due=due, step=held.step)

    def _judge(self, held: Task, carried: Carried, *, error: Exception) -> None:
        now = self.now()
        decision = self.backoff.decide(error, held.attempts, now=now)
        if decision.again is None and held.step != FOLLOW:
            self._fail(held, carried, decision=decision)
            return
        # What has been handed over does not fail because we cannot look at it.
        due = decision.again or now + self.backoff.pause(held.attempts)
        with self.database.writing() as connection:
            tried = self._attempt(carried, held.step or DELIVER, detail=decision.sentence)
            attempts.record(connection, replace(tried, verdict=decision.verdict, next_try=due))
            tasks.reschedule(connection, held, due=due, step=held.step)

    def _fail(self, held: Task, carried: Carried, *, decision: Decision) -> None:
        told = replace(
            self._event(carried.message, Status.FEIL), description=_in_words(decision), raw=decision.answer or None
        )
        with self.database.writing() as connection:
            statuses.append(connection, told)
            tried = self._attempt(carried, held.step or DELIVER, detail=decision.sentence)
            attempts.record(connection, replace(tried, verdict=Verdict.STOP))
            tasks.remove(connection, EXPIRE, subject=held.subject)
            tasks.finish(connection, held)

    def _stumble(self, held: Task, error: GatewayError) -> None:
        """The message itself cannot be read just now: come again, and say so in the log."""
        log.error("message_unreadable", subject=held.subject, error=type(error).__name__)
        with self.database.writing() as connection:
            tasks.reschedule(connection, held, due=self.now() + self.backoff.pause(held.attempts), step=held.step)

    def _leave(self, held: Task) -> None:
        with self.database.writing() as connection:
            tasks.finish(connection, held)

    def _event(self, message: Message, status: Status) -> StatusEvent:
        return StatusEvent(message.id, message.conversation_id, message.client_id, status, self.now())

    def _attempt(self, carried: Carried, step: str, *, detail: str) -> Attempt:
        return Attempt(carried.message.id, self.now(), step, detail)


def _channel_says(finding: Finding) -> str:
    return say("the channel says {words}", words=finding.detail or finding.state.value)


def _in_words(decision: Decision) -> str:
    """Why it stopped, and what can be done about it."""
    sentence = as_phrase(decision.sentence)
    if not decision.mend:
        return say("{sentence}.", sentence=sentence)
    return say("{sentence}. {mend}", sentence=sentence, mend=as_phrase(decision.mend))
