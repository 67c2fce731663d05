"""The database as a whole: durable, private, honest about its own failures."""

import sqlite3
import stat
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from gateway.errors import SetupFault, StorageUnavailable
from gateway.storage import engine
from gateway.storage.columns import from_microseconds, storable, to_microseconds
from gateway.storage.engine import Database
from gateway.storage.tables_in import arrival

from .making import NOW

ROW = {"organisation": "0192:311000017", "reference": "r", "kind": "arkivmelding", "first_seen": NOW}


def test_a_clock_that_differs_is_found_at_start(database: Database) -> None:
    """Leases are times: a machine whose clock is not the database server's does not begin. One file has one clock."""
    now = datetime.now(UTC)
    database.require_same_clock(now + timedelta(seconds=8))
    with database.reading() as connection:
        has_a_clock = connection.dialect.name != "sqlite"
    if not has_a_clock:
        database.require_same_clock(now + timedelta(hours=1))
        return
    for wrong in (timedelta(hours=1), timedelta(seconds=-15)):
        with pytest.raises(SetupFault, match="differ by") as caught:
            database.require_same_clock(now + wrong)
        assert "NTP" in caught.value.mend


def test_writing_commits_and_an_error_undoes_all_of_it(database: Database) -> None:
    """What a transaction wrote is there after it, and none of it where it was left by an exception."""
    with database.writing() as connection:
        connection.execute(insert(arrival), ROW)
    with suppress(RuntimeError), database.writing() as connection:
        connection.execute(insert(arrival), {**ROW, "reference": "undone"})
        raise RuntimeError
    with database.reading() as connection:
        assert connection.scalars(select(arrival.c.reference)).all() == ["r"]


def test_sqlite_is_durable_and_checked(sqlite_database: Database) -> None:
    """Every SQLite connection runs in WAL with synced commits, foreign keys, deletion for good and a busy timeout."""
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 10000}
    with sqlite_database.reading() as first, sqlite_database.reading() as second:
        for connection in (first, second):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
            assert found == expected


