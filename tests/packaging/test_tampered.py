"""Containers that somebody has tampered with: every way has its own reason, and a sentence that says what is wrong."""

import io
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import MustAct, Untrusted
from gateway.keys import KeyPair
from gateway.packaging.cms import envelope
from gateway.packaging.opener import Trust, open_asice, open_package
from gateway.packaging.records import OpenLimits, PackageFault, Sealed
from tests.certificates import NOW, Authority
from tests.packaging import harms
from tests.packaging.harms import (
    BREV,
    Harm,
    Workshop,
    add,
    lie,
    lie_at_both,
    refer_to,
    rename,
    sign_as,
    sixty_four,
    widened,
)
from tests.packaging.packing import draw, open_plain, sign_with_openssl
from tests.packaging.tampering import DEFLATED, FOLDER, FULL, STORED, SYMLINK, Member, unicode_path

TOMORROW = NOW + timedelta(days=1)
SMALL = OpenLimits(total=400_000, entries=20, metadata=50_000, ratio=100, ratio_from=100_000)


@pytest.fixture(scope="module")
def workshop(sender: KeyPair, authority: Authority, trust: Trust) -> Workshop:
    """The bench on which containers are tampered with."""
    return Workshop(sender, authority, replace(trust, limits=SMALL))


@dataclass(frozen=True)
class Tampering:
    """One way to tamper, and how it is answered by a recipient who looks at the moment `at`."""

    title: str
    harm: Harm
    code: PackageFault
    words: str
    at: datetime = NOW


INNHOLD = ("brev.txt", b"innhold")

# The list of the issue: eight ways, eight codes.
NAMED = [
    Tampering(
        "document changed",
        lie(BREV, content=b"annet!!"),
        PackageFault.DOCUMENT_CHANGED,
        "'brev.txt' was changed after it was signed",
    ),
    Tampering(
        "manifest changed", harms.change_manifest, PackageFault.MANIFEST_CHANGED, "it was made for another manifest"
    ),
    Tampering(
        "signature of another key",
        harms.sign_with_another_key,
        PackageFault.KEY_MISMATCH,
        "not made with the certificate's",
    ),
    Tampering("expired certificate", sign_as(harms.expired), PackageFault.CERTIFICATE_EXPIRED, "ran out"),
    Tampering("unknown root", sign_as(harms.stranger), PackageFault.UNKNOWN_ROOT, "leads to no root that is named"),
    Tampering(
        "zip bomb", harms.signed_zeros(files=1, size=300_000), PackageFault.ZIP_BOMB, "a file unpacks to more than 100"
    ),
    Tampering(
        "path traversal", lambda bench: bench.make(files={"../brev.txt": b"x"}), PackageFault.UNSAFE_NAME, "it holds /"
    ),
    Tampering(
        "header and directory disagree",
        lie(BREV, central_name=b"vrak.txt"),
        PackageFault.DIRECTORY_DISAGREES,
        "entry 2",
    ),
]

OF_SIGNATURES = [
    Tampering(
        "signature of another container",
        harms.swap_signature,
        PackageFault.MANIFEST_CHANGED,
        "made for another manifest",
    ),
    Tampering(
        "manifest and signature of another",
        harms.swap_both,
        PackageFault.DOCUMENT_CHANGED,
        "'brev.txt' was changed after",
    ),
    Tampering(
        "valid at signing, expired now",
        sign_as(harms.briefly_valid),
        PackageFault.CERTIFICATE_EXPIRED,
        "ran out",
        at=TOMORROW,
    ),
    Tampering(
        "key only for encryption",
        sign_as(harms.only_for_encryption),
        PackageFault.CERTIFICATE_USAGE,
        "is not for signing",
    ),
    Tampering(
        "missing intermediate", sign_as(harms.without_intermediate), PackageFault.ISSUER_MISSING, "CN=Mellomledd"
    ),
    Tampering(
        "forged under the root's name", sign_as(harms.below_forged_root), PackageFault.UNKNOWN_ROOT, "did not sign it"
    ),
    Tampering(
        "not in the manifest", add(Member(b"ekstra.txt", b"x")), PackageFault.NOT_SIGNED, "'ekstra.txt' is not covered"
    ),
    Tampering("metadata not known", add(Member(b"META-INF/x.xml", b"x")), PackageFault.NOT_ASICE, "not known here"),
    Tampering(
        "referred to twice",
        refer_to(INNHOLD, INNHOLD),
        PackageFault.DUPLICATE_NAME,
        "the manifest names 'brev.txt' twice",
    ),
    Tampering(
        "referred to twice, once percent-encoded",
        refer_to(INNHOLD, ("br%65v.txt", b"innhold")),
        PackageFault.DUPLICATE_NAME,
        "the manifest names 'brev.txt' twice",
    ),
    Tampering(
        "percent-encoded traversal",
        refer_to(INNHOLD, ("%2e%2e%2fbrev.txt", b"innhold")),
        PackageFault.UNSAFE_NAME,
        "the manifest names '../brev.txt', which lies outside the container",
    ),
    Tampering(
        "reference to another place",
        refer_to(INNHOLD, ("file:///etc/passwd", b"innhold")),
        PackageFault.UNSAFE_NAME,
        "the manifest names 'file:///etc/passwd', which lies outside the container",
    ),
]

