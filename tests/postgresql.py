"""A PostgreSQL of our own in a temporary folder, reached through a socket in it; gone when it is no longer needed."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


def is_installed() -> bool:
    """Whether this machine has the server and its driver."""
    return bool(_BINARIES) and importlib.util.find_spec("psycopg") is not None


def program(name: str) -> str:
    """Where one of PostgreSQL's own programs lies, say pg_dump."""
    return str(_BINARIES[-1].with_name(name))


@dataclass(frozen=True)
class Server:
    """A running server. `address` is the URL of its database `postgres`."""

    folder: Path
    account: str | None
    durable: bool

    @property
    def address(self) -> str:
        """The URL, for SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://gateway@/postgres?host={self.folder}"

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        name = f"gateway_{uuid4().hex}"
        words = [_BINARIES[-1].with_name("createdb"), "-h", self.folder, "-U", "gateway", name]
        _run(words, self.account)
        return self.address.replace("/postgres?", f"/{name}?")

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-c listen_addresses='' -c fsync={'on' if self.durable else 'off'} -k {self.folder}"
        self._control("-o", options, "-l", self.folder / "log", "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop: `fast` ends every transaction first, `immediate` is as good as a crash."""
        self._control("-m", mode, "-w", "stop")

    def initialise(self) -> None:
        """Make the folder of its data."""
        initdb = _BINARIES[-1].with_name("initdb")
        _run([initdb, "-D", self.folder / "data", "-A", "trust", "-U", "gateway", "-E", "UTF8"], self.account)

    def _control(self, *words: object) -> None:
        _run([_BINARIES[-1], "-D", self.folder / "data", *words], self.account)


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[str]:
    """The URL of its database `postgres`; `durable` makes it wait for the disk, as a real one does."""
    with controlled_server(durable=durable) as server:
        yield server.address


@contextmanager
def controlled_server(*, durable: bool = False) -> Iterator[Server]:
    """A server that the test may stop and start; it must run in the end."""
    account = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    if account:
        shutil.chown(folder, account)
    server = Server(folder, account, durable)
    server.initialise()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _run(command: list[object], account: str | None) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, user=account, cwd="/", check=True, timeout=60, stdout=subprocess.DEVNULL)
