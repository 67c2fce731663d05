"""Documents on disk: whole or not at all, unreadable without the seal, and nothing left behind."""

import hashlib
import os
import stat
import subprocess
import sys
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import NotFound, StorageUnavailable
from gateway.keys.sealing import DocumentSealer, SealingKey
from gateway.storage.blobs import Blob, BlobStore, FolderBlobs

MEBIBYTE = 1024 * 1024
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def sealer() -> DocumentSealer:
    """The real seal under a key of its own."""
    return DocumentSealer([SealingKey(os.urandom(32))])


@pytest.fixture
def blobs(tmp_path: Path, sealer: DocumentSealer) -> BlobStore:
    """An empty folder of documents."""
    return FolderBlobs(tmp_path / "documents", sealer=sealer)


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 17])
def test_bytes_come_back_with_their_digests(blobs: BlobStore, size: int) -> None:
    """What was written in odd pieces is read whole, and size, CRC-32 and SHA-256 are those of the plain bytes."""
    plain = os.urandom(size)
    blob = _store(blobs, plain, piece=700_001)
    assert blob == Blob(blob.key, size, zlib.crc32(plain), hashlib.sha256(plain).digest())
    with blobs.open(blob.key) as source:
        assert source.read() == plain


def test_the_plain_bytes_are_nowhere_in_the_folder(blobs: BlobStore, tmp_path: Path) -> None:
    """No file of the folder holds a piece of the document, and none can be read by another user."""
    _store(blobs, b"taushetsbelagt " * 10_000)
    for path in _files(tmp_path):
        assert b"taushetsbelagt" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_bytes_twice_are_two_files(blobs: BlobStore, tmp_path: Path) -> None:
    """Two uploads of the same bytes have two keys, in sub-folders by the beginning of the key, and one can go alone."""
    first, second = _store(blobs, b"same"), _store(blobs, b"same")
    assert first.key != second.key
    assert {path.relative_to(tmp_path / "documents") for path in _files(tmp_path)} == {
        Path(blob.key[:2], blob.key) for blob in (first, second)
    }
    blobs.delete(first.key)
    blobs.delete(first.key)
    with blobs.open(second.key) as source:
        assert source.read() == b"same"
    with pytest.raises(StorageUnavailable):
        blobs.open(first.key)


def test_an_upload_that_fails_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    """An exception in the middle of an upload, or no commit, leaves no file at all."""
    with suppress(ConnectionError), blobs.create() as writer:
        writer.write(b"x" * 3 * MEBIBYTE)
        raise ConnectionError
    with blobs.create() as writer:
        writer.write(b"never committed")
    assert _files(tmp_path) == []


def test_abort_after_commit_changes_nothing(blobs: BlobStore) -> None:
    """What is committed stays, whatever is done with the writer."""
    with blobs.create() as writer:
        writer.write(b"kept")
        blob = writer.commit()
        writer.abort()
    with blobs.open(blob.key) as source:
        assert source.read() == b"kept"


def test_nothing_has_its_name_before_every_byte_is_synced(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before it gets its name, and its folder after; a sync that fails leaves nothing."""
    steps: list[str] = []
    real_sync, real_rename = os.fsync, Path.rename

    def sync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_sync(handle)

    def rename(path: Path, target: Path) -> Path:
        steps.append("rename")
        return real_rename(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", rename)
    _store(blobs, b"x")
    assert steps == ["file", "folder", "rename", "folder"]


def test_a_disk_that_fails_to_sync_leaves_nothing(
    blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk at the end becomes StorageUnavailable, and no file is there."""

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable, match="No space left"):
        _store(blobs, b"x")
    assert _files(tmp_path) == []


def test_a_process_killed_in_an_upload_leaves_what_is_swept(
    blobs: BlobStore, tmp_path: Path, sealer: DocumentSealer
) -> None:
    """A kill in the middle of an upload leaves one unfinished file under no key, and sweeping takes exactly that."""
    kept = _store(blobs, b"kept")
    program = (
        "import os, sys; from pathlib import Path\n"
        "from gateway.keys.sealing import DocumentSealer, SealingKey\n"
        "from gateway.storage.blobs import FolderBlobs\n"
        "blobs = FolderBlobs(Path(sys.argv[1]), sealer=DocumentSealer([SealingKey(bytes(32))]))\n"
        "writer = blobs.create(); writer.write(bytes(3 << 20)); os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "documents")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    assert subprocess.run(command, timeout=60, env=environment, check=False).returncode == -9
    assert len(_files(tmp_path)) == 2
    assert list(blobs.keys_before(LATER)) == [kept.key]
    assert blobs.sweep_unfinished(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert blobs.sweep_unfinished(LATER) == 1
    assert [path.name for path in _files(tmp_path)] == [kept.key]


def test_keys_are_listed_by_age(blobs: BlobStore, tmp_path: Path) -> None:
    """Only the keys of files that were written before the moment are listed, uploads under way never."""
    old, new = _store(blobs, b"old"), _store(blobs, b"new")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    path = tmp_path / "documents" / old.key[:2] / old.key
    os.utime(path, (moment.timestamp() - 1, moment.timestamp() - 1))
    with blobs.create() as writer:
        writer.write(b"under way")
        assert list(blobs.keys_before(moment)) == [old.key]
        assert set(blobs.keys_before(LATER)) == {old.key, new.key}


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "unfinished", "A" * 32, "{" + "a" * 32 + "}", "a" * 31])
def test_only_a_key_becomes_a_path(blobs: BlobStore, key: str) -> None:
    """What `create` has not made is no key, and never a path."""
    with pytest.raises(NotFound):
        blobs.open(key)
    with pytest.raises(NotFound):
        blobs.delete(key)


def test_a_changed_file_is_not_read(blobs: BlobStore, tmp_path: Path) -> None:
    """One flipped bit of a stored file becomes StorageUnavailable, never other bytes."""
    blob = _store(blobs, b"x" * 5000)
    path = tmp_path / "documents" / blob.key[:2] / blob.key
    stored = bytearray(path.read_bytes())
    stored[-100] ^= 1
    path.write_bytes(stored)
    with pytest.raises(StorageUnavailable), blobs.open(blob.key) as source:
        source.read()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, sealer: DocumentSealer) -> None:
    """Where the folder's place is taken by a file, opening it says so in plain words."""
    (tmp_path / "documents").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match="document folder") as caught:
        FolderBlobs(tmp_path / "documents", sealer=sealer)
    assert caught.value.mend


def _store(blobs: BlobStore, plain: bytes, *, piece: int = MEBIBYTE) -> Blob:
    with blobs.create() as writer:
        for start in range(0, len(plain), piece):
            writer.write(memoryview(plain)[start : start + piece])
        return writer.commit()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
