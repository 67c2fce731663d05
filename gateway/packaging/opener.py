"""Opens a package that came in: decrypts it, unpacks it aside, and hands out its files only after everything holds.

In come the encrypted (or plain) container, our keys and the roots that we trust; out come the files and who signed
them. Called by `delivery.reception` and the sandbox's recipients. Whatever was unpacked is gone when the context
ends.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain as joined
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import unquote

from cryptography import x509

from gateway.arkivmelding.filenames import normal, unsafe_reason
from gateway.errors import MustAct, StorageUnavailable, Untrusted
from gateway.keys import KeyPair, TrustRoots, may_sign
from gateway.language import say
from gateway.packaging.beside import run_beside
from gateway.packaging.checksums import Checksums
from gateway.packaging.decrypt import decrypt, undecryptable
from gateway.packaging.forward import Forward, read_blocks
from gateway.packaging.manifest import Manifest, read_manifest
from gateway.packaging.names import METADATA_FOLDER, MIMETYPE, ROOT_MANIFEST, show_name
from gateway.packaging.records import ASICE, Block, OpenLimits, PackageFault, distrust
from gateway.packaging.signature import verify_detached
from gateway.packaging.unzip import read_zip
from gateway.packaging.zipheaders import bomb
from gateway.packaging.zipstream import LOCAL

_MANIFEST_NAME = re.compile(r"META-INF/asicmanifest[^/]*\.xml", re.IGNORECASE)
_SIGNATURE_NAME = re.compile(r"META-INF/signature[^/]*\.p7s", re.IGNORECASE)
_LISTING_NAME = f"{METADATA_FOLDER}manifest.xml"


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One data file, unpacked to `path`: a name of our own, never the sender's."""

    name: str
    size: int
    sha256: bytes
    path: Path


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One data file of a package that was looked through and not unpacked."""

    name: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class ExaminedPackage:
    """The data files in their order (the first is the main document) and the certificate that signed them."""

    files: tuple[ListedFile, ...]
    signer: x509.Certificate


@dataclass(frozen=True, slots=True)
class OpenedPackage:
    """The data files in their order (the first is the main document) and the certificate that signed them."""

    files: tuple[OpenedFile, ...]
    signer: x509.Certificate


@dataclass(frozen=True, slots=True)
class Trust:
    """With what a package is judged: our keys, the named roots, the moment, how much it may hold.

    `accept_sha1`: whether the signature over the manifest may use SHA-1, as that of eFormidling's own integration point
    does; the digests of the files are SHA-256 in any case.
    """

    keys: tuple[KeyPair, ...]
    roots: TrustRoots
    at: datetime
    limits: OpenLimits = field(default_factory=OpenLimits)
    accept_sha1: bool = True


@contextmanager
def open_package(source: BinaryIO, *, trust: Trust, spool: Path) -> Iterator[OpenedPackage]:
    """The encrypted container, opened in a folder under `spool`; `Untrusted` with a `PackageFault` as code."""
    with _spooled(lambda: _start_as_zip(decrypt(source, trust.keys)), trust, spool=spool) as package:
        yield package


@contextmanager
def open_asice(source: BinaryIO, *, trust: Trust, spool: Path) -> Iterator[OpenedPackage]:
    """The same for a container that is not encrypted."""
    with _spooled(lambda: read_blocks(source), trust, spool=spool) as package:
        yield package


def examine_package(source: BinaryIO, *, trust: Trust, keep: Callable[[Block], object]) -> ExaminedPackage:
    """Decrypt and verify without unpacking: each plain byte of the container goes to `keep`, which nothing vouches for yet.

    Only once this returns do they hold. `Untrusted` as with `open_package`.
    """
    contents = _Contents(None, trust.limits)
    with closing(run_beside(_passed_on(_start_as_zip(decrypt(source, trust.keys)), keep))) as plain:
        read_zip(Forward(plain), trust.limits, receive=contents.receive)
    signer = _verify(contents, trust)
    return ExaminedPackage(tuple(contents.listed), signer)


def _passed_on(blocks: Iterator[Block], keep: Callable[[Block], object]) -> Iterator[Block]:
    for block in blocks:
        keep(block)
        yield block


@contextmanager
def _spooled(blocks: Callable[[], Iterator[Block]], trust: Trust, *, spool: Path) -> Iterator[OpenedPackage]:
    try:
        folder: AbstractContextManager[str] = TemporaryDirectory(prefix="package-", dir=spool)
    except OSError as fault:
        raise _no_room(spool) from fault
    with folder as name:
        contents = _Contents(Path(name), trust.limits)
        try:
            with closing(run_beside(blocks())) as plain:
                read_zip(Forward(plain), trust.limits, receive=contents.receive)
        except OSError as fault:
            raise _no_room(spool) from fault
        signer = _verify(contents, trust)
        yield OpenedPackage(tuple(contents.files), signer)


def _start_as_zip(blocks: Iterator[Block]) -> Iterator[Block]:
    """What a wrong key makes of a package must look like what a wrong padding makes of it."""
    first = b""
    while len(first) < len(LOCAL) and (block := next(blocks, None)) is not None:
        first += block
    if not first.startswith(LOCAL):
        raise undecryptable()
    yield from joined((first,), blocks)


class _Contents:
    """Takes what a container holds: its own few files into memory, data files to disk under numbers, or (None) nowhere."""

    def __init__(self, folder: Path | None, limits: OpenLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._count = 0
        self._held = 0
        self.own: dict[str, bytes] = {}
        self.files: list[OpenedFile] = []
        self.listed: list[ListedFile] = []
        self.digests: dict[str, bytes] = {}

    def receive(self, name: str, blocks: Iterator[Block]) -> int:
        """Keep one file; returns its CRC-32."""
        self._count += 1
        if (self._count == 1) != (name == MIMETYPE):
            raise _no_container(say("its first file is not mimetype"))
        sums = Checksums()
        if name in (MIMETYPE, ROOT_MANIFEST) or _is_metadata(name):
            self.own[name] = self._hold(blocks, sums=sums)
        else:
            self._take(name, blocks, sums=sums)
        found = sums.finish()
        self.digests[name] = found.sha256
        return found.crc32

    def _take(self, name: str, blocks: Iterator[Block], *, sums: Checksums) -> None:
        if self._folder is None:
            for block in blocks:
                sums.add(block)
        else:
            path = self._folder / f"{self._count:05d}"
            _write(path, blocks, sums=sums)
            self.files.append(OpenedFile(name, sums.size, sums.finish().sha256, path))
        self.listed.append(ListedFile(name, sums.size, sums.finish().sha256))

    def _hold(self, blocks: Iterator[Block], *, sums: Checksums) -> bytes:
        held, most = [], self._limits.metadata
        for block in blocks:
            sums.add(block)
            self._held += len(block)
            if self._held > most:
                raise bomb(say("its own files are larger than {most} bytes", most=most))
            held.append(bytes(block))
        return b"".join(held)


def _is_metadata(name: str) -> bool:
    """Whether it is one of the container's own in META-INF; what else lies there is refused before it is read."""
    if not name.startswith(METADATA_FOLDER):
        return False
    if name != _LISTING_NAME and not (_MANIFEST_NAME.fullmatch(name) or _SIGNATURE_NAME.fullmatch(name)):
        raise _no_container(say("it holds metadata that is not known here: {name}", name=show_name(name)))
    return True


