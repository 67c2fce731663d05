"""What an arkivmelding says, as frozen records: the folder, the journal entry, its parts, documents and shieldings.

In comes a parsed `Document` of any dialect, valid or not; out come `Facts`. Nothing is judged here: rules, parties and
shielding do that. Where there are several folders or entries the first counts, as for every receiver of eFormidling.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from gateway.arkivmelding.paths import Paths, path_of
from gateway.arkivmelding.reader import Dialect, Document, local_name, type_name

ENTRIES = frozenset({"registrering", "basisregistrering"})


class PartType(StrEnum):
    """The six labels of korrespondanseparttype (M087)."""

    AVSENDER = "Avsender"
    MOTTAKER = "Mottaker"
    KOPIMOTTAKER = "Kopimottaker"
    GRUPPEMOTTAKER = "Gruppemottaker"
    INTERN_AVSENDER = "Intern avsender"
    INTERN_MOTTAKER = "Intern mottaker"


_FIKS_CODES = {
    "EA": PartType.AVSENDER,
    "EM": PartType.MOTTAKER,
    "EK": PartType.KOPIMOTTAKER,
    "GM": PartType.GRUPPEMOTTAKER,
    "IA": PartType.INTERN_AVSENDER,
    "IM": PartType.INTERN_MOTTAKER,
    "IK": PartType.INTERN_MOTTAKER,
}
_PART_TYPES = {each.value.casefold(): each for each in PartType}
# Long enough for a time stamp that serves as a version; int() itself refuses thousands of digits.
_NUMBER = re.compile(r"[+-]?\d{1,100}", re.ASCII)
_IDENTIFIERS = frozenset({"organisasjonsnummer", "foedselsnummer", "DNummer", "organisasjonid", "personid"})


@dataclass(frozen=True, slots=True)
class Korrespondansepart:
    """One party of the journal entry. `index` counts from 1; `type` is None where the label is no known one."""

    index: int
    type: PartType | None
    label: str
    name: str
    identifiers: tuple[str, ...]
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Skjerming:
    """One `skjerming`, wherever it stands; texts trimmed, `ends` as written (xs:date) or empty."""

    tilgangsrestriksjon: str
    hjemmel: str
    ends: str
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Gradering:
    """One `gradering`, wherever it stands."""

    label: str
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Dokumentobjekt:
    """One file of a document. `filename` is referanseDokumentfil as written; `version` is 0 where it is no number."""

    version: int
    variant: str
    filename: str
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Dokumentbeskrivelse:
    """One document of the journal entry, with its files."""

    title: str
    status: str
    role: str
    number: int | None
    objects: tuple[Dokumentobjekt, ...]
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Journalpost:
    """The journal entry that is sent."""

    type: str
    status: str
    title: str
    public_title: str
    number: str
    parts: tuple[Korrespondansepart, ...]
    documents: tuple[Dokumentbeskrivelse, ...]
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Saksmappe:
    """The case folder. `classes` are its klasseID values; `arkivdel` the first referanseArkivdel."""

    system_id: str
    title: str
    public_title: str
    classes: tuple[str, ...]
    arkivdel: str
    line: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the gateway reads out of one arkivmelding. `antall_filer` is None where it is no number."""

    dialect: Dialect
    system: str
    melding_id: str
    antall_filer: int | None
    saksmappe: Saksmappe | None
    journalpost: Journalpost | None
    skjerminger: tuple[Skjerming, ...] = field(default=())
    graderinger: tuple[Gradering, ...] = field(default=())

    @property
    def public_title(self) -> str:
        """The title that may be shown: offentligTittel of the entry."""
        return self.journalpost.public_title if self.journalpost else ""

    @property
    def filenames(self) -> tuple[str, ...]:
        """Every file that the entry's documents name, in order."""
        documents = self.journalpost.documents if self.journalpost else ()
        return tuple(each.filename for document in documents for each in document.objects)


def gather(document: Document) -> Facts:
    """Read the facts out of a parsed document."""
    root = document.root
    paths = Paths()
    folder = next(saksmapper(root), None)
    entry = next(journalposter(root), None)
    return Facts(
        dialect=document.dialect,
        system=text_of(root, "system"),
        melding_id=text_of(root, "meldingId"),
        antall_filer=_number(text_of(root, "antallFiler")),
        saksmappe=_read_folder(folder) if folder is not None else None,
        journalpost=_read_entry(entry) if entry is not None else None,
        skjerminger=tuple(_read_skjerming(each, paths) for each in root.iter("{*}skjerming")),
        graderinger=tuple(_read_gradering(each, paths) for each in _outermost_graderinger(root)),
    )


def saksmapper(root: etree._Element) -> Iterator[etree._Element]:
    """The case folders that stand directly under the root."""
    return (each for each in root if local_name(each) == "mappe" and type_name(each) == "saksmappe")


def journalposter(root: etree._Element) -> Iterator[etree._Element]:
    """Every journal entry, wherever it stands, in document order."""
    return (each for each in root.iter(*(f"{{*}}{name}" for name in ENTRIES)) if type_name(each) == "journalpost")


