"""Verdicts and acts by hand over HTTP: the timeline, who must act, retry, cancel, and what is held back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from gateway.api import answers, single_answers
from gateway.api.login import hash_key
from gateway.config import load
from gateway.delivery.committing import DELIVER
from gateway.delivery.submission import IntakeSettings
from gateway.errors import LeaseLost, SetupFault
from gateway.sandbox.server import Sandbox
from gateway.storage import clients, tasks
from gateway.storage.clients import Client, ClientKind
from tests.documents import SENDER, Message
from tests.journeys.following import (
    delivery_of,
    fault,
    log_of,
    message_of,
    post,
    send,
    sim,
    wait_for,
    wait_for_status,
)
from tests.journeys.test_doubt import carrier_of, claim
from tests.live import Gateway, serving, working
from tests.secrets import PDF, PERSON_NUMBER

WHOLE = ["OPPRETTET", "SENDT", "MOTTATT", "LEVERT", "LEST"]


def path_of(message_id: str) -> str:
    """The address of one message."""
    return f"/out/messages/{message_id}/messages/{message_id}"


def timeline_of(gateway: Gateway, message_id: str) -> dict:  # type: ignore[type-arg]
    """Its timeline; every answer is as it is described."""
    answer = gateway.call("GET", f"{path_of(message_id)}/timeline")
    assert answer.status_code == 200, answer.text
    assert single_answers.TimelineAnswer().load(answer.json())
    return answer.json()  # type: ignore[no-any-return]


def rows(timeline: dict, kind: str) -> list[dict]:  # type: ignore[type-arg]
    """The rows of one kind."""
    return [entry for entry in timeline["timeline"] if entry["kind"] == kind]


def retry(gateway: Gateway, message_id: str, **body: str) -> requests.Response:
    """A retry by hand."""
    return gateway.call("POST", f"{path_of(message_id)}/retry", json=body)


def refused(answer: requests.Response, code: str) -> str:
    """A refusal with 409 and that code; what to do instead."""
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text
    return str(answer.json()["mend"])


def transfer_of(gateway: Gateway, reference: str) -> dict:  # type: ignore[type-arg]
    """What the channel itself says of a transfer."""
    (found,) = (entry for entry in sim(gateway, "GET", "transfers") if entry["fileTransferId"] == reference)  # type: ignore[attr-defined]
    return found  # type: ignore[no-any-return]


def carry(gateway: Gateway, message_id: str, *, at: timedelta = timedelta()) -> None:
    """One step of a worker."""
    carrier_of(gateway).carry(claim(gateway, DELIVER, message_id, at=at))


def test_the_timeline_tells_everything_in_order(gateway: Gateway) -> None:
    """A try that was turned away, with the channel's words and status; its name there; the hand-over; the receipts."""
    fault(gateway, "broker upload", "status:503")
    (message_id,) = send(gateway)
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    told = timeline_of(gateway, message_id)
    moments = [entry["at"] for entry in told["timeline"]]
    assert moments == sorted(moments)
    assert [entry["name"] for entry in rows(told, "status")] == WHOLE
    (named,) = rows(told, "reference")
    assert named["reference"] == told["reference"]
    tries = rows(told, "attempt")
    assert (tries[0]["verdict"], tries[0]["httpStatus"], tries[0]["mustAct"]) == ("ask", 503, "nobody")
    assert tries[0]["answer"]
    assert tries[0]["nextTry"] > tries[0]["at"]
    assert [(each["name"], each["verdict"]) for each in tries[1:2]] == [("deliver", None)]
    assert (told["outcome"], told["awaits"], told["nextTry"], told["mustAct"]) == ("delivered", "nothing", None, None)
    assert (told["round"], told["mayRetry"]) == (1, False)


def test_what_stands_in_the_way_is_told_while_it_does(gateway: Gateway) -> None:
    """After a try that was turned away: when the next one is, that nobody needs to act, the channel's words."""
    fault(gateway, "broker initialize", "status:503")
    (message_id,) = send(gateway)
    assert (timeline_of(gateway, message_id)["awaits"], timeline_of(gateway, message_id)["mustAct"]) == (
        "hand-over",
        None,
    )
    carry(gateway, message_id)
    told = timeline_of(gateway, message_id)
    assert (told["outcome"], told["awaits"], told["mustAct"]) == ("pending", "hand-over", "nobody")
    assert told["nextTry"] == rows(told, "attempt")[-1]["nextTry"]
    assert (told["answer"], told["mayRetry"], told["underWay"]) == (rows(told, "attempt")[-1]["answer"], True, False)
    claim(gateway, DELIVER, message_id, at=timedelta(minutes=1))
    told = timeline_of(gateway, message_id)
    assert (told["nextTry"], told["underWay"]) == (None, True)


