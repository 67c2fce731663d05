"""The port that every channel implements, and the records that cross it.

In comes a sealed parcel; out come the channel's reference, its view of what became of it, and what has come in for us.
Called by `delivery` alone. An adapter raises the `Outside` errors of `gateway.errors`, each with its verdict.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Parcel:
    """Bytes ready for the wire. `chunks()` starts at the first byte each time and yields `length` bytes in all."""

    length: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Consignment:
    """One message to hand over: who to whom, our own reference, the bytes.

    `message_channel` is set on receipts alone: the channel of the message that is answered, whose owner is to find it.
    """

    message_id: str
    sender: str
    recipient: str
    parcel: Parcel
    message_channel: str | None = None


class Found(StrEnum):
    """What the channel says of a reference that we hold."""

    EMPTY = "empty"  # it knows the reference and has no bytes: upload to it
    BUSY = "busy"  # bytes are on their way in: look again
    ARRIVED = "arrived"  # it has every byte and is checking them: wait
    PUBLISHED = "published"  # the recipient can fetch it, or has
    GONE = "gone"  # failed, cancelled or unknown: start a new one


@dataclass(frozen=True, slots=True)
class Finding:
    """A channel's answer about one reference, with its own words."""

    state: Found
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that waits for us: the channel's reference, who the channel says sent it, and when it came."""

    reference: str
    sender: str
    created: datetime | None


class Transport(Protocol):
    """One channel. `remember` is called with the reference, and makes it durable, before a byte is uploaded."""

    def send(self, consignment: Consignment, *, reference: str | None, remember: Callable[[str], None]) -> str:
        """Hand over; with a `reference` the bytes go to that one. Returns the reference."""
        ...

    def find(self, sender: str, reference: str) -> Finding:
        """What became of the transfer that `sender` began under `reference`."""
        ...

    def waiting(self, organisation: str) -> tuple[Arrival, ...]:
        """What waits for `organisation`, oldest first."""
        ...

    def fetch(self, organisation: str, reference: str) -> AbstractContextManager[Path]:
        """The bytes of one arrival as a temporary file that is gone when the context ends."""
        ...

    def confirm(self, organisation: str, reference: str) -> None:
        """Tell the channel that the arrival is ours now; it will not be offered again."""
        ...
