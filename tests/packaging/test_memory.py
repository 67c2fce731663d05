"""Memory stays where it is, whatever the size: measured in a process of its own, from sealing to opened files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.keys import KeyPair
from tests.certificates import write_key, write_pem

MEBIBYTE = 1024 * 1024
SIZE = 300 * MEBIBYTE
MOST_GROWTH = 32 * MEBIBYTE

_CODE = """
import hashlib, io, json, os, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.keys import TrustRoots, load_key_pairs, read_certificate
from gateway.packaging.checksums import Checksums
from gateway.packaging.opener import Trust, open_package
from gateway.packaging.parcel import open_dpo, seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Signing

folder, size = Path(sys.argv[1]), int(sys.argv[2])

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def pack(path):
    sums = Checksums()
    with path.open("rb") as source:
        while block := source.read(65536):
            sums.add(block)
    found = sums.finish()
    return PackagedFile(path.name, "application/pdf", found.size, found.crc32, found.sha256, lambda: path.open("rb"))

(pair,) = load_key_pairs((folder / "pair.pem").read_bytes(), None)
root = read_certificate((folder / "root.pem").read_bytes())
now = datetime.now(UTC)

def travel(path):
    signing = Signing(pair, now, "1")
    parties = Parties("0192:311000012", "0192:311000020")
    sealed = seal_dpo(b"{}", [pack(path)], parties=parties, signer=signing, certificate=pair.certificate)
    with (folder / "parcel").open("wb") as target:
        target.writelines(sealed.chunks())
    sent = peak()
    with (folder / "parcel").open("rb") as source, open_dpo(source) as parcel:
        with open_package(parcel.package, trust=Trust((pair,), TrustRoots([root]), now), spool=folder) as package:
            return sent, package.files[0].size

(folder / "small.bin").write_bytes(b"x" * 100_000)
travel(folder / "small.bin")
before = peak()
with (folder / "large.bin").open("wb") as large:
    large.truncate(size)
sent, arrived = travel(folder / "large.bin")
print(json.dumps({"sealing": sent - before, "both": peak() - before, "arrived": arrived}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the peak is read from getrusage")
def test_300_mebibytes_pass_in_constant_memory(sender: KeyPair, tmp_path: Path) -> None:
    """Sealing and opening a sparse file of 300 MiB each take less than 32 MiB more than doing so with a small one."""
    (tmp_path / "pair.pem").write_bytes(write_key(sender.key) + write_pem(sender.certificate))
    (tmp_path / "root.pem").write_bytes(write_pem(sender.chain[-1]))
    run = [sys.executable, "-c", _CODE, str(tmp_path), str(SIZE)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    said = subprocess.run(run, capture_output=True, check=True, env=environment, timeout=240)
    found = json.loads(said.stdout)
    assert found["arrived"] == SIZE
    assert found["sealing"] < MOST_GROWTH
    assert found["both"] < MOST_GROWTH
