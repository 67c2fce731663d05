"""The JSON of our own door as marshmallow schemas: what comes in is loaded with them, what goes out is described by them.

Called by the routes of this room and by the OpenAPI document. Unknown members are refused, so that a misspelt one is
noticed. Contract §3 and §5.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from gateway.arkivmelding.conversion import MAY_BE_SUPPLIED
from gateway.arkivmelding.handling import Handling
from gateway.language import say
from gateway.message.processes import ADMINISTRASJON, Channel

_A_YEAR = timedelta(days=366)


def _text(example: str, **more: Any) -> fields.String:
    return fields.String(metadata={"example": example}, **more)


def _soon(value: datetime) -> None:
    """A deadline lies ahead, and no more than a year."""
    try:
        ahead = value.astimezone(UTC) - datetime.now(UTC)
    except OverflowError as fault:
        raise ValidationError(say("There is no such time.")) from fault
    if not timedelta() < ahead <= _A_YEAR:
        raise ValidationError(say("This must lie in the future, and at most a year ahead."))


def _deadline() -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", validate=_soon)


def _within_a_year(value: datetime) -> None:
    """A time that may have passed: then it holds nothing back."""
    try:
        ahead = value.astimezone(UTC) - datetime.now(UTC)
    except OverflowError as fault:
        raise ValidationError(say("There is no such time.")) from fault
    if ahead > _A_YEAR:
        raise ValidationError(say("This must lie at most a year ahead."))


def _not_before(**more: Any) -> fields.AwareDateTime:
    words = "It is not handed over before that time."
    return fields.AwareDateTime(format="iso", validate=_within_a_year, metadata={"description": words}, **more)


def _process(**more: Any) -> fields.String:
    pattern = validate.Regexp(
        r"^urn:[A-Za-z0-9:._-]{1,200}\Z", error=say("This is no process, which begins with urn:no:difi:profile:")
    )
    return fields.String(validate=pattern, metadata={"example": ADMINISTRASJON}, **more)


class Strict(Schema):
    """The base: unknown members are refused."""

    class Meta:
        unknown = RAISE


class RecipientSchema(Strict):
    """An identifier given beside the document: the part's index (from 1), its name as a check, the identifier."""

    korrespondansepart = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    navn = _text("Fjordvik tilsyn", required=True)
    identifikator = _text("0192:311000128", required=True)


class OptionsSchema(Strict):
    """The `options` part."""

    sender = _text("0192:311000101")
    process = _process()
    confidential = fields.Boolean(truthy={True}, falsy={False})
    deadline = _deadline()
    notBefore = _not_before()
    messageChannel = fields.String(validate=validate.Regexp(r"^[a-zA-Z0-9_-]{1,25}\Z"))
    inReplyTo = fields.String(
        validate=validate.Length(min=1, max=200),
        metadata={
            "description": "The messageId of an incoming message: fills sender, recipient, process and references."
        },
    )
    actor = _text("saksbehandler-7", validate=validate.Length(max=200))
    handling = fields.Enum(Handling, by_value=True)
    convert = fields.Boolean(truthy={True}, falsy={False})
    fill = fields.Dict(
        keys=fields.String(validate=validate.OneOf(sorted(MAY_BE_SUPPLIED))),
        values=fields.String(validate=validate.Length(min=1, max=1000)),
        metadata={"example": {"saksansvarlig": "Saksbehandler"}},
    )


