"""A small Altinn Broker of our own: it keeps what it was sent, and breaks off where a test tells it to."""

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from gateway.maskinporten import SystemUser
from gateway.transports.dpo import DpoSettings, DpoTransport
from gateway.transports.port import Consignment, Parcel

BASE = "/broker/api/v1"
SENDER, RECIPIENT = "0192:311000017", "0192:311000128"
START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@dataclass
class Seen:
    """One call as it came in."""

    act: str
    headers: dict[str, str]
    query: dict[str, str]
    form: Any = None


@dataclass
class Transfer:
    """One file transfer; `content` is None until every byte came."""

    status: str
    overview: dict[str, Any]
    content: bytes | None = None
    digest: str = ""
    confirmed: bool = False
    begun: bool = False  # its download was, and nobody confirmed it


@dataclass
class Broker:
    """The state behind the server. `dial[act]` holds faults that are used up in order: see `Handler.fail`."""

    transfers: dict[str, Transfer] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    dial: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    url: str = ""
    page: int = 100

    def acts(self) -> list[str]:
        return [seen.act for seen in self.seen]

    def last(self, act: str) -> Seen:
        return next(seen for seen in reversed(self.seen) if seen.act == act)

    def add(self, minutes: int = 0, **overview: Any) -> str:
        """A published transfer for RECIPIENT, begun so many minutes after the start; its id."""
        reference = str(uuid4())
        created = (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        facts = {"sender": SENDER, "created": created, "sendersFileTransferReference": str(uuid4())}
        self.transfers[reference] = Transfer("Published", facts | overview, b"zip of " + reference.encode())
        return reference


class Handler(BaseHTTPRequestHandler):
    """The six calls of the broker that we use."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    broker: Broker

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.route()

    def do_POST(self) -> None:
        self.route()

    def route(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path.removeprefix(f"{BASE}/filetransfer")
        match = re.fullmatch(r"/([^/]+)(?:/(upload|download|confirmdownload))?", path)
        self.reference = match[1] if match else ""
        act = (match[2] or "overview") if match else ("initialise" if self.command == "POST" else "list")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.call = Seen(act, dict(self.headers.items()), query)
        self.broker.seen.append(self.call)
        faults = self.broker.dial[act]
        if faults and self.fail(faults.pop(0)):
            return
        if match and self.reference not in self.broker.transfers:
            self.drain()
            self.answer(404, {"title": "Not Found", "detail": "The requested file transfer was not found"})
        else:
            getattr(self, act)()

    def fail(self, fault: Any) -> bool:
        """None lets the call through; a status (with headers and body) is answered; a word breaks the connection."""
        if fault is None:
            return False
        if isinstance(fault, int | tuple):
            status, headers, *body = fault if isinstance(fault, tuple) else (fault, {})
            self.drain()
            problem = {"title": "Fault", "status": status, "detail": f"dialled {status}"}
            self.answer(status, body[0] if body else problem, headers)
        elif fault == "early success":
            self.rfile.read(1000)
            self.close_connection = True
            self.answer(200, {})
        elif fault == "hang":
            self.drain()
            time.sleep(1.0)
            self.reset()
        elif fault == "drip":
            self.drain()
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            with suppress(OSError):
                for _ in range(100):
                    self.connection.sendall(b"x")
                    time.sleep(0.1)
            self.close_connection = True
        elif fault == "half":
            self.rfile.read(int(self.headers["Content-Length"]) // 2)
            self.reset()
        elif fault == "lost answer":
            getattr(self, self.call.act)(silent=True)
            self.reset()
        else:
            self.reset()
        return True

    def reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drain(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def initialise(self, silent: bool = False) -> None:
        self.call.form = json.loads(self.drain())
        reference = str(uuid4())
        self.broker.transfers[reference] = Transfer("Initialized", dict(self.call.form))
        if not silent:
            self.answer(200, {"fileTransferId": reference})

    def upload(self, silent: bool = False) -> None:
        transfer = self.broker.transfers[self.reference]
        transfer.content = self.drain()
        transfer.digest = hashlib.sha256(transfer.content).hexdigest()
        transfer.status = "Published"
        if not silent:
            self.answer(200, {"fileTransferId": self.reference})

    def overview(self) -> None:
        transfer = self.broker.transfers[self.reference]
        state = {"fileTransferStatus": transfer.status, "fileTransferStatusText": f"It is {transfer.status}"}
        self.answer(200, state | {"fileTransferId": self.reference} | transfer.overview)

    def list(self) -> None:
        """The newest hundred, as the real one has it; `to` is a moment that they were begun before."""
        before = self.call.query.get("to", "9999")
        begun = self.call.query["recipientStatus"] == "DownloadStarted"
        waiting = [
            (transfer.overview.get("created") or "", reference)
            for reference, transfer in self.broker.transfers.items()
            if transfer.status == "Published" and not transfer.confirmed and transfer.begun is begun
        ]
        newest = sorted((entry for entry in waiting if entry[0] < before), reverse=True)
        self.answer(200, [reference for _, reference in newest[: self.broker.page]])

    def download(self) -> None:
        self.answer(200, self.broker.transfers[self.reference].content)

    def confirmdownload(self) -> None:
        self.drain()
        self.broker.transfers[self.reference].confirmed = True
        self.answer(200, b"")


class QuietServer(ThreadingHTTPServer):
    """A server that does not print the tracebacks of connections that were broken on purpose."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


class Wallet:
    """Numbered tokens; it remembers who asked for which scope and what was dropped."""

    def __init__(self) -> None:
        self.number = 1
        self.asked: list[tuple[str, SystemUser | None]] = []
        self.dropped: list[str | None] = []

    def token(self, scope: str, system_user: SystemUser | None = None) -> str:
        self.asked.append((scope, system_user))
        return f"token-{self.number}"

    def forget(self, scope: str, system_user: SystemUser | None = None, *, token: str | None = None) -> None:
        self.dropped.append(token)
        self.number += 1


@pytest.fixture
def broker() -> Iterator[Broker]:
    state = Broker()
    handler = type("BoundHandler", (Handler,), {"broker": state})
    with QuietServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}{BASE}"
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()


@pytest.fixture
def make_transport(broker: Broker, wallet: Wallet, tmp_path: Path) -> Callable[..., DpoTransport]:
    """A transport to the broker above; settings may be replaced. Its spool folder is `tmp_path / "spool"`."""
    (tmp_path / "spool").mkdir()

    def make(**settings: Any) -> DpoTransport:
        users = {SENDER: "sender-user", RECIPIENT: "recipient-user"}
        defaults = {"url": broker.url, "spool": tmp_path / "spool", "system_users": users}
        limits = {"timeout": (0.5, 0.5), "upload_timeout": (0.5, 0.5)}
        return DpoTransport(DpoSettings(**defaults | limits | settings), wallet, now=lambda: START)

    return make


@pytest.fixture
def transport(make_transport: Callable[..., DpoTransport]) -> DpoTransport:
    return make_transport()


@pytest.fixture
def consignment() -> Consignment:
    """Some 3 MiB in pieces of many sizes; its parcel may be opened any number of times."""
    pieces = [b"a" * 10, b"b" * 2_500_000, b"c" * 70_000, b"", b"d" * 600_000, b"e"]
    return Consignment(str(uuid4()), SENDER, RECIPIENT, Parcel(sum(map(len, pieces)), lambda: iter(pieces)))
