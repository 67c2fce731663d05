"""How a submission's document is to be taken, strictly or leniently, converted or not; and the refusal where it is not.

In come options, or a conversation that kept them, out come a `Wanted` and an `Inspection`. Called by `delivery.intake`. The
outgoing document is worked out anew from the posted one each time, and is the same each time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from gateway.arkivmelding.handling import Handling, Supplied, Wanted
from gateway.arkivmelding.inspection import OTHER_DIALECTS, Inspection, Kit, inspect
from gateway.delivery.submission import Options
from gateway.errors import Invalid
from gateway.language import say
from gateway.storage.conversations import Conversation


def wanted_by(options: Options, *, at: datetime) -> Wanted:
    """What the options ask for; `at` is when the submission came."""
    supplied = Supplied(at, options.fill) if options.convert else None
    return Wanted(options.handling or Handling.STRICT, supplied)


def wanted_of(conversation: Conversation) -> Wanted:
    """What was asked for when the conversation began."""
    kept = conversation.options
    fill = kept.get("fill")
    values = {str(name): str(value) for name, value in fill.items()} if isinstance(fill, Mapping) else {}
    supplied = Supplied(conversation.created, values) if kept.get("convert") else None
    return Wanted(Handling(str(kept.get("handling") or Handling.STRICT)), supplied)


def inspect_or_refuse(xml: bytes, kit: Kit, *, today: date, wanted: Wanted) -> Inspection:
    """Look through an arkivmelding; `Invalid` with every fault where one of them is an error, and what would have helped."""
    inspection = inspect(xml, kit, today=today, wanted=wanted)
    if inspection.acceptable:
        return inspection
    count = len(inspection.faults)
    raise Invalid(
        say("the arkivmelding has {count} faults; nothing was kept", count=count)
        if count > 1
        else "the arkivmelding has 1 fault; nothing was kept",
        code=inspection.faults[0].rule if count == 1 else "INVALID_ARKIVMELDING",
        mend="Each entry of `errors` says what is wrong, on which line, and how to mend it.",
        faults=inspection.faults,
        offers=_offers(inspection, kit, today=today, wanted=wanted),
    )


def _offers(refused: Inspection, kit: Kit, *, today: date, wanted: Wanted) -> dict[str, bool]:
    """Whether the same document would have been taken leniently, or (in another dialect) converted."""
    xml = refused.posted.xml
    lenient = replace(wanted, handling=Handling.LENIENT)
    offers = {"acceptedIfLenient": inspect(xml, kit, today=today, wanted=lenient).acceptable}
    if refused.posted.dialect in OTHER_DIALECTS and wanted.supplied is None:
        now = datetime.combine(today, datetime.min.time()).astimezone()
        converted = replace(wanted, supplied=Supplied(now))
        offers["acceptedIfConverted"] = inspect(xml, kit, today=today, wanted=converted).acceptable
    return offers
