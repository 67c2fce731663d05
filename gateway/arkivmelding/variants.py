"""Which files of each document are sent: the newest version, the archive format before the production format.

In come the documents of a journal entry, out comes a `Selection`. Called by `delivery.intake`. Rules: contract §4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.arkivmelding.facts import Dokumentbeskrivelse, Dokumentobjekt
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
    """Choose one file a document; `chosen` is the caller's own selection and settles what it names."""
    ordered = sorted(documents, key=lambda document: (document.role != "Hoveddokument", document.number or 0))
    if chosen is not None:
        names = [each.filename.strip() for document in ordered for each in document.objects]
        return Selection(tuple(name for name in names if name in chosen), ())
    filenames: list[str] = []
    problems: list[Problem] = []
    for document in ordered:
        newest = _newest([each for each in document.objects if each.variant != SLADDET])
        full = next((each for variant in _ORDER for each in newest if each.variant == variant), None)
        redacted = next(iter(_newest([each for each in document.objects if each.variant == SLADDET])), None)
        if full and redacted:
            problems.append(_redacted_and_full(document, full, redacted=redacted))
        if best := full or redacted or next(iter(newest), None):
            filenames.append(best.filename.strip())
    return Selection(tuple(filenames), tuple(problems))


def _newest(objects: Sequence[Dokumentobjekt]) -> list[Dokumentobjekt]:
    top = max((each.version for each in objects), default=0)
    return [each for each in objects if each.version == top]


def _redacted_and_full(document: Dokumentbeskrivelse, full: Dokumentobjekt, *, redacted: Dokumentobjekt) -> Problem:
    return Problem(
        "REDACTED_AND_FULL",
        Weight.BLOCK,
        f"«{document.title}» has a full variant ({full.filename.strip()}) "
        f"and a redacted one ({redacted.filename.strip()})",
        'Say which one this recipient gets, with PUT: {"prototypes": [{"messageId": "…", "documents": ["…"]}]}.',
        filename=full.filename.strip(),
        line=document.line,
    )
