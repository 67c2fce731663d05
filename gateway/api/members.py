"""The members of our own door's answers: what each schema of an answer is made of, so that every document says it alike.

In come kinds of values, out come marshmallow fields that say their format and their closed set. Called by every file
that describes answers.
"""

from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, fields, validate

from gateway.errors import MustAct


class Answer(Schema):
    """The base: a member that is not described is a fault of the description, and so is one that is missing.

    Every member stands in every answer, as null where there is nothing to tell, but for those in `sometimes`.
    """

    sometimes: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """marshmallow's hook: say of each member whether it is always there."""
        field_obj.required = field_name not in self.sometimes


def nullable(kind: type[fields.String] | type[fields.Integer] | type[fields.Boolean] = fields.String) -> Any:
    """A value that may be null."""
    return kind(allow_none=True)


def moment() -> fields.AwareDateTime:
    """A time: RFC 3339, in UTC."""
    return fields.AwareDateTime(format="iso")


def moment_or_none() -> fields.AwareDateTime:
    """A time, null where there is none."""
    return fields.AwareDateTime(format="iso", allow_none=True)


def one_of(kind: type[StrEnum], *, without: frozenset[str] = frozenset(), **more: Any) -> fields.String:
    """One of a closed set."""
    return fields.String(validate=validate.OneOf([each.value for each in kind if each not in without]), **more)


def one_of_or_none(kind: type[StrEnum], **more: Any) -> fields.String:
    """One of a closed set, null where there is none."""
    known = [None, *(each.value for each in kind if each.value)]
    return fields.String(allow_none=True, validate=validate.OneOf(known), **more)


def must_act() -> fields.String:
    """The closed set of those who may have to act, null where nobody is called for."""
    words = (
        "who must act: sender, operator (of the gateway), recipient, channel, or nobody (it is tried again by itself)"
    )
    return one_of_or_none(MustAct, metadata={"description": words})
