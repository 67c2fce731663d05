"""What the log of messages looks like, as marshmallow schemas, for /docs and /openapi.json.

`views.py` writes what is described here; a test loads real answers with these schemas. Used by `statuses` and the feed.
"""

from marshmallow import fields

from gateway.api.members import Answer, moment, moment_or_none, must_act, nullable, one_of, one_of_or_none
from gateway.message.processes import Channel
from gateway.message.status import Direction, Evidence, Outcome, Status
from gateway.storage.states import ConversationState, MessageState


class EventAnswer(Answer):
    """One status."""

    cursor = fields.Integer()
    messageId = fields.String()
    conversationId = fields.String()
    direction = one_of(Direction)
    status = one_of(Status)
    at = moment()
    evidence = one_of_or_none(Evidence)
    outcome = one_of_or_none(Outcome)
    description = nullable()
    mustAct = must_act()
    mend = nullable()
    answer = nullable()
    round = fields.Integer(metadata={"description": "1, and one more each time a failed message was started again"})


class MessageStatusAnswer(Answer):
    """One message and its log."""

    messageId = fields.String()
    sbdConversationId = fields.String()
    recipient = nullable()
    serviceIdentifier = one_of_or_none(Channel)
    state = one_of(MessageState)
    outcome = one_of(Outcome)
    lastStatus = one_of_or_none(Status)
    deadline = moment_or_none()
    notBefore = moment_or_none()
    statuses = fields.List(fields.Nested(EventAnswer))


class StatusAnswer(Answer):
    """The statuses of a conversation, or of one message of it."""

    conversationId = fields.String()
    state = one_of(ConversationState)
    cursor = fields.Integer()
    messages = fields.List(fields.Nested(MessageStatusAnswer))
