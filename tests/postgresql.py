"""A PostgreSQL of our own in a temporary folder, reached through a socket in it; gone when it is no longer needed."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


def is_installed() -> bool:
    """Whether this machine has the server and its driver."""
    return bool(_BINARIES) and importlib.util.find_spec("psycopg") is not None


def program(name: str) -> str:
    """Where one of PostgreSQL's own programs lies, say pg_dump."""
    return str(_BINARIES[-1].with_name(name))


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[str]:
    """The URL of its database `postgres`; `durable` makes it wait for the disk, as a real one does."""
    account = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    if account:
        shutil.chown(folder, account)
    pg_ctl = _BINARIES[-1]
    options = f"-c listen_addresses='' -c fsync={'on' if durable else 'off'} -k {folder}"
    _run([pg_ctl.with_name("initdb"), "-D", folder / "data", "-A", "trust", "-U", "gateway", "-E", "UTF8"], account)
    try:
        _run([pg_ctl, "-D", folder / "data", "-o", options, "-l", folder / "log", "-w", "start"], account)
        yield f"postgresql+psycopg://gateway@/postgres?host={folder}"
    finally:
        _run([pg_ctl, "-D", folder / "data", "-m", "immediate", "-w", "stop"], account)
        shutil.rmtree(folder)


def _run(command: list[object], account: str | None) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, user=account, cwd="/", check=True, timeout=60, stdout=subprocess.DEVNULL)
