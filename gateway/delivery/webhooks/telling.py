"""Webhooks: each subscription's events told in the order of the log, at least once, however its endpoint fares.

In comes the task of one subscription, out go signed posts; the cursor moves on when an endpoint has answered 2xx.
Called by the worker in a lane of its own, so that a slow or dead endpoint holds up no message and no other endpoint.
"""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gateway.delivery.retry import Backoff
from gateway.delivery.submission import Clock
from gateway.delivery.webhooks.endpoints import Endpoint, WebhookSettings, read_endpoint
from gateway.delivery.webhooks.posting import Answered, Line, Poster
from gateway.delivery.webhooks.signing import describe, open_key, sign
from gateway.errors import Invalid, Outside, Rejected, StorageUnavailable, Unavailable
from gateway.language import as_phrase, say
from gateway.storage import statuses, subscriptions, tasks
from gateway.storage.blobs import Sealer
from gateway.storage.engine import Connection, Database
from gateway.storage.statuses import FeedFilter, FeedPage, StatusEvent
from gateway.storage.subscriptions import WEBHOOK as WEBHOOK
from gateway.storage.subscriptions import Subscription, SubscriptionState
from gateway.storage.tasks import Task

log = structlog.get_logger(__name__)

# The steps of a task: idle or going on (""), after a failure, and where an endpoint takes its time or much waits.
RETRY, SLOW = "retry", "slow"
_PAGE = 50
_ROUND = timedelta(seconds=10)
# Every event wakes the task; should that ever fail, nothing is later than this.
_IDLE = timedelta(minutes=10)
_NO_PLACE = timedelta(seconds=1)
_GONE = 410
_UNWANTED = say(
    "410 says that nobody wants to hear of it any more: in answer to an event it disables the subscription at once. "
    "Let the endpoint answer 2xx, or delete the subscription."
)
_REDIRECTED = say("Redirects are not followed: give the final address as `url`.")
_LOOK = say("Look in the log of the endpoint; it must answer 2xx once it has kept the event.")
_ASKED_TO_LOG_IN = say("Let the endpoint take it without a login: the signature says who it is from.")
_MENDS = {
    401: _ASKED_TO_LOG_IN,
    403: _ASKED_TO_LOG_IN,
    404: say("Check the path of the address: the host answers, and has nothing there."),
    405: say("Let the endpoint take POST at this address."),
}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Telling with everything it needs. `places` are for those in trouble: half of what is served at once."""

    database: Database
    poster: Poster
    sealer: Sealer
    backoff: Backoff
    settings: WebhookSettings
    now: Clock
    places: threading.BoundedSemaphore

    def run(self, held: Task) -> None:
        """One round for one subscription; who was in trouble the last time waits for a place of those."""
        if held.step == "":
            self._round(held)
        elif self.places.acquire(blocking=False):
            try:
                self._round(held)
            finally:
                self.places.release()
        else:
            with self.database.writing() as connection:
                tasks.reschedule(connection, held, due=self.now() + _NO_PLACE, step=held.step)

    def _round(self, held: Task) -> None:
        with self.database.writing() as connection:
            tasks.require(connection, held)
            entry = subscriptions.hold(connection, held.subject)
        if entry is None or entry.state is not SubscriptionState.ACTIVE:
            self._settle(held)
            return
        telling = _Telling(self, held, entry=entry)
        try:
            telling.tell_all(until=self.now() + _ROUND)
        except Outside as error:
            self._stumble(held, telling.entry, error=error)
        else:
            self._settle(held, slow=telling.is_slow)

    def _settle(self, held: Task, *, slow: bool = False) -> None:
        """Go on at once where there is more; else sleep until an event wakes the task.

        The task is locked before the look at the log, so that no event slips in between.
        """
        now = self.now()
        with self.database.writing() as connection:
            tasks.require(connection, held)
            entry = subscriptions.hold(connection, held.subject)
            if entry is None:
                tasks.finish(connection, held)
                return
            active = entry.state is SubscriptionState.ACTIVE
            more = active and _newest(connection, entry) > entry.cursor
            tasks.reschedule(connection, held, due=now if more else now + _IDLE, step=SLOW if more and slow else "")

    def _stumble(self, held: Task, tried: Subscription, *, error: Outside) -> None:
        """Write down what went wrong and when it is tried again; after too long the subscription is disabled."""
        now = self.now()
        with self.database.writing() as connection:
            tasks.require(connection, held)
            entry = subscriptions.hold(connection, held.subject)
            if entry is None:
                tasks.finish(connection, held)
            elif _differs(entry, tried):
                tasks.reschedule(connection, held, due=now, step="")
            else:
                self._postpone(connection, held, entry=entry, error=error)

    def _postpone(self, connection: Connection, held: Task, *, entry: Subscription, error: Outside) -> None:
        now, failures = self.now(), entry.failures + 1
        since = entry.failing_since or now
        decision = self.backoff.decide(error, failures, now=now)
        again = decision.again if now - since < self.settings.give_up else None
        state = SubscriptionState.ACTIVE if again else SubscriptionState.DISABLED
        facts = {
            "state": state.value,
            "failures": failures,
            "failing_since": since,
            "last_failure": now,
            "last_error": error.message,
            "next_try": again,
        }
        subscriptions.change(connection, entry.id, facts=facts)
        tasks.reschedule(connection, held, due=again or now + _IDLE, step=RETRY if again else "")
        log.warning("webhook_failed", code=error.code, status=error.status, failures=failures, state=state.value)


class _Telling:
    """One round: `entry` is the subscription as it stands after what has been told."""

    def __init__(self, webhooks: Webhooks, held: Task, *, entry: Subscription) -> None:
        self._webhooks = webhooks
        self._held = held
        self.entry = entry
        self.is_slow = False

    def tell_all(self, until: datetime) -> None:
        """Tell page after page until there is no more, the time is up, or the owner has changed something."""
        key, endpoint = self._open_key(), self._endpoint()
        with self._webhooks.poster.open(endpoint) as line:
            more = True
            while more:
                page = self._read_page()
                more = self._tell_page(page, line, key=key, until=until) and page.more

    def _tell_page(self, page: FeedPage, line: Line, *, key: bytes, until: datetime) -> bool:
        for event in page.events:
            self._tell(event, line, key=key)
            if not self._move(event.cursor or 0, told=True):
                return False
            if self._webhooks.now() >= until:
                self.is_slow = True
                return False
        # Past what the filters leave out.
        return page.cursor == self.entry.cursor or self._move(page.cursor, told=False)

    def _tell(self, event: StatusEvent, line: Line, *, key: bytes) -> None:
        body, headers = sign(describe(event, self.entry.id), key, at=self._webhooks.now())
        require_success(line.post(body, headers))

    def _move(self, cursor: int, *, told: bool) -> bool:
        """Move the cursor on, behind the fence; False, and nothing moved, where the owner has changed it meanwhile."""
        now = self._webhooks.now()
        success = {"failures": 0, "failing_since": None, "last_error": None, "next_try": None, "last_success": now}
        with self._webhooks.database.writing() as connection:
            tasks.require(connection, self._held)
            standing = subscriptions.hold(connection, self.entry.id)
            if standing is None or _differs(standing, self.entry):
                return False
            subscriptions.change(connection, self.entry.id, facts={**(success if told else {}), "cursor": cursor})
        self.entry = replace(self.entry, cursor=cursor)
        return True

    def _read_page(self) -> FeedPage:
        entry = self.entry
        filters = FeedFilter(entry.statuses, entry.direction, _PAGE, entry.organisations)
        with self._webhooks.database.reading() as connection:
            return statuses.feed(connection, client_id=entry.client_id, after=entry.cursor, filters=filters)

    def _open_key(self) -> bytes:
        try:
            return open_key(self._webhooks.sealer, self.entry.secret)
        except StorageUnavailable as fault:
            message = say("the secret cannot be opened: {reason}", reason=as_phrase(fault.message))
            raise Unavailable(message, code="SECRET") from fault

    def _endpoint(self) -> Endpoint:
        try:
            return read_endpoint(self.entry.url, self._webhooks.settings.allow_hosts)
        except Invalid as fault:
            # The settings have changed since it was taken.
            raise Unavailable(fault.message, code=fault.code) from fault


def _newest(connection: Connection, entry: Subscription) -> int:
    return statuses.newest_of(connection, entry.client_id, organisations=entry.organisations)


def require_success(answered: Answered) -> None:
    """Anything but 2xx as an error; 410 Gone says that nobody wants to hear of it any more."""
    if 200 <= answered.status < 300:
        return
    status, message = answered.status, _answered(answered.status)
    if status == _GONE:
        raise Rejected(message, mend=_UNWANTED, code="GONE", status=status)
    mend = _REDIRECTED if 300 <= status < 400 else _MENDS.get(status, _LOOK)
    raise Unavailable(message, mend=mend, code="ANSWERED", status=status, retry_after=answered.retry_after)


def was_gone(entry: Subscription) -> bool:
    """Whether the last thing that a subscription's endpoint answered was 410 Gone."""
    return entry.last_error == _answered(_GONE)


def _answered(status: int) -> str:
    return say("the endpoint answered {status}", status=status)


def _differs(entry: Subscription, tried: Subscription) -> bool:
    """Whether the owner has changed it while it was tried: then the failure is not the new one's."""
    facts = ("url", "secret", "state", "cursor", "statuses", "direction")
    return any(getattr(entry, name) != getattr(tried, name) for name in facts)
