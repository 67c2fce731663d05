"""The monitors of an operator (k6): how many expired within a window, whether it answers, a conversation by its message."""

import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from gateway.message.status import Status
from gateway.storage import statuses
from tests.clients.playing import bare
from tests.live import Gateway
from tests.storage.making import make_event, store_queued


def test_what_expired_within_a_window(gateway: Gateway) -> None:
    """`totalElements` counts those between the two times and no others; the key for the proxy is passed over."""
    now = datetime.now(UTC)
    before = _count(gateway, now - timedelta(minutes=5), now + timedelta(minutes=5))
    (message,) = store_queued(gateway.assembly.database, client_id="c")
    with gateway.assembly.database.writing() as connection:
        for status in (Status.OPPRETTET, Status.LEVETID_UTLOPT):
            assert statuses.append(connection, make_event(message, status, at=now)) is not None
    assert _count(gateway, now - timedelta(minutes=5), now + timedelta(minutes=5)) == before + 1
    assert _count(gateway, now + timedelta(minutes=1), now + timedelta(minutes=5)) == 0
    found = bare(gateway, "GET", f"/api/conversations?messageId={message.id}&subscription-key=abc").json()
    assert (found["totalElements"], found["content"][0]["finished"]) == (1, True)


def test_nothing_there(gateway: Gateway) -> None:
    """An unknown message is an empty page."""
    found = bare(gateway, "GET", f"/api/conversations?messageId={uuid.uuid4()}").json()
    assert (found["totalElements"], found["content"], found["last"]) == (0, [], True)


def _count(gateway: Gateway, since: datetime, until: datetime) -> int:
    query = f"status=LEVETID_UTLOPT&fromDateTime={quote(since.isoformat())}&toDateTime={quote(until.isoformat())}"
    answer = bare(gateway, "GET", f"/api/statuses?{query}&subscription-key=abc")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["totalElements"])
