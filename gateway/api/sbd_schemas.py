"""The SBD of the classic send as marshmallow schemas, for /docs and /openapi.json alone: `message.client_sbd` reads it.

Called by `described`. What is not described here is kept and sent along.
"""

from marshmallow import INCLUDE, Schema, fields, validate

from gateway.message.business import BUSINESS_TYPES
from gateway.message.client_sbd import HEALTH_AUTHORITY, SCOPE_TYPES
from gateway.message.identifiers import AUTHORITY
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING


class _Open(Schema):
    class Meta:
        unknown = INCLUDE


class SbdIdentifierSchema(_Open):
    """Who it is."""

    authority = fields.String(required=True, validate=validate.OneOf([AUTHORITY, HEALTH_AUTHORITY]))
    value = fields.String(required=True, metadata={"example": "0192:311000020"})


class SbdPartnerSchema(_Open):
    """A sender or a receiver."""

    identifier = fields.Nested(SbdIdentifierSchema, required=True)


class SbdIdentificationSchema(_Open):
    """What it is. `instanceIdentifier` is the messageId: made by the gateway where it is left out."""

    standard = fields.String(required=True, metadata={"example": ARKIVMELDING})
    type = fields.String(required=True, validate=validate.OneOf(list(BUSINESS_TYPES)))
    typeVersion = fields.String(required=True, metadata={"example": "2.0"})
    instanceIdentifier = fields.UUID()
    creationDateAndTime = fields.AwareDateTime()


class SbdScopeInformationSchema(_Open):
    """Until when it may be delivered: the default is a day."""

    expectedResponseDateTime = fields.AwareDateTime()


class SbdScopeSchema(_Open):
    """One scope: the process stands in the `identifier` of ConversationId, references in `instanceIdentifier`."""

    type = fields.String(required=True, validate=validate.OneOf(SCOPE_TYPES))
    instanceIdentifier = fields.String()
    identifier = fields.String(metadata={"example": ADMINISTRASJON})
    scopeInformation = fields.List(fields.Nested(SbdScopeInformationSchema))


class SbdScopesSchema(_Open):
    """All of them."""

    scope = fields.List(fields.Nested(SbdScopeSchema), required=True, validate=validate.Length(min=1))


class SbdHeaderSchema(_Open):
    """From whom, to whom, what, by which process."""

    headerVersion = fields.String(required=True, metadata={"example": "1.0"})
    sender = fields.List(fields.Nested(SbdPartnerSchema), validate=validate.Length(max=1))
    receiver = fields.List(fields.Nested(SbdPartnerSchema), required=True, validate=validate.Length(max=1))
    documentIdentification = fields.Nested(SbdIdentificationSchema, required=True)
    businessScope = fields.Nested(SbdScopesSchema, required=True)


class SbdSchema(_Open):
    """An SBD: the header, and one member named after `documentIdentification.type`."""

    standardBusinessDocumentHeader = fields.Nested(SbdHeaderSchema, required=True)
    arkivmelding = fields.Dict()
    arkivmelding_kvittering = fields.Dict()
    avtalt = fields.Dict()
