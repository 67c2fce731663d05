"""Everything that can be said of an arkivmelding by itself: read, dialect, secrecy, XSD, rules.

In come bytes and a `Kit` (schemas, grounds, limits), out comes an `Inspection` with all faults at once. Called by
`delivery.intake` and `gateway validate`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from gateway.arkivmelding.adressering import Given, adressering_elements, given_in
from gateway.arkivmelding.facts import Facts, gather
from gateway.arkivmelding.reader import Dialect, Document, Limits, read
from gateway.arkivmelding.rules import check_rules
from gateway.arkivmelding.schema import Profile, Schemas
from gateway.arkivmelding.shielding import DEFAULT_GROUNDS, Grounds, Outcome, Shielding, assess
from gateway.errors import Fault, Severity

# More of one kind than anybody would read. Explaining an extension takes time, and an honest document has one.
_MOST_GRADINGS = 1_000
_MOST_BROKEN_EXTENSIONS = 10

ANY_PROFILE = (Profile.HEAD, Profile.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Kit:
    """What inspection needs: compiled schemas, the grounds of shielding, the limits, the profiles that count."""

    schemas: Schemas
    grounds: Grounds = DEFAULT_GROUNDS
    limits: Limits = field(default_factory=Limits)
    profiles: tuple[Profile, ...] = ANY_PROFILE


@dataclass(frozen=True, slots=True)
class Inspection:
    """One arkivmelding, looked through. `profile` is the one it is valid under, or the nearer one; None in other dialects."""

    document: Document
    facts: Facts
    profile: Profile | None
    shielding: Shielding
    given: tuple[Given, ...]
    faults: tuple[Fault, ...]

    @property
    def acceptable(self) -> bool:
        """Whether no fault is an error."""
        return all(fault.severity is not Severity.ERROR for fault in self.faults)


def inspect(xml: bytes, kit: Kit, *, today: date) -> Inspection:
    """Look through one arkivmelding; `Unreadable` where it cannot be read at all."""
    document = read(xml, kit.limits)
    facts = gather(document)
    shielding = assess(facts, kit.grounds, today=today)
    faults = _classified(shielding)
    profile = None
    if document.dialect in (Dialect.V1, Dialect.FIKS_ARKIV):
        faults += (_not_deliverable(document),)
    else:
        verdict = kit.schemas.check(document, kit.profiles)
        profile = verdict.profile
        faults += (*verdict.faults, *_check_extensions(document, kit.schemas), *check_rules(document, facts))
    return Inspection(document, facts, profile, shielding, given_in(document.root), faults)


def _check_extensions(document: Document, schemas: Schemas) -> Iterator[Fault]:
    faults = (schemas.check_adressering(each) for each in adressering_elements(document.root))
    for found in islice((each for each in faults if each), _MOST_BROKEN_EXTENSIONS):
        yield from found


def _classified(shielding: Shielding) -> tuple[Fault, ...]:
    graded = (finding for finding in shielding.findings if finding.outcome is Outcome.CLASSIFIED)
    return tuple(
        Fault(
            "CLASSIFIED",
            Severity.ERROR,
            "The document is graded (sikkerhetsgrad or beskyttelsesgrad), and graded documents never travel this way",
            "Send it by the route that the security law prescribes. If the grading is a mistake, the case worker must remove it.",
            line=finding.line,
            path=finding.path,
        )
        for finding in islice(graded, _MOST_GRADINGS)
    )


def _not_deliverable(document: Document) -> Fault:
    dialect = "the v1 dialect" if document.dialect is Dialect.V1 else "Fiks Arkiv"
    return Fault(
        "DIALECT_NOT_DELIVERABLE",
        Severity.ERROR,
        f"This is an arkivmelding in {dialect}; receivers of eFormidling cannot read it",
        "Let the fagsystem export the eFormidling arkivmelding (basisregistrering in mappe, labels instead of codes).",
        line=document.root.sourceline or 0,
        path="/arkivmelding",
    )
