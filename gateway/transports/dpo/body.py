"""The body of one upload: bytes of a known length, streamed in blocks, which knows how far it came.

In comes a parcel, out come blocks of about a mebibyte for `requests`. A body is good for one try; the next try opens
the parcel anew. Called by `broker`.
"""

from collections.abc import Iterator

from gateway.transports.port import Parcel

BLOCK = 1024 * 1024


class UploadBody:
    """What `requests` sends. Its length makes the call carry Content-Length; without one it would be chunked.

    `begun`: bytes were handed to the connection. `complete`: all were taken. `fault`: what the parcel itself raised.
    """

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel
        self.begun = False
        self.complete = False
        self.sent = 0
        self.fault: Exception | None = None

    def __len__(self) -> int:
        return self._parcel.length

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in cut_blocks(self._parcel.chunks()):
                self._count(len(block))
                yield block
            self._count(0, last=True)
        except Exception as fault:
            # Kept, for the layers in between may take an OSError of our disk for one of the network.
            self.fault = fault
            raise

    def _count(self, size: int, *, last: bool = False) -> None:
        """Never more than was promised: the surplus would be read as the next request on this connection."""
        if self.sent + size > len(self) or (last and self.sent != len(self)):
            raise RuntimeError(f"a parcel of {len(self)} bytes held {'more' if size else self.sent}")
        self.begun = True
        self.sent += size
        self.complete = last


def cut_blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of at most a mebibyte; small pieces are put together."""
    rest = bytearray()
    for chunk in chunks:
        if len(chunk) < BLOCK:
            rest += chunk
            if len(rest) < BLOCK:
                continue
            chunk, rest = bytes(rest), bytearray()
        elif rest:
            yield bytes(rest)
            rest = bytearray()
        yield from (chunk[start : start + BLOCK] for start in range(0, len(chunk), BLOCK))
    if rest:
        yield bytes(rest)
