"""Reads bytes forwards only, from blocks of any sizes, with exact counts where the format asks for them.

In comes an iterator of blocks, out come slices; `Truncated` where the bytes end too early. Called by `decrypt` (BER)
and `unzip` (ZIP), which give it its meaning.
"""

from collections.abc import Iterator
from typing import BinaryIO

from gateway.packaging.records import Block

BLOCK = 1024 * 1024


class Truncated(Exception):
    """The bytes ended in the middle of something."""


class Forward:
    """A position in a stream that only moves forwards; `position` counts from the first byte."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._view = memoryview(b"")
        self._at = 0
        self.position = 0

    def upto(self, size: int) -> memoryview:
        """At most `size` bytes, as many as lie ready; empty only at the end."""
        while self._at == len(self._view):
            block = next(self._blocks, None)
            if block is None:
                return memoryview(b"")
            self._view, self._at = memoryview(block), 0
        taken = self._view[self._at : self._at + size]
        self._at += len(taken)
        self.position += len(taken)
        return taken

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        taken = self.upto(size)
        if len(taken) == size:
            return bytes(taken)
        parts = [taken]
        missing = size - len(taken)
        while missing and taken:
            taken = self.upto(missing)
            parts.append(taken)
            missing -= len(taken)
        if missing:
            raise Truncated(f"{missing} bytes are missing at {self.position}")
        return b"".join(parts)

    def back(self, size: int) -> None:
        """Unread the last `size` bytes of what `upto` returned last."""
        self._at -= size
        self.position -= size

    def take_repeated(self, head: bytes, size: int) -> list[memoryview]:
        """The contents of every piece that lies ready whole, each `size` bytes behind the same `head`."""
        view, at, step = self._view, self._at, len(head) + size
        pieces = []
        while at + step <= len(view) and view[at : at + len(head)] == head:
            pieces.append(view[at + len(head) : at + step])
            at += step
        self.position += at - self._at
        self._at = at
        return pieces

    def ended(self) -> bool:
        """Whether nothing is left."""
        if not self.upto(1):
            return True
        self.back(1)
        return False


def read_blocks(source: BinaryIO) -> Iterator[bytes]:
    """The source in blocks of at most 1 MiB."""
    while block := source.read(BLOCK):
        yield block
