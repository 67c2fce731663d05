"""`gateway validate --xsd-only` on both cores against `xmllint --noout --schema`: documents checked per second.

Run it: `python tests/bench/validate.py [DOCUMENTS]`. Both see the same files in turns; the best of each counts.
"""

import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "01-one-recipient" / "arkivmelding.xml"
SCHEMA = ROOT / "schemas" / "arkivmelding.xsd"
AIM = 1.0
ROUNDS = 5


def main() -> None:
    """Print the two rates and their ratio, by the clock and by the CPU."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    if not shutil.which("xmllint"):
        print("validate --xsd-only: not measured, for xmllint is missing (it comes with libxml2-utils)")
        return
    with tempfile.TemporaryDirectory() as folder:
        files = write_documents(Path(folder), count)
        runs = [(ours(folder), theirs(files)) for _ in range(ROUNDS)]
    wall, cpu = ([min(each[who][what] for each in runs) for who in (0, 1)] for what in (0, 1))
    print(
        f"validate --xsd-only, {count} documents: {count / wall[0]:.0f}/s, xmllint {count / wall[1]:.0f}/s, "
        f"ratio {wall[1] / wall[0]:.2f} (aim {AIM:.1f}); CPU {cpu[0] * 1e6 / count:.0f} µs against {cpu[1] * 1e6 / count:.0f} µs"
    )


def write_documents(folder: Path, count: int) -> str:
    """Valid documents, each with a meldingId of its own; their names, a line each."""
    # Without our own extension, which the other one does not check.
    text = re.sub(
        "<virksomhetsspesifikkeMetadata>.*</virksomhetsspesifikkeMetadata>",
        "",
        SAMPLE.read_text(encoding="utf-8"),
        flags=re.S,
    )
    head, rest = text.split("<meldingId>")
    _, tail = rest.split("</meldingId>")
    for number in range(count):
        melding_id = f"00000000-0000-4000-8000-{number:012}"
        (folder / f"{number:06}.xml").write_text(f"{head}<meldingId>{melding_id}</meldingId>{tail}", encoding="utf-8")
    return "".join(f"{path}\n" for path in sorted(folder.iterdir()))


def ours(folder: str) -> tuple[float, float]:
    """Seconds by the clock and on the CPU."""
    return measure([sys.executable, "-m", "gateway.cli", "validate", "--xsd-only", folder])


def theirs(files: str) -> tuple[float, float]:
    """The same for xmllint, as many files at a time as a command line takes."""
    return measure(["xargs", "xmllint", "--noout", "--schema", str(SCHEMA)], files)


def measure(command: list[str], text: str = "") -> tuple[float, float]:
    """Run it, and be sure that it found everything valid."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, input=text.encode(), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command[0]} found something invalid")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
