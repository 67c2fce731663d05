"""Our schemas give the verdicts of the official ones: in the same libxml2, on real documents and on mutants."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from lxml import etree

from gateway.arkivmelding.grammar import Grammar
from gateway.arkivmelding.schema import Profile, grammar_of
from tests.conformance.mutants import EDITS, grow
from tests.conformance.seeds import CORPUS, OFFICIAL, read_schema_files, valid_documents

MUTANTS = 5_000
LEAST_SHARE = 0.15

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official schemas are not on this machine"),
]


@pytest.fixture(scope="module", params=list(Profile))
def profile(request: pytest.FixtureRequest) -> Profile:
    """Each profile in turn."""
    return Profile(request.param)


@pytest.fixture(scope="module")
def official(profile: Profile) -> etree.XMLSchema:
    """The official pair, straight from its files."""
    return etree.XMLSchema(etree.parse(OFFICIAL / profile / "arkivmelding.xsd"))


@pytest.fixture(scope="module")
def ours(profile: Profile) -> Grammar:
    """Our pair, with the edits of the profile."""
    return grammar_of(profile, read_schema_files())


def errors(schema: etree.XMLSchema, root: etree._Element) -> list[tuple[int, str, str]]:
    """What the official schema says: line, kind and place of each error."""
    schema.validate(root)
    return _brief(schema.error_log)


def _brief(log: Sequence[etree._LogEntry] | etree._ListErrorLog) -> list[tuple[int, str, str]]:
    return [(each.line, each.type_name, str(each.path)) for each in log]


def test_seeds_are_valid(profile: Profile, official: etree.XMLSchema, ours: Grammar) -> None:
    """The documents that mutants are made from are valid by both."""
    for xml in valid_documents(profile):
        root = etree.fromstring(xml)
        official.assertValid(root)
        assert ours.is_valid(root)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_real_documents_get_the_same_errors(path: Path, official: etree.XMLSchema, ours: Grammar) -> None:
    """On every document of the corpus both say the same, line by line."""
    root = etree.parse(path).getroot()
    assert _brief(ours.errors(root)) == errors(official, root)


def test_mutants_get_the_same_errors(
    profile: Profile, official: etree.XMLSchema, ours: Grammar, capsys: pytest.CaptureFixture[str]
) -> None:
    """5 000 mutants of valid documents get the same errors from both, and plenty of them are valid and invalid."""
    verdicts: Counter[bool] = Counter()
    kinds: Counter[str] = Counter()
    for mutant in grow(valid_documents(profile), MUTANTS, number=20261120):
        root = etree.fromstring(mutant.xml)
        expected = errors(official, root)
        assert _brief(ours.errors(root)) == expected, mutant
        verdicts[not expected] += 1
        kinds.update(mutant.edits)
    with capsys.disabled():
        print(f"\n{profile}: {MUTANTS} mutants, {verdicts[True]} valid and {verdicts[False]} invalid, 0 disagreements")
    assert min(verdicts[True], verdicts[False]) >= LEAST_SHARE * MUTANTS
    assert set(kinds) == {edit.__name__ for edit in EDITS}


def test_a_difference_would_be_noticed(profile: Profile, official: etree.XMLSchema) -> None:
    """The comparison can fail: our pair with another profile's edits disagrees with the official one on the mutants."""
    other = grammar_of(Profile.HEAD if profile is Profile.PUBLISHED else Profile.PUBLISHED, read_schema_files())
    mutants = grow(valid_documents(profile), 300, number=1)
    roots = [etree.fromstring(mutant.xml) for mutant in mutants]
    assert any(_brief(other.errors(root)) != errors(official, root) for root in roots)


@pytest.mark.parametrize("name", ["arkivmelding.xsd", "metadatakatalog.xsd"])
def test_every_declaration_is_the_same(name: str) -> None:
    """Also what no message reaches is alike: every type, child, occurrence, base and label, in the same order."""
    official = etree.parse(OFFICIAL / Profile.HEAD / name).getroot()
    assert declarations(etree.fromstring(read_schema_files()[name])) == declarations(official)


def declarations(schema: etree._Element) -> dict[str, object]:
    """The named declarations of a schema without comments, ids and defaults; patterns are left to the mutants."""
    named = {
        f"{etree.QName(each).localname} {each.get('name')}": _declaration(each) for each in schema.iterchildren("*")
    }
    return {name: each for name, each in named.items() if not name.startswith(("import", "annotation"))}


def _declaration(element: etree._Element) -> object:
    kind = etree.QName(element).localname
    plain = {
        (key, value) for key, value in element.attrib.items() if key != "id" and (key[3:], value) != ("Occurs", "1")
    }
    inner = [each for each in element.iterchildren("*") if etree.QName(each).localname != "annotation"]
    if kind == "pattern" or any(etree.QName(each).localname == "pattern" for each in inner):
        return "pattern"
    return (kind, frozenset(plain), tuple(_declaration(each) for each in inner))
