"""A message before commit: to whom, by which channel, why, and what stands in the way.

Frozen records, made by `delivery.intake`, kept by `storage`, shown by the doors. `Choice` is what was decided and is
kept; `Prototype` adds what is worked out each time it is looked at (problems, redactions, size).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.message.processes import Channel


class Weight(StrEnum):
    """What a problem asks for: mend it, say yes to it, or just know it."""

    BLOCK = "block"
    CONFIRM = "confirm"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the way of a message or of the whole conversation. `code` is stable; `mend` says what to do."""

    code: str
    severity: Weight
    message: str
    mend: str = ""
    filename: str | None = None
    line: int = 0
    part: int | None = None


class NameMatch(StrEnum):
    """How the part's name compares with the registry's."""

    SAME = "same"
    SIMILAR = "similar"
    DIFFERENT = "different"
    UNVERIFIABLE = "unverifiable"


class IdentifiedBy(StrEnum):
    """Where the recipient's identifier was found."""

    DOCUMENT = "document"  # the dialect's own element
    RECIPIENTS = "recipients"  # the request's `recipients` part
    ADRESSERING = "adressering"  # our extension in the arkivmelding
    EDIT = "edit"  # a PUT
    SBD = "sbd"  # the envelope that the client wrote


@dataclass(frozen=True, slots=True)
class PartRef:
    """The korrespondansepart that a message belongs to; `index` counts from 1, 0 is a part that is not in the XML."""

    index: int
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Registered:
    """The registry's own words about the recipient."""

    name: str | None
    form: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """A channel for one recipient and process. `security_level` is DPF's (3 or 4), else None."""

    channel: Channel
    process: str
    document_type: str
    security_level: int | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A person said yes to a problem: which, who, when, and to which words; other words need another yes."""

    code: str
    actor: str | None
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything that is decided about one message and kept with it.

    `message_id` is the SBD's instanceIdentifier, `conversation_id` that of its ConversationId scope. `documents` is
    None until the caller makes a selection of its own; `process` and `channel` are None until it chooses those itself.
    `problems` are those of the addressing and of the look-up; `level` is the security level that a classic SBD names.
    """

    message_id: str
    conversation_id: str
    part: PartRef
    recipient: str | None = None
    identified_by: IdentifiedBy | None = None
    selected: bool = True
    in_arkivmelding: bool = True
    process: str | None = None
    channel: Channel | None = None
    registered: Registered | None = None
    name_match: NameMatch = NameMatch.UNVERIFIABLE
    route: Route | None = None
    confidential: bool = False
    alternatives: tuple[Route, ...] = ()
    why: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    documents: tuple[str, ...] | None = None
    deadline: datetime | None = None
    business: dict[str, object] = field(default_factory=dict)
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Redaction:
    """One thing that a recipient does not get: where it stood and why it was taken out."""

    path: str
    reason: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Prototype:
    """A choice with what follows from it now. `size` is in bytes, None until every document is here."""

    choice: Choice
    documents: tuple[str, ...]
    size: int | None
    size_limit: int | None
    redactions: tuple[Redaction, ...]
    problems: tuple[Problem, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way of this message."""
        return all(problem.severity is Weight.INFO for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A korrespondansepart that is no recipient, and why: SENDER, INTERNAL, SELF, MERGED, UNKNOWN_TYPE."""

    part: PartRef
    reason: str
