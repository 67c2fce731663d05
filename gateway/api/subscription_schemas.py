"""Subscriptions as marshmallow schemas: what comes in is loaded with them, what goes out is described by them.

Called by `api.subscriptions` and the OpenAPI document.
"""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from gateway.api.feed_schemas import cursor
from gateway.api.members import Answer, moment, moment_or_none, nullable, one_of, one_of_or_none
from gateway.api.schemas import Strict
from gateway.delivery.webhooks.endpoints import LONGEST_URL
from gateway.language import say
from gateway.message.status import Direction, Status
from gateway.storage.subscriptions import SubscriptionState

_SECRET = {"description": "whsec_ and 24 to 64 random bytes in base64; left out, one is made"}


def _statuses() -> Any:
    return fields.List(fields.Enum(Status, by_value=True), metadata={"example": ["LEVERT", "FEIL"]})


def _url(**more: Any) -> fields.String:
    length = validate.Length(min=1, max=LONGEST_URL)
    return fields.String(validate=length, metadata={"example": "https://fagsystem.example/hook"}, **more)


class SubscriptionRequest(Strict):
    """A new subscription. No `statuses` and no `direction`: every event. No `after`: from now on."""

    url = _url(required=True)
    secret = fields.String(metadata=_SECRET)
    statuses = _statuses()
    direction = fields.Enum(Direction, by_value=True, allow_none=True)
    after = cursor(strict=True)


class SubscriptionEdit(Strict):
    """Changes; what is absent stays. `state` active also ends a disabling."""

    url = _url()
    secret = fields.String(metadata=_SECRET)
    newSecret = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "make one; shown in this answer"})
    statuses = _statuses()
    direction = fields.Enum(Direction, by_value=True, allow_none=True)
    state = fields.String(validate=validate.OneOf(["active", "paused"]))

    @validates_schema
    def check_secret(self, data: dict[str, object], **_: object) -> None:
        """One secret, given or made."""
        if data.get("newSecret") and "secret" in data:
            raise ValidationError(say("Give a secret, or let one be made: not both."), "secret")


class ReplayRequest(Strict):
    """From where on events are told again."""

    after = cursor(required=True, strict=True)


class SubscriptionAnswer(Answer):
    """One subscription. `secret` is shown once, when it is made; `note` says what to do where something is wrong."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"secret"})

    subscriptionId = fields.String()
    url = fields.String()
    secret = fields.String()
    statuses = fields.List(one_of(Status))
    direction = one_of_or_none(Direction)
    state = one_of(SubscriptionState)
    cursor = fields.Integer()
    created = moment()
    failures = fields.Integer()
    failingSince = moment_or_none()
    lastSuccess = moment_or_none()
    lastFailure = moment_or_none()
    lastError = nullable()
    nextTry = moment_or_none()
    note = nullable()


class ReplayAnswer(SubscriptionAnswer):
    """The subscription, and the cursor of the first event that will be told: null where the log holds none."""

    firstCursor = fields.Integer(allow_none=True)


class SubscriptionsAnswer(Answer):
    """All of this login."""

    subscriptions = fields.List(fields.Nested(SubscriptionAnswer))


class PingAnswer(Answer):
    """What came of it: `status` where the endpoint answered, `message` where it was no success."""

    eventId = fields.String()
    delivered = fields.Boolean()
    status = fields.Integer(allow_none=True)
    milliseconds = fields.Integer(allow_none=True)
    code = nullable()
    message = nullable()
    mend = nullable()
