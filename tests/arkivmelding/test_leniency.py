"""Lenient handling: spelling mended, the rest warned of, the unsafe refused; and a document completed where that is wanted."""

from datetime import UTC, date, datetime

import pytest
from lxml import etree

from gateway.arkivmelding.changes import Mend
from gateway.arkivmelding.handling import AS_POSTED, Handling, Supplied, Wanted, is_acceptable, weigh
from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.rules import RULES, rule
from gateway.arkivmelding.schema import Profile
from gateway.arkivmelding.shielding import Outcome
from gateway.errors import Fault, FaultClass, Severity
from tests.arkivmelding.documents_for_schema import SCHEMAS
from tests.arkivmelding.test_mending import changed
from tests.documents import GUID, Doc, Message, Objekt, Part, gradering, skjerming
from tests.secrets import PERSON_NUMBER

KIT = Kit(SCHEMAS)
TODAY = date(2026, 11, 20)
LENIENT = Wanted(Handling.LENIENT)
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
FOLDER = "/arkivmelding/mappe"
ENTRY = f"{FOLDER}/basisregistrering"
DAY = "<journaldato>2026-11-20</journaldato>"
RESPONSIBLE = "<saksansvarlig>Saksbehandler</saksansvarlig>"
MAIN = ">Hoveddokument<"
SECRETIVE = Message(skjerming=skjerming("offl. § 13"))


def taken(xml: bytes, wanted: Wanted = LENIENT) -> Inspection:
    """The document as it is taken leniently, or as is wanted."""
    return inspect(xml, KIT, today=TODAY, wanted=wanted)


def completing(handling: Handling = Handling.LENIENT, **values: str) -> Wanted:
    """What completes a document with these values."""
    return Wanted(handling, Supplied(AT, values))


def told(found: Inspection) -> list[tuple[str, Severity, FaultClass | None]]:
    """The rules that are broken, how much each weighs, and of which class it is."""
    return [(each.rule, each.severity, each.fault_class) for each in found.faults]


@pytest.mark.parametrize(
    ("fault_class", "strict", "lenient"),
    [
        (FaultClass.UNSAFE, Severity.ERROR, Severity.ERROR),
        (None, Severity.ERROR, Severity.ERROR),
        (FaultClass.PROVENANCE, Severity.ERROR, Severity.WARNING),
        (FaultClass.SPELLING, Severity.ERROR, Severity.WARNING),
    ],
)
def test_what_each_class_weighs(fault_class: FaultClass | None, strict: Severity, lenient: Severity) -> None:
    """Strict refuses all three; lenient the unsafe alone, and what nobody has classed."""
    fault = Fault("X", Severity.ERROR, "x", fault_class=fault_class)
    assert [each.severity for handling in Handling for each in weigh([fault], handling)] == [strict, lenient]


def test_advice_is_never_more_than_a_warning() -> None:
    """Under either handling."""
    fault = Fault("X", Severity.WARNING, "x", fault_class=FaultClass.ADVISORY)
    assert all(is_acceptable(weigh([fault], handling)) for handling in Handling)


def test_the_class_of_each_rule() -> None:
    """By the table: who gets what and what is secret is unsafe, what the archive lacks is provenance."""
    unsafe = {"AM-001", "AM-002", "AM-003", "AM-004", "AM-006", "AM-007", "AM-011", "AM-012", "AM-017"}
    assert {each.code for each in RULES if each.fault_class is FaultClass.UNSAFE} == unsafe
    assert {each.code for each in RULES if each.fault_class is FaultClass.PROVENANCE} == {"AM-008", "AM-009", "AM-010"}
    assert {each.code for each in RULES if each.fault_class is FaultClass.SPELLING} == {"AM-005"}
    advice = {each.code for each in RULES if each.fault_class is FaultClass.ADVISORY}
    assert (
        advice
        == {"AM-013", "AM-014", "AM-015", "AM-016"}
        == {each.code for each in RULES if each.severity is Severity.WARNING}
    )


def test_a_document_without_faults_is_taken_as_posted() -> None:
    """Whatever is wanted of it, not a byte is changed."""
    for wanted in (AS_POSTED, LENIENT, completing(), completing(Handling.STRICT)):
        found = taken(Message().xml(), wanted)
        assert found.document is found.posted
        assert (found.acceptable, found.valid, found.faults, bool(found.changes)) == (True, True, (), False)


def test_spelling_is_mended_and_told() -> None:
    """What goes out is valid; that something was wrong stands beside it as a warning, on its line."""
    found = taken(changed((MAIN, ">hoveddokument<"), (DAY, "<Journaldato>2026-11-20T10:15:00</Journaldato>")))
    assert (found.acceptable, found.valid, found.profile, found.converted) == (True, True, Profile.HEAD, False)
    assert told(found) == [("XSD", Severity.WARNING, FaultClass.SPELLING)] * 3
    assert [each.line for each in found.faults] == sorted(each.line for each in found.faults)
    assert {each.what for each in found.changes.mended} == {Mend.NAME, Mend.VALUE}
    assert (found.changes.lost, found.changes.filled) == ((), ())


