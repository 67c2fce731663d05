"""`gateway validate --fix`, `--format sarif`, `--explain`, `--handling`: new files, differences, logs, words."""

import json
import shutil
from pathlib import Path

import pytest

from gateway.cli.explaining import codes
from tests.cli.conftest import SAMPLES, Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies of the samples that are not right, by number."""
    for number, name in (("06", "06-v1-dialect"), ("07", "07-fiks-arkiv"), ("08", "08-five-faults")):
        shutil.copy(SAMPLES / name / "arkivmelding.xml", tmp_path / f"{number}.xml")
    return tmp_path


def test_other_dialects_become_valid_files_that_can_be_sent(run: Run, folder: Path) -> None:
    """Every difference is printed; the new files are valid, addressed by our extension; the originals stay."""
    before = (folder / "06.xml").read_bytes()
    result = run("validate", "--fix", folder / "06.xml", folder / "07.xml")
    assert result.exit_code == 0
    for words in ("mended: ", "lost: ", "filled in: ", "moved: ", "2 files: 2 valid, 0 invalid"):
        assert words in result.output
    assert (folder / "06.xml").read_bytes() == before
    again = [
        json.loads(line) for line in run("validate", "--format", "json", folder / "06.fixed.xml").output.splitlines()
    ]
    assert [(each["valid"], each["profile"]) for each in again] == [(True, "head")]
    assert again[0]["recipients"][0]["identifier"] == "0192:311000020"


def test_spelling_alone_is_mended_where_more_cannot_be(run: Run, folder: Path) -> None:
    """The new file is better and still invalid: exit code 1, and what is left is told of the new file."""
    result = run("validate", "--fix", folder / "08.xml")
    assert result.exit_code == 1
    assert "08.fixed.xml: invalid" in result.output
    assert ", 3 errors" in result.output
    assert b">Utg\xc3\xa5ende dokument<" in (folder / "08.fixed.xml").read_bytes()


def test_what_is_given_is_filled_in(run: Run, folder: Path) -> None:
    """--fill completes what nobody said; a name that may not be given is a usage error that lists those that may."""
    path = folder / "06.xml"
    path.write_text(path.read_text().replace("<saksansvarlig>Saksbehandler</saksansvarlig>", ""), encoding="utf-8")
    result = run("validate", "--fix", path)
    assert (result.exit_code, "NOT_CONVERTED" in result.output, (folder / "06.fixed.xml").exists()) == (1, True, False)
    assert run("validate", "--fix", "--fill", "saksansvarlig=Enhetsleder", path).exit_code == 0
    wrong = run("validate", "--fix", "--fill", "skjerming=nei", path)
    assert (wrong.exit_code, "cannot be given" in wrong.output) == (2, True)


def test_nothing_is_written_over_or_without_need(run: Run, folder: Path) -> None:
    """A file that is there stays unless --force says otherwise; a valid file gets no copy."""
    there = folder / "06.fixed.xml"
    there.write_text("min egen fil", encoding="utf-8")
    result = run("validate", "--fix", folder / "06.xml")
    assert (result.exit_code, "NOT_WRITTEN" in result.output) == (2, True)
    assert there.read_text(encoding="utf-8") == "min egen fil"
    assert run("validate", "--fix", "--force", folder / "06.xml").exit_code == 0
    assert b"<arkivmelding" in there.read_bytes()
    good = shutil.copy(SAMPLES / "01-one-recipient" / "arkivmelding.xml", folder / "01.xml")
    assert run("validate", "--fix", good).exit_code == 0
    assert not (folder / "01.fixed.xml").exists()


def test_where_the_new_file_goes_can_be_said(run: Run, folder: Path) -> None:
    """A file, or a folder; several files need a folder that is there."""
    out = folder / "ut"
    out.mkdir()
    assert run("validate", "--fix", "--to", folder / "ny.xml", folder / "06.xml").exit_code == 0
    assert (folder / "ny.xml").exists()
    assert run("validate", "--fix", "--to", out, folder / "06.xml", folder / "07.xml").exit_code == 0
    assert {path.name for path in out.iterdir()} == {"06.fixed.xml", "07.fixed.xml"}
    assert run("validate", "--fix", "--to", folder / "x.xml", folder / "06.xml", folder / "07.xml").exit_code == 2
    assert run("validate", "--to", out, folder / "06.xml").exit_code == 2


def test_json_tells_the_changes(run: Run, folder: Path) -> None:
    """With --fix the object has what was written, mended, lost and filled."""
    answer = json.loads(run("validate", "--fix", "--format", "json", folder / "06.xml").output)
    assert answer["written"].endswith("06.fixed.xml")
    assert {each["what"] for each in answer["mended"]} == {"name"}
    assert {each["source"] for each in answer["filled"]} >= {"tidspunkt of the message"}
    assert "311000012" in {each["value"] for each in answer["lost"]}


def test_lenient_is_valid_with_warnings(run: Run, folder: Path) -> None:
    """--handling lenient asks how it would be taken; strict says that it would."""
    lenient = run("validate", "--handling", "lenient", folder / "08.xml")
    assert (lenient.exit_code, ", 5 warnings" in lenient.output) == (0, True)
    assert "accepted all the same with handling=lenient" in run("validate", folder / "08.xml").output


def test_sarif_is_one_log(run: Run, folder: Path) -> None:
    """Version, tool, rules; one result a fault with level, place and class; valid files have none; unreadable ones do."""
    (folder / "ikke æøå.xml").write_text("<a", encoding="utf-8")
    log = json.loads(run("validate", "--format", "sarif", folder).output)
    (work,) = log["runs"]
    assert (log["version"], work["tool"]["driver"]["name"]) == ("2.1.0", "gateway validate")
    assert [each["id"] for each in work["tool"]["driver"]["rules"]][:2] == ["AM-001", "AM-002"]
    rules = [each["ruleId"] for each in work["results"]]
    assert rules.count("XSD") == 5
    assert {"DIALECT_NOT_DELIVERABLE", "NOT_XML"} <= set(rules)
    places = [each["locations"][0]["physicalLocation"] for each in work["results"]]
    assert any("ikke%20%C3%A6%C3%B8%C3%A5.xml" in each["artifactLocation"]["uri"] for each in places)
    assert all(each["region"]["startLine"] > 0 for each in places if "08.xml" in each["artifactLocation"]["uri"])
    good = json.loads(run("validate", "--format", "sarif", SAMPLES / "01-one-recipient").output)
    assert good["runs"][0]["results"] == []


@pytest.mark.parametrize("code", codes())
def test_every_code_can_be_explained(run: Run, code: str) -> None:
    """In both languages, with how to mend it."""
    english, norwegian = run("validate", "--explain", code.lower()), run("validate", "--lang", "nb", "--explain", code)
    assert (english.exit_code, norwegian.exit_code) == (0, 0)
    assert english.output.startswith(f"{code}\n")
    assert "mend: " in english.output
    assert "løsning: " in norwegian.output


def test_an_unknown_code_names_those_there_are(run: Run) -> None:
    """A usage error, exit code 2."""
    result = run("validate", "--explain", "AM-999")
    assert (result.exit_code, "AM-017" in result.output) == (2, True)
