"""One arkivmelding file looked through: read, checked against XSD and rules, put into a `Report`.

In comes a file's name (`-` is standard input) and what is wanted, out comes a `Report`, whatever is wrong with the
file. Called by `validate`, in one process or in several. Loads rules and facts only where they are wanted.
"""

import os
import sys
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import gateway
from gateway.arkivmelding.adressering import adressering_elements
from gateway.arkivmelding.changes import NO_CHANGES, Changes
from gateway.arkivmelding.handling import Handling
from gateway.arkivmelding.reader import Dialect, Limits, parse, read
from gateway.arkivmelding.schema import EITHER, FILES, Profile, Schemas
from gateway.errors import Fault, SetupFault, Severity, Unreadable
from gateway.language import Language, say

if TYPE_CHECKING:
    from lxml import etree

    from gateway.arkivmelding.inspection import Kit

STANDARD_INPUT = "-"
PROFILES: dict[str, tuple[Profile, ...]] = {"any": EITHER, **{each.value: (each,) for each in Profile}}
_BLOCK = 1024 * 1024
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_OTHER_DIALECT = "DIALECT_NOT_DELIVERABLE"
# Identifiers may also come with the request, so it is no fault to have none; what is wrong with those it has is told.
# An index that has slipped is an error: it sends one recipient's letter to another.
_ADDRESSING = {"PART_MISMATCH": Severity.ERROR, "ID_INVALID": Severity.WARNING, "ID_CONFLICT": Severity.WARNING}


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write, and where: `values` to fill in by element name; `to` a file or folder, None beside the original."""

    values: tuple[tuple[str, str], ...] = ()
    to: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check, and how to write it: `profile` is a key of PROFILES, `form` is text, json or sarif."""

    xsd_only: bool = False
    profile: str = "any"
    form: str = "text"
    handling: Handling = Handling.STRICT
    fix: Fix | None = None
    language: Language = Language.ENGLISH


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who would get it. A person's `identifier` is masked; None: the document gives none."""

    part: int
    type: str
    name: str
    identifier: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said of one file. What was not asked for, or could not be found out, is None.

    `lenient` is whether an invalid one would be accepted leniently. Where a fix was wanted, `changes` are what it takes,
    `written` the new file (None: none was written), and valid and faults are the new file's.
    """

    file: str
    valid: bool
    faults: tuple[Fault, ...]
    readable: bool = True
    dialect: str | None = None
    profile: str | None = None
    shielding: str | None = None
    recipients: tuple[Recipient, ...] | None = None
    lenient: bool | None = None
    changes: Changes = NO_CHANGES
    written: str | None = None


class Checker:
    """Schemas compiled once, for any number of files."""

    def __init__(self, wanted: Wanted, *, today: date) -> None:
        self.wanted = wanted
        self.today = today
        self._schemas = Schemas(_read_schemas())
        self._profiles = PROFILES[wanted.profile]
        self._limits = Limits()

    def check(self, file: str) -> Report:
        """The report on one file; one that cannot be read is reported, too."""
        try:
            xml = _read_file(file, self._limits.bytes + 1)
        except OSError as error:
            return _unreadable(file, _not_opened(error))
        try:
            return self.look(file, xml)
        except Unreadable as error:
            fault = Fault(error.code or "NOT_XML", Severity.ERROR, error.message, error.mend)
            return _unreadable(file, _with_place(error, fault))

    def look(self, file: str, xml: bytes) -> Report:
        """The report on what was read."""
        return self._check_schema(file, xml) if self.wanted.xsd_only else self.inspect(file, xml)

    def _check_schema(self, file: str, xml: bytes) -> Report:
        """What is valid is so by the schema alone; for anything else it is worth knowing what it is."""
        if len(xml) <= self._limits.bytes:
            root = parse(xml)
            profile = self._schemas.is_valid(root, self._profiles)
            if profile:
                faults = self._check_extension(root)
                return Report(file, not faults, faults, dialect=Dialect.EFORMIDLING.value, profile=profile.value)
        document = read(xml, self._limits)
        if document.dialect in (Dialect.V1, Dialect.FIKS_ARKIV):
            faults = tuple(each for each in self.inspect(file, xml).faults if each.rule == _OTHER_DIALECT)
            return Report(file, False, faults, dialect=document.dialect.value)
        verdict = self._schemas.check(document, self._profiles)
        faults = (*verdict.faults, *self._check_extension(document.root))
        nearest = verdict.profile.value if verdict.profile else None
        return Report(file, False, faults, dialect=document.dialect.value, profile=nearest)

    def _check_extension(self, root: "etree._Element") -> tuple[Fault, ...]:
        return tuple(fault for each in adressering_elements(root) for fault in self._schemas.check_adressering(each))

    def kit(self) -> "Kit":
        """What inspection needs."""
        from gateway.arkivmelding.inspection import Kit

        return Kit(self._schemas, limits=self._limits, profiles=self._profiles)

    def inspect(self, file: str, xml: bytes) -> Report:
        """The whole report: XSD, rules, secrecy, recipients."""
        from gateway.arkivmelding.handling import Wanted as How
        from gateway.arkivmelding.inspection import inspect
        from gateway.arkivmelding.parties import find_addressees

        found = inspect(xml, self.kit(), today=self.today, wanted=How(self.wanted.handling))
        addressing = find_addressees(found.facts, "", written=found.given)
        problems = [problem for each in addressing.addressees for problem in each.problems] + [*addressing.problems]
        misaddressed = tuple(
            Fault(each.code, _ADDRESSING[each.code], each.message, each.mend, line=each.line)
            for each in problems
            if each.code in _ADDRESSING
        )
        return Report(
            file,
            found.acceptable and all(each.severity is not Severity.ERROR for each in misaddressed),
            tuple(sorted((*found.faults, *misaddressed), key=lambda fault: (fault.line, fault.column))),
            dialect=found.posted.dialect.value,
            profile=found.profile.value if found.profile else None,
            shielding=found.shielding.outcome.value,
            recipients=tuple(
                Recipient(each.part.index, each.part.type, each.part.name, _shown(each.identifier))
                for each in addressing.addressees
            ),
            lenient=None if found.acceptable else self._would_be_taken(xml),
        )

    def _would_be_taken(self, xml: bytes) -> bool:
        from gateway.arkivmelding.handling import Wanted as How
        from gateway.arkivmelding.inspection import inspect

        return inspect(xml, self.kit(), today=self.today, wanted=How(Handling.LENIENT)).acceptable


def _read_file(file: str, most: int) -> bytes:
    """The bytes, but no more than tell that there are too many."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(most)
    # Half the time of `open`, which counts where there are ten thousand.
    descriptor = os.open(file, _READING)
    try:
        size = os.fstat(descriptor).st_size  # 0 for a pipe, which is read until it ends
        content = os.read(descriptor, min(size, most))
        while (not size or len(content) < size) and len(content) < most:
            if not (more := os.read(descriptor, min(most - len(content), _BLOCK))):
                break
            content += more
    finally:
        os.close(descriptor)
    return content


