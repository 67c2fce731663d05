"""Writes an ASiC-E container: signed before it is streamed, so that its length is known before its first byte.

In come files with the digests of their upload, the parties and the signing key; out comes a `Sealed`. Every byte is
digested again in passing: what changed on disk never leaves the house whole. Called by `parcel`, `delivery`, the
sandbox.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import BinaryIO

from gateway.errors import Untrusted
from gateway.language import say
from gateway.packaging.beside import run_beside
from gateway.packaging.cades import sign_detached
from gateway.packaging.checksums import Checksums, Sums, crc32
from gateway.packaging.manifest import (
    XML,
    Listed,
    write_asic_manifest,
    write_open_document_manifest,
    write_root_manifest,
)
from gateway.packaging.names import METADATA_FOLDER, MIMETYPE, ROOT_MANIFEST, check_names, show_name
from gateway.packaging.records import ASICE, Block, PackagedFile, PackageFault, Parties, Sealed, Signing
from gateway.packaging.zipstream import Entry, Layout, make_stamp

BLOCK = 512 * 1024
_TOO_SMALL_TO_SEND = 256 * 1024
_MIMETYPE_COMMENT = f"mimetype={ASICE}".encode()

_Part = bytes | PackagedFile


def write_asice(files: Sequence[PackagedFile], *, parties: Parties, signing: Signing) -> Sealed:
    """The container with `files` in their order, the first the main document; `Invalid` for names it cannot carry."""
    check_names(file.name for file in files)
    root_manifest = write_root_manifest(parties, files)
    listed = [
        Listed(ROOT_MANIFEST, XML, hashlib.sha256(root_manifest).digest()),
        *(Listed(file.name, file.mime, file.sha256) for file in files),
    ]
    signature_name = f"{METADATA_FOLDER}signature-{signing.signature_id}.p7s"
    asic_manifest = write_asic_manifest(signature_name, listed)
    container = _Container(signing)
    container.add(MIMETYPE, ASICE.encode(), comment=_MIMETYPE_COMMENT)
    container.add(ROOT_MANIFEST, root_manifest)
    for file in files:
        container.add_file(file)
    container.add(f"{METADATA_FOLDER}ASiCManifest.xml", asic_manifest)
    container.add(signature_name, sign_detached(asic_manifest, signing))
    container.add(f"{METADATA_FOLDER}manifest.xml", write_open_document_manifest(listed))
    return container.close()


class _Container:
    """A container while it is laid out: bytes that are ready, and files that are read when it is streamed."""

    def __init__(self, signing: Signing) -> None:
        self._layout = Layout(make_stamp(signing.at))
        self._parts: list[_Part] = []

    def add(self, name: str, content: bytes, *, comment: bytes = b"") -> None:
        entry = Entry(name, crc32(content, 0), len(content), len(content), comment=comment)
        self._parts += (self._layout.place(entry), content)

    def add_file(self, file: PackagedFile) -> None:
        self._parts += (self._layout.place(Entry(file.name, file.crc32, file.size, file.size)), file)

    def close(self) -> Sealed:
        directory = self._layout.write_directory(_MIMETYPE_COMMENT)
        parts = (*self._parts, directory)
        return Sealed(self._layout.position + len(directory), lambda: _gather(_stream(parts)))


def _stream(parts: Sequence[_Part]) -> Iterator[Block]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from _read_checked(part)


def _read_checked(file: PackagedFile) -> Iterator[Block]:
    """The file's bytes; `Untrusted` as soon as they are known not to be those of the upload."""
    sums = Checksums()
    with closing(file.open()) as source, closing(run_beside(_read_summed(file, source, sums=sums))) as blocks:
        yield from blocks
    found = sums.finish()
    if found != Sums(file.size, file.crc32, file.sha256):
        raise _changed(file, say("it is shorter") if found.size < file.size else say("its digest is another"))


def _read_summed(file: PackagedFile, source: BinaryIO, *, sums: Checksums) -> Iterator[Block]:
    """A block is handed on before it is digested: the encryption need not wait for it."""
    while block := source.read(BLOCK):
        if sums.size + len(block) > file.size:
            raise _changed(file, say("it is longer"))
        yield block
        sums.add(block)


def _changed(file: PackagedFile, how: str) -> Untrusted:
    return Untrusted(
        say("the stored document {name} is not the one that was uploaded: {how}", name=show_name(file.name), how=how),
        mend=say("check the disk, then upload the document again in a new message"),
        code=PackageFault.DOCUMENT_CHANGED,
    )


def _gather(pieces: Iterator[Block]) -> Iterator[bytes]:
    """Small neighbours joined: a call per header would cost more than the header."""
    held: list[Block] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _TOO_SMALL_TO_SEND:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
