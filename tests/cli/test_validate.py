"""`gateway validate`: formats, exit codes, standard input, folders, many files, and what it does not load."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.cli.checking import Wanted
from gateway.cli.parallel import check_files
from tests.cli.conftest import ROOT, SAMPLES, Run, descendants, is_alive, started, wait_until

GOOD = SAMPLES / "02-four-recipients" / "arkivmelding.xml"
BAD = SAMPLES / "08-five-faults" / "arkivmelding.xml"
SLIPPED = SAMPLES / "05-slipped-index" / "arkivmelding.xml"
MEMBERS = ["file", "valid", "dialect", "profile", "shielding", "recipients", "acceptedIfLenient", "faults"]
FAULT_MEMBERS = ["rule", "class", "severity", "line", "column", "path", "message", "mend", "value"]
PERSON = "15859010099"


def test_a_valid_file_is_one_line(run: Run) -> None:
    """Name, verdict, dialect, profile, shielding and recipients on one line, and exit code 0."""
    result = run("validate", GOOD)
    assert result.output == f"{GOOD}: valid (eformidling, profile head, open, 4 recipients)\n"
    assert result.exit_code == 0


def test_every_fault_has_its_place_and_its_mend(run: Run) -> None:
    """Five faults: each with file and line, path, sentence, mend; exit code 1."""
    result = run("validate", BAD)
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.output.splitlines() if ": XSD " in line] == [
        f"{BAD}:{line}" for line in (13, 22, 50, 52, 73)
    ]
    assert result.output.count("    mend: ") == 5
    assert result.output.count("    at /arkivmelding/") == 5
    assert "invalid (eformidling, nearest profile" in result.output.splitlines()[0]


def test_json_is_one_object_a_line_with_the_members_of_the_contract(run: Run) -> None:
    """Valid and invalid files side by side, members in the order of the contract, nothing else on stdout."""
    result = run("validate", "--format", "json", GOOD, BAD)
    first, second = (json.loads(line) for line in result.output.splitlines())
    assert list(first) == list(second) == MEMBERS
    assert (first["valid"], first["profile"], first["shielding"], first["faults"]) == (True, "head", "open", [])
    assert first["recipients"][0] == {
        "korrespondansepart": 2,
        "type": "Mottaker",
        "name": "Fjordvik tilsyn",
        "identifier": "0192:311000020",
    }
    assert second["valid"] is False
    assert [list(fault) for fault in second["faults"]] == [FAULT_MEMBERS] * 5
    assert {fault["rule"] for fault in second["faults"]} == {"XSD"}


def test_a_person_is_never_shown_by_number(run: Run, tmp_path: Path) -> None:
    """A recipient who is a person has a masked identifier, in text and in json."""
    file = tmp_path / "person.xml"
    file.write_text(GOOD.read_text(encoding="utf-8").replace("0192:311000047", PERSON), encoding="utf-8")
    output = run("validate", "--format", "json", file).output
    assert [each["identifier"] for each in json.loads(output)["recipients"]][2] == "*" * 11
    assert PERSON not in output + run("validate", file).output


def test_a_slipped_index_makes_it_invalid(run: Run) -> None:
    """It would send one recipient's letter to another: an error in json and in text, and exit code 1."""
    result = run("validate", "--format", "json", SLIPPED)
    answer = json.loads(result.output)
    assert (result.exit_code, answer["valid"]) == (1, False)
    assert {(fault["rule"], fault["severity"]) for fault in answer["faults"]} == {("PART_MISMATCH", "error")}
    result = run("validate", SLIPPED)
    assert (result.exit_code, "warning" in result.output) == (1, False)
    assert result.output.startswith(f"{SLIPPED}: invalid (eformidling, profile head, open, 2 recipients), 2 errors\n")


def test_a_slipped_index_is_no_matter_of_the_schema(run: Run) -> None:
    """With the schema alone the same file is valid."""
    result = run("validate", "--xsd-only", "--format", "json", SLIPPED)
    answer = json.loads(result.output)
    assert (result.exit_code, answer["valid"], answer["faults"]) == (0, True, [])


def test_a_wrong_identifier_is_a_warning(run: Run, tmp_path: Path) -> None:
    """Another may come with the request, so the document stays valid."""
    file = tmp_path / "wrong.xml"
    file.write_text(GOOD.read_text(encoding="utf-8").replace("0192:311000047", "0192:311000048"), encoding="utf-8")
    answer = json.loads(run("validate", "--format", "json", file).output)
    assert answer["valid"] is True
    assert [(fault["rule"], fault["severity"]) for fault in answer["faults"]] == [("ID_INVALID", "warning")]


