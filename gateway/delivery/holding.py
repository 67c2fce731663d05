"""Holding back: when a message may be handed over first, and whether its deadline leaves it any time.

In come a draft's options, choices and the settings, out come `Term`s or a refusal. Pure. Called by intake when a draft
is made or edited, and by `committing`.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.delivery.drafting import options_of
from gateway.delivery.submission import IntakeSettings
from gateway.errors import Conflict, Fault, Invalid, Severity
from gateway.language import say
from gateway.message.prototype import Choice
from gateway.storage.conversations import Conversation
from gateway.storage.messages import Term


def term_of(conversation: Conversation, choice: Choice, *, settings: IntakeSettings, now: datetime) -> Term:
    """The time that a message has, committed now. Without a deadline of its own it has the usual span from when it may go."""
    options = options_of(conversation)
    earliest = max(now + settings.hold, options.not_before or now)
    deadline = choice.deadline or options.deadline or earliest + settings.message_lifetime
    return Term(earliest if earliest > now else None, deadline)


def require_time(terms: Sequence[Term], *, now: datetime) -> None:
    """Raise `Conflict` where a message would never be sent."""
    if any(term.deadline <= now for term in terms):
        raise Conflict(
            "the deadline of a message has passed, so it would never be sent",
            code="DEADLINE_PASSED",
            mend="Give it a later expectedResponseDateTime with PUT.",
        )
    if any(term.not_before and term.deadline <= term.not_before for term in terms):
        raise Conflict(
            "a message is held back until after its deadline, so it would never be sent",
            code="HELD_PAST_DEADLINE",
            mend="Give it a later expectedResponseDateTime or an earlier notBefore with PUT; "
            "the gateway may also hold every message for a while ([delivery] hold_seconds).",
        )


def refuse_past_deadline(conversation: Conversation, choices: Sequence[Choice]) -> None:
    """Raise `Invalid` where notBefore does not lie before every deadline that was named."""
    options = options_of(conversation)
    named = [choice.deadline or options.deadline for choice in choices if choice.selected]
    named = named or [options.deadline]
    late = [deadline for deadline in named if deadline and options.not_before and deadline <= options.not_before]
    if not late:
        return
    message = say(
        "notBefore ({not_before}) does not lie before the deadline ({deadline}), so it would never be sent",
        not_before=str(options.not_before),
        deadline=str(min(late)),
    )
    mend = say("Name an earlier notBefore, or a later deadline (`deadline`, or expectedResponseDateTime of a message).")
    raise Invalid(
        message,
        code="NOT_BEFORE",
        mend=mend,
        faults=(Fault("NOT_BEFORE", Severity.ERROR, message, mend, path="notBefore"),),
    )
