"""What the door under /api asks for beside our own: sending with its statuses, subscriptions in its words, hiding.

In come the rooms that it stands on, out comes `Nextmove`, all of it in one. Called by `app` and by that door.
"""

from dataclasses import dataclass

from gateway.delivery.classic import Classic
from gateway.delivery.nextmove.sending import ReferenceSending
from gateway.delivery.nextmove.shelf import Shelf
from gateway.delivery.nextmove.subscribing import ReferenceSubscribing
from gateway.delivery.webhooks.subscribing import Subscribing


@dataclass(frozen=True, slots=True)
class Nextmove:
    """Everything that only that door needs."""

    sending: ReferenceSending
    subscribing: ReferenceSubscribing
    shelf: Shelf

    @classmethod
    def over(cls, classic: Classic, subscribing: Subscribing) -> "Nextmove":
        """On top of what both doors share."""
        shelf = Shelf(subscribing.database, subscribing.now)
        return cls(ReferenceSending(classic, subscribing.now), ReferenceSubscribing(subscribing), shelf)
