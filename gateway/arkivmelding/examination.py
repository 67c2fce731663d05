"""Finds every fault of an invalid document, where libxml2 stops at the first one in each element.

In come a tree, a validator and the content model; out come `Finding`s. Called by `schema`. The way: mend a copy as each
finding's own advice says, validate it again, and go on until nothing new appears.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from lxml import etree

from gateway.arkivmelding import explain_children as say
from gateway.arkivmelding import fault_classes as classes
from gateway.arkivmelding.content_model import ANY_TYPE, ComplexType, ContentModel, local
from gateway.arkivmelding.explain import XML_BLANKS, XSI_NIL, Complaint, Words, explain, form_of, name_of, say_plainly
from gateway.arkivmelding.finder import ElementFinder
from gateway.arkivmelding.order import Finding as Ordered
from gateway.arkivmelding.order import Misfit, arrange
from gateway.arkivmelding.padding import remove_padding
from gateway.arkivmelding.reader import XSI_TYPE
from gateway.arkivmelding.secrecy import speaks_of_secrecy
from gateway.errors import FaultClass

# Each round uncovers what one level of faults was hiding; a document nested deeper in faults gets the outer ones.
_ROUNDS = 16
_MOST_OF_ONE_PARENT = 100
_TRIES_FOR_ONE_PARENT = 3
_ATTRIBUTE_NOT_ALLOWED = frozenset({"SCHEMAV_CVC_COMPLEX_TYPE_3_2_1", "SCHEMAV_CVC_TYPE_3_1_1"})

Validator = Callable[[etree._Element], Sequence[etree._LogEntry]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the caller's element that it belongs to, the one whose line is shown, the words, the class."""

    element: etree._Element
    line_of: etree._Element
    words: Words
    fault_class: FaultClass


def examine(root: etree._Element, validate: Validator, *, model: ContentModel, most: int) -> tuple[Finding, ...]:
    """Every fault, `most` at the most, in the order of discovery; the caller's tree is not changed."""
    return tuple(islice(_Examination(root, model).run(validate), most))


def list_findings(root: etree._Element, validate: Validator, *, model: ContentModel) -> tuple[Finding, ...]:
    """What libxml2 lists and nothing more: for documents that are too large to be mended step by step."""
    finder = ElementFinder(root)
    complaints = [Complaint(each.type_name, each.message, finder.find(each.path)) for each in validate(root)]
    return tuple(
        Finding(each.element, each.element, explain(each, model), classes.class_of_complaint(each, model))
        for each in complaints
    )


