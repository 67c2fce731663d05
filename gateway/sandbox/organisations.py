"""The made-up organisations of the sandbox and what the registers hold about each.

Comes in: nothing, or a change at run time (`Organisations.put`); goes out: frozen records that the registry decides by.
Read by every part of the sandbox. The numbers count up from the eight digits 31100001, each with its check digit.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.message.processes import ARKIVMELDING_PROCESSES, ARKIVMELDING_RESPONSE

PLAN_BYGG_OG_GEODATA = "urn:no:difi:profile:arkivmelding:planByggOgGeodata:ver1.0"


class Virksert(StrEnum):
    """What the catalogue of business certificates holds for an organisation."""

    VALID = "valid"
    EXPIRED = "expired"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class SvarUtSystem:
    """A receiving system in KS SvarUt: its security level, and the kind of forsendelse it is reserved for, if any."""

    level: int
    forsendelsestype: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an organisation gets its letters."""

    street: str = "Storgata 1"
    postcode: str = "6800"
    place: str = "FØRDE"


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation. `elma` holds the processes it has registered in ELMA; none there means: no DPO."""

    number: str
    name: str
    form: str
    address: Address = Address()
    elma: frozenset[str] = frozenset()
    svarut: tuple[SvarUtSystem, ...] = ()
    virksert: Virksert = Virksert.VALID
    note: str = ""

    @property
    def identifier(self) -> str:
        """`0192:` and the number."""
        return f"0192:{self.number}"

    @property
    def system_user(self) -> str:
        """The name of its Altinn system user, as the reference system names it."""
        return f"{self.number}_integrasjonspunkt_systembruker_{self.number}"

    @property
    def client_id(self) -> str:
        """Its client in Maskinporten, as the reference system names it."""
        return f"MOVE_IP_{self.number}"


_EVERY_ARKIVMELDING = frozenset(ARKIVMELDING_PROCESSES)

SENDER = Organisation(
    "311000012",
    "HAVNES KOMMUNE",
    "KOMM",
    elma=_EVERY_ARKIVMELDING | {ARKIVMELDING_RESPONSE},
    note="the gateway's own organisation: DPO, receipts too",
)
UNKNOWN_NUMBER = "311000098"  # a valid number that no register knows

SEEDED = (
    SENDER,
    Organisation(
        "311000020",
        "FJORDVIK TILSYN",
        "ORGL",
        Address("Postboks 9", "5003", "BERGEN"),
        elma=_EVERY_ARKIVMELDING,
        note="DPO for every arkivmelding process",
    ),
    Organisation(
        "311000039",
        "BREIDAL KOMMUNE",
        "KOMM",
        Address("Tunet 1"),
        svarut=(SvarUtSystem(3), SvarUtSystem(4)),
        note="not in ELMA, in SvarUt at levels 3 and 4: DPF",
    ),
    Organisation(
        "311000047",
        "LIA SNEKKERI AS",
        "AS",
        Address("Lia 4", "2900", "FAGERNES"),
        note="neither in ELMA nor in SvarUt: DPV",
    ),
    Organisation(
        "311000055",
        "NORDMARK FYLKESKOMMUNE",
        "FYLK",
        Address("Fylkesveien 10", "7735", "STEINKJER"),
        elma=frozenset({PLAN_BYGG_OG_GEODATA}),
        note="DPO for planByggOgGeodata alone: DPV for every other process",
    ),
    Organisation(
        "311000063",
        "SKOGEN HELSEFORETAK",
        "ORGL",
        Address("Skogveien 2", "2450", "RENA"),
        elma=_EVERY_ARKIVMELDING,
        note="DPO for every arkivmelding process, taushetsbelagt among them",
    ),
    Organisation(
        "311000071",
        "NYE ELVDAL KOMMUNE",
        "KOMM",
        Address("Elvegata 3", "2480", "KOPPANG"),
        elma=_EVERY_ARKIVMELDING,
        note="DPO; has a new name, was Gamle Strand kommune",
    ),
    Organisation(
        "311000101",
        "TREDJE PART AS",
        "AS",
        Address("Bakken 2", "9008", "TROMSØ"),
        elma=_EVERY_ARKIVMELDING,
        note="DPO; the third party to forge as",
    ),
    Organisation(
        "311000128",
        "ØVRE DAL KOMMUNE",
        "KOMM",
        Address("Dalsvegen 7", "3840", "SELJORD"),
        svarut=(SvarUtSystem(3),),
        note="not in ELMA, in SvarUt at level 3 alone: DPF",
    ),
)


class Organisations:
    """The register of all organisations while the sandbox runs; may be asked and changed from any thread."""

    def __init__(self, seeded: Iterable[Organisation] = SEEDED) -> None:
        self._lock = threading.Lock()
        self._by_number = {organisation.number: organisation for organisation in seeded}

    def get(self, identifier: str) -> Organisation | None:
        """The organisation with this number, written bare or as `0192:…`; None when no register knows it."""
        with self._lock:
            return self._by_number.get(identifier.removeprefix("0192:"))

    def put(self, organisation: Organisation) -> None:
        """Add an organisation, or put it in the place of the one that has its number."""
        with self._lock:
            self._by_number[organisation.number] = organisation

    def all(self) -> tuple[Organisation, ...]:
        """Every organisation, the seeded ones first."""
        with self._lock:
            return tuple(self._by_number.values())
