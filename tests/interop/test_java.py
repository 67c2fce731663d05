"""Java reads what we write: the JDK's two readers, the ASiC library that eFormidling grew from, and the EU's DSS.

And the other way: we open what those two libraries write.
"""

import hashlib
import zipfile
from pathlib import Path

import pytest

from gateway.keys import KeyPair
from gateway.packaging.cms import envelope
from gateway.packaging.opener import Trust, open_asice
from gateway.packaging.parcel import open_dpo, seal_dpo
from gateway.packaging.records import Sealed
from tests.certificates import Authority
from tests.interop.conftest import ALIAS, PASSWORD, Java, write_keystore
from tests.packaging.packing import PARTIES, draw, make_file, make_signing, open_plain, pack

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900)]

FILES = {"brev æ.pdf": b"\x5a" * 3_000_000, "arkivmelding.xml": b"<arkivmelding/>", "tom.txt": b""}
LARGE = 300 * 1024 * 1024


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def container(sender: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A container of ours."""
    path = tmp_path_factory.mktemp("ours") / "container.asice"
    path.write_bytes(pack(sender, *(make_file(name, content) for name, content in FILES.items())))
    return path


@pytest.fixture
def documents(tmp_path: Path) -> list[Path]:
    """What others pack."""
    (folder := tmp_path / "documents").mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in FILES]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where we unpack."""
    (folder := tmp_path / "spool").mkdir()
    return folder


def harm(container: Path, target: Path) -> Path:
    """The same container with one byte of the first document changed, and its checksums set right."""
    with zipfile.ZipFile(container) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            copy.writestr(name, b"?" + content[1:] if name == "brev æ.pdf" else content)
    return target


def test_both_readers_of_the_jdk_read_the_container(java: Java, container: Path) -> None:
    """As a stream and by its directory: every file, byte for byte."""
    told = java("Zips", container)
    for way in ("stream", "file"):
        found = {name: value for kind, name, value in told if kind == way}
        assert len(found) == len(FILES) + 5
        assert {name: found[name] for name in FILES} == {name: digest(content) for name, content in FILES.items()}


@pytest.mark.parametrize("size", [0, 100_000, LARGE], ids=["no byte", "small", "300 MB"])
def test_both_readers_of_the_jdk_read_the_parcel(
    java: Java, sender: KeyPair, recipient: KeyPair, tmp_path: Path, size: int
) -> None:
    """The outer ZIP, whose package is deflated with its checksum behind it."""
    file = make_file("stor.bin", bytes(size))
    sealed = seal_dpo(b"{}", [file], parties=PARTIES, signer=make_signing(sender), certificate=recipient.certificate)
    path, sums = tmp_path / "parcel.zip", hashlib.sha256()
    with path.open("wb") as target:
        target.writelines(sealed.chunks())
    with path.open("rb") as source, open_dpo(source) as parcel:
        assert parcel.package is not None
        while block := parcel.package.read(1 << 20):
            sums.update(block)
    expected = [("sbd.json", digest(b"{}")), ("asic.zip", sums.hexdigest())]
    assert java("Zips", path) == [(way, *row) for way in ("stream", "file") for row in expected]


def test_a_parcel_without_files_is_read(java: Java, sender: KeyPair, tmp_path: Path) -> None:
    """A receipt: the SBD alone."""
    path = tmp_path / "parcel.zip"
    path.write_bytes(draw(seal_dpo(b"{}", [], parties=PARTIES, signer=make_signing(sender), certificate=None)))
    assert java("Zips", path) == [(way, "sbd.json", digest(b"{}")) for way in ("stream", "file")]


def test_bouncycastle_decrypts_ours(
    java: Java, authority: Authority, recipient: KeyPair, container: Path, tmp_path: Path
) -> None:
    """What the recipient's integration point decrypts with."""
    content = container.read_bytes()
    path = tmp_path / "asic.zip"
    path.write_bytes(draw(envelope(Sealed(len(content), lambda: iter([content])), recipient.certificate)))
    keys = write_keystore(recipient, authority, tmp_path / "keys.p12")
    assert java("Cms", path, keys, PASSWORD, ALIAS) == [(digest(content),)]


def test_the_library_of_eformidling_verifies_ours(java: Java, container: Path, tmp_path: Path) -> None:
    """Each file verified, one certificate; and it refuses the container that was changed."""
    told = java("DifiAsic", "verify", container)
    names = ["manifest.xml", *FILES]
    assert [row[1:] for row in told if row[0] == "verified"] == [(name, "true") for name in names]
    assert ("certificates", "1") in told
    assert {row[1]: row[2] for row in told if row[0] == "file"}["brev æ.pdf"] == digest(FILES["brev æ.pdf"])
    with pytest.raises(AssertionError, match=r"Mismatching digest|not verified"):
        java("DifiAsic", "verify", harm(container, tmp_path / "harmed.asice"))


def test_dss_verifies_ours(java: Java, container: Path, root_file: Path, tmp_path: Path) -> None:
    """An ASiC-E with a CAdES baseline B signature that passes in all; not so the container that was changed."""
    told = java("EuropeanDss", "verify", container, root_file)
    assert told[:4] == [
        ("container", "ASiC-E", "application/vnd.etsi.asic-e+zip"),
        ("signature", "true", "CAdES-BASELINE-B"),
        ("chain", "true", "2"),
        ("verdict", "TOTAL_PASSED", "null"),
    ]
    signed = ["META-INF/ASiCManifest.xml", "manifest.xml", *FILES]
    assert told[4:] == [("digest", name, "true", "true") for name in signed]
    harmed = java("EuropeanDss", "verify", harm(container, tmp_path / "harmed.asice"), root_file)
    assert ("digest", "brev æ.pdf", "true", "false") in harmed
    assert ("verdict", "TOTAL_FAILED", "HASH_FAILURE") in harmed


def test_what_the_library_of_eformidling_writes_opens(
    java: Java, keystore: Path, sender: KeyPair, documents: list[Path], spool: Path, trust: Trust
) -> None:
    """Deflated with sizes behind the data, and with SHA-1 in its signature."""
    path = spool.parent / "theirs.asice"
    java("DifiAsic", "write", path, keystore, PASSWORD, ALIAS, *documents)
    assert open_plain(path.read_bytes(), trust, spool) == FILES
    with path.open("rb") as source, open_asice(source, trust=trust, spool=spool) as package:
        assert package.signer == sender.certificate


def test_what_dss_writes_opens(java: Java, keystore: Path, documents: list[Path], spool: Path, trust: Trust) -> None:
    """Names percent-encoded in a manifest with a number."""
    path = spool.parent / "theirs.asice"
    java("EuropeanDss", "write", path, keystore, PASSWORD, *documents)
    assert open_plain(path.read_bytes(), trust, spool) == FILES
