"""`/statuses` and `/statuses/{id}`: what has happened, as a feed with a cursor, and of a conversation or one message.

In come cursors, filters and ids, out go events and logs, when asked to wait only once there is something new. Called by
the app. Contract §2.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response
from flask.views import MethodView

from gateway.api.answers import StatusAnswer
from gateway.api.arguments import Blueprint
from gateway.api.described import refusals
from gateway.api.feed_schemas import FeedAnswer, FeedQuery, WaitQuery
from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.api.views import event_json, message_status_json
from gateway.api.waiting import LongPoll, Question, say_how_it_went
from gateway.errors import Invalid, NotFound
from gateway.language import say
from gateway.message.status import Outcome
from gateway.storage import conversations, inbox, messages, statuses
from gateway.storage.conversations import Conversation
from gateway.storage.engine import Connection
from gateway.storage.messages import Message, MessageState
from gateway.storage.statuses import FeedFilter, FeedPage, StatusEvent

blueprint = Blueprint("statuses", __name__, description="Follow what was sent.")

# Of these nothing will ever be told.
_NOT_SENT = frozenset({MessageState.PROTOTYPE, MessageState.DESELECTED, MessageState.CANCELLED})


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is known of a conversation, or of the messages of it that were asked for."""

    conversation: Conversation
    messages: tuple[Message, ...]
    events: tuple[StatusEvent, ...]

    @property
    def cursor(self) -> int:
        return max((event.cursor or 0 for event in self.events), default=0)

    @property
    def is_pending(self) -> bool:
        return any(each.outcome is Outcome.PENDING and each.state not in _NOT_SENT for each in self.messages)


@blueprint.route("/statuses")
class Feed(MethodView):
    """Every event of this login's messages, and of what came in for its organisations."""

    @blueprint.arguments(FeedQuery(), location="query")
    @blueprint.response(200, FeedAnswer)
    @blueprint.doc(responses=refusals(422, 503))
    def get(self, query: Mapping[str, Any]) -> Response:
        """The events after a cursor, oldest first. Nothing is passed over and nothing is marked as read."""
        caller = current_caller()
        wanted = query.get("status", ()), query.get("direction"), query["limit"]
        filters, client_id = FeedFilter(*wanted, caller.organisations), caller.client_id

        def ask(connection: Connection) -> FeedPage:
            found = statuses.feed(connection, client_id=client_id, after=query["after"], filters=filters)
            if not found.events:
                _require_drawn(connection, query["after"])
            return found

        page, went = rooms().waiting.answer(Question(ask, lambda found: bool(found.events), query["wait"]))
        events = [event_json(event) for event in page.events]
        return _answer({"events": events, "cursor": page.cursor, "more": page.more}, went)


@blueprint.route("/statuses/<any_id>")
class Statuses(MethodView):
    """The log of a conversation, or of one message of it."""

    @blueprint.arguments(WaitQuery(), location="query")
    @blueprint.response(200, StatusAnswer)
    @blueprint.doc(responses=refusals(404, 422, 503))
    def get(self, query: Mapping[str, Any], any_id: str) -> Response:
        """Look up by conversationId, messageId, or the ConversationId of an SBD."""
        client_id, after = current_caller().client_id, query.get("after")

        def is_there(standing: _Standing) -> bool:
            return standing.cursor > after if after is not None else not standing.is_pending

        question = Question(
            lambda connection: _look_up(connection, any_id, client_id=client_id), is_there, query["wait"]
        )
        standing, went = rooms().waiting.answer(question)
        body = {
            "conversationId": standing.conversation.id,
            "state": standing.conversation.state.value,
            "cursor": standing.cursor,
            "messages": [
                message_status_json(message, tuple(each for each in standing.events if each.message_id == message.id))
                for message in standing.messages
            ],
        }
        return _answer(body, went)


def _require_drawn(connection: Connection, after: int) -> None:
    """Refuse a cursor that no page has ever given: it would be answered with nothing for ever."""
    if statuses.is_ahead(connection, after):
        raise Invalid(
            say("{after} lies ahead of the log", after=after),
            code="CURSOR_AHEAD",
            mend=say(
                "Go on from the `cursor` of the last page that you have read, or leave `after` out to begin anew."
            ),
        )


def _look_up(connection: Connection, any_id: str, *, client_id: str) -> _Standing:
    try:
        conversation_id = conversations.resolve(connection, any_id, client_id=client_id)
    except NotFound as fault:
        found = inbox.find(connection, any_id)
        if found is not None and found.organisation in current_caller().organisations:
            fault.mend = say("It is an incoming message: GET /in/messages/{id} shows its statuses.", id=any_id)
        raise
    conversation = conversations.find(connection, conversation_id, client_id=None)
    wanted = messages.of_conversation(connection, conversation_id)
    if any_id != conversation_id:
        wanted = tuple(each for each in wanted if any_id in (each.id, each.choice.conversation_id))
    shown = {each.id for each in wanted}
    events = statuses.of_conversation(connection, conversation_id)
    return _Standing(conversation, wanted, tuple(event for event in events if event.message_id in shown))


def _answer(body: Mapping[str, object], went: LongPoll) -> Response:
    return say_how_it_went(Response(json.dumps(body, ensure_ascii=False), content_type="application/json"), went)
