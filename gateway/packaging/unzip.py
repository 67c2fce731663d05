"""Reads a foreign ZIP forwards and strictly: each file is handed on as it passes; the directory must agree afterwards.

In come a stream, limits and who takes the files; nothing comes out but `Untrusted` where something does not hold.
Called by `opener`. Source: APPNOTE 6.3.10. Readers differ in whether they believe local headers or the directory: we
believe a ZIP only where both say the same and nothing lies between, before or behind.
"""

import struct
import zlib
from collections.abc import Callable, Iterator

from gateway.arkivmelding.filenames import folded, normal, unsafe_reason
from gateway.language import say
from gateway.packaging.forward import Forward, Truncated
from gateway.packaging.names import METADATA_FOLDER, MIMETYPE, ROOT_MANIFEST, refusal_of, show_name
from gateway.packaging.records import Block, OpenLimits, PackageFault, distrust
from gateway.packaging.zipheaders import (
    COMPARED_FLAGS,
    Facts,
    Head,
    bomb,
    check_no_end,
    disagree,
    no_zip,
    read_central,
    read_head,
)
from gateway.packaging.zipstream import (
    CENTRAL,
    DEFLATED,
    DESCRIBED,
    DESCRIPTOR,
    END,
    END_64,
    FULL_16,
    FULL_32,
    LOCAL,
    LOCATOR_64,
)

_STEP = 1024 * 1024

Receive = Callable[[str, Iterator[Block]], int]


def read_zip(stream: Forward, limits: OpenLimits, *, receive: Receive) -> None:
    """Hand every file to `receive` (name, blocks), which returns the CRC-32 of what it got; check the directory."""
    try:
        _Reader(stream, limits, receive=receive).read()
    except Truncated as fault:
        raise no_zip(say("it is cut off")) from fault
    except zlib.error as fault:
        raise no_zip(say("its compressed data is damaged")) from fault
    except struct.error as fault:
        raise no_zip(say("a field of its headers is too short")) from fault


def read_file(stream: Forward, name: str) -> Iterator[Block]:
    """The bytes of one file of a ZIP that `read_zip` has found sound; KeyError where it holds none of that name."""
    while stream.take(4) == LOCAL:
        head = read_head(stream)
        content = _Content(stream, head, spent=_Spent(OpenLimits()))
        found = normal(head.name.decode()) == name
        for block in content.blocks():
            if found:
                yield block
        if found:
            return
        _read_told(stream, head, content=content)
    raise KeyError(name)


class _Reader:
    def __init__(self, stream: Forward, limits: OpenLimits, *, receive: Receive) -> None:
        self._stream = stream
        self._limits = limits
        self._receive = receive
        self._found: dict[int, Facts] = {}
        self._names: dict[str, bytes] = {}
        self._spent = _Spent(limits)

    def read(self) -> None:
        while (magic := self._stream.take(4)) == LOCAL:
            self._read_entry(self._stream.position - 4)
        if not self._found:
            raise no_zip(say("it does not begin with a file"))
        self._read_directory(magic)

    def _read_entry(self, offset: int) -> None:
        head = read_head(self._stream)
        name = self._check_name(head.name)
        content = _Content(self._stream, head, spent=self._spent)
        crc = self._receive(name, content.blocks())
        if not content.ended:
            raise RuntimeError("a receiver must take the whole file")
        self._spent.add(content.packed, content.size)
        facts = Facts(head.name, head.flags & COMPARED_FLAGS, head.method, crc, content.packed, content.size)
        told = _read_told(self._stream, head, content=content)
        if told[1:] != (facts.packed, facts.size):
            raise no_zip(say("the sizes of {name} are not those that it states", name=show_name(name)))
        if told[0] != crc:
            wrong = say("the bytes of {name} do not have their checksum", name=show_name(name))
            raise distrust(PackageFault.CHECKSUM_WRONG, wrong)
        _check_front(head, facts)
        self._found[offset] = facts

    def _check_name(self, raw: bytes) -> str:
        try:
            name = normal(raw.decode())
        except UnicodeDecodeError as fault:
            raise distrust(PackageFault.UNSAFE_NAME, say("a file's name is not UTF-8")) from fault
        own = name in (MIMETYPE, ROOT_MANIFEST) or name.startswith(METADATA_FOLDER)
        reason = unsafe_reason(name.removeprefix(METADATA_FOLDER)) if own else refusal_of(name)
        if reason:
            raise distrust(PackageFault.UNSAFE_NAME, say("a file's name is refused: {reason}", reason=reason))
        twin = self._names.setdefault(folded(name), raw)
        if twin is not raw:
            raise _duplicate(name, same=twin == raw)
        if len(self._names) > self._limits.entries:
            raise bomb(say("more than {most} files", most=self._limits.entries))
        return name

    def _read_directory(self, magic: bytes) -> None:
        if magic != CENTRAL:
            raise no_zip(say("something lies between its files and its directory"))
        start, count = self._stream.position - 4, 0
        while magic == CENTRAL:
            facts, offset = read_central(self._stream)
            if self._found.pop(offset, None) != facts:
                raise disagree(say("its entry {number} is not the file that lies there", number=count + 1))
            count += 1
            magic = self._stream.take(4)
        if self._found:
            raise disagree(say("{count} files are missing from it", count=len(self._found)))
        size = self._stream.position - 4 - start
        wide = magic == END_64
        if wide:
            self._check_end_64((count, count, size, start))
            magic = self._stream.take(4)
        if magic != END:
            raise no_zip(say("something that does not belong there follows its files"))
        self._check_end((count, count, size, start), wide=wide)

    def _check_end_64(self, expected: tuple[int, int, int, int]) -> None:
        begins = self._stream.position - 4
        length, _, _, disk, first = struct.unpack("<QHHII", self._stream.take(20))
        if length != 44 or (disk, first) != (0, 0) or struct.unpack("<QQQQ", self._stream.take(32)) != expected:
            raise disagree(say("its 64-bit end record says otherwise"))
        if self._stream.take(20) != LOCATOR_64 + struct.pack("<IQI", 0, begins, 1):
            raise disagree(say("its 64-bit end record lies elsewhere"))

    def _check_end(self, expected: tuple[int, int, int, int], *, wide: bool) -> None:
        end = self._stream.take(18)
        disk, first, *told, comment = struct.unpack("<HHHHIIH", end)
        for value, real, full in zip(told, expected, (FULL_16, FULL_16, FULL_32, FULL_32), strict=True):
            if value != real and not (wide and value == full):
                raise disagree(say("its end record says otherwise"))
        if (disk, first) != (0, 0):
            raise disagree(say("it spans several disks"))
        check_no_end(end + self._stream.take(comment))
        if not self._stream.ended():
            raise no_zip(say("something follows its end"))


