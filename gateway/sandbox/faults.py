"""The fault dial: what shall go wrong in the outside world, for whom, and how many times.

Comes in: JSON from `POST /_sim/faults`; goes out: at each operation, the fault that applies to it, if any. Called by
the gate in front of every HTTP operation and by the recipients.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import TypeVar

from gateway.errors import Invalid

Kind = TypeVar("Kind", bound=StrEnum)


class Channel(StrEnum):
    """A part of the outside world."""

    BROKER = "broker"
    REGISTRY = "registry"
    MASKINPORTEN = "maskinporten"
    ALTINN = "altinn"
    RECIPIENT = "recipient"


class Action(StrEnum):
    """What goes wrong. Those with an argument are written `action:argument`."""

    STATUS = "status"  # status:503 answers that and does nothing
    DELAY = "delay"  # delay:1500 waits so many milliseconds, then goes on
    DROP_BEFORE = "drop-before"  # the connection is closed, nothing was done
    DROP_AFTER_COMMIT = "drop-after-commit"  # it was done, but the connection is closed without an answer
    DROP_IN_BODY = "drop-in-body"  # the connection is closed in the middle of an upload, which stays UploadStarted
    TRUNCATE = "truncate"  # truncate:100 ends a download after so many bytes
    BAD_JSON = "bad-json"  # done, but the answer is no JSON
    EXPIRED = "expired-token"  # 401, as if the token had run out
    BAD_SIGNATURE = "bad-signature"  # the signed answer does not verify
    UNSIGNED = "unsigned"  # plain JSON although a signed answer was asked for
    ELMA_DOWN = "elma-down"  # ELMA fails, which the registry takes for: not registered
    VIRUS = "virus"  # the transfer becomes Failed instead of Published
    NEVER_FETCH = "never-fetch"  # the recipient leaves the transfer where it is
    SILENT = "silent"  # the recipient does not send this answer
    TWICE = "twice"  # the recipient sends this answer twice
    KVITTERING = "kvittering"  # kvittering:ERROR answers with that receiptType


OPERATIONS: Mapping[Channel, tuple[str, ...]] = {
    Channel.BROKER: ("initialize", "upload", "list", "overview", "download", "confirm"),
    Channel.REGISTRY: ("lookup", "info", "virksert", "jwk"),
    Channel.MASKINPORTEN: ("token",),
    Channel.ALTINN: ("exchange",),
    Channel.RECIPIENT: ("fetch", "mottatt", "levert", "kvittering"),
}
_ANSWERS = ("mottatt", "levert", "kvittering")
_HTTP = (Channel.BROKER, Channel.REGISTRY, Channel.MASKINPORTEN, Channel.ALTINN)
_SIGNED = ("lookup", "info", "virksert")

# Which operations an action can be asked of; a fault that could never happen is refused. `delay` fits everywhere.
_PLACES: Mapping[Action, Collection[tuple[Channel, str]]] = {
    **{
        action: [(channel, operation) for channel in _HTTP for operation in OPERATIONS[channel]]
        for action in (
            Action.STATUS,
            Action.DROP_BEFORE,
            Action.DROP_AFTER_COMMIT,
            Action.BAD_JSON,
            Action.EXPIRED,
        )
    },
    Action.DELAY: [(channel, operation) for channel in Channel for operation in OPERATIONS[channel]],
    Action.DROP_IN_BODY: [(Channel.BROKER, "upload")],
    Action.VIRUS: [(Channel.BROKER, "upload")],
    Action.TRUNCATE: [(Channel.BROKER, "download")],
    Action.BAD_SIGNATURE: [(Channel.REGISTRY, operation) for operation in _SIGNED],
    Action.UNSIGNED: [(Channel.REGISTRY, operation) for operation in _SIGNED],
    Action.ELMA_DOWN: [(Channel.REGISTRY, "lookup")],
    Action.NEVER_FETCH: [(Channel.RECIPIENT, "fetch")],
    Action.SILENT: [(Channel.RECIPIENT, operation) for operation in _ANSWERS],
    Action.TWICE: [(Channel.RECIPIENT, operation) for operation in _ANSWERS],
    Action.KVITTERING: [(Channel.RECIPIENT, "kvittering")],
}
_ANONYMOUS = frozenset({(Channel.MASKINPORTEN, "token"), (Channel.ALTINN, "exchange"), (Channel.REGISTRY, "jwk")})
_MEMBERS = frozenset({"channel", "operation", "action", "times", "skip", "organisation", "retryAfter"})
_NUMBERED = frozenset({Action.STATUS, Action.DELAY, Action.TRUNCATE})
_EXAMPLES = {Action.STATUS: "503", Action.DELAY: "1500", Action.TRUNCATE: "100", Action.KVITTERING: "ERROR"}
_RECEIPT_TYPES = frozenset({"OK", "WARNING", "ERROR", "NOTSUPPORTED"})


@dataclass(frozen=True, slots=True)
class Call:
    """One operation about to happen, and the numbers of the organisations that it concerns."""

    channel: Channel
    operation: str
    organisations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fault:
    """One setting of the dial.

    `times` None is for ever; `skip` operations go well first; `retry_after` (seconds) is sent along with `status`.
    """

    id: int
    channel: Channel
    operation: str
    action: Action
    argument: str = ""
    times: int | None = None
    skip: int = 0
    organisation: str | None = None
    retry_after: int | None = None

    def concerns(self, call: Call) -> bool:
        """Whether this fault is meant for `call`."""
        return (
            (self.channel, self.operation) == (call.channel, call.operation)
            and (self.organisation is None or self.organisation in call.organisations)
            and self.times != 0
        )

    def show(self) -> dict[str, object]:
        """The setting as JSON; `times` is what is left."""
        return {
            "id": self.id,
            "channel": self.channel,
            "operation": self.operation,
            "action": f"{self.action}:{self.argument}" if self.argument else str(self.action),
            "times": self.times,
            "skip": self.skip,
            "organisation": self.organisation,
            "retryAfter": self.retry_after,
        }


class Dial:
    """All faults that are set. May be turned and read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = count(1)
        self._faults: dict[int, Fault] = {}

    def set(self, wish: Mapping[str, object]) -> Fault:
        """Set a fault from JSON; Invalid says what could never happen."""
        fault = _read_fault(wish, number=next(self._ids))
        with self._lock:
            self._faults[fault.id] = fault
        return fault

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._faults.clear()

    def all(self) -> tuple[Fault, ...]:
        """Every setting, those that are used up too."""
        with self._lock:
            return tuple(self._faults.values())

    def take(self, call: Call) -> Fault | None:
        """The fault that hits this call, the oldest first; counted as used once."""
        with self._lock:
            for fault in self._faults.values():
                if not fault.concerns(call):
                    continue
                if fault.skip:
                    self._faults[fault.id] = replace(fault, skip=fault.skip - 1)
                    continue
                if fault.times is not None:
                    self._faults[fault.id] = replace(fault, times=fault.times - 1)
                return fault
        return None


