"""Every error of the gateway, as one tree. Each class says what may be done about it, and who must.

    GatewayError
    ├── Refused                the caller's matter; nothing was kept
    │   ├── Unreadable         not XML, a DTD, beyond a limit                       400
    │   ├── NotLoggedIn        no or wrong login                                    401
    │   ├── NotAllowed         logged in, but not for this                          403
    │   ├── NotFound           unknown, or another client's                         404
    │   ├── Conflict           the state of the thing forbids it                    409
    │   ├── Gone               it was there, and was deleted in its time            410
    │   ├── Stale              somebody changed it since it was read                412
    │   ├── TooLarge           more bytes than could ever be delivered              413
    │   ├── UnsupportedType    a body of another media type                         415
    │   ├── Invalid            well-formed, but breaks the XSD or a rule            422
    │   └── VersionRequired    If-Match is demanded and missing                     428
    ├── Outside                the other side's matter; each has a verdict
    │   ├── Unavailable        not reached, or it answered 5xx or 429               again
    │   ├── AnswerLost         sent, but no answer came                             ask
    │   ├── Rejected           an answer that will not change                       stop
    │   ├── TokenRefused       Maskinporten or Altinn refused our login             stop
    │   └── Untrusted          a signature, certificate or package does not hold    stop
    ├── LeaseLost              another worker has taken this task over
    ├── StorageUnavailable     our own disk or database                             again
    └── SetupFault             settings, keys or folders are wrong; found at start  stop

Raised in any room, translated at the doors: `api/problems.py` gives the status, `delivery/retry.py` obeys the verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the schedule does after an error of the outside world."""

    AGAIN = "again"
    ASK = "ask"
    STOP = "stop"


class MustAct(StrEnum):
    """Who must do something before it can go on."""

    SENDER = "sender"  # whoever sends: the fagsystem and the person behind it
    OPERATOR = "operator"  # who runs this gateway: settings, keys, network, rights
    RECIPIENT = "recipient"
    CHANNEL = "channel"  # who runs the other side
    NOBODY = "nobody"  # it is tried again by itself


class Severity(StrEnum):
    """How much a fault or a problem weighs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class FaultClass(StrEnum):
    """What kind of fault a document has; decides, with the handling, whether the document is taken all the same."""

    UNSAFE = "unsafe"  # who gets what, or what is secret, is in doubt: always refused
    PROVENANCE = "provenance"  # facts for the archive are missing or malformed
    SPELLING = "spelling"  # what is meant is certain, and only written otherwise
    ADVISORY = "advisory"  # worth knowing


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was handed in: where it stands and how to mend it.

    `line` and `column` count from 1 (0: none given). `value` is already masked where it may identify a person. Only
    faults of documents have a class; one that nobody has classed is as good as unsafe.
    """

    rule: str
    severity: Severity
    message: str
    mend: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    value: str | None = None
    fault_class: FaultClass | None = None

    @property
    def is_unsafe(self) -> bool:
        """Whether no handling takes a document with this fault."""
        return self.fault_class in (None, FaultClass.UNSAFE)


class GatewayError(Exception):
    """The base of all; never raised itself. `must_act` is that of the class unless the place that raises it knows better."""

    verdict: Verdict = Verdict.STOP
    must_act: MustAct = MustAct.OPERATOR

    def __init__(self, message: str, *, mend: str = "", must_act: MustAct | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        if must_act is not None:
            self.must_act = must_act


class Refused(GatewayError):
    """The caller asked for something that is not done. `code` is stable and goes out on the wire.

    `offers` says what would have been accepted: `acceptedIfLenient`, `acceptedIfConverted`.
    """

    must_act = MustAct.SENDER

    def __init__(
        self,
        message: str,
        *,
        mend: str = "",
        code: str = "",
        faults: tuple[Fault, ...] = (),
        retry_after: int | None = None,
        offers: Mapping[str, bool] | None = None,
    ) -> None:
        super().__init__(message, mend=mend)
        self.code = code
        self.faults = faults
        self.retry_after = retry_after
        self.offers = dict(offers or {})


class Unreadable(Refused):
    """It could not be read at all: not XML, a DTD, or beyond a limit."""


class NotLoggedIn(Refused):
    """No login, or a wrong one."""


class NotAllowed(Refused):
    """Logged in, but not for this organisation, host or origin."""


class NotFound(Refused):
    """There is no such thing, or it belongs to another client."""


class Conflict(Refused):
    """The state of the thing forbids it."""


class Gone(Refused):
    """It was kept for its time, and then deleted."""


class Stale(Refused):
    """The thing was changed after the caller read it."""


class TooLarge(Refused):
    """More bytes than the installation takes or any channel could deliver."""


class UnsupportedType(Refused):
    """A body of a media type that this route does not take."""


class Invalid(Refused):
    """Well-formed, but it breaks the XSD or a rule; `faults` holds all of them."""


class VersionRequired(Refused):
    """This client must send If-Match."""


class Outside(GatewayError):
    """Something outside the gateway failed.

    `code` names the reason for programs, `status` is the HTTP status of the answer, `answer`
    the other side's own words, `retry_after` the seconds that it asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        mend: str = "",
        code: str = "",
        status: int | None = None,
        answer: str = "",
        retry_after: int | None = None,
        must_act: MustAct | None = None,
    ) -> None:
        super().__init__(message, mend=mend, must_act=must_act)
        self.code = code
        self.status = status
        self.answer = answer
        self.retry_after = retry_after


class Unavailable(Outside):
    """Not reached, or it answered that it cannot just now."""

    verdict = Verdict.AGAIN
    must_act = MustAct.NOBODY


class AnswerLost(Outside):
    """The request went out, no answer came: ask what happened before sending again."""

    verdict = Verdict.ASK
    must_act = MustAct.NOBODY


class Rejected(Outside):
    """An answer that will be the same next time."""


class TokenRefused(Outside):
    """Maskinporten or Altinn refused to let us in; our set-up is the matter."""


class Untrusted(Outside):
    """A signature, a certificate or a package does not hold."""


class LeaseLost(GatewayError):
    """Another worker holds this task now; whatever this one did must not be written."""

    must_act = MustAct.NOBODY


class StorageUnavailable(GatewayError):
    """The database or the disk does not answer."""

    verdict = Verdict.AGAIN


class SetupFault(GatewayError):
    """Settings, keys or folders are wrong. `faults` lists every one, each with its key and line."""

    def __init__(self, message: str, *, mend: str = "", faults: tuple[str, ...] = ()) -> None:
        super().__init__(message, mend=mend)
        self.faults = faults
