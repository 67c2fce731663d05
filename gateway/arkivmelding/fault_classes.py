"""Of which class each fault of the XSD is: unsafe, provenance or spelling.

In comes what examination has found, out comes a `FaultClass`. It leans to the safe side: what decides who gets what, what
may hide a recipient or a document, and whatever is in or around skjerming and gradering is unsafe.
"""

from lxml import etree

from gateway.arkivmelding.content_model import ContentModel
from gateway.arkivmelding.explain import Complaint, content_of, name_of
from gateway.arkivmelding.order import Misfit
from gateway.arkivmelding.reader import local_name
from gateway.arkivmelding.secrecy import holds_secrecy, is_beside_secrecy, speaks_of_secrecy, stands_in_secrecy
from gateway.arkivmelding.spelling import name_meant, value_meant
from gateway.errors import FaultClass

# Who gets it, which file, and which variant of a file.
_DECIDES = frozenset({"korrespondanseparttype", "korrespondansepartNavn", "variantformat", "referanseDokumentfil"})
_HOLDS_OTHERS = frozenset(
    {"mappe", "registrering", "basisregistrering", "korrespondansepart", "dokumentbeskrivelse", "dokumentobjekt"}
)
_VALUES = frozenset({"SCHEMAV_CVC_DATATYPE_VALID_1_2_1", "SCHEMAV_CVC_ENUMERATION_VALID", "SCHEMAV_CVC_PATTERN_VALID"})
_ATTRIBUTES = frozenset({"SCHEMAV_CVC_TYPE_3_1_1", "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1"})
_NILS = frozenset({"SCHEMAV_CVC_ELT_3_1", "SCHEMAV_CVC_ELT_3_2_1"})
_TEXTS = frozenset({"SCHEMAV_CVC_COMPLEX_TYPE_2_3"})


def class_of_complaint(complaint: Complaint, model: ContentModel) -> FaultClass:
    """A fault of one element: its value, its text, its attributes."""
    element, kind = complaint.element, complaint.type_name
    if stands_in_secrecy(element):
        return FaultClass.UNSAFE
    if kind in _VALUES and not complaint.attribute:
        text = content_of(element)
        if value_meant(name_of(element), model.type_of(element), text=text, model=model) is not None:
            return FaultClass.SPELLING
        return _by_name(name_of(element))
    if kind in _NILS:
        return FaultClass.UNSAFE if hides_others(element) else FaultClass.PROVENANCE
    if kind in _TEXTS:
        return FaultClass.UNSAFE if is_beside_secrecy(element) else FaultClass.PROVENANCE
    return FaultClass.PROVENANCE if kind in _ATTRIBUTES else FaultClass.UNSAFE


def class_of_missing(names: tuple[str, ...], parent: etree._Element) -> FaultClass:
    """A child that is not there."""
    if stands_in_secrecy(parent) or any(speaks_of_secrecy(name) for name in names):
        return FaultClass.UNSAFE
    return max((_by_name(name) for name in names), key=lambda each: each is FaultClass.UNSAFE)


def class_of_misfit(misfit: Misfit, child: etree._Element, *, around_secrecy: bool) -> FaultClass:
    """A child in the wrong place or too often. `around_secrecy`: it stands right once skjerming and gradering are gone."""
    parent = child.getparent()
    if around_secrecy or speaks_of_secrecy(local_name(child)) or (parent is not None and stands_in_secrecy(parent)):
        return FaultClass.UNSAFE
    if misfit is Misfit.MISPLACED:
        return FaultClass.SPELLING
    holds = holds_secrecy(child) or hides_others(child)
    is_reference = misfit is Misfit.EITHER_OR and local_name(child).startswith("referanse") and not holds
    return FaultClass.PROVENANCE if is_reference else FaultClass.UNSAFE


def class_of_unknown(child: etree._Element, parent: etree._Element) -> FaultClass:
    """A child that its parent may not have: no receiver reads it, nor what is in it."""
    unsafe = stands_in_secrecy(parent) or holds_secrecy(child) or hides_others(child)
    return FaultClass.UNSAFE if unsafe else FaultClass.PROVENANCE


def class_of_misspelt(child: etree._Element, meant: str, *, parent: etree._Element) -> FaultClass:
    """A child whose name is nearly right: spelling only where nothing but this name can be meant."""
    if stands_in_secrecy(parent) or speaks_of_secrecy(meant) or speaks_of_secrecy(local_name(child)):
        return FaultClass.UNSAFE
    if holds_secrecy(child):
        return FaultClass.UNSAFE  # mending leaves it alone, so no receiver would see what is in it
    if name_meant(local_name(child), {meant}) == meant:
        return FaultClass.SPELLING
    hidden = meant in _HOLDS_OTHERS | _DECIDES
    return FaultClass.UNSAFE if hidden else class_of_unknown(child, parent)


def hides_others(element: etree._Element) -> bool:
    """Whether the element is, or holds, something that decides who gets what."""
    return any(local_name(each) in _HOLDS_OTHERS | _DECIDES for each in element.iter("*"))


def _by_name(name: str) -> FaultClass:
    return FaultClass.UNSAFE if name in _DECIDES else FaultClass.PROVENANCE
