"""The bytes of a ZIP that is written forwards only, with every length known before the first byte goes out.

In come entries whose sizes are known, out come headers, descriptors and directory. Called by `asice` (stored entries
with CRC and size in front) and `parcel`. Source: APPNOTE 6.3.10 §4.3. A stored entry never has a descriptor: Java
refuses it.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.packaging.frames import Framing

STORED, DEFLATED = 0, 8
UTF8_NAME, DESCRIBED = 0x0800, 0x0008
LOCAL, CENTRAL, DESCRIPTOR, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08", b"PK\x05\x06"
END_64, LOCATOR_64 = b"PK\x06\x06", b"PK\x06\x07"
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
_VERSIONS, _VERSION_64 = {STORED: 10, DEFLATED: 20}, 45
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL_HEADER = struct.Struct("<4sHHHHHHIIIHHHHHII")
_STORED_BLOCK = 0xFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in the ZIP. `described`: CRC and sizes follow the data instead of standing before it (deflated only)."""

    name: str
    crc32: int
    size: int
    packed: int
    method: int = STORED
    described: bool = False
    comment: bytes = b""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment as DOS writes it: two seconds are the smallest step, 1980 to 2107 the range. UTC."""

    time: int
    date: int


def make_stamp(moment: datetime) -> Stamp:
    """The stamp of a moment."""
    at = moment.astimezone(UTC)
    year = min(max(at.year, 1980), 2107)
    return Stamp(at.hour << 11 | at.minute << 5 | at.second // 2, (year - 1980) << 9 | at.month << 5 | at.day)


class Layout:
    """Where each entry lies, from which the directory at the end is written."""

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._placed: list[tuple[Entry, int]] = []
        self.position = 0

    def place(self, entry: Entry) -> bytes:
        """Put `entry` next; returns its local header, behind which its data (and descriptor) must follow."""
        header = write_local_header(entry, self._stamp)
        self._placed.append((entry, self.position))
        self.position += len(header) + entry.packed + (len(write_descriptor(entry)) if entry.described else 0)
        return header

    def write_directory(self, comment: bytes = b"") -> bytes:
        """The central directory and the end record, to follow the last entry."""
        central = b"".join(write_central_header(entry, offset, stamp=self._stamp) for entry, offset in self._placed)
        return central + _write_end(len(self._placed), len(central), start=self.position, comment=comment)


def write_local_header(entry: Entry, stamp: Stamp) -> bytes:
    """The header in front of an entry's data; from 4 GiB with the sizes in an extra field (§4.5.3)."""
    name, extra = entry.name.encode(), b""
    version, flags = _VERSIONS[entry.method], UTF8_NAME
    crc, packed, size = entry.crc32, entry.packed, entry.size
    if entry.described:
        flags |= DESCRIBED
        crc = packed = size = 0
    elif packed >= FULL_32 or size >= FULL_32:
        extra = struct.pack("<HHQQ", 1, 16, size, packed)
        version, packed, size = _VERSION_64, FULL_32, FULL_32
    sizes = (crc, packed, size, len(name), len(extra))
    return _LOCAL_HEADER.pack(LOCAL, version, flags, entry.method, stamp.time, stamp.date, *sizes) + name + extra


def write_descriptor(entry: Entry) -> bytes:
    """CRC and sizes behind the data; 64 bits wide only when a size needs it, as Java's stream reader decides it."""
    wide = max(entry.packed, entry.size) > FULL_32
    return struct.pack("<4sIQQ" if wide else "<4sIII", DESCRIPTOR, entry.crc32, entry.packed, entry.size)


def write_central_header(entry: Entry, offset: int, *, stamp: Stamp) -> bytes:
    """An entry of the directory; what does not fit 32 bits stands in an extra field, in the order of §4.5.3."""
    name, extra = entry.name.encode(), b""
    version, flags = _VERSIONS[entry.method], UTF8_NAME | (DESCRIBED if entry.described else 0)
    packed, size, shown_offset = entry.packed, entry.size, offset
    if packed >= FULL_32 or size >= FULL_32:
        extra = struct.pack("<QQ", size, packed)
        packed = size = FULL_32
    if offset >= FULL_32:
        extra += struct.pack("<Q", offset)
        shown_offset = FULL_32
    if extra:
        extra = struct.pack("<HH", 1, len(extra)) + extra
        version = _VERSION_64
    head = (CENTRAL, version, version, flags, entry.method, stamp.time, stamp.date)
    sizes = (entry.crc32, packed, size, len(name), len(extra), len(entry.comment))
    return _CENTRAL_HEADER.pack(*head, *sizes, 0, 0, 0, shown_offset) + name + extra + entry.comment


def frame_as_stored_blocks(total: int) -> Framing:
    """How `total` bytes become a deflate stream that compresses nothing: blocks of 65 535 bytes (RFC 1951 §3.2.4)."""
    return Framing(total, _STORED_BLOCK, _write_block_header)


def _write_block_header(size: int, last: bool) -> bytes:
    return struct.pack("<BHH", last, size, size ^ 0xFFFF)


def _write_end(count: int, size: int, *, start: int, comment: bytes) -> bytes:
    wide = b""
    if start >= FULL_32 or count >= FULL_16:
        record = struct.pack("<4sQHHIIQQQQ", END_64, 44, _VERSION_64, _VERSION_64, 0, 0, count, count, size, start)
        wide = record + struct.pack("<4sIQI", LOCATOR_64, 0, start + size, 1)
    shown = min(count, FULL_16)
    end = struct.pack("<4sHHHHIIH", END, 0, 0, shown, shown, size, min(start, FULL_32), len(comment))
    return wide + end + comment