def _write(path: Path, blocks: Iterator[Block], *, sums: Checksums) -> None:
    with path.open("xb") as file:
        for block in blocks:
            file.write(block)
            sums.add(block)


def _verify(contents: _Contents, trust: Trust) -> x509.Certificate:
    """Who signed; `Untrusted` at the first thing that does not hold."""
    if contents.own.get(MIMETYPE) != ASICE.encode():
        raise _no_container(say("its media type is another"))
    manifest_name, signature_name = _find_signature(contents)
    manifest = read_manifest(contents.own[manifest_name])
    if normal(manifest.signature_name) != signature_name:
        named = show_name(manifest.signature_name)
        raise _unsigned(say("the manifest names {name}, which is not in it", name=named))
    chain = verify_detached(contents.own[signature_name], contents.own[manifest_name], accept_sha1=trust.accept_sha1)
    _verify_signer(chain, trust)
    _check_references(contents, manifest)
    return chain[0]


def _verify_signer(chain: tuple[x509.Certificate, ...], trust: Trust) -> None:
    try:
        trust.roots.verify(chain, trust.at)
    except Untrusted as fault:
        if fault.must_act is MustAct.RECIPIENT:  # whose certificate it is; of what comes in, that is the sender
            fault.must_act = MustAct.SENDER
        raise
    if not may_sign(chain[0]):
        raise distrust(PackageFault.CERTIFICATE_USAGE, say("the signer's certificate is not for signing"))


def _find_signature(contents: _Contents) -> tuple[str, str]:
    """The one manifest and the one signature; what else META-INF may hold is the listing, as in the reference."""
    manifests = [name for name in contents.own if _MANIFEST_NAME.fullmatch(name)]
    signatures = [name for name in contents.own if _SIGNATURE_NAME.fullmatch(name)]
    if len(manifests) != 1 or len(signatures) != 1:
        raise _unsigned(
            say(
                "{manifests} manifests and {signatures} signatures, where one of each belongs",
                manifests=len(manifests),
                signatures=len(signatures),
            )
        )
    return manifests[0], signatures[0]


def _check_references(contents: _Contents, manifest: Manifest) -> None:
    unsigned = contents.digests.keys() - {MIMETYPE} - {n for n in contents.own if n.startswith(METADATA_FOLDER)}
    named: set[str] = set()
    for uri, digest in manifest.references:
        name = _resolve(uri, contents)
        if name in named:
            twice = say("the manifest names {name} twice", name=show_name(name))
            raise distrust(PackageFault.DUPLICATE_NAME, twice)
        named.add(name)
        if contents.digests[name] != digest:
            changed = say("{name} was changed after it was signed", name=show_name(name))
            raise distrust(PackageFault.DOCUMENT_CHANGED, changed)
    if unsigned := unsigned - named:
        raise _unsigned(say("{name} is not covered by the signature", name=show_name(min(unsigned))))


def _resolve(uri: str, contents: _Contents) -> str:
    """The file that a reference means: written raw by eFormidling, percent-encoded by others."""
    for name in (normal(uri), normal(unquote(uri))):
        if name in contents.digests:
            return name
    if unsafe_reason(name.removeprefix(METADATA_FOLDER)):
        outside = say("the manifest names {name}, which lies outside the container", name=show_name(name))
        raise distrust(PackageFault.UNSAFE_NAME, outside)
    raise _unsigned(say("{name} is signed, but not in it", name=show_name(uri)))


def _unsigned(why: str) -> Exception:
    return distrust(PackageFault.NOT_SIGNED, say("the package is not signed as a whole: {why}", why=why))


def _no_container(why: str) -> Exception:
    return distrust(PackageFault.NOT_ASICE, say("the package is no ASiC-E container: {why}", why=why))


def _no_room(spool: Path) -> Exception:
    return StorageUnavailable(
        say("the package could not be read, or not unpacked in {folder}", folder=str(spool)),
        mend=say("check that the disk answers, and that the folder can be written and has room"),
    )
