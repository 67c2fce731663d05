"""Mending: what is certainly meant is written as the schema wants it, every change is listed, and nothing else changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pytest
from lxml import etree

from gateway.arkivmelding.changes import Mend, Mended
from gateway.arkivmelding.mending import mend
from gateway.arkivmelding.reader import Document, read
from gateway.arkivmelding.schema import Profile
from tests.arkivmelding.documents_for_schema import SCHEMAS
from tests.documents import Doc, Message, Objekt, Part, gradering, skjerming

MODEL = SCHEMAS.model(Profile.HEAD)
FOLDER = "/arkivmelding/mappe"
ENTRY = f"{FOLDER}/basisregistrering"
DOCUMENT = f"{ENTRY}/dokumentbeskrivelse"
SECRET = skjerming("offl. § 13")


def changed(*changes: tuple[str, str], message: Message | None = None) -> bytes:
    """A valid document with every occurrence of each text replaced by another."""
    text = (message or Message()).xml().decode()
    for old, new in changes:
        assert old in text, f"{old} is not in the document"
        text = text.replace(old, new)
    return text.encode()


def mended(xml: bytes) -> tuple[Document, tuple[Mended, ...]]:
    """The mended document and what was mended, with what holds for every one checked."""
    document = read(xml)
    after, listed = mend(document, MODEL)
    assert_alike(etree.fromstring(after.xml), by_the_list(xml, listed))
    assert_alike(after.root, etree.fromstring(after.xml))
    assert (after is document) == (not listed)
    assert_places_are_posted(xml, listed)
    assert all(each.reason for each in listed)
    return after, listed


def only(xml: bytes) -> tuple[Mend, str, str, str]:
    """The one mend of a document that is valid afterwards."""
    after, (one,) = mended(xml)
    assert SCHEMAS.is_valid(after.root) is Profile.HEAD
    return one.what, one.path, one.before, one.after


def by_the_list(xml: bytes, listed: Iterable[Mended]) -> etree._Element:
    """What the outgoing tree must be, worked out of the posted bytes and the list alone."""
    root = etree.fromstring(xml)
    posted = paths(root)
    here = {path: element for element, path in posted.items()}
    moved: dict[etree._Element, list[tuple[int, etree._Element, Mended]]] = defaultdict(list)
    for each in listed:
        element = here[each.path]
        assert each.line == element.sourceline, each
        if each.what is Mend.NAME:
            _rename(element, each)
        elif each.what is Mend.VALUE:
            _rewrite(element, each)
        else:
            moved[parent_of(element)].append((_number(each.after), element, each))
    for parent, moves in moved.items():
        _move(parent, moves)
    outgoing = paths(root)
    for moves in moved.values():
        assert all(each.after == _position(element, outgoing) for _, element, each in moves)
    return root


def assert_places_are_posted(xml: bytes, listed: Iterable[Mended]) -> None:
    """Where something stood before it was moved is told as in the posted document, like the path."""
    posted = paths(etree.fromstring(xml))
    here = {path: element for element, path in posted.items()}
    for each in listed:
        if each.what is Mend.PLACE:
            assert each.before == _position(here[each.path], posted), each


def _rename(element: etree._Element, one: Mended) -> None:
    name = etree.QName(element)
    assert one.before == name.localname, one
    element.tag = etree.QName(name.namespace, one.after).text


def _rewrite(element: etree._Element, one: Mended) -> None:
    assert one.before == own_text(element), one
    element.text = one.after
    for comment in element:
        comment.tail = None


def _move(parent: etree._Element, moves: Sequence[tuple[int, etree._Element, Mended]]) -> None:
    """Those that stay keep their order; each of the others comes to the place that the list gives it."""
    going = {element for _, element, _ in moves}
    order = [each for each in parent.iterchildren("*") if each not in going]
    for number, element, _ in sorted(moves, key=lambda each: each[0]):
        order.insert(number - 1, element)
    notes = [each for each in parent if not isinstance(each.tag, str)]
    parent[:] = [*order, *notes]


def _number(place: str) -> int:
    """The number in `…/*[7]`."""
    return int(place.rpartition("/*[")[2].removesuffix("]"))


def _position(element: etree._Element, known: Mapping[etree._Element, str]) -> str:
    parent = parent_of(element)
    return f"{known[parent]}/*[{1 + list(parent.iterchildren('*')).index(element)}]"


def parent_of(element: etree._Element) -> etree._Element:
    """The element around it, of one that is not the root."""
    parent = element.getparent()
    assert parent is not None
    return parent


def paths(root: etree._Element) -> dict[etree._Element, str]:
    """Every element with its readable path: names only, numbered where brothers have the same name."""
    known = {root: f"/{etree.QName(root).localname}"}
    for parent in root.iter("*"):
        brothers: dict[str, list[etree._Element]] = defaultdict(list)
        for child in parent.iterchildren("*"):
            brothers[str(child.tag)].append(child)
        for same in brothers.values():
            for number, child in enumerate(same, start=1):
                index = f"[{number}]" if len(same) > 1 else ""
                known[child] = f"{known[parent]}/{etree.QName(child).localname}{index}"
    return known


def own_text(element: etree._Element) -> str:
    """The text of an element without that of its children; comments inside it are no text."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def assert_alike(actual: etree._Element, expected: etree._Element) -> None:
    """The same names, texts, attributes, order and comments, white space between elements apart."""
    assert _seen(actual) == _seen(expected), (actual.sourceline, actual.tag, _seen(actual), _seen(expected))
    around = [
        [(str(each.tag), each.text) for each in root.itersiblings(preceding=preceding)]
        for root in (actual, expected)
        for preceding in (True, False)
    ]
    assert around[:2] == around[2:] or actual.getparent() is not None
    for one, other in zip(actual.iterchildren("*"), expected.iterchildren("*"), strict=True):
        assert_alike(one, other)


