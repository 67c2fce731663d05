"""Whatever is mended or converted is listed, and nothing else changes: checked on mutants, by trees built from the lists alone.

The mutants are damaged only in ways that a fagsystem damages documents: spelling, missing and malformed facts, and for the
other dialects codes, strange elements, comments and text. What is listed is trusted; everything else must be as posted.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from random import Random

import pytest
from lxml import etree

from gateway.arkivmelding.adressering import Given, adressering_elements, given_in
from gateway.arkivmelding.changes import NO_CHANGES, Changes, Mended
from gateway.arkivmelding.codes import NOARK
from gateway.arkivmelding.conversion.addressing import write_addressing
from gateway.arkivmelding.handling import Handling, Supplied, Wanted
from gateway.arkivmelding.inspection import Kit, inspect
from gateway.arkivmelding.reader import NAMESPACE, XSI_TYPE, read
from gateway.arkivmelding.rendering import Recipe, render
from gateway.arkivmelding.schema import Profile, Schemas
from gateway.errors import Fault, FaultClass
from tests.arkivmelding.test_conversion import assert_accounted
from tests.arkivmelding.test_mending import assert_alike, assert_places_are_posted, by_the_list, own_text, parent_of
from tests.arkivmelding.test_rendering import canonical, without
from tests.conformance.odd_values import ANY_CONTENT
from tests.conformance.seeds import CORPUS, OFFICIAL, ROOT, read_schema_files, valid_documents
from tests.documents import DPO

MUTANTS = 2_000
LEAST_SHARE = 0.15
TODAY = date(2026, 11, 20)
LENIENT = Wanted(Handling.LENIENT)

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official schemas are not on this machine"),
]

Edit = Callable[[Random, etree._Element], bool]

XSD = "http://www.w3.org/2001/XMLSchema"
SECRET = frozenset({"skjerming", "gradering"})
OPEN_CONTENT = "virksomhetsspesifikkeMetadata"
GUIDS = frozenset({"systemid", "referanseforeldermappe", "referanseklasse"})
BLANKS = (" ", "\n      ", "\t", "\u00a0", "  ")
# What an archive wants to know, and nobody's safety hangs on.
FACTS = (
    "system meldingId tidspunkt antallFiler systemID tittel opprettetDato opprettetAv referanseKlassifikasjonssystem",
    "arkivertDato arkivertAv referanseForelderMappe referanseKlasse journalposttype journalstatus journaldato",
    "dokumenttype dokumentstatus tilknyttetRegistreringSom dokumentnummer tilknyttetDato tilknyttetAv versjonsnummer",
    "saksdato administrativEnhet saksansvarlig saksstatus sakspartRolle merknadsdato merknadRegistrertAv",
)
NO_GUIDS = (
    "",
    "6",
    "0f4a1f6e-5a2b-4a53-9f4f",
    "urn:uuid:0f4a1f6e-5a2b-4a53-9f4f-000000000001",
    "{0f4a1f6e}",
    "2026/7-3",
)
NO_DATES = (
    "",
    "20.11.2026",
    "2026-13-01",
    "2026-11-20 10:00",
    "20261120",
    "i dag",
    "2026-11-20T25:00:00",
    "11/20/2026",
)


@dataclass(frozen=True, slots=True)
class Damaged:
    """One mutant: what was done to it, of which classes, and its bytes."""

    edits: tuple[str, ...]
    is_spelling_only: bool
    xml: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mutant: its faults as posted, and what goes out where it is taken leniently."""

    mutant: Damaged
    posted_faults: tuple[Fault, ...]
    accepted: bool
    valid: bool
    profile: Profile | None
    xml: bytes
    changes: Changes


@cache
def kit() -> Kit:
    """The gateway's own."""
    return Kit(Schemas(read_schema_files()))


@cache
def official(profile: Profile) -> etree.XMLSchema:
    """The official pair, straight from its files."""
    return etree.XMLSchema(etree.parse(OFFICIAL / profile / "arkivmelding.xsd"))


def local(element: etree._Element) -> str:
    """The name without namespace."""
    return etree.QName(element).localname


# --- the seeds ---------------------------------------------------------------------------------------------------------


@cache
def sendable_documents() -> tuple[bytes, ...]:
    """The valid documents of both profiles, less what no handling takes."""
    seeds = (each for profile in Profile for each in valid_documents(profile))
    return tuple(dict.fromkeys(map(_sendable, seeds)))


