"""Ten logins at the desk of one installation of four web processes: no message is held by two of them."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from gateway.api.login import hash_key
from gateway.sandbox.server import Sandbox
from gateway.storage import clients
from gateway.storage.bucket import BucketSettings
from gateway.storage.clients import Client, ClientKind
from gateway.storage.engine import Database
from tests.faults.mail import Correspondent
from tests.journeys.following import wait_for
from tests.journeys.test_scale import address, bucket, cluster, postgresql_server, shared_by

__all__ = ["address", "bucket", "postgresql_server"]

LETTERS, DESKS, WEBS = 40, 10, 4


@pytest.mark.slow
def test_ten_logins_never_hold_the_same_message(
    sandbox: Sandbox, tmp_path: Path, address: str, bucket: BucketSettings, run_log: Path
) -> None:
    """All peek at once, over all web processes: each message is handed to one; what is given back, to one again."""
    add_logins(address, sandbox.setup().sender)
    letters = Correspondent(sandbox)
    for _ in range(LETTERS):
        letters.write_next()
    with cluster(sandbox, tmp_path, shared_by(address, bucket, tmp_path / "keys")) as running:
        webs = [running.start("serve", "--no-worker", "--port", "0") for _ in range(WEBS)]
        running.start("worker")
        urls = [running.url(web) for web in webs]
        wait_for(lambda: count_waiting(urls[0]) >= LETTERS, "the letters to be stored")
        held = peek_at_once(urls)
        assert letters.sent.keys() <= held.keys()
        settled = {message_id for message_id in held if random.Random(message_id).random() < 0.5}
        for message_id, desk in held.items():
            settle(urls, desk, message_id, acknowledge=message_id in settled)
        assert peek_at_once(urls).keys() == held.keys() - settled
        assert running.stop() == [0] * (WEBS + 1)
        (run_log.parent / "desks.stderr").write_text("".join(map(running.log_of, running.processes)), encoding="utf-8")


def add_logins(database_address: str, organisation: str) -> None:
    """Ten of them, each with its number as its key."""
    database = Database(database_address)
    database.upgrade()
    with database.writing() as connection:
        for number in range(DESKS):
            name, key = f"desk {number}", f"key-{number}"
            clients.add(
                connection, Client(name, name, ClientKind.API_KEY, hash_key(key), (organisation,), datetime.now(UTC))
            )
    database.close()


def count_waiting(url: str) -> int:
    """How many messages wait."""
    return int(ask(0, "GET", f"{url}/in/messages?state=waiting&limit=1").json()["total"])


def peek_at_once(urls: Sequence[str]) -> dict[str, int]:
    """Each desk peeks, now here and now there, until nothing is left; who holds each message. Nobody holds another's."""
    with ThreadPoolExecutor(DESKS) as pool:
        found = list(pool.map(lambda desk: peek_all(urls, desk), range(DESKS)))
    handed_out = Counter(message_id for each in found for message_id in each)
    assert max(handed_out.values(), default=0) <= 1, handed_out.most_common(3)
    return {message_id: desk for desk, each in enumerate(found) for message_id in each}


def peek_all(urls: Sequence[str], desk: int) -> list[str]:
    """What one desk gets until it is told twice that nothing is left."""
    chance, got, empty = random.Random(desk), [], 0
    while empty < 2:
        answer = ask(desk, "GET", f"{chance.choice(urls)}/in/messages/peek")
        if answer.status_code == 204:
            empty += 1
            time.sleep(0.1)
        else:
            got.append(str(answer.json()["messageId"]))
    return got


def settle(urls: Sequence[str], desk: int, message_id: str, *, acknowledge: bool) -> None:
    """Acknowledge a message, or give it back; another desk can do neither."""
    url = random.Random(message_id).choice(urls)
    call = ("DELETE", f"{url}/in/messages/pop?messageId={message_id}")
    if not acknowledge:
        call = ("POST", f"{url}/in/messages/{message_id}/unlock")
    assert ask((desk + 1) % DESKS, *call).status_code == 409
    assert ask(desk, *call).status_code == 200


def ask(desk: int, method: str, address: str) -> requests.Response:
    """As that desk."""
    return requests.request(method, address, headers={"Authorization": f"Bearer key-{desk}"}, timeout=30)
