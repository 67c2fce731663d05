"""`/api/capabilities` over HTTP: the registry's answer in the reference's words."""

import pytest
import requests

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from tests.api.nextmove.asking import OWN, ask, refused
from tests.documents import DPF, DPO
from tests.journeys.following import fault
from tests.live import Gateway


def test_what_an_organisation_can_take(gateway: Gateway) -> None:
    """Each process with its channel and document types; the bare number and 0192: find the same."""
    found = ask(gateway, f"/capabilities/{DPO.removeprefix('0192:')}")
    assert found == ask(gateway, f"/capabilities/{DPO}/")
    (entry,) = [each for each in found["capabilities"] if each["process"] == ADMINISTRASJON]
    assert entry["serviceIdentifier"] == "DPO"
    assert {"type": "arkivmelding", "standard": ARKIVMELDING} in entry["documentTypes"]
    assert set(entry) == {"process", "serviceIdentifier", "documentTypes"}


def test_one_process_and_a_level(gateway: Gateway) -> None:
    """The query narrows it down; unknown members of it are passed over."""
    found = ask(gateway, f"/capabilities/{DPF}", params={"process": ADMINISTRASJON, "securityLevel": "3", "x": "y"})
    assert {each["process"] for each in found["capabilities"]} == {ADMINISTRASJON}


@pytest.mark.parametrize("receiver", ["311000098", "nonsense", "12345678901"])
def test_who_is_not_registered(gateway: Gateway, receiver: str) -> None:
    """404 with the reference's class, for what is no identifier, too."""
    refused(gateway.call("GET", f"/api/capabilities/{receiver}"), 404, f"{OWN}IdentifierNotFoundException")


def test_a_level_that_is_no_number(gateway: Gateway) -> None:
    """400 with the framework's class."""
    answer = gateway.call("GET", f"/api/capabilities/{DPO}?securityLevel=high")
    refused(answer, 400, "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException")


def test_a_registry_that_does_not_answer(gateway: Gateway) -> None:
    """503, and when to try again: not the 404 of somebody who is unknown."""
    fault(gateway, "registry lookup", "status:500", times=None)
    try:
        answer: requests.Response = gateway.call("GET", "/api/capabilities/311000101")
    finally:
        requests.delete(f"{gateway.sandbox.url}/_sim/faults", timeout=10)
    refused(answer, 503, f"{OWN}MeldingsUtvekslingRuntimeException")
    assert int(answer.headers["Retry-After"]) > 0
