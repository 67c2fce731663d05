"""A document in another dialect, or one that lacks something, looked through as what it becomes.

In come the document and what the request says, out comes an `Inspection` of the converted document, or of the posted one
with the reasons why it cannot be converted. Called by `inspection` and `leniency`; loaded only then.
"""

from dataclasses import replace
from datetime import date

from gateway.arkivmelding.changes import Changes
from gateway.arkivmelding.conversion import convert, wording
from gateway.arkivmelding.conversion.records import Conversion
from gateway.arkivmelding.facts import Facts
from gateway.arkivmelding.grammar import RULE
from gateway.arkivmelding.handling import Wanted, weigh
from gateway.arkivmelding.inspected import Inspection, Kit, bare, joined, look_through
from gateway.arkivmelding.paths import path_of
from gateway.arkivmelding.reader import Document
from gateway.arkivmelding.schema import Profile
from gateway.arkivmelding.secrecy import speaks_of_secrecy
from gateway.arkivmelding.shielding import strictness
from gateway.errors import Fault, FaultClass, Severity


def inspect_converted(document: Document, kit: Kit, *, today: date, wanted: Wanted) -> Inspection:
    """The document converted; the posted one with the reasons where that cannot be done."""
    found = bare(document, kit, today=today)
    faults = (*found.faults, *(_of_other_dialect(each) for each in kit.schemas.check_fiks_arkiv(document)))
    if any(fault.is_unsafe for fault in faults):
        return replace(found, faults=weigh(faults, wanted.handling))
    return complete(replace(found, faults=faults), kit, today=today, wanted=wanted)


def complete(found: Inspection, kit: Kit, *, today: date, wanted: Wanted) -> Inspection:
    """Build the document anew as profile `head` wants it, and look through that."""
    if wanted.supplied is None:
        return found
    conversion = convert(found.document, model=kit.schemas.model(Profile.HEAD), supplied=wanted.supplied)
    changes = _together(found.changes, conversion)
    if conversion.document is None:
        return replace(found, faults=(*weigh(found.faults, wanted.handling), *conversion.faults), changes=changes)
    outgoing = look_through(conversion.document, replace(kit, profiles=(Profile.HEAD,)), today=today)
    outgoing = replace(outgoing, facts=_with_identifiers(outgoing.facts, found.facts))
    faults = (*weigh(_of_source(found), wanted.handling), *_of_result(found, outgoing, wanted=wanted))
    return joined(found, outgoing, faults=faults, changes=changes)


def _of_other_dialect(fault: Fault) -> Fault:
    """A fault by the schema of the dialect itself. Conversion takes, lists or refuses every node, so only secrecy is unsafe."""
    steps = (step.partition("[")[0] for step in fault.path.split("/"))
    unsafe = any(speaks_of_secrecy(step) for step in steps)
    return replace(fault, fault_class=FaultClass.UNSAFE if unsafe else FaultClass.PROVENANCE)


def _of_source(found: Inspection) -> tuple[Fault, ...]:
    """What is wrong with the posted document of another dialect. One of our own dialect is judged by what becomes of it."""
    return found.faults if found.profile is None else ()


def _of_result(found: Inspection, outgoing: Inspection, *, wanted: Wanted) -> tuple[Fault, ...]:
    """What is wrong with the converted document: it must be valid, whatever the handling, and no less secret."""
    faults = tuple(
        replace(fault, severity=Severity.ERROR) if fault.rule == RULE else fault
        for fault in weigh(outgoing.faults, wanted.handling)
    )
    root = found.document.root
    if strictness(outgoing.shielding.outcome) < strictness(found.shielding.outcome):
        return (*faults, wording.less_secret(root, path_of(root)))
    return faults


def _with_identifiers(facts: Facts, posted: Facts) -> Facts:
    """The parts with the identifiers that the posted document gave them: for addressing, and in nobody's rendering."""
    entry, before = facts.journalpost, posted.journalpost
    if entry is None or before is None or len(entry.parts) != len(before.parts):
        return facts  # of several entries, which the rules refuse
    pairs = zip(entry.parts, before.parts, strict=True)
    parts = tuple(replace(part, identifiers=old.identifiers) for part, old in pairs)
    return replace(facts, journalpost=replace(entry, parts=parts))


def _together(before: Changes, conversion: Conversion) -> Changes:
    after = conversion.changes
    return Changes((*before.mended, *after.mended), (*before.lost, *after.lost), (*before.filled, *after.filled))
