"""Carrying one message a step further, and writing down what came of it.

In comes a claimed task, out come statuses, a row in the timeline, and the task handed back or finished, all in one
transaction behind the task's fence. Called by the worker. A message that the channel already has is never sent again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.journey import Carried, Journey, is_there
from gateway.delivery.lanes import Heard
from gateway.delivery.retry import Backoff, Decision, explain_error
from gateway.delivery.submission import Clock
from gateway.errors import GatewayError, LeaseLost, MustAct, NotFound, Outside, Verdict
from gateway.language import as_phrase, say
from gateway.message.status import Evidence, Outcome, Status
from gateway.storage import attempts, messages, statuses, tasks
from gateway.storage.attempts import Attempt
from gateway.storage.engine import Database
from gateway.storage.messages import Message
from gateway.storage.restored import HELD, NEVER
from gateway.storage.states import UNDERWAY, MessageState
from gateway.storage.statuses import StatusEvent
from gateway.storage.tasks import Task
from gateway.transports.port import Finding, Found

FOLLOW = "follow"
_FIRST_LOOK = timedelta(seconds=2)
_PAST_DEADLINE = timedelta(minutes=1)
_FOUND_LATE = say("found at the channel when the deadline came")
_IN_DOUBT = say("an answer was lost, so it may have been handed over, and the channel cannot be asked")
# What the deadline ends: it was handed over, it was not, or nobody can say.
_EXPIRED = {
    True: say("the deadline passed before the recipient confirmed it; it may have arrived all the same"),
    False: say("the deadline passed before it could be handed over; it was not sent"),
    None: say("the deadline passed before the recipient confirmed it; whether it arrived is not known"),
}
_POST_AGAIN = say("Post the message anew.")
_ASK_FIRST = say("Ask the recipient whether it has the message; only if it has not, post the message anew.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carrying with everything it needs."""

    database: Database
    journey: Journey
    backoff: Backoff
    now: Clock

    def carry(self, held: Task) -> Heard | None:
        """One step of one message; every error but a lost lease is judged and written down. What the channel said."""
        if held.step == HELD:
            # Whoever brought it forward is not the operator, who alone lets it go.
            with self.database.writing() as connection:
                tasks.reschedule(connection, held, due=NEVER, step=HELD)
            return None
        try:
            carried = self.journey.load(held.subject)
        except GatewayError as error:
            self._stumble(held, error)
            return None
        if carried.message.state not in UNDERWAY:
            self._leave(held)
            return None
        try:
            return self._follow(held, carried) if held.step == FOLLOW else self._send(held, carried)
        except LeaseLost:
            raise
        except Exception as error:
            self._judge(held, carried, error=error)
            return _heard(error)

    def expire(self, held: Task) -> None:
        """The deadline of a message has come: LEVETID_UTLOPT unless it has been delivered or has failed."""
        with self.database.reading() as connection:
            at_it = tasks.is_leased(connection, DELIVER, subject=held.subject, now=self.now())
        if at_it:
            # It may be going out this very moment; what comes of that is waited for.
            with self.database.writing() as connection:
                tasks.reschedule(connection, held, due=self.now() + _FIRST_LOOK, step="")
            return
        try:
            carried = self.journey.load(held.subject)
        except GatewayError as error:
            self._stumble(held, error)
            return
        handed_over = self._was_handed_over(carried)
        with self.database.writing() as connection:
            messages.lock_conversation(connection, held.subject)
            if tasks.is_leased(connection, DELIVER, subject=held.subject, now=self.now()):
                # Begun while the channel was asked.
                tasks.reschedule(connection, held, due=self.now() + _FIRST_LOOK, step="")
                return
            message = messages.get(connection, held.subject)
            if message.outcome is Outcome.PENDING and message.state is not MessageState.CANCELLED:
                for told in _tell_expired(self._event(message, Status.LEVETID_UTLOPT), handed_over):
                    statuses.append(connection, told)
                tasks.remove(connection, DELIVER, subject=held.subject)
            tasks.finish(connection, held)

    def _was_handed_over(self, carried: Carried) -> bool | None:
        """Whether the channel has it; None where it may have, and cannot be asked."""
        reference = carried.message.reference
        if carried.message.state is MessageState.SENT:
            return True
        # After a restore it may have gone out under a reference that the backup does not know.
        in_doubt = carried.message.last_status is Status.ANNET or self.journey.was_left_half(carried.message.id)
        absent = None if in_doubt else False
        if reference is None:
            return absent
        try:
            state = self.journey.follow(carried, reference).state
        except GatewayError:
            return None
        return True if is_there(state) else None if state is Found.BUSY else absent

    def _send(self, held: Task, carried: Carried) -> Heard | None:
        """Hand it over unless that has been done already, or its time has not come, or is over."""
        message, now = carried.message, self.now()
        if message.deadline is not None and message.deadline <= now:
            # Nothing is sent after the deadline; its own task says so and takes this one away.
            self._wait_until(held, now + _PAST_DEADLINE)
            return None
        if message.not_before is not None and message.not_before > now:
            self._wait_until(held, message.not_before)
            return None
        if message.reference is None:
            return self._hand_over(held, carried, reference=None)
        return self._go_on(held, carried, reference=message.reference)

    def _go_on(self, held: Task, carried: Carried, *, reference: str) -> Heard | None:
        """An earlier try gave it a name at the channel: what became of that decides."""
        finding = self._ask(held, carried, reference=reference)
        if isinstance(finding, GatewayError):
            return _heard(finding)
        if is_there(finding.state):
            self._record_sent(held, carried, reference=reference)
            return Heard()
        if finding.state is Found.BUSY and (until := self.journey.busy_until(carried.message.id, held=held)):
            words = say("the channel is still receiving the bytes of an earlier try")
            tried = replace(self._attempt(carried, DELIVER, detail=words), must_act=MustAct.NOBODY)
            # The pauses grow, and the next one would go on long after the patience with the transfer has ended.
            self._come_again(held, tried, due=min(self.now() + self.backoff.pause(held.attempts), until))
            return Heard()
        if finding.state is Found.EMPTY:
            return self._hand_over(held, carried, reference=reference)
        self.journey.forget_reference(carried.message.id, _channel_says(finding), held=held)
        return self._hand_over(held, carried, reference=None)

    def _hand_over(self, held: Task, carried: Carried, *, reference: str | None) -> Heard | None:
        try:
            addressed = self.journey.address(carried)
        except Outside as error:
            self._judge(held, carried, error=error)
            return _heard(error, about=carried.recipient)
        sealed = self.journey.seal(self.journey.render(addressed))
        handed_over = self.journey.hand_over(sealed, reference, held=held)
        self._record_sent(held, carried, reference=handed_over.reference)
        return Heard()

    def _ask(self, held: Task, carried: Carried, *, reference: str) -> Finding | GatewayError:
        """What became of an earlier try, or why that cannot be told now: what may have arrived does not fail."""
        try:
            return self.journey.follow(carried, reference)
        except GatewayError as error:
            verdict = explain_error(error)
            words = say("an earlier try cannot be looked at: {reason}", reason=as_phrase(verdict.sentence))
            tried = _judged(self._attempt(carried, DELIVER, detail=words), replace(verdict, verdict=Verdict.ASK))
            self._come_again(held, tried, due=self.now() + self.backoff.pause(held.attempts))
            return error

    def _follow(self, held: Task, carried: Carried) -> Heard:
        """After SENDT the channel is watched until the recipient can fetch it, so that a failed virus scan becomes FEIL."""
        finding = self.journey.follow(carried, carried.message.reference or "")
        if finding.state is Found.PUBLISHED:
            with self.database.writing() as connection:
                words = say("published: the recipient can fetch it")
                attempts.record(connection, self._attempt(carried, FOLLOW, detail=words))
                tasks.finish(connection, held)
        elif finding.state is Found.GONE:
            self._fail(held, carried, decision=_dropped(carried, finding))
        else:
            self._look_again(held, carried, detail=_channel_says(finding))
        return Heard()

    def _record_sent(self, held: Task, carried: Carried, *, reference: str) -> None:
        words = say("handed over to {channel} as {reference}", channel=carried.channel.value, reference=reference)
        tried = self._attempt(carried, DELIVER, detail=words)
        sent = self._event(carried.message, Status.SENDT)
        told = replace(sent, at=tried.at, description=words, evidence=Evidence.HANDED_OVER)
        with self.database.writing() as connection:
            statuses.append(connection, told)
            attempts.record(connection, tried)
            tasks.reschedule(connection, held, due=self.now() + _FIRST_LOOK, step=FOLLOW)

    def _look_again(self, held: Task, carried: Carried, *, detail: str) -> None:
        tried = self._attempt(carried, held.step or DELIVER, detail=detail)
        self._come_again(held, tried, due=self.now() + self.backoff.pause(held.attempts))

    def _come_again(self, held: Task, tried: Attempt, *, due: datetime) -> None:
        with self.database.writing() as connection:
            attempts.record(connection, replace(tried, next_try=due))
            tasks.reschedule(connection, held, due=due, step=held.step)

    def _wait_until(self, held: Task, not_before: datetime) -> None:
        with self.database.writing() as connection:
            tasks.reschedule(connection, replace(held, attempts=0), due=not_before, step=held.step)

    def _judge(self, held: Task, carried: Carried, *, error: Exception) -> None:
        now = self.now()
        decision = self.backoff.decide(error, held.attempts, now=now)
        if decision.again is None and held.step != FOLLOW:
            self._fail(held, carried, decision=decision)
            return
        # What has been handed over does not fail because we cannot look at it.
        tried = _judged(self._attempt(carried, held.step or DELIVER, detail=decision.sentence), decision)
        self._come_again(held, tried, due=decision.again or now + self.backoff.pause(held.attempts))

    def _fail(self, held: Task, carried: Carried, *, decision: Decision) -> None:
        tried = _judged(self._attempt(carried, held.step or DELIVER, detail=decision.sentence), decision)
        told = replace(_failed(self._event(carried.message, Status.FEIL), decision), at=tried.at)
        with self.database.writing() as connection:
            statuses.append(connection, told)
            attempts.record(connection, tried)
            tasks.remove(connection, EXPIRE, subject=held.subject)
            tasks.finish(connection, held)

    def _stumble(self, held: Task, error: GatewayError) -> None:
        """The message itself cannot be read: come again where that may help, else it has failed; and say so in the log."""
        log.error("message_unreadable", subject=held.subject, error=type(error).__name__)
        if error.verdict is Verdict.STOP and held.step != FOLLOW:
            self._give_up(held, error)
            return
        with self.database.writing() as connection:
            tasks.reschedule(connection, held, due=self.now() + self.backoff.pause(held.attempts), step=held.step)

    def _give_up(self, held: Task, error: GatewayError) -> None:
        """What will never be readable: FEIL where somebody still waits for it."""
        now = self.now()
        with self.database.writing() as connection:
            decision = self.backoff.decide(error, held.attempts, now=now)
            try:
                message = messages.get(connection, held.subject)
            except NotFound:
                tasks.finish(connection, held)
                return
            if message.state in UNDERWAY:
                told = _failed(self._event(message, Status.FEIL), decision)
                statuses.append(connection, told)
                attempts.record(connection, _judged(Attempt(message.id, now, DELIVER, decision.sentence), decision))
            for kind in {DELIVER, EXPIRE} - {held.kind}:
                tasks.remove(connection, kind, subject=held.subject)
            tasks.finish(connection, held)

    def _leave(self, held: Task) -> None:
        with self.database.writing() as connection:
            tasks.finish(connection, held)

    def _event(self, message: Message, status: Status) -> StatusEvent:
        return StatusEvent(message.id, message.conversation_id, message.client_id, status, self.now())

    def _attempt(self, carried: Carried, step: str, *, detail: str) -> Attempt:
        return Attempt(carried.message.id, self.now(), step, detail)


