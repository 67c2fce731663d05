"""No damage to a skjerming or gradering makes a document open: it is refused, or it stays as secret as it says.

The mutants are made from documents that are confidential, undecided or classified, in all three dialects. Left out are
the edits that make a document open because somebody says so: a whole skjerming deleted, turned into a comment or into
plain text of a title; another ground, known to be no secrecy; an end date that has passed.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest
from lxml import etree

from gateway.arkivmelding.changes import Mended
from gateway.arkivmelding.handling import Handling, Supplied, Wanted
from gateway.arkivmelding.inspection import inspect
from gateway.arkivmelding.shielding import Outcome
from tests.arkivmelding.dialects import FIKS
from tests.arkivmelding.test_mending import parent_of
from tests.conformance.mutants import XSI
from tests.conformance.odd_values import NAMES, NAMESPACES, TYPES
from tests.conformance.seeds import ROOT
from tests.conformance.test_mended_renderings import (
    AT,
    BLANKS,
    FILL,
    PROVENANCE,
    SPELLING,
    TODAY,
    Edit,
    kit,
    local,
    pad,
)
from tests.documents import Doc, Message, gradering, merknad, sakspart, skjerming

MUTANTS = 2_000
LEAST_SHARE = 0.02

pytestmark = pytest.mark.conformance

CATALOGUE = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/metadatakatalog/v1"
SECRET = frozenset({"skjerming", "gradering"})
HANDLINGS = {
    "strict": Wanted(),
    "lenient": Wanted(Handling.LENIENT),
    "strict, converted": Wanted(Handling.STRICT, Supplied(AT, FILL)),
    "lenient, converted": Wanted(Handling.LENIENT, Supplied(AT, FILL)),
}
OUTER = [
    "basisregistrering",
    "mappe",
    "merknad",
    "sakspart",
    "klassifikasjon",
    "virksomhetsspesifikkeMetadata",
    "eget",
    "tilgang",
    "part",
]
LEAF_NAMES = (
    "tittel",
    "beskrivelse",
    "noekkelord",
    "forfatter",
    "hjemmel",
    "merknadstekst",
    "kode",
    "grad",
    "eget",
    "id",
)
LOOSE = ("Unntatt offentlighet", "offl. § 13", " x ", "se skjermingen")
GROUNDS = ("", " ", "UO", "P", "13", "U.off.", "ofl. 13", "offl. § 13, 1. ledd", "-", "ukjent", "0", "Offl §13")
ENDS = (
    "",
    "0001-01-01",
    "2031-13-01",
    "01.01.2031",
    "snart",
    "2031-01-01T00:00:00",
    " 2031-01-01",
    "2031",
    "1753-01-01",
)
GRADES = ("", "B", "begrenset", "BEGRENSET (SIKKERHETSGRAD)", "Ukjent", " ", "Begrenset", "K", "Ugradert?", "nei")


@dataclass(frozen=True, slots=True)
class Damaged:
    """One mutant: which seed it was made from, what was done to it, and its bytes."""

    seed: int
    edits: tuple[str, ...]
    xml: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a mutant under one handling."""

    mutant: Damaged
    handling: str
    accepted: bool
    outcome: Outcome
    mended: tuple[Mended, ...]


# --- the seeds ---------------------------------------------------------------------------------------------------------

_SECRET = skjerming("offl. § 13 jf. fvl. § 13")
_FULL = _SECRET.replace(
    "</skjerming>",
    "<skjermingDokument>Skjerming av hele dokumentet</skjermingDokument><skjermingsvarighet>60</skjermingsvarighet>"
    "<skjermingOpphoererDato>2031-01-01</skjermingOpphoererDato></skjerming>",
)
_UNCLEAR = skjerming("offl. § 31", ends="2031-01-01")
_BASE = Message(
    metadata="<eget>felt</eget>",
    merknad=merknad("Ring"),
    sakspart=sakspart("Naboen"),
    klasse="K",
    folder_extra="<virksomhetsspesifikkeMetadata><eget>felt</eget></virksomhetsspesifikkeMetadata>",
)
_IN_FOLDER = {"folder_extra": _BASE.folder_extra + _SECRET}
_GRADED = gradering("Begrenset (sikkerhetsgrad)")


