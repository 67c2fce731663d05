"""One arkivmelding, looked through as it stands: its facts, secrecy, XSD, rules, with all faults at once.

In come a parsed document and a `Kit` (schemas, grounds, limits), out comes an `Inspection`. Called by `inspection`, which
decides how a document is to be taken, and by what mends and completes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from gateway.arkivmelding.adressering import Given, adressering_elements, given_in
from gateway.arkivmelding.changes import NO_CHANGES, Changes
from gateway.arkivmelding.facts import Facts, gather
from gateway.arkivmelding.handling import is_acceptable
from gateway.arkivmelding.reader import Document, Limits
from gateway.arkivmelding.rules import check_rules
from gateway.arkivmelding.schema import Profile, Schemas
from gateway.arkivmelding.shielding import DEFAULT_GROUNDS, Grounds, Outcome, Shielding, assess, stricter
from gateway.errors import Fault, FaultClass, Severity

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
    """One arkivmelding, looked through.

    `document` is what goes out: the posted one itself where nothing was to be changed. `profile` is the one that it is
    valid under, or the nearer one where `valid` says no; None in other dialects. Facts are those of `document`.
    """

    posted: Document
    document: Document
    facts: Facts
    profile: Profile | None
    valid: bool
    shielding: Shielding
    given: tuple[Given, ...]
    faults: tuple[Fault, ...]
    changes: Changes = NO_CHANGES

    @property
    def acceptable(self) -> bool:
        """Whether no fault is an error."""
        return is_acceptable(self.faults)

    @property
    def converted(self) -> bool:
        """Whether what goes out is in another dialect than what was posted."""
        return self.document.dialect is not self.posted.dialect


def look_through(document: Document, kit: Kit, *, today: date) -> Inspection:
    """Everything that is right and wrong with an eFormidling arkivmelding as it stands."""
    facts = gather(document)
    shielding = assess(facts, kit.grounds, today=today)
    verdict = kit.schemas.check(document, kit.profiles)
    extensions = tuple(_check_extensions(document, kit.schemas))
    faults = (*classified(shielding), *verdict.faults, *extensions, *check_rules(document, facts))
    return Inspection(
        posted=document,
        document=document,
        facts=facts,
        profile=verdict.profile,
        valid=verdict.valid and not extensions,
        shielding=shielding,
        given=given_in(document.root),
        faults=faults,
    )


def classified(shielding: Shielding) -> tuple[Fault, ...]:
    """A fault for each grading that never travels this way."""
    graded = (finding for finding in shielding.findings if finding.outcome is Outcome.CLASSIFIED)
    return tuple(
        Fault(
            "CLASSIFIED",
            Severity.ERROR,
            "The document is graded (sikkerhetsgrad or beskyttelsesgrad), and graded documents never travel this way",
            "Send it by the route that the security law prescribes. If the grading is a mistake, the case worker must remove it.",
            line=finding.line,
            path=finding.path,
            fault_class=FaultClass.UNSAFE,
        )
        for finding in islice(graded, _MOST_GRADINGS)
    )


def joined(posted: Inspection, outgoing: Inspection, *, faults: Iterable[Fault], changes: Changes) -> Inspection:
    """What goes out, in place of what was posted; of two judgements of secrecy the stricter one counts."""
    return replace(
        outgoing,
        posted=posted.posted,
        shielding=stricter(posted.shielding, outgoing.shielding),
        faults=tuple(faults),
        changes=changes,
    )


def bare(document: Document, kit: Kit, *, today: date) -> Inspection:
    """What can be said of a document in another dialect: its facts and its secrecy."""
    facts = gather(document)
    shielding = assess(facts, kit.grounds, today=today)
    faults = classified(shielding)
    return Inspection(document, document, facts, None, False, shielding, given_in(document.root), faults)


def _check_extensions(document: Document, schemas: Schemas) -> Iterator[Fault]:
    faults = (schemas.check_adressering(each) for each in adressering_elements(document.root))
    for found in islice((each for each in faults if each), _MOST_BROKEN_EXTENSIONS):
        yield from found