def test_the_posted_document_is_kept() -> None:
    """Byte for byte beside what goes out."""
    xml = changed((MAIN, ">hoveddokument<"))
    found = taken(xml)
    assert found.posted.xml == xml
    assert found.document.xml != xml
    assert b">Hoveddokument<" in found.document.xml


def test_strictly_nothing_is_mended() -> None:
    """The same document is refused, and left as it is."""
    found = taken(changed((MAIN, ">hoveddokument<")), AS_POSTED)
    assert found.document is found.posted
    assert told(found) == [
        ("XSD", Severity.ERROR, FaultClass.SPELLING),
        ("AM-008", Severity.ERROR, FaultClass.PROVENANCE),
    ]


def test_the_facts_are_those_of_the_mended_text() -> None:
    """A main document in lower case is one: no rule says that there is none, and its role is known."""
    found = taken(changed((MAIN, ">hoveddokument<"), (">Mottaker<", ">EM<"), (">Ekspedert<", ">E<")))
    assert {each.rule for each in found.faults} == {"XSD"}
    entry = found.facts.journalpost
    assert entry is not None
    assert (entry.documents[0].role, entry.status) == ("Hoveddokument", "Ekspedert")
    assert [part.type for part in entry.parts] == ["Mottaker"]


def test_a_name_that_hides_the_whole_document_is_mended_first() -> None:
    """The rules see the folder and the entry once these are called by their names."""
    text = Message().xml().decode().replace("mappe ", "Mappe ").replace("</mappe>", "</Mappe>")
    found = taken(text.replace("basisregistrering", "Basisregistrering").encode())
    assert (found.acceptable, found.valid) == (True, True)
    assert {each.rule for each in found.faults} == {"XSD"}


def test_a_file_name_is_mended() -> None:
    """So that the file is found by it."""
    found = taken(Message(documents=(Doc((Objekt("\n   vedtak\n  to.pdf "),)),)).xml())
    assert told(found) == [("AM-005", Severity.WARNING, FaultClass.SPELLING)]
    assert found.facts.filenames == ("vedtak to.pdf",)


def test_two_names_that_differ_in_blanks_stay_two_of_one() -> None:
    """Mending does not make a file unique."""
    documents = (Doc((Objekt("a.pdf"), Objekt(" a.pdf", 2))),)
    found = taken(Message(documents=documents).xml())
    assert ("AM-004", Severity.ERROR, FaultClass.UNSAFE) in told(found)
    assert not found.acceptable


def test_what_the_archive_lacks_is_a_warning() -> None:
    """Such a document goes out as it was posted, and says so."""
    found = taken(changed((RESPONSIBLE, "")))
    assert (found.acceptable, found.valid) == (True, False)
    assert found.document is found.posted
    assert told(found) == [("XSD", Severity.WARNING, FaultClass.PROVENANCE)]


def test_both_at_once() -> None:
    """The spelling is mended though the document is not valid afterwards, and both are told."""
    found = taken(changed((RESPONSIBLE, ""), (MAIN, ">hoveddokument<")))
    assert (found.acceptable, found.valid, len(found.changes.mended)) == (True, False, 1)
    assert sorted(told(found)) == sorted(
        [("XSD", Severity.WARNING, FaultClass.PROVENANCE), ("XSD", Severity.WARNING, FaultClass.SPELLING)]
    )


@pytest.mark.parametrize(
    "change",
    [
        (">Mottaker<", ">Motaker<"),
        ("<referanseDokumentfil>vedtak.pdf</referanseDokumentfil>", ""),
        ("<skjermingMetadata>", "<Skjermingmetadata/><skjermingMetadata>"),
        ("<journalposttype>", "<skjermet/><journalposttype>"),
        ("<korrespondansepartNavn>", '<korrespondansepartNavn xsi:nil="true">'),
    ],
)
def test_the_unsafe_is_refused_and_nothing_is_mended(change: tuple[str, str]) -> None:
    """What is refused is not touched, its spelling neither."""
    found = taken(changed((MAIN, ">hoveddokument<"), change, message=SECRETIVE))
    assert not found.acceptable
    assert found.document is found.posted
    assert not found.changes


def test_an_unsafe_rule_is_refused_after_mending() -> None:
    """A number in the public title stays one, however the rest is spelt."""
    found = taken(changed((MAIN, ">hoveddokument<"), message=Message(public_title=f"Vedtak for {PERSON_NUMBER}")))
    assert ("AM-011", Severity.ERROR, FaultClass.UNSAFE) in told(found)
    assert not found.acceptable


@pytest.mark.parametrize("parts", [(), (Part(type="Avsender"),), (Part(type="Intern mottaker"),)])
def test_nobody_named_is_a_fact_for_the_archive(parts: tuple[Part, ...]) -> None:
    """AM-010: recipients may be given beside the document."""
    found = taken(Message(parts=parts).xml())
    assert ("AM-010", Severity.WARNING, FaultClass.PROVENANCE) in told(found)
    assert found.acceptable
    assert not taken(Message(parts=parts).xml(), AS_POSTED).acceptable


