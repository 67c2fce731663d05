"""Everything that can be said of an arkivmelding by itself, and what becomes of it: taken as posted, mended, or converted.

In come bytes, a `Kit` and how the document is to be taken; out comes an `Inspection` with all faults at once. Called by
`delivery.intake` and `gateway validate`. What mends and converts is loaded only where it is wanted.
"""

from dataclasses import replace
from datetime import date

from gateway.arkivmelding.handling import AS_POSTED, Wanted
from gateway.arkivmelding.inspected import ANY_PROFILE as ANY_PROFILE
from gateway.arkivmelding.inspected import Inspection as Inspection
from gateway.arkivmelding.inspected import Kit as Kit
from gateway.arkivmelding.inspected import bare, look_through
from gateway.arkivmelding.reader import Dialect, Document, read
from gateway.errors import Fault, FaultClass, Severity
from gateway.language import say

OTHER_DIALECTS = frozenset({Dialect.V1, Dialect.FIKS_ARKIV})


def inspect(xml: bytes, kit: Kit, *, today: date, wanted: Wanted = AS_POSTED) -> Inspection:
    """Look through one arkivmelding; `Unreadable` where it cannot be read at all."""
    document = read(xml, kit.limits)
    if document.dialect in OTHER_DIALECTS:
        if wanted.supplied is None:
            return _undeliverable(document, kit, today=today)
        from gateway.arkivmelding.completion import inspect_converted

        return inspect_converted(document, kit, today=today, wanted=wanted)
    found = look_through(document, kit, today=today)
    if not found.faults or wanted == AS_POSTED:
        return found
    from gateway.arkivmelding.leniency import inspect_mended

    return inspect_mended(found, kit, today=today, wanted=wanted)


def _undeliverable(document: Document, kit: Kit, *, today: date) -> Inspection:
    found = bare(document, kit, today=today)
    return replace(found, faults=(*found.faults, _not_deliverable(document)))


def _not_deliverable(document: Document) -> Fault:
    dialect = say("the v1 dialect") if document.dialect is Dialect.V1 else say("Fiks Arkiv")
    return Fault(
        "DIALECT_NOT_DELIVERABLE",
        Severity.ERROR,
        say("This is an arkivmelding in {dialect}; receivers of eFormidling cannot read it", dialect=dialect),
        'Ask for conversion with the option {"convert": true} (gateway send --convert, gateway validate --fix); or let the '
        "fagsystem export the eFormidling arkivmelding (basisregistrering in mappe, labels instead of codes).",
        line=document.root.sourceline or 0,
        path="/arkivmelding",
        fault_class=FaultClass.UNSAFE,
    )
