"""The labels of the arkivmelding, and the letters that other systems write for them.

In comes what stands in an element, out comes the label that is certainly meant, or None. Called by the classes of
faults, by mending and by conversion. Sources: Noark 4 and 5 code lists; Fiks Arkiv's lists. A letter that means one thing
in one list and another thing in the next (F and R of journalstatus) stands in neither.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gateway.arkivmelding.filenames import normal

_COMMON: Mapping[str, Mapping[str, str]] = {
    "journalposttype": {
        "I": "Inngående dokument",
        "U": "Utgående dokument",
        "N": "Organinternt dokument for oppfølging",
        "X": "Organinternt dokument uten oppfølging",
        "S": "Saksframlegg",
    },
    "journalstatus": {
        "J": "Journalført",
        "G": "Godkjent av leder",
        "E": "Ekspedert",
        "A": "Arkivert",
        "U": "Utgår",
    },
    "saksstatus": {"B": "Under behandling", "A": "Avsluttet", "U": "Utgår"},
    "dokumentstatus": {"B": "Dokumentet er under redigering", "F": "Dokumentet er ferdigstilt"},
    "tilknyttetRegistreringSom": {"H": "Hoveddokument", "V": "Vedlegg"},
    "variantformat": {
        "P": "Produksjonsformat",
        "A": "Arkivformat",
        "O": "Dokument hvor deler av innholdet er skjermet",
    },
    "korrespondanseparttype": {
        "EA": "Avsender",
        "EM": "Mottaker",
        "EK": "Kopimottaker",
        "GM": "Gruppemottaker",
        "IA": "Intern avsender",
        "IM": "Intern mottaker",
    },
    "dokumentmedium": {
        "F": "Fysisk medium",
        "E": "Elektronisk arkiv",
        "B": "Blandet fysisk og elektronisk arkiv",
    },
    "avskrivningsmaate": {
        "BU": "Besvart med brev",
        "BE": "Besvart med e-post",
        "TLF": "Besvart på telefon",
        "TE": "Tatt til etterretning",
        "TO": "Tatt til orientering",
    },
}
# Only Fiks Arkiv has these. An internal copy goes to nobody outside, as an internal recipient does.
_FIKS_ARKIV: Mapping[str, Mapping[str, str]] = {
    "journalstatus": {"F": "Ferdigstilt fra saksbehandler"},
    "korrespondanseparttype": {"IK": "Intern mottaker"},
    "skjermingDokument": {"H": "Skjerming av hele dokumentet", "D": "Skjerming av deler av dokumentet"},
}

NOARK = MappingProxyType(_COMMON)
FIKS_ARKIV = MappingProxyType(
    {name: {**_COMMON.get(name, {}), **_FIKS_ARKIV.get(name, {})} for name in (*_COMMON, *_FIKS_ARKIV)}
)


def label_meant(name: str, text: str, *, labels: Sequence[str], codes: Mapping[str, Mapping[str, str]]) -> str | None:
    """The label of `labels` that a text in the element `name` stands for: itself in other spelling, or its letter."""
    folded = _folded(text)
    for label in labels:
        if _folded(label) == folded:
            return label
    by_letter = codes.get(name, {}).get(" ".join(text.split()))
    return by_letter if by_letter in labels else None


def _folded(text: str) -> str:
    """Without what is only spelling: case, blanks, how a letter is composed."""
    return " ".join(normal(text).split()).casefold()
