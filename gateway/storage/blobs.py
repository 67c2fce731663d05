"""The bytes of documents: written once under a random key, sealed, and on disk before anybody is told so.

In come plain bytes in pieces, out come their digests, and later the same bytes. Called by delivery, which keeps the
key in a row of `documents`; what has no row is swept by age. The seal is a port: `app` hands it in.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, Self
from uuid import UUID, uuid4

from gateway.errors import NotFound, StorageUnavailable
from gateway.language import say

Bytes = bytes | bytearray | memoryview
_UNFINISHED = "unfinished"


class SealedWriter(Protocol):
    """Takes plain bytes; `close` writes what is left, and leaves the file below open."""

    def write(self, data: Bytes, /) -> int:
        """Seal some more."""
        ...

    def close(self) -> None:
        """That was all."""
        ...


class Sealer(Protocol):
    """What keeps documents unreadable at rest."""

    def seal(self, sink: BinaryIO) -> SealedWriter:
        """A writer that seals into `sink`."""
        ...

    def open(self, source: BinaryIO) -> BinaryIO:
        """A reader of the plain bytes; closing it closes `source`."""
        ...


@dataclass(frozen=True, slots=True)
class Blob:
    """What was stored: its key, and size, CRC-32 and SHA-256 (32 bytes) of the plain bytes."""

    key: str
    size: int
    crc32: int
    sha256: bytes


class BlobWriter(Protocol):
    """One upload. Leaving its context without `commit` leaves nothing behind."""

    def write(self, data: Bytes) -> int:
        """Take some more bytes."""
        ...

    def commit(self) -> Blob:
        """On disk for good, whatever crashes from now on."""
        ...

    def abort(self) -> None:
        """As if it had never begun; nothing after `commit`."""
        ...

    def __enter__(self) -> Self:
        """The writer itself."""
        ...

    def __exit__(self, *error: object) -> None:
        """Abort unless committed."""
        ...


class BlobStore(Protocol):
    """Where the bytes of documents lie."""

    def create(self) -> BlobWriter:
        """Begin an upload."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The plain bytes, to be closed by the caller."""
        ...

    def delete(self, key: str) -> None:
        """Take the bytes away, if they are there."""
        ...

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """The keys whose bytes were written before then."""
        ...

    def sweep_unfinished(self, before: datetime) -> int:
        """Take away uploads that never came to an end and began before then; how many."""
        ...


class Measure:
    """Size, CRC-32 and SHA-256 of plain bytes, taken as they pass."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._crc32 = 0
        self._size = 0

    def add(self, data: Bytes) -> int:
        """Some more; how many."""
        self._sha256.update(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self._size += len(data)
        return len(data)

    def blob(self, key: str) -> Blob:
        """What was measured, under its key."""
        return Blob(key, self._size, self._crc32, self._sha256.digest())


def new_key() -> str:
    """A key that nobody has."""
    return uuid4().hex


def is_key(word: str) -> bool:
    """Whether `new_key` can have made it."""
    with suppress(ValueError):
        return UUID(hex=word).hex == word
    return False


def require_key(word: str) -> None:
    """NotFound for what is no key: nothing else may become a path."""
    if not is_key(word):
        raise NotFound("there is no document under this key")


class FolderBlobs:
    """A folder of sealed files, spread over sub-folders by the first two letters of their keys."""

    def __init__(self, folder: Path, *, sealer: Sealer) -> None:
        self._folder = folder
        self._unfinished = folder / _UNFINISHED
        self._sealer = sealer
        with _plain_errors():
            self._unfinished.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self) -> "FileWriter":
        """Begin an upload under a new key."""
        key = new_key()
        with _plain_errors():
            return FileWriter(self._unfinished / key, self._place(key), sealer=self._sealer)

    def open(self, key: str) -> BinaryIO:
        """The plain bytes; NotFound for what is no key, StorageUnavailable where the file is gone or was changed."""
        with _plain_errors():
            source = self._place(key).open("rb")
        try:
            return self._sealer.open(source)
        except BaseException:
            source.close()
            raise

    def delete(self, key: str) -> None:
        """Take the bytes away, if they are there."""
        with _plain_errors():
            self._place(key).unlink(missing_ok=True)

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """The keys whose files were written before then."""
        with _plain_errors():
            for shard in sorted(self._folder.iterdir()):
                if shard.name != _UNFINISHED:
                    yield from (entry.name for entry in _files_before(shard, moment))

    def sweep_unfinished(self, before: datetime) -> int:
        """Take away what a crash cut off before then; an upload under way is younger than any sensible moment."""
        swept = 0
        with _plain_errors():
            for entry in _files_before(self._unfinished, before):
                Path(entry.path).unlink(missing_ok=True)
                swept += 1
        return swept

    def _place(self, key: str) -> Path:
        require_key(key)
        return self._folder / key[:2] / key


class FileWriter:
    """One upload into a temporary file, which gets its place and name when every byte of it is on disk."""

    def __init__(self, temporary: Path, place: Path, *, sealer: Sealer) -> None:
        self._temporary = temporary
        self._place = place
        self._measure = Measure()
        # Buffered, for a raw file takes part of a write when the disk is full and says so only in a number.
        self._file: BinaryIO = open(temporary, "xb", opener=_open_private)  # noqa: SIM115 - closed by commit or abort
        try:
            self._sealed = sealer.seal(self._file)
        except BaseException:
            self.abort()
            raise

    def write(self, data: Bytes) -> int:
        """Take some more bytes: digest, CRC and size in the same pass."""
        with _plain_errors():
            self._sealed.write(data)
        return self._measure.add(data)

    def commit(self) -> Blob:
        """Seal the end, sync the file, give it its name, sync the folder; only then is it stored."""
        with _plain_errors():
            self._sealed.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _make_folder(self._place.parent)
            self._temporary.rename(self._place)
            _sync_folder(self._place.parent)
        return self._measure.blob(self._place.name)

    def abort(self) -> None:
        """Leave nothing behind; after `commit` there is nothing to leave."""
        with suppress(OSError):  # a full disk refuses what is still in the buffer
            self._file.close()
        with suppress(OSError):  # then it is swept by age
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Abort unless committed."""
        self.abort()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make_folder(folder: Path) -> None:
    """A folder that is itself on disk: its entry in its parent is synced too."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # there a folder cannot be opened, and a rename is in the journal
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files_before(folder: Path, moment: datetime) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # somebody else has taken it away meanwhile
                if entry.is_file() and entry.stat().st_mtime < moment.timestamp():
                    yield entry


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors of the disk as `StorageUnavailable`."""
    try:
        yield
    except OSError as fault:
        raise StorageUnavailable(
            say("the document folder does not answer: {reason}", reason=fault.strerror or type(fault).__name__),
            mend=say("see that its disk has room, that it is mounted, and that the gateway may write there"),
        ) from fault
