"""The answers about one message as marshmallow schemas, for /docs and /openapi.json.

`views.py` and `single.py` write what is described here; a test loads real answers with these schemas.
"""

from marshmallow import fields, validate

from gateway.api.answers import Answer, must_act
from gateway.delivery.steering import Done
from gateway.delivery.timeline import Awaits, EntryKind
from gateway.errors import Verdict


class EntryAnswer(Answer):
    """One thing that happened to a message; what does not belong to its kind is null."""

    at = fields.String()
    kind = fields.String(validate=validate.OneOf([each.value for each in EntryKind]))
    name = fields.String(metadata={"description": "the status; the step tried; retry, restart, cancel; named, dropped"})
    description = fields.String(allow_none=True)
    verdict = fields.String(allow_none=True, validate=validate.OneOf([None, *(each.value for each in Verdict)]))
    httpStatus = fields.Integer(allow_none=True)
    code = fields.String(allow_none=True)
    answer = fields.String(allow_none=True, metadata={"description": "the channel's own words"})
    mustAct = must_act()
    mend = fields.String(allow_none=True)
    nextTry = fields.String(allow_none=True)
    reference = fields.String(allow_none=True, metadata={"description": "what the channel calls it from here on"})
    evidence = fields.String(allow_none=True)
    actor = fields.String(allow_none=True)
    round = fields.Integer(allow_none=True)


class TimelineAnswer(Answer):
    """Everything that happened to one message, in order of time, and how it stands."""

    messageId = fields.String()
    conversationId = fields.String()
    recipient = fields.String(allow_none=True)
    serviceIdentifier = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)
    state = fields.String()
    outcome = fields.String()
    lastStatus = fields.String(allow_none=True)
    round = fields.Integer()
    deadline = fields.String(allow_none=True)
    heldUntil = fields.String(allow_none=True)
    awaits = fields.String(validate=validate.OneOf([each.value for each in Awaits]))
    nextTry = fields.String(allow_none=True)
    underWay = fields.Boolean(metadata={"description": "a try is being made this very moment"})
    mayRetry = fields.Boolean(metadata={"description": "whether `retry` would be taken now"})
    mustAct = must_act()
    mend = fields.String(allow_none=True)
    answer = fields.String(allow_none=True, metadata={"description": "the channel's own words"})
    timeline = fields.List(fields.Nested(EntryAnswer))


class RetryAnswer(Answer):
    """What came of a retry: `brought-forward`, `under-way` (a try is being made), `restarted` (it had failed)."""

    messageId = fields.String()
    done = fields.String(validate=validate.OneOf([each.value for each in Done]))
    links = fields.Dict(keys=fields.String(), values=fields.String())
