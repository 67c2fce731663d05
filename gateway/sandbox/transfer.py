"""One transfer of the Broker: what was asked for, its state, and how far each recipient has come. Pure.

Comes in: a wish and a moment; goes out: frozen records in their next state. Called by `transfers`, which holds them.
Source: reference of the transports §10.1 and the Broker's OpenAPI document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

LIFETIME = timedelta(days=30)


class State(StrEnum):
    """Where a transfer stands."""

    INITIALIZED = "Initialized"
    UPLOAD_STARTED = "UploadStarted"
    UPLOAD_PROCESSING = "UploadProcessing"
    PUBLISHED = "Published"
    CANCELLED = "Cancelled"
    ALL_CONFIRMED = "AllConfirmedDownloaded"
    PURGED = "Purged"
    FAILED = "Failed"


class RecipientState(StrEnum):
    """How far one recipient has come."""

    INITIALIZED = "Initialized"
    STARTED = "DownloadStarted"
    CONFIRMED = "DownloadConfirmed"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender asks for when it begins; organisations are written `0192:…`."""

    sender: str
    recipients: tuple[str, ...]
    resource: str
    file_name: str = "sbd.zip"
    reference: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer. `due` is when the state moves on by itself; `infected` decides where a scan leads."""

    id: str
    wish: Wish
    created: datetime
    changed: datetime
    state: State = State.INITIALIZED
    detail: str = ""
    recipients: Mapping[str, tuple[RecipientState, datetime]] = field(default_factory=dict)
    size: int = 0
    due: datetime | None = None
    infected: bool = False

    @property
    def expires(self) -> datetime:
        """When its time to live is over."""
        return self.created + LIFETIME

    def concerns(self, organisation: str) -> bool:
        """Whether the organisation sent it or is to receive it."""
        return organisation == self.wish.sender or organisation in self.recipients

    def settled(self, now: datetime) -> "Transfer":
        """The transfer as it is at `now`, after everything that was due."""
        if self.state is not State.PURGED and now >= self.expires:
            return self.moved(State.PURGED, now, detail="its time to live is over")
        if self.due is None or now < self.due:
            return self
        if self.state is State.ALL_CONFIRMED:
            return self.moved(State.PURGED, self.due)
        if self.infected:
            return self.moved(State.FAILED, self.due, detail="Malware scan failed")
        return self.moved(State.PUBLISHED, self.due)

    def moved(self, state: State, at: datetime, *, detail: str = "", due: datetime | None = None) -> "Transfer":
        """The transfer in another state."""
        return replace(self, state=state, changed=at, detail=detail, due=due)

    def progressed(self, organisation: str, progress: RecipientState, *, at: datetime) -> "Transfer":
        """The transfer with a recipient that has come further."""
        return replace(self, recipients={**self.recipients, organisation: (progress, at)})

    def matches(self, organisation: str, *, state: State | None, progress: RecipientState | None) -> bool:
        """Whether it is in `state`, and the organisation as a recipient has come as far as `progress`; None is any."""
        if state is not None and self.state is not state:
            return False
        return progress is None or self.recipients.get(organisation, (None,))[0] is progress
