"""The headers of a foreign ZIP: read field by field, and refused where no reader could agree on them.

In comes a `Forward` behind a header's magic, out come records. Called by `unzip`. Source: APPNOTE 6.3.10 §4.3.7,
§4.3.12.
"""

import struct
from dataclasses import dataclass

from gateway.language import say
from gateway.packaging.forward import Forward
from gateway.packaging.records import PackageFault, distrust
from gateway.packaging.zipstream import DEFLATED, DESCRIBED, FULL_32, STORED, UTF8_NAME

_ENCRYPTED, _MASKED = 0x0041, 0x2000
COMPARED_FLAGS = DESCRIBED | UTF8_NAME


@dataclass(frozen=True, slots=True)
class Head:
    """A local header, its sizes already taken from the extra field where they stand there (`wide`)."""

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
    if method not in (STORED, DEFLATED) or flags & (_ENCRYPTED | _MASKED):
        raise no_zip(say("a file in it is encrypted, or compressed in another way than deflate"))
    if method == STORED and flags & DESCRIBED:
        raise no_zip(say("a stored file has its size behind it"))
    wide = _read_wide(extra)
    if FULL_32 in (packed, size) and not flags & DESCRIBED:
        size, packed = struct.unpack("<QQ", (wide or b"")[:16])
    return Head(name, flags, method, crc, packed, size, wide is not None)


def read_central(stream: Forward) -> tuple[Facts, int]:
    """An entry of the directory behind its magic: what it says of a file, and where that begins."""
    fields = struct.unpack("<HHHHHHIIIHHHHHII", stream.take(42))
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, disk, _, _, offset = fields
    name, extra = stream.take(name_size), stream.take(extra_size)
    stream.take(comment_size)
    wide = [value for (value,) in struct.iter_unpack("<Q", _read_wide(extra) or b"")]
    values = [wide.pop(0) if value == FULL_32 and wide else value for value in (size, packed, offset)]
    if disk:
        raise disagree(say("it spans several disks"))
    return Facts(name, flags & COMPARED_FLAGS, method, crc, values[1], values[0]), values[2]


def _read_wide(extra: bytes) -> bytes | None:
    """The 64-bit sizes in an extra field (id 1); None without."""
    start = 0
    while start + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, start)
        if kind == 1:
            return extra[start + 4 : start + 4 + size]
        start += 4 + size
    return None


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
