"""`/statuses/{id}`: what has become of a conversation or of one message.

In comes any id, out go the logs. Called by the app. Contract §2.
"""

import json

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from gateway.api.answers import StatusAnswer
from gateway.api.described import refusals
from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.api.views import message_status_json
from gateway.storage import conversations, messages, statuses

blueprint = Blueprint("statuses", __name__, description="Follow what was sent.")


@blueprint.route("/statuses/<any_id>")
class Statuses(MethodView):
    """The log of a conversation, or of one message of it."""

    @blueprint.response(200, StatusAnswer)
    @blueprint.doc(responses=refusals(404))
    def get(self, any_id: str) -> Response:
        """Look up by conversationId, messageId, or the ConversationId of an SBD."""
        with rooms().database.reading() as connection:
            conversation_id = conversations.resolve(connection, any_id, client_id=current_caller().client_id)
            conversation = conversations.find(connection, conversation_id, client_id=None)
            wanted = messages.of_conversation(connection, conversation_id)
            events = statuses.of_conversation(connection, conversation_id)
        if any_id != conversation_id:
            wanted = tuple(each for each in wanted if any_id in (each.id, each.choice.conversation_id))
        body = {
            "conversationId": conversation.id,
            "state": conversation.state.value,
            "messages": [
                message_status_json(message, tuple(event for event in events if event.message_id == message.id))
                for message in wanted
            ],
        }
        return Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