def _seen(element: etree._Element) -> tuple[object, ...]:
    inner = list(element.iterchildren("*"))
    text = own_text(element)
    comments = [each.text for each in element if not isinstance(each.tag, str)]
    return (
        element.prefix,
        element.tag,
        dict(element.attrib),
        " ".join(text.split()) if inner else text,
        comments,
        [each.tag for each in inner],
    )


@pytest.mark.parametrize(
    ("written", "meant", "path"),
    [
        ("<saksstatus>under Behandling</saksstatus>", "Under behandling", f"{FOLDER}/saksstatus"),
        ("<saksstatus>B</saksstatus>", "Under behandling", f"{FOLDER}/saksstatus"),
        ("<saksstatus>\n  Under\u00a0behandling </saksstatus>", "Under behandling", f"{FOLDER}/saksstatus"),
        ("<journalstatus>EKSPEDERT</journalstatus>", "Ekspedert", f"{ENTRY}/journalstatus"),
        ("<journalposttype>U</journalposttype>", "Utgående dokument", f"{ENTRY}/journalposttype"),
        ("<journalposttype>Utga\u030aende dokument</journalposttype>", "Utgående dokument", f"{ENTRY}/journalposttype"),
        ("<journaldato>2026-11-20T10:00:00+01:00</journaldato>", "2026-11-20", f"{ENTRY}/journaldato"),
        ("<variantformat>arkivformat</variantformat>", "Arkivformat", f"{DOCUMENT}/dokumentobjekt/variantformat"),
        (
            "<referanseDokumentfil>\n  ved-\n  tak.pdf\n</referanseDokumentfil>",
            "ved- tak.pdf",
            f"{DOCUMENT}/dokumentobjekt/referanseDokumentfil",
        ),
        (
            "<referanseForelderMappe>\u00a00f4a1f6e-5a2b-4a53-9f4f-000000000001\n</referanseForelderMappe>",
            "0f4a1f6e-5a2b-4a53-9f4f-000000000001",
            f"{ENTRY}/referanseForelderMappe",
        ),
    ],
)
def test_a_value_is_written_as_the_schema_wants_it(written: str, meant: str, path: str) -> None:
    """Labels, their letters, days with a time, file names and GUIDs; listed with what stood there and what stands there."""
    start, end = written.partition(">")[0] + ">", "</" + written.rpartition("</")[2]
    valid = Message().xml().decode()
    right = start + valid.partition(start)[2].partition(end)[0] + end
    text = written.removeprefix(start).removesuffix(end)
    assert only(changed((right, written))) == (Mend.VALUE, path, text, meant)


@pytest.mark.parametrize(
    ("name", "written", "path"),
    [
        ("tittel", "Tittel", f"{FOLDER}/Tittel"),
        ("meldingId", "meldingsId", "/arkivmelding/meldingsId"),
        ("meldingId", "MELDINGID", "/arkivmelding/MELDINGID"),
        ("basisregistrering", "basisRegistrering", f"{FOLDER}/basisRegistrering"),
        ("mappe", "Mappe", "/arkivmelding/Mappe"),
        ("korrespondansepart", "KorrespondansePart", f"{ENTRY}/KorrespondansePart"),
    ],
)
def test_a_name_is_written_as_the_schema_wants_it(name: str, written: str, path: str) -> None:
    """In other case, or as a much copied template writes it; the attributes and what is inside stay."""
    text = Message().xml().decode()
    start = text.index(f"<{name}")
    end = text.index(f"</{name}>", start)
    damaged = f"{text[:start]}<{written}{text[start + len(name) + 1 : end]}</{written}>{text[end + len(name) + 3 :]}"
    assert only(damaged.encode()) == (Mend.NAME, path, written, name)


