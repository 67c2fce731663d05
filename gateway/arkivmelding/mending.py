"""Mends the spelling of an eFormidling arkivmelding: names, labels, dates, GUIDs, file names, and the order of elements.

In come a document and the content model, out come the document as it will be sent and every change. Called by inspection
where the handling is lenient. Nothing in or around skjerming and gradering is touched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from gateway.arkivmelding.changes import Mend, Mended
from gateway.arkivmelding.content_model import ComplexType, ContentModel
from gateway.arkivmelding.facts import raw_text
from gateway.arkivmelding.order import Misfit, arrange
from gateway.arkivmelding.paths import Paths
from gateway.arkivmelding.reader import Document, local_name, parse
from gateway.arkivmelding.secrecy import holds_secrecy, speaks_of_secrecy, stands_in_secrecy
from gateway.arkivmelding.spelling import name_meant, value_meant
from gateway.language import say

# Why, in the words of the answer.
RENAMED = say("the element's name is written otherwise in the schema")
REWRITTEN = say("the value is written otherwise in the schema")
MOVED = say("the schema wants it in another place among its brothers")


@dataclass(frozen=True, slots=True)
class _Move:
    """A child that stands in the wrong place, and the brother that it belongs before (None: it belongs last)."""

    child: etree._Element
    before: etree._Element | None


@dataclass(slots=True)
class _Mending:
    """A tree that is being mended. Paths are taken down before anything is changed, so they are the posted ones."""

    root: etree._Element
    model: ContentModel
    mended: list[Mended] = field(default_factory=list)
    moved: list[tuple[int, etree._Element]] = field(default_factory=list)
    posted: dict[etree._Element, str] = field(default_factory=dict)
    stood: dict[etree._Element, str] = field(default_factory=dict)


def mend(document: Document, model: ContentModel) -> tuple[Document, tuple[Mended, ...]]:
    """The document with its spelling mended; itself where there is nothing to mend."""
    work = _Mending(parse(document.xml), model)
    paths = Paths()
    work.posted = {each: paths.of(each) for each in work.root.iter("*")}
    work.stood = dict(_positions(work.root))
    _mend_names(work)
    _mend_values(work)
    _mend_order(work)
    if not work.mended:
        return document, ()
    xml = etree.tostring(work.root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return Document(xml, work.root, document.dialect), _with_places(work)


def _typed(work: _Mending) -> Iterator[tuple[etree._Element, ComplexType]]:
    """Every element with children that the model knows, but for what speaks of secrecy."""
    for element in work.root.iter(f"{{{work.model.namespace}}}*"):
        kind = work.model.complex_types.get(work.model.type_of(element))
        if kind is not None and kind.slots and not stands_in_secrecy(element):
            yield element, kind


def _mend_names(work: _Mending) -> None:
    # Not listed beforehand: what stands in a renamed element is known only once that has its right name.
    for element, kind in _typed(work):
        for child in element.iterchildren(f"{{{work.model.namespace}}}*"):
            name = local_name(child)
            meant = name_meant(name, kind.children)
            if meant is not None and not holds_secrecy(child):
                child.tag = f"{{{work.model.namespace}}}{meant}"
                _note(work, child, values=(name, meant), what=Mend.NAME)


def _mend_values(work: _Mending) -> None:
    for element, kind in list(_typed(work)):
        for child in element.iterchildren(f"{{{work.model.namespace}}}*"):
            name = local_name(child)
            if name not in kind.children or speaks_of_secrecy(name) or next(child.iterchildren("*"), None) is not None:
                continue
            text = raw_text(child)
            meant = value_meant(name, kind.children[name], text=text, model=work.model)
            if meant is not None:
                _write(child, meant)
                _note(work, child, values=(text, meant), what=Mend.VALUE)


def _mend_order(work: _Mending) -> None:
    for element, kind in list(_typed(work)):
        for move in _moves(element, kind):
            stood = work.stood[move.child]
            work.mended.append(
                Mended(Mend.PLACE, work.posted[move.child], move.child.sourceline or 0, stood, "", MOVED)
            )
            work.moved.append((len(work.mended) - 1, move.child))
            if move.before is not None:
                move.before.addprevious(move.child)
            else:
                element.append(move.child)


def _moves(element: etree._Element, kind: ComplexType) -> list[_Move]:
    """Who must move where, from the last to the first, so that each finds its brother already in place."""
    children = list(element.iterchildren("*"))
    names = [local_name(each) if local_name(each) in kind.children else None for each in children]
    arrangement = arrange(names, kind.slots)
    strays = {each.index for each in arrangement.findings if each.misfit is Misfit.MISPLACED}
    quiet = [None if name and speaks_of_secrecy(name) else name for name in names]
    strays &= {each.index for each in arrange(quiet, kind.slots).findings if each.misfit is Misfit.MISPLACED}
    moves: list[_Move] = []
    following: etree._Element | None = None
    for index in reversed([each for each in arrangement.order if isinstance(each, int)]):
        if index in strays:
            moves.append(_Move(children[index], following))
        following = children[index]
    return moves


def _write(element: etree._Element, text: str) -> None:
    """Put the text in place of what stands there; comments stay."""
    element.text = text
    for comment in element:
        comment.tail = None


def _note(work: _Mending, element: etree._Element, *, values: tuple[str, str], what: Mend) -> None:
    reason = RENAMED if what is Mend.NAME else REWRITTEN
    work.mended.append(Mended(what, work.posted[element], element.sourceline or 0, *values, reason))


def _positions(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Which child of its parent each element is: `/arkivmelding/mappe/*[7]`."""
    paths = Paths()
    for parent in root.iter("*"):
        for number, child in enumerate(parent.iterchildren("*"), start=1):
            yield child, f"{paths.of(parent)}/*[{number}]"


def _with_places(work: _Mending) -> tuple[Mended, ...]:
    """Everything that was done, by line; what was moved with the place that it has come to."""
    here = dict(_positions(work.root)) if work.moved else {}
    for number, child in work.moved:
        work.mended[number] = replace(work.mended[number], after=here[child])
    return tuple(sorted(work.mended, key=lambda each: each.line))
