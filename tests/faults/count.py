"""The figures: committed, delivered once, delivered twice, lost, wrong final status.

In come what the fagsystem knows and the sandbox's own list of deliveries, out come five numbers and the words for what
is wrong. Called by the campaign when everything has been drained.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import requests

from tests.faults.client import DEAF, Fagsystem, Sent

# What nobody fetches ends so; everything else ends when the recipient's archive has answered.
_AT_THE_DEADLINE, _AT_THE_END = "LEVETID_UTLOPT", "LEST"
_LOOK = 0.5

Delivery = Mapping[str, object]


@dataclass
class Figures:
    """What became of every message that was committed; `odd` says it in words where it is not what it must be."""

    committed: int = 0
    delivered_once: int = 0
    delivered_twice: int = 0
    expired: int = 0  # sent to one who never fetches, and told to be so
    lost: int = 0
    wrong_status: int = 0
    wrong_bytes: int = 0
    uncommitted_delivered: int = 0
    odd: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """One line."""
        return (
            f"committed {self.committed} = delivered once {self.delivered_once} + expired unfetched {self.expired};"
            f" delivered twice {self.delivered_twice}, lost {self.lost}, wrong final status {self.wrong_status},"
            f" wrong bytes {self.wrong_bytes}, delivered without a commit {self.uncommitted_delivered}"
        )

    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or told wrongly."""
        return self.committed == self.delivered_once + self.expired and not self.odd


def wait_until_told(fagsystem: Fagsystem, seconds: float) -> None:
    """Until every committed message has its last word, or nothing more has been told of any for so long."""
    left, give_up = list(fagsystem.committed), time.monotonic() + seconds
    told: dict[str, object] = {}
    while left and time.monotonic() < give_up:
        before = dict(told)
        for sent in left:
            told[sent.conversation_id] = fagsystem.statuses(sent.conversation_id)["lastStatus"]
        if told != before:
            give_up = time.monotonic() + seconds
        left = [sent for sent in left if told[sent.conversation_id] != _end_of(sent)]
        time.sleep(_LOOK if left else 0)


def count(fagsystem: Fagsystem, sandbox_url: str) -> Figures:
    """Ask the gateway about every message, and the sandbox about every delivery."""
    figures = Figures(committed=len(fagsystem.committed))
    deliveries = deliveries_of(sandbox_url)
    told: set[str] = set()
    for sent in fagsystem.committed:
        status = fagsystem.statuses(sent.conversation_id)
        message_id = str(status["messageId"])
        told.add(message_id)
        _count_one(figures, sent, status, deliveries.get(message_id, ()))
    for message_id in deliveries.keys() - told:
        figures.uncommitted_delivered += 1
        figures.odd.append(f"{message_id} was delivered, and nobody knows of its commit")
    return figures


def _count_one(figures: Figures, sent: Sent, status: Mapping[str, object], got: Sequence[Delivery]) -> None:
    copies = sum(int(str(each["copies"])) for each in got)
    last = status["lastStatus"]
    if copies > 1:
        figures.delivered_twice += 1
    elif copies == 1 and _has_whole(got[0], sent):
        figures.delivered_once += 1
    elif copies == 1:
        figures.wrong_bytes += 1
    elif sent.letter.recipient == DEAF and last == _AT_THE_DEADLINE:
        figures.expired += 1
        return
    else:
        figures.lost += 1
    wrong = last != _end_of(sent)
    figures.wrong_status += wrong
    if wrong or copies != 1 or not _has_whole(got[0], sent):
        figures.odd.append(f"letter {sent.letter.number} ({sent.conversation_id}): {copies} copies, {status}")


def _end_of(sent: Sent) -> str:
    return _AT_THE_DEADLINE if sent.letter.recipient == DEAF else _AT_THE_END


def _has_whole(delivery: Delivery, sent: Sent) -> bool:
    """Whether every document came with the digest it was sent with, under a signature that holds."""
    files = delivery["files"]
    assert isinstance(files, list)
    got = {str(file["name"]): file["sha256"] for file in files}
    return delivery["problem"] is None and got.items() >= sent.letter.digests().items()


def deliveries_of(sandbox_url: str) -> dict[str, list[Delivery]]:
    """What recipients got, by the id of the message."""
    found: dict[str, list[Delivery]] = {}
    for delivery in requests.get(f"{sandbox_url}/_sim/deliveries", timeout=30).json():
        found.setdefault(delivery["messageId"], []).append(delivery)
    return found