class _Examination:
    """A copy of the tree that is mended bit by bit, and what belongs to what in the original."""

    def __init__(self, root: etree._Element, model: ContentModel) -> None:
        self.model = model
        self.copy = deepcopy(root)
        self.originals = dict(zip(self.copy.iter(), root.iter(), strict=True))
        self.tries: Counter[etree._Element] = Counter()
        self.retyped: set[etree._Element] = set()
        remove_padding(self.copy)

    def run(self, validate: Validator) -> Iterator[Finding]:
        seen: set[tuple[etree._Element, str, str]] = set()
        for _ in range(_ROUNDS):
            complaints = self._complaints(validate(self.copy))
            news = [each for each in complaints if (each.element, each.type_name, each.message) not in seen]
            if not news:
                return
            seen.update((each.element, each.type_name, each.message) for each in news)
            for complaint in news:
                yield from self._treat(complaint)

    def _complaints(self, errors: Iterable[etree._LogEntry]) -> list[Complaint]:
        """The errors about elements that the caller has, not about those that were put in while mending."""
        finder = ElementFinder(self.copy)
        complaints = (Complaint(each.type_name, each.message, finder.find(each.path)) for each in errors)
        return [each for each in complaints if each.element in self.originals]

    def _treat(self, complaint: Complaint) -> Iterator[Finding]:
        element = complaint.element
        if complaint.type_name == "SCHEMAV_ELEMENT_CONTENT":
            parent = element if "Missing child" in complaint.message else element.getparent()
            yield from self._treat_children(element if parent is None else parent, complaint)
        elif complaint.attribute == XSI_TYPE:
            yield self._treat_type(element)
        else:
            fault_class = classes.class_of_complaint(complaint, self.model)
            yield self._finding(element, explain(complaint, self.model), fault_class=fault_class)
            _clear_the_view(complaint)

    def _treat_type(self, element: etree._Element) -> Finding:
        declared = self.model.declared_type(element)
        closed = declared not in ("", ANY_TYPE)
        allowed = tuple(each.name for each in self.model.derived_from(declared)) if closed else ()
        words = say.say_wrong_type(element, allowed)
        names = {local(each).casefold(): each for each in allowed}
        given = local(self.model.given_type(element) or element.get(XSI_TYPE, "").rpartition(":")[2])
        meant = next(iter(get_close_matches(given.strip().casefold(), list(names), n=1, cutoff=0.7)), None)
        if meant:
            element.set(XSI_TYPE, say.qualified(element, names[meant]))
        else:
            element.attrib.pop(XSI_TYPE, None)
        self.retyped.add(element)
        return self._finding(element, words)

    def _treat_children(self, parent: etree._Element, complaint: Complaint) -> Iterator[Finding]:
        kind = self.model.complex_types.get(self.model.type_of(parent))
        self.tries[parent] += 1
        if kind is None or self.tries[parent] > _TRIES_FOR_ONE_PARENT:
            yield self._finding(complaint.element, say_plainly(complaint, self.model))
            return
        if needed := self._type_needed(parent, kind):
            yield needed
            return
        findings = list(self._rearrange(parent, kind))
        if not findings:
            retyped = parent in self.retyped
            words = say.say_follow_up(complaint.element, parent) if retyped else say_plainly(complaint, self.model)
            findings.append(self._finding(complaint.element, words))
        yield from findings

    def _type_needed(self, parent: etree._Element, kind: ComplexType) -> Finding | None:
        """Where the unknown children belong to a derived type, what is missing is the `xsi:type` and nothing else."""
        unknown = [each for each in self._own_names(parent) if each not in kind.children]
        best = max(self.model.derived_from(kind.name), key=lambda each: _known(each, unknown), default=None)
        if best is None or not _known(best, unknown):
            return None
        fitting = [each for each in unknown if each in best.children]
        words = say.say_type_needed(fitting, parent, type_name=best.name)
        parent.set(XSI_TYPE, say.qualified(parent, best.name))
        return self._finding(parent, words)

    def _own_names(self, parent: etree._Element) -> list[str]:
        return [name_of(each) for each in parent.iterchildren(f"{{{self.model.namespace}}}*")]

    def _rearrange(self, parent: etree._Element, kind: ComplexType) -> Iterator[Finding]:
        """Say what is wrong with each child, and put the children of the copy as they should stand."""
        children = list(parent.iterchildren("*"))
        taken = {each for slot in kind.slots if not slot.repeats for each in slot.names}.intersection(
            self._own_names(parent)
        )
        absent = {each.casefold(): each for each in kind.children if each not in taken}
        names: list[str | None] = []
        found = 0
        for child in children:
            # To look for what each name was meant to be is slow; who has misspelt a hundred needs no more advice.
            name, finding = self._recognise(
                child, parent, kind=kind, absent=absent if found < _MOST_OF_ONE_PARENT else {}
            )
            names.append(name)
            found += finding is not None
            if finding and found <= _MOST_OF_ONE_PARENT:
                yield finding
        arrangement = arrange(names, kind.slots)
        open_names = [None if name and speaks_of_secrecy(name) else name for name in names]
        strays = {each.index for each in arrange(open_names, kind.slots).findings}
        for misfit in arrangement.findings[:_MOST_OF_ONE_PARENT]:
            words = say.say_misfit(misfit, parent, names=names, model=self.model)
            child = children[misfit.index] if misfit.index is not None else parent
            place = children[misfit.before] if misfit.index is None and misfit.before is not None else child
            fault_class = _class_of_misfit(misfit, child, strays=strays)
            yield self._finding(child, words, line_of=place, fault_class=fault_class)
        new = {name: self._placeholder(kind, name) for name in arrangement.order if isinstance(name, str)}
        parent[:] = [children[each] if isinstance(each, int) else new[each] for each in arrangement.order]

    def _recognise(
        self, child: etree._Element, parent: etree._Element, *, kind: ComplexType, absent: dict[str, str]
    ) -> tuple[str | None, Finding | None]:
        """Which child of the type this is meant to be, and what is wrong with its name."""
        name = etree.QName(child)
        if name.localname in kind.children:
            if name.namespace == self.model.namespace:
                return name.localname, None
            finding = self._finding(child, say.say_namespace(child, self.model.namespace))
            _change_namespace(child, self.model.namespace)
            return name.localname, finding
        close = get_close_matches(name.localname.casefold(), absent, n=1, cutoff=0.8)
        if not close:
            words = say.say_unknown(child, parent, model=self.model)
            return None, self._finding(child, words, fault_class=classes.class_of_unknown(child, parent))
        meant = absent[close[0]]
        fault_class = classes.class_of_misspelt(child, meant, parent=parent)
        finding = self._finding(child, say.say_misspelt(child, meant, parent=parent), fault_class=fault_class)
        child.tag = f"{{{self.model.namespace}}}{meant}"
        return meant, finding

    def _placeholder(self, kind: ComplexType, name: str) -> etree._Element:
        element = etree.Element(f"{{{self.model.namespace}}}{name}")
        form = form_of(kind.children[name], self.model)
        element.text = form.example if form else ""
        return element

    def _finding(
        self,
        element: etree._Element,
        words: Words,
        *,
        line_of: etree._Element | None = None,
        fault_class: FaultClass = FaultClass.UNSAFE,
    ) -> Finding:
        # What was put in while mending is not the caller's; nothing is said of it but at the root.
        original = self.originals.get(element, self.originals[self.copy])
        place = element if line_of is None else line_of
        return Finding(original, self.originals.get(place, original), words, fault_class)


