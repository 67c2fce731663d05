"""The Broker: its states one after the other, who may do what, and the status code of each broken rule."""

import hashlib
import http.client
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests

from gateway.sandbox.organisations import SEEDED
from gateway.sandbox.server import Sandbox

from .acting import READ, TREDJE_PART, WRITE, Actor, await_until

BODY = b"PK nothing that a recipient could read"
LIA = "311000047"  # no DPO: nobody fetches what is sent there
Act = Callable[[str], Actor]


def listed(actor: Actor, **query: str) -> list[str]:
    """The ids that a list call gives."""
    answer = actor.broker("GET", "", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


WAITING = {"status": "Published", "recipientStatus": "Initialized"}


def test_a_transfer_goes_through_its_states(sender: Actor, act: Act) -> None:
    """From Initialized over Published and DownloadStarted to AllConfirmedDownloaded; the bytes stay what they were."""
    lia = act(LIA)
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    assert sender.state(transfer) == "Initialized"
    answer = sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY)
    assert (answer.status_code, answer.json()) == (200, {"fileTransferId": transfer})
    assert sender.state(transfer) == "Published"
    assert listed(lia, **WAITING) == [transfer]
    assert lia.broker("GET", f"/{transfer}/download").content == BODY
    overview = lia.broker("GET", f"/{transfer}").json()
    assert overview["recipients"][0]["currentRecipientFileTransferStatusCode"] == "DownloadStarted"
    assert listed(lia, **WAITING) == []
    assert [lia.broker("POST", f"/{transfer}/confirmdownload").status_code for _ in range(2)] == [200, 200]
    overview = lia.broker("GET", f"/{transfer}").json()
    assert overview["fileTransferStatus"] == "AllConfirmedDownloaded"
    assert overview["recipients"][0]["currentRecipientFileTransferStatusCode"] == "DownloadConfirmed"
    assert overview["fileTransferSize"] == len(BODY)


def test_a_list_does_not_show_what_is_still_scanned(start: Callable[..., Sandbox]) -> None:
    """After the upload a transfer is UploadProcessing: neither listed as published nor fetched until it is."""
    sandbox = start(virus_scan=1.0)
    sender, lia = (Actor(sandbox, SEEDED[index]) for index in (0, 3))
    transfer = sender.send(LIA, BODY)
    assert sender.state(transfer) == "UploadProcessing"
    assert listed(lia, **WAITING) == []
    assert lia.broker("GET", f"/{transfer}/download").status_code == 400
    assert await_until(lambda: listed(lia, **WAITING)) == [transfer]


def test_a_transfer_is_purged_in_the_end(start: Callable[..., Sandbox]) -> None:
    """A day after the last confirmation, or thirty days after it began, the bytes are gone and the state is Purged."""
    clock = [datetime.now(UTC)]
    sandbox = start(now=lambda: clock[0])
    sender, lia = (Actor(sandbox, SEEDED[index], clock=lambda: clock[0]) for index in (0, 3))
    fetched, left = sender.send(LIA, BODY), sender.send(LIA, BODY)
    lia.broker("GET", f"/{fetched}/download")
    lia.broker("POST", f"/{fetched}/confirmdownload")
    for days, states in (
        (0.9, ("AllConfirmedDownloaded", "Published")),
        (1.1, ("Purged", "Published")),
        (31, ("Purged", "Purged")),
    ):
        clock[0] = datetime.now(UTC) + timedelta(days=days)
        sender.tokens.clear()
        lia.tokens.clear()
        assert (sender.state(fetched), sender.state(left)) == states
    assert lia.broker("GET", f"/{left}/download").status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"sender": "311000012"},
        {"sender": None},
        {"recipients": []},
        {"recipients": ["311000047"]},
        {"fileName": ""},
        {"fileName": "x" * 256},
        {"resourceId": "another-resource"},
        {"propertyList": {"a": 1}},
        {"checksum": 7},
    ],
)
def test_a_wish_that_breaks_a_rule_is_400(sender: Actor, changed: dict[str, object]) -> None:
    """Sender, recipients, file name, resource, properties and checksum are checked; the answer is problem details."""
    answer = sender.initialize(LIA, **changed)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_nobody_sends_in_anothers_name(sender: Actor, act: Act) -> None:
    """The token's system user must be the sender's: 403, at initialise and at upload."""
    stranger = act(TREDJE_PART)
    assert stranger.initialize(LIA, sender=sender.organisation.identifier).status_code == 403
    transfer = sender.initialize(TREDJE_PART).json()["fileTransferId"]
    assert stranger.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY).status_code == 403
    assert sender.state(transfer) == "Initialized"


def test_the_scope_must_fit(sender: Actor) -> None:
    """Reading with the scope for writing is 403, and the other way round."""
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    assert sender.broker("GET", "", scope=WRITE).status_code == 403
    assert sender.broker("GET", f"/{transfer}/download", scope=WRITE).status_code == 403
    assert sender.broker("POST", f"/{transfer}/confirmdownload", scope=WRITE).status_code == 403
    assert sender.broker("POST", f"/{transfer}/upload", scope=READ, data=BODY).status_code == 403


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}])
def test_without_a_token_nothing_happens(sandbox: Sandbox, header: dict[str, str]) -> None:
    """No token, or one that is not Altinn's, is 401."""
    assert requests.get(f"{sandbox.url}/broker/api/v1/filetransfer", headers=header, timeout=10).status_code == 401


