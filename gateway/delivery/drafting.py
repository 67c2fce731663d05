"""The steps from posted bytes to a draft: inspect, name the sender, begin the conversation, advise.

In come a submission and its caller, out come records; nothing is stored. Called by `delivery.intake`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.parties import avsender_disagrees
from gateway.arkivmelding.rules import Place, rule
from gateway.delivery.assessment import is_confidential
from gateway.delivery.submission import Caller, IntakeSettings, Options, Submission
from gateway.errors import Invalid
from gateway.message.identifiers import parse_identifier
from gateway.storage import conversations
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.engine import Connection


def inspect_or_refuse(xml: bytes, kit: Kit, *, today: date) -> Inspection:
    """Look through an arkivmelding; `Invalid` with every fault where one of them is an error."""
    inspection = inspect(xml, kit, today=today)
    if inspection.acceptable:
        return inspection
    count = len(inspection.faults)
    raise Invalid(
        f"the arkivmelding has {count} fault{'s' if count > 1 else ''}; nothing was kept",
        code=inspection.faults[0].rule if count == 1 else "INVALID_ARKIVMELDING",
        mend="Each entry of `errors` says what is wrong, on which line, and how to mend it.",
        faults=inspection.faults,
    )


def name_sender(options: Options, caller: Caller) -> str:
    """options.sender, else the client's only organisation; never the Avsender part, which is wrong in real documents."""
    if options.sender is not None:
        sender = _read_sender(options.sender)
        caller.may_send_for(sender)
        return sender
    if len(caller.organisations) == 1:
        return caller.organisations[0]
    raise Invalid(
        f"this login may send for {len(caller.organisations)} organisations, and the request does not say which",
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
    deadline = conversation.options.get("deadline")
    channel = conversation.options.get("messageChannel")
    return Options(
        sender=conversation.sender,
        process=conversation.process,
        confidential=conversation.confidential,
        deadline=datetime.fromisoformat(deadline) if isinstance(deadline, str) else None,
        message_channel=channel if isinstance(channel, str) else None,
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
            f"the sender cannot be used: {fault}", code="SENDER_REQUIRED", mend="Write 0192: and the nine digits."
        ) from fault


def _kept_options(submission: Submission) -> dict[str, object]:
    options = submission.options
    kept: dict[str, object] = {
        "recipients": [
            {"korrespondansepart": given.part, "navn": given.navn, "identifikator": given.identifikator}
            for given in submission.recipients
        ],
        "deadline": options.deadline.isoformat() if options.deadline else None,
        "messageChannel": options.message_channel,
        "actor": options.actor,
    }
    return {name: value for name, value in kept.items() if value}


def _read_given(entry: Mapping[str, object]) -> Given:
    part = entry.get("korrespondansepart")
    return Given(part if isinstance(part, int) else 0, str(entry.get("navn")), str(entry.get("identifikator")))
