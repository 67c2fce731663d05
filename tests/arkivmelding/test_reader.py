"""Reading: hostile and broken bytes end as Unreadable with a code, limits are exact, and dialects are told apart."""

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.arkivmelding.reader import Dialect, Limits, detect_dialect, local_name, read, type_name
from gateway.errors import Unreadable
from tests.documents import NAMESPACE, Doc, Message, Objekt, Part

GOOD = Message().xml()
FIKS = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/arkivmelding"
VEDTAK = GOOD[: GOOD.index(b"Vedtak")].count(b"\n") + 1
STOETTE = GOOD[: GOOD.index("støtte".encode())].count(b"\n") + 1
END = GOOD.count(b"\n") + 1
BOMB = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))


def body(declaration: str, doctype: str = "") -> str:
    """A small document with a declaration and a DOCTYPE."""
    return f'{declaration}{doctype}<arkivmelding xmlns="{NAMESPACE}"><system>&amp;</system></arkivmelding>'


def refusal(xml: bytes, limits: Limits | None = None) -> Unreadable:
    """Why it cannot be read."""
    with pytest.raises(Unreadable) as caught:
        read(xml, limits)
    assert caught.value.mend
    return caught.value


def nested(levels: int) -> bytes:
    """A document with that many levels of elements."""
    return (
        f'<arkivmelding xmlns="{NAMESPACE}">'.encode()
        + b"<mappe>" * (levels - 1)
        + b"</mappe>" * (levels - 1)
        + b"</arkivmelding>"
    )


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param(body("", "<!DOCTYPE arkivmelding>").encode(), id="empty-doctype"),
        pytest.param(body("", '<!DOCTYPE arkivmelding SYSTEM "http://127.0.0.1:9/a.dtd">').encode(), id="external-dtd"),
        pytest.param(body("", '<!DOCTYPE a PUBLIC "-//x" "file:///etc/passwd">').encode(), id="public-dtd"),
        pytest.param(
            body('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE a [<!ENTITY e "x">]>').encode(), id="entity"
        ),
        pytest.param(body('<?xml version="1.0" encoding="utf-16"?>', "<!DOCTYPE a>").encode("utf-16"), id="utf-16"),
        pytest.param(body("", "<!DOCTYPE a>").encode("utf-16-le"), id="utf-16-le-without-a-mark"),
        pytest.param(
            body('<?xml version="1.0" encoding="utf-16"?>', "<!DOCTYPE a>").encode("utf-16-be"), id="utf-16-be"
        ),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4APA-arkivmelding/+AD4-', id="utf-7"),
        pytest.param(
            body('<?xml version="1.0" encoding="iso-8859-1"?>', "<!DOCTYPE å>").encode("latin-1"), id="latin-1"
        ),
        pytest.param(b'<!DOCTYPE a [<!ENTITY e0 "x">' + BOMB + b"]><a>&e9;</a>", id="bomb-in-text"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY e0 "x">' + BOMB + b']><a b="&e9;"/>', id="bomb-in-an-attribute"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>', id="parameter-entity"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', id="external-entity"),
        pytest.param(b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>', id="default-attribute"),
    ],
)
def test_a_dtd_is_refused_in_every_encoding(xml: bytes) -> None:
    """Nothing of it is expanded, and the sentence says that it is the DTD."""
    assert refusal(xml).code == "DTD"


def test_nothing_is_fetched() -> None:
    """A DTD on a listening address is not asked for."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.dtd"
        assert refusal(body("", f'<!DOCTYPE a SYSTEM "{address}">').encode()).code == "DTD"
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("doctype", ['[<!ENTITY e SYSTEM "{}">]', 'SYSTEM "{}"', '[<!ENTITY % p SYSTEM "{}"> %p;]'])
def test_no_file_is_opened(tmp_path: Path, doctype: str) -> None:
    """An entity or a DTD on a pipe that nobody writes to would be waited for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    xml = f"<!DOCTYPE a {doctype.format(pipe.as_uri())}><a>{'&e;' if 'ENTITY e' in doctype else ''}</a>".encode()
    reading = threading.Thread(target=lambda: refusal(xml), daemon=True)
    reading.start()
    reading.join(timeout=10)
    assert not reading.is_alive()


