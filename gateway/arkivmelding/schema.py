"""The XSD verdict on an arkivmelding, and every fault with its line, its path, a plain sentence and how to mend it.

In come the bytes of `schemas/` and a parsed document, out comes a `SchemaVerdict`. libxml2 gives the verdict; what is
wrong is worked out only where it says no. Called by inspection, `gateway validate` and the sandbox's recipients.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lxml import etree

from gateway.arkivmelding.grammar import Edit, Grammar
from gateway.arkivmelding.padding import has_padding, remove_padding
from gateway.arkivmelding.reader import FIKS_ARKIV_V1, Document
from gateway.errors import Fault, SetupFault
from gateway.language import say

if TYPE_CHECKING:
    from gateway.arkivmelding.content_model import ContentModel


class Profile(StrEnum):
    """The two texts of the eFormidling arkivmelding: the integrasjonspunkt's own, and the one in its documentation."""

    HEAD = "head"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class SchemaVerdict:
    """`profile` is the one it is valid under (`head` before `published`), or the nearer one where it has faults."""

    profile: Profile | None
    valid: bool
    faults: tuple[Fault, ...]


EITHER = (Profile.HEAD, Profile.PUBLISHED)
_FIKS_ARKIV = "fiks-arkiv-opprett.xsd"
FILES = ("arkivmelding.xsd", "metadatakatalog.xsd", "adressering.xsd", _FIKS_ARKIV, "fiks-arkiv-metadatakatalog.xsd")

# The two texts differ in six places. The sixth is a blank.
_PUBLISHED = (
    Edit("arkivmelding", "", {"mixed": "true"}),
    Edit("arkivmelding", "registrering", {"name": "basisregistrering", "type": "basisregistrering"}),
    Edit("mappe", "ReferanseForeldermappe", {"nillable": "true"}),
    Edit("registrering", "arkivertDato", {"minOccurs": "0"}),
    Edit("registrering", "arkivertAv", {"minOccurs": "0"}),
)


def grammar_of(profile: Profile, files: Mapping[str, bytes]) -> Grammar:
    """The grammar of a profile: our schema as it stands, or with the edits that make it `published`."""
    return Grammar(files, "arkivmelding.xsd", edits=_PUBLISHED if profile is Profile.PUBLISHED else ())


class Schemas:
    """The schemas of the gateway, from the bytes of their files by name. Safe to share between threads."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        if missing := [name for name in FILES if name not in files]:
            raise SetupFault(
                say("schemas are missing: {names}", names=", ".join(missing)),
                mend="Install the gateway again; the folder schemas must hold them.",
            )
        self._profiles = {each: grammar_of(each, files) for each in Profile}
        self._adressering = Grammar(files, "adressering.xsd")
        self._fiks_arkiv = Grammar(files, _FIKS_ARKIV)

    def is_valid(self, root: etree._Element, profiles: Sequence[Profile] = EITHER) -> Profile | None:
        """The first profile that the document is valid under, or None. Nothing is explained, so this is fast."""
        found = self._first_valid(root, profiles)
        if found is None and has_padding(root):
            copy = deepcopy(root)
            remove_padding(copy)
            found = self._first_valid(copy, profiles)
        return found

    def check(self, document: Document, profiles: Sequence[Profile] = EITHER) -> SchemaVerdict:
        """The verdict with all faults of the nearer profile, sorted by line."""
        found = self.is_valid(document.root, profiles)
        if found is not None:
            return SchemaVerdict(found, True, ())
        from gateway.arkivmelding.diagnosis import diagnose

        nearer, faults = diagnose(document, {each: self._profiles[each] for each in profiles})
        return SchemaVerdict(nearer, False, faults)

    def check_adressering(self, element: etree._Element) -> tuple[Fault, ...]:
        """The faults of one `adressering`, which stands where the arkivmelding's own schema takes anything."""
        if self._adressering.is_valid(element):
            return ()
        from gateway.arkivmelding.diagnosis import diagnose_part

        return diagnose_part(element, self._adressering)

    def check_fiks_arkiv(self, document: Document) -> tuple[Fault, ...]:
        """The faults of a message of Fiks Arkiv V1; none of its forerunners, of which no schema is in force."""
        if etree.QName(document.root).namespace != FIKS_ARKIV_V1 or self._fiks_arkiv.is_valid(document.root):
            return ()
        from gateway.arkivmelding.diagnosis import diagnose

        return diagnose(document, {_FIKS_ARKIV: self._fiks_arkiv})[1]

    def model(self, profile: Profile) -> "ContentModel":
        """What may stand where in a profile, for mending and conversion."""
        return self._profiles[profile].model()

    def _first_valid(self, root: etree._Element, profiles: Sequence[Profile]) -> Profile | None:
        for each in profiles:
            if self._profiles[each].is_valid(root):
                return each
        return None