def _sendable(xml: bytes) -> bytes:
    root = etree.fromstring(xml)
    entry = next(each for each in root.iter("{*}registrering", "{*}basisregistrering") if _is(each, "journalpost"))
    if not any(_is(each, "saksmappe") for each in root.iterchildren("{*}mappe")):
        root = _in_a_folder(entry)
    unwanted = [
        each
        for each in root.iter("*")
        if local(each) in ("gradering", "adressering")
        or (local(each) == "dokumentobjekt" and local(parent_of(each)) != "dokumentbeskrivelse")
        or (local(each) in ("registrering", "basisregistrering") and each is not entry)
        or (local(each) == "mappe" and parent_of(each) is not root)
    ]
    for each in unwanted:
        parent_of(each).remove(each)
    _settle(root)
    return etree.tostring(root, encoding="UTF-8")


def _is(element: etree._Element, kind: str) -> bool:
    return (element.get(XSI_TYPE) or "").rpartition(":")[2] == kind


def _in_a_folder(entry: etree._Element) -> etree._Element:
    """An entry that stood directly in the message, in the folder of a sample."""
    sample = (ROOT / "samples" / "01-one-recipient" / "arkivmelding.xml").read_bytes()
    root = etree.fromstring(sample.replace(b"xmlns:xsi=", f'xmlns:xs="{XSD}" xmlns:xsi='.encode(), 1))
    (there,) = root.iter("{*}basisregistrering")
    entry.tag = there.tag
    entry.tail = there.tail
    parent_of(there).replace(there, entry)
    return root


def _settle(root: etree._Element) -> None:
    """One main document, a file name for each file, their number, and shieldings that have not run out."""
    for number, each in enumerate(root.iter("{*}dokumentbeskrivelse")):
        role = next(each.iterchildren("{*}tilknyttetRegistreringSom"))
        role.text = "Vedlegg" if number else "Hoveddokument"
        next(each.iterchildren("{*}dokumentnummer")).text = str(number + 1)
    for number, each in enumerate(root.iter("{*}referanseDokumentfil"), start=1):
        each.text = f"{number} {each.text}.pdf"
        next(root.iterchildren("{*}antallFiler")).text = str(number)
    for each in root.iter("{*}skjermingOpphoererDato"):
        each.text = "2031-01-01"


def test_the_seeds_are_valid_and_without_fault() -> None:
    """By the official schemas and by the gateway: all that is wrong with a mutant was done to it."""
    for xml in sendable_documents():
        found = inspect(xml, kit(), today=TODAY)
        assert (found.faults, found.valid) == ((), True)
        official(Profile.HEAD).assertValid(etree.fromstring(xml))


# --- the damage --------------------------------------------------------------------------------------------------------


@cache
def simple_types() -> dict[str, etree._Element]:
    """The simple types of the catalogue by name."""
    catalogue = etree.fromstring(read_schema_files()["metadatakatalog.xsd"])
    return {str(each.get("name")): each for each in catalogue.iterchildren(f"{{{XSD}}}simpleType")}


@cache
def labels() -> dict[str, frozenset[str]]:
    """The labels of each element that has some, by its name in lower case."""
    found = {
        name.casefold(): frozenset(str(each.get("value")) for each in kind.iter(f"{{{XSD}}}enumeration"))
        for name, kind in simple_types().items()
    }
    return {name: those for name, those in found.items() if those}


@cache
def days() -> frozenset[str]:
    """The elements that hold a date without time, in lower case."""
    days = (name for name, each in simple_types().items() if next(each.iter()).find("*[@base='xs:date']") is not None)
    return frozenset(name.casefold() for name in days)


def open_to_damage(root: etree._Element) -> list[etree._Element]:
    """Every element of the arkivmelding's own that is not in or at skjerming, gradering or open content."""
    found = [root]
    for each in root.iterchildren(f"{{{NAMESPACE}}}*"):
        if local(each) not in SECRET and local(each) != OPEN_CONTENT:
            found += open_to_damage(each)
    return found


def leaves(root: etree._Element, names: Iterable[str]) -> list[etree._Element]:
    """The elements of these names (in lower case, for they may be damaged already) that hold text alone."""
    wanted = frozenset(names)
    return [each for each in open_to_damage(root) if not len(each) and local(each).casefold() in wanted]


def pad(random: Random, text: str) -> str:
    """Blanks of all sorts before, after, or around a text."""
    before, after = random.choice(BLANKS), random.choice(BLANKS)
    return random.choice((before + text, text + after, before + text + after))


def _labelled(random: Random, root: etree._Element) -> etree._Element | None:
    found = [each for each in leaves(root, labels()) if each.text in labels()[local(each).casefold()]]
    return random.choice(found) if found else None


def label_in_other_case(random: Random, root: etree._Element) -> bool:
    """A label in upper, lower, or turned case."""
    element = _labelled(random, root)
    if element is not None:
        text = element.text or ""
        element.text = random.choice((text.upper(), text.lower(), text.title(), text.swapcase()))
    return element is not None


def label_composed_otherwise(random: Random, root: etree._Element) -> bool:
    """A label whose letters are taken apart: å as a and a ring."""
    found = [each for each in leaves(root, labels()) if "å" in (each.text or "")]
    if found:
        element = random.choice(found)
        element.text = unicodedata.normalize("NFD", element.text or "")
    return bool(found)


