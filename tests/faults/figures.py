"""Messages sent by clients that do not give up, and the figures in the end: committed, once, twice, lost.

In comes an address, out come the messages that were committed and every answer on the way; the sandbox itself says what
arrived. Used by the tests that stop what the gateway stands on.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from tests.documents import Message
from tests.secrets import PDF

XML = {"Content-Type": "application/xml"}
_PATIENCE = 120.0
# What a client that is told to wait ten seconds waits here, and what it waits after a message.
_PAUSE = 0.1


@dataclass
class Client:
    """A client that tries again until it has its answer. `odd` holds every answer that no client should get."""

    url: str
    content: bytes = PDF
    committed: list[str] = field(default_factory=list)
    turned_away: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    _session: requests.Session = field(default_factory=requests.Session)

    def send(self) -> None:
        """One message, from the arkivmelding to the 202."""
        self.commit(self.prepare())

    def begin(self) -> str:
        """A draft that waits for its documents; its path."""
        body = self.ask("POST", "/out/messages", data=Message().xml(), headers=XML).json()
        return f"/out/messages/{body['conversationId']}"

    def prepare(self) -> str:
        """A draft that is ready; its path."""
        path = self.begin()
        self.ask("PUT", f"{path}/documents/vedtak.pdf", data=self.content)
        return path

    def commit(self, path: str) -> None:
        """The 202 for a draft."""
        committed = self.ask("POST", path).json()
        self.committed += [each["messageId"] for each in committed["messages"]]

    def ask(self, method: str, path: str, **more: object) -> requests.Response:
        """The answer in the end; what came before it is remembered."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                answer = self._session.request(method, self.url + path, timeout=30, **more)  # type: ignore[arg-type]
            except requests.ConnectionError:
                self.turned_away["no connection"] += 1
            else:
                if answer.ok:
                    return answer
                self._note(answer)
            time.sleep(_PAUSE)
        raise AssertionError(f"{method} {path} was turned away for {_PATIENCE} s: {self.turned_away} {self.odd[-1:]}")

    def _note(self, answer: requests.Response) -> None:
        told = answer.headers.get("Content-Type", "") == "application/problem+json" and "mend" in answer.json()
        if answer.status_code == 503 and told and answer.headers.get("Retry-After", "").isdigit():
            self.turned_away["503"] += 1
        else:
            self.odd.append(f"{answer.status_code} {answer.headers} {answer.text[:300]}")


@dataclass
class Crowd:
    """Several clients, each in a thread of its own, until they are told to stop."""

    clients: list[Client]
    stopping: threading.Event = field(default_factory=threading.Event)
    broken: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Crowd":
        """Begin."""
        self._threads = [threading.Thread(target=self._live, args=(client,)) for client in self.clients]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let each finish the message that it is at."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(_PATIENCE + 30)
            assert not thread.is_alive(), "a client hangs"

    def committed(self) -> list[str]:
        """Every message that was answered 202."""
        return [each for client in self.clients for each in client.committed]

    def odd(self) -> list[str]:
        """Every answer that no client should get."""
        return [each for client in self.clients for each in client.odd]

    def turned_away(self) -> Counter[str]:
        """How often a client was told to come again."""
        return sum((client.turned_away for client in self.clients), Counter())

    def _live(self, client: Client) -> None:
        try:
            while not self.stopping.is_set():
                client.send()
                self.stopping.wait(_PAUSE)
        except BaseException as error:
            self.broken.append(error)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Until the condition holds; processes that are started on a busy machine need patience."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {_PATIENCE} s for {what}"
        time.sleep(0.05)


def wait_for_more(crowd: Crowd, more: int) -> None:
    """Until the crowd has committed so many messages more."""
    before = len(crowd.committed())
    wait_for(lambda: crowd.broken or len(crowd.committed()) >= before + more, "more messages")


@dataclass(frozen=True)
class Figures:
    """What became of the messages that were committed; `wrong` are those not known to have been read."""

    committed: int
    once: int
    twice: int
    lost: int
    wrong: int

    @property
    def good(self) -> bool:
        """Everything came once and is known to have been read."""
        return self.committed > 0 and self.once == self.committed and not (self.twice or self.lost or self.wrong)


def delivered(sandbox_url: str) -> dict[str, int]:
    """How often each message has come to its recipient."""
    listed = requests.get(f"{sandbox_url}/_sim/deliveries", timeout=30).json()
    return {each["messageId"]: each["copies"] for each in listed if each["type"] == "arkivmelding"}


def settle(url: str, sandbox_url: str, committed: list[str]) -> Figures:
    """The figures when every message is known to have been read, or when that takes too long."""
    end = time.monotonic() + _PATIENCE
    unread = list(committed)
    while (unread := [each for each in unread if not _is_read(url, each)]) and time.monotonic() < end:
        time.sleep(0.3)
    copies = delivered(sandbox_url)
    had = [copies.get(each, 0) for each in committed]
    return Figures(len(committed), had.count(1), sum(each > 1 for each in had), had.count(0), len(unread))


def _is_read(url: str, message_id: str) -> bool:
    (message,) = requests.get(f"{url}/statuses/{message_id}", timeout=30).json()["messages"]
    names = [event["status"] for event in message["statuses"]]
    return names[0] == "OPPRETTET" and "LEST" in names and "FEIL" not in names and message["outcome"] == "delivered"