def _heard(error: Exception, about: str = "") -> Heard | None:
    """What an error says of the channel: nothing where it is our own, or the recipient's matter."""
    if not isinstance(error, Outside) or error.must_act is MustAct.RECIPIENT:
        return None
    return Heard(error, about)


def _tell_expired(end: StatusEvent, handed_over: bool | None) -> Iterator[StatusEvent]:
    """What is told when the deadline has come; `end` is the bare event of it."""
    if handed_over:
        yield replace(end, status=Status.SENDT, description=_FOUND_LATE, evidence=Evidence.HANDED_OVER)
    if handed_over is None:
        yield replace(end, status=Status.ANNET, description=_IN_DOUBT)
    mend = _POST_AGAIN if handed_over is False else _ASK_FIRST
    yield replace(end, description=_EXPIRED[handed_over], mend=mend, must_act=MustAct.SENDER)


def _failed(bare: StatusEvent, decision: Decision) -> StatusEvent:
    """The FEIL that tells of the decision."""
    return replace(
        bare,
        description=_in_words(decision),
        mend=decision.mend or None,
        must_act=decision.must_act,
        answer=decision.answer or None,
    )


def _judged(tried: Attempt, decision: Decision) -> Attempt:
    """The attempt with what was judged of it."""
    return replace(
        tried,
        verdict=decision.verdict,
        mend=decision.mend or None,
        must_act=decision.must_act,
        code=decision.code or None,
        http_status=decision.status,
        answer=decision.answer or None,
    )


def _dropped(carried: Carried, finding: Finding) -> Decision:
    sentence = say("{channel} dropped the message after it was handed over", channel=carried.channel.value)
    mend = say("Post the message anew; if the channel found a virus, the document must be cleaned first.")
    return Decision(Verdict.STOP, None, sentence, mend, finding.detail, MustAct.SENDER)


def _channel_says(finding: Finding) -> str:
    return say("the channel says {words}", words=finding.detail or finding.state.value)


def _in_words(decision: Decision) -> str:
    """Why it stopped, and what can be done about it."""
    sentence, mend = as_phrase(decision.sentence), as_phrase(decision.mend)
    if decision.sentence.endswith("."):
        return say("{sentence} {mend}", sentence=sentence, mend=mend) if decision.mend else sentence
    return (
        say("{sentence}. {mend}", sentence=sentence, mend=mend)
        if decision.mend
        else say("{sentence}.", sentence=sentence)
    )
