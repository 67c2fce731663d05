"""What a parcel holds: its package decrypted with any of our keys, verified, and kept as one sealed blob.

In comes the file of a parcel, out comes an `Opened`: the verdict on the signature, and where it holds the blob and its
files. Called by `storing` and `reopening`. Bytes pass through once, in constant memory, and nothing is unpacked to disk.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from cryptography.x509.oid import NameOID

from gateway.delivery.submission import Clock
from gateway.errors import Untrusted
from gateway.keys import KeyRing, TrustRoots, organisation_of
from gateway.packaging.forward import Forward, read_blocks
from gateway.packaging.opener import ExaminedPackage, Trust, examine_package
from gateway.packaging.parcel import open_dpo
from gateway.packaging.unzip import read_file
from gateway.storage.blobs import BlobStore
from gateway.storage.inbox import NO_PACKAGE, VALID, IncomingFile, Signature

_BLOCK = 1024 * 1024
# What Norwegian certificates say of an organisation, and the library has no short name for.
_NAMES = {NameOID.SERIAL_NUMBER: "serialNumber", NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier"}


@dataclass(frozen=True, slots=True)
class Opened:
    """The verdict; `blob` is the key of the plain ASiC-E and `size` its bytes, both None where there is none to hand on."""

    signature: Signature
    blob: str | None = None
    size: int | None = None
    files: tuple[IncomingFile, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the message may be handed on."""
        return self.signature.verdict in (VALID, NO_PACKAGE)


@dataclass(frozen=True, slots=True)
class Packages:
    """Opening packages, with everything it needs."""

    blobs: BlobStore
    ring: KeyRing
    roots: TrustRoots
    now: Clock
    spool: Path

    def open(self, source: BinaryIO, *, at: datetime | None = None) -> Opened:
        """Open the package of a parcel in a seekable file; whatever does not hold is a verdict, not an error.

        Certificates are judged by that time (None: now).
        """
        try:
            with open_dpo(source) as parcel:
                return (
                    self._examine(parcel.package, at or self.now()) if parcel.package else Opened(Signature(NO_PACKAGE))
                )
        except Untrusted as fault:
            return Opened(Signature(fault.code, fault.message, fault.mend or None))

    def reopen(self, key: str, *, at: datetime) -> Opened:
        """Open a parcel that `keep` has kept, by that time; it lies in the spool meanwhile, as encrypted as it came."""
        with self.blobs.open(key) as source, TemporaryFile(dir=self.spool, prefix="parcel-") as spooled:
            while block := source.read(_BLOCK):
                spooled.write(block)
            spooled.seek(0)
            return self.open(cast(BinaryIO, spooled), at=at)

    def keep(self, path: Path) -> str:
        """Keep a parcel as it came; the key of its blob."""
        with path.open("rb") as source, self.blobs.create() as writer:
            while block := source.read(_BLOCK):
                writer.write(block)
            return writer.commit().key

    def _examine(self, package: BinaryIO, at: datetime) -> Opened:
        trust = Trust(self.ring.pairs, self.roots, at)
        with self.blobs.create() as writer:
            found = examine_package(package, trust=trust, keep=writer.write)
            blob = writer.commit()
        files = tuple(IncomingFile(file.name, file.size, file.sha256.hex()) for file in found.files)
        return Opened(_signed(found), blob.key, blob.size, files)


def stream_file(source: BinaryIO, name: str) -> Generator[bytes, None, None]:
    """The bytes of one file of a verified ASiC-E; closes the source at the end."""
    with source:
        for block in read_file(Forward(read_blocks(source)), name):
            yield bytes(block)


def _signed(found: ExaminedPackage) -> Signature:
    signer = found.signer
    return Signature(
        VALID,
        signer=signer.subject.rfc4514_string(_NAMES),
        organisation=organisation_of(signer),
        serial=f"{signer.serial_number:x}",
        valid_until=signer.not_valid_after_utc,
    )
