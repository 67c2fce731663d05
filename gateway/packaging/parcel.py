"""The DPO parcel: a ZIP with `sbd.json` and, where there are files, `asic.zip`, which is the encrypted container.

In come the SBD and files, out comes a `Sealed`; the other way, in comes a parcel and out come the SBD and the
encrypted package. Called by `delivery` and the sandbox. Source: the package of the DPO channel; both members are
deflated, for the checksum of what is encrypted on the way is known last, and a stored entry must not have it behind.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, BinaryIO, TypedDict, Unpack, cast

from cryptography import x509

from gateway.errors import MustAct
from gateway.language import say
from gateway.packaging.asice import write_asice
from gateway.packaging.checksums import crc32
from gateway.packaging.cms import encrypt_in_parts, envelope
from gateway.packaging.frames import Framer
from gateway.packaging.records import Block, PackagedFile, PackageFault, Parties, Sealed, Signing, distrust
from gateway.packaging.zipheaders import bomb
from gateway.packaging.zipstream import (
    DEFLATED,
    Entry,
    Layout,
    frame_as_stored_blocks,
    make_stamp,
    write_descriptor,
    write_local_header,
)

SBD_NAME = "sbd.json"
PACKAGE_NAME = "asic.zip"
MOST_SBD_BYTES = 16 * 1024 * 1024
# A parcel holds two files; others are skipped.
_MOST_DIRECTORY_BYTES = 128 * 1024
_RATIO, _RATIO_FROM = 10, 64 * 1024 * 1024
# What Python's zipfile throws at foreign bytes: while they are read, and before that at headers that make no sense.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)
_UNREADABLE = (*_DAMAGED, ValueError, RuntimeError, struct.error, IndexError, OverflowError)


class Wrapping(TypedDict):
    """Between whom, signed how, and encrypted to which certificate; that may be None only where there are no files."""

    parties: Parties
    signer: Signing
    certificate: x509.Certificate | None


@dataclass(frozen=True, slots=True)
class OpenedParcel:
    """A parcel that came in: the SBD's bytes, and the encrypted package as a stream, None where it has none."""

    sbd: bytes
    package: BinaryIO | None


def seal_dpo(sbd: bytes, files: Sequence[PackagedFile], **wrapping: Unpack[Wrapping]) -> Sealed:
    """The parcel for the broker. No files: `sbd.json` alone, as for statuses and kvitteringer."""
    layout = Layout(make_stamp(wrapping["signer"].at))
    packed = _deflate(sbd)
    entry = Entry(SBD_NAME, crc32(sbd, 0), len(sbd), len(packed), method=DEFLATED)
    head = layout.place(entry) + packed
    if not files:
        whole = head + layout.write_directory()
        return Sealed(len(whole), lambda: iter((whole,)))
    certificate = wrapping["certificate"]
    if certificate is None:
        raise distrust(
            PackageFault.UNREADABLE_CERTIFICATE,
            say(
                "there is no certificate to encrypt to for {recipient}",
                recipient=wrapping["parties"].recipient,
            ),
            mend=say("the recipient must have a valid virksomhetssertifikat in the ServiceRegistry"),
            must_act=MustAct.RECIPIENT,
        )
    plain = write_asice(files, parties=wrapping["parties"], signing=wrapping["signer"])
    return _Parcel(entry, head, plain, certificate, wrapping["signer"].at).seal()


