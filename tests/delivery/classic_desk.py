"""The classic room over a real database and a folder, before a registry that knows a few organisations."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from gateway.delivery.classic import Classic
from gateway.delivery.classic_records import ClassicSettings
from gateway.delivery.intake import Intake
from gateway.delivery.submission import Caller, IntakeSettings
from gateway.delivery.uploads import Incoming, Uploads
from gateway.errors import Outside, Rejected
from gateway.keys import DocumentSealer, load_or_create_sealing_keys
from gateway.message.processes import (
    ADMINISTRASJON,
    ARKIVMELDING,
    ARKIVMELDING_KVITTERING,
    ARKIVMELDING_RESPONSE,
    AVTALT,
    AVTALT_PROCESS,
    TAUSHETSBELAGT,
    Channel,
)
from gateway.registry.records import Entity, LookUp, Query, ServiceRecord
from gateway.registry.routing import RoutingSettings
from gateway.storage.blobs import FolderBlobs
from gateway.storage.engine import Database
from tests.delivery.desk import NOW, kit
from tests.documents import DPO, DPV, SENDER

CALLER = Caller("fagsystem", "fagsystem", (SENDER,))
PRINCIPAL = "0192:311000101"


def way(channel: Channel, process: str, standard: str, level: int | None = None) -> ServiceRecord:
    """One way to somebody."""
    return ServiceRecord(channel, process, (standard,), None, "", None, level)


WAYS: Mapping[str, tuple[ServiceRecord, ...]] = {
    DPO: (
        way(Channel.DPO, ADMINISTRASJON, ARKIVMELDING),
        way(Channel.DPO, TAUSHETSBELAGT, ARKIVMELDING),
        way(Channel.DPO, ARKIVMELDING_RESPONSE, ARKIVMELDING_KVITTERING),
        way(Channel.DPO, AVTALT_PROCESS, AVTALT),
    ),
    DPV: (way(Channel.DPV, ADMINISTRASJON, ARKIVMELDING),),
}


@dataclass
class Register:
    """A registry of the ways above; `failing` is raised for every question, `asked` keeps them."""

    failing: Outside | None = None
    asked: list[Query] = field(default_factory=list)

    def look_up_all(self, queries: Sequence[Query]) -> Mapping[Query, LookUp | Outside]:
        """Every question answered by the table."""
        self.asked += queries
        return {query: self._answer(query) for query in queries}

    def _answer(self, query: Query) -> LookUp | Outside:
        if self.failing:
            return self.failing
        if query.identifier not in WAYS:
            return Rejected("unknown", status=404)
        fitting = tuple(each for each in WAYS[query.identifier] if query.process in (None, each.process))
        return LookUp(Entity(query.identifier[5:], "FJORDVIK TILSYN", "ORGL", None), fitting)


@dataclass
class Clock:
    """The time, which a test moves."""

    time: datetime = NOW

    def __call__(self) -> datetime:
        """The time now."""
        return self.time

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.time += timedelta(**span)


@dataclass
class Desk:
    """The room with what is behind it."""

    classic: Classic
    database: Database
    blobs: FolderBlobs
    register: Register
    clock: Clock

    def named(self, **settings: str) -> "Desk":
        """The same with another own organisation or channel."""
        return replace(self, classic=replace(self.classic, settings=ClassicSettings(**settings)))

    def add(self, any_id: str, name: str, content: bytes = b"x", **more: object) -> object:
        """Upload; what became of it."""
        caller = more.pop("caller", CALLER)
        incoming = Incoming(name, "application/pdf", len(content), io.BytesIO(content), **more)  # type: ignore[arg-type]
        return self.classic.add_document(any_id, incoming, caller=caller)[1]  # type: ignore[arg-type]

    def files(self) -> int:
        """How many documents lie in the folder."""
        return sum(1 for _ in self.blobs.keys_before(datetime.max.replace(tzinfo=NOW.tzinfo)))


@contextmanager
def desk_on(database: Database, folder: Path, **settings: object) -> Iterator[Desk]:
    """A desk on this database."""
    sealer = DocumentSealer(load_or_create_sealing_keys(folder / "keys"))
    blobs, register, clock = FolderBlobs(folder / "documents", sealer=sealer), Register(), Clock()
    intake = Intake(
        database=database,
        blobs=blobs,
        kit=kit(),
        registry=register,
        routing=RoutingSettings(),
        settings=IntakeSettings(**settings),  # type: ignore[arg-type]
        now=clock,
        new_id=lambda: str(uuid4()),
    )
    yield Desk(Classic(intake, Uploads(intake), ClassicSettings()), database, blobs, register, clock)
