"""Documents at rest: what is sealed opens under its key alone, whole and unchanged or not at all."""

import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SetupFault, StorageUnavailable
from gateway.keys import (
    DocumentSealer,
    SealingKey,
    create_sealing_key,
    load_or_create_sealing_keys,
    read_sealing_key,
)
from gateway.keys.sealing import FRAME

HEAD = 9 + 8 + 12 + 48
KEY = SealingKey(bytes(range(32)))
OTHER = SealingKey(bytes(32))


def seal(sealer: DocumentSealer, content: bytes, cut: int = 300_000) -> bytes:
    """The sealed file of `content`, written in pieces of `cut`."""
    sink = io.BytesIO()
    writer = sealer.seal(sink)
    for start in range(0, len(content), cut):
        writer.write(content[start : start + cut])
    writer.close()
    writer.close()
    assert not sink.closed
    return sink.getvalue()


def unseal(sealer: DocumentSealer, sealed: bytes) -> bytes:
    """What a sealed file holds."""
    with sealer.open(io.BytesIO(sealed)) as reader:
        return reader.read()


@settings(deadline=None, max_examples=40)
@given(
    size=st.sampled_from([0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 2 * FRAME + 7]),
    cut=st.integers(10_000, 3 * FRAME),
)
def test_what_is_sealed_opens(size: int, cut: int) -> None:
    """On both sides of every border between frames, however it was written."""
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    sealed = seal(DocumentSealer([KEY]), content, cut)
    assert unseal(DocumentSealer([KEY]), sealed) == content
    assert len(sealed) == HEAD + size + 16 * max(1, -(-size // FRAME))


def test_the_reader_gives_what_is_asked_for() -> None:
    """Small reads across frames, and the end."""
    content = os.urandom(FRAME + 100)
    reader = DocumentSealer([KEY]).open(io.BytesIO(seal(DocumentSealer([KEY]), content)))
    assert reader.read(FRAME - 5) == content[: FRAME - 5]
    assert reader.read(10) == content[FRAME - 5 : FRAME + 5]
    assert reader.read() == content[FRAME + 5 :]
    assert reader.read(1) == b""


def test_closing_the_reader_closes_its_source() -> None:
    """Whoever was handed the reader knows nothing of the file behind it."""
    source = io.BytesIO(seal(DocumentSealer([KEY]), b"innhold"))
    DocumentSealer([KEY]).open(source).close()
    assert source.closed


def test_nothing_of_the_content_is_seen_and_nothing_repeats() -> None:
    """Two files of the same content have nothing in common behind the key's id."""
    content = b"hemmelig" * 1000
    first, second = (seal(DocumentSealer([KEY]), content) for _ in range(2))
    assert b"hemmelig" not in first
    assert first[:17] == second[:17]
    assert not any(first[at : at + 16] in second for at in range(17, len(first) - 16, 16))


def test_old_keys_open_and_the_newest_seals() -> None:
    """A new key does not orphan what an old one sealed."""
    old = seal(DocumentSealer([OTHER]), b"gammelt")
    both = DocumentSealer([KEY, OTHER])
    assert unseal(both, old) == b"gammelt"
    assert unseal(DocumentSealer([KEY]), seal(both, b"nytt")) == b"nytt"


def test_without_its_key_it_says_which_one_is_missing() -> None:
    """The key's id is named, for somebody must find that key."""
    with pytest.raises(StorageUnavailable, match=OTHER.id.hex()):
        unseal(DocumentSealer([KEY]), seal(DocumentSealer([OTHER]), b"innhold"))


def frames(sealed: bytes) -> list[bytes]:
    """The sealed frames without the head."""
    return [sealed[start : start + FRAME + 16] for start in range(HEAD, len(sealed), FRAME + 16)]


def test_whatever_is_changed_is_noticed() -> None:
    """A byte anywhere, frames that moved, are missing, were doubled or come from another file."""
    sealer = DocumentSealer([KEY])
    content = os.urandom(2 * FRAME + 50)
    sealed, other = seal(sealer, content), seal(sealer, content)
    head, (first, second, third) = sealed[:HEAD], frames(sealed)
    harmed = [
        *(
            sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]
            for at in (0, 9, 17, 30, HEAD - 1, HEAD, HEAD + FRAME)
        ),
        head + second + first + third,
        head + first + third,
        head + first + second,
        head + first,
        head,
        head + first + second + second + third,
        head + frames(other)[0] + second + third,
        other[:HEAD] + first + second + third,
        sealed + b"x",
        sealed[:-1],
        sealed[: HEAD - 1],
        b"",
    ]
    for content in harmed:
        with pytest.raises(StorageUnavailable):
            unseal(sealer, content)


def test_no_byte_goes_out_before_its_frame_is_verified() -> None:
    """A changed second frame gives the first one and nothing more."""
    sealer = DocumentSealer([KEY])
    sealed = bytearray(seal(sealer, bytes(2 * FRAME)))
    sealed[-1] ^= 1
    reader = sealer.open(io.BytesIO(sealed))
    assert reader.read(FRAME) == bytes(FRAME)
    with pytest.raises(StorageUnavailable):
        reader.read(1)


def test_a_sealer_without_keys_is_a_fault_of_the_set_up() -> None:
    """Nothing is ever stored in clear."""
    with pytest.raises(SetupFault):
        DocumentSealer([])


def test_a_closed_writer_takes_no_more() -> None:
    """Its last frame is out."""
    writer = DocumentSealer([KEY]).seal(io.BytesIO())
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"mer")


def test_keys_do_not_show_themselves() -> None:
    """A key in a log or a traceback is its name only."""
    assert "00010203" not in repr(KEY) + str(KEY)
    assert "\\x00\\x01" not in repr(KEY)


def test_keys_are_made_once_and_found_again(tmp_path: Path) -> None:
    """The first start makes one; a later one finds it; a new one comes first and the old one stays."""
    folder = tmp_path / "data" / "keys"
    (first,) = load_or_create_sealing_keys(folder)
    assert load_or_create_sealing_keys(folder) == (first,)
    create_sealing_key(folder)
    newest, oldest = load_or_create_sealing_keys(folder)
    assert oldest == first
    assert newest != first
    assert sorted(path.name for path in folder.iterdir()) == ["sealing-0001.key", "sealing-0002.key"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_only_the_owner_reads_the_keys(tmp_path: Path) -> None:
    """Folder 0700, file 0600, whatever the umask."""
    before = os.umask(0)
    try:
        load_or_create_sealing_keys(tmp_path / "keys")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "sealing-0001.key").stat().st_mode) == 0o600


def test_two_first_starts_at_the_same_time_end_with_the_same_key(tmp_path: Path) -> None:
    """Server and worker start together; what one seals the other must open."""
    found = []
    start = threading.Barrier(8)

    def begin() -> None:
        start.wait()
        found.append(load_or_create_sealing_keys(tmp_path / "keys")[-1])

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8


def test_a_damaged_key_file_is_said(tmp_path: Path) -> None:
    """It is not replaced: a new key opens nothing old."""
    load_or_create_sealing_keys(tmp_path)
    (tmp_path / "sealing-0001.key").write_text("ikke en nøkkel")
    with pytest.raises(SetupFault, match="32 bytes"):
        load_or_create_sealing_keys(tmp_path)
    with pytest.raises(SetupFault):
        read_sealing_key("c2hvcnQ=")
