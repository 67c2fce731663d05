"""What the replays share: SBDs as clients write them, waiting as they wait, and the bytes of their requests."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from tests.documents import SENDER
from tests.live import Gateway
from tests.message.sbds import HEADER, Json, partner
from tests.two_gateways import PARTNER, PATIENCE


def whole_sbd(message_id: str, conversation_id: str | None = None, *, to: str = PARTNER) -> Json:
    """An SBD in which everything is said, as most libraries write it."""
    now = datetime.now(UTC)
    return {
        HEADER: {
            "headerVersion": "1.0",
            "sender": [partner(SENDER)],
            "receiver": [partner(to)],
            "documentIdentification": {
                "standard": ARKIVMELDING,
                "typeVersion": "2.0",
                "instanceIdentifier": message_id,
                "type": "arkivmelding",
                "creationDateAndTime": now.isoformat(),
            },
            "businessScope": {
                "scope": [
                    {
                        "type": "ConversationId",
                        "instanceIdentifier": conversation_id or str(uuid.uuid4()),
                        "identifier": ADMINISTRASJON,
                        "scopeInformation": [{"expectedResponseDateTime": (now + timedelta(hours=2)).isoformat()}],
                    }
                ]
            },
        },
        "arkivmelding": {"hoveddokument": "vedtak.pdf", "sikkerhetsnivaa": 3},
    }


def bare(gateway: Gateway, method: str, path: str, **more: Any) -> requests.Response:
    """A request with no header but those that are given, Host and the login apart: no client library adds its own."""
    request = requests.Request(method, gateway.url + path, auth=gateway.session.auth, **more)
    with requests.Session() as session:
        session.headers.clear()
        return session.send(session.prepare_request(request), timeout=30, allow_redirects=False)


def until(ask: Callable[[], Any], wanted: Callable[[Any], bool], *, pause: float = 0.1) -> Any:
    """Ask again and again until the answer is what is wanted."""
    give_up = time.monotonic() + PATIENCE
    while True:
        found = ask()
        if wanted(found):
            return found
        assert time.monotonic() < give_up, found
        time.sleep(pause)


def statuses_by_message(gateway: Gateway, message_id: str) -> list[str]:
    """`GET statuses?messageId=` as several clients ask."""
    answer = bare(gateway, "GET", f"/api/statuses?messageId={message_id}")
    assert answer.status_code == 200, answer.text
    return [each["status"] for each in answer.json()["content"]]


def until_delivered(gateway: Gateway, message_id: str) -> list[str]:
    """Its statuses once it is delivered."""
    found: list[str] = until(lambda: statuses_by_message(gateway, message_id), lambda seen: "LEVERT" in seen)
    return found
