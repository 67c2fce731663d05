"""Rules beyond the XSD: each broken at its own place, and none by a good document."""

import unicodedata
from collections import Counter

import pytest

from gateway.arkivmelding.facts import gather
from gateway.arkivmelding.reader import read
from gateway.arkivmelding.rule_checks import Place
from gateway.arkivmelding.rules import MOST_OF_ONE_RULE, RULES, check_rules, rule
from gateway.errors import Fault, FaultClass, Severity
from tests.documents import Doc, Message, Objekt, Part
from tests.secrets import PERSON_NUMBER

ENTRY = "/arkivmelding/mappe/basisregistrering"
OBJECT = f"{ENTRY}/dokumentbeskrivelse/dokumentobjekt"
EXTENSION = '<adr:adressering xmlns:adr="urn:arkivmelding-gateway:adressering:1"/>'


def check(xml: bytes) -> tuple[Fault, ...]:
    """Every rule that a document breaks."""
    document = read(xml)
    return check_rules(document, gather(document))


def files(*names: str) -> Message:
    """A message with one document for each file name."""
    roles = ["Hoveddokument"] + ["Vedlegg"] * (len(names) - 1)
    return Message(documents=tuple(Doc((Objekt(name),), role=role) for name, role in zip(names, roles, strict=True)))


def replaced(old: str, new: str, message: Message | None = None, *, count: int = 1) -> bytes:
    """A document with some of its text replaced."""
    xml = (message or Message()).xml().decode()
    assert old in xml
    return xml.replace(old, new, count).encode()


def test_a_good_document_breaks_no_rule() -> None:
    """With several parts, documents, versions and names of every decent kind."""
    message = Message(
        parts=(Part("Havnes", None, "Avsender"), Part(), Part("Breidal", None, "Kopimottaker")),
        documents=(
            Doc(),
            Doc((Objekt("Søknad om støtte.pdf"), Objekt("søknad.docx", 1, "Produksjonsformat")), role="Vedlegg"),
        ),
    )
    assert check(message.xml()) == ()


BROKEN = [
    pytest.param(
        replaced(' xsi:type="saksmappe"', ""), [("AM-001", "/arkivmelding"), ("AM-003", ENTRY)], id="AM-001-none"
    ),
    pytest.param(
        Message(root_extra='<mappe xsi:type="saksmappe"/>').xml(),
        [("AM-001", "/arkivmelding/mappe[2]")],
        id="AM-001-two",
    ),
    pytest.param(
        replaced(' xsi:type="journalpost"', "", Message(parts=(), antall_filer=0)),
        [("AM-002", "/arkivmelding"), ("AM-003", ENTRY)],
        id="AM-002-none",
    ),
    pytest.param(
        replaced("</basisregistrering>", '</basisregistrering><basisregistrering xsi:type="journalpost"/>'),
        [("AM-002", ENTRY + "[2]")],
        id="AM-002-two",
    ),
    pytest.param(
        replaced("</basisregistrering>", "</basisregistrering><basisregistrering/>"),
        [("AM-003", ENTRY + "[2]")],
        id="AM-003-another-type",
    ),
    pytest.param(
        Message(root_extra="<registrering/>").xml(), [("AM-003", "/arkivmelding/registrering")], id="AM-003-at-the-root"
    ),
    pytest.param(
        replaced("</basisregistrering>", "</basisregistrering><mappe><basisregistrering/></mappe>"),
        [("AM-003", "/arkivmelding/mappe/mappe/basisregistrering")],
        id="AM-003-in-a-subfolder",
    ),
    pytest.param(
        Message((), (), antall_filer=0, folder_extra='<x><basisregistrering xsi:type="journalpost"/></x>').xml(),
        [
            ("AM-002", ENTRY),
            *((code, "/arkivmelding/mappe/x/basisregistrering") for code in ("AM-003", "AM-008", "AM-010")),
        ],
        id="AM-003-hidden-in-front",
    ),
    pytest.param(
        files("vedtak.pdf", "VEDTAK.pdf").xml(),
        [("AM-004", f"{ENTRY}/dokumentbeskrivelse[2]/dokumentobjekt")],
        id="AM-004-case",
    ),
    pytest.param(
        files(unicodedata.normalize("NFC", "på.pdf"), unicodedata.normalize("NFD", "på.pdf")).xml(),
        [("AM-004", f"{ENTRY}/dokumentbeskrivelse[2]/dokumentobjekt")],
        id="AM-004-composed-otherwise",
    ),
    pytest.param(
        Message(documents=(Doc((Objekt("a.pdf"), Objekt("a.pdf", 2))),)).xml(),
        [("AM-004", OBJECT + "[2]")],
        id="AM-004-versions",
    ),
    pytest.param(files("\n  vedtak.pdf\n").xml(), [("AM-005", OBJECT)], id="AM-005-around"),
    pytest.param(files("ved\ntak.pdf").xml(), [("AM-005", OBJECT), ("AM-006", OBJECT)], id="AM-005-inside"),
    pytest.param(files("../vedtak.pdf").xml(), [("AM-006", OBJECT)], id="AM-006"),
    pytest.param(files("").xml(), [("AM-006", OBJECT)], id="AM-006-empty"),
    pytest.param(files("Arkivmelding.xml").xml(), [("AM-007", OBJECT)], id="AM-007"),
    pytest.param(replaced(">Hoveddokument<", ">Vedlegg<"), [("AM-008", ENTRY)], id="AM-008-none"),
    pytest.param(
        replaced(">Vedlegg<", ">Hoveddokument<", files("a.pdf", "b.pdf")),
        [("AM-008", f"{ENTRY}/dokumentbeskrivelse[2]")],
        id="AM-008-two",
    ),
    pytest.param(Message(documents=()).xml(), [("AM-008", ENTRY)], id="AM-008-no-document"),
    pytest.param(
        replaced("<tittel>Vedtak om", "<dokumentobjekt/><tittel>Vedtak om"),
        [("AM-009", f"{ENTRY}/dokumentobjekt")],
        id="AM-009",
    ),
    pytest.param(Message(parts=(Part("Havnes", None, "Avsender"),)).xml(), [("AM-010", ENTRY)], id="AM-010"),
    pytest.param(Message(parts=()).xml(), [("AM-010", ENTRY)], id="AM-010-no-part"),
    pytest.param(
        Message(public_title=f"Vedtak {PERSON_NUMBER}").xml(), [("AM-011", f"{ENTRY}/offentligTittel")], id="AM-011"
    ),
    pytest.param(
        Message(folder_extra=f"<offentligTittel>{PERSON_NUMBER}</offentligTittel>").xml(),
        [("AM-011", "/arkivmelding/mappe/offentligTittel")],
        id="AM-011-of-the-folder",
    ),
    pytest.param(
        replaced("<offentligTittel>", f"<offentligTittel>{PERSON_NUMBER[:4]}<!-- x -->{PERSON_NUMBER[4:]}"),
        [("AM-011", f"{ENTRY}/offentligTittel")],
        id="AM-011-around-a-comment",
    ),
    pytest.param(
        Message(folder_extra=f"<virksomhetsspesifikkeMetadata>{EXTENSION}</virksomhetsspesifikkeMetadata>").xml(),
        [("AM-012", "/arkivmelding/mappe/virksomhetsspesifikkeMetadata/adressering")],
        id="AM-012-in-the-folder",
    ),
    pytest.param(
        Message(metadata=f"<x>{EXTENSION}</x>").xml(),
        [("AM-012", f"{ENTRY}/virksomhetsspesifikkeMetadata/x/adressering")],
        id="AM-012-too-deep",
    ),
    pytest.param(Message(antall_filer=3).xml(), [("AM-015", "/arkivmelding/antallFiler")], id="AM-015"),
    pytest.param(
        replaced("<dokumentnummer>2<", "<dokumentnummer>1<", files("a.pdf", "b.pdf")),
        [("AM-016", f"{ENTRY}/dokumentbeskrivelse[2]")],
        id="AM-016",
    ),
    pytest.param(
        Message(metadata="<f><skjermning>offl. § 13</skjermning></f>").xml(),
        [("AM-017", f"{ENTRY}/virksomhetsspesifikkeMetadata/f/skjermning")],
        id="AM-017-misspelt",
    ),
    pytest.param(
        Message(metadata="<f><skjermingshjemmel>offl. § 13</skjermingshjemmel></f>").xml(),
        [("AM-017", f"{ENTRY}/virksomhetsspesifikkeMetadata/f/skjermingshjemmel")],
        id="AM-017-alone",
    ),
]


