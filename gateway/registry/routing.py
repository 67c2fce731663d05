"""Recipient + secrecy + the registry's records → channel, process, document type, and the reasons.

In comes a `Wish`; `questions` says what must be asked, `route` decides from the answers. Pure. Called by `delivery` at
intake and again before hand-over. Sources: contract §4; ServiceRegistry reference §5.2, §6.2 and §11.3 step 8.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateway.errors import Outside, Rejected
from gateway.language import as_phrase, say
from gateway.message.identifiers import IdentifierKind, parse_identifier
from gateway.message.processes import ARKIVMELDING, TAUSHETSBELAGT, Channel, message_type
from gateway.message.prototype import Problem, Registered, Route, Weight
from gateway.registry.records import LookUp, Query, ServiceRecord

CONFIDENTIAL_LEVEL = 4

Answers = Mapping[Query, LookUp | Outside]


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """Which channels this installation sends on, and what counts as a secure one.

    `confidential_resource` is DPV's resource for confidential post; `confidential_dpf` lets level 4 of SvarUt carry it.
    """

    enabled: frozenset[Channel] = frozenset({Channel.DPO})
    confidential_resource: str = "eformidling-dpv-taushetsbelagt"
    confidential_dpf: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """One recipient (canonical identifier), the process, whether it is confidential, and the channel the caller chose.

    `level` is the security level that the caller names; the registry is then asked about that.
    """

    recipient: str
    process: str
    confidential: bool = False
    channel: Channel | None = None
    document_type: str = ARKIVMELDING
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Routed:
    """The decision. Without a route, `problems` says why; `record` is what the route rests on."""

    route: Route | None = None
    record: ServiceRecord | None = None
    registered: Registered | None = None
    alternatives: tuple[Route, ...] = ()
    why: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def questions(wish: Wish) -> tuple[Query, ...]:
    """What to ask the registry: the process (confidential: at level 4 first), and everything, for the alternatives."""
    if _is_person(wish.recipient):
        return ()
    plain = Query(wish.recipient, wish.process, wish.level)
    everything = Query(wish.recipient)
    if wish.confidential:
        return (Query(wish.recipient, wish.process, CONFIDENTIAL_LEVEL), plain, everything)
    return (plain, everything)


def route(wish: Wish, answers: Answers, *, settings: RoutingSettings) -> Routed:
    """Decide from the answers to `questions(wish)`."""
    if _is_person(wish.recipient):
        return Routed(problems=(_no_digital_post(),))
    lookups = {query: answer for query, answer in answers.items() if isinstance(answer, LookUp)}
    registered = next((_registered(answer) for answer in lookups.values()), None)
    candidates = tuple(_candidates(wish, lookups, settings=settings))
    alternatives = _alternatives(wish, lookups, settings=settings)
    if not candidates:
        problem = _why_none(wish, answers, settings=settings)
        return Routed(registered=registered, alternatives=alternatives, problems=(problem,))
    record = candidates[0]
    chosen = _route_of(record, wish)
    problems = () if record.channel in settings.enabled else (_not_enabled(record),)
    why = (_reason(wish, record),)
    others = tuple(each for each in alternatives if each != chosen)
    return Routed(chosen, record, registered, others, why, problems)


def _candidates(wish: Wish, lookups: Mapping[Query, LookUp], *, settings: RoutingSettings) -> Iterator[ServiceRecord]:
    """The records of this process that may carry it, in the registry's order; of confidential ones the secure only."""
    for query in questions(wish):
        if query.process is None or query not in lookups:
            continue
        for record in lookups[query].records:
            carries = wish.document_type in record.document_types and record.process == wish.process
            fits = carries and wish.channel in (None, record.channel)
            if fits and (not wish.confidential or _is_secure(record, settings)):
                yield record


def _is_secure(record: ServiceRecord, settings: RoutingSettings) -> bool:
    """By the process for it alone; DPO is encrypted to the recipient, the others need their own mark of confidence."""
    if record.process != TAUSHETSBELAGT:
        return False
    if record.channel is Channel.DPO:
        return True
    if record.channel is Channel.DPV:
        return record.resource == settings.confidential_resource
    return record.channel is Channel.DPF and record.security_level == CONFIDENTIAL_LEVEL and settings.confidential_dpf


