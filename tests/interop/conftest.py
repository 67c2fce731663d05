"""Who sends and who receives, and the Java programs, fetched and compiled once in a folder that goes away again."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway.keys import KeyPair
from tests.certificates import Authority, write_pem
from tests.packaging.conftest import authority, recipient, sender, trust

__all__ = ["authority", "recipient", "sender", "trust"]

HERE = Path(__file__).parent
ALIAS, PASSWORD = "virksomhet", "passord"
FETCHING = 600

# Runs a program of this folder; its output as rows.
Java = Callable[..., list[tuple[str, ...]]]


@pytest.fixture(scope="session")
def root_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root as PEM."""
    path = tmp_path_factory.mktemp("root") / "root.pem"
    path.write_bytes(write_pem(authority[1]))
    return path


@pytest.fixture(scope="session")
def keystore(authority: Authority, sender: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sender's."""
    return write_keystore(sender, authority, tmp_path_factory.mktemp("keys") / "keys.p12")


def write_keystore(pair: KeyPair, authority: Authority, path: Path) -> Path:
    """A key and its certificates as PKCS#12."""
    locked = BestAvailableEncryption(PASSWORD.encode())
    keys = pkcs12.serialize_key_and_certificates(ALIAS.encode(), pair.key, pair.certificate, [authority[1]], locked)
    path.write_bytes(keys)
    return path


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> Java:
    """The programs, ready to run; skipped where there is no JDK, no Maven or no network."""
    for tool in ("java", "javac", "mvn"):
        if which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    folder = tmp_path_factory.mktemp("java")
    listing = folder / "classpath"
    command = ["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:build-classpath", f"-Dmdep.outputFile={listing}"]
    try:
        fetched = subprocess.run(command, capture_output=True, text=True, timeout=FETCHING, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        pytest.skip(f"Maven did not fetch the libraries within {FETCHING} s")
    if fetched.returncode:
        pytest.skip(f"Maven could not fetch the libraries: {fetched.stdout.strip()[:500]}")
    path = os.pathsep.join((listing.read_text().strip(), str(folder)))
    subprocess.run(["javac", "-nowarn", "-cp", path, "-d", folder, *HERE.glob("*.java")], check=True)

    def run(program: str, *arguments: object) -> list[tuple[str, ...]]:
        options = ["-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", path]
        told = subprocess.run(
            ["java", *options, program, *map(str, arguments)],
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        if told.returncode:
            raise AssertionError(told.stderr.decode(errors="replace"))
        return [tuple(line.split("\t")) for line in told.stdout.decode().splitlines()]

    return run
