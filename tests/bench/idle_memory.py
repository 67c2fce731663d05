"""Resident memory of an idle `gateway serve` with its worker, all processes together. Aim: under 150 MiB.

Taken after one message has gone all the way, so that everything that is loaded late is there. Pages that processes share
are counted once.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.delivery import Fagsystem  # noqa: E402  (the path comes first)
from tests.bench.processes import family, resident_kib, running  # noqa: E402


def main() -> None:
    """Print the sum, and what each process has."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder, "sandbox", "--port", "0"), running(folder, "serve", "--port", "0") as (process, line):
            fagsystem = Fagsystem(line.removeprefix("listening on "))
            fagsystem.commit(draft := fagsystem.prepare())
            fagsystem.sent(draft)
            time.sleep(5)
            each = [resident_kib(pid) / 1024 for pid in family(process.pid)]
    print(f"idle serve with its worker: {sum(each):.0f} MiB (aim 150): {', '.join(f'{mib:.0f}' for mib in each)}")


if __name__ == "__main__":
    main()
