"""The figures of what came in: sent to us, taken in once, and told to its sender, MOTTATT once and LEVERT once.

In come the desk that took it in and the sandbox's own list of deliveries, out come numbers and words for what is wrong.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

import requests

from tests.faults.mail import Desk

_TOLD = ("MOTTATT", "LEVERT")
_LOOK = 0.5


@dataclass
class MailFigures:
    """What became of everything that came in; kvitteringer are taken in and receipted like letters."""

    sent: int
    taken_in: int
    receipts: int = 0
    odd: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """One line."""
        return (
            f"written to us {self.sent}, taken in {self.taken_in} (kvitteringer with them),"
            f" receipts that went back {self.receipts}, odd {len(self.odd)}"
        )

    def is_clean(self) -> bool:
        """Whether nothing was lost, handed out again or told twice."""
        return not self.odd


def wait_until_receipted(desk: Desk, sandbox_url: str, *, seconds: float) -> None:
    """Until the sender of each message that was taken in was told both, or nobody is told anything more for so long."""
    give_up, told = time.monotonic() + seconds, -1
    while time.monotonic() < give_up:
        found = _receipts(sandbox_url)
        if all(found[message_id, word] for message_id in desk.acknowledged for word in _TOLD):
            return
        if found.total() != told:
            give_up, told = time.monotonic() + seconds, found.total()
        time.sleep(_LOOK)


def count_mail(desk: Desk, sandbox_url: str) -> MailFigures:
    """Ask the sandbox what the senders were told."""
    found = _receipts(sandbox_url)
    figures = MailFigures(len(desk.awaited), len(desk.acknowledged), found.total(), list(desk.odd))
    figures.odd += [
        f"{message_id} was never handed to the fagsystem" for message_id in desk.awaited.keys() - desk.acknowledged
    ]
    for message_id in desk.acknowledged:
        for word in _TOLD:
            if found[message_id, word] != 1:
                figures.odd.append(f"{message_id}: its sender was told {word} {found[message_id, word]} times")
    return figures


def _receipts(sandbox_url: str) -> Counter[tuple[str, str]]:
    """How often the sender of each message was told each word."""
    told = requests.get(f"{sandbox_url}/_sim/receipts", timeout=30).json()
    return Counter((each["messageId"], status) for each in told for status in each["statuses"])
