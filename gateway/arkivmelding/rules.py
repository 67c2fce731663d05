"""The rules beyond the XSD: one table, with codes that stay.

In come the parsed document and its facts, out come `Fault`s. Called by inspection; `gateway validate --rules` prints
it. Rules that need more than the document (AM-013, AM-014) are only worded here and raised by `delivery.intake`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from gateway.arkivmelding.adressering import adressering_elements
from gateway.arkivmelding.facts import ENTRIES, Dokumentobjekt, Facts, journalposter, saksmapper
from gateway.arkivmelding.filenames import folded, is_reserved, unsafe_reason
from gateway.arkivmelding.parties import RECIPIENTS
from gateway.arkivmelding.paths import Paths, path_of
from gateway.arkivmelding.reader import Document, local_name, type_name
from gateway.errors import Fault, Severity
from gateway.message.identifiers import find_person_numbers, mask

MOST_OF_ONE_RULE = 1_000


class RuleClass(StrEnum):
    """What kind of fault it is: decides how it may be handled."""

    UNSAFE = "unsafe"
    PROVENANCE = "provenance"
    SPELLING = "spelling"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is broken, and what stands there (unmasked; masked when it becomes a fault)."""

    line: int
    path: str
    value: str | None = None
    detail: str = ""


Check = Callable[[Document, Facts], Iterator[Place]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `check` yields each place where it is broken; a rule that the intake raises itself yields none."""

    code: str
    rule_class: RuleClass
    sentence: str
    mend: str
    check: Check

    @property
    def severity(self) -> Severity:
        """Advisory rules warn; all others refuse."""
        return Severity.WARNING if self.rule_class is RuleClass.ADVISORY else Severity.ERROR

    def fault(self, place: Place) -> Fault:
        """The rule broken at one place."""
        message = f"{self.sentence}: {place.detail}" if place.detail else self.sentence
        value = mask(place.value) if place.value is not None else None
        return Fault(self.code, self.severity, message, self.mend, place.line, 0, place.path, value)


def check_rules(document: Document, facts: Facts) -> tuple[Fault, ...]:
    """Every rule broken by the document, in the order of the table; of one rule no more than anybody would read."""
    faults: list[Fault] = []
    for each in RULES:
        places = each.check(document, facts)
        faults += (each.fault(place) for place in islice(places, MOST_OF_ONE_RULE))
        if (more := next(places, None)) is not None:
            there = replace(more, value=None, detail=f"there are more such places than these {MOST_OF_ONE_RULE}")
            faults.append(each.fault(there))
    return tuple(faults)


def rule(code: str) -> Rule:
    """The rule of that code."""
    return next(each for each in RULES if each.code == code)


def _one_saksmappe(document: Document, _: Facts) -> Iterator[Place]:
    folders, paths = list(saksmapper(document.root)), Paths()
    if not folders:
        yield Place(document.root.sourceline or 0, path_of(document.root), detail="there is none")
    for extra in folders[1:]:
        yield Place(extra.sourceline or 0, paths.of(extra), detail="this is one more")


def _one_journalpost(document: Document, _: Facts) -> Iterator[Place]:
    entries, paths = list(journalposter(document.root)), Paths()
    if not entries:
        yield Place(document.root.sourceline or 0, path_of(document.root), detail="there is none")
    for extra in entries[1:]:
        yield Place(extra.sourceline or 0, paths.of(extra), detail="this is one more")


def _nothing_elsewhere(document: Document, _: Facts) -> Iterator[Place]:
    """Entries that no receiver reads: outside the saksmappe, in a folder below it, or of another type."""
    paths = Paths()
    for entry in document.root.iter(*(f"{{*}}{name}" for name in ENTRIES)):
        parent = entry.getparent()
        grandparent = parent.getparent() if parent is not None else None
        inside = parent is not None and type_name(parent) == "saksmappe" and grandparent is document.root
        if not inside or type_name(entry) != "journalpost":
            yield Place(entry.sourceline or 0, paths.of(entry))


def _files_are_unique(_: Document, facts: Facts) -> Iterator[Place]:
    seen: dict[str, int] = {}
    for each in _objects(facts):
        name = folded(each.filename.strip())
        if name in seen:
            yield Place(each.line, each.path, each.filename.strip(), detail=f"the first is on line {seen[name]}")
        seen.setdefault(name, each.line)


def _names_are_trimmed(_: Document, facts: Facts) -> Iterator[Place]:
    for each in _objects(facts):
        if each.filename != each.filename.strip() or any(mark in each.filename for mark in "\n\r\t"):
            yield Place(each.line, each.path, each.filename)


def _names_are_safe(_: Document, facts: Facts) -> Iterator[Place]:
    for each in _objects(facts):
        if reason := unsafe_reason(each.filename.strip()):
            yield Place(each.line, each.path, each.filename, detail=reason)


def _names_are_not_reserved(_: Document, facts: Facts) -> Iterator[Place]:
    for each in _objects(facts):
        if is_reserved(each.filename.strip()):
            yield Place(each.line, each.path, each.filename)


def _one_main_document(_: Document, facts: Facts) -> Iterator[Place]:
    if facts.journalpost is None:
        return
    main = [each for each in facts.journalpost.documents if each.role == "Hoveddokument"]
    if not main:
        yield Place(facts.journalpost.line, facts.journalpost.path, detail="there is none")
    for extra in main[1:]:
        yield Place(extra.line, extra.path, detail="this is one more")


def _no_loose_objects(document: Document, _: Facts) -> Iterator[Place]:
    paths = Paths()
    for each in document.root.iter("{*}dokumentobjekt"):
        parent = each.getparent()
        if parent is None or local_name(parent) != "dokumentbeskrivelse":
            yield Place(each.sourceline or 0, paths.of(each))


def _somebody_receives(_: Document, facts: Facts) -> Iterator[Place]:
    if facts.journalpost and not any(part.type in RECIPIENTS for part in facts.journalpost.parts):
        yield Place(facts.journalpost.line, facts.journalpost.path)


def _public_title_is_public(document: Document, _: Facts) -> Iterator[Place]:
    paths = Paths()
    for each in document.root.iter("{*}offentligTittel"):
        text = "".join(str(part) for part in each.itertext())
        if find_person_numbers(text):
            yield Place(each.sourceline or 0, paths.of(each), text)


def _extension_in_place(document: Document, _: Facts) -> Iterator[Place]:
    """The extension belongs to the journal entry that is sent; anywhere else it might speak of other parts."""
    entry, paths = next(journalposter(document.root), None), Paths()
    for each in adressering_elements(document.root):
        parent = each.getparent()
        home = parent.getparent() if parent is not None else None
        if home is None or home is not entry or parent is None or local_name(parent) != "virksomhetsspesifikkeMetadata":
            yield Place(each.sourceline or 0, paths.of(each))


def _count_agrees(document: Document, facts: Facts) -> Iterator[Place]:
    count = len(facts.filenames)
    if facts.antall_filer is not None and facts.antall_filer != count:
        element = next(document.root.iterchildren("{*}antallFiler"), document.root)
        detail = f"it says {facts.antall_filer}, and the documents name {count}"
        yield Place(element.sourceline or 0, path_of(element), str(facts.antall_filer), detail)


def _numbers_differ(_: Document, facts: Facts) -> Iterator[Place]:
    seen: set[int] = set()
    for each in facts.journalpost.documents if facts.journalpost else ():
        if each.number is not None and each.number in seen:
            yield Place(each.line, each.path, str(each.number))
        seen.add(each.number if each.number is not None else -1)


def _known_by_the_intake(_: Document, __: Facts) -> Iterator[Place]:
    return iter(())


def _objects(facts: Facts) -> Iterator[Dokumentobjekt]:
    documents = facts.journalpost.documents if facts.journalpost else ()
    return (each for document in documents for each in document.objects)


RULES: tuple[Rule, ...] = (
    Rule(
        "AM-001",
        RuleClass.UNSAFE,
        "An arkivmelding must hold exactly one mappe of type saksmappe; receivers read only the first",
        'Send one arkivmelding for each case, its folder written <mappe xsi:type="saksmappe">.',
        _one_saksmappe,
    ),
    Rule(
        "AM-002",
        RuleClass.UNSAFE,
        "An arkivmelding must hold exactly one journalpost; receivers never read more",
        'Send one arkivmelding for each journalpost, written <basisregistrering xsi:type="journalpost">.',
        _one_journalpost,
    ),
    Rule(
        "AM-003",
        RuleClass.UNSAFE,
        "Every registration must be a journalpost directly in the saksmappe; no receiver reads one elsewhere",
        "Move it into the saksmappe, give it xsi:type journalpost, or leave it out.",
        _nothing_elsewhere,
    ),
    Rule(
        "AM-004",
        RuleClass.UNSAFE,
        "Every file must be named once; two names that differ in upper and lower case only count as one",
        "Give each dokumentobjekt a referanseDokumentfil of its own.",
        _files_are_unique,
    ),
    Rule(
        "AM-005",
        RuleClass.SPELLING,
        "A referanseDokumentfil has blanks or line breaks in or around the name, so receivers do not find the file",
        "Write the file name with nothing around it.",
        _names_are_trimmed,
    ),
    Rule(
        "AM-006",
        RuleClass.UNSAFE,
        "A referanseDokumentfil is no safe file name",
        "Use a plain name: no / \\ or :, no control characters, not .., no dot or blank at the end.",
        _names_are_safe,
    ),
    Rule(
        "AM-007",
        RuleClass.UNSAFE,
        "A referanseDokumentfil uses a name that the package needs itself",
        "Rename the file: arkivmelding.xml, manifest.xml, mimetype and META-INF/… are reserved.",
        _names_are_not_reserved,
    ),
    Rule(
        "AM-008",
        RuleClass.PROVENANCE,
        "Exactly one dokumentbeskrivelse must be the Hoveddokument",
        "Let tilknyttetRegistreringSom be Hoveddokument on one document and Vedlegg on the others.",
        _one_main_document,
    ),
    Rule(
        "AM-009",
        RuleClass.PROVENANCE,
        "A dokumentobjekt stands outside a dokumentbeskrivelse; receivers do not read it, so its file would be lost",
        "Move it into a dokumentbeskrivelse.",
        _no_loose_objects,
    ),
    Rule(
        "AM-010",
        RuleClass.UNSAFE,
        "The journalpost names no recipient",
        "Add a korrespondansepart of type Mottaker or Kopimottaker.",
        _somebody_receives,
    ),
    Rule(
        "AM-011",
        RuleClass.UNSAFE,
        "offentligTittel holds a fødselsnummer or D-nummer, and it is shown to everybody",
        "Take the number out of offentligTittel.",
        _public_title_is_public,
    ),
    Rule(
        "AM-012",
        RuleClass.UNSAFE,
        "The adressering extension must stand in virksomhetsspesifikkeMetadata of the journalpost",
        "Move it there; its korrespondansepart counts the parts of that journalpost.",
        _extension_in_place,
    ),
    Rule(
        "AM-013",
        RuleClass.ADVISORY,
        "This meldingId is already in another conversation from the same sender",
        "If this is the same submission, discard one of the two; a new arkivmelding needs a meldingId of its own.",
        _known_by_the_intake,
    ),
    Rule(
        "AM-014",
        RuleClass.ADVISORY,
        "The Avsender in the document carries another identifier than the sender of this conversation",
        "The sender comes from the login or options.sender, never from the document; correct the document if need be.",
        _known_by_the_intake,
    ),
    Rule(
        "AM-015",
        RuleClass.ADVISORY,
        "antallFiler does not agree with the documents",
        "Let antallFiler be the number of files that the documents name, arkivmelding.xml not counted.",
        _count_agrees,
    ),
    Rule(
        "AM-016",
        RuleClass.ADVISORY,
        "Two documents have the same dokumentnummer, so receivers may show them in another order",
        "Number the documents 1, 2, 3 …",
        _numbers_differ,
    ),
)