def test_a_maskinporten_token_is_no_altinn_token(sender: Actor) -> None:
    """What was not exchanged is refused."""
    sender.tokens[READ] = sender.token(READ)
    assert sender.broker("GET", "").status_code == 401


def test_others_do_not_see_a_transfer(sender: Actor, act: Act) -> None:
    """For whoever neither sends nor receives it, a transfer does not exist; the sender cannot download it."""
    transfer = sender.send(LIA, BODY)
    stranger = act(TREDJE_PART)
    assert listed(stranger) == []
    for method, path in (("GET", ""), ("GET", "/download"), ("POST", "/confirmdownload")):
        assert stranger.broker(method, f"/{transfer}{path}").status_code == 404
    assert sender.broker("GET", f"/{transfer}/download").status_code == 404
    assert sender.broker("GET", "/6f1c2a58-3a0e-4b57-9c55-0d6b1f0a7e11").status_code == 404


def test_bytes_are_taken_once(sender: Actor) -> None:
    """A second upload is 409, an unknown transfer 404, and an upload without a byte 400."""
    transfer = sender.send(LIA, BODY)
    assert sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY).status_code == 409
    assert sender.broker("POST", "/unknown/upload", scope=WRITE, data=BODY).status_code == 404
    empty = sender.initialize(LIA).json()["fileTransferId"]
    assert sender.broker("POST", f"/{empty}/upload", scope=WRITE, data=b"").status_code == 400
    assert sender.state(empty) == "Failed"


def test_what_is_not_published_is_neither_downloaded_nor_confirmed(sender: Actor, act: Act) -> None:
    """Download before the upload, and confirmation before the download, are 400."""
    lia = act(LIA)
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    assert lia.broker("GET", f"/{transfer}/download").status_code == 400
    sent = sender.send(LIA, BODY)
    assert lia.broker("POST", f"/{sent}/confirmdownload").status_code == 400


def test_a_checksum_is_compared(sender: Actor) -> None:
    """The MD5 given at initialise must be that of the bytes; else 400 and Failed."""
    good = hashlib.md5(BODY).hexdigest()
    for checksum, status, state in ((good, 200, "Published"), ("0" * 32, 400, "Failed")):
        transfer = sender.initialize(LIA, checksum=checksum).json()["fileTransferId"]
        assert sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY).status_code == status
        assert sender.state(transfer) == state


def test_an_upload_that_is_too_large_is_refused_by_its_length(sender: Actor) -> None:
    """More than a GiB is 400, decided from Content-Length, and the transfer can still be uploaded to."""
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    connection = _connect(sender)
    connection.putrequest("POST", f"/broker/api/v1/filetransfer/{transfer}/upload")
    for name, value in {**sender.altinn(WRITE), "Content-Length": str(1024**3 + 1)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()
    assert sender.state(transfer) == "Initialized"


@pytest.mark.parametrize("framing", [{"Content-Length": "1000"}, {"Transfer-Encoding": "chunked"}])
def test_an_upload_that_is_cut_off_fails(sender: Actor, framing: dict[str, str]) -> None:
    """A body that ends early is not taken for a whole one, with Content-Length or chunked: it is Failed."""
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    connection = _connect(sender)
    connection.putrequest("POST", f"/broker/api/v1/filetransfer/{transfer}/upload")
    for name, value in {**sender.altinn(WRITE), **framing}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"64\r\n" + b"x" * 100 + b"\r\n" if "Transfer-Encoding" in framing else b"x" * 100)
    connection.close()
    assert await_until(lambda: sender.state(transfer) == "Failed")


def test_a_chunked_upload_is_taken_whole(sender: Actor, act: Act) -> None:
    """Without Content-Length the bytes come in chunks, and arrive as they were."""
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    chunks = [b"x" * 70_000, b"y" * 70_000]
    assert sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=iter(chunks)).status_code == 200
    assert act(LIA).broker("GET", f"/{transfer}/download").content == b"".join(chunks)


def test_a_list_holds_the_newest_hundred(sender: Actor, act: Act) -> None:
    """Of a hundred and one the oldest is listed only where `to` asks for it; another resource is 403, an unknown status 400."""
    transfers = [sender.initialize(LIA).json()["fileTransferId"] for _ in range(101)]
    assert listed(act(LIA), status="Initialized") == list(reversed(transfers[1:]))
    oldest = act(LIA).broker("GET", f"/{transfers[2]}").json()["created"]
    assert listed(act(LIA), status="Initialized", to=oldest) == [transfers[1], transfers[0]]
    assert sender.broker("GET", "", params={"resourceId": "another"}).status_code == 403
    assert sender.broker("GET", "", params={"status": "Lost"}).status_code == 400


@pytest.mark.parametrize("state", ["Cancelled", "Failed", "Purged"])
def test_a_transfer_can_be_forced(sandbox: Sandbox, sender: Actor, act: Act, state: str) -> None:
    """The controls put a transfer into any state; its recipient is then no longer offered it."""
    transfer = sender.send(LIA, BODY)
    answer = requests.post(f"{sandbox.url}/_sim/transfers/{transfer}", json={"state": state}, timeout=10)
    assert answer.json()["fileTransferStatus"] == sender.state(transfer) == state
    assert listed(act(LIA), **WAITING) == []
    assert requests.post(f"{sandbox.url}/_sim/transfers/none", json={"state": state}, timeout=10).status_code == 404


def _connect(actor: Actor) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(actor.sandbox.url).netloc, timeout=10)
    connection.connect()
    return connection
