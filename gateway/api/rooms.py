"""What stands behind this door: handed in once by `app`, found by the routes through the Flask app.

Called by every route of this room.
"""

from dataclasses import dataclass

from flask import Flask, current_app

from gateway.api.waiting import Waiting
from gateway.delivery.classic import Classic
from gateway.delivery.inbox import Inbox
from gateway.delivery.intake import Intake
from gateway.delivery.steering import Steering
from gateway.delivery.submission import Clock
from gateway.delivery.uploads import Uploads
from gateway.delivery.webhooks.subscribing import Subscribing
from gateway.message.processes import Channel
from gateway.registry.client import RegistryClient
from gateway.storage.engine import Database

_KEY = "gateway-rooms"


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms behind the door."""

    database: Database
    intake: Intake
    uploads: Uploads
    classic: Classic
    steering: Steering
    registry: RegistryClient
    channels: frozenset[Channel]
    now: Clock
    waiting: Waiting
    subscribing: Subscribing
    inbox: Inbox


def furnish(app: Flask, behind: Rooms) -> None:
    """Put the rooms where the routes find them."""
    app.extensions[_KEY] = behind


def rooms() -> Rooms:
    """The rooms behind the app that answers this request."""
    found: Rooms = current_app.extensions[_KEY]
    return found