@pytest.mark.parametrize(
    "metadata",
    [
        "<Skjerming/>",
        "<skjermet>ja</skjermet>",
        "<tilgangsrestriksjon>Unntatt</tilgangsrestriksjon>",
        "<a><skjermingshjemmel>offl. § 13</skjermingshjemmel></a>",
        "<sikkerhetsgrad>Begrenset</sikkerhetsgrad>",
        "<grad>Begrenset</grad>",
        "<graderingsdato>2026-11-20</graderingsdato>",
    ],
)
def test_secrecy_where_nobody_looks_is_unsafe(metadata: str) -> None:
    """AM-017: also in open content, which the schema takes whatever it holds."""
    found = taken(Message(metadata=metadata).xml())
    assert found.valid
    assert told(found) == [("AM-017", Severity.ERROR, FaultClass.UNSAFE)]
    assert rule("AM-017").severity is Severity.ERROR


@pytest.mark.parametrize("metadata", [skjerming("offl. § 31"), gradering("Begrenset (sikkerhetsgrad)")])
def test_secrecy_in_open_content_counts(metadata: str) -> None:
    """A whole skjerming or gradering is found wherever it stands."""
    found = taken(Message(metadata=metadata).xml())
    assert found.shielding.outcome is not Outcome.OPEN


@pytest.mark.parametrize("wanted", [AS_POSTED, LENIENT, completing(Handling.STRICT), completing()])
def test_a_grading_is_refused_however_it_is_taken(wanted: Wanted) -> None:
    """And nothing is mended or completed in such a document."""
    message = Message(gradering=gradering("Begrenset (sikkerhetsgrad)"))
    found = taken(changed((MAIN, ">hoveddokument<"), (RESPONSIBLE, ""), message=message), wanted)
    assert ("CLASSIFIED", Severity.ERROR, FaultClass.UNSAFE) in told(found)
    assert found.document is found.posted
    assert not found.changes


def test_a_shielding_in_a_renamed_element_is_not_passed_over() -> None:
    """Such an element is not mended, so its name is no mere warning."""
    message = Message(documents=(Doc(skjerming=skjerming("offl. § 13")),))
    found = taken(changed(("dokumentbeskrivelse>", "Dokumentbeskrivelse>"), message=message))
    assert not found.acceptable


def test_what_is_missing_is_filled_in_where_that_is_wanted() -> None:
    """From the request, and from the document; what goes out is valid and complete."""
    found = taken(changed((RESPONSIBLE, ""), (DAY, "")), completing(saksansvarlig="Kari N."))
    assert (found.acceptable, found.valid, found.converted, found.faults) == (True, True, False, ())
    assert [(each.path, each.value, each.source) for each in found.changes.filled] == [
        (f"{ENTRY}/journaldato", "2026-11-20", "tidspunkt of the message"),
        (f"{FOLDER}/saksansvarlig", "Kari N.", "the request"),
    ]


def test_what_is_valid_after_mending_is_not_built_anew() -> None:
    """Open content, comments and all stay where they are."""
    found = taken(changed((MAIN, ">hoveddokument<"), ("<saksdato>", "<!-- se notat --><saksdato>")), completing())
    assert b"<!-- se notat -->" in found.document.xml
    assert (found.changes.lost, found.changes.filled, len(found.changes.mended)) == ((), (), 1)


def test_mended_and_completed() -> None:
    """Both are listed, the mends first."""
    found = taken(changed((RESPONSIBLE, ""), (MAIN, ">hoveddokument<")), completing(saksansvarlig="Kari N."))
    assert (found.acceptable, found.valid) == (True, True)
    assert [each.after for each in found.changes.mended] == ["Hoveddokument"]
    assert [each.value for each in found.changes.filled] == ["Kari N."]


def test_what_cannot_be_completed_is_told_with_the_rest() -> None:
    """The faults of the document, and what stands in the way."""
    found = taken(changed((RESPONSIBLE, "")), completing())
    assert [each.rule for each in found.faults] == ["XSD", "NOT_CONVERTED"]
    assert not found.acceptable
    assert found.document is found.posted


def test_the_unsafe_is_not_completed() -> None:
    """Whatever the request gives."""
    found = taken(changed((RESPONSIBLE, ""), (">Mottaker<", ">Motaker<")), completing(saksansvarlig="Kari N."))
    assert not found.acceptable
    assert not found.changes


def test_addressing_survives_mending() -> None:
    """The identifiers in the extension are read from what goes out."""
    found = taken(changed((MAIN, ">hoveddokument<")))
    assert [each.identifikator for each in found.given] == ["0192:311000020"]


def test_what_stands_in_a_guid_is_no_matter() -> None:
    """A malformed GUID is a fact for the archive and is not made up anew."""
    found = taken(changed((f"<systemID>{GUID.format(2)}", "<systemID>2")))
    assert told(found) == [("XSD", Severity.WARNING, FaultClass.PROVENANCE)]
    assert etree.fromstring(found.document.xml).findtext(".//{*}basisregistrering/{*}systemID") == "2"