def test_a_child_is_moved_to_its_place() -> None:
    """Listed with the place where it stood and the place that it has come to."""
    date = "<saksdato>2026-11-20</saksdato>"
    xml = changed((date, ""), ("<tittel>Støtteordning", f"{date}<tittel>Støtteordning"))
    assert only(xml) == (Mend.PLACE, f"{FOLDER}/saksdato", f"{FOLDER}/*[2]", f"{FOLDER}/*[6]")


def test_several_children_are_moved_and_each_place_is_that_of_the_posted_document() -> None:
    """Where a child stood does not depend on which of its brothers was moved before it."""
    dates = "<saksdato>2026-11-20</saksdato>", "<saksansvarlig>Saksbehandler</saksansvarlig>"
    xml = changed(
        *((each, "") for each in dates), ("<tittel>Støtteordning", "".join(dates[::-1]) + "<tittel>Støtteordning")
    )
    _, listed = mended(xml)
    assert {(each.path, each.before, each.after) for each in listed} == {
        (f"{FOLDER}/saksansvarlig", f"{FOLDER}/*[2]", f"{FOLDER}/*[8]"),
        (f"{FOLDER}/saksdato", f"{FOLDER}/*[3]", f"{FOLDER}/*[6]"),
    }


def test_the_order_of_parts_stays() -> None:
    """A part that stands in the wrong place comes behind those that were before it: the index of each is the same."""
    parts = tuple(Part(name, None) for name in ("Fjordvik", "Breidal", "Lia"))
    text = Message(parts=parts).xml().decode()
    first = text.index("<korrespondansepart>")
    end = text.index("</korrespondansepart>") + len("</korrespondansepart>")
    part = text[first:end]
    early = (text[:first] + text[end:]).replace("<journalposttype>", f"{part}<journalposttype>")
    after, _ = mended(early.encode())
    assert [each.text for each in after.root.iter("{*}korrespondansepartNavn")] == ["Fjordvik", "Breidal", "Lia"]
    assert SCHEMAS.is_valid(after.root)


def test_one_element_may_be_wrong_in_three_ways() -> None:
    """Its name, its value and its place are listed, all under the path that it had in the posted document."""
    xml = changed(
        ("<saksstatus>Under behandling</saksstatus>", ""),
        ("<tittel>Støtteordning", "<SaksStatus>B</SaksStatus><tittel>Støtteordning"),
    )
    _, listed = mended(xml)
    assert {(each.what, each.path) for each in listed} == {(what, f"{FOLDER}/SaksStatus") for what in Mend}


@pytest.mark.parametrize(
    "inner",
    [
        ("dokumenttype>", "dokumentType>"),
        (">Hoveddokument<", ">hoveddokument<"),
        ("dokumentobjekt>", "DokumentObjekt>"),
        ("versjonsnummer>", "versjonsNummer>"),
    ],
    ids=["name", "value", "children", "deeper"],
)
def test_what_stands_in_a_renamed_element_is_mended_too(inner: tuple[str, str]) -> None:
    """The type of an element is known only once its own name is right."""
    after, listed = mended(changed(("dokumentbeskrivelse>", "Dokumentbeskrivelse>"), inner))
    assert SCHEMAS.is_valid(after.root)
    assert len(listed) == 2


def test_order_in_a_renamed_element_is_mended_too() -> None:
    """As everywhere."""
    kind = "<dokumenttype>Brev</dokumenttype>"
    xml = changed(
        (kind, ""), ("<tilknyttetAv>", f"{kind}<tilknyttetAv>"), ("dokumentbeskrivelse>", "Dokumentbeskrivelse>")
    )
    after, listed = mended(xml)
    assert SCHEMAS.is_valid(after.root)
    assert {each.what for each in listed} == {Mend.NAME, Mend.PLACE}


def test_a_comment_in_a_value_stays() -> None:
    """The text around it becomes one."""
    after, (one,) = mended(changed((">Ekspedert<", ">eksp<!-- sendt --><?merk her?>edert<")))
    assert (one.before, one.after) == ("ekspedert", "Ekspedert")
    assert b"<journalstatus>Ekspedert<!-- sendt --><?merk her?></journalstatus>" in after.xml


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<skjerming>", "<skjerming> "),
        ("skjermingshjemmel>", "Skjermingshjemmel>"),
        ("skjerming>", "Skjerming>"),
        (
            "<skjermingMetadata>",
            "<skjermingDokument>skjerming av hele dokumentet</skjermingDokument><skjermingMetadata>",
        ),
        ("</skjerming>", "<skjermingOpphoererDato>2031-01-01T00:00:00</skjermingOpphoererDato></skjerming>"),
        (SECRET, f"<gradering><Gradering>Begrenset (sikkerhetsgrad)</Gradering></gradering>{SECRET}"),
        (SECRET, f"<gradering><gradering>begrenset (sikkerhetsgrad)</gradering></gradering>{SECRET}"),
        (SECRET, f"{gradering('Begrenset (sikkerhetsgrad)')}{SECRET}"),
    ],
)
def test_nothing_in_secrecy_is_mended(old: str, new: str) -> None:
    """Neither names nor values nor order: not of a skjerming or gradering, and not of what is in it."""
    document = read(changed((old, new), message=Message(skjerming=SECRET)))
    assert mend(document, MODEL) == (document, ())


