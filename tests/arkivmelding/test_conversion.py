"""Conversion from the v1 dialect and Fiks Arkiv: every node is taken, listed or in the way, and nothing is made up."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from gateway.arkivmelding import completion
from gateway.arkivmelding.adressering import Given, adressering_elements, given_in
from gateway.arkivmelding.changes import Changes, Mend, Mended
from gateway.arkivmelding.conversion import convert
from gateway.arkivmelding.conversion.addressing import write_addressing
from gateway.arkivmelding.conversion.filling import MAY_BE_SUPPLIED
from gateway.arkivmelding.conversion.names import HARMLESS, IDENTIFIERS, MAY_BE_LEFT_OUT, names_of
from gateway.arkivmelding.handling import Handling, Supplied, Wanted
from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.paths import Paths
from gateway.arkivmelding.reader import NAMESPACE, XSI, XSI_TYPE, read
from gateway.arkivmelding.schema import Profile
from gateway.arkivmelding.shielding import Outcome
from gateway.errors import FaultClass, Severity
from tests.arkivmelding.dialects import FIKS, part, wrapped
from tests.arkivmelding.documents_for_schema import SCHEMAS
from tests.arkivmelding.test_mending import own_text, paths

KIT = Kit(SCHEMAS)
TODAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
OPEN_CONTENT = "virksomhetsspesifikkeMetadata"
FOLDER = "/arkivmelding/mappe"


def converted(xml: bytes, handling: Handling = Handling.LENIENT, **fill: str) -> Inspection:
    """The document as it becomes, with what holds for every conversion checked."""
    found = inspect(xml, KIT, today=TODAY, wanted=Wanted(handling, Supplied(AT, fill)))
    if found.converted:
        assert found.valid or not found.acceptable
        assert_accounted(etree.fromstring(xml), etree.fromstring(found.document.xml), found.changes)
    return found


# --- the account -------------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """What the lists say, crossed off as it is found."""

    posted: Mapping[etree._Element, str]
    outgoing: Mapping[etree._Element, str]
    mended: dict[tuple[Mend, str], Mended]
    lost: Counter[tuple[str, str]]
    filled: dict[str, str]
    missing: list[tuple[str, str]] = field(default_factory=list)

    def one(self, what: Mend, path: str) -> Mended | None:
        """The mend of that kind at that path of the posted document."""
        return self.mended.pop((what, path), None)

    def lose(self, path: str, text: str) -> None:
        """Cross something off that was lost; what is not listed is missing in the account."""
        if self.lost[path, text]:
            self.lost[path, text] -= 1
        elif text:
            self.missing.append((path, text))


def assert_accounted(posted: etree._Element, outgoing: etree._Element, changes: Changes) -> None:
    """Every text, attribute and comment of the posted tree is in its place in the outgoing one, or listed; and back."""
    account = Account(
        paths(posted),
        paths(outgoing),
        {(each.what, each.path): each for each in changes.mended},
        Counter((each.path, each.value) for each in changes.lost),
        {each.path: each.value for each in changes.filled},
    )
    assert len(account.mended) == len(changes.mended)
    for beside in (*posted.itersiblings(), *posted.itersiblings(preceding=True)):
        account.lose("/comment()", (beside.text or "").strip())
    _compare(posted, outgoing, account)
    assert account.missing == [], f"posted, and neither taken nor listed: {account.missing}"
    assert not account.mended, f"listed as mended, and not so: {account.mended}"
    assert not +account.lost, f"listed as lost, and not posted: {account.lost}"
    assert not account.filled, f"listed as filled in, and not going out: {account.filled}"


def _compare(source: etree._Element, target: etree._Element, account: Account) -> None:
    path = account.posted[source]
    renamed = account.one(Mend.NAME, path)
    name = etree.QName(source).localname
    assert renamed is None or renamed.before == name
    _note_around(source, path, account=account)
    moved = account.one(Mend.PLACE, path)
    assert moved is None or (moved.before, moved.after) == (path, account.outgoing[target])
    expected = renamed.after if renamed else target.tag.rpartition("}")[2] if moved else name
    assert target.tag == f"{{{NAMESPACE}}}{expected}"
    if is_leaf(target):
        _compare_values(source, target, account)
        return
    assert _type(source) == _type(target)
    assert not own_text(target).strip()
    account.lose(f"{path}/text()", " ".join(own_text(source).split()))
    _compare_children(source, target, account)


def is_leaf(element: etree._Element) -> bool:
    """Whether no element stands in it."""
    return next(element.iterchildren("*"), None) is None


def _type(element: etree._Element) -> str:
    return (element.get(XSI_TYPE) or "").strip().rpartition(":")[2]


def _note_around(element: etree._Element, path: str, *, account: Account) -> None:
    """Attributes but those of xsi, and comments: nothing of these is carried over."""
    for name, value in element.attrib.items():
        if not str(name).startswith(f"{{{XSI}}}"):
            account.lose(f"{path}/@{etree.QName(str(name)).localname}", str(value))
    for each in element:
        if not isinstance(each.tag, str):
            account.lose(f"{path}/comment()", (each.text or "").strip())


def _compare_values(source: etree._Element, target: etree._Element, account: Account) -> None:
    path = account.posted[source]
    value = account.one(Mend.VALUE, path)
    if is_leaf(source):
        before = own_text(source)
    else:
        account.lose(f"{path}/text()", " ".join(own_text(source).split()))
        kept = list(_kept(source, account))
        before = " ".join(own_text(each).strip() for each in source.iterchildren("*") if own_text(each).strip())
        assert all(each in before for each in kept), path
        before = before if value else " ".join(kept)
    assert own_text(target).strip() == (value.after if value else before).strip(), path
    assert value is None or value.before == before, path


def _kept(source: etree._Element, account: Account) -> Iterator[str]:
    """The nested texts that are not listed as lost."""
    for each in source.iterdescendants("*"):
        _note_around(each, account.posted[each], account=account)
        path, text = account.posted[each], own_text(each).strip()
        loose = (f"{path}/text()", " ".join(text.split()))
        if account.lost[path, text]:
            account.lose(path, text)
        elif text and account.lost[loose]:
            account.lose(*loose)
        elif text:
            yield text


def _compare_children(source: etree._Element, target: etree._Element, account: Account) -> None:
    free: dict[str, list[etree._Element]] = defaultdict(list)
    for child in target.iterchildren("*"):
        free[etree.QName(child).localname].append(child)
    for child in _children(source, target, account):
        path = account.posted[child]
        if _is_lost(child, account):
            _lose_whole(child, account)
            continue
        renamed = account.mended.get((Mend.NAME, path))
        moved = account.mended.get((Mend.PLACE, path))
        name = renamed.after if renamed else "basisregistrering" if moved else etree.QName(child).localname
        if not free[name]:
            account.missing.append((path, "the element"))
        elif name == OPEN_CONTENT:
            assert _plain(free[name].pop(0)) == _plain(child), path
        else:
            _compare(child, free[name].pop(0), account)
    for made in (each for those in free.values() for each in those):
        assert account.filled.pop(account.outgoing[made], None) == own_text(made), account.outgoing[made]


def _children(source: etree._Element, target: etree._Element, account: Account) -> Iterator[etree._Element]:
    """The children, and those from elsewhere that the list says have moved in here."""
    moves = {path: one.after.rpartition("/")[0] for (what, path), one in account.mended.items() if what is Mend.PLACE}
    here = account.outgoing[target]
    yield from (each for each in source.iterchildren("*") if moves.get(account.posted[each], here) == here)
    beside = source.getparent()
    if beside is not None:
        yield from (each for each in beside.iterchildren("*") if moves.get(account.posted[each]) == here)


def _is_lost(element: etree._Element, account: Account) -> bool:
    """Whether every text in it is listed as lost."""
    ends = [each for each in element.iter("*") if is_leaf(each)]
    return all(account.lost[account.posted[each], own_text(each).strip()] for each in ends)


def _lose_whole(element: etree._Element, account: Account) -> None:
    for each in element.iter("*"):
        path = account.posted[each]
        _note_around(each, path, account=account)
        if is_leaf(each):
            account.lose(path, own_text(each).strip())
        else:
            account.lose(f"{path}/text()", " ".join(own_text(each).split()))


def _plain(element: etree._Element) -> list[object]:
    """Open content as a list, its own name and white space between elements apart."""
    nodes: list[object] = []
    for each in element.iter():
        text, tail = each.text or "", "" if each is element else each.tail or ""
        name = "" if each is element else str(each.tag)
        blank = isinstance(each.tag, str) and len(each) > 0
        nodes.append((name, text.strip() if blank else text, dict(each.attrib), tail.strip()))
    return nodes


# --- small documents ---------------------------------------------------------------------------------------------------

# What the small documents lack and nothing in them says.
NEEDED = {
    "administrativEnhet": "Postmottak",
    "saksansvarlig": "Kari N.",
    "saksstatus": "Under behandling",
    "journalposttype": "Utgående dokument",
    "journalstatus": "Ekspedert",
    "dokumenttype": "Brev",
    "dokumentstatus": "Dokumentet er ferdigstilt",
    "variantformat": "Arkivformat",
}
ENTRY = f"{FOLDER}/basisregistrering"
DOCUMENT = f"{ENTRY}/dokumentbeskrivelse"
OBJECT = f"{DOCUMENT}/dokumentobjekt"
MOMENT = "2026-11-20T10:15:00+01:00"
GUID = "0f4a1f6e-5a2b-4a53-9f4f-000000000001"
PART = part("Mottaker", "Fjordvik tilsyn")
CATALOGUE = FIKS.replace("arkivmelding/opprett", "metadatakatalog")
SECRET = (
    "<skjerming><tilgangsrestriksjon>Unntatt offentlighet</tilgangsrestriksjon>"
    "<skjermingshjemmel>offl. § 13</skjermingshjemmel><skjermingMetadata>tittel</skjermingMetadata></skjerming>"
)


def least(folder: str = "", entry: str = PART, document: str = "", *, objekt: str = "", root: str = "") -> bytes:
    """The least that can be converted from v1, with more in the root, the folder, the entry, the document, the file."""
    return f"""<arkivmelding xmlns="{NAMESPACE}" xmlns:xsi="{XSI}"><system>Fagsystem</system>{root}
      <mappe xsi:type="saksmappe"><tittel>Sak</tittel>{folder}
        <registrering xsi:type="journalpost"><tittel>Vedtak</tittel>{entry}
          <dokumentbeskrivelse><tittel>Vedtak</tittel>{document}
            <tilknyttetRegistreringSom>Hoveddokument</tilknyttetRegistreringSom>
            <dokumentobjekt>{objekt}<referanseDokumentfil>vedtak.pdf</referanseDokumentfil></dokumentobjekt>
          </dokumentbeskrivelse></registrering></mappe></arkivmelding>""".encode()


def least_fiks(folder: str = "", entry: str = PART, beside: str = "") -> bytes:
    """The same in Fiks Arkiv, where the entry stands beside its folder; `beside` is put behind that."""
    return (
        least(folder, entry)
        .decode()
        .replace(NAMESPACE, FIKS)
        .replace(">", f' xmlns:mk="{CATALOGUE}">', 1)
        .replace("<registrering", "</mappe><registrering")
        .replace("</mappe></arkivmelding>", f"{beside}</arkivmelding>")
        .encode()
    )


def code(name: str, letter: str = "", words: str = "") -> str:
    """A value as Fiks Arkiv writes it: a letter, and perhaps what that means."""
    letters = f"<mk:kode>{letter}</mk:kode>" if letter else ""
    return f"<{name}>{letters}{f'<mk:beskrivelse>{words}</mk:beskrivelse>' if words else ''}</{name}>"


def taken(xml: bytes, **fill: str) -> Inspection:
    """The converted document, which must be taken."""
    found = converted(xml, **(NEEDED | fill))
    assert found.acceptable, found.faults
    assert SCHEMAS.is_valid(etree.fromstring(found.document.xml), (Profile.HEAD,)), "what is sent is not valid"
    return found


def in_the_way(xml: bytes, **fill: str) -> list[str]:
    """Why a document cannot be converted; it is left as it was."""
    found = converted(xml, **(NEEDED | fill))
    assert not found.acceptable
    assert found.document is found.posted
    errors = [each for each in found.faults if each.severity is Severity.ERROR]
    assert {(each.rule, each.fault_class) for each in errors} == {("NOT_CONVERTED", FaultClass.UNSAFE)}
    assert all(each.mend and each.path for each in errors)
    return [each.message for each in errors]


def text_at(found: Inspection, path: str) -> str:
    """The text that goes out at that path."""
    root = etree.fromstring(found.document.xml)
    (element,) = (element for element, each in paths(root).items() if each == path)
    return own_text(element)


def filled_at(found: Inspection, path: str) -> tuple[str, str]:
    """What was filled in at that path, and from what."""
    (one,) = (each for each in found.changes.filled if each.path == path)
    assert text_at(found, path) == one.value
    return one.value, str(one.source)


# --- what is filled in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "given", "value", "source"),
    [
        ("/arkivmelding/tidspunkt", {}, "2026-11-20T12:30:00+00:00", "the time of the request"),
        ("/arkivmelding/antallFiler", {}, "1", "the number of files that the documents name"),
        (f"{FOLDER}/opprettetDato", {"root": f"<tidspunkt>{MOMENT}</tidspunkt>"}, MOMENT, "tidspunkt of the message"),
        (f"{FOLDER}/opprettetDato", {}, "2026-11-20T12:30:00+00:00", "the time of the request"),
        (f"{FOLDER}/opprettetAv", {}, "Fagsystem", "system of the message"),
        (f"{ENTRY}/opprettetDato", {"root": f"<tidspunkt>{MOMENT}</tidspunkt>"}, MOMENT, "tidspunkt of the message"),
        (f"{ENTRY}/opprettetAv", {"folder": "<opprettetAv>Kari</opprettetAv>"}, "Kari", "opprettetAv of the mappe"),
        (f"{ENTRY}/arkivertDato", {"root": f"<tidspunkt>{MOMENT}</tidspunkt>"}, MOMENT, "tidspunkt of the message"),
        (
            f"{ENTRY}/arkivertAv",
            {"entry": f"<opprettetAv>Ola</opprettetAv>{PART}"},
            "Ola",
            "opprettetAv of the basisregistrering",
        ),
        (f"{ENTRY}/arkivertAv", {}, "Fagsystem", "opprettetAv of the basisregistrering"),
        (
            f"{ENTRY}/journaldato",
            {"root": f"<tidspunkt>{MOMENT}</tidspunkt>"},
            "2026-11-20",
            "tidspunkt of the message",
        ),
        (f"{ENTRY}/journaldato", {}, "2026-11-20", "the time of the request"),
        (
            f"{ENTRY}/referanseForelderMappe",
            {"folder": f"<systemID>{GUID}</systemID>"},
            GUID,
            "systemID of the mappe that it stands in",
        ),
        (
            f"{FOLDER}/systemID",
            {"entry": f"<referanseForelderMappe>{GUID}</referanseForelderMappe>{PART}"},
            GUID,
            "referanseForelderMappe of the registrering",
        ),
        (
            f"{FOLDER}/saksdato",
            {"folder": f"<opprettetDato>{MOMENT}</opprettetDato>"},
            "2026-11-20",
            "opprettetDato of the mappe",
        ),
        (
            f"{DOCUMENT}/opprettetDato",
            {"entry": f"<opprettetDato>{MOMENT}</opprettetDato>{PART}"},
            MOMENT,
            "opprettetDato of the basisregistrering",
        ),
        (
            f"{DOCUMENT}/opprettetAv",
            {"entry": f"<opprettetAv>Ola</opprettetAv>{PART}"},
            "Ola",
            "opprettetAv of the basisregistrering",
        ),
        (
            f"{DOCUMENT}/tilknyttetDato",
            {"document": f"<opprettetDato>{MOMENT}</opprettetDato>"},
            MOMENT,
            "opprettetDato of the dokumentbeskrivelse",
        ),
        (
            f"{DOCUMENT}/tilknyttetAv",
            {"document": "<opprettetAv>Ida</opprettetAv>"},
            "Ida",
            "opprettetAv of the dokumentbeskrivelse",
        ),
        (f"{DOCUMENT}/dokumentnummer", {}, "1", "its place among the documents"),
        (f"{OBJECT}/versjonsnummer", {}, "1", "no file says which version it is, so there is one of each"),
        (
            f"{OBJECT}/opprettetDato",
            {"document": f"<opprettetDato>{MOMENT}</opprettetDato>"},
            MOMENT,
            "opprettetDato of the dokumentbeskrivelse",
        ),
        (
            f"{OBJECT}/opprettetAv",
            {"document": "<opprettetAv>Ida</opprettetAv>"},
            "Ida",
            "opprettetAv of the dokumentbeskrivelse",
        ),
        (
            f"{FOLDER}/klassifikasjon/tittel",
            {"folder": "<klasse><klassifikasjonssystem>K</klassifikasjonssystem><klasseID>21/4</klasseID></klasse>"},
            "21/4",
            "klasseID of the klassifikasjon",
        ),
        (f"{FOLDER}/saksansvarlig", {}, "Kari N.", "the request"),
        (f"{ENTRY}/journalposttype", {}, "Utgående dokument", "the request"),
    ],
)
def test_what_is_filled_in_and_from_what(path: str, given: dict[str, str], value: str, source: str) -> None:
    """Each row of the table: from the document where it says something, else from the message, else from the request."""
    assert filled_at(taken(least(**given)), path) == (value, source)


def test_the_request_goes_before_the_document() -> None:
    """Whoever asks says it better than the message as a whole."""
    found = taken(least(), opprettetAv="Kari N.", journaldato="2026-11-19", versjonsnummer="3")
    assert filled_at(found, f"{ENTRY}/opprettetAv") == ("Kari N.", "the request")
    assert filled_at(found, f"{ENTRY}/journaldato") == ("2026-11-19", "the request")
    assert filled_at(found, f"{OBJECT}/versjonsnummer") == ("3", "the request")


def test_what_the_document_says_is_not_filled_in() -> None:
    """Whatever the request says of it."""
    found = taken(least("<saksansvarlig>Ola</saksansvarlig>"), saksansvarlig="Kari N.")
    assert text_at(found, f"{FOLDER}/saksansvarlig") == "Ola"
    assert not [each for each in found.changes.filled if each.path.endswith("saksansvarlig")]


def test_identifiers_are_made_of_the_content() -> None:
    """Different for each element and each document, the same every time."""
    first, again, other = (taken(xml) for xml in (least(), least(), least("<beskrivelse>B</beskrivelse>")))
    made = [each.value for each in first.changes.filled if each.source.startswith("the content")]
    assert [each.path for each in first.changes.filled if each.value in made[:1]] == ["/arkivmelding/meldingId"]
    assert len(set(made)) == len(made) == 4
    assert first.document.xml == again.document.xml
    assert not set(made) & {each.value for each in other.changes.filled}


def test_documents_are_numbered_by_their_place() -> None:
    """From 1, beside those that have a number."""
    role = "<tilknyttetRegistreringSom>Vedlegg</tilknyttetRegistreringSom>"
    second = f"<dokumentbeskrivelse><tittel>B</tittel>{role}</dokumentbeskrivelse>"
    found = taken(least(entry=second + PART, document=""))
    assert [text_at(found, f"{DOCUMENT}[{number}]/dokumentnummer") for number in (1, 2)] == ["1", "2"]


def test_a_version_is_not_guessed_beside_another() -> None:
    """Where one file says which version it is, a second one may be any."""
    more = "<dokumentobjekt><versjonsnummer>1</versjonsnummer><referanseDokumentfil>b.pdf</referanseDokumentfil></dokumentobjekt>"
    assert any("versjonsnummer" in each for each in in_the_way(least(document=more)))


def test_a_request_may_not_say_who_gets_what() -> None:
    """Parts, files, roles and grounds come from the document alone; everything else of the table may be given."""
    names = {"korrespondanseparttype", "korrespondansepartNavn", "referanseDokumentfil", "tilknyttetRegistreringSom"}
    secret = {"tilgangsrestriksjon", "skjermingshjemmel", "gradering", "grad"}
    assert not MAY_BE_SUPPLIED & (names | secret | {"systemID", "meldingId", "tittel", "offentligTittel"})


@pytest.mark.parametrize(
    ("name", "given"),
    [("journaldato", "20.11.2026"), ("saksstatus", "Åpen"), ("opprettetDato", "i dag"), ("versjonsnummer", "to")],
)
def test_what_is_given_must_fit(name: str, given: str) -> None:
    """A value that the schema refuses stands in the way, by its name and as it was given."""
    assert f"“{given}”, given with the request, cannot be written as {name}" in in_the_way(least(), **{name: given})


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("<saksdato>20.11.2026</saksdato>", "saksdato"),
        ("<opprettetDato>20.11.2026</opprettetDato>", "opprettetDato"),
        ("<saksstatus>Åpen</saksstatus>", "saksstatus"),
    ],
)
def test_a_value_that_is_none_is_not_replaced_by_a_guess(folder: str, name: str) -> None:
    """What somebody has said is not thrown away for what the message says; only the request may say otherwise."""
    without = {key: value for key, value in NEEDED.items() if key != name}
    found = converted(least(folder), **without)
    assert not found.acceptable
    assert any(f"cannot be written as {name}" in each.message for each in found.faults)


def test_a_journal_date_that_is_none_is_refused() -> None:
    """«20.11.2026» is not filled with today's date."""
    (message,) = in_the_way(least(entry=f"<journaldato>20.11.2026</journaldato>{PART}"))
    assert message == "“20.11.2026” cannot be written as journaldato, and nothing else says what it should be"


