"""The rules beyond the XSD: one table, with codes that stay.

In come the parsed document and its facts, out come `Fault`s. Called by inspection; `gateway validate --rules` and
`GET /rules` show it. Rules that need more than the document (AM-013, AM-014) are only worded here and raised by
`delivery.intake`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from gateway.arkivmelding import rule_checks as check
from gateway.arkivmelding.facts import Facts
from gateway.arkivmelding.reader import Document
from gateway.arkivmelding.rule_checks import Place
from gateway.errors import Fault, FaultClass, Severity
from gateway.language import Phrase, say
from gateway.message.identifiers import mask

MOST_OF_ONE_RULE = 1_000


Check = Callable[[Document, Facts], Iterator[Place]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `check` yields each place where it is broken; a rule that the intake raises itself yields none."""

    code: str
    fault_class: FaultClass
    sentence: str
    mend: str
    check: Check

    @property
    def severity(self) -> Severity:
        """Advisory rules warn; all others refuse."""
        return Severity.WARNING if self.fault_class is FaultClass.ADVISORY else Severity.ERROR

    def fault(self, place: Place) -> Fault:
        """The rule broken at one place."""
        sentence = Phrase(self.sentence, {})
        message = say("{sentence}: {detail}", sentence=sentence, detail=place.detail) if place.detail else sentence
        value = mask(place.value) if place.value is not None else None
        return Fault(self.code, self.severity, message, self.mend, place.line, 0, place.path, value, self.fault_class)


def check_rules(document: Document, facts: Facts) -> tuple[Fault, ...]:
    """Every rule broken by the document, in the order of the table; of one rule no more than anybody would read."""
    faults: list[Fault] = []
    for each in RULES:
        places = each.check(document, facts)
        faults += (each.fault(place) for place in islice(places, MOST_OF_ONE_RULE))
        if (more := next(places, None)) is not None:
            there = replace(
                more, value=None, detail=say("there are more such places than these {most}", most=MOST_OF_ONE_RULE)
            )
            faults.append(each.fault(there))
    return tuple(faults)


def rule(code: str) -> Rule:
    """The rule of that code."""
    return next(each for each in RULES if each.code == code)


RULES: tuple[Rule, ...] = (
    Rule(
        "AM-001",
        FaultClass.UNSAFE,
        "An arkivmelding must hold exactly one mappe of type saksmappe; receivers read only the first",
        'Send one arkivmelding for each case, its folder written <mappe xsi:type="saksmappe">.',
        check.one_saksmappe,
    ),
    Rule(
        "AM-002",
        FaultClass.UNSAFE,
        "An arkivmelding must hold exactly one journalpost; receivers never read more",
        'Send one arkivmelding for each journalpost, written <basisregistrering xsi:type="journalpost">.',
        check.one_journalpost,
    ),
    Rule(
        "AM-003",
        FaultClass.UNSAFE,
        "Every registration must be a journalpost directly in the saksmappe; no receiver reads one elsewhere",
        "Move it into the saksmappe, give it xsi:type journalpost, or leave it out.",
        check.nothing_elsewhere,
    ),
    Rule(
        "AM-004",
        FaultClass.UNSAFE,
        "Every file must be named once; two names that differ in upper and lower case only count as one",
        "Give each dokumentobjekt a referanseDokumentfil of its own.",
        check.files_are_unique,
    ),
    Rule(
        "AM-005",
        FaultClass.SPELLING,
        "A referanseDokumentfil has blanks or line breaks in or around the name, so receivers do not find the file",
        "Write the file name with nothing around it.",
        check.names_are_trimmed,
    ),
    Rule(
        "AM-006",
        FaultClass.UNSAFE,
        "A referanseDokumentfil is no safe file name",
        "Use a plain name: no / \\ or :, no control characters, not .., no dot or blank at the end.",
        check.names_are_safe,
    ),
    Rule(
        "AM-007",
        FaultClass.UNSAFE,
        "A referanseDokumentfil uses a name that the package needs itself",
        "Rename the file: arkivmelding.xml, manifest.xml, mimetype and META-INF/… are reserved.",
        check.names_are_not_reserved,
    ),
    Rule(
        "AM-008",
        FaultClass.PROVENANCE,
        "Exactly one dokumentbeskrivelse must be the Hoveddokument",
        "Let tilknyttetRegistreringSom be Hoveddokument on one document and Vedlegg on the others.",
        check.one_main_document,
    ),
    Rule(
        "AM-009",
        FaultClass.PROVENANCE,
        "A dokumentobjekt stands outside a dokumentbeskrivelse; receivers do not read it, so its file would be lost",
        "Move it into a dokumentbeskrivelse.",
        check.no_loose_objects,
    ),
    Rule(
        "AM-010",
        FaultClass.PROVENANCE,
        "The journalpost names no recipient",
        "Add a korrespondansepart of type Mottaker or Kopimottaker.",
        check.somebody_receives,
    ),
    Rule(
        "AM-011",
        FaultClass.UNSAFE,
        "offentligTittel holds a fødselsnummer or D-nummer, and it is shown to everybody",
        "Take the number out of offentligTittel.",
        check.public_title_is_public,
    ),
    Rule(
        "AM-012",
        FaultClass.UNSAFE,
        "The adressering extension must stand in virksomhetsspesifikkeMetadata of the journalpost",
        "Move it there; its korrespondansepart counts the parts of that journalpost.",
        check.extension_in_place,
    ),
    Rule(
        "AM-013",
        FaultClass.ADVISORY,
        "This meldingId is already in another conversation from the same sender",
        "If this is the same submission, discard one of the two; a new arkivmelding needs a meldingId of its own.",
        check.known_by_the_intake,
    ),
    Rule(
        "AM-014",
        FaultClass.ADVISORY,
        "The Avsender in the document carries another identifier than the sender of this conversation",
        "The sender comes from the login or options.sender, never from the document; correct the document if need be.",
        check.known_by_the_intake,
    ),
    Rule(
        "AM-015",
        FaultClass.ADVISORY,
        "antallFiler does not agree with the documents",
        "Let antallFiler be the number of files that the documents name, arkivmelding.xml not counted.",
        check.count_agrees,
    ),
    Rule(
        "AM-016",
        FaultClass.ADVISORY,
        "Two documents have the same dokumentnummer, so receivers may show them in another order",
        "Number the documents 1, 2, 3 …",
        check.numbers_differ,
    ),
    Rule(
        "AM-017",
        FaultClass.UNSAFE,
        "An element speaks of secrecy where no system looks for it, so a shielding could be overlooked",
        "Write skjerming or gradering, spelt exactly so, with everything that belongs inside it; or rename the element.",
        check.secrecy_is_in_place,
    ),
)