def label_padded(random: Random, root: etree._Element) -> bool:
    """Blanks around a label, and others than one plain blank between its words."""
    element = _labelled(random, root)
    if element is not None:
        element.text = pad(random, (element.text or "").replace(" ", random.choice((" ", "\u00a0", "  ", "\n   "))))
    return element is not None


def letter_for_label(random: Random, root: etree._Element) -> bool:
    """The letter of Noark for a label."""
    element = _labelled(random, root)
    codes = NOARK.get(local(element), {}) if element is not None else {}
    letters = [letter for letter, label in codes.items() if element is not None and label == element.text]
    if element is None or not letters:
        return False
    element.text = random.choice((letters[0], pad(random, letters[0])))
    return True


def guid_padded(random: Random, root: etree._Element) -> bool:
    """Blanks around a GUID."""
    found = [each for each in leaves(root, GUIDS) if len(each.text or "") == 36]
    if found:
        element = random.choice(found)
        element.text = pad(random, element.text or "")
    return bool(found)


def time_with_day(random: Random, root: etree._Element) -> bool:
    """A date with a time of day where only the date belongs."""
    found = [each for each in leaves(root, days()) if (each.text or "")[:2] == "20"]
    if found:
        element = random.choice(found)
        time = random.choice(("T10:15:00", "T00:00:00Z", "T23:59:59.123+01:00", "T10:15", "T10:15:00-05:00"))
        element.text = (element.text or "")[:10] + time
    return bool(found)


def file_name_broken(random: Random, root: etree._Element) -> bool:
    """A file name that a pretty printer has broken, or put blanks around."""
    found = leaves(root, ["referansedokumentfil"])
    if found:
        element = random.choice(found)
        text = element.text or ""
        element.text = random.choice((pad(random, text), text.replace(" ", "\n          ", 1), f"\n{text}\n  "))
    return bool(found)


def child_elsewhere(random: Random, root: etree._Element) -> bool:
    """A child in another place among its brothers, on the same side of every skjerming and gradering."""
    runs = [run for parent in open_to_damage(root) for run in _runs(parent) if len(run) > 1]
    if not runs:
        return False
    child, brother = random.sample(random.choice(runs), k=2)
    random.choice((brother.addnext, brother.addprevious))(child)
    return True


def _runs(parent: etree._Element) -> Iterator[list[etree._Element]]:
    """The children between one skjerming or gradering and the next."""
    run: list[etree._Element] = []
    for each in parent.iterchildren("*"):
        if local(each) in SECRET:
            yield run
            run = []
        else:
            run.append(each)
    yield run


def name_in_other_case(random: Random, root: etree._Element) -> bool:
    """Element names in other case: of an element that holds no skjerming, and perhaps of one inside it."""
    found = [
        each
        for each in open_to_damage(root)[1:]
        if local(each) != "meldingsId" and not any(local(inner) in SECRET for inner in each.iter("*"))
    ]
    if not found:
        return False
    element = random.choice(found)
    for each in (element, random.choice(open_to_damage(element))):
        name = local(each)
        written = random.choice((name.upper(), name.lower(), name[0].swapcase() + name[1:], name.swapcase()))
        each.tag = f"{{{NAMESPACE}}}{written}"
    return True


def name_of_a_template(_: Random, root: etree._Element) -> bool:
    """meldingsId, as a much copied template writes it."""
    found = next(root.iterchildren(f"{{{NAMESPACE}}}meldingId"), None)
    if found is not None:
        found.tag = f"{{{NAMESPACE}}}meldingsId"
    return found is not None


def fact_missing(random: Random, root: etree._Element) -> bool:
    """A fact that the archive wants is not there."""
    found = leaves(root, [random.choice(" ".join(FACTS).split()).casefold()])
    if found:
        element = random.choice(found)
        parent_of(element).remove(element)
    return bool(found)


def guid_malformed(random: Random, root: etree._Element) -> bool:
    """Something else where a GUID belongs."""
    found = leaves(root, GUIDS)
    if found:
        random.choice(found).text = random.choice(NO_GUIDS)
    return bool(found)


def date_malformed(random: Random, root: etree._Element) -> bool:
    """Something else where a date belongs."""
    found = [each for each in open_to_damage(root) if not len(each) and local(each).casefold().endswith("dato")]
    if found:
        random.choice(found).text = random.choice(NO_DATES)
    return bool(found)


SPELLING: tuple[Edit, ...] = (
    label_in_other_case,
    label_composed_otherwise,
    label_padded,
    letter_for_label,
    guid_padded,
    time_with_day,
    file_name_broken,
    child_elsewhere,
    name_in_other_case,
    name_of_a_template,
)
PROVENANCE: tuple[Edit, ...] = (fact_missing, fact_missing, guid_malformed, date_malformed)