def _unreadable(file: str, fault: Fault) -> Report:
    return Report(file, False, (fault,), readable=False)


def _not_opened(error: OSError) -> Fault:
    return Fault(
        "NOT_READABLE",
        Severity.ERROR,
        say("The file cannot be read: {reason}", reason=error.strerror or str(error)),
        "Check the name, and that you may read it.",
    )


def _with_place(error: Unreadable, fault: Fault) -> Fault:
    """The same with line and column, where the parser named them."""
    if not error.faults:
        return fault
    place = error.faults[0]
    return Fault(fault.rule, fault.severity, fault.message, fault.mend, place.line, place.column)


def _shown(identifier: str | None) -> str | None:
    from gateway.message.identifiers import IdentifierKind, mask, parse_identifier

    if identifier is None or parse_identifier(identifier).kind is IdentifierKind.ORGANISATION:
        return identifier
    return mask(identifier)


def _read_schemas() -> dict[str, bytes]:
    """The schemas that ship with the gateway, found without `importlib.resources` where it can be: that is slow."""
    package = os.path.dirname(os.path.abspath(gateway.__file__))
    for folder in (os.path.join(package, "_data", "schemas"), os.path.join(os.path.dirname(package), "schemas")):
        if os.path.isdir(folder):
            return {name: _read_schema(os.path.join(folder, name)) for name in FILES}
    from gateway.resources import shipped

    return {name: shipped("schemas").joinpath(name).read_bytes() for name in FILES}


def _read_schema(path: str) -> bytes:
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError as error:
        message = say("{path} cannot be read: {reason}", path=path, reason=error.strerror or str(error))
        raise SetupFault(message, mend="Install the gateway again.") from error
