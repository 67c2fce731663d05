"""When it is not known what happened: overtaken workers, lost answers, channels that cannot be asked, hostile mail."""

import base64
import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app import build_reception, build_worker, now
from gateway.delivery import housekeeping
from gateway.delivery.carrier import Carrier
from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.housekeeping import Housekeeping
from gateway.delivery.journey import Carried, Journey
from gateway.delivery.lanes import LANES
from gateway.delivery.leases import Leases
from gateway.delivery.reception import POLL
from gateway.delivery.retry import Backoff, RetrySettings
from gateway.errors import GatewayError, LeaseLost, Rejected, StorageUnavailable
from gateway.message.processes import Channel
from gateway.storage import documents, messages, tasks
from gateway.storage.messages import Message as StoredMessage
from gateway.storage.tasks import ClaimTerms, Task
from gateway.transports.dpo.body import UploadBody
from gateway.transports.port import Finding, Found
from tests.documents import DPO, Message, Part, skjerming
from tests.journeys.following import (
    delivery_of,
    fault,
    log_of,
    message_of,
    send,
    sim,
    wait_for,
    wait_for_status,
)
from tests.live import Gateway, working
from tests.secrets import PDF

SENDER = "0192:311000012"


def carrier_of(gateway: Gateway, later: timedelta = timedelta()) -> Carrier:
    """A carrier whose clock is that much ahead."""
    assembly = gateway.assembly
    journey = Journey(
        database=assembly.database,
        blobs=assembly.blobs,
        registry=assembly.registry,
        routing=assembly.settings.routing,
        ring=assembly.ring,
        transports={Channel.DPO: assembly.dpo},
        now=now,
        new_id=lambda: "00000000-0000-4000-8000-000000000001",
    )
    return Carrier(assembly.database, journey, Backoff(RetrySettings(), lambda: 0.0), lambda: now() + later)


def claim(gateway: Gateway, kind: str, message_id: str, *, at: timedelta = timedelta()) -> Task:
    """The task of that message, claimed at that time from now."""
    terms = ClaimTerms(timedelta(seconds=5), (kind,), 100)
    claimed = tasks.claim(gateway.assembly.database, "test", now=now() + at, terms=terms)
    return next(task for task in claimed if task.subject == message_id)


def message_of_storage(gateway: Gateway, message_id: str) -> StoredMessage:
    """The message as it is remembered."""
    with gateway.assembly.database.reading() as connection:
        return messages.get(connection, message_id)


@pytest.fixture(autouse=True)
def _settled(gateway: Gateway) -> None:
    """What other tests left on the schedule is worked off first."""
    with working(gateway):
        wait_for(lambda: not _due(gateway), "an empty schedule")


def _due(gateway: Gateway) -> bool:
    kinds = (DELIVER, EXPIRE, POLL)
    with gateway.assembly.database.reading() as connection:
        return bool(tasks.lanes_due(connection, LANES, kinds=kinds, now=now() - timedelta(seconds=2)))


def test_an_overtaken_worker_stops_before_the_first_byte(gateway: Gateway) -> None:
    """It began a transfer and slept past its lease; another sent the message meanwhile; the recipient gets it once."""
    (message_id,) = send(gateway)
    asleep = claim(gateway, DELIVER, message_id)
    carrier = carrier_of(gateway)
    transport = gateway.assembly.dpo
    begun, go_on = threading.Event(), threading.Event()
    initialise = transport._broker.initialise

    def slowly(*arguments: object, **more: object) -> str:
        reference = initialise(*arguments, **more)  # type: ignore[arg-type]
        begun.set()
        go_on.wait(20)
        return reference

    outcome: list[BaseException | None] = []

    def carry() -> None:
        try:
            carrier.carry(asleep)
            outcome.append(None)
        except BaseException as error:
            outcome.append(error)

    transport._broker.initialise = slowly  # type: ignore[method-assign]
    thread = threading.Thread(target=carry)
    thread.start()
    assert begun.wait(20)
    transport._broker.initialise = initialise  # type: ignore[method-assign]
    awake = claim(gateway, DELIVER, message_id, at=timedelta(seconds=60))
    carrier.carry(awake)
    go_on.set()
    thread.join(20)
    assert isinstance(outcome[0], LeaseLost)
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert delivery["copies"] == 1