@pytest.mark.parametrize("options", [(), ("--xsd-only",)])
def test_another_dialect_is_one_fault(run: Run, options: tuple[str, ...]) -> None:
    """v1 and Fiks Arkiv get the one fault that says so, not a cascade, with the schema alone, too."""
    result = run("validate", "--format", "json", *options, *sorted(SAMPLES.glob("0[67]*/arkivmelding.xml")))
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [each["dialect"] for each in answers] == ["v1", "fiks-arkiv"]
    assert [[fault["rule"] for fault in each["faults"]] for each in answers] == [["DIALECT_NOT_DELIVERABLE"]] * 2


def test_xsd_only_leaves_out_rules_shielding_and_recipients(run: Run, tmp_path: Path) -> None:
    """A broken rule is no fault of the schema, and what was not looked at is null."""
    file = tmp_path / "two-main.xml"
    file.write_text(GOOD.read_text(encoding="utf-8").replace(">Vedlegg<", ">Hoveddokument<"), encoding="utf-8")
    assert run("validate", file).exit_code == 1
    result = run("validate", "--xsd-only", "--format", "json", file)
    answer = json.loads(result.output)
    assert (result.exit_code, answer["valid"], answer["shielding"], answer["recipients"]) == (0, True, None, None)


def test_xsd_only_checks_our_extension_too(run: Run, tmp_path: Path) -> None:
    """A misspelt member of the adressering extension is a fault of the schema."""
    file = tmp_path / "extension.xml"
    file.write_text(GOOD.read_text(encoding="utf-8").replace('navn="Lia', 'name="Lia'), encoding="utf-8")
    answer = json.loads(run("validate", "--xsd-only", "--format", "json", file).output)
    assert {fault["rule"] for fault in answer["faults"]} == {"XSD"}


def test_profile_can_be_demanded(run: Run, tmp_path: Path) -> None:
    """A document that only the published text takes is valid under any and published, not under head."""
    file = tmp_path / "published.xml"
    kept = [line for line in GOOD.read_text(encoding="utf-8").splitlines() if "<arkivert" not in line]
    file.write_text("\n".join(kept), encoding="utf-8")
    codes = [run("validate", "--profile", each, file).exit_code for each in ("any", "published", "head")]
    assert codes == [0, 0, 1]


def test_unreadable_files_are_reported_among_the_others(run: Run, tmp_path: Path) -> None:
    """No file, no XML and a DTD are reported with a fault each; the rest is checked; exit code 2 wins over 1."""
    (tmp_path / "text.xml").write_text("not XML")
    (tmp_path / "dtd.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    result = run("validate", tmp_path / "none.xml", tmp_path / "text.xml", tmp_path / "dtd.xml", BAD, GOOD)
    assert result.exit_code == 2
    assert f"{tmp_path}/none.xml: NOT_READABLE" in result.output
    assert f"{tmp_path}/text.xml:1: NOT_XML" in result.output
    assert f"{tmp_path}/dtd.xml: DTD" in result.output
    assert result.output.splitlines()[-1] == "5 files: 1 valid, 1 invalid, 3 could not be read"


def test_a_file_beyond_the_limit_is_not_read_to_its_end(run: Run, tmp_path: Path) -> None:
    """A file of 1 GiB is refused after 10 MiB."""
    with (tmp_path / "large.xml").open("wb") as file:
        file.truncate(1024**3)
    result = run("validate", tmp_path / "large.xml")
    assert (result.exit_code, "LIMIT" in result.output) == (2, True)
    assert "this one has 10485761" in result.output


def test_standard_input(run: Run) -> None:
    """`-` is standard input, and is called so."""
    result = run("validate", "--format", "json", "-", input=GOOD.read_bytes())
    assert (json.loads(result.output)["file"], result.exit_code) == ("-", 0)


def test_a_pipe_is_read_to_its_end(run: Run, tmp_path: Path) -> None:
    """What has no size beforehand is read all the same, however many pieces it comes in."""
    os.mkfifo(tmp_path / "pipe")
    xml = GOOD.read_bytes().replace(b"</arkivmelding>", b"<!--" + b" " * 200_000 + b"--></arkivmelding>")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(xml,))
    writer.start()
    assert run("validate", tmp_path / "pipe").exit_code == 0
    writer.join()


