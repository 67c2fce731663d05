"""The samples hold what their README promises."""

import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.parties import find_addressees
from gateway.arkivmelding.schema import FILES, Profile, Schemas
from gateway.cli.checking import Checker, Wanted
from gateway.message.identifiers import is_organisasjonsnummer
from gateway.sandbox.organisations import SEEDED, UNKNOWN_NUMBER

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
OFFICIAL = ROOT.parent / "shared" / "data" / "official-xsd"
README = (SAMPLES / "README.md").read_text(encoding="utf-8")
FOLDERS = sorted(each.name for each in SAMPLES.iterdir() if each.is_dir())
PDFS = sorted(SAMPLES.glob("*/*.pdf"))
SENDER = "0192:311000012"

needs_official = pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official schemas are not on this machine")


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the README, without its two header lines."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


ANSWERS = {row[0]: row[1:] for row in table("What `gateway validate` says")}


@pytest.fixture(scope="module")
def kit() -> Kit:
    """The shipped schemas."""
    return Kit(Schemas({name: (ROOT / "schemas" / name).read_bytes() for name in FILES}))


def look_through(folder: str, kit: Kit) -> Inspection:
    """One sample, inspected on a fixed day."""
    return inspect((SAMPLES / folder / "arkivmelding.xml").read_bytes(), kit, today=date(2026, 11, 23))


def test_every_sample_is_described() -> None:
    """Both tables of the README list exactly the folders that are there."""
    assert [row[0] for row in table("What each one shows")] == FOLDERS == sorted(ANSWERS)


@pytest.fixture(scope="module")
def checker() -> Checker:
    """What `gateway validate` checks a file with, on a fixed day."""
    return Checker(Wanted(), today=date(2026, 11, 23))


@pytest.mark.parametrize("folder", FOLDERS)
def test_sample_gets_the_verdict_that_the_readme_claims(folder: str, checker: Checker) -> None:
    """Validity, dialect, shielding, recipients and every fault with its line, if it has one, are as written."""
    report = checker.check(str(SAMPLES / folder / "arkivmelding.xml"))
    found = [
        "yes" if report.valid else "no",
        report.dialect,
        report.shielding,
        str(len(report.recipients or ())),
        ", ".join(f"{fault.rule} {fault.line}".removesuffix(" 0") for fault in report.faults),
    ]
    assert found == [*ANSWERS[folder], ""][:5]


@pytest.mark.parametrize("folder", FOLDERS)
def test_documents_that_a_sample_names_lie_beside_it(folder: str) -> None:
    """Nothing that the arkivmelding names is missing, and nothing lies there that it does not name."""
    root = etree.parse(SAMPLES / folder / "arkivmelding.xml").getroot()
    named = {each.text for each in root.iter("{*}referanseDokumentfil")}
    assert named == {each.name for each in (SAMPLES / folder).iterdir()} - {"arkivmelding.xml"}


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("folder", [each for each in FOLDERS if each < "06" or each >= "09"])
def test_valid_ones_are_valid_under_both_profiles(folder: str, profile: Profile, kit: Kit) -> None:
    """By the schema they are valid whichever text of it a receiver has, the slipped index of 05 included."""
    root = look_through(folder, kit).document.root
    assert kit.schemas.is_valid(root, (profile,)) is profile


@needs_official
@pytest.mark.parametrize("profile", ["head", "published"])
@pytest.mark.parametrize("folder", [each for each in FOLDERS if each < "06" or each >= "09"])
def test_valid_ones_are_valid_by_the_official_schemas(folder: str, profile: str) -> None:
    """The same by the official text."""
    schema = etree.XMLSchema(etree.parse(OFFICIAL / profile / "arkivmelding.xsd"))
    schema.assertValid(etree.parse(SAMPLES / folder / "arkivmelding.xml"))


@needs_official
def test_fiks_arkiv_sample_is_valid_there() -> None:
    """The sample in Fiks Arkiv is one that Fiks Arkiv itself would take."""
    (path,) = (OFFICIAL / "fiks-arkiv-v1").glob("*opprett.xsd")
    etree.XMLSchema(etree.parse(path)).assertValid(etree.parse(SAMPLES / "07-fiks-arkiv" / "arkivmelding.xml"))


def test_slipped_index_is_noticed(kit: Kit) -> None:
    """Sample 05 stops the recipient that an index slipped by one would have reached."""
    inspection = look_through("05-slipped-index", kit)
    addressing = find_addressees(inspection.facts, SENDER, written=inspection.given)
    codes = {each.part.name: [problem.code for problem in each.problems] for each in addressing.addressees}
    assert codes == {"Fjordvik tilsyn": ["PART_MISMATCH"], "Skogen helseforetak": ["NO_ID"]}


def test_four_recipients_are_as_different_as_the_readme_says(kit: Kit) -> None:
    """Sample 02 names four organisations of the sandbox, one of them by a name that it no longer has."""
    inspection = look_through("02-four-recipients", kit)
    addressing = find_addressees(inspection.facts, SENDER, written=inspection.given)
    registered = {f"0192:{each.number}": each.name for each in SEEDED}
    called = {each.part.name.upper(): registered[str(each.identifier)] for each in addressing.addressees}
    assert [name for name in called if called[name] != name] == ["GAMLE STRAND KOMMUNE"]
    assert [each.reason for each in addressing.skipped] == ["SENDER", "INTERNAL"]


def test_faults_of_the_last_sample_are_of_five_kinds(kit: Kit) -> None:
    """Each of its faults says something else, and each has a way to be mended."""
    faults = look_through("08-five-faults", kit).faults
    assert len({fault.message for fault in faults}) == len({fault.mend for fault in faults}) == len(faults) == 5


def test_organisations_are_synthetic_and_those_of_the_sandbox() -> None:
    """Every number has a right check digit; names and numbers are the sandbox's."""
    listed = {row[0]: row[1] for row in table("The organisations")}
    assert all(is_organisasjonsnummer(number) and number.startswith("3110") for number in listed)
    seeded = {each.number: each.name for each in SEEDED}
    assert listed.pop(UNKNOWN_NUMBER) == "–"
    assert {number: name.upper() for number, name in listed.items()}.items() <= seeded.items()


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.name)
def test_document_is_a_sound_pdf(path: Path) -> None:
    """It begins and ends as a PDF, and its cross-reference table points at every object."""
    data = path.read_bytes()
    assert data.startswith(b"%PDF-1.")
    assert data.rstrip().endswith(b"%%EOF")
    assert len(data) < 5000
    start = int(data.split(b"startxref")[1].split()[0])
    entries = re.findall(rb"(\d{10}) 00000 n ", data[start:])
    assert data[start:].startswith(b"xref\n0 %d\n" % (len(entries) + 1))
    for number, offset in enumerate(entries, start=1):
        assert data[int(offset) :].startswith(b"%d 0 obj" % number)


def test_a_norwegian_letter_is_in_a_file_name() -> None:
    """One file name has a letter outside ASCII, as real ones do."""
    assert [path.name for path in PDFS if not path.name.isascii()] == ["høringsbrev.pdf"]
