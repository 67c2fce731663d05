"""How strictly a document is taken: what each class of fault weighs under each handling.

In come faults, out come the same with the severity that follows. Called by inspection. Contract §6, and the README's table
of classes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from gateway.errors import Fault, Severity


class Handling(StrEnum):
    """`strict` refuses all but advice; `lenient` refuses the unsafe, warns of the rest, and mends the spelling."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Supplied:
    """What the request says for a conversion: values by element name (`saksansvarlig`), and when it came."""

    at: datetime
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a document is to be taken; with `supplied` it is converted or completed where it needs that."""

    handling: Handling = Handling.STRICT
    supplied: Supplied | None = None


AS_POSTED = Wanted()


def weigh(faults: Iterable[Fault], handling: Handling) -> tuple[Fault, ...]:
    """The faults with the severity that they have under this handling."""
    if handling is Handling.STRICT:
        return tuple(faults)
    return tuple(replace(fault, severity=Severity.ERROR if fault.is_unsafe else Severity.WARNING) for fault in faults)


def is_acceptable(faults: Iterable[Fault]) -> bool:
    """Whether none of them is an error."""
    return all(fault.severity is not Severity.ERROR for fault in faults)
