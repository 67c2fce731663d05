"""A valid arkivmelding to damage, and the schemas to check it by; for the tests of the schema."""

from gateway.arkivmelding.reader import Document, read
from gateway.arkivmelding.schema import Schemas
from gateway.errors import Fault
from tests.conformance.seeds import ROOT, read_schema_files

SCHEMAS = Schemas(read_schema_files())
VALID = (ROOT / "samples" / "01-one-recipient" / "arkivmelding.xml").read_text(encoding="utf-8")
ENTRY = "/arkivmelding/mappe/basisregistrering"


def damaged(*changes: tuple[str, str]) -> Document:
    """The valid document with the first occurrence of each text replaced by another."""
    text = VALID
    for old, new in changes:
        assert old in text, f"{old} is not in the document"
        text = text.replace(old, new, 1)
    return read(text.encode())


def line_of(text: str, document: Document) -> int:
    """The line on which a text first stands."""
    return document.xml.decode().split(text)[0].count("\n") + 1


def faults_of(*changes: tuple[str, str]) -> tuple[Fault, ...]:
    """The faults of the damaged document."""
    return SCHEMAS.check(damaged(*changes)).faults


def only_fault(*changes: tuple[str, str]) -> Fault:
    """The one fault of the damaged document."""
    (fault,) = faults_of(*changes)
    return fault
