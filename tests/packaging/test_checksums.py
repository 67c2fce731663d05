"""The sums that are taken in passing, with and without the fast library, and the thread that takes them."""

import hashlib
import threading
import zlib
from collections.abc import Iterator
from itertools import repeat

import pytest

from gateway.packaging import checksums
from gateway.packaging.beside import run_beside
from gateway.packaging.checksums import Checksums, Sums, crc32

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 1_000_003])
def test_crc32_is_the_same_with_and_without_isal(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Both ways, whole and continued."""
    block = bytes(range(256)) * (size // 256 + 1)
    block = block[:size]
    found = {crc32(block), crc32(block[5:], crc32(block[:5]))}
    monkeypatch.setattr(checksums, "_wide_crc32", None)
    found |= {crc32(block), crc32(block[5:], crc32(block[:5]))}
    assert found == {zlib.crc32(block)}


def test_sums_are_those_of_all_blocks() -> None:
    """Size, CRC-32 and SHA-256, however it was cut."""
    sums = Checksums()
    for block in (b"inn", b"", memoryview(b"hold")):
        sums.add(block)
    assert sums.finish() == Sums(7, zlib.crc32(b"innhold"), hashlib.sha256(b"innhold").digest())


def test_a_long_stream_is_produced_in_another_thread_and_in_order() -> None:
    """The first blocks in the caller's thread, the rest ahead of it; nothing is lost."""
    threads = set()

    def produce() -> Iterator[bytes]:
        for number in range(20):
            threads.add(threading.current_thread().name)
            yield bytes([number]) * MEBIBYTE

    assert [block[0] for block in run_beside(produce())] == list(range(20))
    assert len(threads) == 2


def test_a_short_stream_gets_no_thread() -> None:
    """It would cost more than it saves."""
    before = threading.active_count()
    assert [(block, threading.active_count()) for block in run_beside(iter([b"a", b"b"]))] == [
        (b"a", before),
        (b"b", before),
    ]


def test_a_fault_is_raised_where_its_block_was_asked_for() -> None:
    """The caller sees it after every block that came before it."""

    def produce() -> Iterator[bytes]:
        for _ in range(6):
            yield bytes(MEBIBYTE)
        raise OSError("disken svarer ikke")

    taken = []
    with pytest.raises(OSError, match="disken"):
        taken.extend(run_beside(produce()))
    assert len(taken) <= 6


def test_giving_up_ends_the_thread() -> None:
    """Closed in the middle of a stream that would never end."""
    before = threading.active_count()
    blocks = run_beside(repeat(bytes(MEBIBYTE)))
    for _ in range(6):
        next(blocks)
    assert threading.active_count() == before + 1
    blocks.close()
    assert threading.active_count() == before
