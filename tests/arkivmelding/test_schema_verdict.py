"""The verdict: which profile, what is valid although libxml2 says no, and nothing loaded that is not needed."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from gateway.arkivmelding.reader import FIKS_ARKIV_V1, Document, read
from gateway.arkivmelding.schema import FILES, Profile, Schemas, grammar_of
from gateway.errors import SetupFault
from tests.arkivmelding.documents_for_schema import SCHEMAS, VALID, damaged, only_fault
from tests.conformance.seeds import ROOT, read_schema_files

ARKIVERT = (
    "      <arkivertDato>2026-11-20T10:00:00+01:00</arkivertDato>\n      <arkivertAv>Arkivtjenesten</arkivertAv>\n",
    "",
)


def raw_verdict(document: Document) -> bool:
    """What libxml2 alone says, by profile head."""
    return grammar_of(Profile.HEAD, read_schema_files()).is_valid(document.root)


def test_valid_under_both_is_head() -> None:
    """A document that is valid under both profiles is said to be valid under head, and has no faults."""
    verdict = SCHEMAS.check(read(VALID.encode()))
    assert (verdict.profile, verdict.valid, verdict.faults) == (Profile.HEAD, True, ())


def test_valid_under_published_alone() -> None:
    """Without arkivertDato and arkivertAv only the published profile fits, and that is enough."""
    document = damaged(ARKIVERT)
    assert SCHEMAS.check(document).profile is Profile.PUBLISHED
    assert SCHEMAS.is_valid(document.root) is Profile.PUBLISHED
    assert SCHEMAS.is_valid(document.root, (Profile.HEAD,)) is None


def test_asked_for_one_profile_gets_the_faults_of_that_one() -> None:
    """Where only head counts, what head demands is reported."""
    verdict = SCHEMAS.check(damaged(ARKIVERT), (Profile.HEAD,))
    assert (verdict.profile, verdict.valid) == (Profile.HEAD, False)
    assert [fault.message for fault in verdict.faults] == [
        "arkivertDato is missing in basisregistrering",
        "arkivertAv is missing in basisregistrering",
    ]


def test_faults_are_those_of_the_nearer_profile() -> None:
    """One fault by published against three by head: published is named, and its one fault reported."""
    verdict = SCHEMAS.check(damaged(ARKIVERT, ("<journaldato>2026-11-20", "<journaldato>20.11.2026")))
    assert verdict.profile is Profile.PUBLISHED
    assert [fault.value for fault in verdict.faults] == ["20.11.2026"]


def test_what_a_fault_hides_counts_for_the_nearer_profile() -> None:
    """An entry under the root has one fault that libxml2 sees by head, hiding two; published has but the two."""
    root = etree.fromstring(VALID.encode())
    folder = root.find("{*}mappe")
    entry = folder.find("{*}basisregistrering")
    root.replace(folder, entry)
    entry.find("{*}systemID").text, entry.find("{*}journaldato").text = "6", "i dag"
    verdict = SCHEMAS.check(read(etree.tostring(root)))
    assert (verdict.profile, [fault.value for fault in verdict.faults]) == (Profile.PUBLISHED, ["6", "i dag"])


@pytest.mark.parametrize("padding", [" ", "\t", "\n      ", "  \n"])
@pytest.mark.parametrize("value", ["2026-11-20</journaldato", "2026-11-20T10:15:00+01:00</tidspunkt"])
def test_white_space_around_a_date_is_valid(value: str, padding: str) -> None:
    """XSD lets white space stand around a date; libxml2 alone refuses it."""
    date, end = value.split("<")
    document = damaged((value, f"{padding}{date}{padding}<{end}"))
    assert not raw_verdict(document)
    assert SCHEMAS.check(document).valid


def test_white_space_and_a_comment_around_a_date_are_valid() -> None:
    """A comment beside the date changes nothing."""
    document = damaged(("<journaldato>2026-11-20", "<journaldato> <!-- i dag --> 2026-11-20 "))
    assert not raw_verdict(document)
    assert SCHEMAS.check(document).valid


@pytest.mark.parametrize(
    "padded", [' xsi:type=" saksmappe "', ' xsi:type="saksmappe&#10;"', ' xsi:type="&#9;saksmappe"']
)
def test_white_space_around_a_type_is_valid(padded: str) -> None:
    """xsi:type is a QName, around which white space means nothing; libxml2 alone refuses it."""
    document = damaged((' xsi:type="saksmappe"', padded))
    assert not raw_verdict(document)
    assert SCHEMAS.check(document).valid


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<journaldato>2026-11-20", "<journaldato>\u00a02026-11-20"),
        ("<journaldato>2026-11-20", "<journaldato> 2026-13-20 "),
        (' xsi:type="saksmappe"', ' xsi:type="\u00a0saksmappe"'),
        ("<systemID>7d1f3a52", "<systemID> 7d1f3a52"),
        ("<journalstatus>Ekspedert", "<journalstatus> Ekspedert"),
    ],
)
def test_other_padding_stays_invalid(old: str, new: str) -> None:
    """A non-breaking blank is no white space, a padded date must be a date, and labels and GUIDs keep their blanks."""
    assert not SCHEMAS.check(damaged((old, new))).valid


def test_padding_hides_no_other_fault() -> None:
    """Beside a padded date, which is fine, the wrong label is the only fault."""
    fault = only_fault(("<journaldato>2026-11-20", "<journaldato> 2026-11-20 "), (">Ekspedert<", ">E<"))
    assert fault.value == "E"


def test_the_callers_tree_is_left_alone() -> None:
    """Neither padding nor faults leave a trace in the document that was handed in."""
    document = damaged(("<journaldato>2026-11-20", "<journaldato> 2026-11-20 "), ("<system>Fagsystemet</system>", ""))
    before = deepcopy(document.root)
    SCHEMAS.check(document)
    assert etree.tostring(document.root) == etree.tostring(before)


def test_schema_location_is_never_fetched(tmp_path: Path) -> None:
    """A document's own hints to schemas are not opened: who opened this one, a pipe, would wait for ever."""
    pipe = tmp_path / "schema.xsd"
    os.mkfifo(pipe)
    hint = f'xsi:schemaLocation="http://www.arkivverket.no/standarder/noark5/arkivmelding {pipe} urn:x {pipe}"'
    document = damaged(("<arkivmelding ", f"<arkivmelding {hint} "), (">Ekspedert<", ">E<"))
    reader = threading.Thread(target=lambda: SCHEMAS.check(document), daemon=True)
    reader.start()
    reader.join(timeout=30)
    assert not reader.is_alive()


