"""Our Fiks Arkiv schemas give the verdicts of the official ones: on real documents and on mutants, in the same libxml2."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pytest
from lxml import etree

from gateway.arkivmelding.grammar import Grammar
from tests.conformance.fiks_edits import FIKS_EDITS, grow_fiks, vary
from tests.conformance.fiks_seeds import (
    FIKS_OFFICIAL,
    IMPORTED,
    MAIN,
    OFFICIAL_FILES,
    fiks_types,
    named_documents,
    read_fiks_files,
    rich_documents,
)
from tests.conformance.fiks_types import OPPRETT, XSD, Types
from tests.conformance.mutants import EDITS, Mutant
from tests.conformance.seeds import CORPUS
from tests.conformance.test_arkivmelding_xsd import declarations

MUTANTS = 5_000
FOR_EACH_TYPE = 20
LEAST_SHARE = 0.15

# What breaks our pair: the file, what stands there, and what is written instead.
BREAKS = {
    "facet": (
        IMPORTED,
        b'"noekkel" id="M017"><xs:restriction base="xs:string"><xs:minLength value="1"/>',
        b'"noekkel" id="M017"><xs:restriction base="xs:string"><xs:minLength value="0"/>',
    ),
    "pattern": (MAIN, b'"[A-Z]{2}"', b'"[A-Za-z]{2}"'),
    "order": (
        MAIN,
        b'<xs:element name="x" type="n5mdk:x"/>\n      <xs:element name="y" type="n5mdk:y"/>',
        b'<xs:element name="y" type="n5mdk:y"/>\n      <xs:element name="x" type="n5mdk:x"/>',
    ),
    "cardinality": (MAIN, b'type="n5mdk:forsendelsesmaate" minOccurs="0"', b'type="n5mdk:forsendelsesmaate"'),
    "attribute": (IMPORTED, b'<xs:attribute name="label" type="xs:string"/>', b""),
    "type": (IMPORTED, b'name="slettingstype"', b'name="sletting"'),
}

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not FIKS_OFFICIAL.is_dir(), reason="the official schemas are not on this machine"),
]


@pytest.fixture(scope="module")
def official() -> etree.XMLSchema:
    """The official pair, straight from its files."""
    return etree.XMLSchema(etree.parse(FIKS_OFFICIAL / OFFICIAL_FILES[MAIN]))


@pytest.fixture(scope="module")
def official_types() -> Types:
    """Every named type of the official pair."""
    return Types(*(etree.parse(FIKS_OFFICIAL / name).getroot() for name in OFFICIAL_FILES.values()))


@pytest.fixture(scope="module")
def ours() -> Grammar:
    """Our pair."""
    return Grammar(read_fiks_files(), MAIN)


def seeds() -> list[bytes]:
    """Every document that mutants are made from: the rich ones, and for each type one with each branch of its choices."""
    types = fiks_types()
    named = [xml for branch in range(3) for xml in named_documents(types, branch=branch)]
    return [*rich_documents(), *dict.fromkeys(named)]


def mutants(rich: int = MUTANTS, named: int = FOR_EACH_TYPE) -> Iterator[Mutant]:
    """So many mutants of the rich documents, and so many of the small one that names a type, for each type."""
    small = named_documents(fiks_types())
    each = (grow_fiks([xml], named, number=number) for number, xml in enumerate(small))
    return chain(grow_fiks(rich_documents(), rich, number=20261120), chain.from_iterable(each))


def variations() -> Iterator[bytes]:
    """Every single change of the documents that name a type."""
    return chain.from_iterable(vary(xml) for xml in seeds()[len(rich_documents()) :])


def errors(schema: etree.XMLSchema, root: etree._Element) -> list[tuple[int, str, str]]:
    """What the official schema says: line, kind and place of each error."""
    schema.validate(root)
    return _brief(schema.error_log)


def _brief(log: Sequence[etree._LogEntry] | etree._ListErrorLog) -> list[tuple[int, str, str]]:
    return [(each.line, each.type_name, str(each.path)) for each in log]


def touched(types: Types, root: etree._Element, found: list[tuple[int, str, str]]) -> set[str]:
    """The types that errors lie in: those of the elements at fault and of what these stand in."""
    prefixes = {prefix: uri for element in root.iter("*") for prefix, uri in element.nsmap.items() if prefix}
    paths = {path.partition("/@")[0] for *_, path in found}
    faulty = [element for path in paths for element in root.getroottree().xpath(path, namespaces=prefixes)]
    outer = [element.getparent() for element in faulty if element.getparent() is not None]
    return {types.of(element) for element in (*faulty, *outer)}


def test_seeds_are_valid(official: etree.XMLSchema, ours: Grammar) -> None:
    """The documents that mutants are made from are valid by both."""
    for xml in seeds():
        root = etree.fromstring(xml)
        official.assertValid(root)
        assert ours.is_valid(root)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_real_documents_get_the_same_errors(path: Path, official: etree.XMLSchema, ours: Grammar) -> None:
    """On every document of the corpus, of whichever dialect, both say the same, line by line."""
    root = etree.parse(path).getroot()
    assert _brief(ours.errors(root)) == errors(official, root)


def test_mutants_get_the_same_errors(
    official: etree.XMLSchema, official_types: Types, ours: Grammar, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thousands of mutants get the same errors from both; plenty are valid and invalid, no complex type is without a fault."""
    verdicts: Counter[bool] = Counter()
    kinds: Counter[str] = Counter()
    at_fault: Counter[str] = Counter()
    for mutant in mutants():
        root = etree.fromstring(mutant.xml)
        expected = errors(official, root)
        assert _brief(ours.errors(root)) == expected, mutant
        verdicts[not expected] += 1
        kinds.update(mutant.edits)
        at_fault.update(touched(official_types, root, expected))
    with capsys.disabled():
        count = verdicts.total()
        print(f"\nfiks-arkiv: {count} mutants, {verdicts[True]} valid and {verdicts[False]} invalid, 0 disagreements")
    assert min(verdicts[True], verdicts[False]) >= LEAST_SHARE * verdicts.total()
    assert set(kinds) == {edit.__name__ for edit in (*EDITS, *FIKS_EDITS)}
    assert official_types.complex_types() - at_fault.keys() == set()