OF_NAMES = [
    Tampering(
        "one name twice", add(Member(BREV, b"innhold")), PackageFault.DUPLICATE_NAME, "two files are called 'brev.txt'"
    ),
    Tampering(
        "twin in case", add(Member(b"BREV.txt", b"x")), PackageFault.DUPLICATE_NAME, "'BREV.txt' differs from another"
    ),
    Tampering(
        "twin in Unicode form",
        lambda bench: bench.apart(files={"brév.txt": b"1"}).add(Member("bre\u0301v.txt".encode(), b"1")).write(),
        PackageFault.DUPLICATE_NAME,
        "'brév.txt' differs from another",
    ),
    Tampering(
        "twin of the root manifest",
        add(Member(b"Manifest.XML", b"x")),
        PackageFault.UNSAFE_NAME,
        "needs this name itself",
    ),
    Tampering(
        "twin of the metadata", add(Member(b"meta-inf/x.p7s", b"x")), PackageFault.UNSAFE_NAME, "needs this name itself"
    ),
    Tampering("absolute", rename(b"/etc/passwd"), PackageFault.UNSAFE_NAME, "it holds /"),
    Tampering("backslash", rename(b"..\\brev.txt"), PackageFault.UNSAFE_NAME, "it holds \\"),
    Tampering("drive", rename(b"C:brev.txt"), PackageFault.UNSAFE_NAME, "it holds :"),
    Tampering("cut by a zero", rename(b"brev.txt\0.exe"), PackageFault.UNSAFE_NAME, "invisible control character"),
    Tampering("folder of its own", rename(b"META-INF"), PackageFault.UNSAFE_NAME, "needs this name itself"),
    Tampering("not UTF-8", rename(b"br\xe5v.txt"), PackageFault.UNSAFE_NAME, "is not UTF-8"),
    Tampering(
        "symbolic link", lie(BREV, attributes=SYMLINK), PackageFault.NO_PLAIN_FILE, "'brev.txt' is no plain file"
    ),
    Tampering("folder", lie(BREV, attributes=FOLDER), PackageFault.NO_PLAIN_FILE, "'brev.txt' is no plain file"),
    Tampering("folder for DOS", lie(BREV, attributes=0x10), PackageFault.NO_PLAIN_FILE, "'brev.txt' is no plain file"),
    Tampering(
        "second name in the directory",
        lie(BREV, central_extra=unicode_path(BREV, b"../vrak.txt")),
        PackageFault.NO_PLAIN_FILE,
        "'brev.txt' has a second name or kind",
    ),
    Tampering(
        "second name in the header",
        lie(BREV, extra=unicode_path(BREV, b"x")),
        PackageFault.NO_PLAIN_FILE,
        "second name",
    ),
]

