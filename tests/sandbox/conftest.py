"""A sandbox for each test, and somebody to act in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from gateway.arkivmelding.schema import Schemas
from gateway.resources import shipped
from gateway.sandbox.assembly import Pace
from gateway.sandbox.organisations import SENDER, Organisations
from gateway.sandbox.server import Sandbox

from .acting import Actor


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the made-up keys, so that they are made once for all tests."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    """The gateway's XSDs, compiled once for all tests."""
    return Schemas({file.name: file.read_bytes() for file in shipped("schemas").iterdir()})


@pytest.fixture
def start(folder: Path, schemas: Schemas) -> Iterator[Callable[..., Sandbox]]:
    """Start a sandbox with a pace of one's own; stopped when the test ends."""
    running: list[Sandbox] = []

    def begin(**pace: object) -> Sandbox:
        settings = {"virus_scan": 0.0, "poll": 0.02, **pace}
        running.append(Sandbox(folder, schemas, port=0, pace=Pace(**settings)))  # type: ignore[arg-type]
        return running[-1]

    yield begin
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def sandbox(start: Callable[..., Sandbox]) -> Sandbox:
    """A running sandbox in which nothing takes long."""
    return start()


@pytest.fixture
def act(sandbox: Sandbox) -> Callable[[str], Actor]:
    """Act as one of the organisations of the sandbox, by its number."""

    def become(number: str) -> Actor:
        organisation = Organisations().get(number)
        assert organisation is not None
        return Actor(sandbox, organisation)

    return become


@pytest.fixture
def sender(act: Callable[[str], Actor]) -> Actor:
    """The gateway's own organisation."""
    return act(SENDER.number)


@pytest.fixture
def fault(sandbox: Sandbox) -> Callable[..., requests.Response]:
    """Turn the fault dial: `fault("broker", "upload", "status:503", times=1)`."""

    def turn(channel: str, operation: str, action: str, **more: object) -> requests.Response:
        body = {"channel": channel, "operation": operation, "action": action, **more}
        return requests.post(f"{sandbox.url}/_sim/faults", json=body, timeout=10)

    return turn
