"""What stands in the way of a classic message, worked out anew each time it is looked at; and the order of its files.

In comes a `ClassicView`, out come problems. Pure. Called by `delivery.classic`. Source: reference of the NextMove API
§6.3; more files than the arkivmelding names are sent along, as it does.
"""

from collections.abc import Iterator
from datetime import datetime

from gateway.arkivmelding.filenames import normal
from gateway.arkivmelding.inspection import Inspection
from gateway.arkivmelding.shielding import Outcome
from gateway.delivery import obstacles
from gateway.delivery.classic_records import ARKIVMELDING_FILE, ClassicView
from gateway.delivery.submission import IntakeSettings
from gateway.errors import Severity
from gateway.language import say
from gateway.message.business import BUSINESS_TYPES
from gateway.message.processes import ARKIVMELDING, Channel, message_type
from gateway.message.prototype import Problem, Weight
from gateway.storage.documents import StoredDocument


def problems_of(view: ClassicView, *, settings: IntakeSettings, now: datetime) -> tuple[Problem, ...]:
    """Everything that must be mended before a commit, and what is worth knowing."""
    return (*_file_problems(view), *_size_problems(view, settings), *_time_problems(view, now), *_advice(view))


def main_document(view: ClassicView) -> str | None:
    """The file that the SBD calls the main document."""
    business = view.sbd.get(_type_of(view))
    named = business.get("hoveddokument") if isinstance(business, dict) else None
    return normal(named) if isinstance(named, str) and named else None


def in_sending_order(view: ClassicView) -> tuple[StoredDocument, ...]:
    """The main document, then the others as they were uploaded."""
    main = main_document(view)
    return tuple(sorted(view.documents, key=lambda each: (each.filename != main, each.position)))


def _type_of(view: ClassicView) -> str:
    route = view.message.choice.route
    return message_type(route.document_type) if route else ""


def _file_problems(view: ClassicView) -> Iterator[Problem]:
    kind, here = BUSINESS_TYPES[_type_of(view)], {each.filename for each in view.documents}
    if kind.needs_file and not here:
        yield _missing_file(kind.name)
    if kind.standard == ARKIVMELDING:
        if ARKIVMELDING_FILE not in here:
            yield _missing_arkivmelding()
        yield from (obstacles.document_missing(name) for name in _named_by(view.inspection) if name not in here)
    main = main_document(view)
    if main is not None and main not in here and (here or kind.needs_file):
        yield _missing_main(main, blocks=kind.needs_main)


def _named_by(inspection: Inspection | None) -> tuple[str, ...]:
    """The files that the journalpost refers to."""
    entry = inspection.facts.journalpost if inspection else None
    documents = entry.documents if entry else ()
    return tuple(dict.fromkeys(normal(each.filename.strip()) for document in documents for each in document.objects))


def _size_problems(view: ClassicView, settings: IntakeSettings) -> Iterator[Problem]:
    channel = view.message.choice.route.channel if view.message.choice.route else Channel.UNKNOWN
    size, limit = sum(each.size for each in view.documents), settings.size_limits.get(channel)
    if limit is not None and size > limit:
        yield obstacles.too_large(size, limit, channel=channel)


def _time_problems(view: ClassicView, now: datetime) -> Iterator[Problem]:
    deadline = view.message.choice.deadline
    if deadline is not None and deadline <= now:
        yield deadline_passed()


def _advice(view: ClassicView) -> Iterator[Problem]:
    inspection = view.inspection
    if inspection is None:
        return
    for fault in inspection.faults:
        if fault.severity is not Severity.ERROR:
            yield Problem(fault.rule, Weight.INFO, fault.message, fault.mend, ARKIVMELDING_FILE, line=fault.line)
    if inspection.shielding.outcome is not Outcome.OPEN and not view.message.choice.confidential:
        yield Problem(
            "SHIELDED_IN_OPEN_PROCESS",
            Weight.INFO,
            say("the arkivmelding is shielded, and the SBD's process is not the one for confidential post"),
            say("If it is confidential, create it anew with the process taushetsbelagt."),
        )


def deadline_passed() -> Problem:
    """It would never be sent."""
    return Problem(
        "DEADLINE_PASSED",
        Weight.BLOCK,
        say("expectedResponseDateTime has passed, so it would never be sent"),
        say("Discard it, and create it anew with a later expectedResponseDateTime."),
    )


def _missing_file(kind: str) -> Problem:
    message = say("{type} needs at least one file, and there is none", type=kind)
    return Problem("MISSING_FILE", Weight.BLOCK, message, say("Upload it."))


def _missing_arkivmelding() -> Problem:
    message = say("the file arkivmelding.xml is missing, and an arkivmelding needs it")
    return Problem("MISSING_ARKIVMELDING", Weight.BLOCK, message, say("Upload it."), ARKIVMELDING_FILE)


def _missing_main(name: str, *, blocks: bool) -> Problem:
    message = say("{filename} is named as hoveddokument and has not been uploaded", filename=name)
    mend = say("Upload it, or create the message anew with another hoveddokument.")
    return Problem("MAIN_DOCUMENT_MISSING", Weight.BLOCK if blocks else Weight.INFO, message, mend, name)