class PrototypeEditSchema(Strict):
    """Changes to one prototype (with messageId), or a new recipient (without)."""

    messageId = fields.UUID()
    selected = fields.Boolean(truthy={True}, falsy={False})
    recipient = _text("0192:311000128")
    korrespondansepart = fields.Integer(strict=True, validate=validate.Range(min=1))
    name = fields.String(validate=validate.Length(min=1, max=500))
    role = fields.String(validate=validate.OneOf(["Mottaker", "Kopimottaker"]))
    process = _process()
    serviceIdentifier = fields.Enum(Channel, by_value=True)
    documents = fields.List(fields.String(), validate=validate.Length(min=1))
    expectedResponseDateTime = _deadline()
    businessMessage = fields.Dict(keys=fields.String())
    confirm = fields.List(_text("NAME_MISMATCH"))

    @validates_schema
    def check_kind(self, data: dict[str, object], **_: object) -> None:
        """An entry without messageId is a new recipient and says whose it is."""
        if "messageId" in data:
            wrong = {"korrespondansepart", "name", "role"}.intersection(data)
            if wrong:
                raise ValidationError(say("This goes with a new recipient, not with a messageId."), sorted(wrong)[0])
        elif "recipient" not in data:
            message = say("An entry has a messageId, or is a new recipient with `recipient`.")
            raise ValidationError(message, "recipient")
        elif "korrespondansepart" not in data and "name" not in data:
            message = say("A new recipient names its korrespondansepart, or a name and a role.")
            raise ValidationError(message, "korrespondansepart")


class EditSchema(Strict):
    """The body of a PUT: what is absent stays."""

    prototypes = fields.List(fields.Nested(PrototypeEditSchema))
    confidential = fields.Boolean(truthy={True}, falsy={False}, metadata={"example": True})
    sender = fields.String()
    process = _process()
    notBefore = _not_before(allow_none=True)
    confirm = fields.List(_text("NOT_OUTGOING"))
    select = fields.String(validate=validate.OneOf(["ready"]))
    actor = _text("saksbehandler-7", validate=validate.Length(max=200))


class ActSchema(Strict):
    """Who at the fagsystem does this, for the timeline."""

    actor = _text("saksbehandler-7", validate=validate.Length(max=200))


class ListingQuery(Schema):
    """Filters and paging of the list."""

    state = fields.String(validate=validate.OneOf(["draft", "committed", "finished", "discarded"]))
    process = _process()
    meldingId = fields.String()
    after = fields.String(metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class DryRunQuery(Schema):
    """Whether to derive and answer without storing."""

    dryRun = fields.Boolean(load_default=False)


class PostedQuery(Schema):
    """Whether to show the arkivmelding as it was posted."""

    posted = fields.Boolean(load_default=False)


class PreviewQuery(Schema):
    """Whether to show the whole arkivmelding as the recipient gets it."""

    xml = fields.Boolean(load_default=False)


class DocumentQuery(Schema):
    """Whether other bytes may take the place of a document of the same name, and what people call the document."""

    replace = fields.Boolean(load_default=False)
    title = _text("Vedtak", validate=validate.Length(max=500))


class NoQuery(Schema):
    """An address that takes no parameters."""


class CapabilityQuery(Schema):
    """What to ask the registry."""

    process = _process()
    securityLevel = fields.Integer(validate=validate.OneOf([3, 4]))


class CapabilityRequest(Strict):
    """The same with the identifier in the body, for persons."""

    identifier = _text("0192:311000128", required=True)
    process = _process()
    securityLevel = fields.Integer(strict=True, validate=validate.OneOf([3, 4]))


class FaultSchema(Schema):
    """One thing that is wrong."""

    rule = fields.String()
    severity = fields.String()
    line = fields.Integer(allow_none=True)
    column = fields.Integer(allow_none=True)
    path = fields.String()
    fault_class = fields.String(
        data_key="class", allow_none=True, metadata={"description": "unsafe, provenance, spelling or advisory"}
    )
    message = fields.String()
    mend = fields.String()
    value = fields.String(allow_none=True)


class ProblemDetails(Schema):
    """An error (RFC 9457)."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    instance = fields.String()
    code = fields.String()
    mend = fields.String()
    acceptedIfLenient = fields.Boolean()
    acceptedIfConverted = fields.Boolean()
    errors = fields.List(fields.Nested(FaultSchema))
