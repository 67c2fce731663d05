"""The database: opened from a path or URL, written in short transactions, read in snapshots, migrated at start.

In comes a path (SQLite) or a `postgresql://` URL; out come connections inside a transaction. Called by `app`, which
opens it, by delivery and the doors. Whatever the database itself cannot do becomes `StorageUnavailable`.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Any

import structlog
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy import Connection as Connection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.errors import SetupFault, StorageUnavailable
from gateway.language import say
from gateway.storage.migrations import is_current, migrate

BUSY_SECONDS = 10
_MIGRATION_SECONDS = 120
_CLOCKS_DIFFER_SECONDS = 10
_SQLITE_BEGINS = b"SQLite format 3\0"
_POOL_SIZE = 16
_POOL_OVERFLOW = 16
log = structlog.get_logger(__name__)

_OUR_OWN_FAULTS = (IntegrityError, ProgrammingError, DataError, NotSupportedError)

# Advisory locks of PostgreSQL are numbers shared by the whole database; these two are ours.
_STATUS_LOCK = 7_203_411_001
_MIGRATION_LOCK = 7_203_411_002


class Database:
    """One database. Writers of this process take turns, so that none starves on SQLite's only write lock."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        address = _read_address(url)
        self._sqlite = address.get_backend_name() == "sqlite"
        if self._sqlite:
            _make_private(Path(address.database or ""))
        self._engine = _open_sqlite(address, echo=echo) if self._sqlite else _open_postgresql(address, echo=echo)
        self._turn = threading.Lock()
        self._writers = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._readers = self._engine if self._sqlite else _snapshots(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may write; commits at the end, rolls back on any error. Keep it short, no I/O inside."""
        return self._writing(BUSY_SECONDS)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot of the database; takes no write lock."""
        with _plain_errors(), self._readers.connect() as connection:
            yield connection

    def upgrade(self) -> None:
        """Bring the tables to this program's version; one process does it, the others wait until it has."""
        with self.reading() as connection:
            if is_current(connection):
                return
        with self._writing(_MIGRATION_SECONDS) as connection:
            if not self._sqlite:
                # Only for those who come second; the migration itself must not queue up all readers for so long.
                connection.execute(text(f"SET LOCAL lock_timeout = '{_MIGRATION_SECONDS}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
            migrate(connection)

    def require_same_clock(self, now: datetime) -> None:
        """SetupFault where this machine's clock is not the database server's: leases are times that all must agree on."""
        if self._sqlite:
            return
        with self.reading() as connection:
            theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        if abs(ahead := (now - theirs).total_seconds()) > _CLOCKS_DIFFER_SECONDS:
            raise SetupFault(
                say(
                    "the clock of this machine and that of the database server differ by {seconds} s",
                    seconds=round(ahead),
                ),
                mend=say("Let both take their time from NTP: with clocks that differ, workers take each other's work."),
            )

    def close(self) -> None:
        """Give every connection back; the last one to leave a SQLite database tidies its log."""
        self._engine.dispose()

    @contextmanager
    def _writing(self, patience: float) -> Iterator[Connection]:
        with _plain_errors(), self._my_turn(patience), self._begin(patience) as connection:
            yield connection

    def _my_turn(self, patience: float) -> AbstractContextManager[None]:
        return _taken(self._turn, patience) if self._sqlite else nullcontext()

    @contextmanager
    def _begin(self, patience: float) -> Iterator[Connection]:
        """SQLite itself waits `BUSY_SECONDS` for another process; more patience than that is several tries."""
        give_up = time.monotonic() + patience
        with self._writers.connect() as connection:
            while True:
                try:
                    transaction = connection.begin()
                    break
                except DBAPIError:
                    if patience <= BUSY_SECONDS or time.monotonic() > give_up:
                        raise
            with transaction:
                yield connection


def lock_log(connection: Connection) -> None:
    """Let nobody else append to the log until this transaction ends. A writer on SQLite is alone anyhow."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _STATUS_LOCK})


def _read_address(url: str) -> URL:
    """A plain path is a SQLite file; a PostgreSQL URL without a driver gets psycopg."""
    if "://" not in url:
        return URL.create("sqlite", database=str(Path(url).absolute()))
    try:
        address = make_url(url)
    except (ValueError, ArgumentError):
        # Not even as its cause: its words may be a piece of the password.
        raise SetupFault(
            say("the database's URL cannot be read"),
            mend=say(
                "Give the path of a file, or postgresql://user@host/database; in a password write @ : / as %40 %3A %2F."
            ),
        ) from None
    backend = address.get_backend_name()
    if backend not in ("sqlite", "postgresql") or not address.database:
        raise SetupFault(
            say("{address} names no database that the gateway knows", address=address.render_as_string()),
            mend="give the path of a file, or postgresql://user@host/database",
        )
    return address.set(drivername="postgresql+psycopg") if address.drivername == "postgresql" else address


def _make_private(path: Path) -> None:
    """SQLite gives its log and index files the rights of the database file, so only that one is made here."""
    try:
        with open(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "rb") as file:
            begins = file.read(len(_SQLITE_BEGINS))
    except OSError as fault:
        raise SetupFault(
            say("the database {path} cannot be opened: {reason}", path=str(path), reason=fault.strerror),
            mend="make its folder, or give the user that runs the gateway the right to write there",
        ) from fault
    if begins not in (b"", _SQLITE_BEGINS):
        raise SetupFault(
            say("{path} is no SQLite database", path=str(path)),
            mend="Check [storage] database; or restore a backup.",
        )


def _open_sqlite(address: URL, *, echo: bool) -> Engine:
    engine = create_engine(address, echo=echo, hide_parameters=True, pool_size=_POOL_SIZE, max_overflow=_POOL_OVERFLOW)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, record: object) -> None:
    """Durable commits, readers beside a writer, and our own BEGIN in place of the driver's."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _open_postgresql(address: URL, *, echo: bool) -> Engine:
    """Connections that a restarted server has dropped are noticed before use; locks are waited for as on SQLite."""
    settings: dict[str, Any] = {"connect_timeout": BUSY_SECONDS, "options": f"-c lock_timeout={BUSY_SECONDS}s"}
    try:
        return create_engine(
            address,
            echo=echo,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            connect_args=settings,
        )
    except ImportError as fault:
        raise SetupFault("PostgreSQL needs psycopg", mend="install the gateway with its extra [postgres]") from fault


def _snapshots(engine: Engine) -> Engine:
    """As on SQLite, all that one reading transaction sees is of one moment."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def _taken(lock: threading.Lock, patience: float) -> Iterator[None]:
    if not lock.acquire(timeout=patience):
        message = say("the database is busy: other writers of this process did not finish in time")
        raise StorageUnavailable(message)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors of the database itself as `StorageUnavailable`; those of our own statements pass, they are bugs."""
    try:
        yield
    except _OUR_OWN_FAULTS:
        raise
    except DBAPIError as fault:
        log.error("database_unavailable", error=type(fault.orig).__name__, reason=str(fault.orig))
        # SQLite says what is wrong with the file; a server's driver also names host, port and user, which go to no door.
        told = say("the database does not answer")
        if isinstance(fault.orig, SqliteError):
            told = say("the database does not answer: {reason}", reason=str(fault.orig))
        raise StorageUnavailable(
            told,
            mend=say("see that its disk has room and that its server runs; the gateway's log holds its own words"),
        ) from fault
    except PoolTimeout as fault:
        raise StorageUnavailable(say("the database is busy: every connection is in use")) from fault
