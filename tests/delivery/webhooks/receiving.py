"""An endpoint that answers as it is told and notes what it gets; and what makes subscriptions and tells them."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway.delivery.retry import Backoff, RetrySettings
from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.delivery.webhooks.posting import Poster
from gateway.delivery.webhooks.subscribing import Kept, Subscribing, Wanted
from gateway.delivery.webhooks.telling import WEBHOOK, Webhooks
from gateway.keys import DocumentSealer
from gateway.message.status import Status
from gateway.storage import statuses, subscriptions, tasks
from gateway.storage.engine import Database
from gateway.storage.messages import Message
from gateway.storage.subscriptions import Subscription
from gateway.storage.tasks import ClaimTerms, Task
from tests.storage.making import make_event, new_id, store_queued

ALLOWED = ("127.0.0.1",)


@dataclass(frozen=True)
class Got:
    """One post that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict:  # type: ignore[type-arg]
        """The body."""
        return json.loads(self.body)  # type: ignore[no-any-return]


@dataclass
class Receiver:
    """`answer` is called for each post and gives the status, or does as it likes with the handler and gives None."""

    answer: Callable[[Got, BaseHTTPRequestHandler], int | None] = lambda got, handler: 204
    got: list[Got] = field(default_factory=list)
    port: int = 0
    connections: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator["Receiver"]:
        """On any free port of loopback, while the block lasts."""
        receiver = cls()
        server = ThreadingHTTPServer(("127.0.0.1", 0), receiver.handler())
        server.daemon_threads = True
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            server.server_close()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What http.server calls."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                receiver.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = Got(self.path, dict(self.headers.items()), body)
                receiver.got.append(got)
                status = receiver.answer(got, self)
                if status is not None:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        return Handler

    def statuses(self) -> list[str]:
        """The statuses that came, in order, doubles too."""
        return [got.said["status"] for got in self.got if got.said["type"] == "status"]


def is_genuine(got: Got, secret: str) -> bool:
    """The signature by the letter of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{got.headers['Webhook-Id']}.{got.headers['Webhook-Timestamp']}.".encode() + got.body
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(got.headers["Webhook-Signature"], f"v1,{mac}")


class Bench:
    """A database with its subscribing and its webhooks; the clock is moved by hand."""

    def __init__(self, database: Database, sealer: DocumentSealer) -> None:
        self.database = database
        self.sealer = sealer
        self.settings = WebhookSettings(allow_hosts=ALLOWED, timeout=timedelta(seconds=1), give_up=timedelta(hours=1))
        self.late = timedelta()
        self.places = threading.BoundedSemaphore(1)

    def now(self) -> datetime:
        """The time, as far as it has been moved."""
        return datetime.now(UTC) + self.late

    @property
    def subscribing(self) -> Subscribing:
        """The caller's half."""
        return Subscribing(self.database, Poster(self.settings), self.sealer, self.settings, self.now, new_id)

    @property
    def webhooks(self) -> Webhooks:
        """The worker's half; no chance in its pauses."""
        backoff = Backoff(RetrySettings(first=timedelta(seconds=5), spread=0), lambda: 0)
        poster = Poster(self.settings)
        return Webhooks(self.database, poster, self.sealer, backoff, self.settings, self.now, self.places)

    def subscribe(self, url: str, client_id: str = "fagsystem", **wanted: object) -> Kept:
        """A new subscription."""
        return self.subscribing.create(client_id, replace(Wanted(url), **wanted))  # type: ignore[arg-type]

    def standing(self, subscription: Subscription) -> Subscription:
        """As it stands now."""
        with self.database.reading() as connection:
            return subscriptions.get(connection, subscription.id, client_id=None)

    def message(self, client_id: str = "fagsystem") -> Message:
        """A queued message without a log."""
        return store_queued(self.database, client_id=client_id)[0]

    def tell(self, message: Message, *told: Status) -> list[int]:
        """Append events; their cursors."""
        cursors = []
        for status in told:
            with self.database.writing() as connection:
                cursor = statuses.append(connection, make_event(message, status, at=self.now()))
            assert cursor is not None
            cursors.append(cursor)
        return cursors

    def claim(self) -> Task | None:
        """The task that is due, if any."""
        terms = ClaimTerms(timedelta(seconds=60), (WEBHOOK,))
        return next(iter(tasks.claim(self.database, "bench", now=self.now(), terms=terms)), None)

    def work(self) -> int:
        """Do whatever is due until nothing is; how many rounds."""
        rounds = 0
        while (held := self.claim()) is not None:
            self.webhooks.run(held)
            rounds += 1
            assert rounds < 50
        return rounds


def wait_for(met: Callable[[], bool], seconds: float = 15) -> None:
    """Return when it is so."""
    give_up = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < give_up, "it did not come to that"
        time.sleep(0.02)
