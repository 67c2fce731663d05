"""Which elements speak of secrecy: those of skjerming and gradering, whatever is nearly called so, and nothing else."""

import time

import pytest
from lxml import etree

from gateway.arkivmelding import secrecy
from gateway.arkivmelding.reader import NAMESPACE
from gateway.arkivmelding.secrecy import (
    NAMES,
    holds_secrecy,
    is_beside_secrecy,
    is_out_of_place,
    is_understood,
    speaks_of_secrecy,
    stands_in_secrecy,
)
from tests.arkivmelding.dialects import FIKS
from tests.conformance.seeds import read_schema_files
from tests.documents import Message, gradering, skjerming


def tree(inner: str, namespace: str = NAMESPACE) -> etree._Element:
    """A folder with this in it, as a tree."""
    return etree.fromstring(f'<arkivmelding xmlns="{namespace}"><mappe>{inner}</mappe></arkivmelding>')


def at(root: etree._Element, name: str) -> etree._Element:
    """The first element of that name."""
    return next(root.iter(f"{{*}}{name}"))


def schema_names() -> set[str]:
    """Every name that any of the schemas declares."""
    trees = (etree.fromstring(xml) for xml in read_schema_files().values())
    declared = (
        each.get("name") for tree in trees for each in tree.iter("{*}element", "{*}complexType", "{*}simpleType")
    )
    return {name for name in declared if name}


def test_no_other_name_of_the_schemas_is_taken_for_one() -> None:
    """Of all the names in either schema only those that are listed, and all of those but one of a forerunner."""
    names = schema_names()
    assert {name for name in names if speaks_of_secrecy(name)} == NAMES & names
    assert NAMES - names == {"skjermingOpphoerer"}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_of_them_speaks_of_secrecy(name: str) -> None:
    """Also in other case, where it is long enough to be nothing else."""
    assert speaks_of_secrecy(name)
    assert name == "grad" or (speaks_of_secrecy(name.upper()) and speaks_of_secrecy(name.capitalize()))


@pytest.mark.parametrize(
    "name",
    [
        "Skjerming",
        "skjermin",
        "skjermming",
        "sjkerming",
        "skerming",
        "sjerming",
        "skjærming",
        "skjermet",
        "avskjermet",
        "skjermingsHjemmel",
        "skjermingshjemler",
        "tilgangsrestriksjoner",
        "tilgangsrestrisjon",
        "tilgangrestriksjon",
        "graderinger",
        "gradert",
        "nedgradering",
        "sikkerhetsgrad",
        "beskyttelsesgrad",
        "unntattOffentlighet",
        "taushetsbelagt",
        "fortroligAdresse",
        "strengtHemmelig",
        "skj\u0435rming",
    ],
)
def test_near_misses_speak_of_it_too(name: str) -> None:
    """Misspelt, in plural, as words of the trade, with a letter that only looks right."""
    assert speaks_of_secrecy(name)


@pytest.mark.parametrize(
    "name",
    [
        "avskrivning",
        "avskrivningsmaate",
        "offentligTittel",
        "offentlighetsvurdertDato",
        "gradient",
        "skjema",
        "skjemaType",
        "sjekkliste",
        "mappe",
        "tilgang",
        "merknad",
        "",
    ],
)
def test_everyday_names_do_not(name: str) -> None:
    """However much they look like one."""
    assert not speaks_of_secrecy(name)


def test_what_stands_in_secrecy() -> None:
    """The element itself, and everything inside it; nothing beside it."""
    root = tree(f"<tittel/>{skjerming('x')}")
    assert stands_in_secrecy(at(root, "skjerming"))
    assert stands_in_secrecy(at(root, "skjermingshjemmel"))
    assert not stands_in_secrecy(at(root, "tittel"))
    assert not stands_in_secrecy(at(root, "mappe"))


def test_what_stands_anywhere_in_secrecy() -> None:
    """However deep, and in whatever namespace."""
    root = tree('<skjerming><a xmlns="urn:x"><b/></a></skjerming>')
    assert stands_in_secrecy(at(root, "b"))


def test_what_holds_secrecy() -> None:
    """It, or something inside it."""
    root = tree(f"<merknad>{gradering('x')}</merknad><tittel/>")
    assert all(holds_secrecy(at(root, name)) for name in ("arkivmelding", "mappe", "merknad", "gradering"))
    assert not holds_secrecy(at(root, "tittel"))