@contextmanager
def open_dpo(source: BinaryIO) -> Iterator[OpenedParcel]:
    """The members of a parcel in a seekable file; `Untrusted` (NOT_A_PARCEL) where it is none. Others are skipped."""
    with _open_zip(source) as parcel:
        _check_members(parcel)
        sbd = _read_sbd(parcel)
        if PACKAGE_NAME not in parcel.namelist():
            yield OpenedParcel(sbd, None)
            return
        with _open_member(parcel, PACKAGE_NAME) as package:
            try:
                yield OpenedParcel(sbd, cast(BinaryIO, package))
            except _DAMAGED as fault:  # met by whoever read the package
                raise _no_parcel(say("its package is damaged")) from fault


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A parcel with a package: everything before it, what it holds, for whom, and when it was made."""

    sbd: Entry
    head: bytes
    plain: Sealed
    certificate: x509.Certificate
    at: datetime

    def seal(self) -> Sealed:
        package = self._describe(0)
        length = len(self.head) + len(write_local_header(package, make_stamp(self.at))) + package.packed
        return Sealed(length + len(self._end(package)), self._stream)

    def _describe(self, checksum: int) -> Entry:
        size = envelope(self.plain, self.certificate).length
        packed = frame_as_stored_blocks(size).length
        return Entry(PACKAGE_NAME, checksum, size, packed, method=DEFLATED, described=True)

    def _end(self, package: Entry) -> bytes:
        layout = Layout(make_stamp(self.at))
        for entry in (self.sbd, package):
            layout.place(entry)
        return write_descriptor(package) + layout.write_directory()

    def _stream(self) -> Iterator[bytes]:
        package = self._describe(0)
        framer = Framer(frame_as_stored_blocks(package.size))
        framed: list[Block] = [self.head, write_local_header(package, make_stamp(self.at))]
        checksum = 0
        for parts in encrypt_in_parts(self.plain, self.certificate):
            for part in parts:
                checksum = crc32(part, checksum)
                framer.cut(part, framed)
            yield b"".join(framed)
            framed = []
        yield self._end(replace(package, crc32=checksum))


def _deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


class _Guarded:
    """A parcel's file while zipfile opens it: it would read a directory of any size, and make an object of each entry."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.opening = True
        self.seek, self.tell, self.seekable = source.seek, source.tell, source.seekable

    def read(self, size: int = -1) -> bytes:
        """As the file does, unless it is the directory that is asked for."""
        if self.opening and size > _MOST_DIRECTORY_BYTES:
            raise _no_parcel(say("its directory is larger than {most} bytes", most=_MOST_DIRECTORY_BYTES))
        return self._source.read(size)


def _open_zip(source: BinaryIO) -> zipfile.ZipFile:
    guarded = _Guarded(source)
    try:
        opened = zipfile.ZipFile(cast(BinaryIO, guarded))
        guarded.opening = False
        return opened
    except _UNREADABLE as fault:
        raise _no_parcel(say("it is no sound ZIP")) from fault


def _check_members(parcel: zipfile.ZipFile) -> None:
    """Each member once; and what is encrypted cannot have been compressed, so that one which unpacks far is a bomb."""
    names = parcel.namelist()
    for name in (SBD_NAME, PACKAGE_NAME):
        if names.count(name) > 1:
            raise _no_parcel(say("two files in it are called {name}", name=name))
    for entry in parcel.infolist():
        if entry.filename == PACKAGE_NAME and entry.file_size > max(_RATIO * entry.compress_size, _RATIO_FROM):
            raise bomb(say("{name} unpacks to more than {ratio} times its size", name=PACKAGE_NAME, ratio=_RATIO))


def _read_sbd(parcel: zipfile.ZipFile) -> bytes:
    try:
        with _open_member(parcel, SBD_NAME) as member:
            sbd = member.read(MOST_SBD_BYTES + 1)
    except _DAMAGED as fault:
        raise _no_parcel(say("its {name} is damaged", name=SBD_NAME)) from fault
    if len(sbd) > MOST_SBD_BYTES:
        raise _no_parcel(say("its {name} is larger than {most} bytes", name=SBD_NAME, most=MOST_SBD_BYTES))
    return sbd


def _open_member(parcel: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        entry = parcel.getinfo(name)
        if entry.header_offset < 0:
            raise _no_parcel(say("its directory is wrong about {name}", name=name))
        # The others that zipfile knows may ask for gigabytes before a byte is read, and fail in ways of their own.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _no_parcel(say("its {name} is damaged, encrypted, or compressed in an unknown way", name=name))
        return parcel.open(entry)
    except KeyError as fault:
        raise _no_parcel(say("it holds no {name}", name=name)) from fault
    except _UNREADABLE as fault:
        why = say("its {name} is damaged, encrypted, or compressed in an unknown way", name=name)
        raise _no_parcel(why) from fault


def _no_parcel(why: str) -> Exception:
    return distrust(PackageFault.NOT_A_PARCEL, say("what came in is no DPO parcel: {why}", why=why))
