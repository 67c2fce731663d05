"""Which files of each document are sent: the newest version, the archive format before the production format.

In come the documents of a journal entry, out comes a `Selection`. Called by `delivery.intake`. Rules: contract §4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.arkivmelding.facts import Dokumentbeskrivelse, Dokumentobjekt
from gateway.language import say
from gateway.message.prototype import Problem, Weight

ARKIVFORMAT = "Arkivformat"
PRODUKSJONSFORMAT = "Produksjonsformat"
SLADDET = "Dokument hvor deler av innholdet er skjermet"
_ORDER = (ARKIVFORMAT, PRODUKSJONSFORMAT)


@dataclass(frozen=True, slots=True)
class Selection:
    """The files that are sent unless the caller chooses others, main document first, and what must be chosen."""

    filenames: tuple[str, ...]
    problems: tuple[Problem, ...]


def select(documents: Sequence[Dokumentbeskrivelse], chosen: tuple[str, ...] | None = None) -> Selection:
    """Choose one variant of each document; `chosen` is the caller's own selection and settles what it names."""
    ordered = sorted(documents, key=lambda document: (document.role != "Hoveddokument", document.number or 0))
    if chosen is not None:
        names = [each.filename.strip() for document in ordered for each in document.objects]
        return Selection(tuple(name for name in names if name in chosen), tuple(_wrong_choices(ordered, chosen)))
    filenames: list[str] = []
    problems: list[Problem] = []
    for document in ordered:
        full = _best([each for each in document.objects if each.variant != SLADDET])
        redacted = _best([each for each in document.objects if each.variant == SLADDET])
        if full and redacted:
            problems.append(_redacted_and_full(document, full[0], redacted=redacted[0]))
        filenames += [each.filename.strip() for each in full or redacted]
    return Selection(tuple(filenames), tuple(problems))


def _wrong_choices(documents: Sequence[Dokumentbeskrivelse], chosen: Sequence[str]) -> Iterator[Problem]:
    """A selection that cannot be meant: without the main document, or the full variant beside the redacted one."""
    for document in documents:
        taken = [each for each in document.objects if each.filename.strip() in chosen]
        if document.role == "Hoveddokument" and document.objects and not taken:
            yield _main_document_left_out(document)
        redacted = next((each for each in taken if each.variant == SLADDET), None)
        full = next((each for each in taken if each.variant != SLADDET), None)
        if full and redacted:
            yield _redacted_and_full(document, full, redacted=redacted)


def _main_document_left_out(document: Dokumentbeskrivelse) -> Problem:
    return Problem(
        "MAIN_DOCUMENT_LEFT_OUT",
        Weight.BLOCK,
        say(
            "no file of the main document «{title}» is among the documents chosen for this recipient",
            title=document.title,
        ),
        "Choose one of its files too; an enclosure does not travel without its letter.",
        line=document.line,
    )


def _best(objects: Sequence[Dokumentobjekt]) -> list[Dokumentobjekt]:
    """The newest version in its best variant; several files of one version and variant belong together."""
    top = max((each.version for each in objects), default=0)
    newest = [each for each in objects if each.version == top]
    variants = (*_ORDER, *(each.variant for each in newest))
    best = next((variant for variant in variants if any(each.variant == variant for each in newest)), None)
    return [each for each in newest if each.variant == best]


def _redacted_and_full(document: Dokumentbeskrivelse, full: Dokumentobjekt, *, redacted: Dokumentobjekt) -> Problem:
    return Problem(
        "REDACTED_AND_FULL",
        Weight.BLOCK,
        say(
            "«{title}» has a full variant ({full}) and a redacted one ({redacted})",
            title=document.title,
            full=full.filename.strip(),
            redacted=redacted.filename.strip(),
        ),
        'Say which one this recipient gets, with PUT: {"prototypes": [{"messageId": "…", "documents": ["…"]}]}.',
        filename=full.filename.strip(),
        line=document.line,
    )