@pytest.mark.parametrize(
    ("xml", "line"),
    [
        pytest.param(b"", 1, id="empty"),
        pytest.param(b" \n ", 2, id="blank"),
        pytest.param(b"\x00\x00\x00", 1, id="nul"),
        pytest.param(GOOD.replace(b"Vedtak", b"Ved\x00tak", 1), VEDTAK, id="nul-inside"),
        pytest.param(GOOD + b"\x00", END, id="nul-behind"),
        pytest.param(GOOD[:400], 8, id="cut-off"),
        pytest.param(GOOD + GOOD, END, id="two-documents"),
        pytest.param(b"%PDF-1.4", 1, id="another-format"),
        pytest.param(b'{"arkivmelding": {}}', 1, id="json"),
        pytest.param(GOOD.replace(b"UTF-8", b"utf-16", 1), 1, id="says-utf-16-and-is-utf-8"),
        pytest.param(GOOD.replace(b"UTF-8", b"klingonsk", 1), 1, id="unknown-encoding"),
        pytest.param(GOOD.replace("støtte".encode(), b"st\xf8tte", 1), STOETTE, id="latin-1-that-says-utf-8"),
        pytest.param(GOOD.replace(b"Vedtak", b"&ukjent;", 1), VEDTAK, id="unknown-entity"),
        pytest.param(GOOD.replace(b"<system>", b"<x:system>", 1), 3, id="unknown-prefix"),
        pytest.param(GOOD.replace(b"Vedtak", b"\x07", 1), VEDTAK, id="control-character"),
    ],
)
def test_what_is_no_xml_is_refused_with_its_place(xml: bytes, line: int) -> None:
    """One sentence, one fault, the line where it goes wrong."""
    fault = refusal(xml)
    assert fault.code == "NOT_XML"
    assert [each.line for each in fault.faults] == [line]
    assert fault.faults[0].message in fault.message
    assert "<string>" not in fault.message


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="byte-order-mark"),
        pytest.param(GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16"), id="utf-16"),
        pytest.param(GOOD.decode().replace("UTF-8", "iso-8859-1").encode("latin-1"), id="latin-1"),
        pytest.param(b"<!-- <!DOCTYPE a> -->" + GOOD.partition(b"\n")[2], id="a-doctype-in-a-comment"),
        pytest.param(GOOD.replace(b"Vedtak om", b"<![CDATA[<!DOCTYPE a>]]>", 1), id="a-doctype-in-text"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="windows-lines"),
    ],
)
def test_every_honest_encoding_is_read(xml: bytes) -> None:
    """And the posted bytes are kept as they came."""
    document = read(xml)
    assert document.xml == xml
    assert document.dialect is Dialect.EFORMIDLING
    assert document.root.findtext(f"{{{NAMESPACE}}}system") == "Fagsystem"


