"""What a caller hands in and what it gets back: the records of intake.

Made by the doors from requests, given to `delivery.intake`; `View` is what every answer about a conversation shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.handling import Handling
from gateway.arkivmelding.inspection import Inspection
from gateway.arkivmelding.rendering import Hiding
from gateway.errors import NotAllowed
from gateway.language import say
from gateway.message.processes import SIZE_LIMITS, Channel
from gateway.message.prototype import Problem, Prototype, Skipped
from gateway.storage.conversations import Conversation
from gateway.storage.documents import StoredDocument

LOCAL = "local"  # who calls from this machine where nobody has a login


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a client and the organisations (`0192:…`) it may send for. `local` is the client of a machine without logins.

    `handling` is None where nobody has settled it for this client: strict, but lenient in the classic send.
    """

    client_id: str
    name: str
    organisations: tuple[str, ...]
    require_if_match: bool = False
    handling: Handling | None = None

    def may_send_for(self, sender: str) -> None:
        """Raise `NotAllowed` unless `sender` is one of the client's organisations."""
        if sender not in self.organisations:
            raise NotAllowed(
                say("this login may not send for {sender}", sender=sender),
                mend=self._way_to(sender),
            )

    def _way_to(self, sender: str) -> str:
        if self.client_id == LOCAL:
            return say("Name {sender} under organisations in the gateway's settings.", sender=sender)
        return say(
            "The gateway's administrator can add it: gateway client change {name} --add-organisation {sender}",
            name=self.name,
            sender=sender,
        )


@dataclass(frozen=True, slots=True)
class ProcessRule:
    """A row of the configured table: documents of this class (klasseID) or arkivdel go by this process."""

    process: str
    klasse: str = ""
    arkivdel: str = ""


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """How drafts are kept. `maximum_upload` in bytes is the installation's limit for one document."""

    maximum_upload: int = 1024 * 1024 * 1024
    draft_lifetime: timedelta = timedelta(days=7)
    confidential_draft_lifetime: timedelta = timedelta(hours=24)
    message_lifetime: timedelta = timedelta(hours=24)
    # A committed message is not handed over before that.
    hold: timedelta = timedelta()
    processes: tuple[ProcessRule, ...] = ()
    size_limits: Mapping[Channel, int] = field(default_factory=lambda: SIZE_LIMITS)
    hiding: Hiding = field(default_factory=Hiding)


@dataclass(frozen=True, slots=True)
class Options:
    """The `options` of a submission; what is None was not said. `fill` is what to put where a converted document lacks it.

    `in_reply_to` is the id of an incoming message.
    """

    sender: str | None = None
    process: str | None = None
    confidential: bool | None = None
    deadline: datetime | None = None
    message_channel: str | None = None
    actor: str | None = None
    handling: Handling | None = None
    convert: bool = False
    fill: Mapping[str, str] = field(default_factory=dict)
    not_before: datetime | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """An arkivmelding on its way in, with the identifiers given beside it and the documents already written to disk."""

    xml: bytes
    options: Options = field(default_factory=Options)
    recipients: tuple[Given, ...] = ()
    documents: tuple[StoredDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class PrototypeEdit:
    """Changes to one prototype; what is None stays. `confirm` holds problem codes that a person says yes to."""

    message_id: str
    selected: bool | None = None
    recipient: str | None = None
    process: str | None = None
    channel: Channel | None = None
    documents: tuple[str, ...] | None = None
    deadline: datetime | None = None
    business: dict[str, object] | None = None
    confirm: tuple[str, ...] = ()

    @property
    def asks_registry(self) -> bool:
        """Whether the registry must be asked again."""
        return self.recipient is not None or self.process is not None or self.channel is not None


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """A recipient that is added: a member of the part with that index, or (`part` 0) one that the document does not name."""

    recipient: str
    part: int = 0
    name: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One PUT: what is None or empty stays as it is. `confirm` is for problems of the whole conversation.

    `at_once` takes a notBefore away.
    """

    prototypes: tuple[PrototypeEdit, ...] = ()
    added: tuple[NewRecipient, ...] = ()
    confidential: bool | None = None
    sender: str | None = None
    process: str | None = None
    not_before: datetime | None = None
    at_once: bool = False
    confirm: tuple[str, ...] = ()
    select_ready: bool = False
    actor: str | None = None

    @property
    def changes_times(self) -> bool:
        """Whether it says when something may go, or until when."""
        return self.not_before is not None or any(each.deadline for each in self.prototypes)


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as it stands now, with everything that follows from it."""

    conversation: Conversation
    inspection: Inspection
    documents: tuple[StoredDocument, ...]
    prototypes: tuple[Prototype, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]
    ready: bool
    not_sent: tuple[str, ...] = ()


Clock = Callable[[], datetime]
NewId = Callable[[], str]
