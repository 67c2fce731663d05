"""ZIPs laid out by hand, each field of which may lie: the local header of a file, its entry in the directory, the end.

In comes a sound container, out come its bytes with the lies that a test asks for. Called by the tests of this room.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

STORED, DEFLATED = 0, 8
REGULAR, SYMLINK, FOLDER = 0o100644 << 16, 0o120777 << 16, 0o040755 << 16
FULL = 0xFFFFFFFF
Sizes = tuple[int, int, int]  # CRC-32, packed, unpacked


@dataclass(frozen=True)
class Member:
    """A file; what is None is told truly, in the local header as in the directory."""

    name: bytes
    content: bytes
    method: int = STORED
    method_told: int | None = None
    flags: int = 0x0800
    told: Sizes | None = None
    extra: bytes = b""
    central_name: bytes | None = None
    central_flags: int | None = None
    central_told: Sizes | None = None
    central_extra: bytes = b""
    offset: int | None = None
    attributes: int = 0
    comment: bytes = b""

    @property
    def packed(self) -> bytes:
        """The bytes as they lie in the ZIP."""
        if self.method == STORED:
            return self.content
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return compressor.compress(self.content) + compressor.flush()

    @property
    def shown_method(self) -> int:
        """The method that both headers name."""
        return self.method if self.method_told is None else self.method_told

    @property
    def sums(self) -> Sizes:
        """The truth."""
        return zlib.crc32(self.content), len(self.packed), len(self.content)

    def local(self) -> bytes:
        """Header, data, and the descriptor where the flags say so."""
        described = self.flags & 8
        told = self.told or ((0, 0, 0) if described else self.sums)
        head = struct.pack("<4sHHHHH", b"PK\3\4", 20, self.flags, self.shown_method, 0, 33)
        head += struct.pack("<IIIHH", *told, len(self.name), len(self.extra))
        behind = struct.pack("<4sIII", b"PK\7\x08", *self.sums) if described else b""
        return head + self.name + self.extra + self.packed + behind

    def central(self, offset: int) -> bytes:
        """The entry in the directory of a file that lies at `offset`."""
        name = self.name if self.central_name is None else self.central_name
        flags = self.flags if self.central_flags is None else self.central_flags
        head = struct.pack("<4sHHHHHH", b"PK\1\2", 3 << 8 | 20, 20, flags, self.shown_method, 0, 33)
        lengths = (len(name), len(self.central_extra), len(self.comment), 0, 0)
        at = offset if self.offset is None else self.offset
        head += struct.pack("<IIIHHHHHII", *(self.central_told or self.sums), *lengths, self.attributes, at)
        return head + name + self.central_extra + self.comment


@dataclass(frozen=True)
class Zip:
    """A whole ZIP: its files, which of them the directory tells of, and what stands at its end."""

    members: Sequence[Member]
    hidden: frozenset[bytes] = frozenset()
    more_entries: Callable[[dict[bytes, int]], bytes] = field(default=lambda _places: b"")
    comment: bytes = b""
    behind: bytes = b""

    def write(self) -> bytes:
        """The bytes."""
        body, places = b"", {}
        for member in self.members:
            places[member.name] = len(body)
            body += member.local()
        listed = [member for member in self.members if member.name not in self.hidden]
        directory = b"".join(member.central(places[member.name]) for member in listed) + self.more_entries(places)
        count = directory.count(b"PK\1\2")
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(self.comment))
        return body + directory + end + self.comment + self.behind

    def change(self, name: bytes, /, **lies: object) -> "Zip":
        """The same with lies about one file."""
        found = [replace(each, **lies) if each.name == name else each for each in self.members]  # type: ignore[arg-type]
        assert found != list(self.members), f"{name!r} is not in it, or the lie is the truth"
        return replace(self, members=found)

    def add(self, *members: Member) -> "Zip":
        """The same with more files, behind those that are there."""
        return replace(self, members=[*self.members, *members])


def take_apart(container: bytes) -> Zip:
    """A container as members that can be changed, stored, each attribute as if a Unix program had written it."""
    with zipfile.ZipFile(io.BytesIO(container)) as source:
        return Zip([Member(name.encode(), source.read(name), attributes=REGULAR) for name in source.namelist()])


def extra_field(kind: int, content: bytes) -> bytes:
    """One extra field (APPNOTE §4.5.1)."""
    return struct.pack("<HH", kind, len(content)) + content


def unicode_path(written: bytes, shown: bytes) -> bytes:
    """Info-ZIP's second name (§4.6.9): programs that know it show this one."""
    return extra_field(0x7075, struct.pack("<BI", 1, zlib.crc32(written)) + shown)