OF_ZIP = [
    Tampering(
        "checksum wrong", lie_at_both(BREV, 0), PackageFault.CHECKSUM_WRONG, "'brev.txt' do not have their checksum"
    ),
    Tampering("size wrong", lie_at_both(BREV, 2), PackageFault.NOT_ASICE, "the sizes of 'brev.txt' are not those"),
    Tampering("encrypted entry", lie(BREV, flags=0x0801), PackageFault.NOT_ASICE, "is encrypted with a password"),
    Tampering(
        "encrypted in the directory", lie(BREV, central_flags=0x0801), PackageFault.DIRECTORY_DISAGREES, "entry 2"
    ),
    Tampering("compressed otherwise", lie(BREV, method_told=12), PackageFault.NOT_ASICE, "in another way than deflate"),
    Tampering("behind the end", lambda bench: bench.make() + b"x", PackageFault.NOT_ASICE, "something follows its end"),
    Tampering("another end in the comment", harms.false_end, PackageFault.DIRECTORY_DISAGREES, "a second end record"),
    Tampering(
        "another end in an entry's comment",
        harms.false_locator,
        PackageFault.DIRECTORY_DISAGREES,
        "a second end record",
    ),
    Tampering("overlapping entries", harms.overlap, PackageFault.DIRECTORY_DISAGREES, "entry 6"),
    Tampering("hidden from the directory", harms.hide, PackageFault.DIRECTORY_DISAGREES, "1 files are missing from it"),
    Tampering(
        "described, with other sizes in front",
        lie(BREV, method=DEFLATED, flags=0x0808, told=(1, 2, 3)),
        PackageFault.DIRECTORY_DISAGREES,
        "the header of 'brev.txt' states other sizes than stand behind it",
    ),
    Tampering(
        "64-bit sizes beside others", widened(local=sixty_four(9, 9)), PackageFault.DIRECTORY_DISAGREES, "given twice"
    ),
    Tampering(
        "64-bit sizes missing",
        widened(local=b"", told=(FULL, FULL)),
        PackageFault.NOT_ASICE,
        "64-bit sizes are missing",
    ),
    Tampering(
        "64-bit sizes twice",
        widened(local=sixty_four(7, 7) + sixty_four(9, 9), told=(FULL, FULL)),
        PackageFault.DIRECTORY_DISAGREES,
        "given twice",
    ),
    Tampering(
        "64-bit sizes wrong", widened(local=sixty_four(8, 7), told=(FULL, FULL)), PackageFault.NOT_ASICE, "the sizes of"
    ),
    Tampering(
        "64-bit sizes cut", widened(local=b"\1\0\x10\0x", told=(FULL, FULL)), PackageFault.NOT_ASICE, "extra field"
    ),
    Tampering(
        "64-bit sizes otherwise in the directory",
        widened(local=sixty_four(7, 7), central=sixty_four(9, 7), told=(FULL, FULL)),
        PackageFault.DIRECTORY_DISAGREES,
        "given twice",
    ),
]

OF_BOMBS = [
    Tampering(
        "more than is taken in all",
        harms.signed_noise(files=9, size=60_000),
        PackageFault.ZIP_BOMB,
        "400000 bytes in all",
    ),
    Tampering(
        "many that are none alone",
        harms.signed_zeros(files=5, size=70_000),
        PackageFault.ZIP_BOMB,
        "its files unpack to more",
    ),
    Tampering("too many files", harms.signed_zeros(files=20, size=1), PackageFault.ZIP_BOMB, "more than 20 files"),
    Tampering(
        "metadata that fills the memory",
        lambda bench: bench.make(more={f"META-INF/signature-{n}.p7s": bytes(20_000) for n in range(4)}),
        PackageFault.ZIP_BOMB,
        "its own files are larger than 50000 bytes",
    ),
]
FAULTS = [*NAMED, *OF_SIGNATURES, *OF_NAMES, *OF_ZIP, *OF_BOMBS]


@pytest.mark.parametrize("tampering", FAULTS, ids=lambda each: each.title)
def test_every_way_to_tamper_has_its_reason(workshop: Workshop, tmp_path: Path, tampering: Tampering) -> None:
    """Its code, what is wrong, who mends it and how; nothing is left in the spool."""
    with pytest.raises(Untrusted) as caught:
        open_plain(tampering.harm(workshop), replace(workshop.trust, at=tampering.at), tmp_path)
    assert caught.value.code == tampering.code
    assert tampering.words in caught.value.message
    assert caught.value.mend
    root_unknown = tampering.code is PackageFault.UNKNOWN_ROOT  # to be named in our settings, if it is to be trusted
    assert caught.value.must_act is (MustAct.OPERATOR if root_unknown else MustAct.SENDER)
    assert list(tmp_path.iterdir()) == []


def test_the_eight_ways_of_the_list_have_eight_codes() -> None:
    """Nobody must read the sentence to know which of them it was."""
    assert len({tampering.code for tampering in NAMED}) == len(NAMED) == 8


