"""How long things are kept: drafts, confidential ones, and the bytes of what is over; and what is told afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.app import now
from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.housekeeping import SWEEP_BYTES, Housekeeping, Keeping
from gateway.storage import documents, tasks
from gateway.storage.tasks import NewTask
from tests.documents import Message
from tests.journeys.following import fault, log_of, message_of, send, wait_for_status
from tests.live import Gateway, working
from tests.secrets import PDF


def sweeper(gateway: Gateway, *, after: timedelta, retention: timedelta = timedelta(days=30)) -> Housekeeping:
    """Housekeeping that comes so much later."""
    assembly = gateway.assembly
    return Housekeeping(assembly.database, assembly.blobs, lambda: now() + after, keeping=Keeping(retention))


def keys_of(gateway: Gateway, conversation_id: str) -> list[str]:
    """The keys of its documents."""
    with gateway.assembly.database.reading() as connection:
        return [each.key for each in documents.of_conversation(connection, conversation_id)]


def stored(gateway: Gateway) -> set[str]:
    """The keys of all bytes that lie there."""
    return set(gateway.assembly.blobs.keys_before(now() + timedelta(days=1)))


@pytest.mark.usefixtures("worker")
def test_what_is_over_is_deleted_in_its_time_and_told(gateway: Gateway) -> None:
    """Not a day before; then bytes and XML are gone, GET says when, the XML is 410, and statuses and ids remain."""
    (message_id,) = send(gateway)
    wait_for_status(gateway, message_id, "LEST")
    before = gateway.call("GET", f"/out/messages/{message_id}").json()
    conversation_id = before["conversationId"]
    path = f"/out/messages/{conversation_id}"
    keys = keys_of(gateway, conversation_id)
    sweeper(gateway, after=timedelta(days=29)).empty_finished()
    assert gateway.call("GET", path).json() == before
    assert before["documentsDeleted"] is None
    assert sweeper(gateway, after=timedelta(days=31)).empty_finished() >= 1
    after = gateway.call("GET", path).json()
    assert after["documentsDeleted"]
    assert (after["state"], after["arkivmelding"], after["documents"]) == ("finished", None, [])
    assert [each["messageId"] for each in after["prototypes"]] == [message_id]
    assert after["version"] == before["version"] + 1
    assert keys
    assert stored(gateway).isdisjoint(keys)
    for rest in ("arkivmelding", "arkivmelding?posted=true", f"messages/{message_id}/preview"):
        gone = gateway.call("GET", f"{path}/{rest}")
        assert (gone.status_code, gone.json()["code"]) == (410, "DELETED")
        assert after["documentsDeleted"][:10] in gone.json()["detail"]
    assert log_of(gateway, message_id)[-1] == "LEST"
    assert message_of(gateway, message_id)["outcome"] == "delivered"


@pytest.mark.usefixtures("worker")
def test_an_emptied_conversation_answers_like_a_finished_one(gateway: Gateway) -> None:
    """A commit that is repeated then gives the very body of the first; edits and uploads are refused as before."""
    (message_id,) = send(gateway)
    wait_for_status(gateway, message_id, "LEST")
    path = f"/out/messages/{gateway.call('GET', f'/out/messages/{message_id}').json()['conversationId']}"
    first = gateway.call("POST", path)
    sweeper(gateway, after=timedelta(days=31)).empty_finished()
    again = gateway.call("POST", path)
    assert (again.status_code, again.json()) == (200, first.json())
    assert gateway.call("PUT", path, json={"confidential": True}).status_code == 409
    assert gateway.call("PUT", f"{path}/documents/vedtak.pdf", data=PDF).status_code == 409
    assert gateway.call("DELETE", path).status_code == 409


def test_what_is_under_way_keeps_its_bytes(gateway: Gateway) -> None:
    """However long it takes."""
    fault(gateway, "broker initialize", "status:503", times=None)
    (message_id,) = send(gateway)
    sweeper(gateway, after=timedelta(days=400)).empty_finished()
    assert gateway.call("GET", f"/out/messages/{message_id}").json()["documentsDeleted"] is None


def test_no_step_waits_for_bytes_that_are_gone(gateway: Gateway) -> None:
    """The tasks of an emptied conversation go with its bytes: a deadline that comes later would find no message to read."""
    body = gateway.post(Message().xml()).json()
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    message_id = body["prototypes"][0]["messageId"]
    deadline = {"messageId": message_id, "expectedResponseDateTime": (now() + timedelta(days=90)).isoformat()}
    gateway.call("PUT", f"/out/messages/{body['conversationId']}", json={"prototypes": [deadline]})
    gateway.call("POST", f"/out/messages/{body['conversationId']}")
    with working(gateway):
        wait_for_status(gateway, message_id, "LEST")
    assert sweeper(gateway, after=timedelta(days=31)).empty_finished() >= 1
    with gateway.assembly.database.writing() as connection:
        assert not tasks.remove(connection, EXPIRE, subject=message_id)
        assert not tasks.remove(connection, DELIVER, subject=message_id)


@pytest.mark.usefixtures("worker")
def test_more_than_are_read_at_once_are_all_emptied(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round leaves nothing behind, and a retention of nothing deletes as soon as all is over."""
    monkeypatch.setattr("gateway.delivery.housekeeping._AT_A_TIME", 1)
    ids = [send(gateway)[0] for _ in range(3)]
    for each in ids:
        wait_for_status(gateway, each, "LEST")
    assert sweeper(gateway, after=timedelta(0), retention=timedelta(0)).empty_finished() >= 3
    assert all(gateway.call("GET", f"/out/messages/{each}").json()["documentsDeleted"] for each in ids)


