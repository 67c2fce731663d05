"""Making, changing, trying and replaying subscriptions: the half of webhooks that the caller waits for.

In come what a client wants and its id, out come `Subscription`s, the secret in plain once. Called by the door. Whatever
is changed, the task of the subscription is locked first and due at once, so that a round under way notices.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.delivery.lanes import WEBHOOK_LANE
from gateway.delivery.submission import Clock
from gateway.delivery.webhooks.endpoints import WebhookSettings, find_addresses, read_endpoint
from gateway.delivery.webhooks.posting import Answered, Poster
from gateway.delivery.webhooks.signing import describe_ping, new_secret, open_key, read_secret, seal_key, sign
from gateway.delivery.webhooks.telling import require_success
from gateway.errors import Conflict, Invalid, Outside, Unavailable
from gateway.language import say
from gateway.message.status import Direction, Status
from gateway.storage import statuses, subscriptions, tasks
from gateway.storage.blobs import Sealer
from gateway.storage.engine import Connection, Database, lock_log
from gateway.storage.statuses import FeedFilter
from gateway.storage.subscriptions import WEBHOOK, Subscription, SubscriptionState
from gateway.storage.tasks import NewTask

MOST = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new subscription. `after` None: from now on. `secret` None: one is made.

    What comes in for `organisations`, those of the login, is told too.
    """

    url: str
    secret: str | None = field(default=None, repr=False)
    statuses: tuple[Status, ...] = ()
    direction: Direction | None = None
    after: int | None = None
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """Changes to one, what is None stays; `any_direction` lifts that filter. A new secret is made where it says so."""

    url: str | None = None
    secret: str | None = field(default=None, repr=False)
    new_secret: bool = False
    statuses: tuple[Status, ...] | None = None
    direction: Direction | None = None
    any_direction: bool = False
    state: SubscriptionState | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription, and its secret in plain where it is new."""

    subscription: Subscription
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Pinged:
    """What came of a ping: the answer where there was one, the error where it was no success."""

    event_id: str
    answered: Answered | None
    error: Outside | None


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Subscriptions with everything they need."""

    database: Database
    poster: Poster
    sealer: Sealer
    settings: WebhookSettings
    now: Clock
    new_id: Callable[[], str]

    def create(self, client_id: str, wanted: Wanted) -> Kept:
        """Subscribe; `Invalid` for an endpoint or a cursor that is not taken, `Conflict` beyond the bound."""
        self._require_endpoint(wanted.url)
        secret = new_secret() if wanted.secret is None else wanted.secret
        entry = Subscription(
            id=self.new_id(),
            client_id=client_id,
            url=wanted.url,
            secret=seal_key(self.sealer, read_secret(secret)),
            statuses=wanted.statuses,
            direction=wanted.direction,
            state=SubscriptionState.ACTIVE,
            cursor=0,
            created=self.now(),
            organisations=wanted.organisations,
        )
        with self.database.writing() as connection:
            # Whoever appends from here on sees it; whoever was about to has done so.
            lock_log(connection)
            if subscriptions.count_of(connection, client_id) >= MOST:
                raise Conflict(
                    say("this login has {most} subscriptions already", most=MOST),
                    code="TOO_MANY",
                    mend=say("Delete one that is not needed any more."),
                )
            entry = replace(entry, cursor=_begin(connection, entry, after=wanted.after))
            subscriptions.insert(connection, entry)
            tasks.add(connection, NewTask(WEBHOOK, entry.id, entry.created, lane=WEBHOOK_LANE))
        return Kept(entry, secret)

    def change(self, subscription_id: str, amendment: Amendment, *, client_id: str) -> Kept:
        """Change one; a new address, secret or state begins with no failures."""
        if amendment.url is not None:
            self._require_endpoint(amendment.url)
        secret = new_secret() if amendment.new_secret else amendment.secret
        facts = _facts(amendment)
        if secret is not None:
            facts["secret"] = seal_key(self.sealer, read_secret(secret))
        if facts.keys() & {"url", "secret", "state"}:
            facts |= {"failures": 0, "failing_since": None, "last_error": None, "next_try": None}
        with self.database.writing() as connection:
            self._take(connection, subscription_id, client_id=client_id)
            if facts:
                subscriptions.change(connection, subscription_id, facts=facts)
            return Kept(subscriptions.get(connection, subscription_id, client_id=client_id), secret)

    def replay(self, subscription_id: str, after: int, *, client_id: str) -> tuple[Subscription, int | None]:
        """Tell again what comes after a cursor; the first event that this will be, None where the log holds none."""
        with self.database.writing() as connection:
            entry = self._take(connection, subscription_id, client_id=client_id)
            if after > entry.cursor:
                raise Invalid(
                    say(
                        "{after} lies ahead of {cursor}, where the subscription stands",
                        after=after,
                        cursor=entry.cursor,
                    ),
                    code="CURSOR_AHEAD",
                    mend=say("Nothing is passed over by a replay: name a cursor from before."),
                )
            subscriptions.change(connection, subscription_id, facts={"cursor": after})
            filters = FeedFilter(entry.statuses, entry.direction, 1, entry.organisations)
            events = statuses.feed(connection, client_id=client_id, after=after, filters=filters).events
        return replace(entry, cursor=after), events[0].cursor if events else None

    def remove(self, subscription_id: str, *, client_id: str) -> None:
        """Forget one; a round under way loses its lease."""
        with self.database.writing() as connection:
            subscriptions.get(connection, subscription_id, client_id=client_id)
            tasks.remove(connection, WEBHOOK, subject=subscription_id)
            subscriptions.remove(connection, subscription_id)

    def ping(self, subscription_id: str, *, client_id: str) -> Pinged:
        """Post a signed ping now, whatever the state, and say truthfully what came of it."""
        with self.database.reading() as connection:
            entry = subscriptions.get(connection, subscription_id, client_id=client_id)
        facts = describe_ping(self.new_id(), entry.id, at=self.now())
        body, headers = sign(facts, open_key(self.sealer, entry.secret), at=self.now())
        answered: Answered | None = None
        error: Outside | None = None
        try:
            with self.poster.open(read_endpoint(entry.url, self.settings.allow_hosts)) as line:
                answered = line.post(body, headers)
            require_success(answered)
        except Invalid as fault:
            error = Unavailable(fault.message, mend=fault.mend, code=fault.code)
        except Outside as fault:
            error = fault
        return Pinged(str(facts["eventId"]), answered, error)

    def _require_endpoint(self, url: str) -> None:
        endpoint = read_endpoint(url, self.settings.allow_hosts)
        try:
            find_addresses(endpoint, self.poster.resolve)
        except Unavailable as fault:
            raise Invalid(fault.message, code=fault.code, mend=fault.mend) from fault

    def _take(self, connection: Connection, subscription_id: str, *, client_id: str) -> Subscription:
        """One of this client's, to be changed: the log, its task and its row are locked in the order of all others."""
        subscriptions.get(connection, subscription_id, client_id=client_id)
        lock_log(connection)
        now = self.now()
        tasks.ensure(connection, NewTask(WEBHOOK, subscription_id, now, lane=WEBHOOK_LANE))
        subscriptions.restart(connection, subscription_id, at=now)
        subscriptions.hold(connection, subscription_id)
        return subscriptions.get(connection, subscription_id, client_id=client_id)


def _begin(connection: Connection, entry: Subscription, *, after: int | None) -> int:
    newest = statuses.newest_of(connection, entry.client_id, organisations=entry.organisations)
    if after is not None and after > newest:
        raise Invalid(
            say("{after} lies ahead of {newest}, where the log of this login ends", after=after, newest=newest),
            code="CURSOR_AHEAD",
            mend=say("Leave `after` out to be told of what happens from now on."),
        )
    return newest if after is None else after


def _facts(amendment: Amendment) -> dict[str, object]:
    facts: dict[str, object] = {}
    if amendment.url is not None:
        facts["url"] = amendment.url
    if amendment.statuses is not None:
        facts["statuses"] = [status.value for status in amendment.statuses]
    if amendment.direction is not None or amendment.any_direction:
        facts["direction"] = amendment.direction.value if amendment.direction else None
    if amendment.state is not None:
        facts["state"] = amendment.state.value
    return facts
