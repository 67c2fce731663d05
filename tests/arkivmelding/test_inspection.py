"""Inspection: everything that is wrong with an arkivmelding at once, in order, whatever comes in."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.reader import Dialect, Limits
from gateway.arkivmelding.schema import Profile, Schemas
from gateway.arkivmelding.shielding import DEFAULT_GROUNDS, Grounds, Outcome
from gateway.errors import Severity, Unreadable
from tests.arkivmelding.dialects import fiks, part, v1
from tests.documents import DPO, Message, Part, gradering, skjerming
from tests.live import read_schemas

TODAY = date(2026, 11, 20)
CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "corpus"
EXTENSION = '<adr:adressering xmlns:adr="urn:arkivmelding-gateway:adressering:1">{}</adr:adressering>'


@cache
def schemas() -> Schemas:
    """The gateway's own, compiled once."""
    return Schemas(read_schemas())


def look(xml: bytes, **kit: object) -> Inspection:
    """One document looked through."""
    return inspect(xml, Kit(schemas(), **kit), today=TODAY)  # type: ignore[arg-type]


def rules(inspection: Inspection) -> list[str]:
    """The rules that are broken, in order."""
    return [fault.rule for fault in inspection.faults]


def test_a_good_document_is_acceptable() -> None:
    """With its profile, its shielding, and what its extension gives."""
    inspection = look(Message(parts=(Part("Havnes", None, "Avsender"), Part())).xml())
    assert inspection.acceptable
    assert (inspection.faults, inspection.profile, inspection.shielding.outcome) == ((), Profile.HEAD, Outcome.OPEN)
    assert [(each.part, each.identifikator) for each in inspection.given] == [(2, DPO)]
    assert inspection.document.dialect is Dialect.EFORMIDLING


@pytest.mark.parametrize(
    ("xml", "profile"),
    [
        pytest.param(
            Message().xml().replace(b"<arkivertAv>Arkivar</arkivertAv>", b""), Profile.PUBLISHED, id="published"
        ),
        pytest.param(
            Message().xml().replace(b"<system>", b"<systm>").replace(b"</system>", b"</systm>"),
            Profile.HEAD,
            id="neither",
        ),
    ],
)
def test_the_nearer_profile_is_named(xml: bytes, profile: Profile) -> None:
    """The one it is valid under, or whose faults are told."""
    assert look(xml).profile is profile


def test_profiles_can_be_narrowed() -> None:
    """Valid under one is not enough where only the other counts."""
    xml = Message().xml().replace(b"<arkivertAv>Arkivar</arkivertAv>", b"")
    assert look(xml).acceptable
    assert rules(look(xml, profiles=(Profile.HEAD,))) == ["XSD"]


def test_all_faults_come_at_once() -> None:
    """Classified, XSD, extension and rules in one answer; the advisory one alone would let it through."""
    message = Message(
        gradering=gradering("Hemmelig (sikkerhetsgrad)"), metadata=EXTENSION.format("<x/>"), antall_filer=7, parts=()
    )
    inspection = look(message.xml().replace(b"<system>Fagsystem</system>", b""))
    assert list(dict.fromkeys(rules(inspection))) == ["CLASSIFIED", "XSD", "AM-010", "AM-015"]
    assert not inspection.acceptable
    advisory = look(Message(antall_filer=7).xml())
    assert rules(advisory) == ["AM-015"]
    assert advisory.acceptable


@pytest.mark.parametrize(
    "message",
    [
        Message(gradering=gradering("Begrenset (sikkerhetsgrad)")),
        Message(gradering=gradering("Fortrolig (beskyttelsesgrad)")),
        Message(skjerming=skjerming("Offl. § 14", "Begrenset")),
        Message(skjerming=skjerming("Offl. § 13", "Strengt fortrolig")),
    ],
    ids=["grading", "protection", "words", "words-of-protection"],
)
def test_a_graded_document_is_refused(message: Message) -> None:
    """With its place, and with nothing said of what it is about."""
    inspection = look(message.xml())
    assert rules(inspection) == ["CLASSIFIED"]
    assert not inspection.acceptable
    (fault,) = inspection.faults
    assert fault.path.rpartition("/")[2] in ("gradering", "skjerming")
    assert fault.line > 1
    assert "støtte" not in fault.message


def test_a_setting_lets_a_protected_document_through() -> None:
    """As confidential, never as open."""
    grounds = Grounds(DEFAULT_GROUNDS.secrecy, DEFAULT_GROUNDS.no_secrecy, allow_beskyttelsesgrad=True)
    inspection = look(Message(gradering=gradering("Fortrolig (beskyttelsesgrad)")).xml(), grounds=grounds)
    assert inspection.acceptable
    assert inspection.shielding.outcome is Outcome.CONFIDENTIAL