def expiry(body: dict) -> timedelta:  # type: ignore[type-arg]
    """How long from now the draft lives."""
    return datetime.fromisoformat(body["expires"]) - now()


def test_drafts_live_a_week_and_confidential_ones_a_day(gateway: Gateway) -> None:
    """From the post; confidential from the start is a day from the start."""
    open_one = gateway.post(Message().xml()).json()
    assert timedelta(days=6, hours=23) < expiry(open_one) <= timedelta(days=7)
    files = {"arkivmelding": ("a.xml", Message().xml(), "application/xml"), "options": (None, '{"confidential": true}')}
    secret = gateway.call("POST", "/out/messages", files=files).json()
    assert timedelta(hours=23) < expiry(secret) <= timedelta(hours=24)


def test_a_draft_that_becomes_confidential_has_a_day_left(gateway: Gateway) -> None:
    """From the moment it is said; saying it again, or taking it back, gives no more time."""
    body = gateway.post(Message().xml()).json()
    path = f"/out/messages/{body['conversationId']}"
    raised = gateway.call("PUT", path, json={"confidential": True}).json()
    assert timedelta(hours=23) < expiry(raised) <= timedelta(hours=24)
    for answer in ({"confidential": True, "actor": "x"}, {"confidential": False}, {"confidential": True}):
        assert gateway.call("PUT", path, json=answer).json()["expires"] == raised["expires"]
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    keys = keys_of(gateway, body["conversationId"])
    sweeper(gateway, after=timedelta(hours=25)).expire_drafts()
    assert gateway.call("GET", path).status_code == 404
    assert stored(gateway).isdisjoint(keys)


def test_the_long_look_comes_back_in_its_time(gateway: Gateway) -> None:
    """What no row knows goes in a task of its own, which is due again some hours later, whatever went wrong."""
    assembly = gateway.assembly
    with assembly.blobs.create() as writer:
        writer.write(b"without a row")
        orphan = writer.commit().key
    with assembly.database.writing() as connection:
        tasks.ensure(connection, NewTask(SWEEP_BYTES, "of this test", now()))
    terms = tasks.ClaimTerms(timedelta(minutes=1), (SWEEP_BYTES,), limit=5)
    late = sweeper(gateway, after=timedelta(days=2))
    for held in tasks.claim(assembly.database, "test", now=now() + timedelta(hours=1), terms=terms):
        late.run_bytes(held)
    assert orphan not in stored(gateway)
    soon = now() + timedelta(days=2, hours=5)
    for moment, due in ((soon, False), (soon + timedelta(hours=2), True)):
        claimed = tasks.claim(assembly.database, "test", now=moment, terms=terms)
        assert ("of this test" in {each.subject for each in claimed}) is due


def test_the_round_of_the_worker_does_all_of_it(gateway: Gateway, tmp_path: Path) -> None:
    """One round empties, expires and sweeps the spool; an old leftover is gone afterwards."""
    leftover = tmp_path / "package-x"
    leftover.mkdir()
    assembly = gateway.assembly
    keeping = Keeping(spool=tmp_path)
    late = replace(sweeper(gateway, after=timedelta(days=2)), keeping=keeping)
    with assembly.database.writing() as connection:
        tasks.ensure(connection, NewTask("sweep", "of this test", now()))
    terms = tasks.ClaimTerms(timedelta(minutes=1), ("sweep",), limit=5)
    for held in tasks.claim(assembly.database, "test", now=now() + timedelta(hours=1), terms=terms):
        late.run(held)
    assert not leftover.exists()
