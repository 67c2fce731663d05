"""The container that we write: its layout, its names, its length, and that nothing changed leaves the house."""

import io
import struct
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Invalid, Untrusted
from gateway.keys import KeyPair, TrustRoots
from gateway.packaging.asice import write_asice
from gateway.packaging.names import mime_of
from gateway.packaging.opener import Trust
from gateway.packaging.records import ASICE
from tests.certificates import NOW, issue, make_authority, write_pem
from tests.packaging.packing import MANIFEST, PARTIES, draw, make_file, make_signing, open_plain, pack

MEBIBYTE = 1024 * 1024


def test_files_lie_in_the_order_of_the_reference(sender: KeyPair) -> None:
    """mimetype, manifest.xml, the files as given, the signed manifest, its signature, the listing."""
    with zipfile.ZipFile(io.BytesIO(pack(sender, make_file("b.pdf", b"1"), make_file("a.pdf", b"2")))) as container:
        names = container.namelist()
        assert container.comment == f"mimetype={ASICE}".encode() == container.getinfo("mimetype").comment
    assert names[:5] == ["mimetype", "manifest.xml", "b.pdf", "a.pdf", MANIFEST]
    assert names[5].startswith("META-INF/signature-")
    assert names[6:] == ["META-INF/manifest.xml"]


def test_media_type_stands_readable_at_its_fixed_place(sender: KeyPair) -> None:
    """Content begins at offset 38, so that programs can recognise the file by its first bytes."""
    container = pack(sender)
    assert container[30:38] == b"mimetype"
    assert container[38 : 38 + len(ASICE)] == ASICE.encode()


def test_no_entry_has_a_descriptor(sender: KeyPair) -> None:
    """Java refuses a stored entry with bit 3; no local header of ours has that bit at all."""
    container = pack(sender, make_file("a.pdf", b"x" * 100_000), make_file("tom.txt", b""))
    with zipfile.ZipFile(io.BytesIO(container)) as parsed:
        offsets = [entry.header_offset for entry in parsed.infolist()]
    flags = [struct.unpack_from("<4sHHH", container, offset) for offset in offsets]
    assert [flag & 0x0008 for _, _, flag, _ in flags] == [0] * len(offsets)
    assert {method for *_, method in flags} == {0}


def test_root_manifest_names_parties_and_main_document(sender: KeyPair) -> None:
    """Recipient, sender, and the first file with the literal title, in eFormidling's form and order."""
    with zipfile.ZipFile(
        io.BytesIO(pack(sender, make_file('A&B "1" <2>.pdf', b""), make_file("c.pdf", b"")))
    ) as container:
        text = container.read("manifest.xml").decode()
    organisation = '      <organisasjon authority="iso6523-actorid-upis">0192:{}</organisasjon>\n'
    assert text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<manifest>\n'
        f"   <mottaker>\n{organisation.format(311000020)}   </mottaker>\n"
        f"   <avsender>\n{organisation.format(311000012)}   </avsender>\n"
        '   <hoveddokument href="A&amp;B &quot;1&quot; &lt;2>.pdf" mime="application/pdf">\n'
        '      <tittel lang="no">Hoveddokument</tittel>\n   </hoveddokument>\n</manifest>\n'
    )


@settings(deadline=None, max_examples=40)
@given(sizes=st.lists(st.sampled_from([0, 1, 15, 16, 17, 65534, 65535, 65536, 65537, 262_144, 3_000_001]), max_size=4))
def test_length_is_what_comes(sender: KeyPair, sizes: list[int]) -> None:
    """Whatever the sizes, the promise is kept on every pass, and the passes are the same."""
    files = [make_file(f"fil-{number}.bin", b"\xa5" * size) for number, size in enumerate(sizes)]
    sealed = write_asice(files, parties=PARTIES, signing=make_signing(sender))
    first = draw(sealed)
    assert len(first) == sealed.length
    assert draw(sealed) == first


@pytest.mark.parametrize("size", [7, 6 * MEBIBYTE])
@pytest.mark.parametrize("harm", ["other byte", "shorter", "longer"])
def test_a_document_that_changed_on_disk_stops_the_stream(sender: KeyPair, size: int, harm: str) -> None:
    """The last byte is never given out, whether the file is read in this thread or beside it."""
    content = bytes(size)
    changed = {"other byte": content[:-1] + b"x", "shorter": content[:-1], "longer": content + bytes(3 * MEBIBYTE)}[
        harm
    ]
    file = replace(make_file("a.bin", content), open=lambda: io.BytesIO(changed))
    sealed = write_asice([file], parties=PARTIES, signing=make_signing(sender))
    sent: list[int] = []
    with pytest.raises(Untrusted, match="not the one that was uploaded") as caught:
        sent.extend(len(chunk) for chunk in sealed.chunks())
    assert caught.value.code == "DOCUMENT_CHANGED"
    assert sum(sent) < sealed.length


