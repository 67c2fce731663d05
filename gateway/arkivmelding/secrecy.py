"""Which elements speak of secrecy, by their names: those of skjerming and gradering, and names that are nearly theirs.

In come elements, out come yes and no. A fault in or around such an element is never mended and never passed over, for
what a shielding says must not depend on a guess. Called by the classes of faults, the rules, mending and conversion.
"""

import re
from difflib import get_close_matches
from functools import lru_cache

from lxml import etree

from gateway.arkivmelding.reader import local_name

# What each whole consists of, in every dialect. Outside its whole, nobody looks for a part.
_PARTS = {
    "skjerming": (
        "tilgangsrestriksjon",
        "skjermingshjemmel",
        "skjermingMetadata",
        "skjermingDokument",
        "skjermingsvarighet",
        "skjermingOpphoererDato",
        "skjermingOpphoererAksjon",
        "skjermingOpphoerer",
    ),
    "gradering": ("grad", "graderingsdato", "gradertAv", "nedgraderingsdato", "nedgradertAv"),
}
_WHOLE_OF = {part: whole for whole, parts in _PARTS.items() for part in parts}
# `erSkjermet` stands on parties of Fiks Arkiv.
NAMES = frozenset({*_PARTS, *_WHOLE_OF, "erSkjermet"})
# Where a skjerming or gradering may stand, in any dialect; open content is carried over as it is.
_HOMES = frozenset(
    {"mappe", "registrering", "basisregistrering", "dokumentbeskrivelse", "virksomhetsspesifikkeMetadata"}
)
_LIKE = re.compile(
    r"skj[aeæ]rm|grader|sikkerh\w{0,40}grad|beskytt\w{0,40}grad|tilgangsrestr|unntatt|taushet|fortrolig|hemm?e?lig"
)
_LONGEST_KEPT = 64
_FOLDED = tuple(sorted(name.casefold() for name in NAMES if len(name) > len("grad")))


def speaks_of_secrecy(name: str) -> bool:
    """Whether an element of this local name is, or may have been meant as, one of skjerming or gradering."""
    if len(name) > _LONGEST_KEPT:  # too long to be nearly one of the names
        return bool(_LIKE.search(name.casefold()))
    return _judge(name)


@lru_cache(maxsize=4096)
def _judge(name: str) -> bool:
    """Kept, for documents use the same names over and over; but not without end, for strangers choose them."""
    folded = name.casefold()
    return name in NAMES or bool(_LIKE.search(folded)) or bool(get_close_matches(folded, _FOLDED, n=1, cutoff=0.8))


def stands_in_secrecy(element: etree._Element) -> bool:
    """Whether the element, or one around it, speaks of secrecy."""
    return any(speaks_of_secrecy(local_name(each)) for each in (element, *element.iterancestors()))


def holds_secrecy(element: etree._Element) -> bool:
    """Whether the element, or one inside it, speaks of secrecy."""
    return any(speaks_of_secrecy(local_name(each)) for each in element.iter("*"))


def is_beside_secrecy(element: etree._Element) -> bool:
    """Whether one of its children speaks of secrecy, so that what stands loosely between them might, too."""
    return any(speaks_of_secrecy(local_name(each)) for each in element.iterchildren("*"))


def is_understood(element: etree._Element) -> bool:
    """Whether it is a skjerming or gradering where those may stand, or a part of one; else its secrecy could get lost."""
    name, parent = local_name(element), element.getparent()
    if parent is not None and stands_in_secrecy(parent):
        return True  # judged with the whole that it is a part of
    root = etree.QName(element.getroottree().getroot()).namespace
    in_place = parent is not None and local_name(parent) in _HOMES and etree.QName(element).namespace == root
    return name == "erSkjermet" or (name in ("skjerming", "gradering") and in_place)


def is_out_of_place(element: etree._Element) -> bool:
    """Whether it speaks of secrecy where no system looks for that: under another name, or outside a shielding."""
    name = local_name(element)
    if name not in NAMES:
        return speaks_of_secrecy(name)
    parent = element.getparent()
    return name in _WHOLE_OF and (parent is None or local_name(parent) != _WHOLE_OF[name])
