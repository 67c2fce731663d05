"""Writes the identifiers of a converted document's parts into our addressing extension, so that the new file can be sent.

In come a converted document and its facts, out comes the document with the extension in the journalpost's
virksomhetsspesifikkeMetadata, from where it is taken out again before anything is sent. Called by `gateway validate --fix`.
"""

from lxml import etree

from gateway.arkivmelding.adressering import ADRESSERING, given_in
from gateway.arkivmelding.content_model import ContentModel
from gateway.arkivmelding.facts import Facts, Korrespondansepart, PartType, journalposter
from gateway.arkivmelding.parties import RECIPIENTS, canonical
from gateway.arkivmelding.reader import NAMESPACE, XSI_TYPE, Document, local_name, parse

OPEN_CONTENT = "virksomhetsspesifikkeMetadata"


def write_addressing(document: Document, facts: Facts, *, model: ContentModel) -> Document:
    """The document with a `mottaker` for each identifier that the posted document gave a recipient; itself without any."""
    entry = facts.journalpost
    known = [(part, each) for part in (entry.parts if entry else ()) for each in _identifiers(part)]
    root = parse(document.xml)
    journalpost = next(journalposter(root), None)
    if not known or journalpost is None or given_in(root):
        return document
    open_content = _open_content(journalpost, model)
    if XSI_TYPE in open_content.attrib:
        return document  # its type may allow nothing but text
    extension = etree.SubElement(open_content, f"{{{ADRESSERING}}}adressering", nsmap={"adr": ADRESSERING})
    for part, identifier in known:
        etree.SubElement(
            extension,
            f"{{{ADRESSERING}}}mottaker",
            korrespondansepart=str(part.index),
            navn=part.name,
            identifikator=identifier,
        )
    etree.indent(root)
    xml = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8") + b"\n"
    return Document(xml, root, document.dialect)


def _identifiers(part: Korrespondansepart) -> tuple[str, ...]:
    """Those of a recipient: of a group each member's, of any other its one; of several in conflict none is chosen."""
    if part.type not in RECIPIENTS:
        return ()
    if part.type is PartType.GRUPPEMOTTAKER:
        return part.identifiers
    return part.identifiers[:1] if len({canonical(each) for each in part.identifiers}) == 1 else ()


def _open_content(journalpost: etree._Element, model: ContentModel) -> etree._Element:
    """The element for open content, made in its place where there is none."""
    found = next(journalpost.iterchildren(f"{{*}}{OPEN_CONTENT}"), None)
    if found is not None:
        return found
    order = [name for slot in model.complex_types[model.type_of(journalpost)].slots for name in slot.names]
    later = frozenset(order[order.index(OPEN_CONTENT) + 1 :])
    element = etree.Element(f"{{{NAMESPACE}}}{OPEN_CONTENT}")
    following = next((each for each in journalpost.iterchildren("*") if local_name(each) in later), None)
    if following is None:
        journalpost.append(element)
    else:
        following.addprevious(element)
    return element