def grow_damaged(count: int, *, number: int) -> Iterator[Damaged]:
    """`count` different mutants with one to three edits each, half of them spelling alone, repeatable by `number`."""
    random, seen = Random(number), set(sendable_documents())
    trees = [etree.fromstring(xml) for xml in sendable_documents()]
    weights = [1 / len(xml) ** 2 for xml in sendable_documents()]  # the large ones take longer
    while count:
        (tree,) = random.choices(trees, weights)
        mutant = _damage(random, deepcopy(tree), random.choice((SPELLING, SPELLING + PROVENANCE * 3)))
        if mutant.xml not in seen:
            seen.add(mutant.xml)
            count -= 1
            yield mutant


def _damage(random: Random, root: etree._Element, edits: Sequence[Edit]) -> Damaged:
    chosen = random.choices(edits, k=random.choice((1, 2, 3)))
    done = [edit for edit in chosen if edit(random, root)]
    spelling_only = not set(done) & set(PROVENANCE)
    return Damaged(tuple(edit.__name__ for edit in done), spelling_only, etree.tostring(root, encoding="UTF-8"))


# --- mended renderings -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def taken() -> tuple[Taken, ...]:
    """Every mutant, looked through strictly and leniently."""
    return tuple(_take(each) for each in grow_damaged(MUTANTS, number=20261120))


def _take(mutant: Damaged) -> Taken:
    posted = inspect(mutant.xml, kit(), today=TODAY)
    found = inspect(mutant.xml, kit(), today=TODAY, wanted=LENIENT)
    return Taken(mutant, posted.faults, found.acceptable, found.valid, found.profile, found.document.xml, found.changes)


def test_what_goes_out_is_what_the_list_says(taken: Sequence[Taken], capsys: pytest.CaptureFixture[str]) -> None:
    """The posted document with exactly the listed changes, element by element; everybody is taken, plenty are changed."""
    kinds: Counter[str] = Counter()
    for each in taken:
        assert each.accepted, each
        assert_alike(etree.fromstring(each.xml), by_the_list(each.mutant.xml, each.changes.mended))
        kinds.update(each.mutant.edits)
    changed, valid = sum(bool(each.changes) for each in taken), sum(each.valid for each in taken)
    mends = sum(len(each.changes.mended) for each in taken)
    with capsys.disabled():
        print(f"\nmending: {len(taken)} mutants, {changed} mended in {mends} places, {valid} valid afterwards")
    assert min(changed, valid, len(taken) - valid) >= LEAST_SHARE * MUTANTS
    assert set(kinds) == {edit.__name__ for edit in SPELLING + PROVENANCE}


def test_what_claims_to_be_valid_is(taken: Sequence[Taken]) -> None:
    """By the official schema of the profile that is claimed."""
    for each in taken:
        if each.valid:
            assert each.profile is not None
            official(each.profile).assertValid(etree.fromstring(each.xml))


def test_where_only_the_spelling_is_wrong_all_is_mended(taken: Sequence[Taken]) -> None:
    """Such a document is valid when it goes out."""
    assert [each for each in taken if each.mutant.is_spelling_only and not each.valid] == []


def test_each_fault_of_spelling_is_mended_and_nothing_else(taken: Sequence[Taken]) -> None:
    """For each such fault there is a mend on its path or line, and for each mend a fault."""
    for each in taken:
        faults = [fault for fault in each.posted_faults if fault.fault_class is FaultClass.SPELLING]
        for fault in faults:
            assert any(_same_place(fault, one) for one in each.changes.mended), (fault, each)
        for one in each.changes.mended:
            assert any(_same_place(fault, one) for fault in faults), (one, each)


def _same_place(fault: Fault, one: Mended) -> bool:
    return fault.path == one.path or fault.line == one.line


def test_places_are_those_of_the_posted_document(taken: Sequence[Taken]) -> None:
    """Where a moved child stood, told as in the posted document."""
    for each in taken:
        assert_places_are_posted(each.mutant.xml, each.changes.mended)


def test_each_recipient_gets_the_mended_document_less_what_is_listed(taken: Sequence[Taken]) -> None:
    """Of what goes out a rendering differs in exactly the redactions."""
    random, redacted = Random(1), 0
    for each in taken:
        document = read(each.xml)
        files = [own_text(name).strip() for name in document.root.iter("{*}referanseDokumentfil")]
        some = frozenset(random.sample(files, k=random.randint(0, len(files))))
        rendering = render(document, Recipe(DPO, random.randint(0, 4), some, random.random() < 0.5))
        assert canonical(etree.fromstring(rendering.xml)) == without(document, rendering.redactions)
        redacted += bool(rendering.redactions)
    assert redacted >= LEAST_SHARE * MUTANTS


