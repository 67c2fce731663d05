"""The envelope of one message: from a choice and its conversation to the SBD.

In come the records of a prototype or a committed message, out comes an `Envelope`, or the SBD that goes on the wire.
Called by the journey, which sends it, and by the doors, which show it before commit.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from gateway.delivery.answering import answered_by
from gateway.delivery.editing import merge
from gateway.message.business import BUSINESS_TYPES
from gateway.message.filling import write_for_wire
from gateway.message.processes import ARKIVMELDING
from gateway.message.prototype import Choice
from gateway.message.sbd import Envelope, JsonObject, read_envelope, write_envelope
from gateway.storage.conversations import Conversation


def compose(
    choice: Choice, conversation: Conversation, *, main_document: str | None, times: tuple[datetime, datetime | None]
) -> Envelope:
    """The envelope as it would go now; `times` are its creation and the deadline. `choice.route` must be set."""
    created, deadline = times
    route = choice.route
    channel = conversation.options.get("messageChannel")
    answered = answered_by(conversation)
    if answered and answered.recipient != choice.recipient:
        # The others must not learn what is answered.
        answered = None
    return Envelope(
        message_id=choice.message_id,
        conversation_id=choice.conversation_id,
        sender=conversation.sender,
        receiver=choice.recipient,
        process=route.process if route else "",
        document_type=route.document_type if route else ARKIVMELDING,
        created=created,
        expected_response=deadline,
        business=_business(choice, main_document),
        channel=channel if isinstance(channel, str) else answered.channel if answered else None,
        receiver_ref=answered.receiver_ref if answered else None,
    )


def write_sbd(envelope: Envelope) -> bytes:
    """The SBD of an envelope that the gateway wrote."""
    return json.dumps(write_envelope(envelope), ensure_ascii=False).encode()


def write_clients_sbd(sbd: Mapping[str, object]) -> bytes:
    """The SBD that a client wrote, as it goes on the wire: nothing is changed but who sends on whose behalf."""
    return json.dumps(write_for_wire(sbd), ensure_ascii=False).encode()


def answered_channel(sbd: Mapping[str, object]) -> str | None:
    """The message channel of the message that a receipt answers, whose owner is to find it; None for all that is no receipt."""
    envelope = read_envelope(sbd)
    kind = BUSINESS_TYPES.get(envelope.type)
    return envelope.channel if kind and kind.is_receipt else None


def _business(choice: Choice, main_document: str | None) -> JsonObject:
    """What the caller wrote, overlaid by what is not the caller's to say: the file in the package, the route's level."""
    business: JsonObject = merge({}, choice.business)
    if main_document:
        business["hoveddokument"] = main_document
    if choice.route and choice.route.security_level:
        business["sikkerhetsnivaa"] = choice.route.security_level
    return business
