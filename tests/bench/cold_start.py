"""A cold `gateway validate valid.xml` against `python -c "import lxml.etree"`: what a person waits for one file.

Run it: `python tests/bench/cold_start.py [ROUNDS]`. Both are started in turns; medians count.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "01-one-recipient" / "arkivmelding.xml"
AIM = 3.0
ROUNDS = 15
# What the installed script does.
OURS = [sys.executable, "-c", "from gateway.cli import main; main()", "validate", str(SAMPLE)]
BARE = [sys.executable, "-c", "import lxml.etree"]


def main() -> None:
    """Print the two medians and their ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    for command in (OURS, BARE):  # once for the caches
        measure(command)
    runs = [(measure(OURS), measure(BARE)) for _ in range(rounds)]
    ours, bare = (statistics.median(column) for column in zip(*runs, strict=True))
    best = min(run[0] for run in runs) / min(run[1] for run in runs)
    print(
        f"cold validate of one file: {ours * 1000:.0f} ms, import lxml.etree {bare * 1000:.0f} ms, "
        f"ratio {ours / bare:.2f} (aim at most {AIM:.0f}); of the best runs {best:.2f}"
    )


def measure(command: list[str]) -> float:
    """Seconds by the clock."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
