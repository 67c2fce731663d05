"""What a killed process left in the spool goes by age; what is being written stays."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.storage import spool

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def aged(path: Path, moment: datetime) -> None:
    """Let it have been written then."""
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_old_files_and_folders_go_and_new_ones_stay(tmp_path: Path) -> None:
    """A folder with all that is in it counts as one; a folder whose file still grows is new, whatever its own age."""
    old, new = NOW - timedelta(days=2), NOW
    for name, moment in (("dpo-old.zip", old), ("dpo-new.zip", new)):
        (tmp_path / name).write_bytes(b"x")
        aged(tmp_path / name, moment)
    for name, moment in (("package-old", old), ("package-growing", new)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "vedtak.pdf").write_bytes(b"x")
        aged(folder / "vedtak.pdf", moment)
        aged(folder, old)
    assert spool.sweep(tmp_path, before=NOW - timedelta(days=1)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dpo-new.zip", "package-growing"]


def test_no_spool_is_no_fault(tmp_path: Path) -> None:
    """Where the folder is not there, there is nothing to take away."""
    assert spool.sweep(tmp_path / "none", before=NOW) == 0
