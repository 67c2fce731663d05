"""The inbox as marshmallow schemas: what may stand in the query, and what is answered.

Called by `api.inbox` and the OpenAPI document; `inbox_views` writes what is described here. Contract §2.
"""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from gateway.api.answers import Answer, EventAnswer
from gateway.language import say
from gateway.message.identifiers import parse_identifier
from gateway.message.processes import Channel
from gateway.storage.inbox import InboxState
from gateway.storage.receipts_out import ReceiptState

PAGE, LONGEST_PAGE = 50, 500


class Party(fields.String):
    """An organisation, in any of its spellings, as `0192:…`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        text = super()._deserialize(value, attr, data, **more)
        try:
            return str(parse_identifier(text))
        except ValueError as fault:
            raise ValidationError(fault.args[0]) from fault


class IncomingQuery(Schema):
    """Which incoming messages are wanted; what is left out does not narrow it."""

    messageId = fields.String()
    conversationId = fields.String(metadata={"description": "that of the SBD"})
    receiver = Party(metadata={"example": "0192:311000017"})
    sender = Party(metadata={"example": "0192:311000128"})
    serviceIdentifier = fields.Enum(Channel, by_value=True)
    process = fields.String()
    documentType = fields.String(metadata={"example": "urn:no:difi:arkivmelding:xsd::arkivmelding"})


class IncomingListQuery(IncomingQuery):
    """The same with the state, and where to go on."""

    state = fields.Enum(InboxState, by_value=True)
    after = fields.String(metadata={"description": "`next` of the page before"})
    newestFirst = fields.Boolean(load_default=False)
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LONGEST_PAGE))


class WhichQuery(Schema):
    """Which message; left out: the one that this login has locked."""

    messageId = fields.String()


class HoldQuery(Schema):
    """How long to hold a message from now on."""

    seconds = fields.Integer(
        validate=validate.Range(1, error=say("This is at least 1 second.")),
        metadata={"description": "Left out: as long as a lock holds", "example": 300},
    )


class FileAnswer(Answer):
    """One file of the package; the first is the main document."""

    filename = fields.String()
    size = fields.Integer()
    sha256 = fields.String()
    mimeType = fields.String(metadata={"description": "by the ending of its name"})


class SignatureAnswer(Answer):
    """What was found of the package: `VALID`, `NO_PACKAGE`, or why it is not believed."""

    verdict = fields.String()
    reason = fields.String(allow_none=True)
    mend = fields.String(allow_none=True)
    signer = fields.String(allow_none=True, metadata={"description": "the subject of the certificate"})
    organisation = fields.String(allow_none=True, metadata={"description": "whose certificate it is"})
    signedBySender = fields.Boolean(allow_none=True, metadata={"description": "whether the sender itself signed"})
    serial = fields.String(allow_none=True)
    validUntil = fields.String(allow_none=True)


class LockAnswer(Answer):
    """Until when a message is somebody's."""

    until = fields.String()
    mine = fields.Boolean()


class IncomingAnswer(Answer):
    """One incoming message, without its SBD."""

    messageId = fields.String()
    conversationId = fields.String()
    organisation = fields.String(metadata={"description": "for whom it was fetched"})
    sender = fields.String()
    receiver = fields.String()
    serviceIdentifier = fields.String()
    process = fields.String()
    documentType = fields.String()
    state = fields.String(validate=validate.OneOf([each.value for each in InboxState]))
    received = fields.String()
    lastUpdated = fields.String()
    expires = fields.String(allow_none=True)
    messageChannel = fields.String(allow_none=True)
    senderRef = fields.String(allow_none=True)
    inReplyTo = fields.String(allow_none=True, metadata={"description": "the message of ours that it answers"})
    signature = fields.Nested(SignatureAnswer)
    documents = fields.List(fields.Nested(FileAnswer))
    size = fields.Integer(allow_none=True, metadata={"description": "bytes of the ASiC-E; null: it carries none"})
    lock = fields.Nested(LockAnswer, allow_none=True)
    acknowledged = fields.String(allow_none=True)
    documentsDeleted = fields.String(allow_none=True)
    links = fields.Dict(keys=fields.String(), values=fields.String())


class PeekedAnswer(IncomingAnswer):
    """The same with its SBD."""

    standardBusinessDocument = fields.Dict()


class ReceiptAnswer(Answer):
    """A status message that goes back to the sender."""

    status = fields.String()
    state = fields.String(validate=validate.OneOf([each.value for each in ReceiptState]))
    sent = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "what went wrong the last time"})


class ReceivedAnswer(PeekedAnswer):
    """The same with everything that was told of it, here and to its sender."""

    statuses = fields.List(fields.Nested(EventAnswer))
    receipts = fields.List(fields.Nested(ReceiptAnswer))


class IncomingListAnswer(Answer):
    """A page of the inbox, in the order in which it came. `next` is null on the last page."""

    messages = fields.List(fields.Nested(IncomingAnswer))
    total = fields.Integer()
    next = fields.String(allow_none=True)


class DocumentsAnswer(Answer):
    """The files of a message."""

    messageId = fields.String()
    documents = fields.List(fields.Nested(FileAnswer))
