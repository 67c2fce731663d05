"""Two organisations of a sandbox of their own, each with a gateway and a worker, for tests that receive."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING_RESPONSE, AVTALT_PROCESS, TAUSHETSBELAGT
from gateway.sandbox.assembly import Pace
from gateway.sandbox.server import Sandbox
from tests.documents import DPO, SENDER
from tests.live import Gateway, read_schemas, serving, working

PATIENCE = 30.0
PARTNER = "0192:311000144"


@dataclass(frozen=True)
class World:
    """`a` is HAVNES KOMMUNE, `b` FJORDVIK TILSYN."""

    a: Gateway
    b: Gateway


@contextmanager
def two_gateways(folder: Path) -> Iterator[World]:
    """While the block lasts. Both take every kind of message that DPO carries; so does the partner, whom the sandbox plays."""
    with Sandbox.start(folder / "sandbox", schemas=read_schemas(), pace=Pace(virus_scan=0.05, poll=0.1)) as sandbox:
        for identifier, name in ((SENDER, "HAVNES KOMMUNE"), (DPO, "FJORDVIK TILSYN"), (PARTNER, "SUND TILSYN")):
            elma = [ADMINISTRASJON, TAUSHETSBELAGT, ARKIVMELDING_RESPONSE, AVTALT_PROCESS]
            body = {"number": identifier.removeprefix("0192:"), "name": name, "elma": elma}
            requests.post(f"{sandbox.url}/_sim/organisations", json=body, timeout=10).raise_for_status()
        with (
            serving(sandbox, folder / "a") as a,
            serving(sandbox, folder / "b", organisation=DPO) as b,
            working(a),
            working(b),
        ):
            yield World(a, b)


def peek_until(gateway: Gateway, message_id: str, path: str = "/api/messages/in/peek") -> requests.Response:
    """Ask for that message again and again, as clients do, until it has come."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        answer = gateway.call("GET", path, params={"messageId": message_id})
        if answer.status_code != 204:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{message_id} has not come")
