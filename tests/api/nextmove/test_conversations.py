"""`/api/conversations` over HTTP: one message each, with its statuses; a DELETE puts out of sight and no more."""

from datetime import timedelta

import pytest

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from gateway.message.status import Status
from gateway.storage.messages import Message
from gateway.storage.nextmove import exchanges
from gateway.storage.nextmove.paging import Reader, Stretch
from tests.api.nextmove.asking import OWN, ask, refused
from tests.api.test_feed import queued, tell
from tests.live import Gateway
from tests.storage.making import NOW, RECIPIENT, SENDER

NOT_FOUND = f"{OWN}ConversationNotFoundException"


@pytest.fixture
def sent(gateway: Gateway) -> Message:
    """A message that was handed over."""
    (message,) = queued(gateway)
    tell(gateway, message, Status.SENDT, at=NOW + timedelta(days=1), description="handed over")
    return message


def test_a_conversation_shows_the_message_and_its_statuses(gateway: Gateway, sent: Message) -> None:
    """Every member of the reference, found by the message and by the number alike."""
    found = ask(gateway, f"/conversations/messageId/{sent.id}")
    steps = found.pop("messageStatuses")
    assert found == {
        "id": found["id"],
        "conversationId": sent.choice.conversation_id,
        "messageId": sent.id,
        "sender": SENDER,
        "senderIdentifier": SENDER.removeprefix("0192:"),
        "receiver": RECIPIENT,
        "receiverIdentifier": RECIPIENT.removeprefix("0192:"),
        "processIdentifier": ADMINISTRASJON,
        "documentIdentifier": ARKIVMELDING,
        "messageReference": sent.choice.conversation_id,
        "messageTitle": "Vedtak",
        "lastUpdate": "2026-03-03T10:30:15.123+01:00",
        "finished": False,
        "expiry": "2026-03-03T10:30:15.123+01:00",
        "direction": "OUTGOING",
        "serviceIdentifier": "DPO",
    }
    assert [(each["status"], each.get("description")) for each in steps] == [
        ("OPPRETTET", None),
        ("SENDT", "handed over"),
    ]
    assert found["id"] == steps[0]["id"]
    assert set(steps[0]) == {"id", "lastUpdate", "status"}
    assert ask(gateway, f"/conversations/{found['id']}/")["messageId"] == sent.id


@pytest.mark.parametrize("status", [Status.LEVERT, Status.LEST, Status.FEIL, Status.LEVETID_UTLOPT])
def test_it_is_finished_by_the_end(gateway: Gateway, sent: Message, status: Status) -> None:
    """By each status that ends it; the filter agrees."""
    tell(gateway, sent, status)
    assert ask(gateway, f"/conversations/messageId/{sent.id}")["finished"] is True
    assert ask(gateway, f"/conversations?messageId={sent.id}&finished=true")["totalElements"] == 1
    assert ask(gateway, f"/conversations?messageId={sent.id}&finished=false")["totalElements"] == 0


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("receiver", RECIPIENT, RECIPIENT.removeprefix("0192:")),
        ("receiverIdentifier", RECIPIENT.removeprefix("0192:"), "311000012"),
        ("sender", SENDER, "0192:311000012"),
        ("senderIdentifier", SENDER.removeprefix("0192:"), "11000017"),
        ("serviceIdentifier", "DPO", "DPV"),
        ("messageTitle", "Vedtak", "vedtak"),
        ("direction", "OUTGOING", "INCOMING"),
        ("pollable", "false", "true"),
        ("lastUpdateFrom", "2026-03-03", "2026-03-04"),
        ("lastUpdateTo", "2026-03-03", "2026-03-02"),
    ],
)
def test_each_filter(gateway: Gateway, sent: Message, name: str, right: str, wrong: str) -> None:
    """What fits is found, what does not is not."""
    assert ask(gateway, f"/conversations?messageId={sent.id}&{name}={right}")["totalElements"] == 1
    assert ask(gateway, f"/conversations?messageId={sent.id}&{name}={wrong}")["totalElements"] == 0