def test_a_wrong_checksum_stops_the_stream(sender: KeyPair) -> None:
    """A CRC that does not belong to the bytes would make a container that others refuse."""
    file = replace(make_file("a.bin", b"innhold"), crc32=1)
    with pytest.raises(Untrusted):
        draw(write_asice([file], parties=PARTIES, signing=make_signing(sender)))


def test_a_message_hides_the_long_numbers_of_a_name(sender: KeyPair) -> None:
    """A file may be called for a person; what is logged must not be."""
    file = replace(make_file("søknad 01810112345.pdf", b"1"), crc32=7)
    with pytest.raises(Untrusted, match=r"'søknad \*{11}\.pdf'") as caught:
        draw(write_asice([file], parties=PARTIES, signing=make_signing(sender)))
    assert "01810112345" not in caught.value.message


@pytest.mark.parametrize("size", [10, 6 * MEBIBYTE])
def test_a_source_is_closed_when_the_reader_gives_up(sender: KeyPair, size: int) -> None:
    """A broken connection leaves no open file and no thread behind."""
    opened: list[io.BytesIO] = []

    def open_source() -> io.BytesIO:
        opened.append(io.BytesIO(bytes(size)))
        return opened[-1]

    file = replace(make_file("a.bin", bytes(size)), open=open_source)
    chunks = write_asice([file], parties=PARTIES, signing=make_signing(sender)).chunks()
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # a generator, as every caller's for-loop knows it
    assert [source.closed for source in opened] == [True]


@pytest.mark.parametrize(
    "names",
    [
        ("META-INF/x.xml",),
        ("meta-inf/x.xml",),
        ("mimetype",),
        ("Manifest.xml",),
        ("../a.pdf",),
        ("a/b.pdf",),
        ("a\\b.pdf",),
        ("a\n.pdf",),
        ("a\x00.pdf",),
        ("",),
        ("\ud800.pdf",),
        ("a.pdf", "a.pdf"),
        ("a.pdf", "A.pdf"),
        ("å.pdf", "å.pdf"),
    ],
)
def test_names_that_a_container_cannot_carry_are_refused(sender: KeyPair, names: tuple[str, ...]) -> None:
    """Reserved, unsafe and twice the same: refused before anything is written."""
    files = [make_file(name, b"") for name in names]
    with pytest.raises(Invalid) as caught:
        write_asice(files, parties=PARTIES, signing=make_signing(sender))
    assert caught.value.code == "BAD_FILENAME"
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("name", "given_type", "expected"),
    [
        ("a.pdf", "text/plain", "text/plain"),
        ("a.XML", "application/octet-stream", "application/xml"),
        ("a.b.docx", "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("txt", None, "text/plain"),
        ("a.ukjent", " ", "application/pdf"),
        ("a.txt", "text/plain\r\nX: y", "text/plain"),
    ],
)
def test_media_type_comes_from_the_name_where_none_is_told(name: str, given_type: str | None, expected: str) -> None:
    """As the reference: given, else by extension, else PDF."""
    assert mime_of(name, given_type) == expected


def test_other_programs_read_it(sender: KeyPair, tmp_path: Path) -> None:
    """Python's zipfile and `unzip -t` find every entry whole."""
    path = tmp_path / "asic.zip"
    path.write_bytes(pack(sender, make_file("brev æøå.pdf", b"x" * 300_000), make_file("tom.txt", b"")))
    with zipfile.ZipFile(path) as container:
        assert container.testzip() is None
        assert container.read("brev æøå.pdf") == b"x" * 300_000
    if which("unzip") is None:
        pytest.skip("unzip is not installed")
    assert b"No errors" in subprocess.run(["unzip", "-t", path], capture_output=True, check=True).stdout


def test_openssl_verifies_the_signature_as_cades(sender: KeyPair, tmp_path: Path) -> None:
    """`openssl cms -verify -cades` demands signing-certificate-v2 and finds it."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    with zipfile.ZipFile(io.BytesIO(pack(sender, make_file("a.pdf", b"1")))) as container:
        container.extractall(tmp_path)
    (tmp_path / "root.pem").write_bytes(write_pem(sender.chain[-1]))
    (signature,) = (tmp_path / "META-INF").glob("*.p7s")
    verify = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", signature]
    said = subprocess.run(
        [*verify, "-content", tmp_path / MANIFEST, "-CAfile", tmp_path / "root.pem", "-purpose", "any"],
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout == (tmp_path / MANIFEST).read_bytes()


def test_signature_carries_the_whole_chain(tmp_path: Path) -> None:
    """Leaf, intermediate and root go along, so that a recipient who knows the root alone can verify."""
    root = make_authority("Øverst")
    between = make_authority("Mellom", above=root)
    pair = issue(between, "311000012", "Avsender under mellom")
    pair = replace(pair, chain=(*pair.chain, root[1]))
    trust = Trust((), TrustRoots([root[1]]), NOW)
    assert open_plain(pack(pair, make_file("a.pdf", b"1")), trust, tmp_path) == {"a.pdf": b"1"}
