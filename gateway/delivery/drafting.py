"""The steps from an inspected document to a draft: name the sender, begin the conversation, advise.

In come a submission and its caller, out come records; nothing is stored. Called by `delivery.intake`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.handling import Handling
from gateway.arkivmelding.inspection import Inspection
from gateway.arkivmelding.parties import avsender_disagrees
from gateway.arkivmelding.rule_checks import Place
from gateway.arkivmelding.rules import rule
from gateway.delivery.answering import answered_by
from gateway.delivery.assessment import is_confidential
from gateway.delivery.submission import Caller, IntakeSettings, Options, Submission
from gateway.errors import Invalid
from gateway.language import say
from gateway.message.identifiers import parse_identifier
from gateway.storage import conversations
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.engine import Connection


def name_sender(options: Options, caller: Caller) -> str:
    """options.sender, else the client's only organisation; never the Avsender part, which is wrong in real documents."""
    if options.sender is not None:
        sender = _read_sender(options.sender)
        caller.may_send_for(sender)
        return sender
    if len(caller.organisations) == 1:
        return caller.organisations[0]
    raise Invalid(
        say(
            "this login may send for {count} organisations, and the request does not say which",
            count=len(caller.organisations),
        ),
        code="SENDER_REQUIRED",
        mend='Name the sender in the `options` part: {"sender": "0192:…"}.',
    )


def begin_conversation(
    submission: Submission,
    inspection: Inspection,
    *,
    owner: tuple[str, str, str],
    times: tuple[datetime, IntakeSettings],
) -> Conversation:
    """A draft of this submission. `owner` is its new id, the client's id and the sender."""
    now, settings = times
    conversation_id, client_id, sender = owner
    conversation = Conversation(
        id=conversation_id,
        client_id=client_id,
        state=ConversationState.DRAFT,
        sender=sender,
        melding_id=inspection.facts.melding_id,
        arkivmelding=submission.xml,
        title=inspection.facts.public_title or None,
        shielding=inspection.shielding.outcome.value,
        confidential=True if submission.options.confidential else None,
        process=submission.options.process,
        created=now,
        expires=now,
        options=_kept_options(submission),
    )
    secret = is_confidential(conversation, inspection)
    lifetime = settings.confidential_draft_lifetime if secret else settings.draft_lifetime
    return replace(conversation, expires=now + lifetime)


def given_beside(conversation: Conversation) -> tuple[Given, ...]:
    """The identifiers that came with the request."""
    entries = conversation.options.get("recipients")
    return (
        tuple(_read_given(entry) for entry in entries if isinstance(entry, Mapping))
        if isinstance(entries, list)
        else ()
    )


def options_of(conversation: Conversation) -> Options:
    """The options of the submission as they stand now."""
    deadline, not_before = conversation.options.get("deadline"), conversation.options.get("notBefore")
    channel = conversation.options.get("messageChannel")
    fill, handling = conversation.options.get("fill"), conversation.options.get("handling")
    return Options(
        sender=conversation.sender,
        process=conversation.process,
        confidential=conversation.confidential,
        deadline=datetime.fromisoformat(deadline) if isinstance(deadline, str) else None,
        not_before=datetime.fromisoformat(not_before) if isinstance(not_before, str) else None,
        message_channel=channel if isinstance(channel, str) else None,
        handling=Handling(handling) if isinstance(handling, str) else None,
        convert=bool(conversation.options.get("convert")),
        fill=dict(fill) if isinstance(fill, Mapping) else {},
        in_reply_to=answered.message_id if (answered := answered_by(conversation)) else None,
    )


def advise(inspection: Inspection, conversation: Conversation, *, connection: Connection) -> Inspection:
    """Add the two rules that need more than the document: a meldingId seen before, an Avsender that is not the sender."""
    faults = inspection.faults
    melding_id = conversation.melding_id
    if melding_id and conversations.melding_id_known(
        connection, melding_id, sender=conversation.sender, except_id=conversation.id
    ):
        faults += (rule("AM-013").fault(Place(0, "/arkivmelding/meldingId")),)
    if avsender_disagrees(inspection.facts, conversation.sender):
        faults += (rule("AM-014").fault(Place(0, "/arkivmelding")),)
    return replace(inspection, faults=faults)


def _read_sender(text: str) -> str:
    try:
        return str(parse_identifier(text))
    except ValueError as fault:
        raise Invalid(
            say("the sender cannot be used: {reason}", reason=fault.args[0]),
            code="SENDER_REQUIRED",
            mend="Write 0192: and the nine digits.",
        ) from fault


def _kept_options(submission: Submission) -> dict[str, object]:
    options = submission.options
    kept: dict[str, object] = {
        "recipients": [
            {"korrespondansepart": given.part, "navn": given.navn, "identifikator": given.identifikator}
            for given in submission.recipients
        ],
        "deadline": options.deadline.isoformat() if options.deadline else None,
        "notBefore": options.not_before.isoformat() if options.not_before else None,
        "messageChannel": options.message_channel,
        "actor": options.actor,
        "handling": options.handling.value if options.handling else None,
        "convert": options.convert,
        "fill": dict(options.fill),
    }
    return {name: value for name, value in kept.items() if value}


def _read_given(entry: Mapping[str, object]) -> Given:
    part = entry.get("korrespondansepart")
    return Given(part if isinstance(part, int) else 0, str(entry.get("navn")), str(entry.get("identifikator")))
