"""Where a document breaks the rules beyond the XSD: one check a rule, each yielding the places.

In come the parsed document and its facts, out come `Place`s. The table in `rules` gives each check its code, its class and
its words.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.arkivmelding.adressering import adressering_elements
from gateway.arkivmelding.facts import ENTRIES, Dokumentobjekt, Facts, journalposter, saksmapper
from gateway.arkivmelding.filenames import folded, is_reserved, unsafe_reason
from gateway.arkivmelding.parties import RECIPIENTS
from gateway.arkivmelding.paths import Paths, path_of
from gateway.arkivmelding.reader import Document, local_name, type_name
from gateway.arkivmelding.secrecy import is_out_of_place
from gateway.language import say
from gateway.message.identifiers import find_person_numbers


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is broken, and what stands there (unmasked; masked when it becomes a fault)."""

    line: int
    path: str
    value: str | None = None
    detail: str = ""


def one_saksmappe(document: Document, _: Facts) -> Iterator[Place]:
    """AM-001: no saksmappe, and each beyond the first."""
    folders, paths = list(saksmapper(document.root)), Paths()
    if not folders:
        yield Place(document.root.sourceline or 0, path_of(document.root), detail=say("there is none"))
    for extra in folders[1:]:
        yield Place(extra.sourceline or 0, paths.of(extra), detail=say("this is one more"))


def one_journalpost(document: Document, _: Facts) -> Iterator[Place]:
    """AM-002: no journalpost, and each beyond the first."""
    entries, paths = list(journalposter(document.root)), Paths()
    if not entries:
        yield Place(document.root.sourceline or 0, path_of(document.root), detail=say("there is none"))
    for extra in entries[1:]:
        yield Place(extra.sourceline or 0, paths.of(extra), detail=say("this is one more"))


def nothing_elsewhere(document: Document, _: Facts) -> Iterator[Place]:
    """AM-003: entries that no receiver reads: outside the saksmappe, in a folder below it, or of another type."""
    paths = Paths()
    for entry in document.root.iter(*(f"{{*}}{name}" for name in ENTRIES)):
        parent = entry.getparent()
        grandparent = parent.getparent() if parent is not None else None
        inside = parent is not None and type_name(parent) == "saksmappe" and grandparent is document.root
        if not inside or type_name(entry) != "journalpost":
            yield Place(entry.sourceline or 0, paths.of(entry))


def files_are_unique(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-004: a file that has been named before."""
    seen: dict[str, int] = {}
    for each in _objects(facts):
        name = folded(each.filename.strip())
        if name in seen:
            yield Place(
                each.line, each.path, each.filename.strip(), detail=say("the first is on line {line}", line=seen[name])
            )
        seen.setdefault(name, each.line)


def names_are_trimmed(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-005: blanks around a file name, line breaks in it."""
    for each in _objects(facts):
        if each.filename != each.filename.strip() or any(mark in each.filename for mark in "\n\r\t"):
            yield Place(each.line, each.path, each.filename)


def names_are_safe(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-006: a file name that is not safe everywhere."""
    for each in _objects(facts):
        if reason := unsafe_reason(each.filename.strip()):
            yield Place(each.line, each.path, each.filename, detail=reason)


def names_are_not_reserved(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-007: a file name that the package needs itself."""
    for each in _objects(facts):
        if is_reserved(each.filename.strip()):
            yield Place(each.line, each.path, each.filename)


def one_main_document(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-008: no main document, and each beyond the first."""
    if facts.journalpost is None:
        return
    main = [each for each in facts.journalpost.documents if each.role == "Hoveddokument"]
    if not main:
        yield Place(facts.journalpost.line, facts.journalpost.path, detail=say("there is none"))
    for extra in main[1:]:
        yield Place(extra.line, extra.path, detail=say("this is one more"))


def no_loose_objects(document: Document, _: Facts) -> Iterator[Place]:
    """AM-009: a dokumentobjekt outside a dokumentbeskrivelse."""
    paths = Paths()
    for each in document.root.iter("{*}dokumentobjekt"):
        parent = each.getparent()
        if parent is None or local_name(parent) != "dokumentbeskrivelse":
            yield Place(each.sourceline or 0, paths.of(each))


def somebody_receives(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-010: no part that could be a recipient."""
    if facts.journalpost and not any(part.type in RECIPIENTS for part in facts.journalpost.parts):
        yield Place(facts.journalpost.line, facts.journalpost.path)


def public_title_is_public(document: Document, _: Facts) -> Iterator[Place]:
    """AM-011: a person number in a title that everybody sees."""
    paths = Paths()
    for each in document.root.iter("{*}offentligTittel"):
        text = "".join(str(part) for part in each.itertext())
        if find_person_numbers(text):
            yield Place(each.sourceline or 0, paths.of(each), text)


def extension_in_place(document: Document, _: Facts) -> Iterator[Place]:
    """AM-012: the extension anywhere but in the journal entry that is sent: it might speak of other parts."""
    entry, paths = next(journalposter(document.root), None), Paths()
    for each in adressering_elements(document.root):
        parent = each.getparent()
        home = parent.getparent() if parent is not None else None
        if home is None or home is not entry or parent is None or local_name(parent) != "virksomhetsspesifikkeMetadata":
            yield Place(each.sourceline or 0, paths.of(each))


def count_agrees(document: Document, facts: Facts) -> Iterator[Place]:
    """AM-015: antallFiler that is not the number of files."""
    count = len(facts.filenames)
    if facts.antall_filer is not None and facts.antall_filer != count:
        element = next(document.root.iterchildren("{*}antallFiler"), document.root)
        detail = say("it says {said}, and the documents name {count}", said=facts.antall_filer, count=count)
        yield Place(element.sourceline or 0, path_of(element), str(facts.antall_filer), detail)


def numbers_differ(_: Document, facts: Facts) -> Iterator[Place]:
    """AM-016: a dokumentnummer that has been used before."""
    seen: set[int] = set()
    for each in facts.journalpost.documents if facts.journalpost else ():
        if each.number is not None and each.number in seen:
            yield Place(each.line, each.path, str(each.number))
        seen.add(each.number if each.number is not None else -1)


def secrecy_is_in_place(document: Document, _: Facts) -> Iterator[Place]:
    """AM-017: an element that speaks of secrecy under another name, or where no system looks for it."""
    paths = Paths()
    for each in document.root.iter("*"):
        if is_out_of_place(each):
            yield Place(each.sourceline or 0, paths.of(each), local_name(each))


def known_by_the_intake(_: Document, __: Facts) -> Iterator[Place]:
    """AM-013, AM-014: nothing that the document alone could tell."""
    return iter(())


def _objects(facts: Facts) -> Iterator[Dokumentobjekt]:
    documents = facts.journalpost.documents if facts.journalpost else ()
    return (each for document in documents for each in document.objects)
