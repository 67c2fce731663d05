"""The records of the classic send: what a caller sees of one message whose SBD it wrote itself.

Made by `delivery.classic`, shown by the doors.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.arkivmelding.inspection import Inspection
from gateway.errors import Fault, Invalid
from gateway.language import say
from gateway.message.places import SbdFault
from gateway.message.prototype import Problem
from gateway.message.sbd import JsonObject
from gateway.storage.conversations import Conversation
from gateway.storage.documents import StoredDocument
from gateway.storage.engine import Connection
from gateway.storage.messages import Message

ARKIVMELDING_FILE = "arkivmelding.xml"


@dataclass(frozen=True, slots=True)
class ClassicSettings:
    """`own` is this installation's organisation, `channel` its message channel on DPO (None: it has none)."""

    own: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class ClassicView:
    """A classic conversation as it stands now.

    `message` is its only one: its id is the SBD's instanceIdentifier, `message.choice` holds the route. `sbd` is the
    client's with every default filled in (empty once deleted). `documents` are in the order of their uploads;
    `inspection` is that of the arkivmelding.xml among them. `problems` stand in the way of a commit unless they are info.
    `size_limit` is what the channel takes in all, in bytes.
    """

    conversation: Conversation
    message: Message
    sbd: JsonObject
    documents: tuple[StoredDocument, ...] = ()
    inspection: Inspection | None = None
    problems: tuple[Problem, ...] = ()
    ready: bool = False
    size_limit: int | None = None


@dataclass(frozen=True, slots=True)
class ClassicCommitment:
    """The conversation after commit; `repeated` when it had been committed before."""

    view: ClassicView
    repeated: bool


class RefusedSbd(Invalid):
    """An SBD with faults (code INVALID_SBD): `found` has them with path, constraint and value, `faults` in our own form."""

    def __init__(self, message: str, *, found: tuple[SbdFault, ...], faults: tuple[Fault, ...]) -> None:
        mend = say("Each entry of `errors` names a place in the SBD, and what to do there.")
        super().__init__(message, code="INVALID_SBD", mend=mend, faults=faults)
        self.found = found


Keep = Callable[[Connection, ClassicView], None]
