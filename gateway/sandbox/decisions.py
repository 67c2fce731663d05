"""The rules by which the ServiceRegistry decides how an organisation is reached with a process. Pure.

Comes in: what the registers hold about a receiver, a process and the security level asked for; goes out: the way, or
none. Called by the registry's door. Source: reference of the ServiceRegistry §5.2, §5.3 and the tables of §8.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import Invalid
from gateway.message.processes import (
    ARKIVMELDING,
    ARKIVMELDING_KVITTERING,
    ARKIVMELDING_PROCESSES,
    ARKIVMELDING_RESPONSE,
    AVTALT,
    AVTALT_PROCESS,
    STATUS,
    Channel,
)
from gateway.sandbox.organisations import SvarUtSystem

DPO_RESOURCE = "eformidling-dpo-meldingsutveksling"
HIGHEST = 4  # the security level that is never lowered
_DPV_EDITIONS = {
    "planByggOgGeodata": "1",
    "helseSosialOgOmsorg": "2",
    "kulturIdrettOgFritid": "3",
    "oppvekstOgUtdanning": "4",
    "trafikkReiserOgSamferdsel": "5",
    "naturOgMiljoe": "6",
    "naeringsutvikling": "7",
    "skatterOgAvgifter": "8",
    "tekniskeTjenester": "9",
}
_DEFAULT_EDITION = "10"


class Category(StrEnum):
    """Which rules hold for a process."""

    ARKIVMELDING = "ARKIVMELDING"
    AVTALT = "AVTALT"


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the registry's table of processes; `edition` and `resource` are those of DPV."""

    id: str
    category: Category
    document_types: tuple[str, ...]
    edition: str
    resource: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """What decides: the processes registered in ELMA and the systems in SvarUt. A citizen has neither."""

    identifier: str
    elma: frozenset[str] = frozenset()
    svarut: tuple[SvarUtSystem, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a receiver; `security_level` is set on DPF only."""

    channel: Channel
    process: Process
    security_level: int | None = None


def _arkivmelding(process: str) -> Process:
    area = process.split(":")[5]
    name = re.sub(r"[A-Z]", lambda capital: f"-{capital[0].lower()}", area)
    return Process(
        process,
        Category.ARKIVMELDING,
        (ARKIVMELDING,),
        _DPV_EDITIONS.get(area, _DEFAULT_EDITION),
        f"eformidling-dpv-{name}",
    )


_FEIL = "urn:no:difi:eformidling:xsd::feil"
_RESPONSE_RESOURCE = "eformidling-dpv-administrasjon"

PROCESSES: Mapping[str, Process] = {
    process.id: process
    for process in (
        *(_arkivmelding(process) for process in ARKIVMELDING_PROCESSES),
        Process(
            ARKIVMELDING_RESPONSE,
            Category.ARKIVMELDING,
            (ARKIVMELDING_KVITTERING, STATUS, _FEIL),
            _DEFAULT_EDITION,
            _RESPONSE_RESOURCE,
        ),
        Process(AVTALT_PROCESS, Category.AVTALT, (AVTALT,), "", ""),
    )
}


def choose_way(receiver: Receiver, process: Process, *, level: int | None, elma_up: bool = True) -> Way | None:
    """The way to `receiver` with `process`, None where there is none; Invalid where level 4 is asked and nobody has it.

    The order matters: whoever is registered in ELMA for the document type, but for another process, gets DPV and is
    never looked up in SvarUt. An ELMA that fails looks like one that knows nothing.
    """
    registered = _registered(receiver, process) if elma_up else frozenset()
    if process.category is Category.AVTALT:
        return Way(Channel.DPO, process) if process.id in registered else None
    if process.id in registered:
        return Way(Channel.DPO, process)
    if registered:
        return None if level == HIGHEST else Way(Channel.DPV, process)
    if (svarut := _svarut_level(receiver, level)) is not None:
        return Way(Channel.DPF, process, svarut)
    if level == HIGHEST:
        raise Invalid(f"Organization '{receiver.identifier}' can not receive messages with security level '{level}'")
    return Way(Channel.DPV, process)


def _registered(receiver: Receiver, process: Process) -> frozenset[str]:
    """The registered processes that share a document type with `process`: what ELMA answers when asked for those."""
    return frozenset(
        other
        for other in receiver.elma
        if other in PROCESSES and set(PROCESSES[other].document_types) & set(process.document_types)
    )


def _svarut_level(receiver: Receiver, level: int | None) -> int | None:
    """The level of SvarUt that answers: exactly the one asked for, else the highest; reserved systems do not count."""
    levels = [system.level for system in receiver.svarut if not system.forsendelsestype]
    if level is None:
        return max(levels, default=None)
    return level if level in levels else None
