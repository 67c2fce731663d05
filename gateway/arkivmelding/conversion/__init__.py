"""From the v1 dialect and Fiks Arkiv to the eFormidling arkivmelding, which is all that its receivers read.

In come a document and what the request says, out comes a `Conversion`: the new document with every change listed, or the
reasons why there is none. Called by inspection. Pure and repeatable: the same document and request give the same bytes.
"""

import hashlib
from collections.abc import Iterator

from lxml import etree

from gateway.arkivmelding.changes import NO_CHANGES
from gateway.arkivmelding.codes import FIKS_ARKIV, NOARK
from gateway.arkivmelding.content_model import ContentModel
from gateway.arkivmelding.conversion import wording
from gateway.arkivmelding.conversion.building import Building
from gateway.arkivmelding.conversion.filling import MAY_BE_SUPPLIED as MAY_BE_SUPPLIED
from gateway.arkivmelding.conversion.filling import Known
from gateway.arkivmelding.conversion.records import Conversion as Conversion
from gateway.arkivmelding.conversion.values import fits
from gateway.arkivmelding.facts import ENTRIES, raw_text, saksmapper, text_of
from gateway.arkivmelding.handling import Supplied as Supplied
from gateway.arkivmelding.paths import path_of
from gateway.arkivmelding.reader import Dialect, Document, local_name, parse
from gateway.arkivmelding.secrecy import is_understood, speaks_of_secrecy
from gateway.arkivmelding.spelling import GUID
from gateway.errors import Fault

_DATE_TIME = "{http://www.w3.org/2001/XMLSchema}dateTime"


def convert(document: Document, *, model: ContentModel, supplied: Supplied) -> Conversion:
    """Build the eFormidling arkivmelding that says what this document says."""
    root = document.root
    if next(saksmapper(root), None) is None:
        return Conversion(None, NO_CHANGES, (wording.no_folder(root, path_of(root)),))
    codes = FIKS_ARKIV if document.dialect is Dialect.FIKS_ARKIV else NOARK
    building = Building(model, _known(document, model, supplied=supplied), codes=codes)
    built = building.build(root)
    faults = (*_strangers(root), *_not_understood(root), *building.journal.faults)
    changes = building.journal.changes()
    if faults:
        return Conversion(None, changes, faults)
    etree.indent(built)
    xml = etree.tostring(built, xml_declaration=True, encoding="UTF-8") + b"\n"
    return Conversion(Document(xml, _as_sent(xml, built), Dialect.EFORMIDLING), changes)


def _as_sent(xml: bytes, built: etree._Element) -> etree._Element:
    """What receivers will read, which is then looked through; each element with the line that it comes from."""
    root = parse(xml)
    for sent, each in zip(root.iter("*"), built.iter("*"), strict=True):
        sent.sourceline = each.sourceline  # type: ignore[misc]  # it can be set; the stubs do not know
    return root


def _known(document: Document, model: ContentModel, *, supplied: Supplied) -> Known:
    root = document.root
    tidspunkt = text_of(root, "tidspunkt")
    folders = {each for each in map(_folder_of, _entries(root)) if each}
    return Known(
        system=text_of(root, "system"),
        tidspunkt=tidspunkt if fits(tidspunkt, _DATE_TIME, model=model) else "",
        digest=hashlib.sha256(document.xml).hexdigest(),
        files=sum(1 for _ in root.iter("{*}referanseDokumentfil")),
        versions=next(root.iter("{*}versjonsnummer"), None) is not None,
        folder=folders.pop() if len(folders) == 1 else "",
        supplied=supplied,
    )


def _strangers(root: etree._Element) -> Iterator[Fault]:
    """Entries that say they belong to another folder than the one beside them."""
    folder = next(saksmapper(root))
    own = text_of(folder, "systemID").casefold()
    for entry in root.iterchildren(*(f"{{*}}{name}" for name in ENTRIES)):
        given = _folder_of(entry).casefold()
        if own and given and own != given:
            yield wording.another_folder(entry, path_of(entry))


def _not_understood(root: etree._Element) -> Iterator[Fault]:
    """What speaks of secrecy where nothing is made of it."""
    for each in root.iter("*"):
        if speaks_of_secrecy(local_name(each)) and not is_understood(each):
            yield wording.no_place(each, path_of(each))


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    return root.iter(*(f"{{*}}{name}" for name in ENTRIES))


def _folder_of(entry: etree._Element) -> str:
    """The systemID that an entry gives for its folder; empty where it gives none."""
    reference = next(entry.iterchildren("{*}referanseForelderMappe"), None)
    if reference is None:
        return ""
    text = text_of(reference, "systemID") or raw_text(reference).strip()
    return text if GUID.fullmatch(text) else ""