def test_the_sqlite_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The database, its log and its index cannot be read by other users of the machine."""
    database = Database(str(tmp_path / "gateway.db"))
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    database.close()
    assert modes == {"gateway.db": 0o600, "gateway.db-wal": 0o600, "gateway.db-shm": 0o600}


def test_a_reader_sees_one_moment_and_holds_no_writer_up(database: Database) -> None:
    """A reading transaction keeps seeing what was there when it began, while another transaction writes and commits."""
    count = text("SELECT count(*) FROM arrival")
    with database.reading() as reader:
        assert reader.scalar(count) == 0
        with database.writing() as connection:
            connection.execute(insert(arrival), ROW)
        assert reader.scalar(count) == 0
    with database.reading() as reader:
        assert reader.scalar(count) == 1


def test_a_locked_database_is_unavailable_and_works_again(sqlite_database: Database, tmp_path: Path) -> None:
    """A write lock that another process holds too long becomes StorageUnavailable, and nothing is stuck after it."""
    with sqlite_database.writing() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    other = sqlite3.connect(tmp_path / "only.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"), sqlite_database.writing():
        pass
    other.execute("ROLLBACK")
    other.close()
    with sqlite_database.writing() as connection:
        connection.execute(insert(arrival), ROW)


def test_a_writer_holds_the_write_lock_from_its_beginning(sqlite_database: Database, tmp_path: Path) -> None:
    """While one process is in a writing transaction, another cannot begin one: what it reads there stays true."""
    other = Database(str(tmp_path / "only.db"))
    with other.writing() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    with sqlite_database.writing(), pytest.raises(StorageUnavailable, match="locked"), other.writing():
        pass
    other.close()


def test_a_full_disk_is_unavailable(sqlite_database: Database) -> None:
    """A database that may not grow is StorageUnavailable, keeps nothing of the transaction, and works once it may."""
    with sqlite_database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageUnavailable, match="full"), sqlite_database.writing() as connection:
        connection.execute(insert(arrival), {**ROW, "kind": "x" * 100_000})
    with sqlite_database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        connection.execute(insert(arrival), {**ROW, "kind": "x" * 100_000})
        assert connection.scalar(text("SELECT count(*) FROM arrival")) == 1


def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    """A file that is no database any more becomes StorageUnavailable, not an error of the driver."""
    database = Database(str(tmp_path / "gateway.db"))
    (tmp_path / "gateway.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StorageUnavailable, match="not a database"), database.writing():
        pass


@pytest.mark.parametrize("content", [b"x", b"This is somebody's letter, and no database at all."])
def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """It is not told as a disk without room; an empty file is a database that begins."""
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    with pytest.raises(SetupFault, match=r"letter\.txt is no SQLite database") as caught:
        Database(str(path))
    assert "[storage] database" in caught.value.mend
    assert path.read_bytes() == content


def test_writers_of_one_process_take_turns(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second writer of the same process waits for the first, and gives up as StorageUnavailable in the end."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    entered = threading.Event()
    release = threading.Event()

    def hold() -> None:
        with sqlite_database.writing():
            entered.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(10)
    with pytest.raises(StorageUnavailable, match="busy"), sqlite_database.writing():
        pass
    release.set()
    holder.join()
    with sqlite_database.writing() as connection:
        connection.execute(insert(arrival), ROW)


def test_errors_hold_no_values(sqlite_database: Database) -> None:
    """What a failed statement carried (a person number, a title) is in no error text, however deep the chain."""
    with sqlite_database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageUnavailable) as caught, sqlite_database.writing() as connection:
        connection.execute(insert(arrival), {**ROW, "kind": "secret words " * 10_000})
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret words" not in str(error)
        error = error.__cause__


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "postgresql://host"])
def test_an_address_that_names_no_database_is_a_setup_fault(url: str) -> None:
    """Another database system, or no database at all, is refused when it is opened."""
    with pytest.raises(SetupFault):
        Database(url)


def test_postgresql_without_its_driver_is_a_setup_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where psycopg is not installed, the fault names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SetupFault, match="psycopg") as caught:
        Database("postgresql://gateway@127.0.0.1/gateway")
    assert "[postgres]" in caught.value.mend


def test_a_server_that_is_gone_is_unavailable() -> None:
    """A PostgreSQL that nobody serves is StorageUnavailable, to be tried again, and its password is not told."""
    pytest.importorskip("psycopg")
    database = Database("postgresql://gateway:hunter2@127.0.0.1:1/gateway")
    with pytest.raises(StorageUnavailable) as caught, database.reading():
        pass
    assert "hunter2" not in caught.value.message


def test_a_refused_address_hides_its_password() -> None:
    """The fault about an address does not repeat the password in it."""
    with pytest.raises(SetupFault) as caught:
        Database("mysql://user:hunter2@host/name")
    assert "hunter2" not in caught.value.message


def test_a_folder_that_is_not_there_is_a_setup_fault(tmp_path: Path) -> None:
    """A database in a folder that does not exist is refused with who can mend it."""
    with pytest.raises(SetupFault, match="cannot be opened") as caught:
        Database(str(tmp_path / "missing" / "gateway.db"))
    assert caught.value.mend


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9.5))])))
def test_moments_come_back_exactly(moment: datetime) -> None:
    """Every time with a zone is the same instant after a round through the database's integer."""
    assert from_microseconds(to_microseconds(moment)) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    """A naive time is an error here, not a guess."""
    with pytest.raises(ValueError, match="zone"):
        to_microseconds(datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_outside_words_can_always_be_stored(words: str) -> None:
    """Whatever letters a channel answers with, what is stored is UTF-8 without NUL, and good text is untouched."""
    kept = storable(words)
    assert "\x00" not in kept
    assert kept.encode().decode() == kept
    assert len(kept) == len(words)
    assert all(a == b for a, b in zip(words, kept, strict=True) if a != "\x00" and not "\ud800" <= a <= "\udfff")


def test_odd_letters_are_stored_as_replacements(database: Database) -> None:
    """NUL and half a surrogate pair from outside come back as U+FFFD on both databases."""
    with database.writing() as connection:
        connection.execute(insert(arrival), {**ROW, "reference": "a\x00b\ud800c"})
    with database.reading() as connection:
        assert connection.scalar(select(arrival.c.reference)) == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "url",
    ["postgresql://gw:hemmelig@db:99x/g", "postgresql://gw:hem:melig@x@db:5432:99x/g", "://hemmelig@db/g"],
)
def test_a_url_that_cannot_be_read_is_a_setup_fault(url: str) -> None:
    """Said in words, with what to do, and without a piece of the password in it or in what caused it."""
    with pytest.raises(SetupFault) as caught:
        Database(url)
    told = f"{caught.value.message} {caught.value.mend} {caught.value.__cause__}"
    assert caught.value.mend
    assert "melig" not in told


def test_what_the_driver_says_stays_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, port and user of the database go to the operator, never to whoever asks at the door."""
    said: list[dict[str, object]] = []
    monkeypatch.setattr(engine.log, "error", lambda event, **facts: said.append(facts))
    with pytest.raises(StorageUnavailable) as caught, engine._plain_errors():
        raise OperationalError("SELECT 1", {}, Exception("connection to server at 10.1.2.3, port 5432, user gw"))
    assert "10.1.2.3" in str(said)
    assert "10.1.2.3" not in caught.value.message + caught.value.mend
