"""Renderings: each recipient gets its own, and canonical XML differs from the posted one in exactly the listed nodes."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.arkivmelding.reader import Document, read
from gateway.arkivmelding.rendering import Hiding, Recipe, Rendering, redactions, render, survey
from gateway.arkivmelding.schema import Schemas
from gateway.message.prototype import Redaction
from tests.documents import DPF, DPO, DPV, SENDER, Doc, Message, Objekt, Part, merknad, sakspart
from tests.live import read_schemas

ENTRY = "/arkivmelding/mappe/basisregistrering"
META = f"{ENTRY}/virksomhetsspesifikkeMetadata"
PARTS = (Part("Havnes kommune", None, "Avsender"), Part(), Part("Breidal kommune", DPF), Part("Lia Snekkeri AS", DPV))
MESSAGE = Message(
    parts=PARTS,
    documents=(
        Doc((Objekt("vedtak.pdf"), Objekt("vedtak.docx", 1, "Produksjonsformat"))),
        Doc((Objekt("kart.pdf"),), title="Kart", role="Vedlegg"),
    ),
    merknad=merknad("Husk frist"),
    folder_extra=merknad("Om saken"),
    sakspart=sakspart("Den det gjelder", "311000047") + sakspart("Fjordvik", DPO) + sakspart("Ukjent"),
)
BOTH = frozenset({"vedtak.pdf", "kart.pdf"})


@cache
def schemas() -> Schemas:
    """The gateway's own, compiled once."""
    return Schemas(read_schemas())


def recipe(
    recipient: str = DPO, part: int = 2, files: frozenset[str] = BOTH, *, confidential: bool = False, **hiding: bool
) -> Recipe:
    """What one recipient gets."""
    return Recipe(recipient, part, files, confidential, Hiding(**hiding))


def canonical(root: etree._Element) -> bytes:
    """The whole document as C14N, what stands beside the root included."""
    return etree.tostring(root.getroottree(), method="c14n", with_comments=True)


def find(root: etree._Element, path: str) -> etree._Element:
    """The one element at a readable path."""
    steps = [re.fullmatch(r"([^\[]+)(?:\[(\d+)\])?", step) for step in path.strip("/").split("/")]
    xpath = "".join(f"/*[local-name()='{step[1]}'][{step[2] or 1}]" for step in steps if step)
    (element,) = root.xpath(xpath)
    return element


def without(document: Document, listed: tuple[Redaction, ...]) -> bytes:
    """The posted document less the listed nodes, canonical; every other character stays."""
    root = etree.fromstring(document.xml)
    for element in [find(root, each.path) for each in listed]:
        parent = element.getparent()
        assert parent is not None
        place = parent.index(element)
        behind = element.tail or ""
        if place:
            parent[place - 1].tail = (parent[place - 1].tail or "") + behind
        else:
            parent.text = (parent.text or "") + behind
        del parent[place]
    return canonical(root)


def rendered(message: Message, recipe_: Recipe) -> Rendering:
    """The rendering, with what holds for every one checked."""
    document = read(message.xml())
    before = canonical(document.root)
    rendering = render(document, recipe_)
    assert canonical(document.root) == before
    assert redactions(survey(document.root), recipe_) == rendering.redactions
    assert canonical(etree.fromstring(rendering.xml)) == without(document, rendering.redactions)
    assert (rendering.xml == document.xml) == (not rendering.redactions)
    lines = message.xml().decode().splitlines()
    for each in rendering.redactions:
        assert each.reason
        assert f"<{each.path.rpartition('/')[2].partition('[')[0]}" in lines[each.line - 1].replace("<adr:", "<")
    return rendering


def paths_of(rendering: Rendering) -> list[str]:
    """Where something was taken out."""
    return [each.path for each in rendering.redactions]


def test_where_nothing_is_taken_out_the_posted_bytes_go() -> None:
    """Byte for byte, with its byte order mark, its comments and its line ends."""
    xml = Message(parts=(Part(identifier=None),)).xml().replace(b"\n", b"\r\n")
    for posted in (xml, b"\xef\xbb\xbf" + xml, xml.replace(b"<system>", b"<!-- x --><system>")):
        assert render(read(posted), recipe(part=1)) == Rendering(posted, ())


