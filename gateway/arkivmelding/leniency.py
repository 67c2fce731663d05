"""An eFormidling arkivmelding with faults, taken all the same: spelling mended, the rest warned of, nothing unsafe let through.

In comes the strict inspection, out comes one of the document as it will go out. Called by `inspection` where the handling
is lenient or a completion is wanted; loaded only then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from gateway.arkivmelding.changes import Changes
from gateway.arkivmelding.completion import complete
from gateway.arkivmelding.handling import Wanted, weigh
from gateway.arkivmelding.inspected import Inspection, Kit, joined, look_through
from gateway.arkivmelding.mending import mend
from gateway.arkivmelding.schema import Profile
from gateway.errors import Fault, FaultClass

_RULES = "AM-"


def inspect_mended(found: Inspection, kit: Kit, *, today: date, wanted: Wanted) -> Inspection:
    """Mend what may be mended, then look again; what no handling takes is not touched."""
    if any(_is_final(fault) for fault in found.faults):
        return replace(found, faults=weigh(found.faults, wanted.handling))
    document, mended = mend(found.document, kit.schemas.model(found.profile or Profile.HEAD))
    again = look_through(document, kit, today=today) if mended else found
    if wanted.supplied is not None and not again.valid:
        return complete(replace(again, posted=found.posted, changes=Changes(mended)), kit, today=today, wanted=wanted)
    faults = (*_mended_faults(found.faults, again.faults), *again.faults) if mended else found.faults
    return joined(found, again, faults=_by_line(weigh(faults, wanted.handling)), changes=Changes(mended))


def _is_final(fault: Fault) -> bool:
    """Unsafe by the XSD or for its secrecy; a rule may be satisfied once the spelling is right."""
    return fault.is_unsafe and not fault.rule.startswith(_RULES)


def _mended_faults(before: Iterable[Fault], after: Iterable[Fault]) -> Iterator[Fault]:
    """The faults of spelling that are gone now: they were in the posted document, so they are told."""
    left = {(fault.rule, fault.line, fault.message) for fault in after}
    for fault in before:
        if fault.fault_class is FaultClass.SPELLING and (fault.rule, fault.line, fault.message) not in left:
            yield fault


def _by_line(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))
