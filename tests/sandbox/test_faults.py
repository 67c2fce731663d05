"""The fault dial and the journal: what is set happens, as often as it is set, to whom it is set."""

import time
from collections.abc import Callable

import pytest
import requests

from gateway.errors import Invalid
from gateway.sandbox.faults import Action, Call, Channel, Dial
from gateway.sandbox.server import Sandbox

from .acting import FJORDVIK, WRITE, Actor

LIA, BREIDAL = "311000047", "311000039"
BODY = b"x" * 300_000
Turn = Callable[..., requests.Response]
UPLOAD = Call(Channel.BROKER, "upload", frozenset({LIA}))


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"channel": "pigeon", "operation": "upload", "action": "status:503"},
        {"channel": "broker", "operation": "fly", "action": "status:503"},
        {"channel": "broker", "operation": "upload", "action": "explode"},
        {"channel": "broker", "operation": "upload", "action": "status"},
        {"channel": "broker", "operation": "upload", "action": "status:200"},
        {"channel": "broker", "operation": "upload", "action": "delay:soon"},
        {"channel": "broker", "operation": "upload", "action": "bad-signature"},
        {"channel": "broker", "operation": "upload", "action": "never-fetch"},
        {"channel": "registry", "operation": "lookup", "action": "virus"},
        {"channel": "recipient", "operation": "kvittering", "action": "kvittering:PERHAPS"},
        {"channel": "recipient", "operation": "fetch", "action": "status:503"},
        {"channel": "broker", "operation": "upload", "action": "status:503", "times": -1},
        {"channel": "broker", "operation": "upload", "action": "status:503", "times": True},
        {"channel": "broker", "operation": "upload", "action": "status:503", "time": 1},
        {"channel": "broker", "operation": "upload", "action": "drop-before", "retryAfter": 1},
        {"channel": "altinn", "operation": "exchange", "action": "status:503", "organisation": LIA},
    ],
)
def test_a_fault_that_could_never_happen_is_refused(wish: dict[str, object]) -> None:
    """A misspelt channel, operation or action, or one that does not fit, is said at once instead of doing nothing."""
    with pytest.raises(Invalid):
        Dial().set(wish)


def test_the_dial_says_what_it_can_do(sandbox: Sandbox) -> None:
    """`GET /_sim`: every control; and whatever it lists as a fault can be set just as it stands there."""
    told = requests.get(f"{sandbox.url}/_sim", timeout=10).json()
    assert {"GET /_sim/faults", "POST /_sim/faults", "DELETE /_sim/faults", "GET /_sim/deliveries"} < set(
        told["controls"]
    )
    assert len(told["faults"]) == len(Action)
    for action, places in told["faults"].items():
        assert places
        for place in places:
            channel, operation = place.split(" ")
            assert Dial().set({"channel": channel, "operation": operation, "action": action}).show()["action"] == action
    assert Dial().set(told["example"])


def test_a_fault_happens_as_often_as_it_is_set() -> None:
    """After `skip` calls that go well it strikes `times` times; without `times` for ever."""
    dial = Dial()
    dial.set({"channel": "broker", "operation": "upload", "action": "status:503", "times": 2, "skip": 1})
    assert [dial.take(UPLOAD) is not None for _ in range(5)] == [False, True, True, False, False]
    dial.set({"channel": "broker", "operation": "upload", "action": "drop-before"})
    assert all(dial.take(UPLOAD) for _ in range(5))
    dial.clear()
    assert dial.take(UPLOAD) is None


def test_a_fault_strikes_whom_it_is_meant_for() -> None:
    """With an organisation it strikes that one's calls alone, and other operations never."""
    dial = Dial()
    dial.set({"channel": "broker", "operation": "upload", "action": "status:503", "organisation": f"0192:{LIA}"})
    assert dial.take(Call(Channel.BROKER, "upload", frozenset({BREIDAL}))) is None
    assert dial.take(Call(Channel.BROKER, "download", frozenset({LIA}))) is None
    assert dial.take(UPLOAD) is not None


def test_a_status_is_answered_and_nothing_is_done(sender: Actor, fault: Turn) -> None:
    """The upload gets 503 with Retry-After although its body was large, and the transfer is as it was."""
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    assert fault("broker", "upload", "status:503", times=1, retryAfter=7).status_code == 201
    answer = sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert sender.state(transfer) == "Initialized"
    assert sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY).status_code == 200


@pytest.mark.parametrize(
    ("action", "state"),
    [("drop-before", "Initialized"), ("drop-in-body", "UploadStarted"), ("drop-after-commit", "Published")],
)
def test_a_dropped_connection_leaves_the_state_that_its_name_says(
    sender: Actor, fault: Turn, action: str, state: str
) -> None:
    """Before, in the middle of, or after the upload: no answer comes, and only the overview tells what was done."""
    transfer = sender.initialize(LIA).json()["fileTransferId"]
    fault("broker", "upload", action, times=1)
    with pytest.raises(requests.ConnectionError):
        sender.broker("POST", f"/{transfer}/upload", scope=WRITE, data=BODY)
    assert sender.state(transfer) == state


def test_a_lost_answer_of_initialise_leaves_a_transfer(sandbox: Sandbox, sender: Actor, fault: Turn) -> None:
    """After `drop-after-commit` on initialise the transfer is there, though nobody knows its id."""
    fault("broker", "initialize", "drop-after-commit", times=1)
    with pytest.raises(requests.ConnectionError):
        sender.initialize(LIA)
    (transfer,) = requests.get(f"{sandbox.url}/_sim/transfers", timeout=10).json()
    assert transfer["fileTransferStatus"] == "Initialized"


