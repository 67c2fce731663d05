"""An arkivmelding that answers an incoming message: `options.inReplyTo` fills in what that message already says.

In come a submission and what came in, out come the sender, the recipient, the process and the references of the answer.
Called by `delivery.intake` and `envelopes`. What the caller names itself is never replaced, only refused where it disagrees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.facts import Facts
from gateway.arkivmelding.inspection import Inspection
from gateway.arkivmelding.parties import RECIPIENTS
from gateway.delivery.submission import Caller, Submission
from gateway.errors import Invalid
from gateway.language import say
from gateway.message.identifiers import number_of
from gateway.message.processes import ARKIVMELDING_PROCESSES
from gateway.message.prototype import Choice
from gateway.storage import inbox
from gateway.storage.conversations import Conversation
from gateway.storage.engine import Connection
from gateway.storage.inbox import Incoming

CODE = "IN_REPLY_TO"
_OPTION = "inReplyTo"


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer refers to, as it is kept with the conversation: only the message to `recipient` carries it.

    `receiver_ref` is what the recipient calls the message that is answered: its own reference, or the message's id.
    """

    message_id: str
    recipient: str
    receiver_ref: str
    channel: str | None


def find_answered(connection: Connection, submission: Submission, *, caller: Caller) -> Incoming | None:
    """The incoming message that is answered, None where none is named; `Invalid` where this caller has no such message."""
    named = submission.options.in_reply_to
    if named is None:
        return None
    found = inbox.find(connection, named)
    if found is None or found.organisation not in caller.organisations:
        raise Invalid(
            say("options.inReplyTo names a message that has not come in"),
            code=CODE,
            mend=say("Name the messageId of an incoming message: GET /in/messages, or gateway inbox list, shows them."),
        )
    return found


def fill_submission(submission: Submission, found: Incoming, *, inspection: Inspection) -> Submission:
    """The submission with the sender, and the identifier of the one recipient that has none; `Invalid` for another sender."""
    options = submission.options
    if options.sender is None:
        options = replace(options, sender=found.organisation)
    elif number_of(options.sender) != number_of(found.organisation):
        raise Invalid(
            say("the message that is answered came for {organisation}", organisation=found.organisation),
            code=CODE,
            mend=say("Answer in the name of that organisation, or leave options.sender out."),
        )
    given = (*submission.recipients, *inspection.given)
    open_parts = _without_identifier(inspection.facts, given)
    if len(open_parts) != 1:
        return replace(submission, options=options)
    (part,) = open_parts
    filled = Given(part.part, part.navn, found.sender)
    return replace(submission, options=options, recipients=(*submission.recipients, filled))


def fill_choices(choices: Sequence[Choice], found: Incoming, *, submission: Submission) -> tuple[Choice, ...]:
    """The process of the message that is answered, for its sender; `Invalid` where nobody of them is."""
    if all(choice.recipient != found.sender for choice in choices):
        raise Invalid(
            say("the arkivmelding is not addressed to {sender}, who sent the message it answers", sender=found.sender),
            code=CODE,
            mend=say("Let one korrespondansepart be its sender, without an identifier or with that one."),
        )
    process = found.process if found.process in ARKIVMELDING_PROCESSES else None
    if submission.options.process is not None or process is None:
        return tuple(choices)
    return tuple(replace(each, process=process) if each.recipient == found.sender else each for each in choices)


def keep_answered(conversation: Conversation, found: Incoming) -> Conversation:
    """The conversation with what its answer refers to."""
    kept = {
        "messageId": found.message_id,
        "recipient": found.sender,
        "receiverRef": found.sender_ref or found.message_id,
        "messageChannel": found.message_channel,
    }
    return replace(conversation, options={**conversation.options, _OPTION: kept})


def answered_by(conversation: Conversation) -> Answered | None:
    """What the conversation answers; None where it answers nothing."""
    kept = conversation.options.get(_OPTION)
    if not isinstance(kept, Mapping):
        return None
    channel = kept.get("messageChannel")
    return Answered(
        str(kept.get("messageId")),
        str(kept.get("recipient")),
        str(kept.get("receiverRef")),
        channel if isinstance(channel, str) else None,
    )


def _without_identifier(facts: Facts, given: Sequence[Given]) -> list[Given]:
    """The recipients that nothing identifies yet."""
    named = {each.part for each in given}
    parts = facts.journalpost.parts if facts.journalpost else ()
    return [
        Given(part.index, part.name, "")
        for part in parts
        if part.type in RECIPIENTS and not part.identifiers and part.index not in named
    ]
