"""Facts: what is read out of each dialect, valid or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arkivmelding.facts import Facts, PartType, gather
from gateway.arkivmelding.reader import Dialect, read
from tests.arkivmelding.dialects import fiks, part, v1, wrapped
from tests.documents import GUID, NAMESPACE, Doc, Message, Objekt, Part, gradering, skjerming

V1_PARTS = {
    "organisasjonsnummer": "311000128",
    "foedselsnummer": "15859010099",
    "DNummer": "55459010180",
}


def facts_of(xml: bytes) -> Facts:
    """What is read out of it."""
    return gather(read(xml))


def test_the_facts_of_a_whole_document() -> None:
    """System, ids, folder, entry, parts, documents and files, each from its own place."""
    message = Message(
        parts=(Part("Havnes kommune", None, "Avsender"), Part()),
        documents=(Doc(), Doc((Objekt("kart.pdf", 2), Objekt("kart.docx", 1, "Produksjonsformat")), "Kart", "Vedlegg")),
        folder_title="Støtte",
        klasse="K-7",
        folder_extra="<referanseArkivdel>SAK</referanseArkivdel><offentligTittel>Støtte</offentligTittel>",
        entry_extra="<journalpostnummer>17</journalpostnummer>",
    )
    facts = facts_of(message.xml())
    assert (facts.dialect, facts.system, facts.melding_id) == (Dialect.EFORMIDLING, "Fagsystem", message.melding_id)
    assert facts.antall_filer == 3
    assert facts.saksmappe is not None
    assert (facts.saksmappe.title, facts.saksmappe.public_title) == ("Støtte", "Støtte")
    assert (facts.saksmappe.system_id, facts.saksmappe.arkivdel) == (GUID.format(1), "SAK")
    assert facts.saksmappe.classes == ("K-7",)
    entry = facts.journalpost
    assert entry is not None
    assert (entry.type, entry.status, entry.number) == ("Utgående dokument", "Ekspedert", "17")
    assert (entry.title, facts.public_title) == ("Vedtak om støtte", "Vedtak om støtte")
    assert [(each.index, each.type, each.name) for each in entry.parts] == [
        (1, PartType.AVSENDER, "Havnes kommune"),
        (2, PartType.MOTTAKER, "Fjordvik tilsyn"),
    ]
    assert [(each.title, each.role, each.number) for each in entry.documents] == [
        ("Vedtak", "Hoveddokument", 1),
        ("Kart", "Vedlegg", 2),
    ]
    assert [(each.version, each.variant) for each in entry.documents[1].objects] == [
        (2, "Arkivformat"),
        (1, "Produksjonsformat"),
    ]
    assert facts.filenames == ("vedtak.pdf", "kart.pdf", "kart.docx")


def test_every_fact_has_its_place() -> None:
    """Lines count in the posted text, paths are readable and have an index where there are several."""
    message = Message(parts=(Part(), Part("Skogen helseforetak")), skjerming=skjerming("Offl. § 13"))
    xml = message.xml()
    lines = xml.decode().splitlines()
    facts = facts_of(xml)
    assert facts.journalpost is not None
    entry = "/arkivmelding/mappe/basisregistrering"
    assert facts.journalpost.path == entry
    second = facts.journalpost.parts[1]
    assert second.path == f"{entry}/korrespondansepart[2]"
    assert "<korrespondansepart>" in lines[second.line - 1]
    document = facts.journalpost.documents[0]
    assert (document.path, document.objects[0].path) == (
        f"{entry}/dokumentbeskrivelse",
        f"{entry}/dokumentbeskrivelse/dokumentobjekt",
    )
    assert "<referanseDokumentfil>" in lines[document.objects[0].line - 1]
    assert facts.skjerminger[0].path == f"{entry}/skjerming"


@pytest.mark.parametrize(("name", "number"), V1_PARTS.items())
def test_identifiers_of_v1_parts_are_read(name: str, number: str) -> None:
    """They stand in an element of the same name inside a wrapper, blanks and comments around."""
    facts = facts_of(v1(part("Avsender", "A"), part("Mottaker", "B", wrapped(name, number))))
    assert facts.dialect is Dialect.V1
    assert facts.journalpost is not None
    assert [each.identifiers for each in facts.journalpost.parts] == [(), (number,)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("EA", PartType.AVSENDER),
        ("EM", PartType.MOTTAKER),
        ("EK", PartType.KOPIMOTTAKER),
        ("GM", PartType.GRUPPEMOTTAKER),
        ("IA", PartType.INTERN_AVSENDER),
        ("IM", PartType.INTERN_MOTTAKER),
        ("IK", PartType.INTERN_MOTTAKER),
        ("XX", None),
    ],
)
def test_codes_of_fiks_arkiv_are_understood(code: str, kind: PartType | None) -> None:
    """A code stands in `kode`, with or without a description; the identifier stands straight in its element."""
    for written in (f"<kode>{code}</kode>", f"<kode> {code} </kode><beskrivelse>Mottaker</beskrivelse>"):
        facts = facts_of(fiks(part(written, "B", "<organisasjonid>311000128</organisasjonid>")))
        assert facts.dialect is Dialect.FIKS_ARKIV
        assert facts.journalpost is not None
        (only,) = facts.journalpost.parts
        assert (only.type, only.label, only.identifiers) == (kind, code, ("311000128",))


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Mottaker", PartType.MOTTAKER),
        ("Kopimottaker", PartType.KOPIMOTTAKER),
        ("Gruppemottaker", PartType.GRUPPEMOTTAKER),
        ("Avsender", PartType.AVSENDER),
        ("Intern avsender", PartType.INTERN_AVSENDER),
        ("  mottaker\n", PartType.MOTTAKER),
        ("Intern   Mottaker", PartType.INTERN_MOTTAKER),
        ("Mot<!-- x -->taker", PartType.MOTTAKER),
        ("Medavsender", None),
        ("Mottakere", None),
        ("", None),
    ],
)
def test_labels_of_parts_are_read_leniently_and_never_guessed(label: str, kind: PartType | None) -> None:
    """Blanks, case and comments do not count; a label that is not on the list is none."""
    facts = facts_of(Message(parts=(Part(type=label),)).xml())
    assert facts.journalpost is not None
    assert facts.journalpost.parts[0].type is kind


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        (" 3\n", 3),
        ("+3", 3),
        ("-3", -3),
        ("20261120100000", 20261120100000),
        ("00000000000007", 7),
        ("+-3", None),
        ("--3", None),
        ("+", None),
        ("3.0", None),
        ("tre", None),
        ("٣", None),
        ("1_000", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_a_number_is_a_number_or_nothing(text: str, number: int | None) -> None:
    """Whatever stands where a number should, reading goes on."""
    xml = Message().xml().replace(b"<antallFiler>1<", f"<antallFiler>{text}<".encode())
    assert facts_of(xml).antall_filer == number


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<>&\ufffe\uffff"), max_size=12
    )
)
def test_any_text_in_any_place_is_read(text: str) -> None:
    """Texts that no schema allows go through; a file name comes out exactly as written."""
    message = Message(parts=(Part(text, None, text),), type=text, status=text, title=text)
    xml = message.having(documents=(Doc((Objekt("X"),), role=text),)).xml().replace(b">X<", f">{text}<".encode())
    facts = facts_of(xml.replace(b"<versjonsnummer>1<", f"<versjonsnummer>{text}<".encode()))
    assert facts.filenames == (text,)
    assert facts.journalpost is not None
    assert facts.journalpost.parts[0].name == text.strip()


def test_shieldings_and_gradings_are_found_wherever_they_stand() -> None:
    """On folder, entry and documents, and in places where no schema has them."""
    grounds = [skjerming(f"Lov § {n}", ends="2030-01-01") for n in range(4)]
    message = Message(
        skjerming=grounds[0],
        folder_extra=grounds[1],
        documents=(Doc(skjerming=grounds[2]),),
        metadata=f"<x><y>{grounds[3]}</y></x>",
        gradering=gradering("Begrenset (sikkerhetsgrad)"),
        root_extra="<gradering><grad>Hemmelig</grad></gradering>",
    )
    facts = facts_of(message.xml())
    assert {each.hjemmel for each in facts.skjerminger} == {f"Lov § {n}" for n in range(4)}
    assert {each.ends for each in facts.skjerminger} == {"2030-01-01"}
    assert [each.label for each in facts.graderinger] == ["Begrenset (sikkerhetsgrad)", "Hemmelig"]


def test_a_grading_without_its_element_is_one_all_the_same() -> None:
    """Text straight in the outer element, or none: it counts."""
    facts = facts_of(Message(gradering="<gradering>Hemmelig</gradering>", root_extra="<gradering/>").xml())
    assert [each.label for each in facts.graderinger] == ["Hemmelig", ""]


def test_the_first_entry_counts() -> None:
    """As for every receiver; where there is none, there are no parts and no files."""
    twice = Message().xml().replace(b"</basisregistrering>", b"</basisregistrering><basisregistrering/>")
    assert facts_of(twice).filenames == ("vedtak.pdf",)
    empty = facts_of(f'<arkivmelding xmlns="{NAMESPACE}"/>'.encode())
    assert (empty.journalpost, empty.saksmappe, empty.filenames, empty.public_title) == (None, None, (), "")
    assert (empty.system, empty.melding_id, empty.antall_filer) == ("", "", None)


def test_a_hundred_thousand_shieldings_are_read_in_time() -> None:
    """The time grows with the document, not with its square."""
    facts = facts_of(Message(skjerming="<skjerming/>" * 100_000).xml())
    assert len(facts.skjerminger) == 100_000
    assert facts.skjerminger[-1].path.endswith("/skjerming[100000]")
