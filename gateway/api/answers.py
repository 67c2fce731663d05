"""The answers of our own door as marshmallow schemas, for /docs and /openapi.json.

`views.py` writes what is described here; a test loads real answers with these schemas, unknown members refused.
"""

from typing import ClassVar

from marshmallow import fields, validate

from gateway.api.members import (
    Answer,
    moment,
    moment_or_none,
    nullable,
    one_of,
    one_of_or_none,
)
from gateway.arkivmelding import shielding
from gateway.arkivmelding.changes import Mend
from gateway.arkivmelding.handling import Handling
from gateway.arkivmelding.reader import Dialect
from gateway.arkivmelding.schema import Profile
from gateway.errors import FaultClass, Severity
from gateway.message.processes import Channel
from gateway.message.prototype import IdentifiedBy, NameMatch, Weight
from gateway.storage.states import ConversationKind, ConversationState

_SHIELDING = one_of(shielding.Outcome, without=frozenset({shielding.Outcome.CLASSIFIED}))  # that one is never kept
_SKIPPED = ("SENDER", "INTERNAL", "SELF", "MERGED", "EXPANDED", "UNKNOWN_TYPE")


class PartAnswer(Answer):
    """A korrespondansepart; index 0 is a recipient that the document does not name."""

    index = fields.Integer()
    type = fields.String()
    name = fields.String()


class ProblemAnswer(Answer):
    """Something in the way: `block` (mend it), `confirm` (say yes to it) or `info`."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"filename", "line", "korrespondansepart"})

    code = fields.String()
    severity = one_of(Weight)
    message = fields.String()
    mend = fields.String()
    filename = fields.String()
    line = fields.Integer()
    korrespondansepart = fields.Integer()


class ConfirmedAnswer(Answer):
    """Who said yes to what."""

    code = fields.String()
    actor = nullable()
    at = moment()


class RouteAnswer(Answer):
    """One way to a recipient."""

    process = fields.String()
    serviceIdentifier = one_of(Channel)
    documentType = fields.String()
    securityLevel = nullable(fields.Integer)


class RegisteredAnswer(Answer):
    """The registry's words."""

    name = nullable()
    form = fields.String()
    address = nullable()


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
    recipient = nullable()
    identifiedBy = one_of_or_none(IdentifiedBy)
    registered = fields.Nested(RegisteredAnswer, allow_none=True)
    nameMatch = one_of(NameMatch)
    process = nullable()
    serviceIdentifier = one_of_or_none(Channel)
    documentType = nullable()
    securityLevel = nullable(fields.Integer)
    confidential = fields.Boolean()
    documents = fields.List(fields.String())
    size = nullable(fields.Integer)
    sizeLimit = nullable(fields.Integer)
    expectedResponseDateTime = moment_or_none()
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
    dialect = one_of(Dialect)
    profile = one_of_or_none(Profile)
    valid = fields.Boolean()
    converted = fields.Boolean()
    title = nullable()
    saksmappe = nullable()
    journalpost = nullable()
    shielding = _SHIELDING


class MendedAnswer(Answer):
    """Something that goes out otherwise than it was posted: a value, a name, or a place (then both are paths)."""

    what = one_of(Mend)
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
    size = nullable(fields.Integer)
    sha256 = nullable()
    title = nullable()


class DocumentAnswer(UploadAnswer):
    """A document of the arkivmelding, or one that it does not name."""

    role = nullable()
    variant = nullable()


class SkippedAnswer(Answer):
    """Who is deliberately no recipient: SENDER, INTERNAL, SELF, MERGED or EXPANDED."""

    korrespondansepart = fields.Nested(PartAnswer)
    reason = fields.String(validate=validate.OneOf(_SKIPPED))


class ConversationAnswer(Answer):
    """A submission: its documents, its prototypes, and what stands in the way."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"notSent"})

    conversationId = fields.String()
    kind = one_of(ConversationKind, metadata={"description": "arkivmelding, or classic: it began with an SBD"})
    state = one_of(ConversationState)
    ready = fields.Boolean()
    version = fields.Integer()
    created = moment()
    expires = moment_or_none()
    committed = moment_or_none()
    documentsDeleted = moment_or_none()
    sender = fields.String()
    confidential = nullable(fields.Boolean)
    notBefore = moment_or_none()
    inReplyTo = nullable()
    arkivmelding = fields.Nested(ArkivmeldingAnswer, allow_none=True)
    documents = fields.List(fields.Nested(DocumentAnswer))
    prototypes = fields.List(fields.Nested(PrototypeAnswer))
    skipped = fields.List(fields.Nested(SkippedAnswer))
    problems = fields.List(fields.Nested(ProblemAnswer))
    confirmed = fields.List(fields.Nested(ConfirmedAnswer))
    handling = one_of(Handling)
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
    fault_class = one_of(FaultClass, data_key="class")
    severity = one_of(Severity)
    sentence = fields.String()
    mend = fields.String()


class RulesAnswer(Answer):
    """The table of rules."""

    rules = fields.List(fields.Nested(RuleAnswer))


class SummaryAnswer(Answer):
    """One row of the list."""

    conversationId = fields.String()
    kind = one_of(ConversationKind)
    state = one_of(ConversationState)
    sender = fields.String()
    meldingId = nullable()
    title = nullable()
    shielding = _SHIELDING
    process = nullable()
    created = moment()
    expires = moment_or_none()
    committed = moment_or_none()
    finished = moment_or_none()


class ListingAnswer(Answer):
    """A page of the list; `next` is null on the last one."""

    conversations = fields.List(fields.Nested(SummaryAnswer))
    next = nullable()


class SentAnswer(Answer):
    """One queued message."""

    messageId = fields.String()
    sbdConversationId = fields.String()
    recipient = fields.String()
    serviceIdentifier = one_of(Channel)
    links = fields.Dict(keys=fields.String(), values=fields.String())


class NotSentAnswer(Answer):
    """One deselected prototype."""

    messageId = fields.String()
    recipient = nullable()


class CommitmentAnswer(Answer):
    """The answer to a commit."""

    conversationId = fields.String()
    committed = moment()
    messages = fields.List(fields.Nested(SentAnswer))
    notSent = fields.List(fields.Nested(NotSentAnswer))
    links = fields.Dict(keys=fields.String(), values=fields.String())


class DocumentTypeAnswer(Answer):
    """A document type: the business message's name and the whole id."""

    type = fields.String()
    standard = fields.String()


class CapabilityAnswer(Answer):
    """One way to reach somebody. `enabled` says whether this gateway sends on that channel."""

    process = fields.String()
    serviceIdentifier = one_of(Channel)
    securityLevel = nullable(fields.Integer)
    documentTypes = fields.List(fields.Nested(DocumentTypeAnswer))
    sizeLimit = nullable(fields.Integer)
    enabled = fields.Boolean()


class CapabilitiesAnswer(Answer):
    """Who it is and how it can be reached."""

    identifier = fields.String()
    registered = fields.Nested(RegisteredAnswer)
    capabilities = fields.List(fields.Nested(CapabilityAnswer))
