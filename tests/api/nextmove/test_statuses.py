"""`/api/statuses` over HTTP: pages, filters, one message, and the queue that is taken from."""

from datetime import timedelta

import pytest

from gateway.message.status import Status
from gateway.storage import statuses
from gateway.storage.messages import Message
from tests.api.nextmove.asking import ask, refused
from tests.api.test_feed import queued, tell
from tests.live import Gateway
from tests.storage.making import NOW

MISMATCH = "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException"


@pytest.fixture
def told(gateway: Gateway) -> Message:
    """A message with three statuses, a second apart."""
    (message,) = queued(gateway)
    tell(gateway, message, Status.SENDT, at=NOW + timedelta(seconds=1))
    tell(gateway, message, Status.LEVERT, at=NOW + timedelta(seconds=2))
    return message


def names(page: dict) -> list[str]:  # type: ignore[type-arg]
    """The statuses of a page in order."""
    return [each["status"] for each in page["content"]]


def test_the_statuses_of_a_message_come_in_their_order(gateway: Gateway, told: Message) -> None:
    """With numbers that grow, the number of the conversation, the ConversationId of the SBD, and Norwegian times."""
    page = ask(gateway, f"/statuses/{told.id}")
    assert names(page) == ["OPPRETTET", "SENDT", "LEVERT"]
    first = page["content"][0]
    assert first == {
        "id": first["id"],
        "lastUpdate": "2026-03-02T10:30:15.123+01:00",
        "status": "OPPRETTET",
        "convId": first["id"],
        "messageId": told.id,
        "conversationId": told.choice.conversation_id,
    }
    assert {each["convId"] for each in page["content"]} == {first["id"]}
    assert [each["id"] for each in page["content"]] == sorted(each["id"] for each in page["content"])


def test_the_envelope_is_that_of_the_reference(gateway: Gateway, told: Message) -> None:
    """Every member, with what it says of the first of two pages and of one beyond the end."""
    page = ask(gateway, f"/statuses?messageId={told.id}&size=2")
    content = page.pop("content")
    sort = {"sorted": True, "unsorted": False, "empty": False}
    assert len(content) == 2
    assert page == {
        "pageable": {"sort": sort, "pageNumber": 0, "pageSize": 2, "offset": 0, "paged": True, "unpaged": False},
        "totalElements": 3,
        "totalPages": 2,
        "last": False,
        "first": True,
        "size": 2,
        "number": 0,
        "sort": sort,
        "numberOfElements": 2,
        "empty": False,
    }
    second = ask(gateway, f"/statuses?messageId={told.id}&size=2&page=1")
    assert (names(second), second["last"], second["first"]) == (["LEVERT"], True, False)
    beyond = ask(gateway, f"/statuses?messageId={told.id}&size=2&page=7")
    assert (beyond["content"], beyond["empty"], beyond["totalElements"]) == ([], True, 3)


def test_nothing_is_known_of_an_unknown_message(gateway: Gateway) -> None:
    """That is an empty page, never a 404."""
    page = ask(gateway, "/statuses/5b0f6c1e-6f5c-4a0e-9f0d-0a4b0c6d1e01")
    assert (page["content"], page["totalElements"], page["totalPages"], page["last"]) == ([], 0, 0, True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=SENDT", ["SENDT"]),
        ("status=sendt", []),
        ("status=", ["OPPRETTET", "SENDT", "LEVERT"]),
        ("status=SENDT&subscription-key=abc", ["SENDT"]),
        ("sort=id,desc", ["LEVERT", "SENDT", "OPPRETTET"]),
        ("sort=lastUpdate,desc&sort=id", ["LEVERT", "SENDT", "OPPRETTET"]),
        ("sort=status,id,ASC", ["LEVERT", "OPPRETTET", "SENDT"]),
        ("size=nonsense&page=-3", ["OPPRETTET", "SENDT", "LEVERT"]),
        ("size=0", ["OPPRETTET", "SENDT", "LEVERT"]),
        ("fromDateTime=2026-03-02T10:30:16%2B01:00", ["OPPRETTET", "SENDT", "LEVERT"]),
        ("fromDateTime=2026-03-02T10:30:16%2B01:00&toDateTime=2026-03-02T09:30:16.900Z", ["SENDT"]),
        ("fromDateTime=2026-03-02T10:30:16+01:00&toDateTime=2026-03-02T10:30:17", ["SENDT"]),
    ],
)
def test_what_is_asked_for_is_found(gateway: Gateway, told: Message, query: str, found: list[str]) -> None:
    """Each filter and order; a time counts only with the other; a name that nobody knows is passed over."""
    assert names(ask(gateway, f"/statuses?messageId={told.id}&{query}")) == found


