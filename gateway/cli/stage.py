"""The stage of the demo: a sandbox in this process, a real `gateway serve` beside it, and a login, in one folder.

In comes a folder, out comes a `Stage` with addresses and a key. On leaving, every process has ended. Called by `demo`.
"""

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gateway.cli import lifeline
from gateway.cli.alone import only_sandbox
from gateway.cli.clients import NewClient, add_client
from gateway.cli.places import Place
from gateway.cli.settings_file import write_settings
from gateway.errors import SetupFault
from gateway.language import say
from gateway.resources import shipped
from gateway.sandbox.server import Sandbox, SandboxSetup

_POLL_SECONDS = 0.3
_START_SECONDS = 45.0
_END_SECONDS = 30.0
_LISTENING = b"listening on "


@dataclass(frozen=True, slots=True)
class Stage:
    """Where things are: the gateway's URL and a key for it, the sandbox, the data folder, the server's log."""

    url: str
    key: str
    sandbox: SandboxSetup
    data: Path
    log: Path


@contextmanager
def set_stage(data: Path) -> Iterator[Stage]:
    """Start everything in `data`; end everything on leaving. `SetupFault` where the server does not come up."""
    folder = shipped("schemas")
    schemas = {each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith(".xsd")}
    with only_sandbox(data), Sandbox.start(data / "sandbox", schemas=schemas) as sandbox:
        setup = sandbox.setup()
        write_settings(data, setup, poll_seconds=_POLL_SECONDS)
        key = add_client(Place(data).load(), NewClient("demo", (setup.sender,)))
        with (data / "server.log").open("wb") as log, _serving(data, log) as url:
            yield Stage(url, key, setup, data, Path(log.name))


@contextmanager
def _serving(data: Path, log: IO[bytes]) -> Iterator[str]:
    arguments = ["serve", "--data", str(data), "--port", "0", "--lang", "en"]
    server = lifeline.start(arguments, output=subprocess.PIPE, errors=log)
    try:
        yield _read_address(server, Path(log.name))
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(_END_SECONDS)
        server.kill()
        server.wait()
        if server.stdout:
            server.stdout.close()


def _read_address(server: subprocess.Popen[bytes], log: Path) -> str:
    """The address that the server prints once it listens."""
    if server.stdout is None:
        raise AssertionError("the server was started with a pipe")
    give_up = time.monotonic() + _START_SECONDS
    text = b""
    while not text.endswith(b"\n"):
        waiting = max(0.0, give_up - time.monotonic())
        block = os.read(server.stdout.fileno(), 4096) if select.select([server.stdout], [], [], waiting)[0] else b""
        if not block:
            said = log.read_text(encoding="utf-8", errors="replace")[-1000:].strip()
            raise SetupFault(say("the server did not come up; it said: {words}", words=said or say("nothing")))
        text += block
    return text.partition(_LISTENING)[2].split()[0].decode()