def text_of(parent: etree._Element, name: str) -> str:
    """The trimmed text of the first child of that name, without comments; of its `kode` in Fiks Arkiv."""
    child = next(parent.iterchildren(f"{{*}}{name}"), None)
    if child is None:
        return ""
    code = next(child.iterchildren("{*}kode"), None) if len(child) else None
    return raw_text(child if code is None else code).strip()


def raw_text(element: etree._Element) -> str:
    """The text of an element exactly as written; comments inside it are no text."""
    text = element.text or ""
    return text + "".join(child.tail or "" for child in element) if len(element) else text


def _children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return parent.iterchildren(f"{{*}}{name}")


def _read_folder(folder: etree._Element) -> Saksmappe:
    return Saksmappe(
        system_id=text_of(folder, "systemID"),
        title=text_of(folder, "tittel"),
        public_title=text_of(folder, "offentligTittel"),
        classes=tuple(text_of(each, "klasseID") for each in _children(folder, "klassifikasjon")),
        arkivdel=text_of(folder, "referanseArkivdel"),
        line=folder.sourceline or 0,
    )


def _read_entry(entry: etree._Element) -> Journalpost:
    path = path_of(entry)
    return Journalpost(
        type=text_of(entry, "journalposttype"),
        status=text_of(entry, "journalstatus"),
        title=text_of(entry, "tittel"),
        public_title=text_of(entry, "offentligTittel"),
        number=text_of(entry, "journalpostnummer"),
        parts=tuple(
            _read_part(each, index, path=each_path)
            for index, (each, each_path) in enumerate(_placed(entry, path, name="korrespondansepart"), start=1)
        ),
        documents=tuple(_read_document(*each) for each in _placed(entry, path, name="dokumentbeskrivelse")),
        line=entry.sourceline or 0,
        path=path,
    )


def _placed(parent: etree._Element, path: str, *, name: str) -> Iterator[tuple[etree._Element, str]]:
    """The children of that name, each with its path; cheaper than walking up from every child."""
    children = tuple(_children(parent, name))
    for index, child in enumerate(children, start=1):
        yield child, f"{path}/{name}" + (f"[{index}]" if len(children) > 1 else "")


def _read_part(part: etree._Element, index: int, *, path: str) -> Korrespondansepart:
    label = text_of(part, "korrespondanseparttype")
    # Wrappers hold an element of the same name (v1); Fiks Arkiv writes the value at once.
    identifiers = ("".join(each.itertext()).strip() for each in part if local_name(each) in _IDENTIFIERS)
    return Korrespondansepart(
        index=index,
        type=_part_type(label),
        label=label,
        name=text_of(part, "korrespondansepartNavn"),
        identifiers=tuple(each for each in identifiers if each),
        line=part.sourceline or 0,
        path=path,
    )


def _part_type(label: str) -> PartType | None:
    return _PART_TYPES.get(" ".join(label.split()).casefold(), _FIKS_CODES.get(label))


def _read_document(document: etree._Element, path: str) -> Dokumentbeskrivelse:
    return Dokumentbeskrivelse(
        title=text_of(document, "tittel"),
        status=text_of(document, "dokumentstatus"),
        role=text_of(document, "tilknyttetRegistreringSom"),
        number=_number(text_of(document, "dokumentnummer")),
        objects=tuple(_read_object(*each) for each in _placed(document, path, name="dokumentobjekt")),
        line=document.sourceline or 0,
        path=path,
    )


def _read_object(objekt: etree._Element, path: str) -> Dokumentobjekt:
    reference = next(_children(objekt, "referanseDokumentfil"), None)
    return Dokumentobjekt(
        version=_number(text_of(objekt, "versjonsnummer")) or 0,
        variant=text_of(objekt, "variantformat"),
        filename=raw_text(reference) if reference is not None else "",
        line=(objekt if reference is None else reference).sourceline or 0,
        path=path,
    )


def _read_skjerming(skjerming: etree._Element, paths: Paths) -> Skjerming:
    return Skjerming(
        tilgangsrestriksjon=text_of(skjerming, "tilgangsrestriksjon"),
        hjemmel=text_of(skjerming, "skjermingshjemmel"),
        ends=text_of(skjerming, "skjermingOpphoererDato") or text_of(skjerming, "skjermingOpphoerer"),
        line=skjerming.sourceline or 0,
        path=paths.of(skjerming),
    )


def _outermost_graderinger(root: etree._Element) -> Iterator[etree._Element]:
    """`gradering` holds a `gradering` (or `grad`) of its own; only the outer one is a grading."""
    for each in root.iter("{*}gradering"):
        parent = each.getparent()
        if parent is None or local_name(parent) != "gradering":
            yield each


def _read_gradering(gradering: etree._Element, paths: Paths) -> Gradering:
    label = text_of(gradering, "gradering") or text_of(gradering, "grad") or "".join(gradering.itertext()).strip()
    return Gradering(label, gradering.sourceline or 0, paths.of(gradering))


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
