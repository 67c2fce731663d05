"""Each kind of fault: where it is said to be, what is said, how to mend it."""

import pytest

from gateway.arkivmelding.reader import read
from gateway.arkivmelding.schema import Schemas
from gateway.errors import Severity
from tests.arkivmelding.documents_for_schema import ENTRY, SCHEMAS, damaged, faults_of, line_of, only_fault
from tests.conformance.seeds import read_schema_files
from tests.secrets import PERSON_NUMBER

AVSENDER = "<korrespondanseparttype>Avsender</korrespondanseparttype>"


def test_wrong_label_lists_the_right_ones() -> None:
    """A word that is no label: the path with an index where there are several, the value, every label."""
    change = (AVSENDER, "<korrespondanseparttype>XX</korrespondanseparttype>")
    fault = only_fault(change)
    assert (fault.rule, fault.severity, fault.value) == ("XSD", Severity.ERROR, "XX")
    assert fault.path == f"{ENTRY}/korrespondansepart[2]/korrespondanseparttype"
    assert fault.line == line_of(">XX<", damaged(change))
    assert fault.column == 9
    assert fault.message == '"XX" is no label of korrespondanseparttype'
    assert fault.mend == (
        "Write one of: Avsender, Mottaker, Kopimottaker, Gruppemottaker, Intern avsender, Intern mottaker."
    )


def test_a_letter_is_told_as_that_of_its_label() -> None:
    """A code of Noark's lists where the label belongs: the one that is meant is named."""
    fault = only_fault((AVSENDER, "<korrespondanseparttype>EA</korrespondanseparttype>"))
    assert fault.message == (
        '"EA" in korrespondanseparttype is the letter for "Avsender", and the label itself belongs here'
    )
    assert fault.mend == "Write exactly: Avsender (with nothing around it)."


@pytest.mark.parametrize("written", [" Ekspedert", "ekspedert", "Ekspedert\n"])
def test_label_that_is_nearly_right_is_told_apart(written: str) -> None:
    """A label with a blank or in lower case: the one that is meant is named."""
    fault = only_fault((">Ekspedert<", f">{written}<"))
    assert "letters and blanks must be the same" in fault.message
    assert fault.mend == "Write exactly: Ekspedert (with nothing around it)."


@pytest.mark.parametrize(
    ("old", "new", "message", "mend"),
    [
        (
            "<journaldato>2026-11-20",
            "<journaldato>20.11.2026",
            '"20.11.2026" in journaldato is not a date',
            "2026-03-02",
        ),
        ("<journaldato>2026-11-20", "<journaldato>", "journaldato is empty; it must be a date", "2026-03-02"),
        ("<tidspunkt>2026-11-20T10:15:00+01:00", "<tidspunkt>2026-11-20", "is not a date with a time of day", "T10:15"),
        ("<antallFiler>2", "<antallFiler>to", '"to" in antallFiler is not a whole number', "like this: 3"),
        ("<antallFiler>2", "<antallFiler>3000000000", '"**********" in antallFiler', "like this: 3"),
        ("<dokumentnummer>1", "<dokumentnummer>1,0", '"1,0" in dokumentnummer is not a whole number', "like this: 3"),
        ("<systemID>7d1f3a52", "<systemID>7d1f", "in systemID is not a GUID", "3f2504e0-"),
        ("<systemID>7d1f3a52", "<systemID>\n7d1f3a52", "a blank or a line break around its GUID", "nothing around it"),
        ("<journaldato>", "<journaldato>\u00a0", "an invisible character beside its value", "non-breaking blank"),
    ],
)
def test_wrong_value(old: str, new: str, message: str, mend: str) -> None:
    """Each type of value says what it must be, and shows how it is written."""
    fault = only_fault((old, new))
    assert message in fault.message
    assert mend in fault.mend


