"""Damage of the kinds that a Fiks Arkiv message alone can suffer, beside that of `mutants`.

In come the bytes of seed documents and a seed number; out come mutants, all different, the same ones every time.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from random import Random

from lxml import etree

from tests.conformance.fiks_seeds import NAMED, fiks_types
from tests.conformance.fiks_types import CATALOGUE, OPPRETT
from tests.conformance.mutants import XSI, Edit, Mutant, grow
from tests.conformance.odd_values import DATES, GUIDS, INTEGERS, LABELS

_TYPE = f"{{{XSI}}}type"
_TYPES = tuple(etree.QName(name) for name in fiks_types().named)

BOOLEANS = ("true", "false", "1", "0", " true\n", "True", "TRUE", "ja", "2", "01", "", "t")
DOUBLES = (
    "0",
    "-1.5",
    "1e3",
    "1E-3",
    ".5",
    "5.",
    "INF",
    "-INF",
    "+INF",
    "NaN",
    "nan",
    " 7 ",
    "1,5",
    "0x10",
    "e3",
    "",
    "1 2",
)
VOTES = ("Ja", "Nei", "Blankt", "ja", "Blank", " Ja", "Nei ", "Slett", "Oppdater", "")
COUNTRIES = ("NO", "SE", "no", "No", "NOR", "N", "N1", " NO", "NO\n", "ÅL", "")
SIZES = ("0", "-0", "1", "+1", "-1", "2147483647", "2147483648", "1.0", "")
UUIDS = (*GUIDS, "3380ed76-5d4c-43e7-aa70-8ed8d97e4835", "3380ED76-5d4c-43E7-aa70-8ed8d97e4835")
_TABLES = {
    ("erSkjermet", "erPersonnavn", "erBehandlingsansvarlig"): BOOLEANS,
    ("x", "y", "z"): DOUBLES,
    ("stemme",): VOTES,
    ("landkode",): COUNTRIES,
    ("filstoerrelse",): SIZES,
    ("systemID", "referanseForrigeMoete", "referanseNesteMoete", "referanseArkivenhet"): UUIDS,
}
_ALL_VALUES = tuple(
    dict.fromkeys((*BOOLEANS, *DOUBLES, *VOTES, *COUNTRIES, *SIZES, *UUIDS, *DATES, *INTEGERS, *LABELS))
)
_EITHER_OR = {
    "organisasjonid": "personid",
    "organisasjonID": "personID",
    "referanseForelderMappe": "arkivdel",
    "arkivdel": "referanseForelderMappe",
    "kommunenummer": "fylkesnummer",
    "fylkesnummer": "kommunenummer",
}


def grow_fiks(seeds: Sequence[bytes], count: int, *, number: int) -> Iterator[Mutant]:
    """`count` different mutants of the seeds: about half by the general edits, half by those below."""
    random, general, seen = Random(number), grow(seeds, count, number=number), set(seeds)
    trees = [etree.fromstring(seed) for seed in seeds]
    while count:
        mutant = next(general) if random.random() < 0.5 else _damage(random, trees)
        if mutant.xml not in seen:
            seen.add(mutant.xml)
            count -= 1
            yield mutant


def _damage(random: Random, trees: Sequence[etree._Element]) -> Mutant:
    index, edit = random.randrange(len(trees)), random.choice(FIKS_EDITS)
    root = deepcopy(trees[index])
    edit(random, root)
    return Mutant(index, (edit.__name__,), etree.tostring(root, encoding="utf-8"))


def vary(xml: bytes) -> Iterator[bytes]:
    """A document that names a type, changed in each single way: a child gone, twice, behind the next, or another value."""
    root = etree.fromstring(xml)
    (named,) = root.iter(NAMED)
    for index in range(len(named)):
        for change in (_without, _twice, _behind):
            copy = deepcopy(root)
            change(next(copy.iter(NAMED)), index)
            yield etree.tostring(copy, encoding="utf-8")
    for value in () if len(named) else _ALL_VALUES:
        named.text = value
        yield etree.tostring(root, encoding="utf-8")


def _without(outer: etree._Element, index: int) -> None:
    del outer[index]


def _twice(outer: etree._Element, index: int) -> None:
    outer.insert(index, deepcopy(outer[index]))


def _behind(outer: etree._Element, index: int) -> None:
    outer.insert(index + 1, outer[index])


def _any_of(random: Random, root: etree._Element, *names: str) -> etree._Element:
    """An element of one of these names, or any at all where there is none."""
    found = [each for each in root.iter("*") if etree.QName(each).localname in names]
    return random.choice(found or list(root.iter("*")))


def write_odd_value(random: Random, root: etree._Element) -> None:
    """Write an odd truth, number, vote, country, size or UUID where one belongs."""
    present = {etree.QName(each).localname for each in root.iter("*") if not len(each)}
    names, values = random.choice([each for each in _TABLES.items() if present & set(each[0])] or list(_TABLES.items()))
    leaves = [each for each in root.iter("*") if not len(each)]
    fitting = [each for each in leaves if etree.QName(each).localname in names]
    random.choice(fitting or leaves).text = random.choice(values)


def write_in_named(random: Random, root: etree._Element) -> None:
    """Write an odd value, whatever its kind, in an element whose type is named, or in a leaf of it."""
    named = random.choice(root.xpath("//*[@xsi:type]", namespaces={"xsi": XSI}) or [root])
    leaf = random.choice([each for each in named.iter("*") if not len(each)])
    leaf.text = random.choice(_ALL_VALUES)


def empty_value(random: Random, root: etree._Element) -> None:
    """Empty a value: most may not be empty, those of a code may."""
    random.choice([each for each in root.iter("*") if not len(each)]).text = random.choice((None, None, " "))


def set_label(random: Random, root: etree._Element) -> None:
    """Write the label of an identifier, on one or elsewhere, or a label of another namespace."""
    name = random.choice(("label", "label", "Label", f"{{{CATALOGUE}}}label", f"{{{OPPRETT}}}label"))
    _any_of(random, root, "systemID", random.choice(("systemID", "tittel", "kode"))).set(
        name, random.choice(("", "Sak", " 1 "))
    )


def damage_code(random: Random, root: etree._Element) -> None:
    """Spoil a code: without it, without its words, both the wrong way round, one of them twice, or in plain text."""
    code = _any_of(random, root, "kode")
    if (outer := code.getparent()) is None:
        return
    match random.choice(("words only", "code only", "turned", "twice", "text", "namespace")):
        case "words only":
            code.tag = f"{{{CATALOGUE}}}beskrivelse"
        case "code only":
            outer[:] = [code]
        case "turned":
            outer[:] = list(outer)[::-1]
        case "twice":
            outer.append(deepcopy(random.choice(list(outer))))
        case "text":
            outer[:], outer.text = [], code.text
        case _:
            code.tag = random.choice((f"{{{OPPRETT}}}kode", "kode"))


def name_type(random: Random, root: etree._Element) -> None:
    """Name any type of either schema on an element, preferably on one that others are derived from."""
    names = ("virksomhetsspesifikkeMetadata", "arkivdel", "mappetype", "tekstFormat", "identifikator", "saksnummer")
    element = _any_of(random, root, "mappe", "registrering", "eget", *names)
    chosen = random.choice(_TYPES)
    element.set(_TYPE, f"mk:{chosen.localname}" if chosen.namespace == CATALOGUE else chosen.localname)


def choose_both(random: Random, root: etree._Element) -> None:
    """Write one of two alternatives as well as the other, or instead of it."""
    element = _any_of(random, root, *_EITHER_OR)
    name = etree.QName(element)
    other = deepcopy(element)
    other.tag = etree.QName(name.namespace, _EITHER_OR.get(name.localname, name.localname)).text
    if element.getparent() is not None:
        random.choice((element.addnext, element.addprevious))(other)
    if element.getparent() is not None and random.random() < 0.4:
        element.getparent().remove(element)


def thin_out(random: Random, root: etree._Element) -> None:
    """Take several values of one element away, as senders do who fill in little."""
    outer = random.choice([each for each in root.iter("*") if len(each)])
    for child in random.sample(list(outer), k=random.randint(1, len(outer))):
        outer.remove(child)


FIKS_EDITS: tuple[Edit, ...] = (
    write_odd_value,
    write_in_named,
    empty_value,
    set_label,
    damage_code,
    name_type,
    choose_both,
    thin_out,
)
