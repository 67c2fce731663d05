"""Assembly: settings in, the WSGI app or a worker out. The only place where real things meet.

Called by `cli` and by tests. Nothing here decides anything; it says which real thing stands behind each port.
"""

import os
import random
import socket
import threading
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway.arkivmelding.inspection import Kit
from gateway.arkivmelding.schema import FILES, Schemas
from gateway.config import Settings
from gateway.delivery.carrier import Carrier
from gateway.delivery.classic import Classic
from gateway.delivery.classic_records import ClassicSettings
from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.housekeeping import SWEEP, SWEEP_BYTES, Housekeeping, Keeping
from gateway.delivery.inbox import Inbox
from gateway.delivery.intake import Intake
from gateway.delivery.journey import Journey
from gateway.delivery.lanes import POLL_LANE, WEBHOOK_LANE
from gateway.delivery.leases import Leases
from gateway.delivery.nextmove import Nextmove
from gateway.delivery.packages import Packages
from gateway.delivery.receipts import RECEIPT_BACK, Receipts
from gateway.delivery.reception import POLL, Reception
from gateway.delivery.reopening import REOPEN, Reopening
from gateway.delivery.retry import Backoff
from gateway.delivery.steering import Steering
from gateway.delivery.storing import Storing
from gateway.delivery.uploads import Uploads
from gateway.delivery.webhooks.posting import Poster
from gateway.delivery.webhooks.subscribing import Subscribing
from gateway.delivery.webhooks.telling import WEBHOOK, Webhooks
from gateway.delivery.worker import Hands, Job, Worker
from gateway.errors import SetupFault
from gateway.keys import (
    DocumentSealer,
    KeyRing,
    TrustRoots,
    load_key_pairs,
    load_or_create_sealing_keys,
    load_roots,
    load_sealing_keys,
)
from gateway.language import say
from gateway.maskinporten import AltinnTokens, Maskinporten
from gateway.message.processes import Channel
from gateway.registry.client import RegistryClient
from gateway.resources import shipped
from gateway.storage import clients, seals, tasks
from gateway.storage.blobs import BlobStore, FolderBlobs
from gateway.storage.bucket import BucketSettings
from gateway.storage.engine import Database
from gateway.storage.tasks import NewTask
from gateway.transports.dpo import DpoTransport

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Assembly:
    """The real things of one process, ready to be put behind a door or to work."""

    settings: Settings
    database: Database
    blobs: BlobStore
    registry: RegistryClient
    ring: KeyRing
    dpo: DpoTransport
    sealer: DocumentSealer

    def close(self) -> None:
        """Give everything back."""
        self.registry.close()
        self.database.close()


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new UUID."""
    return str(uuid.uuid4())


def load_schemas() -> Schemas:
    """The schemas that ship with the gateway, compiled."""
    folder = shipped("schemas")
    return Schemas({name: folder.joinpath(name).read_bytes() for name in FILES})


def open_database(settings: Settings, *, must_exist: bool = False) -> Database:
    """The database, brought to this program's version; with `must_exist`, none is made where there is none."""
    if must_exist and "://" not in settings.database and not Path(settings.database).is_file():
        raise SetupFault(say("there is no database {path}", path=settings.database), mend="Check --data.")
    _make_data(settings.data)
    database = Database(settings.database)
    database.upgrade()
    return database


def open_sealer(settings: Settings, database: Database) -> DocumentSealer:
    """The seal of documents; a key is made where nothing was ever sealed, `SetupFault` where the right ones are missing."""
    folder = settings.documents.sealing_keys or settings.data / "keys"
    with database.reading() as connection:
        in_use = seals.known(connection)
    keys = load_sealing_keys(folder) if in_use else load_or_create_sealing_keys(folder)
    with database.writing() as connection:
        seals.agree(connection, [key.id.hex() for key in keys], place=str(folder), now=now())
    return DocumentSealer(keys)


