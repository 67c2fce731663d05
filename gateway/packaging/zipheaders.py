"""The headers of a foreign ZIP: read field by field, and refused where no reader could agree on them.

In comes a `Forward` behind a header's magic, out come records. Called by `unzip`. Source: APPNOTE 6.3.10 §4.3.7,
§4.3.12.
"""

import stat
import struct
from dataclasses import dataclass

from gateway.language import say
from gateway.packaging.forward import Forward
from gateway.packaging.names import show_raw
from gateway.packaging.records import PackageFault, distrust
from gateway.packaging.zipstream import DEFLATED, DESCRIBED, END, END_64, FULL_32, LOCATOR_64, STORED

_ENCRYPTED, _MASKED = 0x0041, 0x2000
COMPARED_FLAGS = 0xFFFF & ~0x0006  # those two say how hard the compressor tried (§4.4.4)
_DOS_FOLDER, _DOS_VOLUME = 0x10, 0x08
_WIDE = 1
# Extra fields that make another thing of a file for those who know them: links, devices, a name of its own (§4.5, §4.6).
_SECOND_LIVES = frozenset({0x000D, 0x756E, 0x7075})
_ENDS = (END, END_64, LOCATOR_64)


@dataclass(frozen=True, slots=True)
class Head:
    """A local header, its sizes already taken from the extra field where they stand there (`wide`).

    Where they follow the data (`flags`), what stands here is nothing or the same.
    """

    name: bytes
    flags: int
    method: int
    crc32: int
    packed: int
    size: int
    wide: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What an entry turned out to be; compared with what the directory says."""

    name: bytes
    flags: int
    method: int
    crc32: int
    packed: int
    size: int


def read_head(stream: Forward) -> Head:
    """The local header behind its magic; `Untrusted` where no stream reader could know where the data ends."""
    fields = struct.unpack("<HHHHHIIIHH", stream.take(26))
    _, flags, method, _, _, crc, packed, size, name_size, extra_size = fields
    name, extra = stream.take(name_size), stream.take(extra_size)
    if flags & (_ENCRYPTED | _MASKED):
        raise no_zip(say("{name} is encrypted with a password", name=show_raw(name)))
    if method not in (STORED, DEFLATED):
        raise no_zip(say("{name} is compressed in another way than deflate", name=show_raw(name)))
    if method == STORED and flags & DESCRIBED:
        raise no_zip(say("a stored file has its size behind it"))
    wide = _read_wide(name, extra)
    if wide is not None:
        size, packed = _widen(name, (size, packed), wide=wide)
    elif FULL_32 in (packed, size):
        raise no_zip(say("the 64-bit sizes are missing"))
    return Head(name, flags, method, crc, packed, size, wide is not None)


def read_central(stream: Forward) -> tuple[Facts, int]:
    """An entry of the directory behind its magic: what it says of a file, and where that begins."""
    head = stream.take(42)
    fields = struct.unpack("<HHHHHHIIIHHHHHII", head)
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, disk, _, kind, offset = fields
    name, extra = stream.take(name_size), stream.take(extra_size)
    check_no_end(head + name + extra + stream.take(comment_size))
    _check_kind(name, kind)
    if disk:
        raise disagree(say("it spans several disks"))
    size, packed, offset = _widen_some(name, (size, packed, offset), wide=_read_wide(name, extra) or b"")
    return Facts(name, flags & COMPARED_FLAGS, method, crc, packed, size), offset


def check_no_end(tail: bytes) -> None:
    """Whoever looks for the end from behind, or before it for a 64-bit one, must not find another there."""
    if any(mark in tail for mark in _ENDS):
        raise disagree(say("it holds the mark of a second end record"))


def _check_kind(name: bytes, attributes: int) -> None:
    """A file as Unix and DOS know it (§4.4.15), if it says so at all: what is unpacked must be no link."""
    if stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFREG) or attributes & (_DOS_FOLDER | _DOS_VOLUME):
        raise distrust(PackageFault.NO_PLAIN_FILE, say("{name} is no plain file", name=show_raw(name)))


def _widen(name: bytes, short: tuple[int, int], *, wide: bytes) -> tuple[int, int]:
    """The 64-bit sizes (unpacked, packed) of a local header, which must have both (§4.5.3)."""
    long: tuple[int, int] = struct.unpack("<QQ", wide[:16])
    if any(brief not in (FULL_32, full) for brief, full in zip(short, long, strict=True)):
        raise _given_twice(name)
    return long


def _widen_some(name: bytes, short: tuple[int, ...], *, wide: bytes) -> tuple[int, ...]:
    """What an entry of the directory means: 64 bits for each value that is full, or for all from the first on."""
    long = [value for (value,) in struct.iter_unpack("<Q", wide)]
    if len(long) > short.count(FULL_32):
        if any(brief not in (FULL_32, full) for brief, full in zip(short, long, strict=False)):
            raise _given_twice(name)
        return (*long, *short[len(long) :])[: len(short)]
    return tuple(long.pop(0) if value == FULL_32 and long else value for value in short)


def _read_wide(name: bytes, extra: bytes) -> bytes | None:
    """The 64-bit sizes in an extra field (id 1); None without."""
    found, start = None, 0
    while start + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, start)
        start += 4 + size
        if start > len(extra):
            raise no_zip(say("an extra field of {name} is cut off", name=show_raw(name)))
        if kind in _SECOND_LIVES:
            raise distrust(PackageFault.NO_PLAIN_FILE, say("{name} has a second name or kind", name=show_raw(name)))
        if kind == _WIDE and found is not None:
            raise _given_twice(name)
        if kind == _WIDE:
            found = extra[start - size : start]
    return found


def _given_twice(name: bytes) -> Exception:
    return disagree(say("the sizes of {name} are given twice, and differ", name=show_raw(name)))


def no_zip(why: str) -> Exception:
    """The refusal of something that is no sound ZIP."""
    return distrust(PackageFault.NOT_ASICE, say("the package is no sound ASiC-E container: {why}", why=why))


def disagree(why: str) -> Exception:
    """The refusal of a ZIP whose directory tells something else."""
    message = say("the container's directory does not tell what is in it: {why}", why=why)
    return distrust(PackageFault.DIRECTORY_DISAGREES, message)


def bomb(why: str) -> Exception:
    """The refusal of a ZIP that unpacks to too much."""
    return distrust(PackageFault.ZIP_BOMB, say("the package unpacks to more than is taken: {why}", why=why))
