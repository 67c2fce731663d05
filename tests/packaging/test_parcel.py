"""The DPO parcel: both members, both directions, its length, and how other programs read it."""

import base64
import hashlib
import io
import struct
import subprocess
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Untrusted
from gateway.keys import KeyPair
from gateway.packaging.opener import Trust, open_package
from gateway.packaging.parcel import MOST_SBD_BYTES, PACKAGE_NAME, SBD_NAME, open_dpo, seal_dpo
from gateway.packaging.records import PackagedFile, Sealed
from tests.certificates import write_key, write_pem
from tests.packaging.packing import MANIFEST, PARTIES, draw, make_file, make_signing, write_zip

SBD = b'{"standardBusinessDocumentHeader": {}}'


def seal(sender: KeyPair, recipient: KeyPair | None, *files: PackagedFile) -> Sealed:
    """A parcel with these files."""
    certificate = recipient.certificate if recipient else None
    return seal_dpo(SBD, files, parties=PARTIES, signer=make_signing(sender), certificate=certificate)


@settings(deadline=None, max_examples=30)
@given(sizes=st.lists(st.sampled_from([0, 1, 65_535, 65_536, 1_000_000, 1_048_576, 2_500_000]), max_size=3))
def test_length_is_what_comes(sender: KeyPair, recipient: KeyPair, sizes: list[int]) -> None:
    """Content-Length may be sent before the first byte is made, on every try."""
    sealed = seal(sender, recipient, *(make_file(f"{number}.bin", bytes(size)) for number, size in enumerate(sizes)))
    for _ in range(2):
        assert sum(len(chunk) for chunk in sealed.chunks()) == sealed.length