def _alternatives(wish: Wish, lookups: Mapping[Query, LookUp], *, settings: RoutingSettings) -> tuple[Route, ...]:
    """Every way that would do. The answer about everything holds the others', unless it failed."""
    everything = lookups.get(Query(wish.recipient))
    answers = [everything] if everything else lookups.values()
    found = {
        (record.channel, record.process, record.security_level): record
        for answer in answers
        for record in answer.records
        if wish.document_type in record.document_types and (not wish.confidential or _is_secure(record, settings))
    }
    return tuple(_route_of(record, wish) for record in found.values())


def _route_of(record: ServiceRecord, wish: Wish) -> Route:
    return Route(record.channel, record.process, wish.document_type, record.security_level)


def _registered(answer: LookUp) -> Registered:
    return Registered(answer.entity.name, answer.entity.form, answer.entity.address)


def _reason(wish: Wish, record: ServiceRecord) -> str:
    level = say(" at security level {level}", level=record.security_level) if record.security_level else ""
    return say(
        "{number} takes {process} over {channel}{level}{secrecy}",
        number=_number(wish),
        process=_short(record.process),
        channel=record.channel.value,
        level=level,
        secrecy=say(", for it is confidential") if wish.confidential else "",
    )


def _why_none(wish: Wish, answers: Answers, *, settings: RoutingSettings) -> Problem:
    failures = [answer for answer in answers.values() if isinstance(answer, Outside)]
    for failure in failures:
        if not isinstance(failure, Rejected):
            return _registry_failed(failure)
    if len(failures) == len(answers):
        return _not_registered(wish)
    unsecured = replace(wish, confidential=False)
    if wish.confidential and any(_candidates(unsecured, _lookups(answers), settings=settings)):
        return _no_secure_channel(wish)
    return _no_channel(wish)


def _lookups(answers: Answers) -> dict[Query, LookUp]:
    return {query: answer for query, answer in answers.items() if isinstance(answer, LookUp)}


def _registry_failed(failure: Outside) -> Problem:
    return Problem(
        "REGISTRY_FAILED",
        Weight.BLOCK,
        say(
            "the ServiceRegistry could not be asked about this recipient: {reason}",
            reason=as_phrase(failure.message),
        ),
        failure.mend or "It is asked again with every PUT and at commit; wait a little and try again.",
    )


def _not_registered(wish: Wish) -> Problem:
    return Problem(
        "NOT_REGISTERED",
        Weight.BLOCK,
        say("the ServiceRegistry knows no organisation {number}", number=_number(wish)),
        "Check the number in Enhetsregisteret; a deregistered organisation cannot be reached.",
    )


def _no_channel(wish: Wish) -> Problem:
    return Problem(
        "NO_CHANNEL",
        Weight.BLOCK,
        _cannot_take(wish),
        "Choose one of the alternatives with PUT, or send it another way.",
    )


def _cannot_take(wish: Wish) -> str:
    if wish.document_type == ARKIVMELDING:
        return say(
            "{number} cannot take an arkivmelding by {process}", number=_number(wish), process=_short(wish.process)
        )
    return say(
        "{number} cannot take {type} by {process}",
        number=_number(wish),
        type=message_type(wish.document_type),
        process=_short(wish.process),
    )


def _no_secure_channel(wish: Wish) -> Problem:
    return Problem(
        "NO_SECURE_CHANNEL",
        Weight.BLOCK,
        say("{number} can be reached, but by no channel that is safe for confidential content", number=_number(wish)),
        "Send it another way, or agree with the recipient to register for taushetsbelagt.",
    )


def _not_enabled(record: ServiceRecord) -> Problem:
    return Problem(
        "CHANNEL_NOT_ENABLED",
        Weight.BLOCK,
        say(
            "this recipient is reached over {channel}, and this gateway does not send on {channel}",
            channel=record.channel.value,
        ),
        "Deselect the recipient and send to it another way, or choose an alternative with PUT.",
    )


def _no_digital_post() -> Problem:
    return Problem(
        "CHANNEL_NOT_ENABLED",
        Weight.BLOCK,
        "this recipient is a person; an arkivmelding does not go to persons, and this gateway does not send digital post",
        "Deselect the recipient and send to it another way.",
    )


def _number(wish: Wish) -> str:
    return wish.recipient.removeprefix("0192:")


def _short(process: str) -> str:
    """`urn:no:difi:profile:arkivmelding:administrasjon:ver1.0` → `administrasjon`."""
    parts = process.split(":")
    return parts[-2] if len(parts) > 2 else process


def _is_person(recipient: str) -> bool:
    return parse_identifier(recipient).kind is IdentifierKind.PERSON
