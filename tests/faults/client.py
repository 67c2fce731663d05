"""A fagsystem that retries as it should when an answer is lost: same key, same document, same commit.

In come messages to send, out comes what this fagsystem knows of each. Called by the campaign from several threads. It
takes a message for committed when it was answered so, or found it so when it asked again.
"""

import hashlib
import json
import random
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import requests

from tests.documents import DPO, Doc, Message, Objekt, Part
from tests.message.sbds import changed, minimal

# DPO in the sandbox; the campaign lets it fetch nothing, so that what is sent to it runs into its deadline.
DEAF = "0192:311000063"
DEADLINE = timedelta(seconds=9)
_PAUSE = 0.15
_PATIENCE = 180
_KEYS_RUNNING = 4  # so often a key is found under way before a new one is made: all that can come of it is a draft
_LARGE_EVERY, _DEAF_EVERY, _CLASSIC_EVERY = 4, 5, 3
_XML, _JSON = "application/xml", "application/json"


class TooLate(Exception):
    """The gateway refused a letter whose deadline had passed by then: that one was never to be sent."""


class GaveUp(AssertionError):
    """The gateway did not answer in any way that a fagsystem could go on with."""


@dataclass(frozen=True)
class Letter:
    """One message as this fagsystem means it: who is to get it, and the documents by name.

    `classic`: it writes the SBD itself, under an id of its own.
    """

    number: int
    recipient: str
    documents: Mapping[str, bytes]
    deadline: datetime | None = None
    classic: bool = False

    @property
    def message_id(self) -> str:
        """The id that a classic one has at each try."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"classic letter {self.number}"))

    def xml(self) -> bytes:
        """The arkivmelding, the same at each try."""
        name = "Skogen helseforetak" if self.recipient == DEAF else "Fjordvik tilsyn"
        docs = tuple(
            Doc((Objekt(filename),), role="Hoveddokument" if not place else "Vedlegg")
            for place, filename in enumerate(self.documents)
        )
        melding_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"letter {self.number}"))
        return Message(parts=(Part(name, self.recipient),), documents=docs, melding_id=melding_id).xml()

    def digests(self) -> dict[str, str]:
        """What must arrive."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.documents.items()}


@dataclass
class Sent:
    """A letter that is committed, under the conversation's id; `answered` where the 202 itself came through."""

    letter: Letter
    conversation_id: str
    answered: bool


@dataclass
class Fagsystem:
    """Whoever posts, uploads and commits; safe to use from several threads."""

    url: str
    committed: list[Sent] = field(default_factory=list)
    retried: int = 0
    late: int = 0  # whose deadline passed before it could be committed, and which was refused for it
    _numbers: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def heard(self) -> int:
        """How many of the committed letters go to one who fetches them."""
        return sum(sent.letter.recipient != DEAF for sent in list(self.committed))

    def send_next(self) -> None:
        """One letter all the way to its commit."""
        with self._guard:
            self._numbers += 1
            letter = write_letter(self._numbers)
        try:
            sent = self._send(letter)
        except TooLate:
            with self._guard:
                self.late += 1
        else:
            with self._guard:
                self.committed.append(sent)

    def statuses(self, conversation_id: str) -> Mapping[str, object]:
        """The one message of a conversation, as the gateway tells it."""
        answer = self._until("GET", f"/statuses/{conversation_id}", wanted=(200,))
        (message,) = answer.json()["messages"]
        return message  # type: ignore[no-any-return]

    def _send(self, letter: Letter) -> Sent:
        conversation_id = self._draft_classic(letter) if letter.classic else self._draft(letter)
        files = {**({"arkivmelding.xml": letter.xml()} if letter.classic else {}), **letter.documents}
        for filename, content in files.items():
            path = f"/out/messages/{conversation_id}/documents/{filename}"
            answer = self._until("PUT", path, wanted=(200, 201), data=content)
            assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest(), "another document was kept"
        answer = self._until("POST", f"/out/messages/{conversation_id}", wanted=(200, 202, 409))
        if answer.status_code == 409:
            _require_late(letter, answer, code="DEADLINE_PASSED")
        return Sent(letter, conversation_id, answer.status_code == 202)

    def _draft_classic(self, letter: Letter) -> str:
        """Its own id is the key: found taken, it is gone on with."""
        place = ("standardBusinessDocumentHeader", "documentIdentification", "instanceIdentifier")
        sbd = changed(minimal(to=letter.recipient), *place, to=letter.message_id)
        answer = self._until("POST", "/out/messages", wanted=(201, 409), json=sbd)
        assert answer.status_code == 201 or answer.json()["code"] == "MESSAGE_EXISTS", answer.text
        return letter.message_id

    def _draft(self, letter: Letter) -> str:
        while True:
            body = _body(letter, key=str(uuid.uuid4()))
            for _ in range(_KEYS_RUNNING):
                answer = self._until("POST", "/out/messages", wanted=(200, 201, 409, 422), **body)
                if answer.status_code in (200, 201):
                    return str(answer.json()["conversationId"])
                if answer.status_code == 422:
                    _require_late(letter, answer, code="BODY")
                assert answer.json()["code"] == "KEY_RUNNING", answer.text
                time.sleep(_PAUSE * 3)

    def _until(self, method: str, path: str, *, wanted: tuple[int, ...], **more: object) -> requests.Response:
        """The same request until it is answered: no connection, a lost answer and a 503 are tried again."""
        give_up = time.monotonic() + _PATIENCE
        last: object = None
        while time.monotonic() < give_up:
            try:
                # A connection of its own each time: what a kill does to a kept one is another test's subject.
                answer = requests.request(method, self.url + path, timeout=20, **more)  # type: ignore[arg-type]
            except requests.RequestException as error:
                last = error
            else:
                if answer.status_code in wanted:
                    return answer
                last = f"{answer.status_code} {answer.text[:500]}"
                if answer.status_code != 503:
                    raise GaveUp(f"{method} {path}: {last}")
            with self._guard:
                self.retried += 1
            time.sleep(_PAUSE)
        raise GaveUp(f"{method} {path}: {last}")


def _require_late(letter: Letter, answer: requests.Response, *, code: str) -> None:
    assert letter.deadline is not None, answer.text
    assert datetime.now(UTC) >= letter.deadline, answer.text
    assert answer.json()["code"] == code, answer.text
    raise TooLate


def write_letter(number: int) -> Letter:
    """The letter of that number: most are small, some have megabytes, some an SBD, some go to one who never fetches."""
    chance = random.Random(number)
    documents = {"vedtak.pdf": b"%PDF-1.7\n" + chance.randbytes(20_000)}
    if number % _LARGE_EVERY == 0:
        documents["kart.pdf"] = b"%PDF-1.7\n" + chance.randbytes(2_500_000)
    if number % _DEAF_EVERY == 2:
        return Letter(number, DEAF, documents, datetime.now(UTC) + DEADLINE)
    return Letter(number, DPO, documents, classic=number % _CLASSIC_EVERY == 0)


def _body(letter: Letter, *, key: str) -> dict[str, object]:
    headers = {"Idempotency-Key": key}
    if letter.deadline is None:
        return {"data": letter.xml(), "headers": {**headers, "Content-Type": _XML}}
    options = json.dumps({"deadline": letter.deadline.isoformat()})
    parts = {"arkivmelding": ("arkivmelding.xml", letter.xml(), _XML), "options": (None, options, _JSON)}
    return {"files": parts, "headers": headers}
