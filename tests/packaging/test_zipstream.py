"""The bytes of the ZIP itself, where containers of ordinary size do not reach: 4 GiB and beyond, and the framing."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.packaging.forward import Forward
from gateway.packaging.frames import Framer
from gateway.packaging.records import Block, OpenLimits
from gateway.packaging.unzip import read_zip
from gateway.packaging.zipstream import (
    DEFLATED,
    DESCRIPTOR,
    END_64,
    FULL_32,
    Entry,
    Layout,
    frame_as_stored_blocks,
    make_stamp,
    write_descriptor,
    write_local_header,
)
from tests.certificates import NOW

MEBIBYTE = 1024 * 1024
STAMP = make_stamp(NOW)
HUGE = Entry("stor.bin", 0x12345678, 4097 * MEBIBYTE, 4097 * MEBIBYTE)
AFTER = Entry("etter.txt", zlib.crc32(b"x"), 1, 1)


def test_sizes_beyond_32_bits_stand_in_the_extra_field() -> None:
    """The local header says 0xFFFFFFFF twice and the extra field (id 1) the sizes, as Java's reader wants them."""
    header = write_local_header(HUGE, STAMP)
    assert struct.unpack_from("<4sH", header) == (b"PK\x03\x04", 45)
    assert struct.unpack_from("<II", header, 18) == (FULL_32, FULL_32)
    assert struct.unpack("<HHQQ", header[30 + len("stor.bin") :]) == (1, 16, HUGE.size, HUGE.size)


def test_another_reader_finds_what_lies_behind_four_gibibytes() -> None:
    """Python's zipfile takes sizes and offsets from the directory's extra fields and the 64-bit end record."""
    layout = Layout(STAMP)
    first, second = layout.place(HUGE), layout.place(AFTER)
    directory = layout.write_directory(b"kommentar")
    with zipfile.ZipFile(_Tail(bytes(70_000) + directory, layout.position - 70_000)) as container:
        found = {entry.filename: (entry.file_size, entry.header_offset) for entry in container.infolist()}
    assert found == {"stor.bin": (HUGE.size, 0), "etter.txt": (1, len(first) + HUGE.size)}
    assert layout.position == len(first) + HUGE.size + len(second) + 1


def test_our_own_reader_finds_it_too() -> None:
    """The strict reader compares local headers, directory and 64-bit end record of more than 4 GiB."""
    layout = Layout(STAMP)
    blocks: Iterator[Block] = chain(
        [layout.place(HUGE)], repeat(bytes(MEBIBYTE), 4097), [layout.place(AFTER) + b"x", layout.write_directory()]
    )
    found: dict[str, int] = {}

    def receive(name: str, content: Iterator[Block]) -> int:
        found[name] = sum(len(block) for block in content)
        return {"stor.bin": HUGE.crc32, "etter.txt": AFTER.crc32}[name]

    read_zip(Forward(blocks), OpenLimits(), receive=receive)
    assert found == {"stor.bin": HUGE.size, "etter.txt": 1}


def test_a_directory_of_more_than_65535_files_has_its_64_bit_record() -> None:
    """The count of the old end record is full, the new one tells it."""
    layout = Layout(STAMP)
    for number in range(65_536):
        layout.place(Entry(f"{number}", 0, 0, 0))
    directory = layout.write_directory()
    assert struct.unpack_from("<HH", directory, len(directory) - 22 + 8) == (0xFFFF, 0xFFFF)
    assert directory[-98:-94] == END_64
    with zipfile.ZipFile(_Tail(bytes(70_000) + directory, layout.position - 70_000)) as container:
        assert len(container.infolist()) == 65_536


@pytest.mark.parametrize(("size", "width"), [(FULL_32, 16), (FULL_32 + 1, 24)])
def test_a_descriptor_is_as_wide_as_its_sizes_need(size: int, width: int) -> None:
    """Java's stream reader expects 64 bits only beyond 0xFFFFFFFF."""
    descriptor = write_descriptor(Entry("a", 1, size, size, method=DEFLATED, described=True))
    assert descriptor.startswith(DESCRIPTOR)
    assert len(descriptor) == width


@settings(deadline=None, max_examples=40)
@given(total=st.sampled_from([1, 2, 65_534, 65_535, 65_536, 131_070, 131_071, 300_000]), cut=st.integers(100, 70_000))
def test_stored_blocks_inflate_to_what_went_in(total: int, cut: int) -> None:
    """However the bytes arrive, the deflate stream has its foretold length and ends where it should."""
    content = (bytes(range(251)) * (total // 251 + 1))[:total]
    framing = frame_as_stored_blocks(total)
    framer, parts = Framer(framing), list[Block]()
    for start in range(0, total, cut):
        framer.cut(content[start : start + cut], parts)
    packed = b"".join(parts)
    assert len(packed) == framing.length
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    assert inflater.decompress(packed) == content
    assert inflater.eof
    assert not inflater.unused_data


def test_more_than_was_foretold_is_refused() -> None:
    """A stream that grew under way must not become a damaged container."""
    with pytest.raises(ValueError, match="1 bytes more"):
        Framer(frame_as_stored_blocks(3)).cut(b"1234", [])


class _Tail(io.RawIOBase):
    """A file of which only the end is there, behind `missing` bytes that nobody may read."""

    def __init__(self, tail: bytes, missing: int) -> None:
        self._tail = tail
        self._missing = missing
        self._at = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._missing + len(self._tail))[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        start = self._at - self._missing
        assert start >= 0, "only the end is there"
        found = self._tail[start:] if size < 0 else self._tail[start : start + size]
        self._at += len(found)
        return found
