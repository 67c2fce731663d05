"""Subscriptions as the door under /api knows them: a number, a name, a filter; each is one of ours underneath.

In come a client's wishes, out come `Described`s. Called by that door. The name and the endpoint together are unique; a
ping is sent as the reference system sends it, and what comes of it decides nothing.
"""

from dataclasses import dataclass, replace

import structlog

from gateway.delivery.submission import Caller
from gateway.delivery.webhooks.subscribing import Amendment, Subscribing, Wanted
from gateway.errors import Conflict, NotFound
from gateway.language import say
from gateway.storage.engine import Connection
from gateway.storage.nextmove import described
from gateway.storage.nextmove.described import Described
from gateway.storage.nextmove.paging import Stretch
from gateway.storage.subscriptions import Subscription

log = structlog.get_logger(__name__)
EXISTS = "SUBSCRIPTION_EXISTS"
_EVERYTHING = Stretch(0, 1000)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request says of a subscription; None is what it does not say."""

    name: str | None = None
    push_endpoint: str | None = None
    resource: str | None = None
    event: str | None = None
    filter: str | None = None


@dataclass(frozen=True, slots=True)
class ReferenceSubscribing:
    """Subscribing in the reference's words, over our own."""

    subscribing: Subscribing

    def create(self, caller: Caller, wish: Wish) -> Described:
        """Subscribe and ping; `Conflict` where the client has one of that name to that endpoint."""
        kept: list[Described] = []

        def keep(connection: Connection, entry: Subscription) -> None:
            fresh = _described(wish, entry.id, client_id=caller.client_id)
            _require_new(connection, fresh)
            kept.append(described.keep(connection, fresh))

        wanted = Wanted(wish.push_endpoint or "", may_be_away=True, organisations=caller.organisations)
        made = self.subscribing.create(caller.client_id, wanted, beside=keep).subscription
        self._ping(made.id, caller.client_id)
        return kept[0]

    def change(self, number: int, wish: Wish, *, client_id: str) -> None:
        """Change what the wish names; a new endpoint is pinged. `NotFound` where there is none."""
        standing = self.get(number, client_id)
        changes = {name: value for name in Wish.__slots__ if (value := getattr(wish, name)) is not None}
        moved = wish.push_endpoint not in (None, standing.push_endpoint)

        def rewrite(connection: Connection, entry: Subscription) -> None:
            changed = replace(standing, **changes)
            _require_new(connection, changed)
            described.change(connection, changed)

        amendment = Amendment(url=wish.push_endpoint if moved else None, may_be_away=True)
        self.subscribing.change(standing.subscription_id, amendment, client_id=client_id, beside=rewrite)
        if moved:
            self._ping(standing.subscription_id, client_id)

    def get(self, number: int, client_id: str) -> Described:
        """One of this client's; `NotFound` where there is none."""
        with self.subscribing.database.reading() as connection:
            found = described.by_number(connection, number, client_id=client_id)
        if found is None:
            raise NotFound(say("there is no subscription with id = {number}", number=number), code="SUBSCRIPTION")
        return found

    def remove(self, number: int, client_id: str) -> None:
        """Forget one; `NotFound` where there is none."""
        self.subscribing.remove(self.get(number, client_id).subscription_id, client_id=client_id)

    def remove_all(self, client_id: str) -> None:
        """Forget every one that was made at that door; those of our own door stay."""
        with self.subscribing.database.reading() as connection:
            found, _ = described.page(connection, client_id, stretch=_EVERYTHING)
        for each in found:
            try:
                self.subscribing.remove(each.subscription_id, client_id=client_id)
            except NotFound:
                continue  # gone meanwhile

    def _ping(self, subscription_id: str, client_id: str) -> None:
        try:
            pinged = self.subscribing.ping(subscription_id, client_id=client_id)
        except NotFound:
            return  # gone meanwhile
        if pinged.error is not None:
            log.info("ping_failed", code=pinged.error.code, status=pinged.error.status)


def _described(wish: Wish, subscription_id: str, *, client_id: str) -> Described:
    return Described(
        number=0,
        subscription_id=subscription_id,
        client_id=client_id,
        name=wish.name or "",
        push_endpoint=wish.push_endpoint or "",
        resource=wish.resource or "",
        event=wish.event or "",
        filter=wish.filter,
    )


def _require_new(connection: Connection, entry: Described) -> None:
    other = described.called(connection, entry.name, push_endpoint=entry.push_endpoint, client_id=entry.client_id)
    if other is not None and other.number != entry.number:
        raise Conflict(
            say("there is a subscription with this name and this pushEndpoint already"),
            code=EXISTS,
            mend=say("Use that one, or choose another name."),
        )