@pytest.mark.parametrize("name", ["basisregistrering", "mappe", "dokumentbeskrivelse"])
def test_an_element_around_secrecy_keeps_its_name(name: str) -> None:
    """Where a shielding stands decides what it shields."""
    message = Message(documents=(Doc(skjerming=SECRET),))
    text = message.xml().decode().replace(f"<{name}", f"<{name.upper()}").replace(f"</{name}", f"</{name.upper()}")
    document = read(text.encode())
    assert mend(document, MODEL) == (document, ())


def test_order_that_only_secrecy_makes_wrong_stays() -> None:
    """A child that stands wrong beside a skjerming, and right without it, is not moved."""
    reference = f"<referanseForelderMappe>{'0f4a1f6e-5a2b-4a53-9f4f-000000000001'}</referanseForelderMappe>"
    document = read(changed((f"{reference}{SECRET}", f"{SECRET}{reference}"), message=Message(skjerming=SECRET)))
    assert SCHEMAS.is_valid(document.root) is None
    assert mend(document, MODEL) == (document, ())


def test_open_content_is_the_senders_own() -> None:
    """Whatever stands in virksomhetsspesifikkeMetadata, and whatever is in another namespace, is left as it is."""
    own = "<Tittel>x</Tittel><journalstatus>ekspedert</journalstatus>"
    document = read(Message(metadata=own, entry_extra='<f:Journalaar xmlns:f="urn:x">a</f:Journalaar>').xml())
    assert mend(document, MODEL) == (document, ())


def test_what_nobody_can_know_stays() -> None:
    """An ambiguous letter, an unknown word, a name that is only nearly right, a text that is no GUID and no day."""
    xml = changed(
        (">Ekspedert<", ">F<"),
        (">Under behandling<", ">Åpen<"),
        ("administrativEnhet>", "administrativeEnhet>"),
        ("<journaldato>2026-11-20<", "<journaldato>20.11.2026<"),
        ("<systemID>0f4a1f6e-5a2b-4a53-9f4f-000000000002<", "<systemID>2<"),
    )
    document = read(xml)
    assert mend(document, MODEL) == (document, ())


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_every_encoding_comes_through(encoding: str) -> None:
    """What goes out is UTF-8, with prefixes, comments and instructions around the root as they were."""
    text = changed((">Ekspedert<", ">ekspedert<")).decode().partition("\n")[2]
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!-- å --><?a b?>{text}<!-- ø -->'.encode(encoding)
    after, _ = mended(xml)
    assert after.xml.decode("utf-8").startswith("<?xml version='1.0' encoding='UTF-8'?>")


def test_prefixes_stay() -> None:
    """A document that writes its names with a prefix is mended with that prefix."""
    text = changed((">Ekspedert<", ">ekspedert<"), ("administrativEnhet>", "AdministrativEnhet>")).decode()
    prefixed = text.replace("xmlns=", "xmlns:am=").replace("</", "</am:").replace('xsi:type="', 'xsi:type="am:')
    for name in {part.partition(">")[0].split()[0] for part in text.split("<")[1:] if part[0].isalpha()}:
        prefixed = prefixed.replace(f"<{name}>", f"<am:{name}>").replace(f"<{name} ", f"<am:{name} ")
    after, listed = mended(prefixed.replace("am:adr:", "adr:").encode())
    assert SCHEMAS.is_valid(after.root)
    assert {each.what for each in listed} == {Mend.NAME, Mend.VALUE}


def test_what_was_mended_comes_in_the_order_of_the_document() -> None:
    """By line, and in the posted document's own paths where there are several of one name."""
    documents = (Doc(), Doc((Objekt("kart.pdf"),), role="Vedlegg"))
    _, listed = mended(
        changed((">Vedlegg<", ">vedlegg<"), (">Ekspedert<", ">J<"), message=Message(documents=documents))
    )
    assert [each.path for each in listed] == [
        f"{DOCUMENT}[2]/tilknyttetRegistreringSom",
        f"{ENTRY}/journalstatus",
    ]
    assert [each.line for each in listed] == sorted(each.line for each in listed)