# --- the other dialects ------------------------------------------------------------------------------------------------

CONVERTED_MUTANTS = 1_000
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
MOMENT = "2026-11-20T10:15:00+01:00"
FILL = {
    **dict.fromkeys(("opprettetDato", "arkivertDato", "tilknyttetDato", "merknadsdato"), MOMENT),
    **dict.fromkeys(("saksdato", "journaldato"), "2026-11-20"),
    **dict.fromkeys(("opprettetAv", "arkivertAv", "tilknyttetAv", "merknadRegistrertAv", "saksansvarlig"), "Kari N."),
    "system": "Fagsystemet",
    "administrativEnhet": "Postmottak",
    "saksstatus": "Under behandling",
    "journalposttype": "Utgående dokument",
    "journalstatus": "Ekspedert",
    "dokumenttype": "Brev",
    "dokumentstatus": "Dokumentet er ferdigstilt",
    "versjonsnummer": "1",
    "variantformat": "Arkivformat",
    "sakspartRolle": "Part",
    "skjermingMetadata": "tittel",
}
GENEROUS = Wanted(Handling.LENIENT, Supplied(AT, FILL))
IDENTIFIERS = (
    "organisasjonsnummer",
    "organisasjonid",
    "organisasjonID",
    "personid",
    "personID",
    "foedselsnummer",
    "DNummer",
)
TO_V1 = {
    "basisregistrering": "registrering",
    "klassifikasjon": "klasse",
    "referanseKlassifikasjonssystem": "klassifikasjonssystem",
    "sakspart": "part",
    "sakspartID": "partID",
    "sakspartNavn": "partNavn",
    "sakspartRolle": "partRolle",
}
SYNONYMS = TO_V1 | {name: other for other, name in TO_V1.items()} | {"skjermingOpphoererDato": "skjermingOpphoerer"}
STRANGE = (
    "<ukjent>verdi</ukjent>",
    '<f:felt xmlns:f="urn:eksempel:fagsystem" f:merke="1">en<f:del nr="2">to<!-- tre --></f:del>fire</f:felt>',
    "<format>PDF</format>",
    "<referanseEksternNoekkel><fagsystem>X</fagsystem><noekkel>8</noekkel></referanseEksternNoekkel>",
    "<merknad><merknadstekst>Ring tilbake</merknadstekst></merknad>",
    "<part><partNavn>Naboen</partNavn><organisasjonsnummer>311000047</organisasjonsnummer></part>",
    "<kryssreferanse><referanseTilMappe>7</referanseTilMappe></kryssreferanse>",
)
TEXTS = (
    "",
    " ",
    "0001-01-01T00:00:00",
    "0001-01-01",
    "2026-11-20T10:15:00",
    "2026-11-20",
    "20.11.2026",
    "U",
    "EM",
    "F",
)
OTHER_TEXTS = (
    "Ekspedert",
    "ekspedert",
    "Hoveddokument",
    "7",
    "0f4a1f6e-5a2b-4a53-9f4f-000000000009",
    "Ring tilbake",
    "J",
)


@cache
def other_documents() -> tuple[bytes, ...]:
    """The samples in the other dialects, two documents in them that hold everything, and real ones that hold a folder."""
    samples = [
        (ROOT / "samples" / name / "arkivmelding.xml").read_bytes() for name in ("06-v1-dialect", "07-fiks-arkiv")
    ]
    real = [path.read_bytes() for path in CORPUS if path.name.startswith(("fiksarkiv", "ksmove", "nav", "ip"))]
    taken = [xml for xml in real if inspect(xml, kit(), today=TODAY, wanted=GENEROUS).converted]
    return (*samples, *samples, _rich_v1(), _rich_fiks(), *taken)


def _rich_v1() -> bytes:
    root = etree.fromstring(next(xml for xml in sendable_documents() if b"every-element" in xml))
    for each in root.iter(f"{{{NAMESPACE}}}*"):
        each.tag = f"{{{NAMESPACE}}}{TO_V1.get(local(each), local(each))}"
    for number, part in enumerate(root.iter(f"{{{NAMESPACE}}}korrespondansepart", f"{{{NAMESPACE}}}part")):
        outer = etree.SubElement(part, f"{{{NAMESPACE}}}{IDENTIFIERS[number % 4]}")
        etree.SubElement(outer, str(outer.tag)).text = f"31100002{number}"
    xml = etree.tostring(root, encoding="UTF-8")
    return xml.replace(b'xsi:type="xs:string"', f'xmlns:xs="{XSD}" xsi:type="xs:string"'.encode())


