"""The sandbox as a whole: its set-up, its one address, and that nothing of it is left when it stops."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from cryptography import x509

from gateway.arkivmelding.schema import Schemas
from gateway.errors import NotFound, SetupFault
from gateway.keys import TrustRoots, load_key_pairs
from gateway.resources import shipped
from gateway.sandbox.assembly import Pace, utc_now
from gateway.sandbox.organisations import SENDER
from gateway.sandbox.server import Sandbox

from .acting import FJORDVIK, WRITE, Actor, await_until


def test_the_setup_names_everything_that_a_gateway_needs(sandbox: Sandbox) -> None:
    """Every address answers, and the keystore opens, is the sender's, and leads to the root beside it."""
    setup = sandbox.setup()
    (pair,) = load_key_pairs(setup.keystore.read_bytes(), setup.keystore_password)
    roots = TrustRoots(x509.load_pem_x509_certificates(setup.roots_pem.read_bytes()))
    roots.verify(pair.chain, utc_now())
    assert pair.organisation == SENDER.number
    assert (setup.sender, setup.client_id) == ("0192:311000012", "MOVE_IP_311000012")
    assert setup.system_user == "311000012_integrasjonspunkt_systembruker_311000012"
    assert setup.audience == f"{setup.url}/"
    statuses = {
        setup.token_url: 405,
        setup.token_exchange_url: 401,
        f"{setup.registry_url}/info/{SENDER.number}": 401,
        setup.jwk_url: 200,
        f"{setup.broker_url}/filetransfer": 401,
    }
    assert {url: requests.get(url, timeout=10).status_code for url in statuses} == statuses


def test_the_front_page_lists_addresses_and_organisations(sandbox: Sandbox) -> None:
    """A human, or a script, sees at `/` what stands where and who is there."""
    front = requests.get(f"{sandbox.url}/", timeout=10).json()
    assert front["addresses"]["registry"] == sandbox.setup().registry_url
    assert {organisation["number"] for organisation in front["organisations"]} >= {"311000012", "311000128"}


def test_it_listens_on_loopback_alone(sandbox: Sandbox) -> None:
    """The server's socket is bound to 127.0.0.1, whatever other addresses the machine has."""
    port = int(sandbox.url.rsplit(":", 1)[1])
    assert sandbox.url == f"http://127.0.0.1:{port}"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=1)


def test_nothing_is_left_when_it_stops(start: Callable[..., Sandbox], folder: Path) -> None:
    """No thread, no open port and no spooled byte outlive stop, though a request and a delay were under way."""
    before = set(threading.enumerate())
    sandbox = start()
    port = int(sandbox.url.rsplit(":", 1)[1])
    actor = Actor(sandbox, SENDER)
    actor.send("311000047", b"x" * 1000)
    fault = {"channel": "broker", "operation": "list", "action": "delay:60000"}
    requests.post(f"{sandbox.url}/_sim/faults", json=fault, timeout=10)
    waiting = threading.Thread(target=_ignore_errors, args=(lambda: actor.broker("GET", ""),))
    waiting.start()
    idle = socket.create_connection(("127.0.0.1", port))
    time.sleep(0.2)
    begun = time.monotonic()
    sandbox.stop()
    sandbox.stop()
    waiting.join(10)
    idle.close()
    assert time.monotonic() - begun < 10
    assert set(threading.enumerate()) - before == set()
    assert not (folder / "spool").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.parametrize(
    "place", ["gateway.sandbox.recipients.read_sbd", "gateway.sandbox.deliveries.Deliveries.listed"]
)
def test_stop_waits_for_what_is_under_way(
    start: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A recipient that is judging a parcel, and a request that is being served, have ended when stop returns."""
    busy, workers = threading.Event(), []

    def work_for_a_while(*_: object, **__: object) -> None:
        workers.append(threading.current_thread())
        busy.set()
        time.sleep(0.6)
        raise NotFound("nothing came of it")

    monkeypatch.setattr(place, work_for_a_while)
    sandbox = start()
    Actor(sandbox, SENDER).send(FJORDVIK, b"x")
    look_at = f"{sandbox.url}/_sim/deliveries"
    asking = threading.Thread(target=_ignore_errors, args=(lambda: requests.get(look_at, timeout=10),))
    asking.start()
    assert busy.wait(timeout=5)
    sandbox.stop()
    assert not any(thread.is_alive() for thread in workers)
    asking.join()


def test_a_port_that_is_taken_is_a_fault_of_the_setup(sandbox: Sandbox, folder: Path, tmp_path: Path) -> None:
    """It says which port, and what to do, instead of ending the process."""
    port = int(sandbox.url.rsplit(":", 1)[1])
    schemas = {file.name: file.read_bytes() for file in shipped("schemas").iterdir()}
    with pytest.raises(SetupFault, match=str(port)):
        Sandbox.start(tmp_path, schemas=schemas, port=port)


def test_a_chosen_port_is_taken_again_after_a_stop(schemas: Schemas, folder: Path) -> None:
    """Started anew at once on the same port, it is there again with the same keys."""
    with Sandbox(folder, schemas, port=0, pace=Pace()) as first:
        port, root = int(first.url.rsplit(":", 1)[1]), first.authority.root
        requests.get(first.url, timeout=10)
    with Sandbox(folder, schemas, port=port, pace=Pace()) as second:
        assert requests.get(second.url, timeout=10).status_code == 200
        assert second.authority.root == root


def test_many_requests_are_served_side_by_side(sandbox: Sandbox) -> None:
    """A slow look-up does not hold up the others."""
    actor = Actor(sandbox, SENDER)
    actor.altinn(WRITE)
    slow = {"channel": "broker", "operation": "initialize", "action": "delay:60000", "times": 1}
    requests.post(f"{sandbox.url}/_sim/faults", json=slow, timeout=10)
    first = threading.Thread(target=_ignore_errors, args=(lambda: actor.initialize("311000047"),))
    first.start()
    await_until(lambda: requests.get(f"{sandbox.url}/_sim/faults", timeout=10).json()[0]["times"] == 0)
    assert actor.initialize("311000047").status_code == 200
    assert first.is_alive()
    sandbox.stop()
    first.join(10)
    assert not first.is_alive()


def _ignore_errors(request: Callable[[], object]) -> None:
    try:
        request()
    except requests.RequestException:
        return
