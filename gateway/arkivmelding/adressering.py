"""Our extension: recipients' identifiers in the journal entry's virksomhetsspesifikkeMetadata.

    <adr:adressering xmlns:adr="urn:arkivmelding-gateway:adressering:1">
      <adr:mottaker korrespondansepart="1" navn="Fjordvik tilsyn" identifikator="0192:311000128"/>
    </adr:adressering>

In comes the tree, out come `Given` identifiers. Called by inspection and rendering. Form: `schemas/adressering.xsd`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

ADRESSERING = "urn:arkivmelding-gateway:adressering:1"
_EXTENSION, _MOTTAKER = f"{{{ADRESSERING}}}adressering", f"{{{ADRESSERING}}}mottaker"


@dataclass(frozen=True, slots=True)
class Given:
    """An identifier given for a part: the part's index (from 1), its name as a check, the identifier as written."""

    part: int
    navn: str
    identifikator: str


def adressering_elements(root: etree._Element) -> Iterator[etree._Element]:
    """Every `adressering` in the document, wherever it stands."""
    return root.iter(_EXTENSION)


def given_in(root: etree._Element) -> tuple[Given, ...]:
    """What the document's own extension says. What is no number becomes part 0, which fits no part."""
    return tuple(
        Given(_index(each.get("korrespondansepart", "")), each.get("navn", ""), each.get("identifikator", ""))
        for extension in adressering_elements(root)
        for each in extension.iterchildren(_MOTTAKER)
    )


def _index(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0
