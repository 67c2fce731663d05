"""What the target demands and the source lacks, from what the document or the request says; never from a guess.

In come the element that lacks a child and what is known, out comes a value with its source, or None. Called by building.
The README's table of defaults lists every row.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lxml import etree

from gateway.arkivmelding.facts import raw_text
from gateway.arkivmelding.handling import Supplied
from gateway.arkivmelding.reader import local_name
from gateway.language import Phrase, say

# What a request may say of a document. Who gets it, what is secret and which file it is are not among it.
MAY_BE_SUPPLIED = frozenset(
    {
        "system",
        "saksdato",
        "administrativEnhet",
        "saksansvarlig",
        "saksstatus",
        "opprettetDato",
        "opprettetAv",
        "arkivertDato",
        "arkivertAv",
        "journalposttype",
        "journalstatus",
        "journaldato",
        "dokumenttype",
        "dokumentstatus",
        "tilknyttetDato",
        "tilknyttetAv",
        "versjonsnummer",
        "variantformat",
        "sakspartRolle",
        "skjermingMetadata",
        "merknadsdato",
        "merknadRegistrertAv",
    }
)


# Numbers that only systems read.
_NAMELESS = frozenset({"systemID", "referanseForelderMappe", "antallFiler"})


@dataclass(frozen=True, slots=True)
class Known:
    """What may be filled in from: the message's own system and time (empty: not said), its digest, the request.

    `files` is how many the documents name, `versions` whether any of them says which version it is, `folder` the systemID
    that the entries give for the folder they stand in (empty: they do not), `said_otherwise` that the document says
    something that is no such value: then nothing but the request, or an identifier of ours, may take its place. `path` is
    where the value will stand, `number` which of its brothers its parent is, from 1.
    """

    system: str
    tidspunkt: str
    digest: str
    files: int
    versions: bool
    folder: str
    supplied: Supplied
    said_otherwise: bool = False
    path: str = ""
    number: int = 1

    @property
    def moment(self) -> Phrase:
        """Whose time it is that `time` gives."""
        return say("tidspunkt of the message") if self.tidspunkt else say("the time of the request")

    @property
    def time(self) -> str:
        """When the message was made, or else when it came."""
        return self.tidspunkt or self.supplied.at.isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Filling:
    """A value to fill in, and where it comes from."""

    value: str
    source: Phrase


def fill(name: str, parent: etree._Element, *, known: Known) -> Filling | None:
    """The value of the missing child `name` of a target element."""
    if name in known.supplied.values:
        return Filling(known.supplied.values[name], say("the request"))
    if name == "systemID" and local_name(parent) == "mappe" and known.folder:
        return Filling(known.folder, say("referanseForelderMappe of the registrering"))
    if known.said_otherwise and name not in _NAMELESS:
        return None
    if name in ("meldingId", "systemID"):
        made = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sha256:{known.digest}#{known.path}")
        return Filling(str(made), say("the content of the posted document, so that it is the same every time"))
    rule = _RULES.get(name)
    return rule(parent, known) if rule else None


def _moment(_: etree._Element, known: Known) -> Filling:
    return Filling(known.time, known.moment)


def _day(_: etree._Element, known: Known) -> Filling:
    return Filling(known.time[:10], known.moment)


def _files(_: etree._Element, known: Known) -> Filling:
    return Filling(str(known.files), say("the number of files that the documents name"))


def _creation_above(parent: etree._Element, known: Known) -> Filling:
    """When what it belongs to was made; that of the message for a folder or an entry."""
    if local_name(parent) in ("mappe", "basisregistrering"):
        return _moment(parent, known)
    return _above("opprettetDato", parent) or _moment(parent, known)


def _creator_above(parent: etree._Element, known: Known) -> Filling | None:
    """Who made what it belongs to; else the system that made the message."""
    found = _above("opprettetAv", parent)
    if found is None and known.system.strip():
        return Filling(known.system, say("system of the message"))
    return found


def _archiver(parent: etree._Element, known: Known) -> Filling | None:
    return _beside("opprettetAv", parent) or _creator_above(parent, known)


def _folder(parent: etree._Element, _: Known) -> Filling | None:
    folder = next(parent.iterancestors("{*}mappe"), None)
    found = _beside("systemID", folder) if folder is not None else None
    return Filling(found.value, say("systemID of the mappe that it stands in")) if found else None


def _case_day(parent: etree._Element, _: Known) -> Filling | None:
    found = _beside("opprettetDato", parent)
    return Filling(found.value[:10], found.source) if found else None


def _position(_: etree._Element, known: Known) -> Filling:
    return Filling(str(known.number), say("its place among the documents"))


def _only_version(_: etree._Element, known: Known) -> Filling | None:
    return None if known.versions else Filling("1", say("no file says which version it is, so there is one of each"))


def _class_name(parent: etree._Element, _: Known) -> Filling | None:
    return _beside("klasseID", parent)


def _above(name: str, parent: etree._Element) -> Filling | None:
    for each in (parent, *parent.iterancestors()):
        if found := _beside(name, each):
            return found
    return None


def _beside(name: str, parent: etree._Element) -> Filling | None:
    child = next(parent.iterchildren(f"{{*}}{name}"), None)
    if child is None or not raw_text(child).strip():
        return None
    return Filling(raw_text(child), say("{name} of the {element}", name=name, element=local_name(parent)))


_RULES: Mapping[str, Callable[[etree._Element, Known], Filling | None]] = {
    "tidspunkt": _moment,
    "antallFiler": _files,
    "opprettetDato": _creation_above,
    "opprettetAv": _creator_above,
    "arkivertDato": _moment,
    "arkivertAv": _archiver,
    "tilknyttetDato": _creation_above,
    "tilknyttetAv": _creator_above,
    "referanseForelderMappe": _folder,
    "saksdato": _case_day,
    "journaldato": _day,
    "dokumentnummer": _position,
    "versjonsnummer": _only_version,
    "tittel": _class_name,
}