def open_documents(settings: Settings, sealer: DocumentSealer) -> BlobStore:
    """Where documents lie: a folder, or a bucket that was tried out."""
    place = settings.documents.place
    if not isinstance(place, BucketSettings):
        return FolderBlobs(place or settings.data / "documents", sealer=sealer)
    from gateway.storage.s3 import BucketBlobs  # loads obstore, which a folder does not need

    bucket = BucketBlobs(place, sealer=sealer)
    bucket.check()
    return bucket


def assemble(settings: Settings) -> Assembly:
    """Everything that door and worker share; `SetupFault` for what is missing, all at once."""
    missing = [
        name
        for name, value in (
            ("organisations", settings.organisations),
            ("[keys] keystore", settings.keys.keystore),
            ("[maskinporten]", settings.maskinporten),
            ("[registry]", settings.registry),
            ("[dpo]", settings.dpo),
        )
        if not value
    ]
    if missing or not (settings.maskinporten and settings.registry and settings.dpo and settings.keys.keystore):
        raise SetupFault(
            say("the settings lack {names}", names=", ".join(missing)),
            mend="Write them into gateway.toml (see the README), or try `gateway demo`, which needs none.",
        )
    ring = KeyRing(load_key_pairs(_read(settings.keys.keystore), settings.keys.password))
    ring.signing(now())
    tokens = Maskinporten(settings.maskinporten, ring, now=now)
    altinn = AltinnTokens(tokens, settings.token_exchange_url, now=now)
    _make_data(settings.data / "spool")
    database = open_database(settings)
    database.require_same_clock(now())
    sealer = open_sealer(settings, database)
    return Assembly(
        settings=settings,
        database=database,
        blobs=open_documents(settings, sealer),
        registry=RegistryClient(settings.registry, tokens, now=now),
        ring=ring,
        dpo=DpoTransport(settings.dpo, altinn, now=now, new_id=new_id),
        sealer=sealer,
    )


def try_out(settings: Settings) -> None:
    """Assemble everything and give it back, so that what is missing is told before anybody listens.

    A bucket is tried in a process of its own: the threads that obstore starts would not live on in a server that forks.
    """
    if not isinstance(settings.documents.place, BucketSettings):
        assemble(settings).close()
        return
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        elsewhere.submit(_assemble_once, settings).result()


def _assemble_once(settings: Settings) -> None:
    assemble(settings).close()


def build_door(assembly: Assembly) -> "Flask":
    """The WSGI app."""
    # Here, for a worker has no door, and Flask with all that it brings is a third of a process.
    from gateway.api.door import create_door
    from gateway.api.login import LoginSettings
    from gateway.api.rooms import Rooms
    from gateway.api.waiting import Waiting

    settings = assembly.settings
    intake = Intake(
        database=assembly.database,
        blobs=assembly.blobs,
        kit=Kit(load_schemas(), settings.grounds),
        registry=assembly.registry,
        routing=settings.routing,
        settings=settings.intake,
        now=now,
        new_id=new_id,
    )
    poster, uploads = Poster(settings.webhooks), Uploads(intake)
    subscribing = Subscribing(assembly.database, poster, assembly.sealer, settings.webhooks, now, new_id)
    named = ClassicSettings(settings.organisations[0], settings.dpo.message_channel if settings.dpo else None)
    classic = Classic(intake, uploads, named)
    behind = Rooms(
        database=assembly.database,
        intake=intake,
        uploads=uploads,
        classic=classic,
        steering=Steering(assembly.database, now),
        registry=assembly.registry,
        channels=settings.routing.enabled,
        now=now,
        waiting=Waiting(assembly.database, settings.server.threads),
        subscribing=subscribing,
        nextmove=Nextmove.over(classic, subscribing),
        inbox=Inbox(assembly.database, assembly.blobs, now, settings.inbox),
    )
    login = LoginSettings(settings.server.hosts, settings.organisations, is_loopback(settings.server.host))
    return create_door(behind, login)