def test_the_request_may_say_what_was_meant() -> None:
    """What stood there is listed as lost."""
    found = taken(least(entry=f"<journaldato>20.11.2026</journaldato>{PART}"), journaldato="2026-11-20")
    assert filled_at(found, f"{ENTRY}/journaldato") == ("2026-11-20", "the request")
    assert ("20.11.2026", "it cannot be written as journaldato") in [
        (each.value, each.reason) for each in found.changes.lost
    ]


@pytest.mark.parametrize("never", ["0001-01-01", "0001-01-01T00:00:00", "", " "])
def test_a_date_that_nobody_set_is_filled_in(never: str) -> None:
    """Systems write the year 1 for it; it says nothing, and is listed as lost."""
    found = taken(least(entry=f"<journaldato>{never}</journaldato>{PART}"))
    assert filled_at(found, f"{ENTRY}/journaldato") == ("2026-11-20", "the time of the request")
    assert [each.value for each in found.changes.lost] == [never.strip()]


def test_a_message_time_that_nobody_set_is_not_used() -> None:
    """Nor handed down to what was made with the message."""
    found = taken(least(root="<tidspunkt>0001-01-01T00:00:00</tidspunkt>"))
    assert filled_at(found, "/arkivmelding/tidspunkt")[1] == "the time of the request"
    assert filled_at(found, f"{FOLDER}/opprettetDato")[0] == "2026-11-20T12:30:00+00:00"