def test_a_folder_stands_for_every_xml_below_it(run: Run, tmp_path: Path) -> None:
    """Sorted, at any depth, nothing but *.xml."""
    for name in ("b/2.xml", "b/a/1.XML", "c.xml", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(GOOD, tmp_path / name)
    output = run("validate", "--format", "json", tmp_path).output
    names = [json.loads(line)["file"].removeprefix(f"{tmp_path}/") for line in output.splitlines()]
    assert names == ["b/2.xml", "b/a/1.XML", "c.xml"]


def test_a_folder_without_xml_is_told(run: Run, tmp_path: Path) -> None:
    """Nothing to check is not the same as nothing wrong."""
    result = run("validate", tmp_path)
    assert (result.exit_code, "no *.xml" in result.output) == (2, True)


def test_nothing_named_is_told(run: Run) -> None:
    """Without a file there is a word on how to go on."""
    assert run("validate").exit_code == 2


def test_names_of_files_cannot_forge_lines(run: Run, tmp_path: Path) -> None:
    """A line break in a file name is shown as what it is."""
    shutil.copy(GOOD, tmp_path / "a\nb.xml")
    assert len(run("validate", tmp_path).output.splitlines()) == 1


@pytest.fixture
def many(tmp_path: Path) -> list[str]:
    """150 files: valid, invalid and unreadable ones mixed."""
    kinds = [GOOD.read_bytes(), BAD.read_bytes(), b"no XML", GOOD.read_bytes(), GOOD.read_bytes()]
    for number in range(150):
        (tmp_path / f"{number:03}.xml").write_bytes(kinds[number % 5])
    return sorted(str(path) for path in tmp_path.iterdir())


@pytest.mark.parametrize("form", ["text", "json"])
def test_side_by_side_gives_what_one_after_the_other_gives(many: list[str], form: str) -> None:
    """The same bytes in the same order, and the same counts, from two processes as from one."""
    alone = list(check_files(many, Wanted(form=form), cores=1))
    together = list(check_files(many, Wanted(form=form), cores=2))
    assert len(alone) == 150 > len(together) > 1
    assert "".join(each.text for each in alone) == "".join(each.text for each in together)
    counts = [
        [sum(getattr(each, kind) for each in batches) for kind in ("valid", "invalid", "unreadable")]
        for batches in (alone, together)
    ]
    assert counts == [[90, 30, 30]] * 2


def test_a_reader_that_has_seen_enough_ends_it_quietly(many: list[str]) -> None:
    """`gateway validate … | head` ends without a traceback and leaves no process."""
    with started("validate", *many * 10) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        below = descendants(process.pid)
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == b""
        wait_until(lambda: not any(map(is_alive, below)))


def test_ctrl_c_leaves_no_process(many: list[str]) -> None:
    """Interrupted in the middle, it ends with 130, one line, and no process of its own behind."""
    with started("validate", *many * 20) as process:
        assert process.stdout is not None
        process.stdout.readline()
        below = descendants(process.pid)
        assert below
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors.decode().strip()) == (130, "stopped")
        wait_until(lambda: not any(map(is_alive, below)))


HEAVY = ("flask", "sqlalchemy", "xmlschema", "requests", "rich", "structlog", "marshmallow", "importlib.resources")
LOADED = f"""
import sys
from gateway.cli.commands import gateway
try:
    gateway.main()
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""


def loaded_by(*arguments: object) -> str:
    """Which of the heavy modules a run of `gateway ARGUMENTS` has loaded."""
    command = [sys.executable, "-c", LOADED, *(str(each) for each in arguments)]
    return subprocess.run(command, capture_output=True, cwd=ROOT, check=True, timeout=60).stderr.decode().strip()


@pytest.mark.parametrize("arguments", [(GOOD,), ("--xsd-only", GOOD), ("--format", "json", GOOD), ("--rules",)])
def test_a_valid_file_loads_nothing_heavy(arguments: tuple[object, ...]) -> None:
    """Neither Flask nor SQLAlchemy, requests, rich nor xmlschema is loaded where nothing is wrong."""
    assert loaded_by("validate", *arguments) == "[]"


def test_xmlschema_is_loaded_to_explain_a_fault() -> None:
    """The other way round: a fault of the schema loads it, and nothing else of the heavy ones but what it needs."""
    loaded = loaded_by("validate", BAD)
    assert "xmlschema" in loaded
    assert "flask" not in loaded
    assert "sqlalchemy" not in loaded


def test_rules_are_printed_with_everything_that_is_known_of_them(run: Run) -> None:
    """Code, class, severity, sentence and mend of every rule of the table."""
    from gateway.arkivmelding.rules import RULES

    output = run("validate", "--rules").output
    for rule in RULES:
        entry = output.split(f"{rule.code}  ")[1].split("\nAM-")[0]
        for wanted in (rule.fault_class.value, rule.severity.value, rule.sentence, rule.mend):
            assert wanted in entry