def test_what_is_sealed_is_opened(sender: KeyPair, recipient: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """SBD and files come out as they went in, in their order, and the signer is known."""
    files = [make_file("brev.pdf", b"1" * 70_000), make_file("arkivmelding.xml", b"<a/>"), make_file("tom.txt", b"")]
    with open_dpo(io.BytesIO(draw(seal(sender, recipient, *files)))) as parcel:
        assert parcel.sbd == SBD
        assert parcel.package is not None
        with open_package(parcel.package, trust=trust, spool=tmp_path) as package:
            assert [file.name for file in package.files] == ["brev.pdf", "arkivmelding.xml", "tom.txt"]
            assert [(file.size, file.sha256) for file in package.files] == [(file.size, file.sha256) for file in files]
            assert package.files[0].path.read_bytes() == b"1" * 70_000
            assert package.signer == sender.certificate
    assert list(tmp_path.iterdir()) == []


def test_members_and_flags_suit_a_stream_reader(sender: KeyPair, recipient: KeyPair) -> None:
    """sbd.json first; the package is method 8 with a descriptor, and nothing is stored with one."""
    content = draw(seal(sender, recipient, make_file("a.pdf", b"1" * 200_000)))
    with zipfile.ZipFile(io.BytesIO(content)) as parcel:
        assert parcel.testzip() is None
        assert parcel.namelist() == ["sbd.json", "asic.zip"]
        offsets = [entry.header_offset for entry in parcel.infolist()]
    heads = [struct.unpack_from("<4sHHH", content, offset) for offset in offsets]
    assert [(flags & 8, method) for _, _, flags, method in heads] == [(0, 8), (8, 8)]


def test_without_files_there_is_only_the_sbd(sender: KeyPair) -> None:
    """Statuses and kvitteringer need no certificate and carry no package."""
    sealed = seal(sender, None)
    content = draw(sealed)
    assert len(content) == sealed.length
    with open_dpo(io.BytesIO(content)) as parcel:
        assert (parcel.sbd, parcel.package) == (SBD, None)


def test_files_without_a_certificate_are_refused(sender: KeyPair) -> None:
    """Nothing leaves unencrypted."""
    with pytest.raises(Untrusted, match="no certificate to encrypt to for 0192:311000020"):
        seal(sender, None, make_file("a.pdf", b"1"))


def change(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """One byte changed, `offset` behind the first `mark`."""
    at = content.index(mark) + offset
    return content[:at] + value + content[at + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        write_zip({"annet.txt": b"1"}),
        write_zip({"sbd.json": bytes(MOST_SBD_BYTES + 1)}),
        change(write_zip({"sbd.json": b"{}"}), b"PK\x01\x02", 10, b"\x63"),
        change(write_zip({"sbd.json": b"{}"}), b"PK\x01\x02", 8, b"\x01"),
        change(write_zip({"sbd.json": b"{}"}, zipfile.ZIP_STORED), b"sbd.json", 8, b"["),
        write_zip({"sbd.json": b"{}"}, zipfile.ZIP_STORED)[:-30],
    ],
    ids=["empty", "no zip", "no sbd", "large sbd", "unknown method", "encrypted", "damaged", "cut off"],
)
def test_what_is_no_parcel_is_refused(content: bytes) -> None:
    """One code for everything that cannot be read as a parcel."""
    with pytest.raises(Untrusted) as caught, open_dpo(io.BytesIO(content)):
        pass
    assert caught.value.code == "NOT_A_PARCEL"


def test_other_members_are_skipped() -> None:
    """What a receiver does not know it leaves alone."""
    with open_dpo(io.BytesIO(write_zip({"manifest.xml": b"<a/>", "sbd.json": b"{}"}))) as parcel:
        assert parcel.sbd == b"{}"


def test_a_package_that_was_damaged_on_its_way_is_no_parcel(
    sender: KeyPair, recipient: KeyPair, trust: Trust, tmp_path: Path
) -> None:
    """The outer ZIP's checksum notices it while the package is read, and the code is still a known one."""
    content = bytearray(draw(seal(sender, recipient, make_file("a.pdf", b"1" * 200_000))))
    content[100_000] ^= 1
    with (
        pytest.raises(Untrusted),
        open_dpo(io.BytesIO(content)) as parcel,
        open_package(parcel.package, trust=trust, spool=tmp_path),
    ):
        pass


def test_giving_up_in_the_middle_leaves_nothing_behind(sender: KeyPair, recipient: KeyPair) -> None:
    """A connection that breaks ends the thread and closes the document, through every layer."""
    opened: list[io.BytesIO] = []

    def open_source() -> io.BytesIO:
        opened.append(io.BytesIO(bytes(40_000_000)))
        return opened[-1]

    file = replace(make_file("a.bin", bytes(40_000_000)), open=open_source)
    before = threading.active_count()
    chunks = seal(sender, recipient, file).chunks()
    for _ in range(12):
        next(chunks)
    assert threading.active_count() == before + 1
    del chunks
    assert threading.active_count() == before
    assert [source.closed for source in opened] == [True]


@pytest.mark.skipif(which("openssl") is None or which("unzip") is None, reason="needs openssl and unzip")
def test_other_programs_open_it_all_the_way(sender: KeyPair, recipient: KeyPair, tmp_path: Path) -> None:
    """`unzip`, `openssl cms -decrypt`, `unzip -t`, `openssl cms -verify -cades`: no line of ours on the reading side."""
    files = (make_file("brev æøå.pdf", bytes(3_000_000)), make_file("arkivmelding.xml", b"<a/>"))
    (tmp_path / "parcel.zip").write_bytes(draw(seal(sender, recipient, *files)))
    (tmp_path / "key.pem").write_bytes(write_key(recipient.key))
    (tmp_path / "root.pem").write_bytes(write_pem(sender.chain[-1]))

    def run(*command: str) -> bytes:
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout

    assert b"No errors" in run("unzip", "-t", "parcel.zip")
    run("unzip", "-q", "parcel.zip")
    decrypting = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER")
    run(*decrypting, "-in", "asic.zip", "-inkey", "key.pem", "-out", "plain.zip")
    assert b"No errors" in run("unzip", "-t", "plain.zip")
    run("unzip", "-q", "plain.zip", "META-INF/*", "arkivmelding.xml")
    (signature,) = (tmp_path / "META-INF").glob("*.p7s")
    verifying = ("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any")
    signed = run(*verifying, "-in", str(signature), "-content", MANIFEST, "-CAfile", "root.pem")
    assert signed == (tmp_path / MANIFEST).read_bytes()
    assert base64.b64encode(hashlib.sha256(b"<a/>").digest()) in signed


def test_a_second_member_of_one_name_is_refused(sender: KeyPair, recipient: KeyPair) -> None:
    """Readers would take the first or the last."""
    for name in (SBD_NAME, PACKAGE_NAME):
        target = io.BytesIO(draw(seal(sender, recipient, make_file("a.pdf", b"1"))))
        with zipfile.ZipFile(target, "a") as parcel, pytest.warns(UserWarning, match="Duplicate"):
            parcel.writestr(name, b"{}")
        with pytest.raises(Untrusted, match=f"two files in it are called {name}") as caught, open_dpo(target):
            pass
        assert caught.value.code == "NOT_A_PARCEL"


def test_a_package_that_was_compressed_is_a_bomb() -> None:
    """Empty pieces of an envelope compress a thousandfold; what is encrypted does not compress at all."""
    bomb = write_zip({"sbd.json": SBD, "asic.zip": b"\x04\x00" * 34_000_000})
    with pytest.raises(Untrusted, match="unpacks to more than 10 times") as caught, open_dpo(io.BytesIO(bomb)):
        pass
    assert caught.value.code == "ZIP_BOMB"


def test_a_directory_without_end_is_not_read_into_memory() -> None:
    """Each entry of 47 bytes would become an object of ten times that, before anything is known of the parcel."""
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, *(0,) * 7, 1, *(0,) * 6) + b"a"
    directory = entry * 5000
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 5000, 5000, len(directory), 0, 0)
    with (
        pytest.raises(Untrusted, match="its directory is larger than") as caught,
        open_dpo(io.BytesIO(directory + end)),
    ):
        pass
    assert caught.value.code == "NOT_A_PARCEL"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_compress_are_refused(method: int) -> None:
    """They may ask for gigabytes before a byte is read, and what is damaged in them fails in ways of its own."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as parcel:
        parcel.writestr(SBD_NAME, SBD)
    with pytest.raises(Untrusted, match="compressed in an unknown way") as caught, open_dpo(target):
        pass
    assert caught.value.code == "NOT_A_PARCEL"