def test_by_conversation_and_by_number(gateway: Gateway, told: Message) -> None:
    """The ConversationId of the SBD finds the message's statuses, the number the one."""
    page = ask(gateway, f"/statuses?conversationId={told.choice.conversation_id}")
    assert names(page) == ["OPPRETTET", "SENDT", "LEVERT"]
    one = ask(gateway, f"/statuses?id={page['content'][1]['id']}")
    assert names(one) == ["SENDT"]


@pytest.mark.parametrize("query", ["id=x", "fromDateTime=yesterday", "toDateTime=2026-13-02T10:30:16"])
def test_what_cannot_be_read_is_named(gateway: Gateway, query: str) -> None:
    """400 with the framework's class, and the name of the parameter."""
    body = refused(gateway.call("GET", f"/api/statuses?{query}"), 400, MISMATCH)
    assert body["message"].startswith(query.partition("=")[0])


def test_an_unknown_property_to_sort_by(gateway: Gateway) -> None:
    """400 where the reference fails, and the ones that there are."""
    answer = gateway.call("GET", "/api/statuses?sort=rawReceipt,asc")
    body = refused(answer, 400, "org.springframework.data.mapping.PropertyReferenceException")
    assert "rawReceipt" in body["message"]
    assert "lastUpdate" in body["message"]


def test_anothers_statuses_are_not_shown(gateway: Gateway) -> None:
    """Neither by message nor in the list."""
    (message,) = queued(gateway, client_id="another")
    assert ask(gateway, f"/statuses/{message.id}")["content"] == []
    assert ask(gateway, f"/statuses?messageId={message.id}")["content"] == []


def test_the_queue_is_looked_at_and_taken_from(gateway: Gateway) -> None:
    """Looking changes nothing; what is taken is gone from the queue and stays in the log; at the end 204 without a body."""
    _drain(gateway)
    (message,) = queued(gateway)
    tell(gateway, message, Status.SENDT)
    first = ask(gateway, "/statuses/peek")
    assert first == ask(gateway, "/statuses/peek/")
    assert (first["status"], first["messageId"]) == ("OPPRETTET", message.id)
    second = ask(gateway, f"/statuses/{message.id}")["content"][1]
    taken = gateway.call("DELETE", f"/api/statuses/{second['id']}")
    assert (taken.status_code, taken.content) == (200, b"")
    assert ask(gateway, "/statuses/peek")["id"] == first["id"]
    assert gateway.call("DELETE", f"/api/statuses/{first['id']}").status_code == 200
    ended = gateway.call("GET", "/api/statuses/peek")
    assert (ended.status_code, ended.content) == (204, b"")
    again = gateway.call("DELETE", f"/api/statuses/{first['id']}")
    assert (again.status_code, again.content) == (404, b"")
    assert names(ask(gateway, f"/statuses/{message.id}")) == ["OPPRETTET", "SENDT"]
    tell(gateway, message, Status.LEVERT)
    assert ask(gateway, "/statuses/peek")["status"] == "LEVERT"


def test_only_a_number_is_taken(gateway: Gateway) -> None:
    """Anything else is a 400, and anothers' number is not in this queue."""
    refused(gateway.call("DELETE", "/api/statuses/first"), 400, MISMATCH)
    (message,) = queued(gateway, client_id="another")
    with gateway.assembly.database.reading() as connection:
        (event,) = statuses.of_message(connection, message.id)
    assert gateway.call("DELETE", f"/api/statuses/{event.cursor}").status_code == 404


def _drain(gateway: Gateway) -> None:
    while (answer := gateway.call("GET", "/api/statuses/peek")).status_code == 200:
        assert gateway.call("DELETE", f"/api/statuses/{answer.json()['id']}").status_code == 200