def _rich_fiks() -> bytes:
    """The case less what no handling takes, and less what is no value of the target."""
    root = etree.fromstring((ROOT / "tests" / "conformance" / "fiks_case.xml").read_bytes())
    folder = next(root.iterchildren("{*}mappe"))
    for each in list(root.iter("{*}gradering", "{*}erSkjermet", "{*}virksomhetsspesifikkeMetadata")):
        if local(each) != "erSkjermet" or parent_of(parent_of(each)) is not folder:
            parent_of(each).remove(each)
    for each in root.iter("{*}referanseForelderMappe"):
        each[:], each.text = [], own_text(next(folder.iterchildren("{*}systemID")))
    for number, each in enumerate(root.iter("{*}referanseDokumentfil")):
        each.text = f"{number}.pdf"
    for each in list(root.iter("{*}tilknyttetRegistreringSom"))[1:]:
        for child, text in zip(each, ("V", "Vedlegg"), strict=True):
            child.text = text
    for each in root.iter("{*}skjermingOpphoererDato"):
        each.text = "2031-01-01"
    return etree.tostring(root.getroottree(), encoding="UTF-8")


def _any(random: Random, root: etree._Element) -> etree._Element:
    return random.choice(list(root.iter("*"))[1:] or [root])


def _any_leaf(random: Random, root: etree._Element) -> etree._Element:
    return random.choice([each for each in root.iter("*") if not len(each)])


def code_damaged(random: Random, root: etree._Element) -> bool:
    """A code without its words, the words without code, both turned, another code, or a letter that is none."""
    codes = [each for each in root.iter("{*}kode") if parent_of(each) is not root]
    if not codes:
        return letter_for_label(random, root) or label_in_other_case(random, root)
    code = random.choice(codes)
    outer = parent_of(code)
    match random.choice(("code only", "words only", "turned", "other", "letter", "padded", "twice")):
        case "code only":
            outer[:] = [code]
        case "words only":
            outer.remove(code)
        case "turned":
            outer[:] = list(outer)[::-1]
        case "other":
            code.text = random.choice([own_text(each) for each in codes])
        case "letter":
            code.text = random.choice(("Q", "f", "", "UKJENT"))
        case "padded":
            code.text = pad(random, code.text or "")
        case _:
            outer.append(deepcopy(random.choice(list(outer))))
    return True


def something_missing(random: Random, root: etree._Element) -> bool:
    """One to three elements are gone."""
    for _ in range(random.randint(1, 3)):
        element = _any_leaf(random, root)
        if element.getparent() is not None:
            parent_of(element).remove(element)
    return True


def something_strange(random: Random, root: etree._Element) -> bool:
    """An element that belongs elsewhere, or nowhere, in the document's namespace or in its own."""
    namespace = etree.QName(root).namespace if random.random() < 0.7 else "urn:eksempel:fagsystem"
    made = etree.fromstring(random.choice(STRANGE))
    for each in made.iter("*"):
        each.tag = each.tag if "}" in str(each.tag) else f"{{{namespace}}}{each.tag}"
    outer = random.choice([each for each in root.iter("*") if len(each)])
    outer.insert(random.randint(0, len(outer)), made)
    return True


def attribute_added(random: Random, root: etree._Element) -> bool:
    """An attribute that says something."""
    _any(random, root).set(
        random.choice(("merke", "{urn:eksempel:fagsystem}merke", "label")), random.choice(("", "A", " 7 "))
    )
    return True


def comment_added(random: Random, root: etree._Element) -> bool:
    """A comment or an instruction, among elements, inside a value, or beside the root."""
    note = random.choice((etree.Comment(" se notat "), etree.ProcessingInstruction("merk", "her"), etree.Comment("")))
    element = random.choice([root, _any(random, root), _any_leaf(random, root)])
    if element is root:
        random.choice((root.addprevious, root.addnext))(note)
        return True
    if not len(element) and element.text:
        place = random.randint(0, len(element.text))
        element.text, note.tail = element.text[:place], element.text[place:]
    element.insert(0 if not len(element) else random.randint(0, len(element)), note)
    return True


def text_added(random: Random, root: etree._Element) -> bool:
    """Text between elements."""
    element = _any(random, root)
    element.tail = f"{element.tail or ''}{random.choice(('Husk dette', ' og  dette ', '7'))}"
    return True


def moved_anywhere(random: Random, root: etree._Element) -> bool:
    """An element beside any other."""
    element, target = _any(random, root), _any(random, root)
    if target is not element and element not in target.iterancestors():
        random.choice((target.addnext, target.addprevious))(element)
    return True


def doubled(random: Random, root: etree._Element) -> bool:
    """An element twice."""
    element = _any(random, root)
    element.addnext(deepcopy(element))
    return True


def value_replaced(random: Random, root: etree._Element) -> bool:
    """Another value: a date that nobody set, a letter, a word, nothing."""
    _any_leaf(random, root).text = random.choice(TEXTS + OTHER_TEXTS)
    return True


