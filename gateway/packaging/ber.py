"""Walks BER as it streams past: definite and indefinite lengths, nested to any reasonable depth (ITU-T X.690 §8.1).

In comes a `Forward`, out come headers, whole small elements, and the octets of a large string in blocks. Called by
`decrypt`; raises `Malformed` or `Truncated`.
"""

from collections.abc import Iterator

from gateway.packaging.forward import Forward

OCTET_STRING, END_OF_CONTENTS = 0x04, 0x00
CONSTRUCTED = 0x20
_MOST_BYTES = 1024 * 1024
_DEEPEST = 32
_ENOUGH = 256 * 1024
# So many pieces are joined at most, and so many may bring nothing: a gigabyte of them would take hours, or all memory.
_MOST_HELD = 16 * 1024
_MOST_EMPTY = 64 * 1024

Header = tuple[int, int | None]


class Malformed(Exception):
    """The bytes are not what the structure asks for at this place."""


def read_header(stream: Forward) -> Header:
    """Tag and length of the next element; the length is None where it is indefinite."""
    tag, length, _ = _read_raw_header(stream)
    return tag, length


def read_expected(stream: Forward, tag: int) -> int | None:
    """The length of the next element, which must have this tag."""
    found, length = read_header(stream)
    if found != tag:
        raise Malformed(f"tag {found:#04x} where {tag:#04x} belongs")
    return length


def read_element(stream: Forward) -> bytes:
    """The next element whole, header included, as it was written."""
    return _read_rest(stream, _read_raw_header(stream), depth=0)


def read_octets(stream: Forward, header: Header) -> Iterator[bytes | memoryview]:
    """The octets of a string whose header was read: primitive, or in pieces (also nested ones, also empty ones)."""
    tag, length = header
    if not tag & CONSTRUCTED:
        if length is None:
            raise Malformed("a primitive string without a length")
        yield from _read_primitive(stream, length)
    else:
        yield from _gather(_Pieces(stream).read(length, depth=0))


def _read_raw_header(stream: Forward) -> tuple[int, int | None, bytes]:
    head = stream.take(2)
    tag, first = head
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    if first < 0x80:
        return tag, first, head
    if first == 0x80:
        return tag, None, head
    digits = stream.take(first & 0x7F)
    if len(digits) > 8:
        raise Malformed("a length of more than eight bytes")
    return tag, int.from_bytes(digits, "big"), head + digits


def _read_rest(stream: Forward, header: tuple[int, int | None, bytes], *, depth: int) -> bytes:
    _, length, head = header
    if depth > _DEEPEST:
        raise Malformed("nested too deep")
    if length is not None:
        if length > _MOST_BYTES:
            raise Malformed(f"an element of {length} bytes where a small one belongs")
        return head + stream.take(length)
    parts, size = [head], 0
    while True:
        inner = _read_raw_header(stream)
        parts.append(_read_rest(stream, inner, depth=depth + 1))
        size += len(parts[-1])
        if size > _MOST_BYTES:
            raise Malformed("an element without end where a small one belongs")
        if inner[0] == END_OF_CONTENTS:
            return b"".join(parts)


def _read_primitive(stream: Forward, length: int) -> Iterator[memoryview]:
    while length:
        part = stream.upto(length)
        if not part:
            stream.take(length)  # says that it is truncated
        length -= len(part)
        yield part


class _Pieces:
    """The pieces of one string, at any depth; counts those that bring nothing, and strings in it."""

    def __init__(self, stream: Forward) -> None:
        self._stream = stream
        self._empty = 0

    def read(self, length: int | None, *, depth: int) -> Iterator[memoryview]:
        if depth > _DEEPEST:
            raise Malformed("nested too deep")
        stream = self._stream
        end = None if length is None else stream.position + length
        while end is None or stream.position < end:
            tag, size, head = _read_raw_header(stream)
            if tag == END_OF_CONTENTS and end is None:
                return
            if tag == OCTET_STRING | CONSTRUCTED:
                self._count()
                yield from self.read(size, depth=depth + 1)
            elif tag == OCTET_STRING and size:
                yield from _read_primitive(stream, size)
                yield from stream.take_repeated(head, size)
            elif tag == OCTET_STRING and size == 0:
                self._count()
            else:
                raise Malformed(f"tag {tag:#04x} between the pieces of a string")
        if stream.position != end:
            raise Malformed("a piece reaches beyond its string")

    def _count(self) -> None:
        self._empty += 1
        if self._empty > _MOST_EMPTY:
            raise Malformed("too many pieces that hold nothing")


def _gather(pieces: Iterator[memoryview]) -> Iterator[bytes | memoryview]:
    """Pieces may be of 1000 bytes each; a cipher call for every one of them would take longer than the cipher."""
    held: list[memoryview] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _ENOUGH or len(held) >= _MOST_HELD:
            yield held[0] if len(held) == 1 else b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
