"""Where a conversation, a message and an idempotency key may stand: the closed sets that the tables hold as words.

Called by the modules of this room, which hand them on.
"""

from enum import StrEnum


class ConversationKind(StrEnum):
    """What a submission began with."""

    ARKIVMELDING = "arkivmelding"  # the gateway reads the recipients out of it and writes the envelopes
    CLASSIC = "classic"  # an SBD that the client wrote, for one recipient


class ConversationState(StrEnum):
    """Where a submission stands."""

    DRAFT = "draft"
    COMMITTED = "committed"
    FINISHED = "finished"
    DISCARDED = "discarded"


class MessageState(StrEnum):
    """How far a message has come."""

    PROTOTYPE = "prototype"
    DESELECTED = "deselected"  # its conversation was committed without it
    QUEUED = "queued"
    SENT = "sent"
    FINAL = "final"
    CANCELLED = "cancelled"


# A committed conversation is finished when none of its messages stands here.
UNDERWAY = (MessageState.QUEUED, MessageState.SENT)

# From which states a message may come into each; PROTOTYPE is where all begin. A failed one may also be queued again,
# and a queued one cancelled, by hand: `messages.restart` and `messages.cancel`.
MESSAGE_MOVES: dict[MessageState, tuple[MessageState, ...]] = {
    MessageState.DESELECTED: (MessageState.PROTOTYPE,),
    MessageState.QUEUED: (MessageState.PROTOTYPE,),
    MessageState.SENT: (MessageState.QUEUED,),
    MessageState.CANCELLED: (MessageState.QUEUED,),
    MessageState.FINAL: (MessageState.QUEUED, MessageState.SENT),
}


class AnswerState(StrEnum):
    """Whether a request with an idempotency key is under way or answered."""

    RUNNING = "running"
    DONE = "done"