@pytest.mark.parametrize(
    ("change", "path", "message", "mend"),
    [
        (
            ("<journaldato>2026-11-20</journaldato>", ""),
            ENTRY,
            "journaldato is missing in basisregistrering",
            "Add journaldato before dokumentetsDato, written like this: 2026-03-02.",
        ),
        (
            ("<saksstatus>Under behandling</saksstatus>", ""),
            "/arkivmelding/mappe",
            "saksstatus is missing in mappe",
            "Add saksstatus after saksansvarlig, with one of: Under behandling, Avsluttet, Utgår.",
        ),
        (
            ("<system>Fagsystemet</system>", ""),
            "/arkivmelding",
            "system is missing in arkivmelding",
            "Add system before meldingId.",
        ),
        (
            ("<tittel>Svar på rapport etter tilsyn", "<Tittel/><tittel>Svar på rapport etter tilsyn"),
            f"{ENTRY}/Tittel",
            "basisregistrering may not hold Tittel: there is no such element",
            "Remove Tittel, or move it into virksomhetsspesifikkeMetadata.",
        ),
        (
            ("<meldingId>", "<meldingId/><meldingId>"),
            "/arkivmelding/meldingId[2]",
            "meldingId stands more than once in arkivmelding",
            "Keep one meldingId and remove the others.",
        ),
        (
            ("<saksaar>2026</saksaar>", "<journaldato>2026-11-20</journaldato><saksaar>2026</saksaar>"),
            "/arkivmelding/mappe/journaldato",
            "journaldato may not stand in mappe",
            "Move journaldato: it belongs in journalpost.",
        ),
        (
            ("</mappe>", "</mappe><registrering/>"),
            "/arkivmelding/registrering",
            "arkivmelding may hold mappe or registrering, not more than one of these",
            "Remove registrering, or the others.",
        ),
        (
            ("<tittel>Tiltaksplan</tittel>", '<tittel xmlns="">Tiltaksplan</tittel>'),
            f"{ENTRY}/dokumentbeskrivelse[2]/tittel",
            "tittel stands in no namespace",
            "Let tittel stand in the namespace http://www.arkivverket.no/standarder/noark5/arkivmelding.",
        ),
    ],
)
def test_wrong_children(change: tuple[str, str], path: str, message: str, mend: str) -> None:
    """What is missing, unknown, repeated, in the wrong company or in the wrong namespace."""
    fault = only_fault(change)
    assert (fault.path, fault.message, fault.mend) == (path, message, mend)


def test_missing_element_is_shown_where_it_should_be() -> None:
    """The line is that of the element before which the missing one belongs."""
    change = ("<arkivertDato>2026-11-20T10:00:00+01:00</arkivertDato>", "")
    fault = SCHEMAS.check(damaged(change), (SCHEMAS.check(damaged()).profile,)).faults[0]
    assert fault.line == line_of("<arkivertAv>", damaged(change))


def test_one_of_three_is_missing() -> None:
    """An entry must say where it belongs in one of three ways; all three are named."""
    reference = "<referanseForelderMappe>7d1f3a52-4c0e-4b8e-9a51-000000001000</referanseForelderMappe>"
    fault = only_fault((reference, ""))
    assert (
        fault.message == "referanseForelderMappe, referanseArkivdel or referanseKlasse is missing in basisregistrering"
    )
    assert fault.mend == "Add one of them before dokumentbeskrivelse."


@pytest.mark.parametrize(
    ("moved", "before", "mend"),
    [
        ("<saksdato>2026-10-05</saksdato>", "<basisregistrering xsi:type", "Move saksdato so that it stands after"),
        ("<saksstatus>Under behandling</saksstatus>", "<saksdato>", "so that it stands after saksansvarlig."),
        ("<journaldato>2026-11-20</journaldato>", "<journalposttype>", "so that it stands after journalstatus."),
        ("<tittel>Tiltaksplan</tittel>", "<tilknyttetRegistreringSom>V", "stands before opprettetDato."),
    ],
)
def test_misplaced_element_says_where_it_belongs(moved: str, before: str, mend: str) -> None:
    """An element that stands too early or too late: one fault, and the neighbour that it belongs beside."""
    fault = only_fault((moved, ""), (before, moved + before))
    assert "stands in the wrong place" in fault.message
    assert mend in fault.mend