def test_an_upload_that_outlives_its_lease_stops(gateway: Gateway) -> None:
    """A worker that was stopped in the midst of the bytes and woken past its lease sends no more; the next sends them anew."""
    (message_id,) = send(gateway, content=b"%PDF-" + os.urandom(3 * 1024 * 1024))
    held = claim(gateway, DELIVER, message_id)
    leases, carrier = Leases(), carrier_of(gateway)
    leases.hold(held)

    def stopped(*_: object) -> None:
        leases.lose(held)

    asleep = replace(carrier, journey=replace(carrier.journey, leases=leases))
    body = UploadBody._count
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UploadBody, "_count", lambda self, size, last=False: (body(self, size, last=last), stopped()))
        with pytest.raises(LeaseLost):
            asleep.carry(held)
    reference = str(message_of_storage(gateway, message_id).reference)
    wait_for(lambda: gateway.assembly.dpo.find(SENDER, reference).state is Found.GONE, "the broken upload")
    assert log_of(gateway, message_id) == ["OPPRETTET"]
    carrier.carry(claim(gateway, DELIVER, message_id, at=timedelta(seconds=60)))
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    delivery = delivery_of(gateway, message_id)
    assert delivery is not None
    assert delivery["copies"] == 1


def test_what_may_have_arrived_does_not_fail_because_it_cannot_be_asked_about(gateway: Gateway) -> None:
    """The upload's answer is lost and the overview refuses: no FEIL; the message counts as sent once it can be asked."""
    fault(gateway, "broker upload", "drop-after-commit")
    (message_id,) = send(gateway)
    carrier = carrier_of(gateway)
    carrier.carry(claim(gateway, DELIVER, message_id))
    fault(gateway, "broker overview", "status:403", times=None)
    carrier.carry(claim(gateway, DELIVER, message_id, at=timedelta(minutes=5)))
    assert log_of(gateway, message_id) == ["OPPRETTET"]
    sim(gateway, "DELETE", "faults")
    carrier.carry(claim(gateway, DELIVER, message_id, at=timedelta(hours=2)))
    assert "SENDT" in log_of(gateway, message_id)