def value_nested(random: Random, root: etree._Element) -> bool:
    """A value inside an element of its own, alone or with others."""
    element = _any_leaf(random, root)
    names = random.sample(("navn", "identifikator", "initialer", "epostadresse", "systemID", "kode", "eget"), k=2)
    text, element.text = element.text, None
    etree.SubElement(element, etree.QName(etree.QName(root).namespace, names[0]).text).text = text
    if random.random() < 0.5:
        etree.SubElement(element, etree.QName(etree.QName(root).namespace, names[1]).text, merke="1").text = "noe annet"
    return True


def called_otherwise(random: Random, root: etree._Element) -> bool:
    """Elements by the name that they have in another dialect."""
    found = [each for each in root.iter("*") if local(each) in SYNONYMS]
    if found:
        element = random.choice(found)
        element.tag = etree.QName(etree.QName(element).namespace, SYNONYMS[local(element)]).text
    return bool(found)


def identifier_added(random: Random, root: etree._Element) -> bool:
    """An identifier on a part, as a text or inside an element of its own."""
    part = random.choice(list(root.iter("{*}korrespondansepart", "{*}part", "{*}sakspart")) or [root])
    name = etree.QName(etree.QName(root).namespace, random.choice(IDENTIFIERS)).text
    outer = etree.SubElement(part, name)
    inner = etree.SubElement(outer, name) if random.random() < 0.5 else outer
    inner.text = random.choice(("311000055", "311000063", "20026900817", " 311000071 "))
    return True


def open_content_added(random: Random, root: etree._Element) -> bool:
    """Something of the sender's own, in a folder or an entry, that names types by prefixes from further up among it."""
    every = root.iter("{*}mappe", "{*}registrering", "{*}basisregistrering")
    homes = [each for each in every if next(each.iterchildren(f"{{*}}{OPEN_CONTENT}"), None) is None]
    if not homes:
        return False
    home = random.choice(homes)
    element = etree.SubElement(home, etree.QName(etree.QName(root).namespace, OPEN_CONTENT).text)
    inner = etree.fromstring(random.choice((*STRANGE, *ANY_CONTENT[:3], *ANY_CONTENT[-2:])))
    for each in inner.iter("*"):
        each.tag = each.tag if "}" in str(each.tag) else etree.QName(etree.QName(root).namespace, str(each.tag)).text
    element.append(inner)
    if random.random() < 0.3:
        element.tail, element.text = "\n", "tekst"
    return True


OTHERWISE: tuple[Edit, ...] = (
    open_content_added,
    code_damaged,
    something_missing,
    something_strange,
    attribute_added,
    comment_added,
    text_added,
    moved_anywhere,
    doubled,
    value_replaced,
    value_nested,
    called_otherwise,
    identifier_added,
)


def grow_others(count: int, *, number: int) -> Iterator[Damaged]:
    """The documents themselves, then `count` different mutants of them with one to three edits each."""
    random, seeds = Random(number), other_documents()
    yield from (Damaged((), True, xml) for xml in dict.fromkeys(seeds))
    trees = [etree.fromstring(xml) for xml in seeds]
    seen = set(seeds)
    while count:
        root = deepcopy(random.choice(trees).getroottree()).getroot()
        chosen = random.choices(OTHERWISE, k=random.choice((1, 2, 3)))
        done = [edit.__name__ for edit in chosen if edit(random, root)]
        xml = etree.tostring(root.getroottree(), encoding="UTF-8")
        if xml not in seen:
            seen.add(xml)
            count -= 1
            yield Damaged(tuple(done), False, xml)


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of a mutant in another dialect: the bytes where it was taken, the parts, and the bytes with addressing."""

    mutant: Damaged
    xml: bytes = b""
    changes: Changes = NO_CHANGES
    parts: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()
    addressed: bytes = b""
    crash: str = ""


@pytest.fixture(scope="module")
def conversions() -> tuple[Converted, ...]:
    """Every mutant in another dialect, converted with everything given that may be."""
    return tuple(map(_convert, grow_others(CONVERTED_MUTANTS, number=7)))


def _convert(mutant: Damaged) -> Converted:
    try:
        found = inspect(mutant.xml, kit(), today=TODAY, wanted=GENEROUS)
    except Exception as crash:
        return Converted(mutant, crash=repr(crash))
    if not (found.converted and found.acceptable):
        return Converted(mutant)
    addressed = write_addressing(found.document, found.facts, model=kit().schemas.model(Profile.HEAD))
    parts = found.facts.journalpost.parts if found.facts.journalpost else ()
    given = tuple(
        Given(part.index, part.name, each)
        for part in parts
        if part.type in ("Mottaker", "Kopimottaker", "Gruppemottaker")
        for each in (part.identifiers if part.type == "Gruppemottaker" else _only_one(part.identifiers))
    )
    names = tuple(part.name for part in parts)
    return Converted(mutant, found.document.xml, found.changes, names, given, addressed.xml)


def _only_one(identifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Of a part that is one organisation: its number, or none where two of them disagree."""
    return identifiers[:1] if len({each.rpartition(":")[2].strip() for each in identifiers}) == 1 else ()


