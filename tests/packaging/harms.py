"""How containers are tampered with: each harm takes the bench of a sender and gives the bytes that arrive.

Used by `test_tampered`, which says how each of them is answered.
"""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from cryptography.hazmat.primitives.hashes import SHA256

from gateway.keys import KeyPair
from gateway.packaging.cades import sign_detached
from gateway.packaging.manifest import Listed, write_asic_manifest
from gateway.packaging.opener import Trust
from tests.certificates import NOW, Authority, begin, issue, make_authority, make_key, make_subject, make_usage
from tests.packaging.packing import SIGNATURE, Handmade, make_signing
from tests.packaging.tampering import Member, Zip, extra_field, take_apart

BREV = b"brev.txt"
END, LOCATOR = b"PK\5\6", b"PK\6\7"


@dataclass(frozen=True)
class Workshop:
    """Who sends, below which authority, and how the recipient judges."""

    sender: KeyPair
    authority: Authority
    trust: Trust

    def make(self, **parts: object) -> bytes:
        """A container with `brev.txt`, some parts of it otherwise."""
        return Handmade(self.sender, **parts).write()  # type: ignore[arg-type]

    def apart(self, **parts: object) -> Zip:
        """The same, taken apart."""
        return take_apart(self.make(**parts))

    def sign(self, manifest: bytes, pair: KeyPair | None = None) -> bytes:
        """A container with this manifest, soundly signed."""
        return self.make(manifest=manifest, signature=sign_detached(manifest, make_signing(pair or self.sender)))

    def manifest(self, *references: tuple[str, bytes]) -> bytes:
        """An ASiCManifest of these names and contents."""
        return write_asic_manifest(
            SIGNATURE, [Listed(name, "text/plain", hashlib.sha256(content).digest()) for name, content in references]
        )


Harm = Callable[[Workshop], bytes]


def lie(name: bytes, /, **lies: object) -> Harm:
    """A sound container with lies about one file."""
    return lambda bench: bench.apart().change(name, **lies).write()


def add(*members: Member) -> Harm:
    """A sound container with more files in it."""
    return lambda bench: bench.apart().add(*members).write()


def lie_at_both(name: bytes, which: int) -> Harm:
    """The same wrong sum (0: CRC, 2: size) in the local header and in the directory."""

    def harm(bench: Workshop) -> bytes:
        whole = bench.apart()
        (member,) = [each for each in whole.members if each.name == name]
        told = [*member.sums]
        told[which] += 1
        return whole.change(name, told=told, central_told=told).write()

    return harm


def swap_signature(bench: Workshop) -> bytes:
    """The signature of another container of the same sender."""
    other = bench.manifest(("brev.txt", b"et annet innhold"))
    return bench.make(signature=sign_detached(other, make_signing(bench.sender)))


def swap_both(bench: Workshop) -> bytes:
    """Manifest and signature of another container: sound in themselves."""
    return bench.sign(bench.manifest(("brev.txt", b"et annet innhold")))


def change_manifest(bench: Workshop) -> bytes:
    """A manifest that names another document than the one that was signed."""
    signature = sign_detached(bench.manifest(("brev.txt", b"noe")), make_signing(bench.sender))
    return bench.make(signature=signature)


def sign_with_another_key(bench: Workshop) -> bytes:
    """The sender's certificate, another's key."""
    forged = KeyPair(make_key("en annens"), bench.sender.chain)
    manifest = bench.manifest(("brev.txt", b"innhold"))
    return bench.make(signature=sign_detached(manifest, make_signing(forged)))


def sign_as(make_pair: Callable[[Workshop], KeyPair]) -> Harm:
    """A container that somebody else has signed with all its art."""
    return lambda bench: bench.sign(bench.manifest(("brev.txt", b"innhold")), make_pair(bench))


def expired(bench: Workshop) -> KeyPair:
    """A certificate that ran out yesterday."""
    return issue(bench.authority, "311000012", "Utløpt", not_after=NOW - timedelta(days=1))


