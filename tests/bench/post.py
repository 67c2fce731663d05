"""POST of a four-recipient arkivmelding with a warm cache, against a bare Flask route that commits one row of that size.

Both on the same server (gunicorn, one process, 16 threads), engine and pragmas, with 8 clients. Prints the ratio of the
rates; nothing is asserted. Aim: at least 0.4.
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

CLIENTS = 8
SECONDS = 4.0
ROUNDS = 3


def serve_bare() -> None:
    """The other side of the comparison: a route that reads its body and commits it as one row."""
    import uuid

    from flask import Flask, Response, request
    from gunicorn.app.base import BaseApplication
    from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, insert

    from gateway.storage.engine import Database

    metadata = MetaData()
    table = Table("row", metadata, Column("id", Text, primary_key=True), Column("body", LargeBinary))

    def build() -> Flask:
        database = Database(sys.argv[3])
        with database.writing() as connection:
            metadata.create_all(connection)
        app = Flask("bare")
        statement = insert(table)

        @app.post("/out/messages")
        def post() -> Response:
            with database.writing() as connection:
                connection.execute(statement, {"id": str(uuid.uuid4()), "body": request.get_data()})
            return Response("{}", 201, content_type="application/json")

        return app

    class Bare(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": [f"127.0.0.1:{sys.argv[2]}"],
                "workers": 1,
                "worker_class": "gthread",
                "threads": 16,
            }.items():
                self.cfg.set(name, value)
            self.cfg.set("loglevel", "error")
            self.cfg.set("keepalive", 15)

        def load(self) -> Flask:
            return build()

    Bare().run()


def load(port: int, body: bytes, headers: dict[str, str]) -> float:
    """Requests per second with 8 clients on connections that stay open; every answer must be 201."""
    counts = [0] * CLIENTS
    end = time.monotonic() + SECONDS

    def client(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < end:
            line.request("POST", "/out/messages", body, headers)
            answer = line.getresponse()
            answer.read()
            if answer.status != 201:
                raise SystemExit(f"unexpected answer {answer.status}")
            counts[number] += 1
        line.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begin)


@contextmanager
def bare(folder: Path) -> Iterator[int]:
    """The bare route in a process of its own; its port."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "bare", str(port), str(folder / "bare.db")]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def gateway(folder: Path) -> Iterator[int]:
    """A gateway without worker in a process of its own, over a sandbox in this one; its port."""
    from gateway.cli.settings_file import write_settings
    from gateway.sandbox.server import Sandbox
    from tests.live import read_schemas

    with Sandbox.start(folder / "sandbox", schemas=read_schemas()) as sandbox:
        write_settings(folder, sandbox.setup(), poll_seconds=60)
        command = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(folder), "--port", "0", "--no-worker"]
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )
            try:
                assert process.stdout is not None
                yield int(process.stdout.readline().decode().rpartition(":")[2])
            finally:
                process.terminate()
                process.wait(60)


def main() -> None:
    """Measure in turn, and print the ratio of the medians."""
    xml = (ROOT / "samples" / "02-four-recipients" / "arkivmelding.xml").read_bytes()
    headers = {"Content-Type": "application/xml"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with gateway(folder) as ours, bare(folder) as theirs:
            load(ours, xml, headers)
            load(theirs, xml, headers)
            pairs = [(load(ours, xml, headers), load(theirs, xml, headers)) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"POST of four recipients / bare route with one row: ratio {ratio:.2f} (aim 0.40)")
    print(
        f"  requests a second, ours/bare in turn: {', '.join(f'{a:.0f}/{b:.0f}' for a, b in pairs)}; body {len(xml)} bytes"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_bare()
    else:
        main()