def test_whatever_is_posted_there_is_an_answer(
    conversions: Sequence[Converted], capsys: pytest.CaptureFixture[str]
) -> None:
    """No mutant brings the gateway down; plenty are taken and plenty are refused."""
    taken = sum(bool(each.xml) for each in conversions)
    lists = [len(each.changes.mended) + len(each.changes.lost) + len(each.changes.filled) for each in conversions]
    with capsys.disabled():
        print(f"\nconversion: {len(conversions)} documents, {taken} taken, {sum(lists)} changes listed")
    assert {each.crash for each in conversions} == {""}
    assert min(taken, len(conversions) - taken) >= LEAST_SHARE * len(conversions)
    assert {edit for each in conversions for edit in each.mutant.edits} == {edit.__name__ for edit in OTHERWISE}


def test_converted_documents_are_valid(conversions: Sequence[Converted]) -> None:
    """By the official schema of profile head."""
    for each in conversions:
        if each.xml:
            official(Profile.HEAD).assertValid(etree.fromstring(each.xml))


def test_converted_documents_with_their_addressing_are_valid(conversions: Sequence[Converted]) -> None:
    """Wherever the extension finds its place."""
    for each in conversions:
        if each.xml:
            official(Profile.HEAD).assertValid(etree.fromstring(each.addressed))


def test_every_node_is_accounted_for(conversions: Sequence[Converted]) -> None:
    """Each text, attribute and comment is taken to its place, or listed; each text that goes out was posted, or is listed."""
    for each in conversions:
        if each.xml:
            assert_accounted(etree.fromstring(each.mutant.xml), etree.fromstring(each.xml), each.changes)


def test_the_same_document_gives_the_same_bytes(conversions: Sequence[Converted]) -> None:
    """Whoever converts twice gets the same document, identifiers and all."""
    for each in conversions[::3]:
        if each.xml:
            assert inspect(each.mutant.xml, kit(), today=TODAY, wanted=GENEROUS).document.xml == each.xml


def test_parts_keep_their_number_and_order(conversions: Sequence[Converted]) -> None:
    """Their index says who gets what."""
    for each in conversions:
        if each.xml:
            before, after = (_part_names(etree.fromstring(xml)) for xml in (each.mutant.xml, each.xml))
            assert after == list(each.parts)
            assert len(before) == len(after)
            assert all(name in posted for name, posted in zip(after, before, strict=True)), (before, after)


def _part_names(root: etree._Element) -> list[str]:
    names = (
        name for part in root.iter("{*}korrespondansepart") for name in part.iterchildren("{*}korrespondansepartNavn")
    )
    return ["".join(map(str, name.itertext())).strip() for name in names]


def test_no_identifier_goes_out(conversions: Sequence[Converted]) -> None:
    """What was used for addressing is gone, unless the posted document says the same elsewhere."""
    seen = 0
    for each in conversions:
        if each.xml:
            identifiers, others = _identifiers(etree.fromstring(each.mutant.xml))
            seen += len(identifiers)
            out = " ".join(map(str, etree.fromstring(each.xml).itertext()))
            assert [one for one in identifiers if one in out and one not in others] == [], each
    assert seen >= CONVERTED_MUTANTS


def _identifiers(root: etree._Element) -> tuple[set[str], str]:
    """The identifiers of parts and parties, and all the other text; what open content holds is the sender's own."""
    within = {
        inner
        for name in IDENTIFIERS
        for each in root.iter(f"{{*}}{name}")
        if next(each.iterancestors(f"{{*}}{OPEN_CONTENT}"), None) is None
        for inner in each.iter("*")
    }
    texts = {own_text(each).strip() for each in within}
    others = " ".join(own_text(each) for each in root.iter("*") if each not in within)
    return {text for text in texts if len(text) > 5}, others


def test_the_addressing_that_is_written_is_read_again(conversions: Sequence[Converted]) -> None:
    """One entry for each recipient that the posted document gave an identifier, and nothing else is added."""
    for each in conversions:
        root = etree.fromstring(each.addressed) if each.xml else None
        if root is None:
            continue
        typed = root.iterfind(
            ".//{*}basisregistrering/{*}virksomhetsspesifikkeMetadata[@{http://www.w3.org/2001/XMLSchema-instance}type]"
        )
        if next(typed, None) is not None:
            assert given_in(root) == ()  # it may hold nothing but text
            continue
        assert given_in(root) == each.given
        for extension in list(adressering_elements(root)):
            home = parent_of(extension)
            home.remove(extension)
            if not len(home) and not own_text(home).strip():
                parent_of(home).remove(home)
        assert_alike(root, etree.fromstring(each.xml))
