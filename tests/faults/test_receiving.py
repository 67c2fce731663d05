"""Kill -9 while messages come in: nothing is lost, nothing handed out again once acknowledged, every receipt sent once."""

import base64
import hashlib
import os
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import requests

from gateway.sandbox.authority import Holder
from tests.delivery.parcels import envelope, pack
from tests.documents import SENDER
from tests.faults.stage import Role, Stage
from tests.faults.sweeping import files_after
from tests.faults.web_main import RECEIVING as WEB
from tests.faults.worker_main import RECEIVING as WORKER

THIRD = "0192:311000101"
_REACHED_WITHIN = 8.0
_PATIENCE = 180.0
_LONGEST_LIFE = 1.5
_NAMES = {Role.WORKER: tuple(WORKER), Role.WEB: tuple(WEB)}


@dataclass
class Senders:
    """An organisation that sends; `sent` is what each message holds, by its id."""

    stage: Stage
    sent: dict[str, bytes] = field(default_factory=dict)

    def send(self, size: int) -> None:
        """One more message, signed by the sender and encrypted to the gateway's organisation."""
        authority = self.stage.sandbox.authority
        signer = authority.credential(Holder(THIRD.removeprefix("0192:"), "TREDJE PART AS"))
        to = authority.credential(Holder(SENDER.removeprefix("0192:"), "HAVNES KOMMUNE"))
        now = datetime.now(UTC)
        said = envelope(sender=THIRD, receiver=SENDER, created=now, expected_response=now + timedelta(hours=24))
        content = os.urandom(size)
        parcel = base64.b64encode(pack(said, {"vedtak.pdf": content}, signer=signer, to=to)).decode()
        body = {"as": THIRD.removeprefix("0192:"), "content": parcel}
        self.sent[said.message_id] = hashlib.sha256(content).digest()
        requests.post(f"{self.stage.sandbox.url}/_sim/forge", json=body, timeout=60).raise_for_status()


@dataclass
class Fetching:
    """A fagsystem that peeks, fetches and acknowledges, and asks again where no answer came."""

    stage: Stage
    senders: Senders
    acknowledged: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until told that it is over."""
        while not self.over.is_set():
            found = self._ask("GET", "/in/messages/peek")
            if found.status_code != 200:
                time.sleep(0.05)
                continue
            self._take(found.json()["messageId"])

    def _take(self, message_id: str) -> None:
        if self.acknowledged[message_id]:
            self.odd.append(f"{message_id} was handed out after it had been acknowledged")
        document = self._ask("GET", f"/in/messages/{message_id}/documents/vedtak.pdf")
        if hashlib.sha256(document.content).digest() != self.senders.sent[message_id]:
            self.odd.append(f"{message_id} holds something else")
        done = self._ask("DELETE", f"/in/messages/pop?messageId={message_id}")
        if done.status_code == 200:
            self.acknowledged[message_id] += 1
        else:
            self.odd.append(f"{message_id}: {done.status_code} {done.text}")

    def _ask(self, method: str, path: str) -> requests.Response:
        """An answer that is one, however often that must be asked."""
        while True:
            with suppress(requests.RequestException):
                answer = requests.request(method, self.stage.url + path, timeout=10)
                if answer.status_code < 500:
                    return answer
            if self.over.is_set():
                raise SystemExit
            time.sleep(0.05)


def kill_on(stage: Stage, role: Role, *, names: list[str], chance: random.Random) -> None:
    """A process for each boundary, gone where it comes there or in time; then one that lives on."""
    for name in names:
        running = stage.start(role, f"{name}:{chance.choice((1, 1, 2))}" if name else "", warm=True)
        running.wait(_REACHED_WITHIN if name else chance.uniform(0.3, _LONGEST_LIFE))
        if running.has_ended:
            assert running.was_killed, running.said()
        else:
            running.kill()
    stage.start(role)


def told(stage: Stage) -> dict[str, list[str]]:
    """What the senders were told, by message."""
    found = requests.get(f"{stage.sandbox.url}/_sim/receipts", timeout=30).json()
    return {each["messageId"]: each["statuses"] for each in found}


def wage(stage: Stage, *, rounds: int, messages: int) -> None:
    """Send, kill, fetch; then let everything come to an end, and count."""
    chance = random.Random(rounds)
    senders = Senders(stage)
    fetching = Fetching(stage, senders)
    fetcher = threading.Thread(target=fetching.run)
    killers = []
    for role in Role:
        names = [*_NAMES[role], ""] * rounds
        chance.shuffle(names)
        killers.append(threading.Thread(target=kill_on, args=(stage, role), kwargs={"names": names, "chance": chance}))
    for thread in (fetcher, *killers):
        thread.start()
    for number in range(messages):
        senders.send(3_000_000 if number % 5 == 0 else 10_000)
        time.sleep(0.3)
    for thread in killers:
        thread.join()
    everything = {message_id: ["MOTTATT", "LEVERT"] for message_id in senders.sent}
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up and not (len(fetching.acknowledged) == messages and told(stage) == everything):
        time.sleep(0.5)
    # A receipt that came twice, or a message that came again, would come soon after.
    time.sleep(2)
    fetching.over.set()
    fetcher.join()
    stage.kill_all()
    assert fetching.odd == []
    assert fetching.acknowledged == Counter(senders.sent.keys())
    assert told(stage) == everything
    left, kept = files_after(stage, timedelta(days=2))
    assert left == kept
    assert len(kept) == messages


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_lose_and_double_nothing_that_comes_in(stage: Stage) -> None:
    """Every boundary once and a random moment."""
    wage(stage, rounds=1, messages=25)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_kills_lose_and_double_nothing_that_comes_in(stage: Stage) -> None:
    """The same with about 200 kills."""
    wage(stage, rounds=11, messages=300)
