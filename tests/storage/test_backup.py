"""A backup of one moment: whole or told, and only what is whole is put back."""

import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import SetupFault, StorageUnavailable
from gateway.keys.sealing import DocumentSealer, load_or_create_sealing_keys, load_sealing_keys, sealing_key_files
from gateway.storage import backup, documents, inbox
from gateway.storage.backup import Places, put_back, take
from gateway.storage.blobs import Blob, FolderBlobs
from gateway.storage.conversations import Conversation
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxState

from .making import make_document, store_conversation
from .test_inbox import make_incoming

NOTE = {"made": "2026-03-02T09:30:15+00:00"}


class House:
    """An installation with documents in it."""

    def __init__(self, data: Path, database: Database) -> None:
        self.database = database
        self.keys = data / "keys"
        self.blobs = FolderBlobs(data / "documents", sealer=DocumentSealer(load_or_create_sealing_keys(self.keys)))
        self.places = Places(data / "only.db", data / "documents", sealing_key_files(self.keys))
        self.conversation: Conversation = store_conversation(database)

    def add(self, name: str, content: bytes) -> Blob:
        """A document with its row."""
        with self.blobs.create() as writer:
            writer.write(content)
            blob = writer.commit()
        facts = {"key": blob.key, "size": blob.size, "crc32": blob.crc32, "sha256": blob.sha256}
        with self.database.writing() as connection:
            documents.put(connection, make_document(self.conversation, name, **facts))
        return blob

    def remove(self, name: str) -> None:
        """First the row, then the bytes, as everywhere."""
        with self.database.writing() as connection:
            key = documents.remove(connection, self.conversation.id, filename=name)
        assert key
        self.blobs.delete(key)


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    """An empty installation in `tmp_path`."""
    return House(tmp_path, sqlite_database)


def read_back(data: Path, house: House) -> dict[str, bytes]:
    """The documents that the rows of a restored folder name, by name, opened with its own keys."""
    blobs = FolderBlobs(data / "documents", sealer=DocumentSealer(load_sealing_keys(data / "keys")))
    database = Database(str(data / "gateway.db"))
    with database.reading() as connection:
        rows = documents.of_conversation(connection, house.conversation.id)
    database.close()
    found = {}
    for row in rows:
        with blobs.open(row.key) as source:
            found[row.filename] = source.read()
        assert hashlib.sha256(found[row.filename]).digest() == row.sha256
    return found


def test_what_was_copied_comes_back(house: House, tmp_path: Path) -> None:
    """Rows, documents and keys; both folders are private, and what no row names is not in the copy."""
    house.add("a.pdf", b"a" * 3_000_000)
    house.add("b.pdf", b"b")
    with house.blobs.create() as writer:
        writer.write(b"without a row")
        orphan = writer.commit()
    taken = take(tmp_path / "copy", house.places, note=NOTE)
    assert (taken.documents, taken.with_keys, taken.lost) == (2, True, ())
    assert put_back(tmp_path / "copy", tmp_path / "new", prepare=leave) == taken
    assert read_back(tmp_path / "new", house) == {"a.pdf": b"a" * 3_000_000, "b.pdf": b"b"}
    assert not (tmp_path / "copy" / "documents" / orphan.key[:2] / orphan.key).exists()
    for place in ("copy", "new"):
        for path in (tmp_path / place, *(tmp_path / place).rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_came_in_is_copied_with_its_bytes(house: House, tmp_path: Path) -> None:
    """The opened package and the parcel that nobody could open, as long as a row names them."""
    keys = []
    for content in (b"pakke", b"kolli"):
        with house.blobs.create() as writer:
            writer.write(content)
            keys.append(writer.commit().key)
    opened, parcel = keys
    with house.database.writing() as connection:
        inbox.insert(connection, make_incoming(blob=opened))
        inbox.insert(connection, make_incoming(blob=None, parcel=parcel, state=InboxState.UNREADABLE))
    assert take(tmp_path / "copy", house.places, note=NOTE).documents == 2
    put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)
    blobs = FolderBlobs(
        tmp_path / "new" / "documents", sealer=DocumentSealer(load_sealing_keys(tmp_path / "new" / "keys"))
    )
    for key, content in zip(keys, (b"pakke", b"kolli"), strict=True):
        with blobs.open(key) as source:
            assert source.read() == content


def test_without_keys_no_key_is_in_it(house: House, tmp_path: Path) -> None:
    """And the plain bytes are nowhere, either."""
    house.add("a.pdf", b"taushetsbelagt " * 1000)
    places = Places(house.places.database, house.places.documents)
    assert take(tmp_path / "copy", places, note=NOTE).with_keys is False
    secret = sealing_key_files(house.keys)[0].read_bytes().strip()
    for path in (tmp_path / "copy").rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert b"taushetsbelagt" not in path.read_bytes()