def briefly_valid(bench: Workshop) -> KeyPair:
    """A certificate that holds until tonight."""
    return issue(bench.authority, "311000012", "Kortvarig", not_after=NOW + timedelta(hours=8))


def stranger(_bench: Workshop) -> KeyPair:
    """Under a root that nobody named, which comes along."""
    return issue(make_authority("Fremmed rot"), "311000012", "Avsender kommune")


def without_intermediate(bench: Workshop) -> KeyPair:
    """Below an authority between, which does not come along."""
    between = make_authority("Mellomledd", above=bench.authority)
    return KeyPair((pair := issue(between, "311000012", "Ufullstendig")).key, pair.chain[:1])


def below_forged_root(bench: Workshop) -> KeyPair:
    """Issued by somebody who calls himself as the named root does."""
    return issue((make_key("falsk rot"), bench.authority[1]), "311000012", "Avsender kommune")


def only_for_encryption(bench: Workshop) -> KeyPair:
    """A certificate whose key usage is encryption."""
    key, (root_key, root) = make_key("kryptering"), bench.authority
    builder = begin(make_subject("311000012", "Avsender kommune"), root.subject, key=key)
    builder = builder.add_extension(make_usage(authority=False, signs=False), critical=True)
    return KeyPair(key, (builder.sign(root_key, SHA256()), root))


def false_end(bench: Workshop) -> bytes:
    """Another end record in the comment: who looks from behind meets it first, and its directory is the attacker's."""
    whole = bench.apart()
    other = Member(BREV, b"falskt!")
    directory = other.central(0)
    return replace(whole, comment=directory + struct.pack("<4sHHHHIIH", END, 0, 0, 1, 1, len(directory), 0, 0)).write()


def false_locator(bench: Workshop) -> bytes:
    """A 64-bit locator as the comment of the last entry: who believes it reads another directory."""
    whole = bench.apart()
    last = whole.members[-1].name
    return whole.change(last, comment=LOCATOR + struct.pack("<IQI", 0, 38, 1)).write()


def overlap(bench: Workshop) -> bytes:
    """Two entries of the directory for the bytes of one file: the bomb that no single ratio shows."""
    whole = bench.apart()
    return replace(whole, more_entries=lambda at: Member(b"kopi.txt", b"innhold").central(at[BREV])).write()


def signed_zeros(*, files: int, size: int) -> Harm:
    """Documents of zeros, soundly signed."""

    def harm(bench: Workshop) -> bytes:
        return bench.make(files={f"{number}.txt": bytes(size) for number in range(files)})

    return harm


def signed_noise(*, files: int, size: int) -> Harm:
    """Documents that nothing compresses."""
    noise = Random(1)
    return lambda bench: bench.make(files={f"{number}.txt": noise.randbytes(size) for number in range(files)})


def hide(bench: Workshop) -> bytes:
    """A file that only those see who read local headers."""
    return replace(bench.apart(), hidden=frozenset({BREV})).write()


def sixty_four(size: int, packed: int) -> bytes:
    """The 64-bit sizes of a local header."""
    return extra_field(1, struct.pack("<QQ", size, packed))


def widened(*, local: bytes, central: bytes = b"", told: tuple[int, int] | None = None) -> Harm:
    """A document with 64-bit sizes; `told` (packed, unpacked) stand in its short fields."""

    def harm(bench: Workshop) -> bytes:
        whole = bench.apart()
        (member,) = [each for each in whole.members if each.name == BREV]
        short = (member.sums[0], *(told or member.sums[1:]))
        return whole.change(BREV, told=short, extra=local, central_extra=central).write()

    return harm


def rename(name: bytes) -> Harm:
    """The document under another name than the manifest's, in the local header as in the directory."""
    return lie(BREV, name=name)


def refer_to(*references: tuple[str, bytes]) -> Harm:
    """A soundly signed manifest with these references."""
    return lambda bench: bench.sign(bench.manifest(*references))