@pytest.mark.parametrize("tampering", FAULTS, ids=lambda each: each.title)
def test_encryption_hides_no_tampering(
    workshop: Workshop, recipient: KeyPair, tmp_path: Path, tampering: Tampering
) -> None:
    """The same container, encrypted to us by whoever tampered with it: anybody can encrypt."""
    container = tampering.harm(workshop)
    encrypted = draw(envelope(Sealed(len(container), lambda: iter([container])), recipient.certificate))
    trust = replace(workshop.trust, at=tampering.at)
    with pytest.raises(Untrusted) as caught, open_package(io.BytesIO(encrypted), trust=trust, spool=tmp_path):
        pass
    assert caught.value.code == tampering.code


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_what_is_taken_apart_and_put_together_opens(workshop: Workshop, tmp_path: Path, method: int) -> None:
    """Without a lie the bench makes sound containers: so it is the lie that is refused."""
    whole = workshop.apart()
    members = [replace(each, method=method if each.name == BREV else STORED) for each in whole.members]
    assert open_plain(replace(whole, members=members).write(), workshop.trust, tmp_path) == {"brev.txt": b"innhold"}
    described = [replace(each, method=DEFLATED, flags=0x0808) if each.name == BREV else each for each in whole.members]
    assert open_plain(replace(whole, members=described).write(), workshop.trust, tmp_path) == {"brev.txt": b"innhold"}
    commented = replace(whole.change(BREV, comment=b"en merknad"), comment=b"til slutt")
    assert open_plain(commented.write(), workshop.trust, tmp_path) == {"brev.txt": b"innhold"}


def test_honest_64_bit_sizes_open(workshop: Workshop, tmp_path: Path) -> None:
    """In place of the short ones, or beside them and the same."""
    wide = sixty_four(7, 7)
    for container in (widened(local=wide, told=(FULL, FULL)), widened(local=wide, central=wide)):
        assert open_plain(container(workshop), workshop.trust, tmp_path) == {"brev.txt": b"innhold"}


def test_another_reader_would_be_deceived(workshop: Workshop) -> None:
    """Python's zipfile believes the false end record and shows the attacker's directory: that is why it is refused."""
    with zipfile.ZipFile(io.BytesIO(harms.false_end(workshop))) as container:
        assert container.namelist() == ["brev.txt"]


def test_a_signature_with_sha1_is_refused_where_the_settings_say_so(workshop: Workshop, tmp_path: Path) -> None:
    """eFormidling's own integration point signs so: taken by default."""
    manifest = workshop.manifest(("brev.txt", b"innhold"))
    signature = sign_with_openssl(manifest, workshop.sender, tmp_path, "-md", "sha1")
    container = workshop.make(manifest=manifest, signature=signature)
    (spool := tmp_path / "spool").mkdir()
    assert open_plain(container, workshop.trust, spool) == {"brev.txt": b"innhold"}
    with pytest.raises(Untrusted, match="signed with sha1") as caught:
        open_plain(container, replace(workshop.trust, accept_sha1=False), spool)
    assert caught.value.code == PackageFault.ALGORITHM_REFUSED


def test_a_bomb_within_a_document_stays_a_document(workshop: Workshop, tmp_path: Path) -> None:
    """A ZIP that somebody attaches is carried, never unpacked, whatever it would become."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("nuller", bytes(50_000_000))
    opened = open_plain(workshop.make(files={"vedlegg.zip": bomb.getvalue()}), workshop.trust, tmp_path)
    assert opened == {"vedlegg.zip": bomb.getvalue()}


def test_no_byte_changes_what_comes_out(workshop: Workshop, tmp_path: Path) -> None:
    """Whichever byte is changed, the container is refused, or gives the very same files from the same signer."""
    sound = workshop.make(method=zipfile.ZIP_STORED)
    refused = 0
    for at in range(0, len(sound), 3):
        harmed = sound[:at] + bytes((sound[at] ^ (1 << at % 8),)) + sound[at + 1 :]
        try:
            with open_asice(io.BytesIO(harmed), trust=workshop.trust, spool=tmp_path) as package:
                assert [(file.name, file.path.read_bytes()) for file in package.files] == [("brev.txt", b"innhold")]
                assert package.signer == workshop.sender.certificate
        except Untrusted:
            refused += 1
    assert refused > len(sound) / 3 / 2
