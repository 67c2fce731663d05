"""The answers of our own door as marshmallow schemas, for /docs and /openapi.json.

`views.py` writes what is described here; a test loads real answers with these schemas, unknown members refused.
"""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from gateway.errors import MustAct


class Answer(Schema):
    """The base: a member that is not described is a fault of the description."""

    class Meta:
        unknown = RAISE


def _nullable(kind: type[fields.String] | type[fields.Integer] | type[fields.Boolean] = fields.String) -> Any:
    return kind(allow_none=True)


def must_act() -> fields.String:
    """The closed set of those who may have to act, null where nobody is called for."""
    words = (
        "who must act: sender, operator (of the gateway), recipient, channel, or nobody (it is tried again by itself)"
    )
    known = validate.OneOf([None, *(each.value for each in MustAct)])
    return fields.String(allow_none=True, validate=known, metadata={"description": words})


class PartAnswer(Answer):
    """A korrespondansepart; index 0 is a recipient that the document does not name."""

    index = fields.Integer()
    type = fields.String()
    name = fields.String()


class ProblemAnswer(Answer):
    """Something in the way: `block` (mend it), `confirm` (say yes to it) or `info`."""

    code = fields.String()
    severity = fields.String()
    message = fields.String()
    mend = fields.String()
    filename = fields.String()
    line = fields.Integer()
    korrespondansepart = fields.Integer()


class ConfirmedAnswer(Answer):
    """Who said yes to what."""

    code = fields.String()
    actor = _nullable()
    at = fields.String()


class RouteAnswer(Answer):
    """One way to a recipient."""

    process = fields.String()
    serviceIdentifier = fields.String()
    documentType = fields.String()
    securityLevel = _nullable(fields.Integer)


class RegisteredAnswer(Answer):
    """The registry's words."""

    name = _nullable()
    form = fields.String()
    address = _nullable()


class RedactionAnswer(Answer):
    """What this recipient does not get."""

    path = fields.String()
    line = fields.Integer()
    reason = fields.String()


class PrototypeAnswer(Answer):
    """One message before commit."""

    messageId = fields.String()
    selected = fields.Boolean()
    ready = fields.Boolean()
    korrespondansepart = fields.Nested(PartAnswer, allow_none=True)
    recipient = _nullable()
    identifiedBy = _nullable()
    registered = fields.Nested(RegisteredAnswer, allow_none=True)
    nameMatch = fields.String()
    process = _nullable()
    serviceIdentifier = _nullable()
    documentType = _nullable()
    securityLevel = _nullable(fields.Integer)
    confidential = fields.Boolean()
    documents = fields.List(fields.String())
    size = _nullable(fields.Integer)
    sizeLimit = _nullable(fields.Integer)
    expectedResponseDateTime = _nullable()
    redactions = fields.List(fields.Nested(RedactionAnswer))
    why = fields.List(fields.String())
    alternatives = fields.List(fields.Nested(RouteAnswer))
    problems = fields.List(fields.Nested(ProblemAnswer))
    confirmed = fields.List(fields.Nested(ConfirmedAnswer))
    standardBusinessDocument = fields.Dict(allow_none=True)


class ArkivmeldingAnswer(Answer):
    """What the arkivmelding says of itself."""

    meldingId = fields.String()
    system = fields.String()
    dialect = fields.String()
    profile = _nullable()
    valid = fields.Boolean()
    converted = fields.Boolean()
    title = _nullable()
    saksmappe = _nullable()
    journalpost = _nullable()
    shielding = fields.String()


class MendedAnswer(Answer):
    """Something that goes out otherwise than it was posted: a value, a name, or a place (then both are paths)."""

    what = fields.String()
    path = fields.String()
    line = fields.Integer()
    before = fields.String()
    after = fields.String()
    reason = fields.String()


class LostAnswer(Answer):
    """Something posted that the outgoing arkivmelding has no place for."""

    path = fields.String()
    line = fields.Integer()
    value = fields.String()
    reason = fields.String()


class FilledAnswer(Answer):
    """Something that the outgoing arkivmelding demands and the posted one lacks; `path` is that of the outgoing one."""

    path = fields.String()
    value = fields.String()
    source = fields.String()


class UploadAnswer(Answer):
    """A document that has come in."""

    filename = fields.String()
    mimeType = fields.String()
    received = fields.Boolean()
    size = _nullable(fields.Integer)
    sha256 = _nullable()
    title = _nullable()


class DocumentAnswer(UploadAnswer):
    """A document of the arkivmelding, or one that it does not name."""

    role = _nullable()
    variant = _nullable()


class SkippedAnswer(Answer):
    """Who is deliberately no recipient: SENDER, INTERNAL, SELF, MERGED or EXPANDED."""

    korrespondansepart = fields.Nested(PartAnswer)
    reason = fields.String()


