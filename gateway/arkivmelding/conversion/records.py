"""What comes out of a conversion, as a frozen record."""

from dataclasses import dataclass

from gateway.arkivmelding.changes import Changes
from gateway.arkivmelding.reader import Document
from gateway.errors import Fault


@dataclass(frozen=True, slots=True)
class Conversion:
    """The converted document (None where `faults` say why it cannot be), and what was changed on the way."""

    document: Document | None
    changes: Changes
    faults: tuple[Fault, ...] = ()
