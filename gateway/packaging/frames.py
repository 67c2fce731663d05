"""Cuts a stream of known length into pieces of one size, each behind a header of its own, without holding it back.

In come blocks in any sizes, out come the same bytes with headers between them. Called by `cms` (OCTET STRINGs) and
`parcel` (stored deflate blocks): because the cut never depends on the blocks, the framed length is known beforehand.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.packaging.records import Block

WriteHeader = Callable[[int, bool], bytes]


@dataclass(frozen=True, slots=True)
class Framing:
    """How to cut: bytes in all (at least one), bytes of a piece, and the header for a size and for being last."""

    total: int
    piece: int
    header: WriteHeader

    @property
    def length(self) -> int:
        """How many bytes come out."""
        full, rest = divmod(self.total - 1, self.piece)
        headers = full * len(self.header(self.piece, False)) + len(self.header(rest + 1, True))
        return self.total + headers


class Framer:
    """One pass over a `Framing`."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._left = framing.total
        self._left_in_piece = 0

    @property
    def left(self) -> int:
        """How many bytes are still to come."""
        return self._left

    def cut(self, block: Block, parts: list[Block]) -> None:
        """Append `block` to `parts` with every header that falls into it; ValueError if more comes than foretold."""
        if len(block) > self._left:
            raise ValueError(f"{len(block) - self._left} bytes more than were foretold")
        view = memoryview(block)
        while view:
            if not self._left_in_piece:
                self._left_in_piece = min(self._framing.piece, self._left)
                parts.append(self._framing.header(self._left_in_piece, self._left_in_piece == self._left))
            taken = view[: self._left_in_piece]
            parts.append(taken)
            view = view[len(taken) :]
            self._left_in_piece -= len(taken)
            self._left -= len(taken)