def test_a_folder_that_the_entries_disagree_on_is_not_named_by_them() -> None:
    """Two references, two folders: a fresh identifier, and the stranger stands in the way in Fiks Arkiv."""
    assert in_the_way(
        least_fiks(
            f"<systemID>{GUID}</systemID>", f"<referanseForelderMappe>{GUID[:-1]}2</referanseForelderMappe>{PART}"
        )
    ) == ["the registrering belongs to another mappe than the one in this message"]


# --- names, codes, nested values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "name", "expected"),
    [
        (
            ("mappe",),
            "ReferanseForeldermappe",
            ("ReferanseForeldermappe", "referanseForeldermappe", "referanseForelderMappe"),
        ),
        (
            ("saksmappe", "mappe"),
            "ReferanseForeldermappe",
            ("ReferanseForeldermappe", "referanseForeldermappe", "referanseForelderMappe"),
        ),
        (
            ("klassifikasjon",),
            "referanseKlassifikasjonssystem",
            ("referanseKlassifikasjonssystem", "klassifikasjonssystem", "klassifikasjonssystemID"),
        ),
        (("mappe",), "basisregistrering", ("basisregistrering", "registrering")),
        (("mappe",), "klassifikasjon", ("klassifikasjon", "klasse")),
        (("saksmappe", "mappe"), "sakspart", ("sakspart", "part")),
        (("sakspart",), "sakspartID", ("sakspartID", "partID")),
        (("sakspart",), "sakspartNavn", ("sakspartNavn", "partNavn")),
        (("sakspart",), "sakspartRolle", ("sakspartRolle", "partRolle")),
        (("mappe",), "referanseArkivdel", ("referanseArkivdel", "arkivdel")),
        (("korrespondansepart",), "land", ("land", "landkode")),
        (("skjerming",), "skjermingOpphoererDato", ("skjermingOpphoererDato", "skjermingOpphoerer")),
        (("gradering",), "gradering", ("gradering", "grad")),
        (("mappe",), "gradering", ("gradering",)),
        (("journalpost", "basisregistrering", "registrering"), "referanseForelderMappe", ("referanseForelderMappe",)),
        (("mappe",), "tittel", ("tittel",)),
    ],
)
def test_each_name_in_the_other_dialects(types: tuple[str, ...], name: str, expected: tuple[str, ...]) -> None:
    """Its own name first; what is not in the table has no other."""
    assert names_of(name, types) == expected