def show_places() -> dict[str, list[str]]:
    """What can go wrong, and where: each action as it is written, with the operations that it fits."""
    return {
        f"{action}:{_EXAMPLES[action]}" if action in _EXAMPLES else str(action): [
            f"{channel} {operation}" for channel, operation in places
        ]
        for action, places in _PLACES.items()
    }


def _read_fault(wish: Mapping[str, object], *, number: int) -> Fault:
    if unknown := set(wish) - _MEMBERS:
        raise Invalid(f"unknown members: {', '.join(sorted(unknown))}; there are {', '.join(sorted(_MEMBERS))}")
    channel = _member_of(Channel, wish.get("channel"), name="channel")
    operation = wish.get("operation")
    action_name, _, argument = str(wish.get("action")).partition(":")
    action = _member_of(Action, action_name, name="action")
    if operation not in OPERATIONS[channel]:
        raise Invalid(f"operation must be one of {', '.join(OPERATIONS[channel])}")
    if (channel, operation) not in _PLACES[action]:
        raise Invalid(f"{action} cannot happen to {operation} of {channel}")
    _check_argument(action, argument)
    organisation, retry_after = wish.get("organisation"), _count(wish, "retryAfter")
    if organisation and (channel, operation) in _ANONYMOUS:
        raise Invalid(f"{operation} of {channel} concerns no single organisation")
    if retry_after is not None and action is not Action.STATUS:
        raise Invalid("retryAfter goes with status alone")
    return Fault(
        id=number,
        channel=channel,
        operation=str(operation),
        action=action,
        argument=argument,
        times=_count(wish, "times"),
        skip=_count(wish, "skip") or 0,
        organisation=str(organisation).removeprefix("0192:") if organisation else None,
        retry_after=retry_after,
    )


def _member_of(kind: type[Kind], value: object, *, name: str) -> Kind:
    if value not in set(kind):
        raise Invalid(f"{name} must be one of {', '.join(kind)}")
    return kind(str(value))


def _check_argument(action: Action, argument: str) -> None:
    if action in _NUMBERED and not argument.isdecimal():
        raise Invalid(f"{action} needs a number: {action}:503")
    if action is Action.STATUS and not 400 <= int(argument) <= 599:
        raise Invalid("status must be from 400 to 599")
    if action is Action.KVITTERING and argument not in _RECEIPT_TYPES:
        raise Invalid(f"kvittering must be one of {', '.join(sorted(_RECEIPT_TYPES))}")


def _count(wish: Mapping[str, object], name: str) -> int | None:
    value = wish.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise Invalid(f"{name} must be a whole number or null")
