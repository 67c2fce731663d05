"""`/out/messages/{conversationId}/messages/{messageId}`: one committed message: look at it closely, hurry it, take it back.

In come requests, out go the timeline and what came of an act by hand. Decides nothing. Contract §2.
"""

import json
from collections.abc import Mapping

from flask import Response
from flask.views import MethodView

from gateway.api.arguments import Blueprint
from gateway.api.classic import is_classic
from gateway.api.described import ACT_BODY, refusals
from gateway.api.login import current_caller
from gateway.api.preview_answers import PreviewAnswer, preview_json
from gateway.api.rooms import rooms
from gateway.api.schemas import ActSchema, PreviewQuery
from gateway.api.single_answers import RetryAnswer, TimelineAnswer
from gateway.api.submissions import read_actor
from gateway.api.views import timeline_json
from gateway.delivery.steering import Hand, find_message
from gateway.delivery.timeline import read_timeline

blueprint = Blueprint("single", __name__, url_prefix="/out", description="One message on its way.")

_MESSAGE = "/messages/<conversation_id>/messages/<message_id>"


@blueprint.route(_MESSAGE)
class SingleMessage(MethodView):
    """One message of a conversation."""

    @blueprint.arguments(ActSchema(), location="query")
    @blueprint.response(204)
    @blueprint.doc(responses=refusals(404, 409, 422))
    def delete(self, query: Mapping[str, str], conversation_id: str, *, message_id: str) -> Response:
        """Cancel a committed message whose hand-over has not begun. To do it twice is to do it once."""
        hand = Hand(current_caller().client_id, query.get("actor"))
        rooms().steering.cancel(conversation_id, message_id, hand=hand)
        return Response(status=204)


@blueprint.route(f"{_MESSAGE}/preview")
class MessagePreview(MethodView):
    """One message as its recipient will get it."""

    @blueprint.arguments(PreviewQuery(), location="query")
    @blueprint.response(200, PreviewAnswer)
    @blueprint.doc(responses=refusals(404, 409, 410, 422))
    def get(self, query: Mapping[str, bool], conversation_id: str, *, message_id: str) -> Response:
        """What the recipient will see, which files go, and what is lost; nothing is sent."""
        caller = current_caller()
        if is_classic(conversation_id):
            with rooms().database.reading() as connection:
                find_message(connection, message_id, within=conversation_id, client_id=caller.client_id)
            preview = rooms().classic.preview(message_id, caller)
        else:
            preview = rooms().intake.preview(conversation_id, message_id, caller=caller)
        return _answer(preview_json(preview, with_xml=query["xml"]), 200)


@blueprint.route(f"{_MESSAGE}/timeline")
class MessageTimeline(MethodView):
    """What happened to one message."""

    @blueprint.response(200, TimelineAnswer)
    @blueprint.doc(responses=refusals(404))
    def get(self, conversation_id: str, message_id: str) -> Response:
        """Every step, attempt, answer and act by hand, the next try, and who must act."""
        client_id = current_caller().client_id
        with rooms().database.reading() as connection:
            message = find_message(connection, message_id, within=conversation_id, client_id=client_id)
            timeline = read_timeline(connection, message, now=rooms().now())
        return _answer(timeline_json(timeline), 200)


@blueprint.route(f"{_MESSAGE}/retry")
class Retry(MethodView):
    """The next try of one message."""

    @blueprint.response(202, RetryAnswer)
    @blueprint.doc(requestBody=ACT_BODY, responses=refusals(400, 404, 409, 415, 422))
    def post(self, conversation_id: str, message_id: str) -> Response:
        """Try now, or start a message again that failed before anything of it was handed over."""
        hand = Hand(current_caller().client_id, read_actor())
        done = rooms().steering.retry(conversation_id, message_id, hand=hand)
        path = f"/out/messages/{conversation_id}/messages/{message_id}"
        links = {"timeline": f"{path}/timeline", "statuses": f"/statuses/{message_id}"}
        return _answer({"messageId": message_id, "done": done.value, "links": links}, 202)


def _answer(body: Mapping[str, object], status: int) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
