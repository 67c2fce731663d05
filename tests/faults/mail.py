"""What others send us while processes are killed, and the desk that takes it in as a fagsystem should: peek, pop, acknowledge.

In come a sandbox whose organisations write to the gateway's own, and the address of the gateway; out comes what was sent,
what was taken in, and what was wrong. Called by the campaign, the desk from one thread.
"""

import base64
import hashlib
import io
import random
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import requests

from gateway.sandbox.authority import Holder
from gateway.sandbox.organisations import SENDER
from gateway.sandbox.server import Sandbox
from tests.delivery.parcels import envelope, pack
from tests.documents import DPO, Message
from tests.faults.asking import until

_WRITER = Holder(DPO.removeprefix("0192:"), "Fjordvik tilsyn")
_LARGE_EVERY = 5


@dataclass
class Correspondent:
    """An organisation of the sandbox that writes to us, each letter once; `sent` holds the digests of its documents."""

    sandbox: Sandbox
    sent: dict[str, dict[str, str]] = field(default_factory=dict)

    def write_next(self) -> None:
        """One arkivmelding, published at the channel."""
        chance = random.Random(len(self.sent))
        size = 2_000_000 if len(self.sent) % _LARGE_EVERY == 4 else 20_000
        documents = {"arkivmelding.xml": Message().xml(), "brev.pdf": b"%PDF-1.7\n" + chance.randbytes(size)}
        now, authority = datetime.now(UTC), self.sandbox.authority
        said = envelope(
            sender=DPO, receiver=SENDER.identifier, created=now, expected_response=now + timedelta(hours=24)
        )
        self.sent[said.message_id] = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
        ours = authority.credential(Holder(SENDER.number, SENDER.name))
        parcel = pack(said, documents, signer=authority.credential(_WRITER), to=ours)
        wish = {"as": _WRITER.number, "content": base64.b64encode(parcel).decode()}
        requests.post(f"{self.sandbox.url}/_sim/forge", json=wish, timeout=30).raise_for_status()


@dataclass
class Desk:
    """A fagsystem that takes in everything that waits; whatever it has acknowledged must not be handed to it again."""

    url: str
    awaited: Mapping[str, Mapping[str, str]]
    acknowledged: set[str] = field(default_factory=set)
    odd: list[str] = field(default_factory=list)
    retried: int = 0

    def take_next(self) -> bool:
        """Take in the message that has waited longest; False where none waits."""
        answer = self._ask("GET", "/in/messages/peek", wanted=(200, 204))
        if answer.status_code == 204:
            return False
        message_id = str(answer.json()["messageId"])
        if message_id in self.acknowledged:
            self.odd.append(f"{message_id} was handed out again after it had been acknowledged")
        popped = self._ask("POST", f"/in/messages/pop?messageId={message_id}", wanted=(200, 204, 409))
        if popped.status_code == 409:
            return True  # the lock ran out while nobody answered: it comes again
        if message_id in self.awaited and _digests(popped.content) != self.awaited[message_id]:
            self.odd.append(f"{message_id} has other documents than were sent")
        done = self._ask("DELETE", f"/in/messages/pop?messageId={message_id}", wanted=(200, 409))
        if done.status_code == 200:
            self.acknowledged.add(message_id)
        return True

    def take_all(self, seconds: float) -> None:
        """Until every letter that was sent is taken in and nothing waits, or nothing more has come for so long."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.take_next():
                give_up = time.monotonic() + seconds
            elif self.acknowledged >= self.awaited.keys():
                return
            else:
                time.sleep(0.2)

    def _ask(self, method: str, path: str, *, wanted: tuple[int, ...]) -> requests.Response:
        answer, retried = until(method, self.url + path, wanted=wanted)
        self.retried += retried
        return answer


def _digests(container: bytes) -> dict[str, str]:
    """The documents of an ASiC-E."""
    if not container:
        return {}
    with zipfile.ZipFile(io.BytesIO(container)) as opened:
        names = [name for name in opened.namelist() if not name.startswith("META-INF/")]
        own = {"mimetype", "manifest.xml"}
        return {name: hashlib.sha256(opened.read(name)).hexdigest() for name in names if name not in own}
