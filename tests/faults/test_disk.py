"""A disk that is full, and has room again: database, documents and spool on one small file system."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.sandbox.server import Sandbox
from tests.faults.figures import Client, Crowd, delivered, settle, wait_for_more
from tests.journeys.following import wait_for
from tests.live import served_process

SIZE = 24 * 1024 * 1024
DOCUMENT = b"%PDF-" + os.urandom(300_000)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with a disk of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Ballast:
    """What fills the disk up to so many free bytes; a file that nobody else reads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def fill(self, left: int = 0) -> None:
        """Take all the room that there is, but for `left` bytes."""
        with self._path.open("ab", buffering=0) as file:
            for size in (1024 * 1024, 4096):
                while self._free(file.fileno()) >= left + size:
                    file.write(bytes(size))

    def drop(self) -> None:
        """Make room again."""
        self._path.unlink()

    def _free(self, handle: int) -> int:
        disk = os.fstatvfs(handle)
        return disk.f_bavail * disk.f_frsize


def test_a_full_disk_under_load(small: Path, elsewhere: Sandbox, run_log: Path) -> None:
    """Filled to the last byte and nearly so, while clients send: each is told to come again, and everything comes once."""
    data = small / "data"
    ballast = Ballast(small)
    with served_process(elsewhere, data, run_log.parent / "disk.stderr") as (url, _):
        with Crowd([Client(url, DOCUMENT) for _ in range(2)]) as crowd:
            wait_for(lambda: set(crowd.committed()) & set(delivered(elsewhere.url)), "the worker")
            for left in (0, 40_000, 400_000):
                wait_for_more(crowd, 2)
                turned_away = crowd.turned_away()["503"]
                ballast.fill(left)
                wait_for(lambda seen=turned_away: crowd.turned_away()["503"] > seen + 3, "a full disk")
                ballast.drop()
            wait_for_more(crowd, 2)
        assert crowd.broken == []
        assert crowd.odd() == []
        figures = settle(url, elsewhere.url, crowd.committed())
        assert figures.good, figures
    assert list((data / "documents" / "unfinished").iterdir()) == []
