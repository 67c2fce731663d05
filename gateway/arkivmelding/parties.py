"""Korrespondanseparter → who is a recipient, and by which identifier.

In come the facts, the sender and the identifiers given beside or inside the document; out come `Addressee`s, those who
are skipped and what does not fit. Called by `delivery.intake` and `gateway validate`. Rules: contract §4.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.facts import Facts, Korrespondansepart, PartType
from gateway.arkivmelding.filenames import normal
from gateway.language import say
from gateway.message.identifiers import parse_identifier
from gateway.message.prototype import IdentifiedBy, PartRef, Problem, Skipped, Weight

RECIPIENTS = frozenset({PartType.MOTTAKER, PartType.KOPIMOTTAKER, PartType.GRUPPEMOTTAKER})
_SKIPPED = {
    PartType.AVSENDER: "SENDER",
    PartType.INTERN_AVSENDER: "INTERNAL",
    PartType.INTERN_MOTTAKER: "INTERNAL",
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient to be: its part, its canonical identifier if there is one, and what is wrong with that."""

    part: PartRef
    identifier: str | None
    identified_by: IdentifiedBy | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Addressing:
    """Everybody who is named: recipients, those skipped, problems that belong to no recipient; `merged` had another's number."""

    addressees: tuple[Addressee, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]
    merged: tuple[Addressee, ...] = ()


@dataclass(frozen=True, slots=True)
class _Claim:
    source: IdentifiedBy
    navn: str
    identifier: str


def find_addressees(
    facts: Facts, sender: str, *, requested: Sequence[Given] = (), written: Sequence[Given] = ()
) -> Addressing:
    """Who gets the message. `requested` came with the request, `written` stands in the document's own extension."""
    parts = facts.journalpost.parts if facts.journalpost else ()
    claims = _claims(parts, requested, written=written)
    addressees: list[Addressee] = []
    skipped: list[Skipped] = []
    for part in parts:
        if part.type in RECIPIENTS:
            addressees.extend(_address(part, claims[part.index]))
        else:
            skipped.append(Skipped(_ref(part), _SKIPPED[part.type] if part.type else "UNKNOWN_TYPE"))
    kept, passed_over, merged = _merge(addressees, sender)
    return Addressing(kept, (*skipped, *passed_over), _misplaced(parts, (*requested, *written)), merged)


def avsender_disagrees(facts: Facts, sender: str) -> bool:
    """Whether an Avsender part carries an identifier, and it is not the sender's."""
    parts = facts.journalpost.parts if facts.journalpost else ()
    named = {canonical(each) for part in parts if part.type is PartType.AVSENDER for each in part.identifiers}
    return bool(named) and sender not in named


def _claims(
    parts: Iterable[Korrespondansepart], requested: Sequence[Given], *, written: Sequence[Given]
) -> dict[int, list[_Claim]]:
    claims: dict[int, list[_Claim]] = defaultdict(list)
    for part in parts:
        claims[part.index] += [_Claim(IdentifiedBy.DOCUMENT, part.name, each) for each in part.identifiers]
    for source, given in ((IdentifiedBy.RECIPIENTS, requested), (IdentifiedBy.ADRESSERING, written)):
        for each in given:
            claims[each.part].append(_Claim(source, each.navn, each.identifikator))
    return claims


def _address(part: Korrespondansepart, claims: Sequence[_Claim]) -> list[Addressee]:
    """One addressee for a part; for a Gruppemottaker one for each member that was given."""
    if part.type is PartType.GRUPPEMOTTAKER:
        if not claims:
            return [Addressee(_ref(part), None, None, (_group_not_expanded(part),))]
        return [_identify(part, [claim]) for claim in claims]
    return [_identify(part, claims)]


def _identify(part: Korrespondansepart, claims: Sequence[_Claim]) -> Addressee:
    if not claims:
        return Addressee(_ref(part), None, None, (_no_id(part),))
    first = claims[0]
    try:
        identifier = _strict(first.identifier)
    except ValueError as fault:
        return Addressee(_ref(part), None, first.source, (_bad_id(part, fault.args[0]),))
    problems = [_part_mismatch(part, each) for each in claims if not _same_name(each.navn, part.name)]
    if len({canonical(each.identifier) for each in claims}) > 1:
        problems.append(_id_conflict(part, claims))
        return Addressee(_ref(part), None, first.source, tuple(problems))
    return Addressee(_ref(part), identifier, first.source, tuple(problems))


def _merge(
    addressees: Sequence[Addressee], sender: str
) -> tuple[tuple[Addressee, ...], list[Skipped], tuple[Addressee, ...]]:
    """The same identifier once, Mottaker before Kopimottaker; the sender itself not at all."""
    skipped: list[Skipped] = []
    kept: list[Addressee] = []
    merged: list[Addressee] = []
    standing: dict[str, int] = {}
    taken = {sender} | {each.identifier for each in addressees if each.identifier and not each.problems}
    for each in addressees:
        if each.identifier is None:
            kept.append(each)
        elif each.problems and (each.identifier in taken or each.identifier in standing):
            # A number in doubt that is somebody else's beyond doubt: this part must not vanish as the sender or as them.
            kept.append(replace(each, identifier=None))
        elif each.identifier == sender:
            skipped.append(Skipped(each.part, "SELF"))
        elif each.identifier not in standing:
            standing[each.identifier] = len(kept)
            kept.append(each)
        else:
            place = standing[each.identifier]
            stays, goes = _stronger(kept[place], each)
            kept[place] = replace(stays, problems=(*stays.problems, *goes.problems, *_same_number(stays, goes)))
            skipped.append(Skipped(goes.part, "MERGED"))
            merged.append(replace(goes, problems=()))
    return tuple(kept), skipped, tuple(merged)