@pytest.mark.parametrize(
    ("askable", "log", "words"),
    [
        (True, ["OPPRETTET", "SENDT", "LEVETID_UTLOPT"], "may have arrived"),
        (False, ["OPPRETTET", "ANNET", "LEVETID_UTLOPT"], "not known"),
    ],
    ids=["the channel knows it", "the channel cannot be asked"],
)
def test_a_deadline_after_a_lost_answer_is_unknown(gateway: Gateway, askable: bool, log: list[str], words: str) -> None:
    """Not failed: a fagsystem that believed that would send again and double it."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    fault(gateway, "broker upload", "drop-after-commit")
    (message_id,) = send(gateway)
    carrier = carrier_of(gateway)
    carrier.carry(claim(gateway, DELIVER, message_id))
    if not askable:
        fault(gateway, "broker overview", "status:503", times=None)
    carrier.expire(claim(gateway, EXPIRE, message_id, at=timedelta(days=2)))
    assert log_of(gateway, message_id) == log
    message = message_of(gateway, message_id)
    assert message["outcome"] == "unknown"
    assert words in message["statuses"][-1]["description"]


def test_a_deadline_before_any_try_says_that_nothing_was_sent(gateway: Gateway) -> None:
    """The outcome is failed, and sending again is safe."""
    (message_id,) = send(gateway)
    carrier_of(gateway).expire(claim(gateway, EXPIRE, message_id, at=timedelta(days=2)))
    assert message_of(gateway, message_id)["outcome"] == "failed"
    assert "not sent" in message_of(gateway, message_id)["statuses"][-1]["description"]


def test_a_deadline_waits_for_a_hand_over_under_way(gateway: Gateway) -> None:
    """While somebody holds the message, the deadline decides nothing."""
    (message_id,) = send(gateway)
    claim(gateway, DELIVER, message_id)
    carrier_of(gateway).expire(claim(gateway, EXPIRE, message_id, at=timedelta(days=2)))
    assert log_of(gateway, message_id) == ["OPPRETTET"]


def test_a_hand_over_that_begins_while_the_deadline_is_told_wins(gateway: Gateway) -> None:
    """The channel is asked before LEVETID_UTLOPT is written; who claimed the message meanwhile is waited for."""
    fault(gateway, "broker upload", "drop-after-commit")
    (message_id,) = send(gateway)
    carrier = carrier_of(gateway)
    carrier.carry(claim(gateway, DELIVER, message_id))
    late = timedelta(days=2)
    expiry = claim(gateway, EXPIRE, message_id, at=late)
    find, claimed = gateway.assembly.dpo.find, []

    def slowly(sender: str, reference: str) -> Finding:
        claimed.append(claim(gateway, DELIVER, message_id, at=late))
        return find(sender, reference)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway.assembly.dpo, "find", slowly)
        carrier_of(gateway, late).expire(expiry)
    assert log_of(gateway, message_id) == ["OPPRETTET"]
    carrier.carry(claimed[0])
    assert log_of(gateway, message_id) == ["OPPRETTET", "SENDT"]


def test_a_clock_that_runs_ahead_takes_no_message_off_the_schedule(gateway: Gateway) -> None:
    """A worker for which the deadline has passed leaves the message to its expiry; who keeps time sends it."""
    (message_id,) = send(gateway)
    carrier_of(gateway, timedelta(days=2)).carry(claim(gateway, DELIVER, message_id))
    assert log_of(gateway, message_id) == ["OPPRETTET"]
    carrier_of(gateway).carry(claim(gateway, DELIVER, message_id, at=timedelta(days=2, minutes=2)))
    assert "SENDT" in log_of(gateway, message_id)


def test_half_an_upload_is_waited_for_from_the_first_look(gateway: Gateway) -> None:
    """However long ago it was begun: ten minutes from when it was found so; given up, it is not called unsent."""
    fault(gateway, "broker upload", "drop-in-body")
    (message_id,) = send(gateway)

    def look(after: timedelta) -> str | None:
        late = carrier_of(gateway, after)
        journey = replace(late.journey, now=lambda: now() + after)
        replace(late, journey=journey).carry(claim(gateway, DELIVER, message_id, at=after))
        return message_of_storage(gateway, message_id).reference

    carrier_of(gateway).carry(claim(gateway, DELIVER, message_id))
    first = message_of_storage(gateway, message_id).reference
    wait_for(lambda: gateway.assembly.dpo.find(SENDER, str(first)).state is Found.BUSY, "half an upload")
    assert look(timedelta(minutes=30)) == first
    assert look(timedelta(minutes=39)) == first
    fault(gateway, "broker initialize", "status:503", times=None)
    assert look(timedelta(minutes=50)) is None
    carrier_of(gateway).expire(claim(gateway, EXPIRE, message_id, at=timedelta(days=2)))
    assert message_of(gateway, message_id)["outcome"] == "unknown"


def test_what_was_fetched_and_not_confirmed_is_offered_again(gateway: Gateway) -> None:
    """A crash between the two loses no receipt."""
    made = sim(gateway, "POST", "forge", **{"as": "311000101", "content": base64.b64encode(b"x").decode()})
    reference = made["fileTransferId"]  # type: ignore[index]

    def waits() -> bool:
        return reference in {each.reference for each in gateway.assembly.dpo.waiting(SENDER)}

    wait_for(waits, "the arrival")
    with gateway.assembly.dpo.fetch(SENDER, reference):
        pass
    assert waits()


def test_one_hostile_parcel_does_not_hold_back_the_others(gateway: Gateway) -> None:
    """An envelope nested so deeply that it cannot be read is noted, and the receipt behind it is taken in."""
    import io
    import zipfile

    parcel = io.BytesIO()
    with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("sbd.json", "[" * 100_000)
    content = base64.b64encode(parcel.getvalue()).decode()
    sim(gateway, "POST", "forge", **{"as": "311000101", "content": content})
    (message_id,) = send(gateway)
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    build_reception(gateway.assembly).poll(SENDER)


def test_confidential_content_never_goes_by_another_process(gateway: Gateway) -> None:
    """Neither by an alternative, nor by a process chosen before it was raised, nor by one chosen at the post."""
    planning = Message(parts=(Part("Nordmark fylkeskommune", "0192:311000055"),), skjerming=skjerming("Offl. § 13"))
    body = gateway.post(planning.xml()).json()
    assert {each["process"].split(":")[-2] for each in body["prototypes"][0]["alternatives"]} <= {"taushetsbelagt"}
    open_one = gateway.post(Message(parts=(Part("Fjordvik tilsyn", DPO),)).xml()).json()
    message_id = open_one["prototypes"][0]["messageId"]
    path = f"/out/messages/{open_one['conversationId']}"
    own = {
        "prototypes": [{"messageId": message_id, "process": "urn:no:difi:profile:arkivmelding:administrasjon:ver1.0"}]
    }
    gateway.call("PUT", path, json=own)
    raised = gateway.call("PUT", path, json={"confidential": True}).json()["prototypes"][0]
    assert raised["process"].endswith("taushetsbelagt:ver1.0")
    assert raised["confidential"] is True


def test_a_merged_part_stands_alone_when_the_other_moves_away(gateway: Gateway) -> None:
    """Two parts were given one number; when one of them gets its own, the other is no longer passed over."""
    parts = (Part("Fjordvik tilsyn", DPO), Part("Skogen helseforetak", DPO, type="Kopimottaker"))
    body = gateway.post(Message(parts=parts).xml()).json()
    (first,) = body["prototypes"]
    moved = {"prototypes": [{"messageId": first["messageId"], "recipient": "0192:311000101"}]}
    after = gateway.call("PUT", f"/out/messages/{body['conversationId']}", json=moved).json()
    assert {each["recipient"] for each in after["prototypes"]} == {"0192:311000101", DPO}
    assert {each["korrespondansepart"]["index"] for each in after["prototypes"]} == {1, 2}
    assert after["skipped"] == []


def test_drafts_whose_time_is_up_are_gone_with_their_bytes(gateway: Gateway) -> None:
    """Not before, and what is committed stays."""
    body = gateway.post(Message().xml()).json()
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    (kept,) = send(gateway)
    path = f"/out/messages/{body['conversationId']}"
    sweeper = Housekeeping(gateway.assembly.database, gateway.assembly.blobs, now)
    sweeper.expire_drafts()
    assert gateway.call("GET", path).status_code == 200
    replace(sweeper, now=lambda: now() + timedelta(days=8)).expire_drafts()
    assert gateway.call("GET", path).status_code == 404
    assert gateway.call("GET", f"/out/messages/{kept}").status_code == 200


def test_more_drafts_than_are_read_at_once_are_all_discarded(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round leaves nothing behind, however many expired together."""
    monkeypatch.setattr(housekeeping, "_AT_A_TIME", 1)
    drafts = [gateway.post(Message().xml()).json()["conversationId"] for _ in range(3)]
    sweeper = Housekeeping(gateway.assembly.database, gateway.assembly.blobs, lambda: now() + timedelta(days=8))
    assert sweeper.expire_drafts() >= len(drafts)
    assert {gateway.call("GET", f"/out/messages/{each}").status_code for each in drafts} == {404}


