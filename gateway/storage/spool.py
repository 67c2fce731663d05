"""The spool: files and folders that live as long as a step does, and what a killed process has left of them.

In come the folder and a moment, out comes how many were taken away. Called by delivery's housekeeping.
"""

import os
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def sweep(folder: Path, *, before: datetime) -> int:
    """Take away what was last written before then; what cannot be taken away is left for the next time."""
    swept = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if _newest(entry) >= before.timestamp():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)
                swept += 1
    return swept


def _newest(entry: os.DirEntry[str]) -> float:
    """When it, or anything in it, was last written: a folder's own time says nothing of files that grow in it."""
    own = entry.stat(follow_symlinks=False).st_mtime
    if not entry.is_dir(follow_symlinks=False):
        return own
    inside = (path.lstat().st_mtime for path in Path(entry.path).rglob("*"))
    return max(own, *inside, 0.0)