def test_the_tables_of_names_hold_these() -> None:
    """Identifiers, what may be left out as a whole, and what of a shielding may be lost."""
    assert set(IDENTIFIERS) == {
        "organisasjonsnummer", "foedselsnummer", "DNummer", "organisasjonid", "personid",
        "organisasjonID", "personID", "korrespondansepartID",
    }  # fmt: skip
    optional = {"klassifikasjon", "sakspart", "merknad", "kryssreferanse", "presedens", "avskrivning", "dokumentflyt"}
    assert optional == MAY_BE_LEFT_OUT
    assert set(HARMLESS) == {"skjermingOpphoererAksjon"}


@pytest.mark.parametrize(
    ("folder", "written", "name", "path"),
    [
        (
            f"<referanseForelderMappe>{GUID}</referanseForelderMappe>",
            "referanseForelderMappe",
            "ReferanseForeldermappe",
            f"{FOLDER}/ReferanseForeldermappe",
        ),
        ("<arkivdel>A</arkivdel>", "arkivdel", "referanseArkivdel", f"{FOLDER}/referanseArkivdel"),
        (
            "<part><partNavn>N</partNavn><partRolle>R</partRolle></part>",
            "partNavn",
            "sakspartNavn",
            f"{FOLDER}/sakspart/sakspartNavn",
        ),
        (
            "<part><partID>7</partID><partNavn>N</partNavn><partRolle>R</partRolle></part>",
            "partID",
            "sakspartID",
            f"{FOLDER}/sakspart/sakspartID",
        ),
        (
            "<klasse><klassifikasjonssystem>S</klassifikasjonssystem><klasseID>1</klasseID><tittel>T</tittel></klasse>",
            "klassifikasjonssystem",
            "referanseKlassifikasjonssystem",
            f"{FOLDER}/klassifikasjon/referanseKlassifikasjonssystem",
        ),
        (
            "<part><partNavn>N</partNavn><partRolle>R</partRolle><landkode>NO</landkode></part>",
            "landkode",
            "land",
            f"{FOLDER}/sakspart/land",
        ),
    ],
)
def test_another_name_is_listed_as_mended(folder: str, written: str, name: str, path: str) -> None:
    """The value goes to its new name, and the list says so."""
    found = taken(least(folder))
    assert (written, name) in [(each.before, each.after) for each in found.changes.mended if each.what is Mend.NAME]
    assert text_at(found, path)