@pytest.mark.parametrize(
    ("xml", "dialect"),
    [(v1(part("Mottaker", "B")), Dialect.V1), (fiks(part("<kode>EM</kode>", "B")), Dialect.FIKS_ARKIV)],
)
def test_another_dialect_is_one_fault(xml: bytes, dialect: Dialect) -> None:
    """Not a cascade; its parts are read all the same, and a grading in it is told as well."""
    inspection = look(xml)
    assert rules(inspection) == ["DIALECT_NOT_DELIVERABLE"]
    assert (inspection.document.dialect, inspection.profile, inspection.acceptable) == (dialect, None, False)
    (fault,) = inspection.faults
    assert (fault.path, fault.line) == ("/arkivmelding", 1)
    assert ("v1" in fault.message, "Fiks Arkiv" in fault.message) == (dialect is Dialect.V1, dialect is not Dialect.V1)
    assert inspection.facts.journalpost is not None
    assert len(inspection.facts.journalpost.parts) == 1
    graded = xml.replace(b"<tittel>Vedtak", b"<gradering><grad>Hemmelig</grad></gradering><tittel>Vedtak", 1)
    assert rules(look(graded)) == ["CLASSIFIED", "DIALECT_NOT_DELIVERABLE"]


def test_an_unknown_document_is_told_by_the_schema() -> None:
    """XML that is no arkivmelding has faults, and is no other dialect."""
    inspection = look(b"<brev/>")
    assert inspection.document.dialect is Dialect.UNKNOWN
    assert "XSD" in rules(inspection)
    assert not inspection.acceptable


def test_the_extension_has_a_schema_of_its_own() -> None:
    """Where the arkivmelding's takes anything, a misspelt attribute would be read as missing."""
    good = '<adr:mottaker korrespondansepart="1" navn="Fjordvik tilsyn" identifikator="0192:311000020"/>'
    plain = Message(parts=(Part(identifier=None),))
    assert look(plain.having(metadata=EXTENSION.format(good)).xml()).faults == ()
    many = '<adr:mottaker korrespondansepart="x"/>' * 150
    assert rules(look(plain.having(metadata=EXTENSION.format(many)).xml())).count("XSD") >= 150
    for bad in (
        '<adr:mottaker korrespondansepart="en" navn="n" identifikator="i"/>',
        good.replace("navn", "nvan"),
        "<adr:annet/>",
    ):
        assert "XSD" in rules(look(plain.having(metadata=EXTENSION.format(bad)).xml()))


def test_limits_are_the_kits() -> None:
    """Beyond them it cannot be read at all."""
    with pytest.raises(Unreadable):
        look(Message().xml(), limits=Limits(depth=3))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_document_is_inspected_or_unreadable(data: st.DataObject) -> None:
    """Lines dropped, doubled or moved: faults with a sentence, or Unreadable, never anything else."""
    lines = (
        Message(skjerming=skjerming("Offl. § 13"), documents=Message().documents * 2).xml().splitlines(keepends=True)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(1, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "move", "empty"]))
        line = lines.pop(place)
        if kind == "empty":
            lines.insert(place, line.partition(b">")[0] + b"></" + line.rpartition(b"</")[2] if b"</" in line else line)
        elif kind != "drop":
            lines.insert(place, line)
            lines.insert(data.draw(st.integers(1, len(lines) - 1)), line if kind == "double" else lines.pop(place))
    try:
        inspection = look(b"".join(lines))
    except Unreadable:
        return
    assert all(fault.rule and fault.message for fault in inspection.faults)
    assert inspection.acceptable == all(fault.severity is not Severity.ERROR for fault in inspection.faults)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the collection of real documents is not here")
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.xml")), ids=lambda path: path.stem)
def test_every_real_document_is_inspected(path: Path) -> None:
    """Whatever real senders wrote: looked through, and what is not deliverable says so; one of them is good as it is."""
    inspection = look(path.read_bytes())
    dialect = inspection.document.dialect
    assert ("DIALECT_NOT_DELIVERABLE" in rules(inspection)) == (dialect in (Dialect.V1, Dialect.FIKS_ARKIV))
    assert inspection.acceptable or any(fault.severity is Severity.ERROR for fault in inspection.faults)
    assert (inspection.profile is None) == (dialect in (Dialect.V1, Dialect.FIKS_ARKIV))
    if path.stem == "ip-06-arkivmelding":
        assert "XSD" not in rules(inspection)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message(gradering="<gradering/>" * 20_000), id="gradings"),
        pytest.param(Message(skjerming="<skjerming/>" * 20_000), id="shieldings"),
        pytest.param(Message(root_extra="<registrering/>" * 20_000), id="entries"),
        pytest.param(Message(metadata=EXTENSION.format("<x/>") * 20_000), id="extensions"),
        pytest.param(
            Message(folder_extra=f"<x>{EXTENSION.format('<x/>')}</x>" * 5_000), id="extensions-in-places-of-their-own"
        ),
    ],
)
@pytest.mark.timeout(30)
def test_a_hostile_document_costs_seconds_not_minutes(message: Message) -> None:
    """Very many of one thing end in a bounded number of faults."""
    inspection = look(message.xml())
    assert 0 < len(inspection.faults) < 5_000