def test_imports_come_from_what_was_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metadatakatalog.xsd in the current folder is not read instead of ours."""
    (tmp_path / "metadatakatalog.xsd").write_text("<broken")
    monkeypatch.chdir(tmp_path)
    assert Schemas(read_schema_files()).check(read(VALID.encode())).valid


def test_missing_schema_is_told_at_once() -> None:
    """Without one of the files nothing is set up, and the message names it."""
    files = read_schema_files()
    del files["metadatakatalog.xsd"]
    with pytest.raises(SetupFault, match=r"metadatakatalog\.xsd"):
        Schemas(files)


@pytest.mark.parametrize("name", FILES)
def test_broken_schema_is_a_fault_of_the_set_up(name: str) -> None:
    """A schema that was cut off is told as our own matter, not as the sender's."""
    files = read_schema_files()
    schemas = Schemas({**files, name: files[name][:500]})
    extension = etree.fromstring('<adressering xmlns="urn:arkivmelding-gateway:adressering:1"/>')
    fiks_arkiv = read(f'<arkivmelding xmlns="{FIKS_ARKIV_V1}"/>'.encode())
    with pytest.raises(SetupFault):
        _ = (
            schemas.is_valid(etree.fromstring(VALID.encode())),
            schemas.check_adressering(extension),
            schemas.check_fiks_arkiv(fiks_arkiv),
        )


def test_threads_do_not_see_each_others_faults() -> None:
    """Eight threads validate two documents with four hundred errors of one kind each; none gets one of the other kind."""
    empty = "<merknad/>" * 400
    undated = "<merknad><merknadstekst/><merknadsdato/><merknadRegistrertAv/></merknad>" * 400
    roots = [damaged(("    <basisregistrering", f"{each}    <basisregistrering")).root for each in (empty, undated)]
    kinds = ["SCHEMAV_ELEMENT_CONTENT", "SCHEMAV_CVC_DATATYPE_VALID_1_2_1"]
    grammar = grammar_of(Profile.HEAD, read_schema_files())

    def found(turn: int) -> list[str]:
        return [each.type_name for each in grammar.errors(deepcopy(roots[turn % 2]))]

    with ThreadPoolExecutor(8) as pool:
        assert all(each == [kinds[turn % 2]] * 400 for turn, each in enumerate(pool.map(found, range(160))))


def test_a_schema_whose_import_another_thread_hid_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parse elsewhere that takes libxml2's one loader away in mid-compile, here twice, does not refuse a document."""
    compile_it, failures = etree.XMLSchema, iter(2 * [etree.XMLSchemaParseError("does not resolve")])

    def compile_late(schema: etree._Element) -> etree.XMLSchema:
        for failure in failures:
            raise failure
        return compile_it(schema)

    monkeypatch.setattr(etree, "XMLSchema", compile_late)
    assert raw_verdict(read(VALID.encode()))


def test_valid_documents_load_nothing_that_explains() -> None:
    """xmlschema is not loaded for a valid document, and is for an invalid one."""
    program = (
        "import sys\n"
        "from tests.arkivmelding.documents_for_schema import SCHEMAS, VALID, damaged\n"
        "from gateway.arkivmelding.reader import read\n"
        "assert SCHEMAS.check(read(VALID.encode())).valid\n"
        "assert 'xmlschema' not in sys.modules and 'gateway.arkivmelding.examination' not in sys.modules\n"
        "assert not SCHEMAS.check(damaged(('>Ekspedert<', '>E<'))).valid\n"
        "assert 'xmlschema' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