def test_two_names_for_one_thing_are_not_mixed() -> None:
    """Where both stand, the target's own counts, and the other is listed as lost."""
    found = taken(
        least(
            "<sakspart><sakspartNavn>A</sakspartNavn><sakspartRolle>R</sakspartRolle></sakspart><part><partNavn>B</partNavn></part>"
        )
    )
    assert text_at(found, f"{FOLDER}/sakspart/sakspartNavn") == "A"
    assert [each.value for each in found.changes.lost] == ["B"]


@pytest.mark.parametrize(
    ("name", "letter", "words", "expected"),
    [
        ("saksstatus", "B", "", "Under behandling"),
        ("saksstatus", "B", "Under behandling", "Under behandling"),
        ("saksstatus", "X", "under behandling", "Under behandling"),
        ("saksstatus", "B", "Åpen", "Under behandling"),
        ("administrativEnhet", "PLAN", "Plan og miljø", "Plan og miljø"),
        ("administrativEnhet", "PLAN", "", "PLAN"),
    ],
)
def test_a_code_is_what_its_letter_or_its_words_say(name: str, letter: str, words: str, expected: str) -> None:
    """Of a label either is enough; of a text the words."""
    found = taken(least_fiks(code(name, letter, words)))
    assert text_at(found, f"{FOLDER}/{name}") == expected
    assert not [each for each in found.changes.lost if each.path.startswith(f"{FOLDER}/{name}")]


@pytest.mark.parametrize(("letter", "words"), [("B", "Avsluttet"), ("Q", "Åpen"), ("R", ""), ("", "Åpen")])
def test_a_code_that_disagrees_or_means_nothing_is_no_value(letter: str, words: str) -> None:
    """Neither of the two is taken; the request may say what was meant."""
    xml = least_fiks(code("saksstatus", letter, words))
    needed = {name: value for name, value in NEEDED.items() if name != "saksstatus"}
    assert not converted(xml, **needed).acceptable
    assert filled_at(taken(xml), f"{FOLDER}/saksstatus") == ("Under behandling", "the request")


def test_f_of_journalstatus_means_something_in_fiks_arkiv_alone() -> None:
    """In v1 it is no label, and R is one nowhere."""
    found = taken(least_fiks(entry=code("journalstatus", "F") + PART))
    assert text_at(found, f"{ENTRY}/journalstatus") == "Ferdigstilt fra saksbehandler"
    needed = {name: value for name, value in NEEDED.items() if name != "journalstatus"}
    assert not converted(least(entry=f"<journalstatus>F</journalstatus>{PART}"), **needed).acceptable
    assert not converted(least_fiks(entry=code("journalstatus", "R") + PART), **needed).acceptable


def test_two_letters_for_who_gets_it_are_refused() -> None:
    """Nobody can know which of them counts."""
    letters = code("korrespondanseparttype", "EM").replace("</mk:kode>", "</mk:kode><mk:kode>IM</mk:kode>")
    name = "<korrespondansepartNavn>Fjordvik</korrespondansepartNavn>"
    assert in_the_way(least_fiks(entry=f"<korrespondansepart>{letters}{name}</korrespondansepart>"))


def test_a_nested_name_is_the_value_and_the_rest_is_lost() -> None:
    """A name before an identifier or initials; every other text is listed."""
    others = "<mk:initialer>KN</mk:initialer><mk:navn>Kari</mk:navn><mk:epostadresse>k@x.no</mk:epostadresse>"
    nested = f"<saksansvarlig>{others}</saksansvarlig>"
    found = taken(least_fiks(nested))
    assert text_at(found, f"{FOLDER}/saksansvarlig") == "Kari"
    assert {each.value for each in found.changes.lost} == {"KN", "k@x.no"}


def test_a_reference_is_its_identifier() -> None:
    """Of all that Fiks Arkiv may write of a folder, the systemID."""
    reference = f"<mk:systemID>{GUID}</mk:systemID><mk:mappeID>7</mk:mappeID>"
    found = taken(least_fiks(f"<kryssreferanse><referanseTilMappe>{reference}</referanseTilMappe></kryssreferanse>"))
    assert text_at(found, f"{FOLDER}/kryssreferanse/referanseTilMappe") == GUID
    assert [each.value for each in found.changes.lost] == ["7"]


