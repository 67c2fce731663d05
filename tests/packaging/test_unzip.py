"""Foreign ZIPs: whatever two readers could understand differently is refused."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import Untrusted
from gateway.keys import KeyPair
from gateway.packaging.opener import Trust
from gateway.packaging.records import PackageFault
from tests.packaging.packing import Handmade, open_plain

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
Harm = Callable[[bytes], bytes]


def patch(mark: bytes, offset: int, value: bytes, *, which: int = 1) -> Harm:
    """Overwrite what stands `offset` behind the mark of entry number `which` (0 is mimetype, 1 brev.txt)."""

    def harm(container: bytes) -> bytes:
        at = -1
        for _ in range(which + 1):
            at = container.index(mark, at + 1)
        at += offset
        return container[:at] + value + container[at + len(value) :]

    return harm


def both(offset: int, value: bytes) -> Harm:
    """The same change in the local header and in the directory."""
    return lambda container: patch(CENTRAL, offset + 2, value)(patch(LOCAL, offset, value)(container))


def between(container: bytes) -> bytes:
    """Bytes that belong to no entry, with every offset behind them set right."""
    at = container.index(CENTRAL)
    moved = bytearray(container[:at] + b"mellom" + container[at:])
    struct.pack_into("<I", moved, moved.rindex(END) + 16, at + 6)
    return bytes(moved)


HARMS: list[tuple[str, Harm, PackageFault]] = [
    ("behind the end", lambda container: container + b"x", PackageFault.NOT_ASICE),
    ("before the start", lambda container: b"MZ" + container, PackageFault.NOT_ASICE),
    ("between files and directory", between, PackageFault.NOT_ASICE),
    ("encrypted entry", both(6, b"\x01"), PackageFault.NOT_ASICE),
    ("unknown method", both(8, b"\x0c"), PackageFault.NOT_ASICE),
    ("stored with its size behind", both(6, b"\x08"), PackageFault.NOT_ASICE),
    ("checksum in both", both(14, b"\0\0\0\0"), PackageFault.CHECKSUM_WRONG),
    ("changed byte", patch(LOCAL, 30 + len("brev.txt"), b"I"), PackageFault.CHECKSUM_WRONG),
    ("unpacked size in both", both(22, b"\x08"), PackageFault.NOT_ASICE),
    ("name in the directory", patch(CENTRAL, 46, b"vrak.txt"), PackageFault.DIRECTORY_DISAGREES),
    ("method in the directory", patch(CENTRAL, 10, b"\x08"), PackageFault.DIRECTORY_DISAGREES),
    ("checksum in the directory", patch(CENTRAL, 16, b"\0\0\0\0"), PackageFault.DIRECTORY_DISAGREES),
    ("size in the directory", patch(CENTRAL, 24, b"\0"), PackageFault.DIRECTORY_DISAGREES),
    ("disk in the directory", patch(CENTRAL, 34, b"\1"), PackageFault.DIRECTORY_DISAGREES),
    ("place in the directory", patch(CENTRAL, 42, b"\0\0\0\0"), PackageFault.DIRECTORY_DISAGREES),
    ("count at the end", patch(END, 10, b"\x02", which=0), PackageFault.DIRECTORY_DISAGREES),
    ("place at the end", patch(END, 16, b"\0\0", which=0), PackageFault.DIRECTORY_DISAGREES),
    ("disk at the end", patch(END, 4, b"\x01", which=0), PackageFault.DIRECTORY_DISAGREES),
    ("name not UTF-8", patch(LOCAL, 30, b"\xff"), PackageFault.UNSAFE_NAME),
]


@pytest.mark.parametrize(("harm", "code"), [row[1:] for row in HARMS], ids=[row[0] for row in HARMS])
def test_disagreement_is_refused(sender: KeyPair, trust: Trust, tmp_path: Path, harm: Harm, code: PackageFault) -> None:
    """Each with its code; the spool is empty afterwards."""
    sound = Handmade(sender, method=zipfile.ZIP_STORED).write()
    assert open_plain(sound, trust, tmp_path) == {"brev.txt": b"innhold"}
    with pytest.raises(Untrusted) as caught:
        open_plain(harm(sound), trust, tmp_path)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_directory_leaves_out_is_refused(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """A reader of local headers would see it, a reader of the directory would not."""
    sound = Handmade(sender, method=zipfile.ZIP_STORED).write()
    second = sound.index(CENTRAL, sound.index(CENTRAL) + 1)
    third = sound.index(CENTRAL, second + 1)
    hidden = bytearray(sound[:second] + sound[third:])
    end = hidden.rindex(END)
    (count, size) = struct.unpack_from("<HI", hidden, end + 10)
    struct.pack_into("<HHI", hidden, end + 8, count - 1, count - 1, size - (third - second))
    with zipfile.ZipFile(io.BytesIO(hidden)) as container:
        assert "brev.txt" not in container.namelist()
    with pytest.raises(Untrusted) as caught:
        open_plain(bytes(hidden), trust, tmp_path)
    assert caught.value.code == PackageFault.DIRECTORY_DISAGREES


def test_damaged_compression_is_refused(sender: KeyPair, trust: Trust, tmp_path: Path) -> None:
    """A deflate stream that is none."""
    container = Handmade(sender, files={"brev.txt": b"innhold" * 100}).write()
    with pytest.raises(Untrusted) as caught:
        open_plain(patch(LOCAL, 30 + len("brev.txt"), b"\xff\xff\xff")(container), trust, tmp_path)
    assert caught.value.code == PackageFault.NOT_ASICE