def test_by_conversation_and_reference(gateway: Gateway, sent: Message) -> None:
    """Both are the ConversationId of the SBD where the arkivmelding gives no other."""
    for name in ("conversationId", "messageReference"):
        (found,) = ask(gateway, f"/conversations?{name}={sent.choice.conversation_id}")["content"]
        assert found["messageId"] == sent.id


def test_the_newest_change_comes_first(gateway: Gateway, sent: Message) -> None:
    """Unless another order is asked for."""
    (other,) = queued(gateway)
    tell(gateway, other, Status.SENDT, at=NOW + timedelta(days=2))
    ours = [each["messageId"] for each in ask(gateway, "/conversations?size=2000")["content"]]
    assert ours.index(other.id) < ours.index(sent.id)
    ordered = [each["messageId"] for each in ask(gateway, "/conversations?size=2000&sort=id,asc")["content"]]
    assert ordered.index(sent.id) < ordered.index(other.id)


def test_dpo_is_never_asked_for_news(gateway: Gateway, sent: Message) -> None:
    """So the queue of those that are is without it."""
    found = ask(gateway, "/conversations/queue")["content"]
    assert sent.id not in {each["messageId"] for each in found}


@pytest.mark.parametrize("place", ["/conversations/999999999", "/conversations/messageId/no-such-message"])
def test_what_is_not_there(gateway: Gateway, place: str) -> None:
    """404 with the class that clients know, and the id."""
    body = refused(gateway.call("GET", f"/api{place}"), 404, NOT_FOUND)
    assert place.rpartition("/")[2] in body["message"]


def test_a_number_that_is_none(gateway: Gateway) -> None:
    """400 for both methods."""
    for method in ("GET", "DELETE"):
        answer = gateway.call(method, "/api/conversations/one")
        refused(answer, 400, "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException")


@pytest.mark.parametrize("by_number", [True, False])
def test_a_delete_hides_and_loses_nothing(gateway: Gateway, sent: Message, by_number: bool) -> None:
    """Here it is gone with its statuses, a second DELETE is no error; our own door and the delivery still know it."""
    number = ask(gateway, f"/conversations/messageId/{sent.id}")["id"]
    place = f"/api/conversations/{number}" if by_number else f"/api/conversations/messageId/{sent.id}"
    for _ in range(2):
        answer = gateway.call("DELETE", place)
        assert (answer.status_code, answer.content) == (200, b"")
    refused(gateway.call("GET", f"/api/conversations/{number}"), 404, NOT_FOUND)
    assert ask(gateway, f"/conversations?messageId={sent.id}")["content"] == []
    assert ask(gateway, f"/statuses/{sent.id}")["content"] == []
    tell(gateway, sent, Status.LEVERT)
    assert ask(gateway, f"/statuses/{sent.id}")["content"] == []
    (message,) = gateway.call("GET", f"/statuses/{sent.id}").json()["messages"]
    assert [each["status"] for each in message["statuses"]] == ["OPPRETTET", "SENDT", "LEVERT"]


def test_anothers_is_neither_shown_nor_hidden(gateway: Gateway) -> None:
    """A DELETE of another client's conversation changes nothing for that one."""
    (message,) = queued(gateway, client_id="another")
    refused(gateway.call("GET", f"/api/conversations/messageId/{message.id}"), 404, NOT_FOUND)
    assert gateway.call("DELETE", f"/api/conversations/messageId/{message.id}").status_code == 200
    with gateway.assembly.database.reading() as connection:
        wanted = exchanges.ExchangeFilter(message_id=message.id)
        found, total = exchanges.exchanges(connection, Reader("another"), wanted=wanted, stretch=Stretch())
    assert (total, found[0].message_id) == (1, message.id)
