"""`/manage/health`, `/manage/info` and `/manage/metrics`: for whoever runs the gateway.

In come requests, out go the state of the database and counts. No payload, title or person number is in either; what
anybody may read without a login holds no counts. The shape is the reference's: reference of the NextMove API §2.10.
"""

import json
from collections.abc import Mapping

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

_UP, _DOWN = "UP", "DOWN"
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
        return _health()


@blueprint.route("/health/readiness", endpoint="readiness")
class Readiness(MethodView):
    """The same, for what starts and stops processes."""

    @blueprint.doc(
        responses={"200": {"description": "It can."}, "503": {"description": "Its storage does not answer."}}
    )
    def get(self) -> Response:
        """UP, or DOWN with 503."""
        return _health()


@blueprint.route("/health/liveness", endpoint="liveness")
class Liveness(MethodView):
    """Whether this process answers at all: starting it anew mends no database."""

    @blueprint.doc(responses={"200": {"description": "It does."}})
    def get(self) -> Response:
        """UP."""
        return _json({"status": _UP}, 200)


@blueprint.route("/info", endpoint="info")
class Info(MethodView):
    """Which program this is."""

    @blueprint.doc(responses={"200": {"description": "Its name and version."}})
    def get(self) -> Response:
        """Name and version."""
        return _json({"build": {"name": "arkivmelding-gateway", "version": __version__}}, 200)


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


def _health() -> Response:
    try:
        with rooms().database.reading() as connection:
            arrivals.count_waiting(connection)
    except StorageUnavailable:
        return _json(_state(_DOWN), 503)
    return _json(_state(_UP), 200)


def _state(database: str) -> dict[str, object]:
    """Up is what has its database; nothing else stops a message from being taken."""
    parts = {"db": {"status": database}, "nextMoveQueue": {"status": database}, "ping": {"status": _UP}}
    return {"status": database, "version": __version__, "components": parts}


def _json(body: Mapping[str, object], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
