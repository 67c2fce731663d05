"""What packaging takes and gives: the records that cross its door, and the reasons for which a package is refused.

In come files that are already stored (size and digests known since the upload), out goes `Sealed`: a length and bytes
that can be drawn anew for each try. Called by `delivery` and the sandbox, read by every module of this room.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from gateway.errors import MustAct, Untrusted
from gateway.keys import CertificateFault, KeyPair
from gateway.language import say

ASICE = "application/vnd.etsi.asic-e+zip"
Block = bytes | bytearray | memoryview


class PackageFault(StrEnum):
    """Why a package is refused; the `code` of `Untrusted`. The last seven are those of the signer's certificate."""

    UNDECRYPTABLE = "UNDECRYPTABLE"  # not for our keys, damaged, or not encrypted at all: deliberately one code
    NOT_A_PARCEL = "NOT_A_PARCEL"  # the outer ZIP with sbd.json and asic.zip
    NOT_ASICE = "NOT_ASICE"
    DIRECTORY_DISAGREES = "DIRECTORY_DISAGREES"  # local headers say one thing, the ZIP's directory another
    ZIP_BOMB = "ZIP_BOMB"
    UNSAFE_NAME = "UNSAFE_NAME"
    DUPLICATE_NAME = "DUPLICATE_NAME"
    NO_PLAIN_FILE = "NO_PLAIN_FILE"  # a symbolic link, a folder, a file with a second name
    CHECKSUM_WRONG = "CHECKSUM_WRONG"  # damaged on the way, rather than changed
    DOCUMENT_CHANGED = "DOCUMENT_CHANGED"
    MANIFEST_CHANGED = "MANIFEST_CHANGED"  # the signature is for another manifest
    KEY_MISMATCH = "KEY_MISMATCH"  # the signature was made with another key than that of the certificate beside it
    NOT_SIGNED = "NOT_SIGNED"  # a file without reference, a reference without file, a manifest without signature
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    ALGORITHM_REFUSED = "ALGORITHM_REFUSED"
    UNREADABLE_CERTIFICATE = CertificateFault.UNREADABLE_CERTIFICATE
    UNKNOWN_ROOT = CertificateFault.UNKNOWN_ROOT
    ISSUER_MISSING = CertificateFault.ISSUER_MISSING
    CERTIFICATE_EXPIRED = CertificateFault.CERTIFICATE_EXPIRED
    CERTIFICATE_NOT_YET_VALID = CertificateFault.CERTIFICATE_NOT_YET_VALID
    NOT_AN_AUTHORITY = CertificateFault.NOT_AN_AUTHORITY
    CERTIFICATE_USAGE = CertificateFault.CERTIFICATE_USAGE


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One file to pack. `size` (bytes), `crc32` and `sha256` are those of the upload; `open` starts it anew."""

    name: str
    mime: str
    size: int
    crc32: int
    sha256: bytes
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bytes ready to go: `chunks()` begins at the first byte each time it is called and yields `length` bytes in all.

    Where something is encrypted, each call does so under a new key; the length stays the same.
    """

    length: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Parties:
    """Who sends to whom, as canonical identifiers (`0192:…`)."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Signing:
    """With which key, when, and under which id (a UUID, part of the signature's file name)."""

    pair: KeyPair
    at: datetime
    signature_id: str


@dataclass(frozen=True, slots=True)
class OpenLimits:
    """How much a package may unpack to, in bytes and files.

    `metadata` bounds each of the container's own files. From `ratio_from` bytes on, a file must not unpack to more than
    `ratio` times the bytes that it took.
    """

    total: int = 5 * 1024**3
    entries: int = 2000
    metadata: int = 4 * 1024**2
    ratio: int = 250
    ratio_from: int = 64 * 1024**2


_PACK_ANEW = say("the sender must package and send it anew")


def distrust(
    code: PackageFault, message: str, *, mend: str = _PACK_ANEW, must_act: MustAct = MustAct.SENDER
) -> Untrusted:
    """The refusal of a package: where nothing else is said, whoever made it must mend it."""
    return Untrusted(message, mend=mend, code=code, must_act=must_act)
