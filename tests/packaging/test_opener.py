"""What comes in: sound packages open, and every way in which one may not hold has its code and leaves nothing."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.errors import StorageUnavailable, Untrusted
from gateway.keys import CertificateFault, KeyPair
from gateway.packaging.cades import sign_detached
from gateway.packaging.cms import envelope
from gateway.packaging.opener import Trust, open_asice, open_package
from gateway.packaging.records import ASICE, OpenLimits, PackageFault, Sealed
from tests.certificates import LATER, NOW, Authority, begin, issue, make_authority, make_key, make_usage
from tests.packaging.packing import Handmade, draw, make_file, make_signing, open_plain, pack

Change = Callable[[Handmade], None]


def test_a_sound_container_opens(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Files in their order without the container's own ones; the spool is empty again afterwards."""
    container = pack(sender, make_file("b æ.pdf", b"1"), make_file("a.txt", b""))
    with open_asice(io.BytesIO(container), trust=trust, spool=tmp_path) as package:
        assert [(file.name, file.size, file.path.read_bytes()) for file in package.files] == [
            ("b æ.pdf", 1, b"1"),
            ("a.txt", 0, b""),
        ]
        assert package.signer == sender.certificate
        assert all(file.path.is_relative_to(tmp_path) for file in package.files)
    assert list(tmp_path.iterdir()) == []


