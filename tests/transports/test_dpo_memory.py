"""300 MB up to the broker and down again, measured in a process of its own: memory stays where it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SIZE = 300_000_000
MOST_GROWTH = 32 * 1024 * 1024

# Takes any body without keeping it, and sends as many bytes back.
SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = int(sys.argv[1])
counted = {"bytes": 0, "chunked": False}

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_POST(self):
        counted["chunked"] |= "Transfer-Encoding" in self.headers
        left = int(self.headers.get("Content-Length", 0))
        while left:
            got = len(self.rfile.read(min(left, 1 << 20)))
            left -= got
            counted["bytes"] += got if self.path.endswith("/upload") else 0
        self.reply(json.dumps({"fileTransferId": "00000000-0000-4000-8000-000000000000"}).encode())
    def do_GET(self):
        if self.path.endswith("/counted"):
            return self.reply(json.dumps(counted).encode())
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        for start in range(0, SIZE, 1 << 20):
            self.wfile.write(bytes(min(1 << 20, SIZE - start)))
    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""

CLIENT = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
import requests
from gateway.transports.dpo import DpoSettings, DpoTransport
from gateway.transports.port import Consignment, Parcel

port, spool, size, act = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
A, B = "0192:311000017", "0192:311000128"
URL = f"http://127.0.0.1:{port}/broker/api/v1"

class Wallet:
    def token(self, scope, system_user=None): return "token-1"
    def forget(self, scope, system_user=None, *, token=None): pass

def peak():
    line = next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

def chunks(size):
    for start in range(0, size, 1 << 20):
        yield bytes(min(1 << 20, size - start))

def run(size):
    if act == "up":
        parcel = Parcel(size, lambda: chunks(size))
        transport.send(Consignment("m", A, B, parcel), reference=None, remember=lambda _: None)
        return requests.get(f"{URL}/counted").json()
    with transport.fetch(B, "00000000-0000-4000-8000-000000000000") as path:
        return {"bytes": path.stat().st_size, "chunked": False}

transport = DpoTransport(DpoSettings(URL, spool, {A: "a", B: "b"}), Wallet(), now=lambda: datetime.now(UTC))
if act == "up":
    run(1000)
before = peak()
counted = run(size)
print(json.dumps({"growth": peak() - before} | counted))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("act", ["up", "down"])
def test_memory_stays_where_it_is(act: str, tmp_path: Path) -> None:
    """A message of 300 MB goes up with Content-Length, or comes down, while the process grows by less than 32 MiB."""
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", SERVER, str(SIZE)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            command = [sys.executable, "-c", CLIENT, port, str(tmp_path), str(SIZE), act]
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
        finally:
            server.kill()
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["bytes"] == SIZE + (1000 if act == "up" else 0)
    assert not measured["chunked"]
    assert measured["growth"] < MOST_GROWTH, measured
