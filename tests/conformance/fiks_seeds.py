"""The valid Fiks Arkiv documents that mutants are made from.

The rich ones hold, between them, everything that a message can hold by its declarations. The named ones are small: each
names one type of the schemas with `xsi:type`, in the place where anything may stand.
"""

from lxml import etree

from tests.conformance.fiks_types import CATALOGUE, OPPRETT, XSD, Types
from tests.conformance.mutants import XSI
from tests.conformance.seeds import OFFICIAL, ROOT

MAIN, IMPORTED = "fiks-arkiv-opprett.xsd", "fiks-arkiv-metadatakatalog.xsd"
FIKS_OFFICIAL = OFFICIAL / "fiks-arkiv-v1"
OFFICIAL_FILES = {MAIN: "no.ks.fiks.arkiv.v1.arkivering.arkivmelding.opprett.xsd", IMPORTED: "metadatakatalog.xsd"}

NAMED = f"{{{OPPRETT}}}eget"  # the element with the type's name, in a document that names one

_RICH = ("fiks_case.xml", "fiks_meeting.xml", "fiks_note.xml", "fiks_meeting_paper.xml")
_PREFIXES = {None: OPPRETT, "mk": CATALOGUE, "xsi": XSI, "xs": XSD}


def read_fiks_files() -> dict[str, bytes]:
    """Our pair by name."""
    return {name: (ROOT / "schemas" / name).read_bytes() for name in (MAIN, IMPORTED)}


def fiks_types() -> Types:
    """The types of our pair."""
    return Types(*(etree.fromstring(xml) for xml in read_fiks_files().values()))


def rich_documents() -> list[bytes]:
    """The sample, and four documents that hold every element and every type that an element is declared with."""
    here = ROOT / "tests" / "conformance"
    return [
        (ROOT / "samples" / "07-fiks-arkiv" / "arkivmelding.xml").read_bytes(),
        *((here / name).read_bytes() for name in _RICH),
    ]


def named_documents(types: Types, *, branch: int = 0) -> list[bytes]:
    """For each type a document with one element of it among a folder's own metadata, with that branch of each choice."""
    return [_naming(types, name, branch) for name in types.named]


def _naming(types: Types, name: str, branch: int) -> bytes:
    root = etree.Element(f"{{{OPPRETT}}}arkivmelding", nsmap=_PREFIXES)
    etree.SubElement(root, f"{{{OPPRETT}}}system").text = "Fagsystemet"
    etree.SubElement(root, f"{{{OPPRETT}}}antallFiler").text = "0"
    folder = etree.SubElement(root, f"{{{OPPRETT}}}mappe")
    etree.SubElement(folder, f"{{{OPPRETT}}}tittel").text = "Turvei langs sjøen"
    own = etree.SubElement(folder, f"{{{OPPRETT}}}virksomhetsspesifikkeMetadata")
    element = etree.SubElement(own, NAMED)
    qualified = etree.QName(name)
    element.set(
        f"{{{XSI}}}type", f"mk:{qualified.localname}" if qualified.namespace == CATALOGUE else qualified.localname
    )
    types.fill(element, name, branch=branch)
    etree.indent(root)
    return etree.tostring(root, encoding="utf-8")