def test_the_addressing_goes_with_the_parent_that_it_leaves_empty() -> None:
    """No recipient sees who else was written to by number."""
    rendering = rendered(MESSAGE, recipe(files=BOTH | {"vedtak.docx"}))
    assert paths_of(rendering) == [META, "/arkivmelding/mappe/sakspart[1]/sakspartID"]
    assert b"adressering" not in rendering.xml
    for number in (DPF, DPV):
        assert number.encode() not in rendering.xml


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        pytest.param("", "<nokkel>7</nokkel>", [f"{META}/adressering"], id="an-element-of-the-callers"),
        pytest.param("", "egen tekst", [f"{META}/adressering"], id="a-text-of-the-callers"),
        pytest.param("", "<!-- egen merknad -->", [f"{META}/adressering"], id="a-comment-of-the-callers"),
        pytest.param("", "\n  ", [META], id="blanks-alone"),
        pytest.param("<virk", '<virk xsi:type="x"', [f"{META}/adressering"], id="an-attribute"),
        pytest.param("", "<adr:adressering/>", [META], id="the-addressing-twice"),
        pytest.param(
            "", "<adr:adressering/><x/>", [f"{META}/adressering[1]", f"{META}/adressering[2]"], id="twice-and-more"
        ),
    ],
)
def test_what_stands_beside_the_addressing_stays(old: str, new: str, paths: list[str]) -> None:
    """The caller's own metadata reaches the recipient untouched."""
    new = new.replace("<adr:adressering", '<adr:adressering xmlns:adr="urn:arkivmelding-gateway:adressering:1"')
    xml = Message(metadata="" if old else new).xml().decode()
    if old:
        xml = xml.replace("<virksomhetsspesifikkeMetadata>", '<virksomhetsspesifikkeMetadata xsi:type="x">')
    document = read(xml.encode())
    rendering = render(document, recipe(part=1))
    assert paths_of(rendering) == paths
    assert canonical(etree.fromstring(rendering.xml)) == without(document, rendering.redactions)


def test_files_that_are_not_sent_are_taken_out() -> None:
    """One variant of a document, or the whole document; what is sent stays."""
    rendering = rendered(MESSAGE, recipe(files=frozenset({"vedtak.pdf"})))
    assert paths_of(rendering)[-2:] == [
        f"{ENTRY}/dokumentbeskrivelse[1]/dokumentobjekt[2]",
        f"{ENTRY}/dokumentbeskrivelse[2]",
    ]
    assert b"vedtak.pdf" in rendering.xml
    for gone in (b"vedtak.docx", b"kart.pdf", b"Kart"):
        assert gone not in rendering.xml


def test_a_document_without_files_stays() -> None:
    """It names nothing that could be missing."""
    message = Message(documents=(Doc(), Doc((), title="Bare omtalt", role="Vedlegg")))
    assert b"Bare omtalt" in rendered(message, recipe(part=1, files=frozenset({"vedtak.pdf"}))).xml


def test_identifiers_of_other_parties_are_taken_out() -> None:
    """The recipient's own stays, in either spelling; names stay where nothing is confidential."""
    own = Message(sakspart=sakspart("Fjordvik", "311000020") + sakspart("Fjordvik", DPO) + sakspart("Andre", "9"))
    rendering = rendered(own, recipe(part=1))
    assert paths_of(rendering)[1:] == ["/arkivmelding/mappe/sakspart[3]/sakspartID"]
    assert b"Andre" in rendering.xml


def test_a_confidential_message_shows_nobody_else() -> None:
    """Other parts, notes and parties of the case are gone; the sender and the recipient's own part stay."""
    rendering = rendered(MESSAGE, recipe(confidential=True))
    for gone in (
        "Breidal kommune",
        "Lia Snekkeri AS",
        "Husk frist",
        "Om saken",
        "Den det gjelder",
        "311000047",
        DPF[5:],
    ):
        assert gone.encode() not in rendering.xml
    for stays in ("Havnes kommune", "Fjordvik tilsyn", "Vedtak om støtte"):
        assert stays.encode() in rendering.xml


def test_a_recipient_that_is_no_part_sees_no_part_but_the_sender() -> None:
    """Part 0 is nobody's."""
    xml = rendered(MESSAGE, recipe(part=0, confidential=True)).xml
    assert re.findall(rb"<korrespondansepartNavn>([^<]*)", xml) == [b"Havnes kommune"]


@pytest.mark.parametrize(
    ("hiding", "shown"),
    [
        ({"korrespondanseparter": False}, "Breidal kommune"),
        ({"merknader": False}, "Husk frist"),
        ({"saksparter": False}, "Den det gjelder"),
    ],
)
def test_what_is_hidden_is_a_setting(hiding: dict[str, bool], shown: str) -> None:
    """Each by itself; an identifier of another party goes all the same."""
    rendering = rendered(MESSAGE, recipe(confidential=True, **hiding))
    assert shown.encode() in rendering.xml
    assert b"311000047" not in rendering.xml


def test_an_identifier_outside_a_party_goes_too() -> None:
    """In the caller's own metadata, where no hidden sakspart takes it along."""
    message = MESSAGE.having(metadata="<x><sakspartID>311000047</sakspartID></x>")
    for confidential in (False, True):
        assert b"311000047" not in rendered(message, recipe(confidential=confidential)).xml


