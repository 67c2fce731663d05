"""How long a package of 1 GiB takes, against `openssl cms -encrypt` of the same file, which neither digests nor packs it.

Prints the ratios of the best of five (wall aim: at most 0.9) and every figure: `python tests/bench/packaging_large.py`. The
file is made in a temporary folder, stays in the page cache, and what comes out is thrown away on both sides.
"""

import os
import resource
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from gateway.keys import KeyPair
from gateway.packaging.asice import write_asice
from gateway.packaging.checksums import Checksums
from gateway.packaging.cms import envelope
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Sealed, Signing
from tests.certificates import NOW, issue, make_authority, write_pem

MEBIBYTE = 1024 * 1024
SIZE = 1024 * MEBIBYTE
ROUNDS = 5
PARTIES = Parties("0192:311000012", "0192:311000020")
OAEP = ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256")

Figures = tuple[float, float]


def make_document(path: Path) -> PackagedFile:
    """A file of random bytes with the sums of its upload."""
    sums = Checksums()
    with path.open("wb") as file:
        for _ in range(SIZE // MEBIBYTE):
            block = os.urandom(MEBIBYTE)
            file.write(block)
            sums.add(block)
    found = sums.finish()
    return PackagedFile(path.name, "application/pdf", found.size, found.crc32, found.sha256, lambda: path.open("rb"))


def measure(work: Callable[[], object]) -> Figures:
    """Wall and CPU seconds, of this process and its children."""
    before, start = _cpu(), time.perf_counter()
    work()
    return time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def draw(sealed: Sealed) -> None:
    """Every byte, to nowhere."""
    with open(os.devnull, "wb", buffering=0) as sink:
        for chunk in sealed.chunks():
            sink.write(chunk)


def encrypt_with_openssl(path: Path, certificate: Path) -> None:
    """The same ciphers, without container, digest and signature."""
    options = [word for option in OAEP for word in ("-keyopt", option)]
    encrypting = ["openssl", "cms", "-encrypt", "-stream", "-binary", "-outform", "DER", "-aes-256-cbc"]
    subprocess.run([*encrypting, "-in", path, "-out", os.devnull, "-recip", certificate, *options], check=True)


def digest_with_openssl(path: Path) -> None:
    """What a container needs besides: the file's SHA-256."""
    subprocess.run(["openssl", "dgst", "-sha256", path], check=True, stdout=subprocess.DEVNULL)


def measure_all(folder: Path, sender: KeyPair, recipient: KeyPair) -> dict[str, list[Figures]]:
    """Every contestant in turns, for others may use the machine."""
    path, certificate = folder / "stor.pdf", folder / "recipient.pem"
    certificate.write_bytes(write_pem(recipient.certificate))
    document = make_document(path)

    def sign() -> Signing:
        return Signing(sender, NOW, str(uuid.uuid4()))

    def pack() -> Sealed:
        return envelope(write_asice([document], parties=PARTIES, signing=sign()), recipient.certificate)

    def wrap() -> Sealed:
        leaf = recipient.certificate
        return seal_dpo(b"{}", [document], parties=PARTIES, signer=sign(), certificate=leaf)

    contestants: dict[str, Callable[[], object]] = {
        "openssl cms -encrypt": lambda: encrypt_with_openssl(path, certificate),
        "openssl dgst -sha256": lambda: digest_with_openssl(path),
        "ASiC-E + CMS": lambda: draw(pack()),
        "DPO parcel": lambda: draw(wrap()),
    }
    rounds = [{name: measure(work) for name, work in contestants.items()} for _ in range(ROUNDS)]
    return {name: [figures[name] for figures in rounds] for name in contestants}


def main() -> None:
    """Print the figures of each, then the ratios."""
    authority = make_authority("Testrot")
    sender, recipient = issue(authority, "311000012", "Avsender"), issue(authority, "311000020", "Mottaker")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure_all(Path(folder), sender, recipient)
    best = {name: tuple(min(column) for column in zip(*rows, strict=True)) for name, rows in figures.items()}
    for name, (wall, cpu) in best.items():
        print(f"   {name:22} best of {ROUNDS}: {wall:5.2f} s wall, {cpu:5.2f} s CPU")
    theirs, digest = best["openssl cms -encrypt"], best["openssl dgst -sha256"]
    for name in ("ASiC-E + CMS", "DPO parcel"):
        wall, cpu = (ours / other for ours, other in zip(best[name], theirs, strict=True))
        both = best[name][1] / (theirs[1] + digest[1])
        print(f"{name} of 1 GiB / openssl cms: {wall:.2f} wall (aim <= 0.90), {cpu:.2f} CPU, {both:.2f} CPU with dgst")


if __name__ == "__main__":
    main()