class ConversationAnswer(Answer):
    """A submission: its documents, its prototypes, and what stands in the way."""

    conversationId = fields.String()
    kind = fields.String(metadata={"description": "arkivmelding, or classic: it began with an SBD"})
    state = fields.String()
    ready = fields.Boolean()
    version = fields.Integer()
    created = fields.String()
    expires = _nullable()
    committed = _nullable()
    documentsDeleted = _nullable()
    sender = fields.String()
    confidential = _nullable(fields.Boolean)
    notBefore = _nullable()
    inReplyTo = _nullable()
    arkivmelding = fields.Nested(ArkivmeldingAnswer, allow_none=True)
    documents = fields.List(fields.Nested(DocumentAnswer))
    prototypes = fields.List(fields.Nested(PrototypeAnswer))
    skipped = fields.List(fields.Nested(SkippedAnswer))
    problems = fields.List(fields.Nested(ProblemAnswer))
    confirmed = fields.List(fields.Nested(ConfirmedAnswer))
    handling = fields.String()
    mended = fields.List(fields.Nested(MendedAnswer))
    lost = fields.List(fields.Nested(LostAnswer))
    filled = fields.List(fields.Nested(FilledAnswer))
    notSent = fields.List(fields.String())
    standardBusinessDocument = fields.Dict(
        allow_none=True, metadata={"description": "of a classic conversation: the SBD with everything filled in"}
    )


class RuleAnswer(Answer):
    """One rule. `severity` is what breaking it weighs under strict handling."""

    code = fields.String()
    fault_class = fields.String(data_key="class")
    severity = fields.String()
    sentence = fields.String()
    mend = fields.String()


class RulesAnswer(Answer):
    """The table of rules."""

    rules = fields.List(fields.Nested(RuleAnswer))


class SummaryAnswer(Answer):
    """One row of the list."""

    conversationId = fields.String()
    kind = fields.String()
    state = fields.String()
    sender = fields.String()
    meldingId = _nullable()
    title = _nullable()
    shielding = fields.String()
    process = _nullable()
    created = fields.String()
    expires = _nullable()
    committed = _nullable()
    finished = _nullable()


class ListingAnswer(Answer):
    """A page of the list; `next` is null on the last one."""

    conversations = fields.List(fields.Nested(SummaryAnswer))
    next = _nullable()


class SentAnswer(Answer):
    """One queued message."""

    messageId = fields.String()
    sbdConversationId = fields.String()
    recipient = fields.String()
    serviceIdentifier = fields.String()
    links = fields.Dict(keys=fields.String(), values=fields.String())


class NotSentAnswer(Answer):
    """One deselected prototype."""

    messageId = fields.String()
    recipient = _nullable()


class CommitmentAnswer(Answer):
    """The answer to a commit."""

    conversationId = fields.String()
    committed = fields.String()
    messages = fields.List(fields.Nested(SentAnswer))
    notSent = fields.List(fields.Nested(NotSentAnswer))
    links = fields.Dict(keys=fields.String(), values=fields.String())


class EventAnswer(Answer):
    """One status."""

    cursor = fields.Integer()
    messageId = fields.String()
    conversationId = fields.String()
    direction = fields.String()
    status = fields.String()
    at = fields.String()
    evidence = _nullable()
    outcome = _nullable()
    description = _nullable()
    mustAct = must_act()
    mend = _nullable()
    answer = _nullable()
    round = fields.Integer(metadata={"description": "1, and one more each time a failed message was started again"})


class MessageStatusAnswer(Answer):
    """One message and its log."""

    messageId = fields.String()
    sbdConversationId = fields.String()
    recipient = _nullable()
    serviceIdentifier = _nullable()
    state = fields.String()
    outcome = fields.String()
    lastStatus = _nullable()
    deadline = _nullable()
    notBefore = _nullable()
    statuses = fields.List(fields.Nested(EventAnswer))


class StatusAnswer(Answer):
    """The statuses of a conversation, or of one message of it."""

    conversationId = fields.String()
    state = fields.String()
    cursor = fields.Integer()
    messages = fields.List(fields.Nested(MessageStatusAnswer))


class DocumentTypeAnswer(Answer):
    """A document type: the business message's name and the whole id."""

    type = fields.String()
    standard = fields.String()


class CapabilityAnswer(Answer):
    """One way to reach somebody. `enabled` says whether this gateway sends on that channel."""

    process = fields.String()
    serviceIdentifier = fields.String()
    securityLevel = _nullable(fields.Integer)
    documentTypes = fields.List(fields.Nested(DocumentTypeAnswer))
    sizeLimit = _nullable(fields.Integer)
    enabled = fields.Boolean()


class CapabilitiesAnswer(Answer):
    """Who it is and how it can be reached."""

    identifier = fields.String()
    registered = fields.Nested(RegisteredAnswer)
    capabilities = fields.List(fields.Nested(CapabilityAnswer))