def test_a_delay_delays(sender: Actor, fault: Turn) -> None:
    """`delay:400` answers rightly, 400 milliseconds later."""
    sender.altinn(WRITE)
    fault("broker", "initialize", "delay:400", times=1)
    begun = time.monotonic()
    assert sender.initialize(LIA).status_code == 200
    assert time.monotonic() - begun >= 0.4


def test_an_infected_upload_fails_after_the_scan(sender: Actor, fault: Turn) -> None:
    """The upload is answered 200, and the transfer becomes Failed with the scan's words."""
    fault("broker", "upload", "virus", times=1)
    transfer = sender.send(LIA, BODY)
    overview = sender.broker("GET", f"/{transfer}").json()
    assert (overview["fileTransferStatus"], overview["fileTransferStatusText"]) == ("Failed", "Malware scan failed")


def test_a_download_can_end_early(sender: Actor, act: Callable[[str], Actor], fault: Turn) -> None:
    """`truncate:1000` gives a thousand bytes of what Content-Length announces, and can be asked again."""
    transfer, lia = sender.send(LIA, BODY), act(LIA)
    fault("broker", "download", "truncate:1000", times=1)
    with pytest.raises(requests.RequestException):
        lia.broker("GET", f"/{transfer}/download")
    assert lia.broker("GET", f"/{transfer}/download").content == BODY


@pytest.mark.parametrize(
    ("channel", "operation", "status"),
    [("broker", "list", 401), ("registry", "info", 401), ("maskinporten", "token", 400)],
)
def test_a_token_can_have_run_out(sender: Actor, fault: Turn, channel: str, operation: str, status: int) -> None:
    """`expired-token` answers what the service answers to a token or assertion that is too old."""
    sender.altinn("altinn:broker.read")
    bearer = {"Authorization": f"Bearer {sender.token('eformidling:dpo')}"}
    fault(channel, operation, "expired-token")
    answers = {
        "broker": lambda: sender.broker("GET", ""),
        "registry": lambda: requests.get(
            f"{sender.sandbox.url}/adressetjeneste/info/{FJORDVIK}", headers=bearer, timeout=10
        ),
        "maskinporten": lambda: sender.ask_token(sender.assertion(sender.claims(WRITE))),
    }
    assert answers[channel]().status_code == status


def test_an_answer_can_be_no_json(sender: Actor, fault: Turn) -> None:
    """`bad-json` is a 200 that cannot be read."""
    fault("broker", "initialize", "bad-json", times=1)
    answer = sender.initialize(LIA)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_fault_over_http_strikes_one_receiver_alone(sender: Actor, fault: Turn) -> None:
    """Only the look-up of the named organisation fails; the next one is answered."""
    fault("registry", "lookup", "status:500", organisation=BREIDAL)
    bearer = {"Authorization": f"Bearer {sender.token('eformidling:dpo')}"}
    url = f"{sender.sandbox.url}/adressetjeneste/identifier"
    statuses = [requests.get(f"{url}/{number}", headers=bearer, timeout=10).status_code for number in (BREIDAL, LIA)]
    assert statuses == [500, 200]


def test_the_dial_shows_what_is_left_and_is_cleared(sandbox: Sandbox, fault: Turn) -> None:
    """GET lists the settings, DELETE ends them, and a setting that makes no sense is 400 over HTTP too."""
    assert fault("altinn", "exchange", "status:500", times=3).json()["times"] == 3
    requests.get(f"{sandbox.url}/authentication/api/v1/exchange/maskinporten", timeout=10)
    (shown,) = requests.get(f"{sandbox.url}/_sim/faults", timeout=10).json()
    assert (shown["channel"], shown["action"], shown["times"]) == ("altinn", "status:500", 2)
    assert requests.delete(f"{sandbox.url}/_sim/faults", timeout=10).status_code == 204
    assert requests.get(f"{sandbox.url}/_sim/faults", timeout=10).json() == []
    assert fault("altinn", "exchange", "kvittering:OK").status_code == 400


def test_the_journal_holds_every_request_without_identifiers_or_tokens(
    sandbox: Sandbox, sender: Actor, fault: Turn
) -> None:
    """Method, route template, status and fault are kept, with null for a dropped answer, and nothing else."""
    token = sender.altinn(WRITE)["Authorization"]
    requests.get(f"{sandbox.url}/adressetjeneste/info/15859010099", timeout=10)
    fault("broker", "initialize", "drop-after-commit", times=1)
    with pytest.raises(requests.ConnectionError):
        sender.initialize(LIA)
    answer = requests.get(f"{sandbox.url}/_sim/journal", timeout=10)
    seen = [(entry["method"], entry["route"], entry["status"], entry["fault"]) for entry in answer.json()]
    assert seen == [
        ("POST", "/token", 200, None),
        ("GET", "/authentication/api/v1/exchange/maskinporten", 200, None),
        ("GET", "/adressetjeneste/info/<identifier>", 401, None),
        ("POST", "/broker/api/v1/filetransfer", None, "drop-after-commit"),
    ]
    assert "15859010099" not in answer.text
    assert token.removeprefix("Bearer ") not in answer.text