def test_empty_element_is_told_everything_that_belongs_in_it() -> None:
    """Where there is no neighbour to name, the element itself is named; each missing child is a fault of its own."""
    faults = faults_of(("    <basisregistrering", "    <merknad/>\n    <basisregistrering"))
    assert [fault.message.split()[0] for fault in faults] == ["merknadstekst", "merknadsdato", "merknadRegistrertAv"]
    assert faults[0].mend == "Add merknadstekst in merknad."


def test_misspelt_element_is_recognised() -> None:
    """A name that is nearly right is one fault, not an unknown element and a missing one."""
    fault = only_fault(("<meldingId>", "<meldingsId>"), ("</meldingId>", "</meldingsId>"))
    assert fault.mend == "Rename meldingsId to meldingId."


def test_identifier_on_a_part_is_told_where_it_may_stand() -> None:
    """Who looks for a place for an organisation number is told of recipients and adressering."""
    part = "<korrespondansepartNavn>Fjordvik tilsyn</korrespondansepartNavn>"
    fault = only_fault((part, f"{part}<organisasjonsnummer>311000020</organisasjonsnummer>"))
    assert "no place for an identifier" in fault.message
    assert "recipients" in fault.mend
    assert "adressering" in fault.mend


@pytest.mark.parametrize(("kind", "name"), [("saksmappe", "mappe"), ("journalpost", "basisregistrering")])
def test_forgotten_type_is_one_fault(kind: str, name: str) -> None:
    """Without xsi:type none of the type's own elements fits; one fault says what to write."""
    fault = only_fault((f' xsi:type="{kind}"', ""))
    assert fault.message.endswith(f"may stand in {name} only where it is a {kind}, and it does not say so")
    assert fault.mend == f'Write <{name} xsi:type="{kind}">.'


def test_forgotten_type_is_written_with_the_prefix_of_the_document() -> None:
    """In a document with a prefix the type needs it too."""
    text = damaged((' xsi:type="saksmappe"', "")).xml.decode()
    text = text.replace("<adr:", "<adr-").replace("</adr:", "</adr-")
    text = text.replace("<", "<am:").replace("<am:/", "</am:").replace("<am:?", "<?").replace("<am:!", "<!")
    text = text.replace("am:adr-", "adr:").replace('xmlns="', 'xmlns:am="').replace('"journalpost"', '"am:journalpost"')
    (fault,) = SCHEMAS.check(read(text.encode())).faults
    assert fault.mend == 'Write <mappe xsi:type="am:saksmappe">.'


@pytest.mark.parametrize("written", ["Journalpost", "journalposten", "saksmappe", "am:journalpost", "to ord", ""])
def test_wrong_type_is_told_with_what_may_stand_there(written: str) -> None:
    """A type in the wrong case, of another element, or that is no name: the right ones are shown."""
    fault = faults_of((' xsi:type="journalpost"', f' xsi:type="{written}"'))[0]
    assert fault.message == f'"{written}" is no type that basisregistrering may have'
    assert fault.mend == 'Write xsi:type="journalpost", or leave xsi:type out.'


def test_wrong_type_does_not_hide_what_is_wrong_inside() -> None:
    """Behind a type in the wrong case the wrong label is found all the same; the follow-up says that it is one."""
    faults = faults_of((' xsi:type="journalpost"', ' xsi:type="Journalpost"'), (">Ekspedert<", ">E<"))
    assert "E" in {fault.value for fault in faults}
    assert any("as long as the xsi:type" in fault.message for fault in faults)


