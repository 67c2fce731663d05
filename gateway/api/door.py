"""The Flask app: logins, problems, routes, the OpenAPI document and the access log, put together.

In come the rooms behind the door, out comes a WSGI app. Called by `app`.
"""

import time

import structlog
from flask import Flask, Response, g, request
from flask_smorest import Api

from gateway import __version__
from gateway.api import capabilities, docs, inbox, management, out, rules, single, statuses, subscriptions
from gateway.api.login import LoginSettings, guard
from gateway.api.management import REQUESTS, SECONDS
from gateway.api.problems import register_problems
from gateway.api.rooms import Rooms, furnish
from gateway.api.schemas import ProblemDetails
from gateway.api.tongue import speak

log = structlog.get_logger("access")


def create_door(behind: Rooms, login: LoginSettings) -> Flask:
    """A WSGI app over these rooms."""
    app = Flask("gateway.api", static_folder=None)
    app.config.update(
        API_TITLE="arkivmelding gateway",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
    )
    furnish(app, behind)
    _log_access(app)
    speak(app)
    guard(app, behind.database, settings=login)
    api = Api(
        app, spec_kwargs={"components": {"securitySchemes": _SCHEMES}, "security": [{"apiKey": []}, {"basic": []}]}
    )
    api.spec.components.schema("ProblemDetails", schema=ProblemDetails)
    for room in (out, single, inbox, statuses, subscriptions, capabilities, rules, management):
        api.register_blueprint(room.blueprint)
    app.register_blueprint(docs.pages)
    app.extensions["gateway-spec"] = api.spec.to_dict
    # After flask-smorest, whose own error handler answers in another form.
    register_problems(app)
    return app


# Anybody can make up a method; a label for each would grow without end.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SCHEMES = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "A key from `gateway client add`."},
    "basic": {"type": "http", "scheme": "basic"},
}


def _log_access(app: Flask) -> None:
    """One line a request, with the route's template in place of its path: ids and names stay out of the log."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, route, response.status_code).inc()
        SECONDS.labels(route).observe(seconds)
        log.info("request", method=method, route=route, status=response.status_code, ms=round(seconds * 1000, 1))
        return response
