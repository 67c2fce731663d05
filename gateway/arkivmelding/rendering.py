"""What one recipient gets: the posted arkivmelding less what is not theirs, each removal listed.

In come the parsed document and what this recipient gets, out come the bytes and the redactions. Called by
`delivery.intake` and `delivery.journey`. Canonical XML of original and rendering differ in exactly the listed nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gateway.arkivmelding.adressering import ADRESSERING, adressering_elements
from gateway.arkivmelding.facts import PartType, journalposter, raw_text, text_of
from gateway.arkivmelding.paths import Paths
from gateway.arkivmelding.reader import Document, parse
from gateway.message.prototype import Redaction

_OUR_OWN = f"{{{ADRESSERING}}}"


@dataclass(frozen=True, slots=True)
class Hiding:
    """What a confidential message does not show of others: settings of the installation."""

    korrespondanseparter: bool = True
    merknader: bool = True
    saksparter: bool = True


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipient's rendering: who it is, its part's index (0: none), the files it gets, and secrecy."""

    recipient: str
    part: int
    files: frozenset[str]
    confidential: bool
    hiding: Hiding = field(default_factory=Hiding)


@dataclass(frozen=True, slots=True)
class Rendering:
    """The bytes that are sent, and what was taken out of the posted document."""

    xml: bytes
    redactions: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """The nodes of one tree that any recipe might take out, found in one walk for all recipients."""

    extensions: tuple[etree._Element, ...]
    documents: tuple[tuple[etree._Element, tuple[tuple[etree._Element, str], ...]], ...]
    sakspart_ids: tuple[etree._Element, ...]
    saksparter: tuple[etree._Element, ...]
    merknader: tuple[etree._Element, ...]
    parts: tuple[etree._Element, ...]
    paths: Paths = field(default_factory=Paths)


def survey(root: etree._Element) -> Survey:
    """Walk the tree once. A document comes with its files: each node and its file name, trimmed."""
    entry = next(journalposter(root), None)
    return Survey(
        # Each once, in the order of the document: several extensions may empty one parent.
        extensions=tuple(dict.fromkeys(_emptied(each) for each in adressering_elements(root))),
        documents=tuple((each, _files_of(each)) for each in root.iter("{*}dokumentbeskrivelse")),
        sakspart_ids=tuple(root.iter("{*}sakspartID")),
        saksparter=tuple(root.iter("{*}sakspart")),
        merknader=tuple(root.iter("{*}merknad")),
        parts=tuple(entry.iterchildren("{*}korrespondansepart")) if entry is not None else (),
    )


def texts_in(root: etree._Element) -> Iterator[str]:
    """Every text that some rendering may show: of elements (whole where a comment divides it), comments, attributes."""
    for node in root.iter():
        tag = node.tag
        if not isinstance(tag, str):
            yield node.text or ""
        elif not tag.startswith(_OUR_OWN):
            yield raw_text(node)
            yield from map(str, node.values())


def redactions(found: Survey, recipe: Recipe) -> tuple[Redaction, ...]:
    """What would be taken out, without making the rendering."""
    return tuple(redaction for _, redaction in _removals(found, recipe))


def render(document: Document, recipe: Recipe) -> Rendering:
    """The arkivmelding for one recipient; the posted bytes themselves where nothing is taken out."""
    # Parsed anew: a copy made by lxml turns the order of what stands behind the root around.
    root = parse(document.xml)
    removals = list(_removals(survey(root), recipe))
    if not removals:
        return Rendering(document.xml, ())
    for element, _ in removals:
        _remove(element)
    xml = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return Rendering(xml, tuple(redaction for _, redaction in removals))


def _removals(found: Survey, recipe: Recipe) -> Iterator[tuple[etree._Element, Redaction]]:
    yield from _extension(found)
    yield from _identifiers(found, recipe)
    yield from _unsent(found, recipe)
    if recipe.confidential:
        yield from _others(found, recipe)


def _extension(found: Survey) -> Iterator[tuple[etree._Element, Redaction]]:
    reason = "the gateway's own addressing, which names every recipient"
    for element in found.extensions:
        yield _removal(found, element, reason=reason)


def _emptied(extension: etree._Element) -> etree._Element:
    """The extension, or the element around it where nothing but addressing stands in that."""
    parent = extension.getparent()
    if parent is None or parent.attrib or raw_text(parent).strip():
        return extension
    return parent if all(each.tag == extension.tag for each in parent) else extension


def _identifiers(found: Survey, recipe: Recipe) -> Iterator[tuple[etree._Element, Redaction]]:
    hides_parties = recipe.confidential and recipe.hiding.saksparter
    for element in found.sakspart_ids:
        goes_along = hides_parties and next(element.iterancestors("{*}sakspart"), None) is not None
        if not goes_along and raw_text(element).strip() not in _spellings(recipe.recipient):
            yield _removal(found, element, reason="an identifier of another party")


def _unsent(found: Survey, recipe: Recipe) -> Iterator[tuple[etree._Element, Redaction]]:
    """Files that are not sent; a document that loses all its files goes as a whole."""
    for document, files in found.documents:
        unsent = [node for node, name in files if name not in recipe.files]
        if files and len(unsent) == len(files):
            yield _removal(found, document, reason="none of its files is sent to this recipient")
        else:
            for each in unsent:
                yield _removal(found, each, reason="this file is not sent to this recipient")


def _others(found: Survey, recipe: Recipe) -> Iterator[tuple[etree._Element, Redaction]]:
    for index, part in enumerate(found.parts, start=1):
        mine = index == recipe.part or text_of(part, "korrespondanseparttype") == PartType.AVSENDER
        if recipe.hiding.korrespondanseparter and not mine:
            yield _removal(found, part, reason="another party of a confidential message")
    if recipe.hiding.merknader:
        gone = {
            document
            for document, files in found.documents
            if files and not any(name in recipe.files for _, name in files)
        }
        for merknad in found.merknader:
            if merknad.getparent() not in gone:
                yield _removal(found, merknad, reason="a note in a confidential message")
    if recipe.hiding.saksparter:
        for sakspart in found.saksparter:
            yield _removal(found, sakspart, reason="a party to a confidential case")


def _files_of(document: etree._Element) -> tuple[tuple[etree._Element, str], ...]:
    return tuple((each, text_of(each, "referanseDokumentfil")) for each in document.iterchildren("{*}dokumentobjekt"))


def _removal(found: Survey, element: etree._Element, *, reason: str) -> tuple[etree._Element, Redaction]:
    return element, Redaction(found.paths.of(element), reason, element.sourceline or 0)


def _remove(element: etree._Element) -> None:
    """Take the node out and leave the text behind it where it was."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    element.tail = None
    parent.remove(element)


def _spellings(recipient: str) -> frozenset[str]:
    return frozenset({recipient, recipient.removeprefix("0192:")})