# --- what is lost, and what stands in the way --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ({"folder": "<!-- se notat -->"}, f"{FOLDER}/comment()", "se notat"),
        ({"folder": "<?merk her?>"}, f"{FOLDER}/comment()", "her"),
        ({"folder": "<beskrivelse>B<!-- nei --></beskrivelse>"}, f"{FOLDER}/beskrivelse/comment()", "nei"),
        ({"folder": "<ukjent>a<!-- b --></ukjent>"}, f"{FOLDER}/ukjent/comment()", "b"),
        ({"folder": "<ukjent>tekst<a>b</a></ukjent>"}, f"{FOLDER}/ukjent/text()", "tekst"),
        ({"folder": '<beskrivelse merke="7">B</beskrivelse>'}, f"{FOLDER}/beskrivelse/@merke", "7"),
        ({"folder": '<ukjent><a merke="7"/></ukjent>'}, f"{FOLDER}/ukjent/a/@merke", "7"),
        ({"folder": "husk  dette"}, f"{FOLDER}/text()", "husk dette"),
        (
            {"objekt": "<format>PDF</format>"},
            "/arkivmelding/mappe/registrering/dokumentbeskrivelse/dokumentobjekt/format",
            "PDF",
        ),
    ],
)
def test_what_has_no_place_is_listed(more: dict[str, str], path: str, value: str) -> None:
    """Comments, instructions, attributes, loose text, elements: each under the path that it had."""
    assert (path, value) in [(each.path, each.value) for each in taken(least(**more)).changes.lost]


def test_what_stands_beside_the_root_is_listed() -> None:
    """In the order of the document."""
    xml = b"<!-- en --><?to tre?>" + least() + b"<!-- fire -->"
    assert [each.value for each in taken(xml).changes.lost] == ["en", "tre", "fire"]


@pytest.mark.parametrize(
    "identifier",
    [
        *(f"<{name}>311000055</{name}>" for name in sorted(IDENTIFIERS)),
        wrapped("organisasjonsnummer", "311000055"),
        "<organisasjonID><identifikator>311000055</identifikator></organisasjonID>",
    ],
)
def test_an_identifier_is_used_for_addressing_and_gone(identifier: str) -> None:
    """It is listed with the reason, and stands nowhere in what goes out."""
    found = taken(least(entry=part("Mottaker", "Fjordvik tilsyn", identifier)))
    assert b"311000055" not in found.document.xml
    (lost,) = (each for each in found.changes.lost if each.value == "311000055")
    assert lost.reason == "used for addressing, and nobody else's business" or lost.path.endswith("identifikator")


def test_the_facts_keep_the_identifiers() -> None:
    """For addressing: each part the one that the posted document gave it."""
    parts = part("Mottaker", "A", wrapped("organisasjonsnummer", "311000020")) + part("Kopimottaker", "B")
    entry = taken(least(entry=parts)).facts.journalpost
    assert entry is not None
    assert [(each.index, each.name, each.identifiers) for each in entry.parts] == [
        (1, "A", ("311000020",)),
        (2, "B", ()),
    ]


@pytest.mark.parametrize(
    ("folder", "lost"),
    [
        ("<klasse><tittel>T</tittel></klasse>", "T"),
        ("<part><partNavn>N</partNavn></part>", "N"),
        ("<merknad><merknadstekst>M</merknadstekst></merknad>", "M"),
        ("<presedens><tittel>P</tittel></presedens>", "P"),
    ],
)
def test_what_cannot_be_completed_is_left_out_as_a_whole(folder: str, lost: str) -> None:
    """Where it may be left out; the reason says what it lacks."""
    found = taken(least(folder))
    (one,) = found.changes.lost
    assert one.value == lost
    assert one.reason.startswith("it cannot be completed: ")
    assert not [each for each in found.changes.filled if "/klassifikasjon" in each.path or "/merknad" in each.path]


def test_what_is_completed_is_kept() -> None:
    """With what the request gives."""
    found = taken(least("<part><partNavn>N</partNavn></part>"), sakspartRolle="Part")
    assert filled_at(found, f"{FOLDER}/sakspart/sakspartRolle") == ("Part", "the request")


@pytest.mark.parametrize(
    "entry",
    [
        f"<merknad><merknadstekst>M</merknadstekst>{PART}</merknad>{PART}",
        f"<dokumentetsDato>{PART}</dokumentetsDato>{PART}",
        f"<ukjent>{PART}</ukjent>{PART}",
        f"<merknad><merknadstekst>M</merknadstekst><dokumentobjekt/></merknad>{PART}",
    ],
)
def test_a_part_or_a_document_in_what_is_left_out_stands_in_the_way(entry: str) -> None:
    """Whoever was meant to get it would not."""
    assert in_the_way(least(entry=entry))


@pytest.mark.parametrize("shielded", ["ja", "", "sant"])
def test_a_party_that_may_be_shielded_is_refused(shielded: str) -> None:
    """What is neither true nor false says something of secrecy that nobody understands."""
    party = f"<part><partNavn>N</partNavn><partRolle>R</partRolle><erSkjermet>{shielded}</erSkjermet></part>"
    assert not converted(least_fiks(party), **NEEDED).acceptable


@pytest.mark.parametrize("shielded", ["true", "1"])
def test_a_shielded_party_or_note_is_left_out(shielded: str) -> None:
    """In Fiks Arkiv it says so itself, which the target cannot say: better left out than shown."""
    party = f"<part><partNavn>N</partNavn><partRolle>R</partRolle><erSkjermet>{shielded}</erSkjermet></part>"
    made = f"<merknadsdato>{MOMENT}</merknadsdato><merknadRegistrertAv>K</merknadRegistrertAv>"
    note = f"<merknad><merknadstekst>M</merknadstekst>{made}<erSkjermet>{shielded}</erSkjermet></merknad>"
    found = taken(least_fiks(party + note))
    assert {"N", "R", "M", "K"} <= {each.value for each in found.changes.lost}
    reasons = {each.reason for each in found.changes.lost if each.value in "NM"}
    assert reasons == {"it is shielded, and the eFormidling arkivmelding cannot say so"}


@pytest.mark.parametrize("shielded", ["false", "0"])
def test_a_party_that_is_not_shielded_is_kept(shielded: str) -> None:
    """That it says so is listed."""
    party = f"<part><partNavn>N</partNavn><partRolle>R</partRolle><erSkjermet>{shielded}</erSkjermet></part>"
    found = taken(least_fiks(party))
    assert text_at(found, f"{FOLDER}/sakspart/sakspartNavn") == "N"
    assert [each.value for each in found.changes.lost] == [shielded]


