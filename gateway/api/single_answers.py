"""The answers about one message as marshmallow schemas, for /docs and /openapi.json.

`views.py` and `single.py` write what is described here; a test loads real answers with these schemas.
"""

from marshmallow import fields

from gateway.api.members import Answer, moment, moment_or_none, must_act, one_of, one_of_or_none
from gateway.delivery.steering import Done
from gateway.delivery.timeline import Awaits, EntryKind
from gateway.errors import Verdict
from gateway.message.processes import Channel
from gateway.message.status import Evidence, Outcome, Status
from gateway.storage.states import MessageState


class EntryAnswer(Answer):
    """One thing that happened to a message; what does not belong to its kind is null."""

    at = moment()
    kind = one_of(EntryKind)
    name = fields.String(metadata={"description": "the status; the step tried; retry, restart, cancel; named, dropped"})
    description = fields.String(allow_none=True)
    verdict = one_of_or_none(Verdict)
    httpStatus = fields.Integer(allow_none=True)
    code = fields.String(allow_none=True)
    answer = fields.String(allow_none=True, metadata={"description": "the channel's own words"})
    mustAct = must_act()
    mend = fields.String(allow_none=True)
    nextTry = moment_or_none()
    reference = fields.String(allow_none=True, metadata={"description": "what the channel calls it from here on"})
    evidence = one_of_or_none(Evidence)
    actor = fields.String(allow_none=True)
    round = fields.Integer(allow_none=True)


class TimelineAnswer(Answer):
    """Everything that happened to one message, in order of time, and how it stands."""

    messageId = fields.String()
    conversationId = fields.String()
    recipient = fields.String(allow_none=True)
    serviceIdentifier = one_of_or_none(Channel)
    reference = fields.String(allow_none=True)
    state = one_of(MessageState)
    outcome = one_of(Outcome)
    lastStatus = one_of_or_none(Status)
    round = fields.Integer()
    deadline = moment_or_none()
    heldUntil = moment_or_none()
    awaits = one_of(Awaits)
    nextTry = moment_or_none()
    underWay = fields.Boolean(metadata={"description": "a try is being made this very moment"})
    mayRetry = fields.Boolean(metadata={"description": "whether `retry` would be taken now"})
    mustAct = must_act()
    mend = fields.String(allow_none=True)
    answer = fields.String(allow_none=True, metadata={"description": "the channel's own words"})
    timeline = fields.List(fields.Nested(EntryAnswer))


class RetryAnswer(Answer):
    """What came of a retry: `brought-forward`, `under-way` (a try is being made), `restarted` (it had failed)."""

    messageId = fields.String()
    done = one_of(Done)
    links = fields.Dict(keys=fields.String(), values=fields.String())
