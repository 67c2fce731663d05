"""What a refusal looks like, as marshmallow schemas, for /docs and /openapi.json: problem details (RFC 9457).

`problems.py` writes what is described here. Registered by the door, for it belongs to every route.
"""

from typing import ClassVar

from marshmallow import fields

from gateway.api.members import Answer, nullable, one_of, one_of_or_none
from gateway.errors import FaultClass, Severity


class FaultSchema(Answer):
    """One thing that is wrong."""

    rule = fields.String()
    severity = one_of(Severity)
    line = nullable(fields.Integer)
    column = nullable(fields.Integer)
    path = fields.String()
    fault_class = one_of_or_none(FaultClass, data_key="class")
    message = fields.String()
    mend = fields.String()
    value = nullable()


class ProblemDetails(Answer):
    """An error (RFC 9457)."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"mend", "acceptedIfLenient", "acceptedIfConverted"})

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