def test_every_single_change_gets_the_same_errors(
    official: etree.XMLSchema, official_types: Types, ours: Grammar, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every type, each child left out, written twice or put behind the next, and each of many values: all judged alike."""
    verdicts: Counter[bool] = Counter()
    at_fault: set[str] = set()
    for xml in variations():
        root = etree.fromstring(xml)
        expected = errors(official, root)
        assert _brief(ours.errors(root)) == expected, xml
        verdicts[not expected] += 1
        at_fault |= touched(official_types, root, expected)
    with capsys.disabled():
        print(f"\nfiks-arkiv: {verdicts.total()} single changes, {verdicts[True]} valid and {verdicts[False]} invalid")
    assert min(verdicts[True], verdicts[False]) >= LEAST_SHARE * verdicts.total()
    assert official_types.named.keys() - at_fault == set()


@pytest.mark.parametrize("name", [MAIN, IMPORTED])
def test_every_declaration_is_the_same(name: str) -> None:
    """Every type, child, occurrence, base, attribute, facet and label is alike, in the same order; patterns aside."""
    official = etree.parse(FIKS_OFFICIAL / OFFICIAL_FILES[name]).getroot()
    assert declarations(etree.fromstring(read_fiks_files()[name])) == declarations(official)


@pytest.mark.parametrize("part", BREAKS)
def test_a_difference_would_be_noticed(part: str, official: etree.XMLSchema) -> None:
    """The comparison can fail: with one facet, order, cardinality, attribute or name changed, some mutant tells them apart."""
    name, before, after = BREAKS[part]
    files = read_fiks_files()
    assert files[name].count(before) == 1
    broken = Grammar({**files, name: files[name].replace(before, after)}, MAIN)
    roots = (etree.fromstring(mutant.xml) for mutant in mutants())
    assert any(_brief(broken.errors(root)) != errors(official, root) for root in roots)


def test_the_model_is_read(ours: Grammar) -> None:
    """What explains faults can read the pair: its root, each of its types with children, and its single values."""
    model = ours.model()
    complex_types = etree.fromstring(read_fiks_files()[MAIN]).iterchildren(f"{{{XSD}}}complexType")
    assert model.roots == {"arkivmelding": f"{{{OPPRETT}}}arkivmelding"}
    assert set(model.complex_types) == {f"{{{OPPRETT}}}{each.get('name')}" for each in complex_types}
    assert model.simple_types[f"{{{OPPRETT}}}landkode"].built_in == "string"
