"""What can be set: the frozen records, each with its default.

Made by `config.reading`; handed to the rooms by `app`. The README's table of settings lists the same.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gateway.api.hosts import LOOPBACK_HOSTS
from gateway.arkivmelding.shielding import DEFAULT_GROUNDS, Grounds
from gateway.delivery.inbox import InboxSettings
from gateway.delivery.retry import RetrySettings
from gateway.delivery.submission import IntakeSettings
from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.delivery.worker import WorkerSettings
from gateway.maskinporten import MaskinportenSettings
from gateway.registry.client import RegistrySettings
from gateway.registry.routing import RoutingSettings
from gateway.storage.bucket import BucketSettings
from gateway.transports.dpo import DpoSettings


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the HTTP server listens, with how many threads, and by which host names it may be called."""

    host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 16
    hosts: tuple[str, ...] = LOOPBACK_HOSTS


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The business certificate (PKCS#12 or PEM) and the file of trusted roots (PEM)."""

    keystore: Path | None = None
    password: str | None = field(default=None, repr=False)
    roots: Path | None = None


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """Where documents lie and for how long; None: in the folders `documents` and `keys` of the data folder."""

    place: Path | BucketSettings | None = None
    sealing_keys: Path | None = None
    retention: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `data` is the folder of database, documents and sealing keys."""

    data: Path
    organisations: tuple[str, ...] = ()
    server: ServerSettings = field(default_factory=ServerSettings)
    keys: KeySettings = field(default_factory=KeySettings)
    database: str = ""
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    maskinporten: MaskinportenSettings | None = None
    registry: RegistrySettings | None = None
    dpo: DpoSettings | None = None
    token_exchange_url: str = ""
    poll: timedelta = timedelta(seconds=15)
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    intake: IntakeSettings = field(default_factory=IntakeSettings)
    inbox: InboxSettings = field(default_factory=InboxSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    grounds: Grounds = DEFAULT_GROUNDS