def test_the_limit_of_bytes_is_exact() -> None:
    """Ten mebibytes are read, one byte more is not."""
    maximum = 10 * 1024 * 1024
    padding = maximum - len(GOOD) - 2 * len(b"<!---->")
    full = GOOD + b"<!--" + b"x" * (padding // 2) + b"--><!--" + b"x" * (padding - padding // 2) + b"-->"
    assert len(full) == maximum
    assert read(full).dialect is Dialect.EFORMIDLING
    fault = refusal(full + b"\n")
    assert fault.code == "LIMIT"
    assert f"{maximum + 1}" in fault.message


def test_the_limit_of_depth_is_exact() -> None:
    """64 levels are read, 65 are not, and neither are a million."""
    assert read(nested(64)).root is not None
    assert refusal(nested(65)).code == "LIMIT"
    assert refusal(nested(1_000_000)).code in {"LIMIT", "NOT_XML"}


def test_the_limit_of_recipients_is_exact() -> None:
    """200 parts are read, 201 are not."""
    assert read(Message(parts=(Part(identifier=None),) * 200).xml())
    fault = refusal(Message(parts=(Part(identifier=None),) * 201).xml())
    assert fault.code == "LIMIT"
    assert "200 recipients" in fault.message
    assert "201" in fault.message


def test_the_limit_of_documents_is_exact() -> None:
    """1000 files are read, 1001 are not, however they are spread."""
    objects = tuple(Objekt(f"{n}.pdf") for n in range(500))
    assert read(Message(documents=(Doc(objects), Doc(objects))).xml())
    fault = refusal(Message(documents=(Doc(objects), Doc(objects), Doc())).xml())
    assert fault.code == "LIMIT"
    assert "1000 documents" in fault.message


def test_one_document_leaves_nothing_behind_for_the_next() -> None:
    """The parser of a thread is used again: whatever came before, a document is read, or refused, as if it were the first."""
    before = [
        b"<a>&b;</a>",
        b"<a><b></a>",
        body("", "<!DOCTYPE arkivmelding>").encode(),
        GOOD.replace(b"\n", b"\n\n"),
        b"",
    ]
    broken = GOOD[:-20]
    first = refusal(broken)
    for earlier in before:
        with suppress(Unreadable):
            read(earlier)
        assert etree.tostring(read(GOOD).root.getroottree()) == etree.tostring(etree.fromstring(GOOD).getroottree())
        again = refusal(broken)
        assert (again.message, again.faults) == (first.message, first.faults)


def test_limits_can_be_set() -> None:
    """Settings of the installation take the place of the defaults."""
    assert refusal(GOOD, Limits(bytes=len(GOOD) - 1)).code == "LIMIT"
    assert refusal(GOOD, Limits(depth=2)).code == "LIMIT"
    assert read(GOOD, Limits(bytes=len(GOOD), depth=6, recipients=1, documents=1)).xml == GOOD


@given(st.data())
def test_damaged_bytes_are_read_or_refused(data: st.DataObject) -> None:
    """Bytes cut out, doubled or replaced anywhere: a document or Unreadable, never anything else."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(start + 40, len(GOOD))))
    try:
        document = read(GOOD[:start] + data.draw(st.binary(max_size=20)) + GOOD[end:])
    except Unreadable:
        return
    assert isinstance(document.dialect, Dialect)


@pytest.mark.parametrize(
    ("xml", "dialect"),
    [
        pytest.param(GOOD.decode(), Dialect.EFORMIDLING, id="eformidling"),
        pytest.param(GOOD.decode().replace("basisregistrering", "registrering"), Dialect.V1, id="v1-entry"),
        pytest.param(
            GOOD.decode().replace("<opprettetDato>", "<part/><opprettetDato>", 1), Dialect.V1, id="v1-part-of-the-case"
        ),
        *(
            pytest.param(
                GOOD.decode().replace("</korrespondansepartNavn>", f"</korrespondansepartNavn><{name}/>"),
                Dialect.V1,
                id=f"v1-{name}",
            )
            for name in ("organisasjonsnummer", "foedselsnummer", "DNummer")
        ),
        pytest.param(f'<arkivmelding xmlns="{FIKS}/opprett/v1"/>', Dialect.FIKS_ARKIV, id="fiks-opprett-1"),
        pytest.param(f'<arkivmelding xmlns="{FIKS}/opprett/v2"/>', Dialect.FIKS_ARKIV, id="fiks-opprett-2"),
        pytest.param(f'<arkivmelding xmlns="{FIKS}/v1"/>', Dialect.FIKS_ARKIV, id="fiks-earlier"),
        pytest.param(f'<arkivmelding xmlns="{NAMESPACE}/v2"/>', Dialect.FIKS_ARKIV, id="fiks-interim"),
        pytest.param(f'<arkivmelding xmlns="{NAMESPACE}/v3"/>', Dialect.UNKNOWN, id="another-version"),
        pytest.param("<arkivmelding/>", Dialect.UNKNOWN, id="no-namespace"),
        pytest.param(f'<melding xmlns="{NAMESPACE}"/>', Dialect.UNKNOWN, id="another-root"),
        pytest.param(f'<a:arkivmelding xmlns:a="{NAMESPACE}"/>', Dialect.EFORMIDLING, id="with-a-prefix"),
    ],
)
def test_the_dialects_are_told_apart(xml: str, dialect: Dialect) -> None:
    """By namespace first, then by what only one of them has."""
    assert read(xml.encode()).dialect is dialect


def test_names_are_read_without_prefix() -> None:
    """`xsi:type` with and without prefix and blanks; a comment has no name."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    root = etree.fromstring(f'<n:a xmlns:n="u" {xsi} xsi:type=" n:saksmappe "><!-- --><b xsi:type="x"/></n:a>')
    assert (local_name(root), type_name(root)) == ("a", "saksmappe")
    assert [local_name(each) for each in root] == ["", "b"]
    assert type_name(root[1]) == "x"
    assert detect_dialect(root) is Dialect.UNKNOWN


def test_real_documents_are_told_apart_by_where_they_come_from() -> None:
    """What real senders wrote is in the dialect of the system that wrote it."""
    corpus = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "corpus"
    if not corpus.is_dir():
        pytest.skip("the collection of real documents is not here")
    found = {path.name: read(path.read_bytes()).dialect for path in corpus.glob("*.xml")}
    assert {dialect for name, dialect in found.items() if name.startswith("fiksarkiv")} == {Dialect.FIKS_ARKIV}
    assert found["ip-06-arkivmelding.xml"] is Dialect.EFORMIDLING
    assert Dialect.UNKNOWN not in found.values()


def test_the_words_of_the_dialects() -> None:
    """As the answers of the API write them."""
    assert [dialect.value for dialect in Dialect] == ["eformidling", "v1", "fiks-arkiv", "unknown"]
