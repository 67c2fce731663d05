"""Documents at rest, in a folder and in a bucket: whole or not at all, unreadable without the seal, and nothing left behind."""

import hashlib
import os
import stat
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import NotFound, StorageUnavailable
from gateway.keys.sealing import DocumentSealer, SealingKey
from gateway.storage.blobs import Blob, BlobStore, FolderBlobs
from gateway.storage.bucket import BucketSettings
from gateway.storage.s3 import BucketBlobs
from tests.buckets import Buckets, objects, overwrite, serving_buckets, unfinished, written_at

MEBIBYTE = 1024 * 1024
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def sealer() -> DocumentSealer:
    """The real seal under a key of its own."""
    return DocumentSealer([SealingKey(os.urandom(32))])


@dataclass
class Shelf:
    """A store of documents, and what really lies in it: the sealed bytes by key."""

    blobs: BlobStore
    folder: Path | None = None
    bucket: BucketSettings | None = None

    def contents(self) -> dict[str, bytes]:
        """By the last part of the name; what has no place of its own yet is left out."""
        if self.bucket:
            return {name.rpartition("/")[2]: content for name, content in objects(self.bucket).items()}
        assert self.folder
        return {path.name: path.read_bytes() for path in _files(self.folder) if path.parent.name != "unfinished"}

    def leftovers(self) -> int:
        """How many uploads are neither done nor undone."""
        if self.bucket:
            return len(unfinished(self.bucket))
        assert self.folder
        return len(list((self.folder / "unfinished").iterdir()))

    def overwrite(self, key: str, content: bytes) -> None:
        """Change what lies there."""
        if self.bucket:
            overwrite(self.bucket, f"{self.bucket.prefix}/{key[:2]}/{key}", content)
        else:
            assert self.folder
            (self.folder / key[:2] / key).write_bytes(content)

    def age(self, key: str, moment: datetime) -> None:
        """Let it have been written then."""
        if self.bucket:
            written_at(self.bucket, f"{self.bucket.prefix}/{key[:2]}/{key}", moment)
        else:
            assert self.folder
            os.utime(self.folder / key[:2] / key, (moment.timestamp(), moment.timestamp()))


@pytest.fixture(scope="session")
def buckets() -> Iterator[Buckets]:
    """A server of buckets on loopback."""
    with serving_buckets() as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path, sealer: DocumentSealer) -> Shelf:
    """An empty store of documents, in a folder and in a bucket."""
    if request.param == "folder":
        return Shelf(FolderBlobs(tmp_path / "documents", sealer=sealer), folder=tmp_path / "documents")
    settings = request.getfixturevalue("buckets").make()
    return Shelf(BucketBlobs(settings, sealer=sealer), bucket=settings)


@pytest.fixture
def blobs(shelf: Shelf) -> BlobStore:
    """An empty store of documents, in a folder and in a bucket."""
    return shelf.blobs


@pytest.fixture
def folder_blobs(tmp_path: Path, sealer: DocumentSealer) -> FolderBlobs:
    """A folder, for what only that can show."""
    return FolderBlobs(tmp_path / "documents", sealer=sealer)


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 17, 17 * MEBIBYTE + 3])
def test_bytes_come_back_with_their_digests(blobs: BlobStore, size: int) -> None:
    """What was written in odd pieces is read whole, and size, CRC-32 and SHA-256 are those of the plain bytes."""
    plain = os.urandom(size)
    blob = _store(blobs, plain, piece=700_001)
    assert blob == Blob(blob.key, size, zlib.crc32(plain), hashlib.sha256(plain).digest())
    with blobs.open(blob.key) as source:
        assert source.read() == plain


def test_the_plain_bytes_are_nowhere(shelf: Shelf) -> None:
    """Nothing that is stored holds a piece of the document."""
    _store(shelf.blobs, b"taushetsbelagt " * 10_000)
    (content,) = shelf.contents().values()
    assert b"taushetsbelagt" not in content


