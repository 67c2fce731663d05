"""What only a bucket can show: who may not use it, what is said when it does not answer, and how much memory it takes."""

import http.server
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import SetupFault, StorageUnavailable
from gateway.keys.sealing import DocumentSealer, SealingKey
from gateway.storage.bucket import BucketSettings, is_safe_endpoint, read_bucket_address
from gateway.storage.s3 import BucketBlobs, ObjectWriter
from tests.buckets import serving_buckets, unfinished

MEBIBYTE = 1024 * 1024
SEALER = DocumentSealer([SealingKey(bytes(32))])


@pytest.fixture
def settings() -> Iterator[BucketSettings]:
    """A bucket on a server of this test's own."""
    with serving_buckets() as buckets:
        yield buckets.make()


def test_a_bucket_that_is_there_passes(settings: BucketSettings) -> None:
    """The check of a bucket that may be used says nothing."""
    BucketBlobs(settings, sealer=SEALER).check()


def test_a_wrong_bucket_is_a_setup_fault(settings: BucketSettings) -> None:
    """A bucket that is not there is found at start, named, with the server's own word and without the secret."""
    wrong = replace(settings, bucket="no-such-bucket")
    with pytest.raises(SetupFault, match=r"s3://no-such-bucket/documents.*NoSuchBucket") as caught:
        BucketBlobs(wrong, sealer=SEALER).check()
    assert "credentials" in caught.value.mend
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"])
def test_wrong_credentials_are_a_setup_fault(code: str) -> None:
    """A server that refuses the login is told as a matter of the settings, not as one that passes."""
    with answering(403, f"<Error><Code>{code}</Code></Error>") as url, pytest.raises(SetupFault, match=code):
        BucketBlobs(BucketSettings("bucket", "", url, "us-east-1", "k", "s"), sealer=SEALER).check()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    """Nobody listening is StorageUnavailable, which is tried again; what is said names the bucket and no secret."""
    blobs = BucketBlobs(BucketSettings("bucket", "x", "http://127.0.0.1:9", "us-east-1", "k", "s3cr3t"), sealer=SEALER)
    for attempt in (blobs.check, lambda: blobs.open("a" * 12 + "4" + "a" * 19), lambda: blobs.put("b" * 32, b"")):
        with pytest.raises(StorageUnavailable, match="s3://bucket/x") as caught:
            attempt()
        assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize("more", [0, 30])
def test_a_server_that_goes_away_in_an_upload_is_unavailable(more: int) -> None:
    """The writer is told while it writes or when it commits; it does not hang, and takes nothing for stored that is not."""
    with serving_buckets() as buckets:
        blobs = BucketBlobs(buckets.make(), sealer=SEALER)
        writer = blobs.create()
        for _ in range(6):
            writer.write(os.urandom(MEBIBYTE))
    with pytest.raises(StorageUnavailable):
        finish(writer, more)


def finish(writer: ObjectWriter, more: int) -> None:
    """Write on to the end, whatever comes."""
    with writer:
        for _ in range(more):
            writer.write(os.urandom(MEBIBYTE))
        writer.commit()


def test_an_upload_holds_a_few_parts_at_most(settings: BucketSettings) -> None:
    """A process that writes and reads 120 MiB grows by less than 32 MiB over one that had 1 MiB."""
    program = (
        "import os, resource, sys\n"
        "from gateway.keys.sealing import DocumentSealer, SealingKey\n"
        "from gateway.storage.bucket import BucketSettings\n"
        "from gateway.storage.s3 import BucketBlobs\n"
        "blobs = BucketBlobs(BucketSettings(*sys.argv[1:7]), sealer=DocumentSealer([SealingKey(bytes(32))]))\n"
        "block = os.urandom(1 << 20)\n"
        "def through(count):\n"
        "    with blobs.create() as writer:\n"
        "        for _ in range(count): writer.write(block)\n"
        "        blob = writer.commit()\n"
        "    with blobs.open(blob.key) as source:\n"
        "        while source.read(1 << 20): pass\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "small = through(1); print((through(120) - small) // 1024)\n"
    )
    arguments = [settings.bucket, settings.prefix, str(settings.endpoint), "us-east-1", "key", "secret"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=True,
    )
    assert int(ran.stdout) < 32


def test_a_folder_installation_loads_no_obstore(tmp_path: Path) -> None:
    """Neither the settings nor the assembly of a folder installation import it; `gateway validate` even less."""
    program = "import sys, gateway.app, gateway.config, gateway.cli.validate; sys.exit('obstore' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    assert subprocess.run([sys.executable, "-c", program], timeout=60, env=environment, check=False).returncode == 0


def test_without_obstore_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket in the settings, and the extra not installed."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "gateway.storage.s3")
    with pytest.raises(SetupFault, match="obstore") as caught:
        importlib.import_module("gateway.storage.s3")
    assert "[s3]" in caught.value.mend


def test_an_aborted_upload_is_taken_back_at_once(settings: BucketSettings) -> None:
    """The parts that were sent do not wait for anybody to clean up."""
    writer = BucketBlobs(settings, sealer=SEALER).create()
    for _ in range(12):
        writer.write(os.urandom(MEBIBYTE))
    writer.abort()
    assert unfinished(settings) == []


@pytest.mark.parametrize(
    "address", ["s3://", "s3:///x", "s3://user:secret@bucket/x", "s3://bucket?x=1", "bucket", "gs://b"]
)
def test_what_is_no_bucket(address: str) -> None:
    """Only s3://bucket/prefix is read; credentials have no place in it."""
    with pytest.raises(ValueError, match=r".*"):
        read_bucket_address(address)


def test_a_bucket_with_and_without_prefix() -> None:
    """Both spellings are read, and told without a slash at the end."""
    assert read_bucket_address("s3://bucket/a/b/") == ("bucket", "a/b")
    assert BucketSettings(*read_bucket_address("s3://bucket")).address == "s3://bucket"


@pytest.mark.parametrize(
    ("endpoint", "safe"),
    [
        ("https://s3.example", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000", True),
        ("http://[::1]:9000", True),
        ("http://10.0.0.5:9000", False),
        ("http://s3.example", False),
        ("http://127.0.0.1.example", False),
    ],
)
def test_plain_http_is_for_this_machine(endpoint: str, safe: bool) -> None:
    """Without HTTPS only what stays on the machine is safe."""
    assert is_safe_endpoint(endpoint) is safe


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """A server that gives everybody the same answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