def test_a_shielded_recipient_stands_in_the_way() -> None:
    """A korrespondansepart may not be left out."""
    shielded = PART.replace("</korrespondansepart>", "<erSkjermet>true</erSkjermet></korrespondansepart>")
    assert in_the_way(least_fiks(entry=shielded)) == [
        "the eFormidling arkivmelding has no place for erSkjermet, and it must not be lost"
    ]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (
            least("<saksdato>2026-11-20</saksdato><saksdato>2026-11-21</saksdato>"),
            "saksdato stands more than once, and only one can be kept",
        ),
        (least(entry=f"<tittel>To</tittel>{PART}"), "tittel stands more than once, and only one can be kept"),
        (least(SECRET * 2), "skjerming stands more than once, and only one can be kept"),
        (
            least(objekt="<referanseDokumentfil>b.pdf</referanseDokumentfil>"),
            "referanseDokumentfil stands more than once, and only one can be kept",
        ),
    ],
    ids=["date", "title", "skjerming", "file"],
)
def test_two_of_what_may_be_one(xml: bytes, message: str) -> None:
    """Nobody can know which of them is meant."""
    assert in_the_way(xml) == [message]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (
            least().replace(b"<tittel>Sak</tittel>", b""),
            "tittel is missing in mappe, and nothing says what it should be",
        ),
        (
            least().replace(b'"journalpost"', b'"moeteregistrering"'),
            "registrering is a moeteregistrering, and no receiver of eFormidling reads one",
        ),
        (
            least(SECRET.replace("tilgangsrestriksjon", "Tilgangsrestriksjon")),
            "the eFormidling arkivmelding has no place for Tilgangsrestriksjon, and it must not be lost",
        ),
        (
            least(SECRET.replace("</skjerming>", "<skjermingsvarighet>lenge</skjermingsvarighet></skjerming>")),
            "skjermingsvarighet speaks of secrecy and cannot be written in the eFormidling arkivmelding",
        ),
        (
            least(SECRET.replace("<skjerming>", "<skjerming>obs")),
            "text stands between the elements of skjerming, beside what is secret",
        ),
        (least(f"obs{SECRET}"), "text stands between the elements of mappe, beside what is secret"),
        (
            least(SECRET.replace("<skjerming>", '<skjerming merke="1">')),
            "the eFormidling arkivmelding has no place for skjerming, and it must not be lost",
        ),
        (
            least().replace(b' xsi:type="saksmappe"', b""),
            "the message holds no saksmappe, and receivers of eFormidling read nothing without one",
        ),
        (
            least(f"<merknad><merknadstekst>M</merknadstekst>{SECRET}</merknad>"),
            "the eFormidling arkivmelding has no place for skjerming, and it must not be lost",
        ),
        (
            least(entry=f"{PART}<registrering/>"),
            "the eFormidling arkivmelding has no place for registrering, and it must not be lost",
        ),
    ],
    ids=["missing", "type", "name", "value", "text", "beside", "attribute", "no-folder", "elsewhere", "entry"],
)
def test_each_thing_that_stands_in_the_way(xml: bytes, message: str) -> None:
    """In words that say what it is; the document stays as it was posted."""
    assert message in in_the_way(xml)


def test_how_to_give_what_is_missing() -> None:
    """Named with the option where a request may give it, and with the fagsystem where not."""
    needed = {name: value for name, value in NEEDED.items() if name != "saksansvarlig"}
    (fault,) = converted(least(), **needed).faults
    assert '"fill": {"saksansvarlig": "…"}' in fault.mend
    found = converted(least().replace(b"<referanseDokumentfil>vedtak.pdf</referanseDokumentfil>", b""), **NEEDED)
    assert [each.mend for each in found.faults] == ["Let the fagsystem export it."]


def test_what_must_not_be_lost_is_told_by_what_it_is() -> None:
    """Of secrecy, where the fagsystem could say it instead; of anything else, where it could stand."""
    secret = converted(least(f"<merknad>{SECRET}</merknad>"), **NEEDED).faults[0]
    assert secret.mend.startswith("Its secrecy would be lost. Let the fagsystem say it in skjerming of the journalpost")
    assert secret.path == f"{FOLDER}/merknad/skjerming"
    entry = converted(least(entry=f"{PART}<registrering/>"), **NEEDED).faults[0]
    assert entry.mend == "Put it into the saksmappe, or leave it out."