def _class_of_misfit(misfit: Ordered, child: etree._Element, *, strays: set[int | None]) -> FaultClass:
    """`child` is the parent where something is missing; `strays` are out of place even without what speaks of secrecy."""
    if misfit.misfit is Misfit.MISSING:
        return classes.class_of_missing(misfit.slot.names, child)
    return classes.class_of_misfit(misfit.misfit, child, around_secrecy=misfit.index not in strays)


def _known(kind: ComplexType, names: Sequence[str]) -> int:
    return sum(name in kind.children for name in names)


def _change_namespace(element: etree._Element, namespace: str) -> None:
    """Move an element and everything in it that stands in the same wrong namespace: that is one fault, not many."""
    wrong = etree.QName(element).namespace
    for each in element.iter("*"):
        name = etree.QName(each)
        if name.namespace == wrong:
            each.tag = f"{{{namespace}}}{name.localname}"


def _clear_the_view(complaint: Complaint) -> None:
    """Take away, in the copy, what keeps libxml2 from looking at the rest of the element."""
    element = complaint.element
    if complaint.type_name.startswith("SCHEMAV_CVC_ELT_3"):
        element.attrib.pop(XSI_NIL, None)
    elif complaint.type_name in _ATTRIBUTE_NOT_ALLOWED:
        element.attrib.pop(complaint.attribute, None)
    elif complaint.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_2_3":
        _remove_first_text(element)


def _remove_first_text(element: etree._Element) -> None:
    if (element.text or "").strip(XML_BLANKS):
        element.text = None
        return
    for child in element:
        if (child.tail or "").strip(XML_BLANKS):
            child.tail = None
            return
