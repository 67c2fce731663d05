"""The words of a conversion: why something is lost or written otherwise, and what stands in the way.

Each function makes one `Fault` with rule `NOT_CONVERTED`. Called by building and by `convert`.
"""

from collections.abc import Sequence

from lxml import etree

from gateway.arkivmelding.conversion.filling import MAY_BE_SUPPLIED
from gateway.arkivmelding.explain import shown
from gateway.arkivmelding.reader import local_name
from gateway.arkivmelding.secrecy import speaks_of_secrecy
from gateway.errors import Fault, FaultClass, Severity
from gateway.language import as_phrase, say
from gateway.message.identifiers import mask

RULE = "NOT_CONVERTED"
REWRITTEN = say("the value is written otherwise in the eFormidling arkivmelding")
RENAMED = say("the element is called otherwise in the eFormidling arkivmelding")
MOVED = say("in the eFormidling arkivmelding an entry stands in its folder")
COMMENT = say("comments are not carried over")
NO_PLACE = say("the eFormidling arkivmelding has no place for it")
IDENTIFIER = say("used for addressing, and nobody else's business")


def not_a_value(name: str) -> str:
    """Why a value is lost."""
    return say("it cannot be written as {name}", name=name)


def left_out(faults: Sequence[Fault]) -> str:
    """Why a whole element is lost: the first thing that it lacks, or its own word that it is shielded."""
    if not faults:
        return say("it is shielded, and the eFormidling arkivmelding cannot say so")
    return say("it cannot be completed: {fault}", fault=as_phrase(faults[0].message))


def missing(name: str, source: etree._Element, *, path: str) -> Fault:
    """Something that the target demands and nobody has said."""
    parent = local_name(source)
    message = say("{name} is missing in {parent}, and nothing says what it should be", name=name, parent=parent)
    return _fault(message, _how_to_give(name), element=source, path=path)


def unusable(name: str, found: etree._Element, *, path: str) -> Fault:
    """Something that the target demands, and what is said of it is no such value."""
    text = shown(" ".join("".join(map(str, found.itertext())).split()))
    message = say(
        "“{found}” cannot be written as {name}, and nothing else says what it should be", found=text, name=name
    )
    return _fault(message, _how_to_give(name), element=found, path=path)


def does_not_fit(name: str, given: str, *, source: etree._Element, path: str) -> Fault:
    """Something that the request gave, and that is no such value."""
    message = say("“{given}”, given with the request, cannot be written as {name}", given=shown(given), name=name)
    return _fault(message, say("Give a value that fits {name}.", name=name), element=source, path=path)


def twice(element: etree._Element, path: str) -> Fault:
    """Two of what there may be one of."""
    message = say("{name} stands more than once, and only one can be kept", name=local_name(element))
    return _fault(message, "Let the fagsystem export one of them.", element=element, path=path)


def no_such_type(element: etree._Element, path: str, *, given: str) -> Fault:
    """A kind of folder or entry that receivers of eFormidling do not know."""
    message = say(
        "{name} is a {given}, and no receiver of eFormidling reads one", name=local_name(element), given=mask(given)
    )
    return _fault(message, "Only a journalpost in a saksmappe can be sent this way.", element=element, path=path)


def no_place(element: etree._Element, path: str) -> Fault:
    """Something that must not be lost in silence, and has no place."""
    name = local_name(element)
    message = say("the eFormidling arkivmelding has no place for {name}, and it must not be lost", name=name)
    if speaks_of_secrecy(name):
        mend = say(
            "Its secrecy would be lost. Let the fagsystem say it in skjerming of the journalpost, and leave {name} out.",
            name=name,
        )
        return _fault(message, mend, element=element, path=path)
    return _fault(message, "Put it into the saksmappe, or leave it out.", element=element, path=path)


def secrecy_unclear(element: etree._Element, path: str) -> Fault:
    """A part of a shielding or grading that cannot be written down as it is."""
    message = say(
        "{name} speaks of secrecy and cannot be written in the eFormidling arkivmelding", name=local_name(element)
    )
    return _fault(
        message, "Let the fagsystem write it as the eFormidling arkivmelding wants it.", element=element, path=path
    )


def loose_text(element: etree._Element, path: str) -> Fault:
    """Text between elements, where it may speak of secrecy."""
    message = say("text stands between the elements of {name}, beside what is secret", name=local_name(element))
    return _fault(
        message, "Let the fagsystem write it into the element that it belongs to.", element=element, path=path
    )


def another_folder(element: etree._Element, path: str) -> Fault:
    """An entry that says it belongs to another folder than the one beside it."""
    message = say("the registrering belongs to another mappe than the one in this message")
    return _fault(message, "Send the registrering with its own mappe.", element=element, path=path)


def no_folder(element: etree._Element, path: str) -> Fault:
    """An entry alone."""
    message = say("the message holds no saksmappe, and receivers of eFormidling read nothing without one")
    return _fault(
        message, "Let the fagsystem export the saksmappe that the journalpost stands in.", element=element, path=path
    )


def less_secret(element: etree._Element, path: str) -> Fault:
    """The converted document would be less secret than the posted one."""
    message = say("the converted document would be less secret than the posted one")
    return _fault(message, "Let the fagsystem export the eFormidling arkivmelding itself.", element=element, path=path)


def _how_to_give(name: str) -> str:
    if name not in MAY_BE_SUPPLIED:
        return say("Let the fagsystem export it.")
    return say(
        'Let the fagsystem export it, or give it with the request: {{"convert": true, "fill": {{"{name}": "…"}}}} '
        "(gateway validate --fix --fill {name}=…).",
        name=name,
    )


def _fault(message: str, mend: str, *, element: etree._Element, path: str) -> Fault:
    return Fault(
        RULE, Severity.ERROR, message, mend, line=element.sourceline or 0, path=path, fault_class=FaultClass.UNSAFE
    )
