"""A gateway on loopback over a sandbox: the real app behind a real HTTP server, and a real worker in a thread."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.app import Assembly, assemble, build_door, build_worker
from gateway.arkivmelding.schema import FILES
from gateway.cli.settings_file import write_settings
from gateway.config import KeySettings, ServerSettings, Settings
from gateway.delivery.retry import RetrySettings
from gateway.delivery.submission import IntakeSettings
from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.delivery.worker import WorkerSettings
from gateway.maskinporten import MaskinportenSettings
from gateway.registry.client import RegistrySettings
from gateway.resources import shipped
from gateway.sandbox.server import Sandbox
from gateway.transports.dpo import DpoSettings
from tests.documents import SENDER


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: the access log is structlog's."""


@dataclass
class Gateway:
    """A served gateway. `url` is its address, `assembly` what is behind its door."""

    url: str
    assembly: Assembly
    sandbox: Sandbox
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, xml: bytes, **more: object) -> requests.Response:
        """POST an arkivmelding as the whole body."""
        headers = {"Content-Type": "application/xml", **more.pop("headers", {})}  # type: ignore[dict-item]
        return self.session.post(f"{self.url}/out/messages", data=xml, headers=headers, timeout=30, **more)  # type: ignore[arg-type]

    def call(self, method: str, path: str, **more: object) -> requests.Response:
        """Any other request."""
        return self.session.request(method, self.url + path, timeout=30, **more)  # type: ignore[arg-type]

    def upload(self, conversation_id: str, filename: str, content: bytes, **more: object) -> requests.Response:
        """PUT one document."""
        return self.call("PUT", f"/out/messages/{conversation_id}/documents/{filename}", data=content, **more)


def read_schemas() -> dict[str, bytes]:
    """The schemas by name."""
    return {name: shipped("schemas").joinpath(name).read_bytes() for name in FILES}


def settings_for(sandbox: Sandbox, data: Path, *, organisation: str = SENDER, **changes: object) -> Settings:
    """Settings of a gateway that lives in that sandbox as that organisation, quick enough for tests."""
    setup = sandbox.setup(organisation)
    settings = Settings(
        data=data,
        organisations=(setup.sender,),
        server=ServerSettings(),
        keys=KeySettings(setup.keystore, setup.keystore_password, setup.roots_pem),
        database=str(data / "gateway.db"),
        maskinporten=MaskinportenSettings(setup.token_url, setup.audience, setup.client_id),
        registry=RegistrySettings(setup.registry_url, jwk_url=setup.jwk_url, cache_seconds=0.2, negative_seconds=0.2),
        dpo=DpoSettings(setup.broker_url, data / "spool", {setup.sender: setup.system_user}, setup.resource),
        token_exchange_url=setup.token_exchange_url,
        poll=timedelta(seconds=0.3),
        intake=IntakeSettings(maximum_upload=1024 * 1024 * 1024),
        retry=RetrySettings(first=timedelta(seconds=0.2), longest=timedelta(seconds=2)),
        webhooks=WebhookSettings(allow_hosts=("127.0.0.1",), timeout=timedelta(seconds=1)),
        worker=WorkerSettings(lease=timedelta(seconds=30), idle=0.05),
    )
    return replace(settings, **changes)  # type: ignore[arg-type]


@contextmanager
def serving(sandbox: Sandbox, data: Path, **changes: object) -> Iterator[Gateway]:
    """A gateway without a worker."""
    assembly = assemble(settings_for(sandbox, data, **changes))
    server = make_server("127.0.0.1", 0, build_door(assembly), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Gateway(f"http://127.0.0.1:{server.server_port}", assembly, sandbox)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        assembly.close()


@contextmanager
def served_process(sandbox: Sandbox, data: Path, log: Path, *arguments: str) -> Iterator[tuple[str, int]]:
    """`gateway serve` as a real process, gunicorn and all: its address and its pid."""
    write_settings(data, sandbox.setup(), poll_seconds=0.5)
    command = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(data), "--port", "0", *arguments]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            assert line.startswith("listening on "), log.read_text(errors="replace")[-2000:]
            yield line.removeprefix("listening on ").strip(), process.pid
        finally:
            process.terminate()
            process.wait(60)
            if process.stdout:
                process.stdout.close()


@contextmanager
def working(gateway: Gateway) -> Iterator[None]:
    """A worker for that gateway while the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=build_worker(gateway.assembly).run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive(), "the worker does not drain"