def while_copying(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Let something happen right after the first copy of the database."""
    real, pending = backup._snapshot, [deed]

    def snapshot(database: Path, copy: Path) -> None:
        real(database, copy)
        if pending:
            pending.pop()()

    monkeypatch.setattr(backup, "_snapshot", snapshot)


def test_a_document_that_is_deleted_meanwhile_leaves_no_gap(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was in the copy of the database and its bytes are gone: the rows are copied anew, without it."""
    house.add("stays.pdf", b"stays")
    house.add("goes.pdf", b"goes")
    while_copying(monkeypatch, lambda: house.remove("goes.pdf"))
    taken = take(tmp_path / "copy", house.places, note=NOTE)
    assert (taken.documents, taken.lost) == (1, ())
    put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)
    assert read_back(tmp_path / "new", house) == {"stays.pdf": b"stays"}


def test_a_document_that_comes_meanwhile_is_not_half_there(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came after the copy of the rows is in neither."""
    house.add("first.pdf", b"first")
    while_copying(monkeypatch, lambda: house.add("later.pdf", b"later"))
    assert take(tmp_path / "copy", house.places, note=NOTE).documents == 1
    put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)
    assert read_back(tmp_path / "new", house) == {"first.pdf": b"first"}


def test_what_was_copied_and_then_dropped_is_taken_out(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document of the first round that the last copy of the rows does not name is not left in the backup."""
    for name in ("a.pdf", "b.pdf"):
        house.add(name, name.encode())
    real = backup._fetch

    def fetch(key: str, places: Places, *, files: dict[str, tuple[int, str]], target: Path) -> bool:
        done = real(key, places, files=files, target=target)
        with house.database.reading() as connection:
            left = [each.filename for each in documents.of_conversation(connection, house.conversation.id)]
        for name in left:
            house.remove(name)
        return done

    monkeypatch.setattr(backup, "_fetch", fetch)
    assert take(tmp_path / "copy", house.places, note=NOTE).documents == 0
    assert not [path for path in (tmp_path / "copy" / "documents").rglob("*") if path.is_file()]


def test_a_document_that_is_lost_is_told_and_the_rest_is_copied(house: House, tmp_path: Path) -> None:
    """Bytes that a row names and nobody deleted: the backup says which, and holds everything else."""
    house.add("there.pdf", b"there")
    lost = house.add("lost.pdf", b"lost")
    house.blobs.delete(lost.key)
    taken = take(tmp_path / "copy", house.places, note=NOTE)
    assert (taken.documents, taken.lost) == (1, (lost.key,))


def test_a_full_folder_is_not_written_to(house: House, tmp_path: Path) -> None:
    """Neither a backup nor a restore goes where something lies already; gateway.toml alone may."""
    take(tmp_path / "copy", house.places, note=NOTE)
    with pytest.raises(SetupFault, match="not empty"):
        take(tmp_path / "copy", house.places, note=NOTE)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "gateway.toml").write_text("")
    put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)
    with pytest.raises(SetupFault, match="not empty"):
        put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)


def leave(_: Path) -> None:
    """Do nothing to the database."""


@pytest.mark.parametrize("torn", ["changed", "missing", "no manifest", "cut manifest", "no database"])
def test_what_is_torn_is_not_put_back(house: House, tmp_path: Path, torn: str) -> None:
    """One bit, one file, half a manifest: the fault says what, and no database is there to be started by mistake."""
    blob = house.add("a.pdf", b"a")
    take(tmp_path / "copy", house.places, note=NOTE)
    document, manifest = tmp_path / "copy" / "documents" / blob.key[:2] / blob.key, tmp_path / "copy" / "manifest.jsonl"
    if torn == "changed":
        document.write_bytes(document.read_bytes()[:-1] + b"?")
    elif torn == "missing":
        document.unlink()
    elif torn == "no manifest":
        manifest.unlink()
    elif torn == "cut manifest":
        manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:-1]))
    else:
        (tmp_path / "copy" / "gateway.db").unlink()
    with pytest.raises(SetupFault, match="not whole"):
        put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)
    assert not (tmp_path / "new" / "gateway.db").exists()


def test_a_manifest_leads_nowhere_else(house: House, tmp_path: Path) -> None:
    """A path that no backup writes is no path."""
    take(tmp_path / "copy", house.places, note=NOTE)
    manifest = tmp_path / "copy" / "manifest.jsonl"
    head, *lines, _ = manifest.read_text().splitlines()
    (tmp_path / "evil").write_bytes(b"")
    stray = json.dumps({"path": "../evil", "size": 0, "sha256": hashlib.sha256().hexdigest()})
    manifest.write_text("\n".join([head, *lines, stray, json.dumps({"files": len(lines) + 1})]))
    with pytest.raises(SetupFault, match="not whole"):
        put_back(tmp_path / "copy", tmp_path / "new", prepare=leave)


def test_a_place_that_cannot_be_written_is_told(house: House, tmp_path: Path) -> None:
    """In plain words."""
    (tmp_path / "shut").write_bytes(b"no folder")
    with pytest.raises(StorageUnavailable, match="backup"):
        take(tmp_path / "shut" / "copy", house.places, note=NOTE)
