"""How many small packages one core signs and encrypts, against the rate at which openssl alone signs.

Prints the ratio (aim: at least 0.4) and both figures, by CPU time: `python tests/bench/packaging_small.py`. A package holds
one document of 10 kB; each is signed (RSA 2048), encrypted to its recipient (OAEP, AES-256-CBC) and drawn to its last byte.
"""

import hashlib
import io
import os
import re
import subprocess
import time
import uuid
import zlib
from statistics import median

from gateway.keys import KeyPair
from gateway.packaging.asice import write_asice
from gateway.packaging.cms import envelope
from gateway.packaging.records import PackagedFile, Parties, Signing
from tests.certificates import NOW, issue, make_authority

SECONDS = 3
ROUNDS = 3
PARTIES = Parties("0192:311000012", "0192:311000020")


def sign_with_openssl() -> float:
    """Signatures per second of CPU time."""
    speed = ["openssl", "speed", "-seconds", str(SECONDS), "rsa2048"]
    said = subprocess.run(speed, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"^rsa +2048 bits +\S+s +\S+s +(\S+)", said, re.MULTILINE)
    if rate is None:
        raise SystemExit(f"openssl speed said something unexpected:\n{said}")
    return float(rate[1])


def package(sender: KeyPair, recipient: KeyPair, document: PackagedFile) -> float:
    """Packages per second of CPU time."""
    start, made = time.process_time(), 0
    while (spent := time.process_time() - start) < SECONDS:
        signing = Signing(sender, NOW, str(uuid.uuid4()))
        plain = write_asice([document], parties=PARTIES, signing=signing)
        for _ in envelope(plain, recipient.certificate).chunks():
            pass
        made += 1
    return made / spent


def main() -> None:
    """Measure in turns, for others may use the machine."""
    authority = make_authority("Testrot")
    sender, recipient = issue(authority, "311000012", "Avsender"), issue(authority, "311000020", "Mottaker")
    content = os.urandom(10_000)
    digest = hashlib.sha256(content).digest()
    document = PackagedFile(
        "brev.pdf", "application/pdf", len(content), zlib.crc32(content), digest, lambda: io.BytesIO(content)
    )
    turns = [(package(sender, recipient, document), sign_with_openssl()) for _ in range(ROUNDS)]
    for ours, theirs in turns:
        print(f"   {ours:7.0f} packages/s   {theirs:7.0f} openssl rsa2048 signatures/s   ratio {ours / theirs:.2f}")
    print(f"ASiC-E + CMS of 10 kB per core / openssl rsa2048 sign: {median(o / t for o, t in turns):.2f} (aim >= 0.40)")


if __name__ == "__main__":
    main()