def test_the_worker_sweeps(gateway: Gateway) -> None:
    """Housekeeping is on the schedule of every worker."""
    build_worker(gateway.assembly)
    claimed = tasks.claim(
        gateway.assembly.database,
        "test",
        now=now() + timedelta(hours=1),
        terms=ClaimTerms(timedelta(milliseconds=1), ("sweep",)),
    )
    assert [task.kind for task in claimed] == ["sweep"]


def test_a_message_whose_document_is_gone_fails_and_says_so(gateway: Gateway) -> None:
    """A row that somebody took away ends in FEIL with its reason; nothing is tried for ever, and no deadline is awaited."""
    (message_id,) = send(gateway)
    held = claim(gateway, DELIVER, message_id)
    with gateway.assembly.database.writing() as connection:
        for each in documents.of_conversation(connection, messages.get(connection, message_id).conversation_id):
            documents.remove(connection, each.conversation_id, filename=each.filename)
    carrier_of(gateway).carry(held)
    told = message_of(gateway, message_id)
    assert [event["status"] for event in told["statuses"]][-1] == "FEIL"
    assert "document of the message" in told["statuses"][-1]["description"]
    assert "Post the message anew" in told["statuses"][-1]["mend"]
    with gateway.assembly.database.reading() as connection:
        assert tasks.find(connection, EXPIRE, subject=message_id) is None


@pytest.mark.parametrize(
    ("reason", "last"),
    [
        pytest.param(StorageUnavailable("the database does not answer"), "OPPRETTET", id="comes-again"),
        pytest.param(Rejected("the message was never committed", code="NOT_COMMITTED"), "FEIL", id="will-not-change"),
    ],
)
@pytest.mark.parametrize("kind", [DELIVER, EXPIRE])
def test_what_cannot_be_read_is_judged_too(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, kind: str, *, reason: GatewayError, last: str
) -> None:
    """By the sender's task and by the deadline's: tried again where that may help, else it fails at once; no crash."""

    def load(journey: Journey, message_id: str) -> Carried:
        raise reason

    (message_id,) = send(gateway)
    held = claim(gateway, kind, message_id, at=timedelta(days=30))
    monkeypatch.setattr(Journey, "load", load)
    carrier = carrier_of(gateway, later=timedelta(days=30))
    carrier.carry(held) if kind == DELIVER else carrier.expire(held)
    assert log_of(gateway, message_id)[-1] == last
    with gateway.assembly.database.writing() as connection:
        tasks.remove(connection, DELIVER, subject=message_id)
        tasks.remove(connection, EXPIRE, subject=message_id)
