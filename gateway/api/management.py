"""`/manage/health` and `/manage/metrics`: for whoever runs the gateway.

In come requests, out go the state of the database and counts. No payload, title or person number is in either.
"""

import json

from flask import Response
from flask.views import MethodView
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway import __version__
from gateway.api.arguments import Blueprint
from gateway.api.rooms import rooms
from gateway.errors import StorageUnavailable
from gateway.storage import arrivals, inbox
from gateway.storage.inbox import InboxState

blueprint = Blueprint("manage", __name__, url_prefix="/manage", description="For whoever runs the gateway.")

METRICS = CollectorRegistry()
REQUESTS = Counter("gateway_requests", "Requests by route and status.", ("method", "route", "status"), registry=METRICS)
SECONDS = Histogram("gateway_request_seconds", "Seconds per request by route.", ("route",), registry=METRICS)
INBOX = Gauge("gateway_inbox_messages", "Incoming messages that nobody acknowledged.", ("state",), registry=METRICS)
WAITING = Gauge("gateway_arrivals_waiting", "Incoming transfers left at the channel.", ("kind",), registry=METRICS)


@blueprint.route("/health", endpoint="health")
class Health(MethodView):
    """Whether the gateway can work."""

    @blueprint.doc(
        responses={"200": {"description": "It can."}, "503": {"description": "Its storage does not answer."}}
    )
    def get(self) -> Response:
        """UP, or DOWN with 503."""
        try:
            with rooms().database.reading() as connection:
                arrivals.count_waiting(connection)
        except StorageUnavailable:
            return _json({"status": "DOWN", "version": __version__}, 503)
        return _json({"status": "UP", "version": __version__}, 200)


@blueprint.route("/metrics", endpoint="counts")
class Metrics(MethodView):
    """Counts in the format of Prometheus."""

    @blueprint.doc(responses={"200": {"description": "Counts, as text.", "content": {"text/plain": {}}}})
    def get(self) -> Response:
        """Requests, seconds, and what waits."""
        with rooms().database.reading() as connection:
            for kind, count in arrivals.count_waiting(connection).items():
                WAITING.labels(kind).set(count)
            found = inbox.count_open(connection)
        for state in (InboxState.WAITING, InboxState.UNREADABLE, InboxState.EXPIRED):
            INBOX.labels(state.value).set(found.get(state, 0))
        return Response(generate_latest(METRICS), content_type=CONTENT_TYPE_LATEST)


def _json(body: dict[str, str], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
