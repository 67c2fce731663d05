"""`/subscriptions`: webhooks made, looked at, changed, tried and replayed.

In come requests, out go subscriptions as JSON, each of this login; a secret is shown once. Decides nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response
from flask.views import MethodView

from gateway.api.arguments import Blueprint
from gateway.api.described import refusals
from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.api.schemas import NoQuery
from gateway.api.subscription_schemas import (
    PingAnswer,
    ReplayAnswer,
    ReplayRequest,
    SubscriptionAnswer,
    SubscriptionEdit,
    SubscriptionRequest,
    SubscriptionsAnswer,
)
from gateway.api.times import moment
from gateway.api.tongue import told
from gateway.delivery.webhooks.subscribing import Amendment, Kept, Pinged, Wanted
from gateway.delivery.webhooks.telling import was_gone
from gateway.language import say
from gateway.storage import subscriptions
from gateway.storage.subscriptions import Subscription, SubscriptionState

blueprint = Blueprint("subscriptions", __name__, description="Be told of what happens, by webhook.")

Json = dict[str, object]


@blueprint.route("/subscriptions")
class Subscriptions(MethodView):
    """The subscriptions of this login."""

    @blueprint.arguments(NoQuery(), location="query")
    @blueprint.response(200, SubscriptionsAnswer)
    @blueprint.doc(responses=refusals(422))
    def get(self, _: Mapping[str, Any]) -> Response:
        """List them, the oldest first."""
        with rooms().database.reading() as connection:
            entries = subscriptions.of_client(connection, _mine())
        return _answer({"subscriptions": [_subscription_json(entry) for entry in entries]})

    @blueprint.arguments(SubscriptionRequest())
    @blueprint.response(201, SubscriptionAnswer)
    @blueprint.doc(responses=refusals(400, 409, 415, 422, 503))
    def post(self, body: Mapping[str, Any]) -> Response:
        """Subscribe. The answer shows the secret, this once."""
        wanted = Wanted(
            url=body["url"],
            secret=body.get("secret"),
            statuses=tuple(dict.fromkeys(body.get("statuses", ()))),
            direction=body.get("direction"),
            after=body.get("after"),
            organisations=current_caller().organisations,
        )
        with rooms().waiting.errand():  # the name server of the host is somebody outside
            kept = rooms().subscribing.create(_mine(), wanted)
        response = _answer(_kept_json(kept), 201)
        response.headers["Location"] = f"/subscriptions/{kept.subscription.id}"
        return response


@blueprint.route("/subscriptions/<subscription_id>", endpoint="one")
class OneSubscription(MethodView):
    """One subscription."""

    @blueprint.response(200, SubscriptionAnswer)
    @blueprint.doc(responses=refusals(404))
    def get(self, subscription_id: str) -> Response:
        """How far it has been told, and how that goes."""
        with rooms().database.reading() as connection:
            entry = subscriptions.get(connection, subscription_id, client_id=_mine())
        return _answer(_subscription_json(entry))

    @blueprint.arguments(SubscriptionEdit())
    @blueprint.response(200, SubscriptionAnswer)
    @blueprint.doc(responses=refusals(400, 404, 415, 422, 503))
    def put(self, body: Mapping[str, Any], subscription_id: str) -> Response:
        """Change it: address, secret, filters; pause it, or let it go on. What is absent stays."""
        return _change(body, subscription_id)

    @blueprint.arguments(SubscriptionEdit())
    @blueprint.response(200, SubscriptionAnswer)
    @blueprint.doc(responses=refusals(400, 404, 415, 422, 503))
    def patch(self, body: Mapping[str, Any], subscription_id: str) -> Response:
        """The same as PUT."""
        return _change(body, subscription_id)

    @blueprint.response(204)
    @blueprint.doc(responses=refusals(404))
    def delete(self, subscription_id: str) -> Response:
        """Unsubscribe."""
        rooms().subscribing.remove(subscription_id, client_id=_mine())
        return Response(status=204)


@blueprint.route("/subscriptions/<subscription_id>/ping", endpoint="ping")
class Ping(MethodView):
    """A try that tells nothing."""

    @blueprint.response(200, PingAnswer)
    @blueprint.doc(responses=refusals(404, 503))
    def post(self, subscription_id: str) -> Response:
        """Post a signed ping to the endpoint now, in whatever state, and say what came of it."""
        with rooms().waiting.errand():
            pinged = rooms().subscribing.ping(subscription_id, client_id=_mine())
        return _answer(_pinged_json(pinged))


@blueprint.route("/subscriptions/<subscription_id>/replay", endpoint="replay")
class Replay(MethodView):
    """What was told, told again."""

    @blueprint.arguments(ReplayRequest())
    @blueprint.response(202, ReplayAnswer)
    @blueprint.doc(responses=refusals(400, 404, 415, 422))
    def post(self, body: Mapping[str, Any], subscription_id: str) -> Response:
        """Tell again every event after a cursor that the log still holds, with the ids that they had."""
        entry, first = rooms().subscribing.replay(subscription_id, body["after"], client_id=_mine())
        return _answer({**_subscription_json(entry), "firstCursor": first}, 202)


def _mine() -> str:
    return current_caller().client_id


def _change(body: Mapping[str, Any], subscription_id: str) -> Response:
    statuses = body.get("statuses")
    state = body.get("state")
    amendment = Amendment(
        url=body.get("url"),
        secret=body.get("secret"),
        new_secret=body.get("newSecret", False),
        statuses=None if statuses is None else tuple(dict.fromkeys(statuses)),
        direction=body.get("direction"),
        any_direction="direction" in body and body["direction"] is None,
        state=SubscriptionState(state) if state else None,
    )
    with rooms().waiting.errand():
        kept = rooms().subscribing.change(subscription_id, amendment, client_id=_mine())
    return _answer(_kept_json(kept))


def _kept_json(kept: Kept) -> Json:
    body = _subscription_json(kept.subscription)
    return body if kept.secret is None else {**body, "secret": kept.secret}


def _subscription_json(entry: Subscription) -> Json:
    return {
        "subscriptionId": entry.id,
        "url": entry.url,
        "statuses": [status.value for status in entry.statuses],
        "direction": entry.direction.value if entry.direction else None,
        "state": entry.state.value,
        "cursor": entry.cursor,
        "created": moment(entry.created),
        "failures": entry.failures,
        "failingSince": moment(entry.failing_since),
        "lastSuccess": moment(entry.last_success),
        "lastFailure": moment(entry.last_failure),
        "lastError": told(entry.last_error) if entry.last_error else None,
        "nextTry": moment(entry.next_try),
        "note": _note(entry),
    }


def _note(entry: Subscription) -> str | None:
    if entry.state is SubscriptionState.DISABLED and was_gone(entry):
        words = say(
            "Nothing is sent any more, for the endpoint answered 410 Gone. What happens is kept in the log: when the endpoint "
            "wants it again, set `state` to active, and it goes on from `cursor`; or delete the subscription."
        )
        return told(words)
    if entry.state is SubscriptionState.DISABLED:
        words = say(
            "Nothing is sent any more, for it failed too long. What happens is kept in the log: mend the endpoint, try it "
            "with a ping, then set `state` to active, and it goes on from `cursor`."
        )
        return told(words)
    if entry.state is SubscriptionState.ACTIVE and entry.failures:
        return told(say("The endpoint fails; nothing is passed over, and it is tried again at `nextTry`."))
    return None


def _pinged_json(pinged: Pinged) -> Json:
    answered, error = pinged.answered, pinged.error
    return {
        "eventId": pinged.event_id,
        "delivered": error is None,
        "status": answered.status if answered else None,
        "milliseconds": round(answered.seconds * 1000) if answered else None,
        "code": error.code if error else None,
        "message": told(error.message) if error else None,
        "mend": (told(error.mend) or None) if error else None,
    }


def _answer(body: Json, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