@cache
def seeds() -> tuple[bytes, ...]:
    """Secret documents: the eFormidling ones first, then some in each of the other dialects."""
    own = [
        _BASE.having(skjerming=_SECRET),
        _BASE.having(skjerming=_FULL),
        _BASE.having(skjerming=_UNCLEAR),
        _BASE.having(**_IN_FOLDER),
        _BASE.having(documents=(Doc(skjerming=_FULL), Doc((), role="Vedlegg"))),
        _BASE.having(documents=(Doc(), Doc((), role="Vedlegg", skjerming=_UNCLEAR))),
        _BASE.having(skjerming=_FULL, gradering=_GRADED),
        _BASE.having(gradering=gradering("Fortrolig (beskyttelsesgrad)")),
        _BASE.having(folder_extra=_BASE.folder_extra + _GRADED),
        _BASE.having(documents=(Doc(skjerming=_GRADED),)),
    ]
    samples = [
        (ROOT / "samples" / name / "arkivmelding.xml").read_bytes()
        for name in ("03-confidential", "04-undecided-shielding")
    ]
    return (*(_laid_out(each.xml()) for each in own), *samples, *_in_v1(), *_in_fiks())


def _laid_out(xml: bytes) -> bytes:
    """Each element on a line of its own."""
    root = etree.fromstring(xml)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8")


def _in_v1() -> Iterator[bytes]:
    sample = (ROOT / "samples" / "06-v1-dialect" / "arkivmelding.xml").read_bytes().decode()
    for mark in ("<dokumentbeskrivelse>", "<registrering ", "<tilknyttetAv>"):
        for secret in (_FULL, _UNCLEAR, _GRADED):
            yield sample.replace(mark, f"{secret}{mark}", 1).encode()


def _in_fiks() -> Iterator[bytes]:
    sample = (ROOT / "samples" / "07-fiks-arkiv" / "arkivmelding.xml").read_bytes().decode()
    code = "<{0}><mk:kode>{1}</mk:kode><mk:beskrivelse>{2}</mk:beskrivelse></{0}>"
    secret = (
        f"<skjerming>{code.format('tilgangsrestriksjon', 'UO', 'Unntatt offentlighet')}<skjermingshjemmel>offl. § 13"
        "</skjermingshjemmel><skjermingOpphoererDato>2031-01-01</skjermingOpphoererDato></skjerming>"
    )
    graded = (
        f"<gradering>{code.format('grad', 'B', 'Begrenset (sikkerhetsgrad)')}"
        "<graderingsdato>2026-03-02T10:15:00+01:00</graderingsdato><gradertAv>Kari N.</gradertAv></gradering>"
    )
    for mark in ("<dokumentbeskrivelse>", "<saksdato>", "<dokumentobjekt>"):
        for each in (secret, graded):
            yield sample.replace(mark, f"{each}{mark}", 1).encode()


# --- the damage --------------------------------------------------------------------------------------------------------


def secret_elements(root: etree._Element) -> list[etree._Element]:
    """Every element that speaks of secrecy, or has come out of one that does, wherever it stands now."""
    names = ("skjerm", "grad", "tilgangsrestriksjon")
    return [each for each in root.iter("*") if any(name in local(each).casefold() for name in names)] or [root[0]]


def _one(random: Random, root: etree._Element) -> etree._Element:
    """One of them; the outermost rather often."""
    found = secret_elements(root)
    outer = [each for each in found if local(each) in SECRET]
    return random.choice(outer if outer and random.random() < 0.5 else found)


def _renamed(element: etree._Element, name: str) -> None:
    element.tag = etree.QName(etree.QName(element).namespace, name).text


def _near(random: Random, name: str) -> str:
    """A name that the eye takes for this one."""
    place = random.randrange(1, len(name) - 1)
    return random.choice(
        (
            name.upper(),
            name.capitalize(),
            name[:place] + name[place + 1 :],
            name[:place] + name[place] + name[place:],
            name[:place] + name[place + 1] + name[place] + name[place + 2 :],
            name[:place] + random.choice("aeioxyæ") + name[place + 1 :],
            name.replace("e", "е", 1),  # a Cyrillic letter
            name + random.choice(("s", "en", "er", "2", "_", ".v1")),
            random.choice(("_", "min", "x-")) + name,
        )
    )


def renamed_nearly(random: Random, root: etree._Element) -> bool:
    """A near miss."""
    element = _one(random, root)
    _renamed(element, _near(random, local(element)))
    return True


def renamed_as_another(random: Random, root: etree._Element) -> bool:
    """The name of another element, perhaps one that may stand there."""
    element = _one(random, root)
    brothers = [local(each) for each in parent_of(element).iterchildren("*")] if element is not root else []
    _renamed(element, random.choice([*NAMES, *LEAF_NAMES, *OUTER, *brothers]))
    return True


def moved_elsewhere(random: Random, root: etree._Element) -> bool:
    """Into or beside any other element: another parent, open content, the root, a value."""
    element = _one(random, root)
    open_content = list(root.iter("{*}virksomhetsspesifikkeMetadata"))
    target = random.choice(open_content if open_content and random.random() < 0.4 else [root, *root.iter("*")])
    if element in (target, *target.iterancestors()) or element is root:
        return False
    if target is root or random.random() < 0.5:
        target.insert(random.randint(0, len(target)), element)
    else:
        random.choice((target.addnext, target.addprevious))(element)
    return True