def _duplicate(name: str, *, same: bool) -> Exception:
    """Readers, and disks, would disagree on which of the two it is."""
    called = say("two files are called {name}", name=show_name(name))
    differs = say("{name} differs from another file only in case or Unicode form", name=show_name(name))
    return distrust(PackageFault.DUPLICATE_NAME, called if same else differs)


def _check_front(head: Head, facts: Facts) -> None:
    """Where the sums follow the data, those before it are left out or the same: there are readers of either."""
    real = (facts.crc32, facts.packed, facts.size)
    if any(told not in (0, true) for told, true in zip((head.crc32, head.packed, head.size), real, strict=True)):
        name = show_name(head.name.decode())
        raise disagree(say("the header of {name} states other sizes than stand behind it", name=name))


class _Spent:
    """What the files before have taken, packed and unpacked: together they must not be the bomb that none is alone."""

    def __init__(self, limits: OpenLimits) -> None:
        self._limits = limits
        self._packed = 0
        self._size = 0

    def add(self, packed: int, size: int) -> None:
        self._packed += packed
        self._size += size

    def check(self, packed: int, size: int) -> None:
        """Stop a file that has come so far, if it goes beyond the limits, alone or with those before it."""
        most, ratio = self._limits.total, self._limits.ratio
        if self._size + size > most:
            raise bomb(say("more than {most} bytes in all", most=most))
        if self._is_bomb(packed, size):
            raise bomb(say("a file unpacks to more than {ratio} times its size", ratio=ratio))
        if self._is_bomb(self._packed + packed, self._size + size):
            raise bomb(say("its files unpack to more than {ratio} times their size", ratio=ratio))

    def _is_bomb(self, packed: int, size: int) -> bool:
        return size > self._limits.ratio_from and size > self._limits.ratio * max(packed, 1)


class _Content:
    """The unpacked bytes of one entry, counted on both sides and stopped at the limits."""

    def __init__(self, stream: Forward, head: Head, *, spent: _Spent) -> None:
        self._stream = stream
        self._head = head
        self._spent = spent
        self.packed = 0
        self.size = 0
        self.ended = False

    def blocks(self) -> Iterator[Block]:
        for block in self._inflate() if self._head.method == DEFLATED else self._copy():
            self.size += len(block)
            self._spent.check(self.packed, self.size)
            yield block
        self.ended = True

    def _copy(self) -> Iterator[Block]:
        while self.packed < self._head.packed:
            block = self._stream.upto(min(self._head.packed - self.packed, _STEP))
            if not block:
                raise Truncated("in a stored file")
            self.packed += len(block)
            yield block

    def _inflate(self) -> Iterator[Block]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        while not inflater.eof:
            block = self._stream.upto(_STEP)
            if not block:
                raise Truncated("in a deflated file")
            pending: Block = block
            while pending and not inflater.eof:
                plain = inflater.decompress(pending, _STEP)
                left = inflater.unused_data or inflater.unconsumed_tail
                self.packed += len(pending) - len(left)
                pending = inflater.unconsumed_tail
                yield plain
            self._stream.back(len(inflater.unused_data))


def _read_told(stream: Forward, head: Head, *, content: "_Content") -> tuple[int, int, int]:
    """CRC and sizes as the entry states them: in its header, or in the descriptor behind it (§4.3.9)."""
    if not head.flags & DESCRIBED:
        return head.crc32, head.packed, head.size
    wide = head.wide or max(content.packed, content.size) > FULL_32
    first = stream.take(4)
    (crc,) = struct.unpack("<I", stream.take(4) if first == DESCRIPTOR else first)
    packed, size = struct.unpack("<QQ" if wide else "<II", stream.take(16 if wide else 8))
    return crc, packed, size