def _stronger(first: Addressee, second: Addressee) -> tuple[Addressee, Addressee]:
    raises = second.part.type == PartType.MOTTAKER and first.part.type != PartType.MOTTAKER
    return (second, first) if raises else (first, second)


def _same_number(stays: Addressee, goes: Addressee) -> tuple[Problem, ...]:
    """Two parts of different names with one identifier: perhaps one organisation, perhaps a number that was copied."""
    ours, theirs = (set(re.findall(r"\w+", _plain(each.part.name))) for each in (stays, goes))
    if ours <= theirs or theirs <= ours:
        return ()
    return (
        Problem(
            "NAME_MISMATCH",
            Weight.CONFIRM,
            say(
                "«{name}» (korrespondansepart {index}) has the same identifier as «{other}» "
                "(korrespondansepart {other_index}), so one message goes for both",
                name=goes.part.name,
                index=goes.part.index,
                other=stays.part.name,
                other_index=stays.part.index,
            ),
            "If they are one organisation, say yes with PUT: "
            '{"prototypes": [{"messageId": "…", "confirm": ["NAME_MISMATCH"]}]}; or give each its own number.',
            part=goes.part.index,
        ),
    )


def _misplaced(parts: Sequence[Korrespondansepart], given: Iterable[Given]) -> tuple[Problem, ...]:
    """Identifiers that were given for a part that does not exist or is no recipient."""
    recipients = {part.index for part in parts if part.type in RECIPIENTS}
    return tuple(
        Problem(
            "PART_MISMATCH",
            Weight.BLOCK,
            say(
                "an identifier is given for korrespondansepart {index} («{name}»), which is no recipient",
                index=each.part,
                name=each.navn,
            ),
            "Give the index (from 1) and the name of a Mottaker or Kopimottaker in this journalpost.",
            part=each.part,
        )
        for each in given
        if each.part not in recipients
    )


def _ref(part: Korrespondansepart) -> PartRef:
    return PartRef(part.index, part.type or part.label, part.name)


def _strict(text: str) -> str:
    return str(parse_identifier(text))


def canonical(text: str) -> str:
    """The identifier in its one form, for comparing; what is none, as it is."""
    try:
        return _strict(text)
    except ValueError:
        return text.strip()


def _same_name(given: str, name: str) -> bool:
    return _plain(given) == _plain(name)


def _plain(name: str) -> str:
    """Without what the eye does not see: case, blanks, how a letter is composed."""
    return " ".join(normal(name).split()).casefold()


def _no_id(part: Korrespondansepart) -> Problem:
    return Problem(
        "NO_ID",
        Weight.BLOCK,
        say(
            "«{name}» (korrespondansepart {index}) has no identifier, so nobody can be asked what it can take",
            name=part.name,
            index=part.index,
        ),
        "Give it in the request's `recipients` part, in the adressering extension, or with PUT: "
        '{"prototypes": [{"messageId": "…", "recipient": "0192:…"}]}.',
        part=part.index,
        line=part.line,
    )


def _bad_id(part: Korrespondansepart, reason: str) -> Problem:
    return Problem(
        "ID_INVALID",
        Weight.BLOCK,
        say(
            "the identifier given for «{name}» (korrespondansepart {index}) cannot be used: {reason}",
            name=part.name,
            index=part.index,
            reason=reason,
        ),
        "Correct the number; one wrong digit is another organisation.",
        part=part.index,
        line=part.line,
    )


def _part_mismatch(part: Korrespondansepart, claim: _Claim) -> Problem:
    return Problem(
        "PART_MISMATCH",
        Weight.BLOCK,
        say(
            "the identifier for korrespondansepart {index} was given to «{given}», but that part is "
            "«{name}»: an index may have slipped",
            index=part.index,
            given=claim.navn,
            name=part.name,
        ),
        "Let index and navn name the same part, or set the recipient of this message with PUT.",
        part=part.index,
        line=part.line,
    )


def _id_conflict(part: Korrespondansepart, claims: Sequence[_Claim]) -> Problem:
    sources = ", ".join(dict.fromkeys(claim.source.value for claim in claims))
    return Problem(
        "ID_CONFLICT",
        Weight.BLOCK,
        say(
            "«{name}» (korrespondansepart {index}) has been given different identifiers ({sources})",
            name=part.name,
            index=part.index,
            sources=sources,
        ),
        "Keep the right one only, or set the recipient of this message with PUT.",
        part=part.index,
        line=part.line,
    )


def _group_not_expanded(part: Korrespondansepart) -> Problem:
    return Problem(
        "GROUP_NOT_EXPANDED",
        Weight.BLOCK,
        say(
            "«{name}» (korrespondansepart {index}) is a group; the gateway does not know its members",
            name=part.name,
            index=part.index,
        ),
        say(
            'Add each member with PUT: {{"prototypes": [{{"recipient": "0192:…", "korrespondansepart": {index}}}]}}; '
            "or deselect it.",
            index=part.index,
        ),
        part=part.index,
        line=part.line,
    )