def in_another_namespace(random: Random, root: etree._Element) -> bool:
    """Alone, or with everything in it."""
    element, namespace = _one(random, root), random.choice((*NAMESPACES, CATALOGUE, FIKS))
    for each in random.choice(([element], list(element.iter("*")))):
        each.tag = etree.QName(namespace, local(each)).text
    return True


def wrapped(random: Random, root: etree._Element) -> bool:
    """Inside an element of its own, known or strange."""
    element = _one(random, root)
    if element is root:
        return False
    namespace = random.choice((etree.QName(root).namespace, "urn:eksempel:fagsystem", None))
    outer = etree.Element(etree.QName(namespace, random.choice((*OUTER, "skjerming", "gradering"))).text)
    element.addprevious(outer)
    outer.append(element)
    return True


def part_deleted(random: Random, root: etree._Element) -> bool:
    """A part of a skjerming or gradering, never the whole."""
    parts = [each for outer in root.iter("{*}skjerming", "{*}gradering") for each in outer.iterchildren("*")]
    if parts:
        element = random.choice(parts)
        parent_of(element).remove(element)
    return bool(parts)


def written_twice(random: Random, root: etree._Element) -> bool:
    """The whole or a part, as its own brother."""
    element = _one(random, root)
    if element is not root:
        random.choice((element.addnext, element.addprevious))(deepcopy(element))
    return element is not root


def parts_reordered(random: Random, root: etree._Element) -> bool:
    """The parts in another order, or the whole in another place among its brothers."""
    outer = random.choice([*root.iter("{*}skjerming", "{*}gradering")] or [root])
    parent = random.choice((outer, outer.getparent()))
    if parent is None or len(parent) < 2:
        return False
    element = random.choice(list(parent)) if parent is outer else outer
    parent.insert(random.randrange(len(parent)), element)
    return True


def nil_set(random: Random, root: etree._Element) -> bool:
    """xsi:nil, with or without content; a whole skjerming or gradering keeps its own."""
    element = _one(random, root)
    element.set(f"{{{XSI}}}nil", random.choice(("true", "1", "false", " true ", "ja")))
    if random.random() < 0.4 and local(parent_of(element)) in SECRET:
        element[:], element.text = [], None
    return True


def type_set(random: Random, root: etree._Element) -> bool:
    """An xsi:type, of a known or unknown type."""
    _one(random, root).set(f"{{{XSI}}}type", random.choice((*TYPES, "skjerming", "gradering", "mk:gradering")))
    return True


def attribute_set(random: Random, root: etree._Element) -> bool:
    """An attribute, one that turns it off among them."""
    name = random.choice(("aktiv", "gjelder", "{urn:eksempel:fagsystem}merke", f"{{{XSI}}}schemaLocation", "id"))
    _one(random, root).set(name, random.choice(("false", "nei", "", "1")))
    return True


def value_replaced(random: Random, root: etree._Element) -> bool:
    """Another value: empty, a letter, a date that is none; never a ground that is none, never a day that has passed."""
    leaves = [each for each in secret_elements(root) if not len(each)]
    leaves += [
        each
        for each in root.iter("{*}kode", "{*}beskrivelse")
        if local(parent_of(each)) in ("grad", "tilgangsrestriksjon")
    ]
    if not leaves:
        return False
    element = random.choice(leaves)
    name = local(element).casefold()
    element.text = random.choice(ENDS if "opphoerer" in name else GRADES if "grad" in name else GROUNDS)
    return True


def value_respelt(random: Random, root: etree._Element) -> bool:
    """The same value in other spelling: case, blanks, composed letters, signs that nobody sees."""
    leaves = [each for each in secret_elements(root) if not len(each) and each.text]
    if not leaves:
        return False
    element = random.choice(leaves)
    text = element.text or ""
    spellings = (
        text.upper(),
        text.lower(),
        pad(random, text),
        text.replace(" ", random.choice(BLANKS)),
        f"\u200b{text}",
    )
    element.text = random.choice((*spellings, unicodedata.normalize("NFD", text), text.replace(" ", "")))
    return True


def note_inside(random: Random, root: etree._Element) -> bool:
    """A comment or an instruction, among the parts or in the middle of a value."""
    note = random.choice((etree.Comment("offl. § 14"), etree.ProcessingInstruction("merk", "her")))
    element = _one(random, root)
    if element is root:
        return False
    if not len(element) and element.text:
        place = random.randint(0, len(element.text))
        element.text, note.tail = element.text[:place], element.text[place:]
    element.insert(0, note)
    return True