def test_a_large_encrypted_container_opens(sender: KeyPair, recipient: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Beyond the size at which decryption gets its own thread."""
    content = b"\x5a" * 9_000_001
    container = pack(sender, make_file("stor.bin", content))
    encrypted = draw(envelope(Sealed(len(container), lambda: iter([container])), recipient.certificate))
    with open_package(io.BytesIO(encrypted), trust=trust, spool=tmp_path) as package:
        assert package.files[0].path.read_bytes() == content


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_container_of_another_program_opens(sender: KeyPair, trust: Trust, tmp_path: Path, method: int) -> None:
    """Deflated, other names in META-INF, percent-encoded and older forms of the manifest."""
    made = Handmade(sender, files={"å b.txt": b"innhold"}, manifest_name="META-INF/asicmanifest.xml", method=method)
    made.manifest = (
        _manifest(made).replace("å b.txt".encode(), b"%C3%A5%20b.txt").replace(b"02918/v1.2.1#", b"2918/v1.2.1#")
    )
    assert open_plain(made.write(), trust, tmp_path) == {"å b.txt": b"innhold"}


def test_descriptors_of_a_stream_writer_are_read(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Java's reference deflates with sizes behind the data."""
    sound = Handmade(sender, files={"brev.txt": b"innhold" * 50_000}).write()
    assert open_plain(_stream(sound, zipfile.ZIP_DEFLATED), trust, tmp_path) == {"brev.txt": b"innhold" * 50_000}


def test_a_stored_file_with_a_descriptor_is_refused(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Nobody who reads forwards can know where it ends; other programs write it all the same."""
    with pytest.raises(Untrusted, match="has its size behind it") as caught:
        open_plain(_stream(Handmade(sender).write(), zipfile.ZIP_STORED), trust, tmp_path)
    assert caught.value.code == PackageFault.NOT_ASICE


def _stream(container: bytes, method: int) -> bytes:
    """The same members as a program writes them that cannot go back."""
    target = _Unseekable()
    with zipfile.ZipFile(io.BytesIO(container)) as source, zipfile.ZipFile(target, "w", method) as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name))
    return target.getvalue()


def _manifest(made: Handmade) -> bytes:
    with zipfile.ZipFile(io.BytesIO(made.write())) as container:
        return container.read(made.manifest_name)


class _Unseekable(io.BytesIO):
    """What makes Python's zipfile write descriptors."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def set_to(**values: object) -> Change:
    """Change parts of the container."""

    def change(made: Handmade) -> None:
        for name, value in values.items():
            setattr(made, name, value)

    return change


def change_after_signing(made: Handmade) -> None:
    """A manifest that was signed, then changed."""
    sound = _manifest(made)
    made.signature = sign_detached(sound, make_signing(made.pair))
    made.manifest = sound.replace(b"text/plain", b"text/html!")


def harm_manifest(old: bytes, new: bytes) -> Change:
    """A manifest that was written so, and signed."""

    def change(made: Handmade) -> None:
        made.manifest = _manifest(made).replace(old, new)

    return change


FAULTS: list[tuple[str, Change, PackageFault]] = [
    ("other media type", set_to(mimetype=b"application/zip"), PackageFault.NOT_ASICE),
    ("no media type", set_to(mimetype=b""), PackageFault.NOT_ASICE),
    ("media type late", set_to(mimetype=b"", more={"mimetype": ASICE.encode()}), PackageFault.NOT_ASICE),
    ("manifest no XML", set_to(manifest=b"<a"), PackageFault.NOT_ASICE),
    ("manifest with DTD", harm_manifest(b"<ASiC", b"<!DOCTYPE ASiCManifest><ASiC"), PackageFault.NOT_ASICE),
    ("manifest of another kind", set_to(manifest=b"<a/>"), PackageFault.NOT_ASICE),
    ("manifest without signature's name", harm_manifest(b"SigReference", b"Annet"), PackageFault.NOT_ASICE),
    ("reference without digest", harm_manifest(b"DigestValue", b"Annet"), PackageFault.NOT_ASICE),
    ("digest no base64", harm_manifest(b"<ns2:DigestValue>", b"<ns2:DigestValue>!"), PackageFault.NOT_ASICE),
    ("another signature named", harm_manifest(b"signature-1", b"signature-2"), PackageFault.NOT_SIGNED),
    ("unknown metadata", set_to(more={"META-INF/signatures.xml": b"<a/>"}), PackageFault.NOT_ASICE),
    ("changed document", set_to(listed=[("brev.txt", b"noe annet")]), PackageFault.DOCUMENT_CHANGED),
    ("file without reference", set_to(listed=[]), PackageFault.NOT_SIGNED),
    ("reference without file", set_to(listed=[("brev.txt", b"innhold"), ("borte.txt", b"")]), PackageFault.NOT_SIGNED),
    ("root manifest unsigned", set_to(more={"manifest.xml": b"<a/>"}), PackageFault.NOT_SIGNED),
    ("no manifest", set_to(manifest_name=""), PackageFault.NOT_SIGNED),
    ("no signature", set_to(signature=b""), PackageFault.NOT_SIGNED),
    ("two signatures", set_to(more={"META-INF/signature-2.p7s": b"x"}), PackageFault.NOT_SIGNED),
    ("two manifests", set_to(more={"META-INF/ASiCManifest2.xml": b"x"}), PackageFault.NOT_SIGNED),
    ("changed after signing", change_after_signing, PackageFault.MANIFEST_CHANGED),
    ("signature no CMS", set_to(signature=b"0\x03abc"), PackageFault.SIGNATURE_INVALID),
    ("digest refused", harm_manifest(b"xmlenc#sha256", b"xmldsig#sha1"), PackageFault.ALGORITHM_REFUSED),
    ("path upwards", set_to(files={"../brev.txt": b"x"}), PackageFault.UNSAFE_NAME),
    ("absolute path", set_to(files={"/brev.txt": b"x"}), PackageFault.UNSAFE_NAME),
    ("control character", set_to(files={"brev\x07.txt": b"x"}), PackageFault.UNSAFE_NAME),
    ("path in metadata", set_to(more={"META-INF/../brev.txt": b"x"}), PackageFault.UNSAFE_NAME),
]


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_what_does_not_hold_is_refused(
    sender: KeyPair, trust: Trust, tmp_path: Path, change: Change, code: PackageFault
) -> None:
    """Each with its code, a sentence for who can mend it, and nothing left in the spool."""
    made = Handmade(sender)
    assert open_plain(made.write(), trust, tmp_path) == {"brev.txt": b"innhold"}
    change(made)
    with pytest.raises(Untrusted) as caught:
        open_plain(made.write(), trust, tmp_path)
    assert caught.value.code == code
    assert caught.value.mend
    assert list(tmp_path.iterdir()) == []


def test_two_files_of_one_name_are_refused(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Readers would disagree on which of them was signed."""
    target = io.BytesIO(Handmade(sender).write())
    with zipfile.ZipFile(target, "a") as container, pytest.warns(UserWarning, match="Duplicate"):
        container.writestr("brev.txt", b"noe annet")
    assert _refusal(target.getvalue(), trust, tmp_path) == PackageFault.DUPLICATE_NAME


def _refusal(container: bytes, trust: Trust, spool: Path) -> str:
    with pytest.raises(Untrusted) as caught:
        open_plain(container, trust, spool)
    assert list(spool.iterdir()) == []
    return caught.value.code


def test_an_expired_signer_is_refused(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Judged at the moment that the caller names."""
    container = pack(sender, make_file("a.pdf", b"1"))
    assert _refusal(container, replace(trust, at=LATER + timedelta(days=1)), tmp_path) == "CERTIFICATE_EXPIRED"
    early = replace(trust, at=NOW - timedelta(days=1000))
    assert _refusal(container, early, tmp_path) == "CERTIFICATE_NOT_YET_VALID"


def test_a_signer_under_a_root_that_nobody_named_is_refused(trust: Trust, tmp_path: Path) -> None:
    """That the root travels along in the signature makes it no more trusted."""
    stranger = issue(make_authority("Fremmed rot"), "311000012", "Avsender kommune")
    assert _refusal(pack(stranger, make_file("a.pdf", b"1")), trust, tmp_path) == "UNKNOWN_ROOT"


def test_a_signer_below_another_business_certificate_is_refused(
    authority: Authority, trust: Trust, tmp_path: Path
) -> None:
    """A business certificate cannot issue others."""
    no_authority = make_authority("Later som", above=authority, constraints=False, signs=False)
    pair = issue(no_authority, "311000012", "Avsender kommune")
    assert _refusal(pack(pair, make_file("a.pdf", b"1")), trust, tmp_path) == "NOT_AN_AUTHORITY"


def test_a_certificate_that_is_not_for_signing_is_refused(authority: Authority, trust: Trust, tmp_path: Path) -> None:
    """Encryption certificates have a key usage of their own."""
    key = make_key("bare kryptering")
    builder = begin(authority[1].subject, authority[1].subject, key=key)
    builder = builder.add_extension(make_usage(authority=False, signs=False), critical=True)
    pair = KeyPair(key, (builder.sign(authority[0], SHA256()),))
    assert _refusal(pack(pair, make_file("a.pdf", b"1")), trust, tmp_path) == "CERTIFICATE_USAGE"


def test_bombs_are_stopped(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """Bytes in all, files, one metadata file, and the ratio: each limit counts."""
    container = Handmade(sender, files={"a.txt": bytes(300_000), "b.txt": bytes(300_000)}).write()
    open_plain(container, trust, tmp_path)
    for limits in (
        OpenLimits(total=500_000),
        OpenLimits(entries=3),
        OpenLimits(metadata=100),
        OpenLimits(ratio=100, ratio_from=100_000),
    ):
        assert _refusal(container, replace(trust, limits=limits), tmp_path) == PackageFault.ZIP_BOMB


def test_only_a_container_decrypts(recipient: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """What decrypts to something else gets the answer of what does not decrypt: a wrong key looks the same."""
    encrypted = draw(envelope(Sealed(7, lambda: iter([b"innhold"])), recipient.certificate))
    with pytest.raises(Untrusted) as caught, open_package(io.BytesIO(encrypted), trust=trust, spool=tmp_path):
        pass
    assert caught.value.code == PackageFault.UNDECRYPTABLE
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_cannot_be_written_is_our_own_matter(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """The package is tried again later, not refused."""
    with pytest.raises(StorageUnavailable):
        open_plain(pack(sender, make_file("a.pdf", b"1")), trust, tmp_path / "borte")


def test_a_fault_of_the_caller_stays_the_callers(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """What goes wrong while the files are used is not taken for a fault of the package, and the spool is emptied."""
    container = pack(sender, make_file("a.pdf", b"1"))
    with pytest.raises(OSError, match="disken"), open_asice(io.BytesIO(container), trust=trust, spool=tmp_path):
        raise OSError("disken er full")
    assert list(tmp_path.iterdir()) == []


def test_every_cut_is_noticed(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """However much of the end is missing, it is refused."""
    container = pack(sender, make_file("a.pdf", b"1" * 500))
    for size in range(0, len(container), 61):
        assert _refusal(container[:size], trust, tmp_path) == PackageFault.NOT_ASICE


def test_the_codes_of_certificates_are_codes_of_packages() -> None:
    """A caller that knows PackageFault knows every code that opening raises."""
    assert {str(fault) for fault in CertificateFault} < {str(fault) for fault in PackageFault}