def build_worker(assembly: Assembly) -> Worker:
    """A worker, its recurring tasks put on the schedule."""
    settings = assembly.settings
    leases = Leases()
    journey = Journey(
        database=assembly.database,
        blobs=assembly.blobs,
        registry=assembly.registry,
        routing=settings.routing,
        ring=assembly.ring,
        transports={Channel.DPO: assembly.dpo},
        now=now,
        new_id=new_id,
        leases=leases,
    )
    carrier = Carrier(assembly.database, journey, Backoff(settings.retry, random.random), now)
    keeping = Keeping(settings.documents.retention, settings.data / "spool")
    housekeeping = Housekeeping(assembly.database, assembly.blobs, now, keeping=keeping)
    housekeeping.sweep_spool()
    webhooks = Webhooks(
        database=assembly.database,
        poster=Poster(settings.webhooks),
        sealer=assembly.sealer,
        backoff=Backoff(settings.retry, random.random),
        settings=settings.webhooks,
        now=now,
        places=threading.BoundedSemaphore(max(1, settings.webhooks.parallel // 2)),
    )
    jobs: dict[str, Job] = {
        DELIVER: carrier.carry,
        EXPIRE: carrier.expire,
        **_receiving(assembly, leases),
        SWEEP: housekeeping.run,
        SWEEP_BYTES: housekeeping.run_bytes,
        WEBHOOK: webhooks.run,
    }
    with assembly.database.writing() as connection:
        for organisation in settings.organisations:
            tasks.ensure(connection, NewTask(POLL, organisation, now(), lane=POLL_LANE))
        for kind in (SWEEP, SWEEP_BYTES, REOPEN):
            tasks.ensure(connection, NewTask(kind, "", now()))
        # A key that opens what came before may have been put back while nothing ran.
        tasks.hasten(connection, REOPEN, subject="", now=now())
    owner = f"{socket.gethostname()}:{os.getpid()}"
    lanes = replace(settings.worker.lanes, own={WEBHOOK_LANE: settings.webhooks.parallel})
    worker = replace(settings.worker, lanes=lanes)
    return Worker(assembly.database, Hands(owner, jobs, leases), settings=worker, now=now)


def build_reception(assembly: Assembly, packages: Packages | None = None) -> Reception:
    """What takes in what comes over DPO, with what opens it, where that is there already."""
    storing = Storing(assembly.database, packages or _packages(assembly), now)
    return Reception(assembly.database, assembly.dpo, storing, now, assembly.settings.poll)


def _receiving(assembly: Assembly, leases: Leases) -> dict[str, Job]:
    """What is done about what comes in."""
    settings, packages = assembly.settings, _packages(assembly)
    receipts = Receipts(
        database=assembly.database,
        transport=assembly.dpo,
        ring=assembly.ring,
        backoff=Backoff(settings.retry, random.random),
        leases=leases,
        now=now,
        new_id=new_id,
    )
    return {
        POLL: build_reception(assembly, packages).run,
        RECEIPT_BACK: receipts.carry,
        REOPEN: Reopening(assembly.database, packages, now).run,
    }


def _packages(assembly: Assembly) -> Packages:
    settings = assembly.settings
    roots = load_roots(_read(settings.keys.roots)) if settings.keys.roots else ()
    if not roots:
        log.warning("no_roots", mend="Name [keys] roots: without them no message that comes in is believed.")
    return Packages(assembly.blobs, assembly.ring, TrustRoots(roots), now, settings.data / "spool")


def require_safe_address(settings: Settings, database: Database) -> None:
    """Refuse to listen beyond this machine while nobody has a login."""
    if is_loopback(settings.server.host):
        return
    with database.reading() as connection:
        if clients.any_exists(connection):
            return
    raise SetupFault(
        say("the server would listen on {host}, and nobody has a login", host=settings.server.host),
        mend="Make one first: gateway client add NAME --organisation 0192:… ; or listen on 127.0.0.1.",
    )


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    return host in {"127.0.0.1", "localhost", "::1", "[::1]"}


def _make_data(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise SetupFault(
            say("{path} cannot be written: {reason}", path=str(folder), reason=fault.strerror), mend="Check --data."
        ) from fault


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        message = say("{path} cannot be read: {reason}", path=str(path), reason=fault.strerror)
        raise SetupFault(message, mend="Check [keys] in gateway.toml.") from fault