def text_beside(random: Random, root: etree._Element) -> bool:
    """Loose text, inside it or beside it."""
    element = _one(random, root)
    if len(element):
        element.text = random.choice(LOOSE)
    elif element is not root:
        element.tail = random.choice(LOOSE)
    return True


def around_it_renamed(random: Random, root: etree._Element) -> bool:
    """An element around it, in other case or nearly right."""
    outer = [each for each in secret_elements(root)[0].iterancestors() if each is not root]
    if outer:
        element = random.choice(outer)
        name = local(element)
        _renamed(element, random.choice((name.upper(), name.capitalize(), _near(random, name), random.choice(OUTER))))
    return bool(outer)


SECRECY: tuple[Edit, ...] = (
    renamed_nearly,
    renamed_nearly,
    renamed_as_another,
    renamed_as_another,
    moved_elsewhere,
    moved_elsewhere,
    in_another_namespace,
    wrapped,
    part_deleted,
    written_twice,
    parts_reordered,
    nil_set,
    type_set,
    attribute_set,
    value_replaced,
    value_replaced,
    value_respelt,
    value_respelt,
    note_inside,
    note_inside,
    text_beside,
    around_it_renamed,
)


def grow_damaged(count: int, *, number: int) -> Iterator[Damaged]:
    """`count` different mutants: one or two edits to what is secret, up to two elsewhere, repeatable by `number`."""
    random, seen = Random(number), set(seeds())
    trees = [etree.fromstring(xml) for xml in seeds()]
    while count:
        index = random.randrange(len(trees))
        root = deepcopy(trees[index])
        edits = random.choices(SECRECY, k=random.choice((1, 1, 2)))
        edits += random.choices(SPELLING + PROVENANCE, k=random.choice((0, 0, 1, 2)))
        done = tuple(edit.__name__ for edit in edits if edit(random, root))
        xml = etree.tostring(root, encoding="UTF-8")
        if xml not in seen:
            seen.add(xml)
            count -= 1
            yield Damaged(index, done, xml)


# --- what becomes of them ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers() -> tuple[Answer, ...]:
    """Every mutant under every handling."""
    return tuple(answer for mutant in grow_damaged(MUTANTS, number=20261120) for answer in _answers(mutant))


def _answers(mutant: Damaged) -> Iterator[Answer]:
    for name, wanted in HANDLINGS.items():
        found = inspect(mutant.xml, kit(), today=TODAY, wanted=wanted)
        yield Answer(mutant, name, found.acceptable, found.shielding.outcome, found.changes.mended)


def is_graded(xml: bytes) -> bool:
    """Whether a document holds a gradering."""
    return b"<gradering>" in xml


def test_the_seeds_are_secret() -> None:
    """Each is refused for its grading, or taken and not open."""
    for xml in seeds():
        found = inspect(xml, kit(), today=TODAY, wanted=HANDLINGS["lenient, converted"])
        assert found.acceptable is not is_graded(xml)
        assert found.shielding.outcome is not Outcome.OPEN
        assert (found.shielding.outcome is Outcome.CLASSIFIED) is is_graded(xml)


def test_nothing_that_is_taken_is_open(answers: Sequence[Answer], capsys: pytest.CaptureFixture[str]) -> None:
    """Refused, or not open; plenty are refused and enough are taken under every handling."""
    counted = Counter((each.handling, each.accepted) for each in answers)
    with capsys.disabled():
        taken = ", ".join(
            f"{name} {counted[name, True]} taken and {counted[name, False]} refused" for name in HANDLINGS
        )
        print(f"\nsecrecy: {MUTANTS} mutants: {taken}")
    assert [each for each in answers if each.accepted and each.outcome is Outcome.OPEN] == []
    assert min(counted[name, taken] for name in HANDLINGS for taken in (True, False)) >= LEAST_SHARE * MUTANTS
    assert {edit for each in answers for edit in each.mutant.edits} == {
        edit.__name__ for edit in SECRECY + SPELLING + PROVENANCE
    }


def test_what_was_classified_stays_refused(answers: Sequence[Answer]) -> None:
    """Whatever was done to its gradering."""
    assert [each for each in answers if each.accepted and is_graded(seeds()[each.mutant.seed])] == []


def test_nothing_secret_is_mended(answers: Sequence[Answer]) -> None:
    """No path in the list leads to a skjerming or gradering, or into one."""
    assert [(each.mutant, one) for each in answers for one in each.mended if _leads_to_secrecy(one)] == []


def _leads_to_secrecy(one: Mended) -> bool:
    steps = [step.partition("[")[0] for step in one.path.split("/")]
    return not SECRET.isdisjoint(steps)