def test_files_are_private(folder_blobs: FolderBlobs, tmp_path: Path) -> None:
    """No file of the folder can be read by another user."""
    _store(folder_blobs, b"x")
    for path in _files(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_bytes_twice_are_two_documents(shelf: Shelf) -> None:
    """Two uploads of the same bytes have two keys, and one can go alone."""
    first, second = _store(shelf.blobs, b"same"), _store(shelf.blobs, b"same")
    assert set(shelf.contents()) == {first.key, second.key}
    shelf.blobs.delete(first.key)
    shelf.blobs.delete(first.key)
    with shelf.blobs.open(second.key) as source:
        assert source.read() == b"same"
    with pytest.raises(StorageUnavailable):
        shelf.blobs.open(first.key)


def test_folder_and_bucket_call_documents_alike(tmp_path: Path, sealer: DocumentSealer, buckets: Buckets) -> None:
    """The name below the prefix is the path in the folder, so a plain copy moves an installation from one to the other."""
    settings = buckets.make("a/b")
    folder, bucket = FolderBlobs(tmp_path / "documents", sealer=sealer), BucketBlobs(settings, sealer=sealer)
    blob = _store(folder, b"moved")
    (path,) = _files(tmp_path)
    overwrite(settings, f"a/b/{path.relative_to(tmp_path / 'documents')}", path.read_bytes())
    with bucket.open(blob.key) as source:
        assert source.read() == b"moved"


@pytest.mark.parametrize("size", [MEBIBYTE, 12 * MEBIBYTE])
def test_an_upload_that_fails_leaves_nothing(shelf: Shelf, size: int) -> None:
    """An exception in the middle of an upload, or no commit, leaves nothing at all, however much had gone out."""
    with suppress(ConnectionError), shelf.blobs.create() as writer:
        for _ in range(size // MEBIBYTE):
            writer.write(b"x" * MEBIBYTE)
        raise ConnectionError
    with shelf.blobs.create() as writer:
        writer.write(b"x" * size)
    assert shelf.contents() == {}
    assert shelf.leftovers() == 0


def test_nothing_is_seen_before_it_is_whole(shelf: Shelf) -> None:
    """While an upload goes on there is no key, and after its commit there is, at once."""
    with shelf.blobs.create() as writer:
        for _ in range(14):
            writer.write(bytes(MEBIBYTE))
        assert shelf.contents() == {}
        assert list(shelf.blobs.keys_before(LATER)) == []
        blob = writer.commit()
    assert list(shelf.blobs.keys_before(LATER)) == [blob.key]


def test_abort_after_commit_changes_nothing(blobs: BlobStore) -> None:
    """What is committed stays, whatever is done with the writer."""
    with blobs.create() as writer:
        writer.write(b"kept")
        blob = writer.commit()
        writer.abort()
    with blobs.open(blob.key) as source:
        assert source.read() == b"kept"


def test_nothing_has_its_name_before_every_byte_is_synced(
    folder_blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    _store(folder_blobs, b"x")
    assert steps == ["file", "folder", "rename", "folder"]


def test_a_disk_that_fails_to_sync_leaves_nothing(
    folder_blobs: FolderBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk at the end becomes StorageUnavailable, and no file is there."""

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable, match="No space left"):
        _store(folder_blobs, b"x")
    assert _files(tmp_path) == []


def test_a_process_killed_in_an_upload_leaves_what_is_swept(
    folder_blobs: FolderBlobs, tmp_path: Path, sealer: DocumentSealer
) -> None:
    """A kill in the middle of an upload leaves one unfinished file under no key, and sweeping takes exactly that."""
    kept = _store(folder_blobs, b"kept")
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
    assert list(folder_blobs.keys_before(LATER)) == [kept.key]
    assert folder_blobs.sweep_unfinished(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert folder_blobs.sweep_unfinished(LATER) == 1
    assert [path.name for path in _files(tmp_path)] == [kept.key]


def test_keys_are_listed_by_age(shelf: Shelf) -> None:
    """Only the keys of what was written before the moment are listed, uploads under way never."""
    old, new = _store(shelf.blobs, b"old"), _store(shelf.blobs, b"new")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    shelf.age(old.key, moment - timedelta(seconds=1))
    with shelf.blobs.create() as writer:
        writer.write(b"under way")
        assert list(shelf.blobs.keys_before(moment)) == [old.key]
        assert set(shelf.blobs.keys_before(LATER)) == {old.key, new.key}


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "unfinished", "A" * 32, "{" + "a" * 32 + "}", "a" * 31])
def test_only_a_key_becomes_a_path(blobs: BlobStore, key: str) -> None:
    """What `create` has not made is no key, and never a path."""
    with pytest.raises(NotFound):
        blobs.open(key)
    with pytest.raises(NotFound):
        blobs.delete(key)


def test_what_was_changed_is_not_read(shelf: Shelf) -> None:
    """One flipped bit of a stored document becomes StorageUnavailable, never other bytes."""
    blob = _store(shelf.blobs, b"x" * 5000)
    stored = bytearray(shelf.contents()[blob.key])
    stored[-100] ^= 1
    shelf.overwrite(blob.key, bytes(stored))
    with pytest.raises(StorageUnavailable), shelf.blobs.open(blob.key) as source:
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
