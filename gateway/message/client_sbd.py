"""An SBD as a client hands it in: read strictly, every fault at once.

In comes the JSON object, out comes a `ClientSbd`, or `SbdFault`s with the place, the constraint that is broken and the
value. Called by `delivery.classic` and by the doors. Source: reference of the NextMove API §3 and §6.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.message.sbd import JsonObject


class Constraint(StrEnum):
    """What a place must keep to; the names are the reference's where it has one."""

    NOT_NULL = "NotNull"
    SIZE = "Size"
    UUID = "UUID"
    ONE_OF = "OneOf"
    MESSAGE_TYPE = "MessageType"
    SENDER_VALUE = "SenderValue"
    FUTURE = "Future"
    TYPE = "Type"  # another kind of JSON value than wanted
    MEMBERS = "Members"  # more or other members beside the header than the one named by `type`
    DOCUMENT_TYPE = "DocumentType"  # `standard` does not end with `::<type>`
    RECEIVER_VALUE = "ReceiverValue"
    DATE_TIME = "DateTime"
    PATTERN = "Pattern"


@dataclass(frozen=True, slots=True)
class SbdFault:
    """One thing that is wrong: where (member names and indexes), which constraint, the value as it came, and in words."""

    path: tuple[str | int, ...]
    constraint: Constraint
    message: str
    mend: str = ""
    rejected: object = None

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer: `/standardBusinessDocumentHeader/sender/0`."""
        return "".join(f"/{step}" for step in self.path)

    @property
    def dotted(self) -> str:
        """The place as the reference writes it: `standardBusinessDocumentHeader.sender[0]`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")


@dataclass(frozen=True, slots=True)
class ClientSbd:
    """A sound SBD, defaults not yet filled in; what is None was not said. `document` is the JSON as it came."""

    document: JsonObject
    type: str
    document_type: str
    process: str
    sender: str | None
    receiver: str | None
    message_id: str | None
    conversation_id: str | None
    expected_response: datetime | None
    channel: str | None
    business: JsonObject


def read_client_sbd(document: Mapping[str, object], *, now: datetime, complete: bool = True) -> ClientSbd:
    """The SBD; `UnsoundSbd` with every fault otherwise.

    `complete` demands of the business message what the reference's documentation demands and its code does not.
    """
    raise NotImplementedError


class UnsoundSbd(ValueError):
    """An SBD that does not hold; `faults` has every reason."""

    def __init__(self, faults: tuple[SbdFault, ...]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults
