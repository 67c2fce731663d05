"""What was done to a document between the posted original and what goes out: nothing happens that is not listed here.

Frozen records, made by mending and conversion, shown by the door and the command line. Paths count from 1 among brothers
of one name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.message.identifiers import mask_persons


class Mend(StrEnum):
    """What is written otherwise: a value, an element's name, or its place (then `before` and `after` are paths)."""

    VALUE = "value"
    NAME = "name"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Mended:
    """Something that is written otherwise now. `path` and `line` are those of the posted document."""

    what: Mend
    path: str
    line: int
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Something of the posted document that the outgoing one has no place for; `value` is its text, empty if it has none."""

    path: str
    line: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filled:
    """Something that the outgoing document demands and the posted one lacks. `path` is that of the outgoing document."""

    path: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All of it, in the order of the document."""

    mended: tuple[Mended, ...] = ()
    lost: tuple[Lost, ...] = ()
    filled: tuple[Filled, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was changed at all."""
        return bool(self.mended or self.lost or self.filled)


NO_CHANGES = Changes()


def changes_json(changes: Changes, told: Callable[[str], str]) -> dict[str, object]:
    """The changes as JSON, reasons told by `told`, persons' numbers masked."""
    return {
        "mended": [
            {
                "what": each.what.value,
                "path": each.path,
                "line": each.line,
                "before": mask_persons(each.before),
                "after": mask_persons(each.after),
                "reason": told(each.reason),
            }
            for each in changes.mended
        ],
        "lost": [
            {"path": each.path, "line": each.line, "value": mask_persons(each.value), "reason": told(each.reason)}
            for each in changes.lost
        ],
        "filled": [
            {"path": each.path, "value": mask_persons(each.value), "source": told(each.source)}
            for each in changes.filled
        ],
    }
