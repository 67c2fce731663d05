"""`gateway status --explain`, `gateway retry` and `gateway cancel` against a served gateway, in both languages."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Run
from tests.documents import Message, Part
from tests.journeys.following import fault, log_of, message_of, send, wait_for_status
from tests.journeys.test_by_hand import carry
from tests.live import Gateway, working

HELSE = "0192:311000063"


@pytest.fixture
def here(run: Run, gateway: Gateway) -> Run:
    """A command against the served gateway."""
    return lambda *arguments: run(*arguments, "--url", gateway.url)


def told(output: str, *words: str) -> bool:
    """Whether all of these stand in the output, in this order."""
    story = output[output.index("message ") :]
    for each in words:
        _, found, story = story.partition(each)
        assert found, (each, output)
    return True


def test_a_failure_is_explained(here: Run, gateway: Gateway) -> None:
    """Step by step, with the channel's words and status; what is awaited, who must act, what to do, how to go on."""
    fault(gateway, "broker initialize", "status:422", times=None)
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    result = here("status", message_id, "--explain")
    assert result.exit_code == 0
    assert told(
        result.output,
        f"message {message_id} to 0192:311000020 by DPO: FAILED",
        "OPPRETTET",
        "tried to hand it over: Altinn Broker answered 422",
        "(HTTP 422)",
        "FEIL",
        "awaited now: nothing; it has failed",
        "who must act: the operator of the gateway",
        "what to do: ",
        "the channel's own words: ",
        f"gateway retry {message_id}",
    )
    story = result.output.partition(f"message {message_id} to")[2]
    assert story.count("Altinn Broker answered 422") == 1
    plain = here("status", message_id).output
    assert "who must act: the operator" in plain
    assert "awaited now" not in plain


def test_what_is_under_way_is_explained(here: Run, gateway: Gateway) -> None:
    """When the next try is, and that nobody needs to act; how to try at once."""
    fault(gateway, "broker initialize", "status:503")
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    assert told(
        here("status", message_id, "--explain").output,
        "under way",
        "(HTTP 503)",
        "next try 2",
        "awaited now: the next try, 2",
        "deadline: ",
        "who must act: nobody",
        "to try at once: gateway retry",
    )


def test_what_is_held_back_is_explained(here: Run, gateway: Gateway) -> None:
    """Until when, and no advice to retry, which would be refused."""
    at = datetime.now(UTC) + timedelta(hours=1)
    (message_id,) = send(gateway, notBefore=at.isoformat())
    output = here("status", message_id, "--explain").output
    assert f"the time until which it is held back, {at:%Y-%m-%d %H:%M:%S}" in output
    assert "gateway retry" not in output
    result = here("retry", message_id)
    assert (result.exit_code, "held back until" in result.output) == (1, True)


def test_the_whole_way_is_explained(here: Run, gateway: Gateway) -> None:
    """From the transfer's name at the channel to the receipts."""
    (message_id,) = send(gateway)
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    output = here("status", message_id, "--explain").output
    assert told(
        output, "OPPRETTET", "the channel calls it", "SENDT", "MOTTATT", "LEVERT", "LEST", "it has been delivered"
    )


def test_it_is_explained_in_bokmaal(here: Run, gateway: Gateway) -> None:
    """The server's sentences and the command's own."""
    fault(gateway, "broker initialize", "status:422", times=None)
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    output = here("status", message_id, "--explain", "--lang", "nb").output
    for words in (
        "forsøkte å overlevere den",
        "nå ventes det på: ingenting",
        "hvem må gjøre noe: den som drifter",
        "hva må gjøres: Den",
    ):
        assert words in output
    for words in ("awaited", "must act", "operator", "answered"):
        assert words not in output
    assert "satt i gang igjen" in here("retry", message_id, "--lang", "nb").output
    assert "kansellert, ingenting ble sendt" in here("cancel", message_id, "--lang", "nb").output


def test_of_a_conversation_all_that_can_be_is_tried(here: Run, gateway: Gateway) -> None:
    """One has failed, one is cancelled: the first is started again, the other passed over; by whom is kept."""
    fault(gateway, "broker initialize", "status:422", times=None)
    failed, cancelled = send(gateway, Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    carry(gateway, failed)
    assert here("cancel", cancelled).exit_code == 0
    conversation = gateway.call("GET", f"/statuses/{failed}").json()["conversationId"]
    result = here("retry", conversation, "--actor", "saksbehandler-7")
    assert (result.exit_code, f"{failed} to" in result.output, cancelled in result.output) == (0, True, False)
    assert log_of(gateway, failed) == ["OPPRETTET", "FEIL", "OPPRETTET"]
    assert (
        "by hand after it had failed; nothing had been handed over (saksbehandler-7)"
        in here("status", conversation, "--explain").output
    )


def test_of_a_conversation_all_that_can_be_is_cancelled(here: Run, gateway: Gateway) -> None:
    """Both, by the conversation's id; once more there is nothing left to do, exit code 1."""
    ids = send(gateway, Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    conversation = gateway.call("GET", f"/statuses/{ids[0]}").json()["conversationId"]
    assert here("cancel", conversation).exit_code == 0
    assert [message_of(gateway, each)["outcome"] for each in ids] == ["cancelled"] * 2
    again = here("cancel", conversation)
    assert (again.exit_code, "there is no message here" in again.output) == (1, True)
    assert here("status", conversation).output.count("cancelled by hand") == 2


@pytest.mark.parametrize("command", ["retry", "cancel"])
def test_a_refusal_says_what_to_do_instead(here: Run, gateway: Gateway, command: str) -> None:
    """What has been handed over is neither sent twice nor taken back: 1 with the mend; an unknown id 1; no answer 2."""
    (message_id,) = send(gateway)
    with working(gateway):
        wait_for_status(gateway, message_id, "LEVERT")
    result = here(command, message_id)
    assert (result.exit_code, "refused: " in result.output, "mend: " in result.output) == (1, True, True)
    assert here(command, "00000000-0000-4000-8000-000000000000").exit_code == 1


@pytest.mark.parametrize("command", ["retry", "cancel"])
def test_no_answer_is_told(run: Run, command: str) -> None:
    """Nobody listens there: 2."""
    assert run(command, "x", "--url", "http://127.0.0.1:9").exit_code == 2
