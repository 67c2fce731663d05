"""The blueprint of the door under /api, and how its routes are put there: with and without a slash at the end.

In come the functions of the other files, out comes the blueprint. Called by `api.door`.
"""

from flask import Blueprint

from gateway.api.nextmove import capabilities, conversations, inbox, multipart, out, statuses, subscriptions
from gateway.api.nextmove.routing import Routes

PREFIX = "/api"


def build() -> Blueprint:
    """The blueprint with every route."""
    blueprint = Blueprint("nextmove", __name__, url_prefix=PREFIX)
    routes = Routes(blueprint)
    for part in (multipart, out, inbox, statuses, conversations, capabilities, subscriptions):
        part.put(routes)
    return blueprint
