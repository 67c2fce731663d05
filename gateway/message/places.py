"""Places in a JSON document that somebody else wrote, and what is wrong at each.

In comes a parsed JSON value, out come its parts as the reader wants them; whatever does not hold is noted with the place,
and reading goes on. Called by the readers of SBDs and business messages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.language import as_phrase, say

Json = Mapping[str, object]


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
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)

    @property
    def dotted(self) -> str:
        """The place as the reference writes it: `standardBusinessDocumentHeader.sender[0]`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")


_ADD = say("Add it; the README shows an example of a whole SBD.")
_OTHER_KIND = say("Write it as JSON of that kind.")


@dataclass(frozen=True, slots=True)
class Place:
    """One value, where it stands, and the list into which every fault goes."""

    value: object
    path: tuple[str | int, ...]
    found: list[SbdFault]

    @property
    def name(self) -> str:
        """The last member in its path, for sentences."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "SBD")

    def refuse(self, constraint: Constraint, message: str, *, mend: str = "") -> None:
        """Note that the value here does not hold."""
        self.found.append(SbdFault(self.path, constraint, message, mend, self.value))

    def demand(self) -> bool:
        """Whether there is a value; noted where there is none."""
        if self.value is None:
            self.refuse(Constraint.NOT_NULL, say("{name} is missing", name=self.name), mend=_ADD)
        return self.value is not None

    def member(self, name: str) -> "Place":
        """A member of the object here; one without a value where it is not there."""
        inner = self.value.get(name) if isinstance(self.value, Mapping) else None
        return Place(inner, (*self.path, name), self.found)

    def inside(self) -> Iterator["Place"]:
        """Every value right inside the object or list here."""
        if isinstance(self.value, Mapping):
            yield from (Place(value, (*self.path, str(name)), self.found) for name, value in self.value.items())
        elif isinstance(self.value, list):
            yield from (Place(value, (*self.path, index), self.found) for index, value in enumerate(self.value))

    def holds_object(self, *, needed: bool = True) -> bool:
        """Whether there is an object here; anything else is noted, nothing only where it is needed."""
        return self._is(Mapping, say("an object"), needed=needed)

    def items(self, *, needed: bool = False) -> tuple["Place", ...]:
        """The objects in the list here; what is no list, or no object in it, is noted."""
        if not self._is(list, say("a list"), needed=needed):
            return ()
        return tuple(each for each in self.inside() if each.holds_object())

    def text(self, *, needed: bool = True) -> str | None:
        """The text here; anything else is noted, nothing only where it is needed."""
        return str(self.value) if self._is(str, say("a text"), needed=needed) else None

    def one_of(self, allowed: Sequence[object]) -> None:
        """Note a value that is none of these."""
        if self.value is None or self.value in allowed:
            return
        values = ", ".join(str(each) for each in allowed)
        message = say("{name} must be one of {values}", name=self.name, values=values)
        self.refuse(Constraint.ONE_OF, message, mend=say("Write one of them, spelt exactly so."))

    def wrong_kind(self, wanted: str) -> None:
        """Note that it is JSON of another kind."""
        self.refuse(
            Constraint.TYPE, say("{name} must be {kind}", name=self.name, kind=as_phrase(wanted)), mend=_OTHER_KIND
        )

    def _is(self, kind: type, wanted: str, *, needed: bool) -> bool:
        if self.value is None:
            return self.demand() if needed else False
        if isinstance(self.value, kind):
            return True
        self.wrong_kind(wanted)
        return False