@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_a_failure_says_at_once_who_must_act(gateway: Gateway, status: int) -> None:
    """FEIL carries the channel's words, our sentence and who must act, in the statuses and in the timeline alike."""
    fault(gateway, "broker initialize", f"status:{status}", times=None)
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    answer = gateway.call("GET", f"/statuses/{message_id}").json()
    assert answers.StatusAnswer().load(answer)
    failed = answer["messages"][0]["statuses"][-1]
    who = "sender" if status == 413 else "operator"
    assert (failed["status"], failed["mustAct"]) == ("FEIL", who)
    assert failed["answer"]
    assert failed["mend"]
    assert failed["mend"] in failed["description"]
    told = timeline_of(gateway, message_id)
    assert (told["outcome"], told["mustAct"], told["mend"]) == ("failed", who, failed["mend"])
    assert told["answer"] == failed["answer"]
    (tried,) = rows(told, "attempt")
    assert (tried["verdict"], tried["httpStatus"], tried["nextTry"]) == ("stop", status, None)


def test_a_refusal_by_the_recipients_archive_is_the_recipients_move(gateway: Gateway) -> None:
    """Its words are the answer; and it is not sent again, for the recipient has it."""
    fault(gateway, "recipient kvittering", "kvittering:ERROR")
    (message_id,) = send(gateway)
    with working(gateway):
        wait_for_status(gateway, message_id, "FEIL")
    failed = message_of(gateway, message_id)["statuses"][-1]
    assert (failed["mustAct"], bool(failed["answer"])) == ("recipient", True)
    assert timeline_of(gateway, message_id)["mayRetry"] is False
    assert "recipient" in refused(retry(gateway, message_id), "HANDED_OVER")
    assert delivery_of(gateway, message_id)["copies"] == 1  # type: ignore[index]


def test_a_failed_message_is_started_again_and_arrives_once(gateway: Gateway) -> None:
    """Refused at the upload, mended, started again: a new round in log and feed, the same transfer, one copy."""
    fault(gateway, "broker upload", "status:422", times=None)
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    assert message_of(gateway, message_id)["outcome"] == "failed"
    conversation = gateway.call("GET", f"/out/messages/{message_id}").json()
    assert conversation["state"] == "finished"
    sim(gateway, "DELETE", "faults")
    assert timeline_of(gateway, message_id)["mayRetry"] is True
    answer = retry(gateway, message_id, actor="saksbehandler-7")
    assert (answer.status_code, answer.json()["done"]) == (202, "restarted")
    assert single_answers.RetryAnswer().load(answer.json())
    assert gateway.call("GET", f"/out/messages/{message_id}").json()["state"] == "committed"
    told = timeline_of(gateway, message_id)
    assert (told["outcome"], told["round"], told["awaits"], told["mustAct"]) == ("pending", 2, "hand-over", None)
    (act,) = rows(told, "act")
    assert (act["name"], act["actor"], bool(act["description"])) == ("restart", "saksbehandler-7", True)
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    message = message_of(gateway, message_id)
    assert [(event["status"], event["round"]) for event in message["statuses"]] == [
        ("OPPRETTET", 1),
        ("FEIL", 1),
        *((status, 2) for status in WHOLE),
    ]
    assert message["outcome"] == "delivered"
    assert len(rows(timeline_of(gateway, message_id), "reference")) == 1
    assert delivery_of(gateway, message_id)["copies"] == 1  # type: ignore[index]
    refused(retry(gateway, message_id), "DELIVERED")


def test_a_restarted_message_can_expire(gateway: Gateway) -> None:
    """Its deadline is on the schedule again; the new round ends with it, and the outcome says that nothing was sent."""
    fault(gateway, "broker initialize", "status:422", times=None)
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    assert retry(gateway, message_id).status_code == 202
    carrier_of(gateway).expire(claim(gateway, "expire", message_id, at=timedelta(days=2)))
    assert log_of(gateway, message_id) == ["OPPRETTET", "FEIL", "OPPRETTET", "LEVETID_UTLOPT"]
    told = timeline_of(gateway, message_id)
    assert (told["outcome"], told["mustAct"], told["awaits"]) == ("failed", "sender", "nothing")


def test_a_retry_does_not_wait_for_the_backoff(gateway: Gateway) -> None:
    """The broker is back, the next try lies ahead, and a hand brings it forward: it goes out at once."""
    fault(gateway, "broker initialize", "status:503")
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    assert timeline_of(gateway, message_id)["nextTry"] > (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    answer = retry(gateway, message_id)
    assert (answer.status_code, answer.json()["done"]) == (202, "brought-forward")
    carry(gateway, message_id)
    assert "SENDT" in log_of(gateway, message_id)
    assert [act["name"] for act in rows(timeline_of(gateway, message_id), "act")] == ["retry"]


def test_an_answer_that_was_lost_is_asked_about_before_a_retry_sends(gateway: Gateway) -> None:
    """A retry by hand cannot double: the channel has every byte, so the hand only learns of it sooner."""
    fault(gateway, "broker upload", "drop-after-commit")
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    assert log_of(gateway, message_id) == ["OPPRETTET"]
    assert retry(gateway, message_id).json()["done"] == "brought-forward"
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    assert delivery_of(gateway, message_id)["copies"] == 1  # type: ignore[index]


def test_who_has_no_body_may_retry(gateway: Gateway) -> None:
    """curl -X POST is enough; a body that is no JSON, or a misspelt member, is refused."""
    (message_id,) = send(gateway)
    path = f"{path_of(message_id)}/retry"
    assert gateway.call("POST", path).status_code == 202
    assert gateway.call("POST", path, data="x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert gateway.call("POST", path, json={"acter": "x"}).status_code == 422


@pytest.mark.parametrize("what", ["timeline", "retry", ""])
def test_a_message_is_looked_for_in_its_own_conversation(gateway: Gateway, what: str) -> None:
    """An unknown one, and one of another conversation, are 404."""
    (message_id,) = send(gateway)
    other = gateway.post(Message().xml()).json()["conversationId"]
    method = {"timeline": "GET", "retry": "POST", "": "DELETE"}[what]
    for path in (f"/out/messages/{other}/messages/{message_id}", f"/out/messages/{message_id}/messages/{other}"):
        assert gateway.call(method, f"{path}/{what}".rstrip("/")).status_code == 404


def test_another_logins_message_is_not_there(sandbox: Sandbox, tmp_path: Path) -> None:
    """Not to be looked at, hurried or taken back; its own login may."""
    with serving(sandbox, tmp_path) as guarded:
        with guarded.assembly.database.writing() as connection:
            for name in ("mine", "other"):
                login = Client(name, name, ClientKind.API_KEY, hash_key(name), (SENDER,), datetime.now(UTC))
                clients.add(connection, login)
        guarded.session.headers["Authorization"] = "Bearer mine"
        (message_id,) = send(guarded)
        for who, wanted in (("other", {404}), ("mine", {200, 202, 204})):
            guarded.session.headers["Authorization"] = f"Bearer {who}"
            found = {
                guarded.call(method, path_of(message_id) + rest).status_code
                for method, rest in (("GET", "/timeline"), ("POST", "/retry"), ("DELETE", ""))
            }
            assert found == wanted


def test_what_is_handed_over_is_followed_sooner_by_hand(gateway: Gateway) -> None:
    """The channel is awaited, then the recipient: the next look can be hurried, a receipt cannot, nor is it sent again."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    fault(gateway, "broker overview", "status:503")
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    carry(gateway, message_id, at=timedelta(seconds=10))
    told = timeline_of(gateway, message_id)
    assert (told["state"], told["awaits"], told["mustAct"], told["mayRetry"]) == ("sent", "channel", "nobody", True)
    assert rows(told, "attempt")[-1]["name"] == "follow"
    assert told["nextTry"] is not None

    # A retry that comes right after another is the same one, so there must be only one, when there is something to see.
    wait_for(lambda: transfer_of(gateway, told["reference"])["fileTransferStatus"] == "Published", "the virus scan")
    assert retry(gateway, message_id).json()["done"] == "brought-forward"
    carry(gateway, message_id)
    told = timeline_of(gateway, message_id)
    assert (told["awaits"], told["nextTry"], told["mustAct"], told["mayRetry"]) == ("recipient", None, None, False)
    assert "receipt" in refused(retry(gateway, message_id), "HANDED_OVER")
    assert log_of(gateway, message_id) == ["OPPRETTET", "SENDT"]


def test_a_virus_found_after_the_hand_over_is_the_senders_move(gateway: Gateway) -> None:
    """The channel's words, and that the document must be cleaned; the same message is not sent again."""
    fault(gateway, "broker upload", "virus")
    (message_id,) = send(gateway)
    with working(gateway):
        wait_for_status(gateway, message_id, "FEIL")
    told = timeline_of(gateway, message_id)
    assert (told["outcome"], told["mustAct"], bool(told["answer"])) == ("failed", "sender", True)
    assert "virus" in told["mend"]
    assert refused(retry(gateway, message_id), "HANDED_OVER") == told["mend"]


def test_a_person_number_does_not_land_in_the_timeline(gateway: Gateway) -> None:
    """Some systems name their people by it."""
    (message_id,) = send(gateway)
    retry(gateway, message_id, actor=f"user {PERSON_NUMBER}")
    answer = gateway.call("GET", f"{path_of(message_id)}/timeline")
    assert PERSON_NUMBER not in answer.text
    assert rows(answer.json(), "act")[0]["actor"] == "user ***********"


def test_a_message_is_cancelled_before_it_goes(gateway: Gateway) -> None:
    """204, twice; nothing is tried any more, nothing reaches the recipient, and every answer says so."""
    (message_id,) = send(gateway)
    for _ in range(2):
        answer = gateway.call("DELETE", path_of(message_id), params={"actor": "saksbehandler-7"})
        assert (answer.status_code, answer.content) == (204, b"")
    message = message_of(gateway, message_id)
    assert (message["state"], message["outcome"]) == ("cancelled", "cancelled")
    assert [event["status"] for event in message["statuses"]] == ["OPPRETTET", "ANNET"]
    told = timeline_of(gateway, message_id)
    assert [(act["name"], act["actor"]) for act in rows(told, "act")] == [("cancel", "saksbehandler-7")]
    assert (told["awaits"], told["nextTry"], told["mayRetry"]) == ("nothing", None, False)
    assert gateway.call("GET", f"/out/messages/{message_id}").json()["state"] == "finished"
    refused(retry(gateway, message_id), "CANCELLED")
    with gateway.assembly.database.reading() as connection:
        assert tasks.find(connection, DELIVER, subject=message_id) is None
    assert delivery_of(gateway, message_id) is None


def meddling(gateway: Gateway, message_id: str, *, before: str) -> tuple[Callable[[], None], list[int]]:
    """A worker that is cancelled in the midst: `before` names the step of the journey; the answers to the cancel."""
    held = claim(gateway, DELIVER, message_id)
    cancelled: list[int] = []

    class Meddling:
        """What it stands for, cancelled when that step begins."""

        def __init__(self, real: object) -> None:
            self._real = real

        def __getattr__(self, name: str) -> object:
            if name == before:
                cancelled.append(gateway.call("DELETE", path_of(message_id)).status_code)
            return getattr(self._real, name)

    carrier = carrier_of(gateway)
    journey = replace(
        carrier.journey,
        registry=Meddling(carrier.journey.registry),  # type: ignore[arg-type]
        transports={channel: Meddling(each) for channel, each in carrier.journey.transports.items()},  # type: ignore[misc]
    )
    return lambda: replace(carrier, journey=journey).carry(held), cancelled


@pytest.mark.parametrize("before", ["look_up_all", "send"], ids=["while it is rendered", "as the hand-over begins"])
def test_a_worker_in_the_midst_of_it_loses_a_cancelled_message(gateway: Gateway, before: str) -> None:
    """Claimed, and cancelled before it is handed over: the worker finds its lease gone, and no byte is uploaded."""
    (message_id,) = send(gateway)
    work, cancelled = meddling(gateway, message_id, before=before)
    uploads = len(uploaded(gateway))
    with pytest.raises(LeaseLost):
        work()
    assert cancelled == [204]
    assert len(uploaded(gateway)) == uploads
    assert (message_of(gateway, message_id)["state"], log_of(gateway, message_id)[-1]) == ("cancelled", "ANNET")
    assert rows(timeline_of(gateway, message_id), "reference") == []


def test_a_worker_between_initialise_and_remember_loses_a_cancelled_message(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel has given a name that is not stored yet: the cancel wins, and the empty transfer is never filled."""
    (message_id,) = send(gateway)
    held = claim(gateway, DELIVER, message_id)
    broker = gateway.assembly.dpo._broker
    initialise, cancelled = broker.initialise, []

    def meanwhile(*arguments: object, **more: object) -> str:
        reference = initialise(*arguments, **more)  # type: ignore[arg-type]
        cancelled.append(gateway.call("DELETE", path_of(message_id)).status_code)
        return reference

    monkeypatch.setattr(broker, "initialise", meanwhile)
    uploads = len(uploaded(gateway))
    with pytest.raises(LeaseLost):
        carrier_of(gateway).carry(held)
    assert (cancelled, len(uploaded(gateway))) == ([204], uploads)
    assert message_of(gateway, message_id)["outcome"] == "cancelled"


def test_a_worker_that_has_stored_the_channels_name_goes_on(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on a cancel is too late, and says so; the message goes out once."""
    (message_id,) = send(gateway)
    broker = gateway.assembly.dpo._broker
    upload, answered = broker.upload, []

    def meanwhile(*arguments: object, **more: object) -> None:
        answered.append(gateway.call("DELETE", path_of(message_id)))
        upload(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(broker, "upload", meanwhile)
    carry(gateway, message_id)
    refused(answered[0], "TOO_LATE")
    assert "SENDT" in log_of(gateway, message_id)
    refused(gateway.call("DELETE", path_of(message_id)), "TOO_LATE")


def uploaded(gateway: Gateway) -> list[dict]:  # type: ignore[type-arg]
    """The transfers that have got bytes."""
    return [entry for entry in sim(gateway, "GET", "transfers") if entry["fileTransferStatus"] != "Initialized"]  # type: ignore[attr-defined]


def test_a_draft_has_nothing_to_cancel_or_to_retry(gateway: Gateway) -> None:
    """Nor has a message that was left out at the commit; both say why."""
    body = gateway.post(Message().xml()).json()
    message_id = body["prototypes"][0]["messageId"]
    refused(gateway.call("DELETE", path_of(message_id)), "NOT_COMMITTED")
    refused(retry(gateway, message_id), "NOT_COMMITTED")
    assert timeline_of(gateway, message_id)["awaits"] == "commit"


def test_a_message_is_held_back_until_its_time(gateway: Gateway) -> None:
    """notBefore in the options of the post: shown in the view, the statuses and the timeline; nothing goes before it."""
    at = datetime.now(UTC) + timedelta(seconds=3)
    (message_id,) = send(gateway, notBefore=at.isoformat())
    with working(gateway):
        told = timeline_of(gateway, message_id)
        assert (told["awaits"], told["mayRetry"]) == ("hold", False)
        assert told["heldUntil"] == told["nextTry"] == message_of(gateway, message_id)["notBefore"]
        refused(retry(gateway, message_id), "HELD")
        wait_for_status(gateway, message_id, "LEST")
    told = timeline_of(gateway, message_id)
    handed_over = next(entry for entry in rows(told, "status") if entry["name"] == "SENDT")
    assert handed_over["at"] >= at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert told["heldUntil"] is None
    assert gateway.call("GET", f"/out/messages/{message_id}").json()["notBefore"] is not None


def test_a_hold_holds_even_where_the_task_is_due(gateway: Gateway) -> None:
    """A worker that comes too early sends nothing and comes again when it may."""
    at = datetime.now(UTC) + timedelta(hours=1)
    (message_id,) = send(gateway, notBefore=at.isoformat())
    with gateway.assembly.database.writing() as connection:
        assert tasks.hasten(connection, DELIVER, subject=message_id, now=datetime.now(UTC))
    carry(gateway, message_id)
    told = timeline_of(gateway, message_id)
    assert (log_of(gateway, message_id), rows(told, "attempt"), told["nextTry"]) == (
        ["OPPRETTET"],
        [],
        told["heldUntil"],
    )


def test_not_before_is_edited_as_the_other_options(gateway: Gateway) -> None:
    """PUT sets it and takes it away (null); each is a new version, and what is absent stays."""
    body = gateway.post(Message().xml()).json()
    path = f"/out/messages/{body['conversationId']}"
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    versions = [body["version"]]
    for change, wanted in (
        ({"notBefore": at}, True),
        ({"confidential": True}, True),
        ({"notBefore": None}, False),
    ):
        after = gateway.call("PUT", path, json=change).json()
        assert (after["notBefore"] is not None) == wanted
        versions.append(after["version"])
    assert versions == sorted(set(versions))


def test_not_before_lies_before_the_deadline(gateway: Gateway) -> None:
    """Refused at the post, at the edit of either, with both times in the sentence; nothing is kept of it."""
    ahead = [(datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds") for hours in (1, 2, 3)]
    answer = post(gateway, {"notBefore": ahead[1], "deadline": ahead[0]})
    assert (answer.status_code, answer.json()["code"]) == (422, "NOT_BEFORE")
    body = post(gateway, {"notBefore": ahead[1]}).json()
    path = f"/out/messages/{body['conversationId']}"
    entry = {"messageId": body["prototypes"][0]["messageId"], "expectedResponseDateTime": ahead[0]}
    assert gateway.call("PUT", path, json={"prototypes": [entry]}).json()["code"] == "NOT_BEFORE"
    entry["expectedResponseDateTime"] = ahead[2]
    assert gateway.call("PUT", path, json={"prototypes": [entry]}).status_code == 200
    too_late = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
    assert gateway.call("PUT", path, json={"notBefore": too_late}).json()["code"] == "NOT_BEFORE"
    assert gateway.call("PUT", path, json={"notBefore": "i morgen"}).status_code == 422
    assert gateway.call("GET", path).json()["notBefore"].startswith(ahead[1][:19])


def test_an_hour_of_its_own_counts_from_when_it_may_go(gateway: Gateway) -> None:
    """Without a deadline of its own, a message that is held for two days has a day from then on."""
    at = datetime.now(UTC) + timedelta(days=2)
    (message_id,) = send(gateway, notBefore=at.isoformat())
    deadline = datetime.fromisoformat(message_of(gateway, message_id)["deadline"])
    assert abs(deadline - at - timedelta(hours=24)) < timedelta(seconds=1)
    gateway.call("DELETE", path_of(message_id))


def test_the_installation_may_hold_every_message(sandbox: Sandbox, tmp_path: Path) -> None:
    """`hold_seconds`: a while in which a commit can be taken back; a deadline within it is refused at the commit."""
    with serving(sandbox, tmp_path, intake=IntakeSettings(hold=timedelta(minutes=5))) as held, working(held):
        (message_id,) = send(held)
        told = timeline_of(held, message_id)
        left = datetime.fromisoformat(told["heldUntil"]) - datetime.now(UTC)
        assert timedelta(minutes=4) < left < timedelta(minutes=5)
        assert (told["awaits"], log_of(held, message_id)) == ("hold", ["OPPRETTET"])
        assert held.call("DELETE", path_of(message_id)).status_code == 204
        soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
        body = post(held, {"deadline": soon}).json()
        held.upload(body["conversationId"], "vedtak.pdf", PDF)
        refused(held.call("POST", f"/out/messages/{body['conversationId']}"), "HELD_PAST_DEADLINE")


def test_the_hold_is_a_setting(tmp_path: Path) -> None:
    """In seconds; none unless it is set, and never less than none."""
    assert load(tmp_path, environ={}).intake.hold == timedelta()
    (tmp_path / "gateway.toml").write_text("[delivery]\nhold_seconds = 90\n[intake]\nmessage_hours = 2\n")
    intake = load(tmp_path, environ={}).intake
    assert (intake.hold, intake.message_lifetime) == (timedelta(seconds=90), timedelta(hours=2))
    with pytest.raises(SetupFault):
        load(tmp_path, environ={"GATEWAY_DELIVERY_HOLD_SECONDS": "-1"})


def test_a_missing_setting_does_not_fail_what_may_have_arrived(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload's answer was lost, and then the system user is gone from the settings: asked again, not FEIL."""
    fault(gateway, "broker upload", "drop-after-commit")
    (message_id,) = send(gateway)
    carry(gateway, message_id)
    broker = gateway.assembly.dpo._broker
    with monkeypatch.context() as patch:
        patch.setattr(broker, "_settings", replace(broker._settings, system_users={}))
        carry(gateway, message_id, at=timedelta(minutes=5))
    told = timeline_of(gateway, message_id)
    assert (told["outcome"], told["mustAct"]) == ("pending", "operator")
    assert rows(told, "attempt")[-1]["description"].startswith("an earlier try cannot be looked at: ")
    assert log_of(gateway, message_id) == ["OPPRETTET"]