def test_a_note_in_a_document_that_goes_is_listed_once() -> None:
    """As part of that document."""
    message = MESSAGE.having(
        documents=(Doc(), Doc((Objekt("kart.pdf"),), role="Vedlegg", skjerming=merknad("Om kartet")))
    )
    rendering = rendered(message, recipe(files=frozenset({"vedtak.pdf"}), confidential=True))
    assert [path for path in paths_of(rendering) if "dokumentbeskrivelse" in path] == [
        f"{ENTRY}/dokumentbeskrivelse[2]"
    ]


def test_a_note_in_a_document_that_stays_goes() -> None:
    """Whether all its files are sent, some, or it has none."""
    message = MESSAGE.having(
        documents=(
            Doc((Objekt("a.pdf"), Objekt("b.pdf")), skjerming=merknad("Om brevet")),
            Doc((), role="Vedlegg", skjerming=merknad("Om vedlegget")),
        )
    )
    xml = rendered(message, recipe(files=frozenset({"a.pdf"}), confidential=True)).xml
    assert b"Om brevet" not in xml
    assert b"Om vedlegget" not in xml
    assert xml.count(b"<dokumentbeskrivelse>") == 2


@pytest.mark.parametrize(
    "posted",
    [
        pytest.param(
            Message(declaration='<?xml version="1.0" encoding="UTF-16"?>').xml().decode().encode("utf-16"), id="utf-16"
        ),
        pytest.param(
            Message(declaration='<?xml version="1.0" encoding="ISO-8859-1"?>').xml().decode().encode("latin-1"),
            id="latin-1",
        ),
        pytest.param(
            Message().xml().replace(b"Vedtak", b"Ved&#13;tak &#x1F600; <![CDATA[<a>&amp;]]>", 1), id="odd-text"
        ),
        pytest.param(
            Message().xml().replace(b"<tittel>", b'<tittel xml:lang="n&#10;o &quot;">', 1), id="odd-attribute"
        ),
        pytest.param(
            Message().xml().replace(b"<arkiv", b"<?a b?><!-- foran --><arkiv", 1) + b"<!-- bak --><?c d?>",
            id="around-the-root",
        ),
        pytest.param(Message().xml().replace(b"<meldingId>", b"<!-- x --><?y z?><meldingId>", 1), id="comments"),
    ],
)
def test_nothing_else_changes(posted: bytes) -> None:
    """Whatever the encoding, odd characters, comments and instructions come through a removal unharmed."""
    document = read(posted)
    rendering = render(document, recipe(part=1))
    assert rendering.redactions
    assert canonical(etree.fromstring(rendering.xml)) == without(document, rendering.redactions)


parties = st.lists(
    st.builds(
        Part,
        st.sampled_from(["Fjordvik tilsyn", "Breidal", "Lia & Sønn", "Havnes"]),
        st.sampled_from([None, DPO, DPF, SENDER]),
        st.sampled_from(["Mottaker", "Kopimottaker", "Avsender", "Intern mottaker"]),
    ),
    min_size=1,
    max_size=5,
)
documents = st.lists(
    st.builds(
        Doc,
        st.lists(st.sampled_from("abcdef"), max_size=3, unique=True).map(
            lambda names: tuple(Objekt(f"{name}.pdf") for name in names)
        ),
    ),
    max_size=4,
)
messages = st.builds(
    Message,
    parts=parties.map(tuple),
    documents=documents.map(tuple),
    merknad=st.sampled_from(["", merknad("notat")]),
    folder_extra=st.sampled_from(["", merknad("notat i saken") * 2]),
    sakspart=st.sampled_from(["", sakspart("Part", "311000047") * 2, sakspart("Part", DPO)]),
    metadata=st.sampled_from(["", "<nokkel>7</nokkel>", "tekst"]),
)


@settings(max_examples=120, deadline=None)
@given(
    messages,
    st.integers(0, 6),
    st.frozensets(st.sampled_from("abcdef").map(lambda name: f"{name}.pdf")),
    st.booleans(),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_every_rendering_is_the_original_less_the_listed_nodes(
    message: Message, part: int, files: frozenset[str], confidential: bool, hides: tuple[bool, bool, bool]
) -> None:
    """For any document and any recipe, and it stays valid; only files that are sent are named in it."""
    rendering = rendered(message, Recipe(DPO, part, files, confidential, Hiding(*hides)))
    assert schemas().is_valid(etree.fromstring(rendering.xml)) is not None
    named = {f"{name}.pdf" for name in re.findall(r">(\w)\.pdf<", rendering.xml.decode())}
    assert named == files & {each.filename for document in message.documents for each in document.objects}
    assert b"adressering" not in rendering.xml


def test_fifty_thousand_notes_are_taken_out_in_time() -> None:
    """The time grows with the document, not with its square."""
    document = read(
        Message(merknad="<merknad/>" * 50_000, sakspart="<sakspart><sakspartID/></sakspart>" * 20_000).xml()
    )
    found = survey(document.root)
    assert len(redactions(found, recipe(part=1, confidential=True))) == 70_001
    assert len(redactions(found, recipe(part=1))) == 20_001
