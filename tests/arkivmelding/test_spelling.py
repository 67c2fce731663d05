"""Spelling: what is certainly meant by a value or a name, and that a right one, or a doubtful one, is left alone."""

import pytest

from gateway.arkivmelding.reader import NAMESPACE
from gateway.arkivmelding.schema import Profile
from gateway.arkivmelding.spelling import name_meant, value_meant
from tests.arkivmelding.documents_for_schema import SCHEMAS

MODEL = SCHEMAS.model(Profile.HEAD)
CATALOGUE = NAMESPACE.replace("arkivmelding", "metadatakatalog")
GUID = "0f4a1f6e-5a2b-4a53-9f4f-000000000001"


def meant(name: str, text: str) -> str | None:
    """What is meant by the text of an element whose type is called like it."""
    own = name if name == "GUID" else ""
    type_name = f"{{{NAMESPACE}}}{own}" if own else f"{{{CATALOGUE}}}{name}"
    return value_meant("systemID" if own else name, type_name, text=text, model=MODEL)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-20T10:15:00", "2026-11-20"),
        ("2026-11-20T10:15", "2026-11-20"),
        ("2026-11-20T10:15:00Z", "2026-11-20"),
        ("2026-11-20T10:15:00.1234567+01:00", "2026-11-20"),
        (" 2026-11-20T00:00:00\n", "2026-11-20"),
        ("2024-02-29T23:59:59-05:00", "2024-02-29"),
        ("0001-01-01T00:00:00", "0001-01-01"),
    ],
)
def test_a_day_with_a_time_is_the_day(text: str, day: str) -> None:
    """As it is written: the day is not counted over into another time zone."""
    assert meant("journaldato", text) == day


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20",
        " 2026-11-20",
        "20.11.2026",
        "2026-11-20 10:15:00",
        "2026-02-30T10:15:00",
        "2026-11-20T",
        "2026-11-20T10",
        "2026-11-20T10:15:00 CET",
        "12026-11-20T10:15:00",
        "２０２６-11-20T10:15:00",
        "",
    ],
)
def test_what_is_no_day_with_a_time_is_left(text: str) -> None:
    """A day alone is right, whatever the blanks around it; all else is a guess."""
    assert meant("journaldato", text) is None


def test_a_time_where_a_time_belongs_is_left() -> None:
    """Only where the schema wants a date and no time."""
    assert meant("opprettetDato", "2026-11-20T10:15:00") is None
    assert meant("opprettetDato", "2026-11-20") is None


@pytest.mark.parametrize("around", [" {}", "{}\n", "\t{} ", "\u00a0{}"])
@pytest.mark.parametrize("guid", [GUID, GUID.upper(), f"{{{GUID}}}"])
def test_a_guid_with_blanks_around_it_is_the_guid(around: str, guid: str) -> None:
    """In either form, as it is written."""
    assert meant("GUID", around.format(guid)) == guid


@pytest.mark.parametrize("text", [GUID, f"{{{GUID}}}", GUID[:-1], f"urn:uuid:{GUID}", GUID.replace("-", ""), "", "6"])
def test_a_right_guid_and_what_is_none_are_left(text: str) -> None:
    """Nothing is put together, cut off, or made up."""
    assert meant("GUID", text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" vedtak.pdf ", "vedtak.pdf"),
        ("\u00a0vedtak.pdf", "vedtak.pdf"),
        ("vedtak\n      om støtte.pdf", "vedtak om støtte.pdf"),
        ("vedtak om\tstøtte.pdf", "vedtak om støtte.pdf"),
        ("\n  a\r\n  b.pdf\n", "a b.pdf"),
    ],
)
def test_a_file_name_is_put_on_one_line(text: str, name: str) -> None:
    """With nothing around it; a line break in it was put there by a pretty printer, in place of a blank."""
    assert meant("referanseDokumentfil", text) == name


@pytest.mark.parametrize("text", ["vedtak.pdf", "vedtak  to.pdf", "Vedtak.PDF", "../vedtak.pdf", ""])
def test_a_file_name_is_otherwise_left(text: str) -> None:
    """Two blanks may be its name; an unsafe name is another matter."""
    assert meant("referanseDokumentfil", text) is None


@pytest.mark.parametrize("name", ["tittel", "skjermingshjemmel", "tilgangsrestriksjon", "dokumentnummer"])
def test_text_and_numbers_are_left(name: str) -> None:
    """There is no spelling of them."""
    assert meant(name, " 7 ") is None


@pytest.mark.parametrize(
    ("written", "allowed", "name"),
    [
        ("Tittel", ("tittel", "beskrivelse"), "tittel"),
        ("DOKUMENTBESKRIVELSE", ("dokumentbeskrivelse",), "dokumentbeskrivelse"),
        ("referanseForeldermappe", ("ReferanseForeldermappe",), "ReferanseForeldermappe"),
        ("meldingsId", ("system", "meldingId"), "meldingId"),
        ("tittel", ("tittel",), None),
        ("meldingsId", ("system",), None),
        ("meldingsid", ("meldingId",), None),
        ("titel", ("tittel",), None),
        ("a", ("A", "a"), None),
        ("Aa", ("AA", "aa"), None),
        ("Skjerming", ("skjerming",), None),
        ("GRADERING", ("gradering",), None),
        ("Tilgangsrestriksjon", ("tilgangsrestriksjon",), None),
        ("skjermingshjemmel", ("skjermingsHjemmel",), None),
    ],
)
def test_a_name_in_other_case_is_the_name(written: str, allowed: tuple[str, ...], name: str | None) -> None:
    """Where one name alone can be meant, and never one that speaks of secrecy."""
    assert name_meant(written, allowed) == name