def test_what_is_beside_secrecy() -> None:
    """A parent with such a child; not its parent in turn."""
    root = tree(f"<tittel/>{skjerming('x')}")
    assert is_beside_secrecy(at(root, "mappe"))
    assert not is_beside_secrecy(root)
    assert not is_beside_secrecy(at(root, "tittel"))


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        ("<tilgangsrestriksjon/>", "tilgangsrestriksjon"),
        ("<merknad><skjermingshjemmel/></merknad>", "skjermingshjemmel"),
        ("<gradering><skjermingshjemmel/></gradering>", "skjermingshjemmel"),
        ("<skjerming><a><skjermingshjemmel/></a></skjerming>", "skjermingshjemmel"),
        ("<Skjerming/>", "Skjerming"),
        ("<skjermet/>", "skjermet"),
        ("<skjerming><Skjermingshjemmel/></skjerming>", "Skjermingshjemmel"),
        ("<grad/>", "grad"),
        ("<a><graderingsdato/></a>", "graderingsdato"),
        ("<a><gradertAv/></a>", "gradertAv"),
    ],
)
def test_what_nobody_looks_for_is_out_of_place(inner: str, name: str) -> None:
    """A part outside its whole, or anything under another name."""
    assert is_out_of_place(at(tree(inner), name))


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        (skjerming("x"), "skjerming"),
        (skjerming("x"), "skjermingshjemmel"),
        (skjerming("x"), "tilgangsrestriksjon"),
        (f"<a><b>{skjerming('x')}</b></a>", "skjerming"),
        (gradering("x"), "gradering"),
        (gradering("x"), "gradertAv"),
        ("<gradering><grad/></gradering>", "grad"),
        ("<tittel/>", "tittel"),
    ],
)
def test_what_is_found_is_in_place(inner: str, name: str) -> None:
    """A whole is found wherever it stands, and its parts inside it."""
    assert not is_out_of_place(at(tree(inner), name))


@pytest.mark.parametrize(
    ("inner", "name", "understood"),
    [
        (skjerming("x"), "skjerming", True),
        (skjerming("x"), "skjermingMetadata", True),
        (
            f"<registrering><dokumentbeskrivelse>{gradering('x')}</dokumentbeskrivelse></registrering>",
            "gradering",
            True,
        ),
        (f"<virksomhetsspesifikkeMetadata>{skjerming('x')}</virksomhetsspesifikkeMetadata>", "skjerming", True),
        ("<merknad><erSkjermet>true</erSkjermet></merknad>", "erSkjermet", True),
        (f"<merknad>{skjerming('x')}</merknad>", "skjerming", False),
        ("<skjerming xmlns='urn:x'/>", "skjerming", False),
        ("<Skjerming/>", "Skjerming", False),
        ("<grad/>", "grad", False),
        ("<tilgangsrestriksjon/>", "tilgangsrestriksjon", False),
        ("<saksstatus><skjermingshjemmel/></saksstatus>", "skjermingshjemmel", False),
    ],
)
@pytest.mark.parametrize("namespace", [NAMESPACE, FIKS])
def test_what_conversion_understands(inner: str, name: str, *, understood: bool, namespace: str) -> None:
    """A skjerming or gradering where those may stand, and their parts, in the namespace of the document."""
    assert is_understood(at(tree(inner, namespace), name)) is understood


def test_a_shielding_in_the_root_is_nowhere() -> None:
    """Folders, entries and documents are shielded, a message is not."""
    root = etree.fromstring(Message(root_extra=skjerming("x")).xml())
    assert not is_understood(at(root, "skjerming"))


def test_what_strangers_write_is_not_kept_without_end() -> None:
    """Judging remembers a few thousand names, and none that is longer than any name of the schemas is ever near to."""
    for number in range(5000):
        assert not speaks_of_secrecy(f"element{number}")
    kept = secrecy._judge.cache_info()
    assert kept.maxsize
    assert kept.currsize <= kept.maxsize < 5000
    assert speaks_of_secrecy("x" * 1000 + "skjerming")
    assert not speaks_of_secrecy("x" * 1000)
    assert secrecy._judge.cache_info().misses == kept.misses


def test_a_name_that_begins_over_and_over_is_judged_at_once() -> None:
    """The longest name that the parser takes, made of nothing but beginnings of a word that never ends."""
    begun = time.process_time()
    assert not speaks_of_secrecy("sikkerh" * 7000)
    assert not speaks_of_secrecy("beskytt" * 7000)
    assert time.process_time() - begun < 0.5
    assert speaks_of_secrecy("sikkerhetsklasse_grad")
