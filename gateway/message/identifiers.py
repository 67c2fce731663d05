"""Identifiers of organisations and persons, with their check digits.

In come strings as fagsystemer and the ServiceRegistry write them; out come canonical identifiers. Called by every
room that meets an identifier. Source: reference of the ServiceRegistry, parsing order ISO 6523, person.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from operator import mul

from gateway.language import say

AUTHORITY = "iso6523-actorid-upis"

_ORGANISATION_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
_PERSON_WEIGHTS_1 = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_PERSON_WEIGHTS_2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
# What people and word processors put after the sixth digit: blanks and hyphens of every kind, a dot, a line break.
_MARK = r"[\s\u00a0\u2009\u202f.\-\u2010-\u2015]?"
_ELEVEN_DIGITS = re.compile(rf"(?<!\d)(\d{{6}}){_MARK}(\d{{5}})(?!\d)", re.ASCII)
_LONG_RUN = re.compile(rf"\d{{6}}{_MARK}\d{{5}}|\d{{6,}}")
_GUID_OR_PERSON = re.compile(
    r"(?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})|\d{6}[ .-]?\d{5,}", re.ASCII
)
_ORGANISATION = re.compile(r"(?:(?:0192|9908):)?(\d{9})(?::([^:\s]{1,35}))?", re.ASCII)


class IdentifierKind(StrEnum):
    """What an identifier names."""

    ORGANISATION = "organisation"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier, checked. `number` is 9 digits (organisation) or 11 (person); `part` is a sub-address or empty."""

    kind: IdentifierKind
    number: str
    part: str = ""

    def __str__(self) -> str:
        """The canonical text: `0192:311000128`, `0192:311000128:part`, or the eleven digits of a person."""
        if self.kind is IdentifierKind.PERSON:
            return self.number
        return f"0192:{self.number}" + (f":{self.part}" if self.part else "")


def parse_identifier(text: str) -> Identifier:
    """Read `311000128`, `0192:311000128[:part]` or eleven digits; ValueError holds a phrase on what is wrong otherwise."""
    candidate = text.strip()
    if match := _ORGANISATION.fullmatch(candidate):
        if not is_organisasjonsnummer(match[1]):
            raise ValueError(say("{number} is no organisasjonsnummer: its check digit is wrong", number=match[1]))
        return Identifier(IdentifierKind.ORGANISATION, match[1], match[2] or "")
    if len(candidate) == 11 and candidate.isascii() and candidate.isdigit():
        if not is_person_number(candidate):
            wrong = say("eleven digits, but no valid fødselsnummer or D-nummer: the check digits are wrong")
            raise ValueError(wrong)
        return Identifier(IdentifierKind.PERSON, candidate)
    raise ValueError(
        say("neither an organisasjonsnummer (9 digits, with or without 0192:) nor a fødselsnummer (11 digits)")
    )


def number_of(identifier: str) -> str:
    """The organisation number; a text that is no identifier equals nothing but itself."""
    try:
        return parse_identifier(identifier).number
    except ValueError:
        return f"unreadable:{identifier}"


def is_organisasjonsnummer(digits: str) -> bool:
    """Whether nine digits have the right check digit (modulus 11)."""
    if len(digits) != 9 or not (digits.isascii() and digits.isdigit()):
        return False
    rest = _weighted(digits, _ORGANISATION_WEIGHTS) % 11
    return rest != 1 and (11 - rest) % 11 == int(digits[8])


def is_person_number(digits: str) -> bool:
    """Whether eleven digits are a fødselsnummer, D-nummer or synthetic number: check digits and a possible date."""
    if len(digits) != 11 or not (digits.isascii() and digits.isdigit()):
        return False
    first = (11 - _weighted(digits, _PERSON_WEIGHTS_1) % 11) % 11
    second = (11 - _weighted(digits, _PERSON_WEIGHTS_2) % 11) % 11
    return (first, second) == (int(digits[9]), int(digits[10])) and _has_birth_date(digits)


def find_person_numbers(text: str) -> tuple[str, ...]:
    """The valid person numbers in free text, written `ddmmyynnnnn` or with one mark after the sixth digit."""
    numbers = (first + last for first, last in _ELEVEN_DIGITS.findall(text))
    return tuple(number for number in numbers if is_person_number(number))


def mask(text: str) -> str:
    """The text with every digit run of six or more hidden: for values that are shown in errors."""
    return _LONG_RUN.sub(lambda match: "*" * len(match[0]), text)


def mask_persons(text: str) -> str:
    """The text with whatever has the length of a person's number hidden: for what the sender itself has written.

    GUIDs, organisation numbers, dates and case numbers stay readable.
    """
    return _GUID_OR_PERSON.sub(lambda found: found[0] if found["guid"] else "*" * len(found[0]), text)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(map(mul, map(int, digits), weights))


def _has_birth_date(digits: str) -> bool:
    """Day 1–31 (D-nummer +40), month 1–12 with the offsets of H-numbers and synthetic registers (+20 +40 +65 +80)."""
    day, month = int(digits[:2]), int(digits[2:4])
    return (1 <= day <= 31 or 41 <= day <= 71) and any(1 <= month - offset <= 12 for offset in (0, 20, 40, 65, 80))