@pytest.mark.parametrize(("xml", "faults"), BROKEN)
def test_a_broken_rule_is_told_with_its_place(xml: bytes, faults: list[tuple[str, str]]) -> None:
    """The code, the path, a line of the posted text, a sentence and how to mend it; nothing else is complained of."""
    found = check(xml)
    assert [(fault.rule, fault.path) for fault in found] == faults
    lines = xml.decode().splitlines()
    for fault in found:
        assert fault.message.startswith(rule(fault.rule).sentence)
        assert fault.mend == rule(fault.rule).mend
        assert 1 <= fault.line <= len(lines)


def test_every_rule_that_reads_the_document_is_broken_above() -> None:
    """A new rule without its case is noticed; AM-013 and AM-014 need more than the document."""
    provoked = {code for case in BROKEN for code, _ in case.values[1]}  # type: ignore[union-attr,misc]
    assert provoked == {each.code for each in RULES} - {"AM-013", "AM-014"}


def test_the_table_is_sound() -> None:
    """Codes are unique and in order, and only an advisory rule lets the document through."""
    assert [each.code for each in RULES] == [f"AM-{number:03}" for number in range(1, len(RULES) + 1)]
    for each in RULES:
        advisory = each.fault_class is FaultClass.ADVISORY
        assert each.severity is (Severity.WARNING if advisory else Severity.ERROR)
        assert each.sentence
        assert each.mend.endswith(".") or each.mend.endswith("…")


def test_all_faults_come_at_once() -> None:
    """Not the first of each kind, but every one."""
    faults = check(files("a/b.pdf", "A/B.pdf", "mimetype", " x.pdf").having(antall_filer=1, parts=()).xml())
    assert Counter(fault.rule for fault in faults) == {
        "AM-004": 1, "AM-005": 1, "AM-006": 2, "AM-007": 1, "AM-010": 1, "AM-015": 1,
    }  # fmt: skip


def test_values_are_masked() -> None:
    """A person number in a title or a file name is not repeated."""
    xml = files(f"../{PERSON_NUMBER}.pdf").having(public_title=f"Vedtak {PERSON_NUMBER[:6]} {PERSON_NUMBER[6:]}").xml()
    for fault in check(xml):
        assert PERSON_NUMBER[6:] not in str(fault)
        assert fault.value
    assert rule("AM-006").fault(Place(1, "/", None)).value is None


def test_a_hundred_thousand_broken_places_are_told_in_time() -> None:
    """The first thousand of each rule, and that there are more; the time grows with the document, not its square."""
    faults = check(Message(root_extra="<registrering/>" * 100_000).xml())
    assert len(faults) == MOST_OF_ONE_RULE + 1
    assert faults[-2].path == f"/arkivmelding/registrering[{MOST_OF_ONE_RULE}]"
    assert "more" in faults[-1].message
    assert faults[-1].severity is Severity.ERROR
