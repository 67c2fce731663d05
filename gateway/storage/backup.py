"""A backup of a SQLite database, a folder of documents and the sealing keys, taken while the gateway runs; and the way back.

In come the places, out comes a folder with a manifest of every file and its digest, or an installation made from one.
Called by the commands `backup` and `restore`. The database is copied first, in one moment; then every document that the
copy names. Where one was deleted meanwhile, with its row, the database is copied anew.
"""

import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import SetupFault, StorageUnavailable
from gateway.language import say

DATABASE, DOCUMENTS, KEYS = "gateway.db", "documents", "keys"
_MANIFEST = "manifest.jsonl"
_FORMAT = 1
_BLOCK = 1024 * 1024
_ROUNDS = 5
# Nothing else is ever written by `take`, so nothing else may become a path.
_OURS = re.compile(r"gateway\.db|documents/[0-9a-f]{2}/[0-9a-f]{32}|keys/sealing-\d{4}\.key")

_Facts = tuple[int, str]
_Files = dict[str, _Facts]


@dataclass(frozen=True, slots=True)
class Places:
    """Where an installation keeps what is copied. `keys` are the files of the sealing keys; none: they are left out."""

    database: Path
    documents: Path
    keys: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What a backup holds, in bytes; `lost` are the keys of documents that rows name and that were not there."""

    documents: int
    size: int
    with_keys: bool
    lost: tuple[str, ...] = ()


def take(target: Path, places: Places, *, note: Mapping[str, str]) -> Taken:
    """Copy everything into `target`, which is new or empty; the manifest, with `note` in it, comes last."""
    with _plain_errors():
        _make_empty(target, besides=())
        files: _Files = {}
        named = _copy_rows_and_documents(target, places, files=files)
        for name in set(files).difference(map(_place, named)):  # of an earlier round
            (target / name).unlink()
            del files[name]
        lost = tuple(sorted(key for key in named if _place(key) not in files))
        for file in places.keys:
            files[f"{KEYS}/{file.name}"] = _copy(file, target / KEYS / file.name)
        files[DATABASE] = _digest(target / DATABASE)
        _write_manifest(target, files, note=note)
    return _taken(files, lost)


def put_back(source: Path, data: Path, *, prepare: Callable[[Path], None]) -> Taken:
    """Make a data folder from a backup, each file against its digest. SetupFault where torn.

    The database gets its name last, when `prepare` is done with it: before that nobody can start what is not held yet.
    """
    with _plain_errors():
        files = _read_manifest(source)
        _make_empty(data, besides=("gateway.toml",))
        unfinished = data / f".{DATABASE}.new"
        for name in sorted(files, key=lambda name: name == DATABASE):
            place = unfinished if name == DATABASE else data / name
            if not (source / name).is_file() or _copy(source / name, place) != files[name]:
                raise _torn(name)
        prepare(unfinished)
        _close_log(unfinished)
        unfinished.rename(data / DATABASE)
        _sync_folder(data)
    return _taken(files, ())


def _close_log(database: Path) -> None:
    """What still lay in SQLite's own log would be left behind by the rename."""
    with closing(_connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with database.open("rb") as file:
        os.fsync(file.fileno())


def _copy_rows_and_documents(target: Path, places: Places, *, files: _Files) -> frozenset[str]:
    """The keys that the last copy of the database names; what of them was there is in `files`."""
    named: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        _snapshot(places.database, target / DATABASE)
        named = _keys_in(target / DATABASE)
        gone = {
            key for key in named if _place(key) not in files and not _fetch(key, places, files=files, target=target)
        }
        if not gone or gone <= _keys_in(places.database):
            break
    return named


def _fetch(key: str, places: Places, *, files: _Files, target: Path) -> bool:
    """Copy one document; whether it was there."""
    try:
        files[_place(key)] = _copy(places.documents / key[:2] / key, target / _place(key))
    except FileNotFoundError:
        return False
    return True


def _snapshot(database: Path, copy: Path) -> None:
    """The database as it is at one moment; writers go on meanwhile."""
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(_connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    with copy.open("rb") as file:
        os.fsync(file.fileno())


_KEYS = (
    "SELECT key FROM document UNION SELECT blob FROM incoming WHERE blob IS NOT NULL "
    "UNION SELECT parcel FROM incoming WHERE parcel IS NOT NULL"
)


def _keys_in(database: Path) -> frozenset[str]:
    with closing(_connect(database)) as connection:
        return frozenset(key for (key,) in connection.execute(_KEYS))


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=30)


def _place(key: str) -> str:
    return f"{DOCUMENTS}/{key[:2]}/{key}"


def _copy(source: Path, place: Path) -> _Facts:
    """Copy a file, private and on disk; size and SHA-256 (hex) of what was written."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading:
        _make_private(place.parent)
        with open(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as writing:
            while block := reading.read(_BLOCK):
                digest.update(block)
                size += writing.write(block)
            writing.flush()
            os.fsync(writing.fileno())
    return size, digest.hexdigest()


def _digest(path: Path) -> _Facts:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _write_manifest(target: Path, files: _Files, *, note: Mapping[str, str]) -> None:
    """A line of what it is, a line for each file, a line that ends it."""
    unfinished = target / f".{_MANIFEST}.new"
    with open(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps({"format": _FORMAT, **note}) + "\n")
        for name, (size, digest) in sorted(files.items()):
            file.write(json.dumps({"path": name, "size": size, "sha256": digest}) + "\n")
        file.write(json.dumps({"files": len(files)}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(target / _MANIFEST)
    _sync_folder(target)


def _read_manifest(source: Path) -> _Files:
    try:
        head, *lines, end = map(json.loads, (source / _MANIFEST).read_text(encoding="utf-8").splitlines())
        files = {line["path"]: (line["size"], line["sha256"]) for line in lines}
        whole = head["format"] == _FORMAT and end["files"] == len(files) and DATABASE in files
    except (FileNotFoundError, ValueError, KeyError, TypeError) as fault:
        raise _torn(_MANIFEST) from fault
    if not whole or not all(_OURS.fullmatch(name) for name in files):
        raise _torn(_MANIFEST)
    return files


def _make_empty(folder: Path, *, besides: tuple[str, ...]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(entry.name not in besides for entry in folder.iterdir()):
        raise SetupFault(
            say("the folder {path} is not empty", path=str(folder)),
            mend="Name a new folder (TARGET of backup, --data of restore).",
        )


def _make_private(folder: Path) -> None:
    """With every folder above it that is not there yet: `parents` alone would give those the ordinary rights."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _taken(files: _Files, lost: tuple[str, ...]) -> Taken:
    documents = sum(name.startswith(f"{DOCUMENTS}/") for name in files)
    with_keys = any(name.startswith(f"{KEYS}/") for name in files)
    return Taken(documents, sum(size for size, _ in files.values()), with_keys, lost)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _torn(name: str) -> SetupFault:
    return SetupFault(
        say("the backup is not whole: {name} is missing, or was changed", name=name),
        mend="Restore from another backup, into another folder.",
    )


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as fault:
        reason = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
        raise StorageUnavailable(
            say("the backup cannot be made or read: {reason}", reason=reason),
            mend=say("see that both places can be written, and that the disk has room for a second copy"),
        ) from fault