def test_a_conversion_that_loses_secrecy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever went wrong on the way: what goes out is never less secret than what was posted."""
    open_document = convert(read(least()), model=SCHEMAS.model(Profile.HEAD), supplied=Supplied(AT, NEEDED))
    monkeypatch.setattr(completion, "convert", lambda *_, **__: open_document)
    found = inspect(least(SECRET), KIT, today=TODAY, wanted=Wanted(Handling.LENIENT, Supplied(AT, NEEDED)))
    assert [each.message for each in found.faults] == [
        "the converted document would be less secret than the posted one"
    ]
    assert (found.acceptable, found.shielding.outcome) == (False, Outcome.CONFIDENTIAL)


@pytest.mark.parametrize("beside", [b"<registrering xsi:type='journalpost'><tittel>To</tittel></registrering>"])
@pytest.mark.parametrize("before", [True, False])
def test_an_entry_is_never_lost(beside: bytes, *, before: bool) -> None:
    """Wherever it stands beside the folder: two of them are two, and no receiver reads the second."""
    xml = least_fiks()
    xml = (
        xml.replace(b"<mappe", beside + b"<mappe")
        if before
        else xml.replace(b"</arkivmelding>", beside + b"</arkivmelding>")
    )
    assert not converted(xml, **NEEDED).acceptable


def test_an_entry_before_its_folder_is_taken_into_it() -> None:
    """As one behind it is: the order of the two says nothing."""
    text = least_fiks().decode()
    start, end = text.index("<registrering"), text.index("</registrering>") + len("</registrering>")
    xml = (text[:start] + text[end:]).replace("<mappe", f"{text[start:end]}<mappe").encode()
    assert text_at(taken(xml), f"{ENTRY}/tittel") == "Vedtak"


# --- open content, addressing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inner",
    [
        "tekst",
        "<egetFelt>x</egetFelt>",
        "<mk:kode>x</mk:kode>",
        '<f:felt xmlns:f="urn:x" f:nr="1">en<f:del/>to</f:felt>',
        "<!-- notat -->",
    ],
)
@pytest.mark.parametrize("where", ["folder", "entry"])
def test_open_content_is_carried_over_as_it_is(inner: str, where: str) -> None:
    """In its own namespace, with its comments; the element around it is that of the target, also when it is read again."""
    content = f"<{OPEN_CONTENT}>{inner}</{OPEN_CONTENT}>"
    taken(least_fiks(content) if where == "folder" else least_fiks(entry=content + PART))


def test_a_type_that_open_content_names_keeps_its_prefix() -> None:
    """Though the prefix is declared far up, and nothing but a value uses it."""
    content = f'<{OPEN_CONTENT} xsi:type="xs:string">tekst</{OPEN_CONTENT}>'
    xml = least(content).replace(b"xmlns:xsi", b'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi', 1)
    assert text_at(taken(xml), f"{FOLDER}/{OPEN_CONTENT}") == "tekst"


def addressed(entry: str) -> etree._Element:
    """The converted document with the identifiers written into it, read again; it is valid."""
    found = taken(least(entry=entry))
    after = write_addressing(found.document, found.facts, model=SCHEMAS.model(Profile.HEAD))
    root = etree.fromstring(after.xml)
    assert SCHEMAS.is_valid(root, (Profile.HEAD,))
    return root


def test_addressing_names_each_recipient_by_index_and_name() -> None:
    """Those that have an identifier; the sender and internal parts are none."""
    root = addressed(
        part("Avsender", "Havnes", wrapped("organisasjonsnummer", "311000012"))
        + part("Mottaker", "Fjordvik &amp; Søn «tilsyn»", wrapped("organisasjonsnummer", "311000020"))
        + part("Kopimottaker", "Breidal")
        + part("Kopimottaker", "Lia", "<organisasjonid>311000047</organisasjonid>")
        + part("Intern mottaker", "Arkivet", "<organisasjonid>311000039</organisasjonid>")
    )
    assert given_in(root) == (Given(2, "Fjordvik & Søn «tilsyn»", "311000020"), Given(4, "Lia", "311000047"))


@pytest.mark.parametrize("more", ["", f"<{OPEN_CONTENT}><eget>x</eget></{OPEN_CONTENT}>", "<merknad/>"])
def test_addressing_stands_in_open_content_of_the_entry(more: str) -> None:
    """In the element that is there, or in a new one in its place."""
    (extension,) = adressering_elements(
        addressed(more + part("Mottaker", "A", wrapped("organisasjonsnummer", "311000020")))
    )
    homes = [etree.QName(each).localname for each in extension.iterancestors()]
    assert homes == [OPEN_CONTENT, "basisregistrering", "mappe", "arkivmelding"]


@pytest.mark.parametrize("entry", [PART, part("Avsender", "A", wrapped("organisasjonsnummer", "311000020"))])
def test_without_identifiers_of_recipients_nothing_is_written(entry: str) -> None:
    """The document stays what it is."""
    found = taken(least(entry=entry))
    assert write_addressing(found.document, found.facts, model=SCHEMAS.model(Profile.HEAD)) is found.document


def test_of_two_numbers_none_is_chosen() -> None:
    """A part with two different identifiers is in conflict; written as one, nobody would see that."""
    numbers = wrapped("organisasjonsnummer", "311000020") + wrapped("organisasjonsnummer", "311000047")
    assert given_in(addressed(part("Mottaker", "A", numbers))) == ()


def test_each_member_of_a_group_is_written() -> None:
    """A Gruppemottaker has as many identifiers as members."""
    numbers = wrapped("organisasjonsnummer", "311000020") + wrapped("organisasjonsnummer", "311000047")
    assert given_in(addressed(part("Gruppemottaker", "A", numbers))) == (
        Given(1, "A", "311000020"),
        Given(1, "A", "311000047"),
    )


# --- secrecy -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["folder", "entry", "document"])
def test_a_shielding_is_carried_over(where: str) -> None:
    """Word for word, wherever it stands; the converted document is as secret as the posted one."""
    more = {where: SECRET + (PART if where == "entry" else "")}
    found = taken(least(**more))
    assert found.shielding.outcome is Outcome.CONFIDENTIAL
    assert SECRET in re.sub(r">\s+<", "><", found.document.xml.decode())
    assert not [each for each in (*found.changes.mended, *found.changes.lost) if "skjerming" in each.path]


def test_of_a_coded_restriction_every_word_is_kept() -> None:
    """Whoever judges it sees all that was said."""
    ground = "<skjermingshjemmel>offl. § 13</skjermingshjemmel>"
    secret = f"<skjerming>{code('tilgangsrestriksjon', 'UO', 'Unntatt offentlighet')}{ground}</skjerming>"
    found = taken(least_fiks(entry=secret + PART), skjermingMetadata="tittel")
    assert text_at(found, f"{ENTRY}/skjerming/tilgangsrestriksjon") == "UO Unntatt offentlighet"


def test_when_a_shielding_ends_is_kept_and_what_then_is_lost() -> None:
    """The action afterwards makes nothing less secret."""
    end = f"<skjermingOpphoererDato>2031-01-01</skjermingOpphoererDato>{code('skjermingOpphoererAksjon', 'O')}</skjerming>"
    secret = f"<skjerming>{code('tilgangsrestriksjon', 'UO')}<skjermingshjemmel>offl. § 13</skjermingshjemmel>{end}"
    found = taken(least_fiks(entry=secret + PART), skjermingMetadata="tittel")
    assert text_at(found, f"{ENTRY}/skjerming/skjermingOpphoererDato") == "2031-01-01"
    assert [each.value for each in found.changes.lost] == ["O"]


@pytest.mark.parametrize("handling", list(Handling))
def test_a_grading_is_refused(handling: Handling) -> None:
    """In every dialect, before anything else."""
    graded = f"<gradering>{code('grad', 'B', 'Begrenset')}</gradering>"
    for xml in (least_fiks(entry=graded + PART), least(entry="<gradering><gradering>B</gradering></gradering>" + PART)):
        found = converted(xml, handling, **NEEDED)
        assert "CLASSIFIED" in {each.rule for each in found.faults if each.severity is Severity.ERROR}
        assert not found.changes


def test_strictly_a_fault_of_its_own_schema_is_in_the_way() -> None:
    """Leniently it is a warning: conversion takes, lists or refuses every node."""
    xml = least_fiks("<ukjent>x</ukjent>")
    assert not converted(xml, Handling.STRICT, **NEEDED).acceptable
    assert taken(xml).changes.lost


def test_nothing_is_converted_that_is_not_asked_for() -> None:
    """Without the wish, a document in another dialect is refused, and the answer says how to ask."""
    found = inspect(least(), KIT, today=TODAY, wanted=Wanted(Handling.LENIENT))
    (fault,) = found.faults
    assert (fault.rule, fault.fault_class, found.acceptable) == ("DIALECT_NOT_DELIVERABLE", FaultClass.UNSAFE, False)
    assert '{"convert": true}' in fault.mend


def test_the_work_grows_with_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with its square: of two thousand parties that are completed, each family of brothers is counted a few times."""
    counted = []
    remember = Paths._remember
    monkeypatch.setattr(Paths, "_remember", lambda self, those: (counted.append(len(those)), remember(self, those))[1])
    wanted = Wanted(Handling.LENIENT, Supplied(AT, NEEDED | {"sakspartRolle": "Part"}))
    found = inspect(least("<part><partNavn>N</partNavn></part>" * 2_000), KIT, today=TODAY, wanted=wanted)
    assert len(found.changes.filled) > 2_000
    assert sum(counted) < 100_000
