"""Packages for tests: made by the gateway, or by hand where the gateway would refuse to make them."""

import hashlib
import io
import subprocess
import uuid
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

import pytest

from gateway.keys import KeyPair
from gateway.packaging.asice import write_asice
from gateway.packaging.cades import sign_detached
from gateway.packaging.manifest import Listed, write_asic_manifest, write_open_document_manifest
from gateway.packaging.opener import Trust, open_asice
from gateway.packaging.records import ASICE, PackagedFile, Parties, Sealed, Signing
from tests.certificates import NOW, write_key, write_pem

PARTIES = Parties("0192:311000012", "0192:311000020")
SIGNATURE = "META-INF/signature-1.p7s"
MANIFEST = "META-INF/ASiCManifest.xml"


def make_file(name: str, content: bytes, mime: str = "application/pdf") -> PackagedFile:
    """A stored document with the sums of its upload."""
    digest = hashlib.sha256(content).digest()
    return PackagedFile(name, mime, len(content), zlib.crc32(content), digest, lambda: io.BytesIO(content))


def make_signing(pair: KeyPair) -> Signing:
    """Signed by `pair`, now."""
    return Signing(pair, NOW, str(uuid.uuid4()))


def draw(sealed: Sealed) -> bytes:
    """Every byte of one pass."""
    return b"".join(sealed.chunks())


def pack(pair: KeyPair, *files: PackagedFile) -> bytes:
    """The plain container that the gateway makes."""
    return draw(write_asice(files, parties=PARTIES, signing=make_signing(pair)))


def open_plain(container: bytes, trust: Trust, spool: Path) -> dict[str, bytes]:
    """The files of a plain container by name."""
    with open_asice(io.BytesIO(container), trust=trust, spool=spool) as package:
        return {file.name: file.path.read_bytes() for file in package.files}


@dataclass
class Handmade:
    """A container written with Python's zipfile, each part of which a test may change."""

    pair: KeyPair
    files: dict[str, bytes] = field(default_factory=lambda: {"brev.txt": b"innhold"})
    mimetype: bytes = ASICE.encode()
    listed: Sequence[tuple[str, bytes]] | None = None
    manifest_name: str = MANIFEST
    manifest: bytes | None = None
    signature: bytes | None = None
    more: dict[str, bytes] = field(default_factory=dict)
    method: int = zipfile.ZIP_DEFLATED

    def write(self) -> bytes:
        """The container's bytes; what a test did not set is made as it should be."""
        listed = self.files.items() if self.listed is None else self.listed
        entries = [Listed(name, "text/plain", hashlib.sha256(content).digest()) for name, content in listed]
        manifest = write_asic_manifest(SIGNATURE, entries) if self.manifest is None else self.manifest
        signature = sign_detached(manifest, make_signing(self.pair)) if self.signature is None else self.signature
        members = {
            **({"mimetype": self.mimetype} if self.mimetype else {}),
            **self.files,
            self.manifest_name: manifest,
            SIGNATURE: signature,
            **self.more,
            "META-INF/manifest.xml": write_open_document_manifest(entries),
        }
        return write_zip({name: content for name, content in members.items() if name and content}, self.method)


def write_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP as any program might write it, with the sizes in front."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as container:
        for name, content in members.items():
            container.writestr(name, content)
    return target.getvalue()


def sign_with_openssl(content: bytes, pair: KeyPair, folder: Path, *options: str) -> bytes:
    """What `openssl cms -sign` makes of `content`; its files go into `folder`."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    (folder / "content").write_bytes(content)
    (folder / "key.pem").write_bytes(write_key(pair.key))
    (folder / "leaf.pem").write_bytes(write_pem(pair.certificate))
    signing = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-in", folder / "content"]
    pair_files = ["-signer", folder / "leaf.pem", "-inkey", folder / "key.pem"]
    subprocess.run([*signing, "-out", folder / "p7s", *pair_files, *options], check=True)
    return (folder / "p7s").read_bytes()