@pytest.mark.parametrize(
    ("old", "new", "message", "mend"),
    [
        ("<saksaar>", "tekst<saksaar>", 'Text stands between the elements of mappe: "tekst"', "Remove the text"),
        ("<tittel>Tiltaksplan", "<tittel><b/>Tiltaksplan", "tittel holds the element b", "without elements in it"),
        ("<tittel>Tiltaksplan", '<tittel lang="no">Tiltaksplan', "tittel may not have the attribute lang", "Remove"),
        ("<mappe ", '<mappe id="1" ', "mappe may not have the attribute id", "Remove the attribute id."),
        ("<tittel>Tiltaksplan", '<tittel xsi:nil="true">Tiltaksplan', "tittel may not have xsi:nil", "Remove xsi:nil"),
        ("<tittel>Tiltaksplan", '<tittel xsi:nil="ja">Tiltaksplan', "the attribute xsi:nil of tittel", "Write it like"),
    ],
)
def test_other_faults(old: str, new: str, message: str, mend: str) -> None:
    """Text, elements and attributes where none may stand."""
    fault = faults_of((old, new))[0]
    assert message in fault.message
    assert mend in fault.mend


def test_two_texts_in_one_element_are_two_faults() -> None:
    """Each stray text is reported, with its own words."""
    faults = faults_of(("<saksaar>", "den ene<saksaar>"), ("<saksdato>", "den andre<saksdato>"))
    assert [fault.value for fault in faults] == ["den ene", "den andre"]


def test_another_document_is_one_fault() -> None:
    """Something that is no arkivmelding of this kind gets one sentence, not one for each element."""
    fault = only_fault(('xmlns="http://www.arkivverket.no/standarder/noark5/arkivmelding"', 'xmlns="urn:annet"'))
    assert "in the namespace urn:annet" in fault.message
    assert '<arkivmelding xmlns="http://www.arkivverket.no/standarder/noark5/arkivmelding">' in fault.mend


def test_faults_that_hide_each_other_are_all_found() -> None:
    """Three faults in one element, one inside an element that libxml2 would have skipped, and one further down."""
    faults = faults_of(
        ("<system>Fagsystemet</system>", ""),
        ("<meldingId>", "<meldingsId>"),
        ("</meldingId>", "</meldingsId>"),
        ("<antallFiler>2</antallFiler>", "<ukjent/><antallFiler>to</antallFiler>"),
        ("<saksansvarlig>Saksbehandler</saksansvarlig>", ""),
        (">Ekspedert<", ">E<"),
    )
    assert [fault.path.rpartition("/")[2] for fault in faults] == [
        "meldingsId",
        "arkivmelding",
        "ukjent",
        "antallFiler",
        "journalstatus",
        "mappe",
    ]


def test_values_are_masked_and_short() -> None:
    """A person number never stands in a fault, and a long value is cut."""
    long = f"{PERSON_NUMBER} " + "x" * 500
    fault = only_fault(("<saksaar>", f"{long}<saksaar>"))
    shown = f"{fault.message} {fault.value}"
    assert PERSON_NUMBER not in shown
    assert len(fault.value or "") == 80
    assert len(fault.message) < 200


def test_person_number_as_an_elements_name_is_masked() -> None:
    """Not even a name made of a number gets through."""
    fault = only_fault(("<saksaar>", f"<n{PERSON_NUMBER}/><saksaar>"))
    assert PERSON_NUMBER not in fault.message + fault.mend + (fault.value or "")


def test_without_xmlschema_a_fault_is_told_less_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """If xmlschema fails, libxml2's own sentences are shown, without namespaces, and none is lost."""

    def fail(*_: str) -> None:
        raise KeyError("xmlschema")

    monkeypatch.setattr("gateway.arkivmelding.model_reader.read_model", fail)
    document = damaged(
        ("<antallFiler>2", "<antallFiler>to"),
        (">Ekspedert<", ">E<"),
        ("<saksansvarlig>Saksbehandler</saksansvarlig>", ""),
    )
    faults = Schemas(read_schema_files()).check(document).faults
    assert [fault.path.rpartition("/")[2] for fault in faults] == ["antallFiler", "journalstatus", "saksstatus"]
    assert faults[2].message == "saksstatus: This element is not expected. Expected is ( saksansvarlig )"
