"""An error and how often it came → again at a time, or stop: the schedule's only judgement.

In comes any exception of a step, out comes a `Decision`. Pure: the jitter is handed in. Called by the
worker. Source: durability, Verdicts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.errors import GatewayError, MustAct, Outside, Verdict
from gateway.language import alter, say
from gateway.maskinporten.calls import hide_secrets, quote_words

# What another side asks us to wait is obeyed up to here; the message's deadline ends it in any case.
_LONGEST_ASKED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """Backoff: the first pause, the factor, the longest pause; `spread` is the share of a pause that is left to chance."""

    first: timedelta = timedelta(seconds=5)
    factor: float = 3.0
    longest: timedelta = timedelta(hours=1)
    spread: float = 0.2


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens next: `again` at a time, or None to stop. `sentence` says why, for people, and `mend` what to do.

    `must_act` says who must do it. `answer` is the other side's own words, `status` the HTTP status they came with.
    """

    verdict: Verdict
    again: datetime | None
    sentence: str
    mend: str
    answer: str = ""
    must_act: MustAct = MustAct.OPERATOR
    code: str = ""
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Backoff:
    """The judgement with its settings; `chance` draws a number in [0, 1), so that many messages do not try at once."""

    settings: RetrySettings
    chance: Callable[[], float]

    def decide(self, error: Exception, attempts: int, *, now: datetime) -> Decision:
        """Judge an error after that many tries (from 1)."""
        if not isinstance(error, GatewayError):
            # A fault of our own: the next version may do better, and the deadline ends it otherwise.
            words = say("the gateway itself failed ({error})", error=type(error).__name__)
            again = now + self.pause(attempts)
            return Decision(Verdict.AGAIN, again, words, say("Report it to the gateway's vendor."), code="INTERNAL")
        verdict = explain_error(error)
        if error.verdict is Verdict.STOP:
            return verdict
        wait = self.pause(attempts)
        if isinstance(error, Outside) and error.retry_after is not None:
            asked_for = timedelta(seconds=min(error.retry_after, _LONGEST_ASKED_FOR.total_seconds()))
            wait = max(asked_for, wait)
        return replace(verdict, again=now + wait)

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after that many tries."""
        # In floats, and stopped at the longest: a message is tried so often that the power is more than a timedelta holds.
        longest = self.settings.longest.total_seconds()
        seconds = min(self.settings.first.total_seconds(), longest)
        for _ in range(attempts - 1):
            if seconds >= longest or self.settings.factor <= 1:
                break
            seconds = min(seconds * self.settings.factor, longest)
        return timedelta(seconds=seconds) * (1 - self.settings.spread * self.chance())


def explain_error(error: GatewayError) -> Decision:
    """What an error says, for people and programs, without a time to come again; nothing in it is a secret."""
    told = Decision(
        error.verdict,
        None,
        alter(error.message, hide_secrets),
        alter(error.mend, hide_secrets),
        must_act=error.must_act,
    )
    if not isinstance(error, Outside):
        return told
    return replace(told, answer=alter(error.answer, quote_words), code=error.code, status=error.status)
