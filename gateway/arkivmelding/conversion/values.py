"""The text of one source element as a value of the target: codes become labels, nested names and references plain text.

In come the source element and the target's type, out comes a `Value`, or None where nothing usable stands there. Called
by building. Source of the nested forms: Fiks Arkiv's metadatakatalog (kode, identifikatorer, references).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from gateway.arkivmelding.codes import label_meant
from gateway.arkivmelding.content_model import ContentModel, local
from gateway.arkivmelding.facts import raw_text
from gateway.arkivmelding.reader import NAMESPACE, local_name
from gateway.arkivmelding.secrecy import speaks_of_secrecy
from gateway.arkivmelding.spelling import FILE_NAME, GUID, value_meant

# Systems write the year 1 for a date that nobody set.
_NEVER = "0001-"
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_INT = range(-(2**31), 2**31)
# The one of several nested texts that is the value, the best first.
_CODED = ("kode", "beskrivelse")
_NESTED = ("systemID", "navn", "identifikator", "initialer", "epostadresse")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the target; `before` is what stood in the source; `unused` are nested texts that it does not hold."""

    text: str
    before: str
    unused: tuple[etree._Element, ...] = ()


def read_value(
    source: etree._Element, type_name: str, *, model: ContentModel, codes: Mapping[str, Mapping[str, str]]
) -> Value | None:
    """The value of a simple type of the target that the source element holds."""
    found = _flatten(source)
    if found.unused and not found.text.strip():
        return None
    simple = model.simple_types.get(type_name)
    if simple is not None and simple.labels:
        label = _label(
            source,
            found.text,
            meant=lambda text: label_meant(local(type_name), text, labels=simple.labels, codes=codes),
        )
        return Value(label, found.before, found.unused) if label else None
    written = value_meant(local_name(source), type_name, text=found.text, model=model)
    text = found.text if written is None else written
    if local(type_name) == FILE_NAME:
        return Value(text, found.before, found.unused)
    return Value(text, found.before, found.unused) if fits(text, type_name, model=model) else None


def fits(text: str, type_name: str, *, model: ContentModel) -> bool:
    """Whether a text can stand as a value of this type, dates that nobody set left out."""
    if type_name == f"{{{NAMESPACE}}}GUID":
        return GUID.fullmatch(text) is not None
    simple = model.simple_types.get(type_name)
    built_in = simple.built_in if simple else local(type_name)
    if simple is not None and simple.labels:
        return text in simple.labels
    if built_in in ("date", "dateTime"):
        found = (_DATE if built_in == "date" else _MOMENT).fullmatch(text.strip())
        return found is not None and not text.strip().startswith(_NEVER) and _is_day(found[1])
    if built_in in ("integer", "int"):
        number = text.strip()
        return bool(_INTEGER.fullmatch(number)) and (built_in == "integer" or int(number) in _INT)
    return True


def says_something(source: etree._Element) -> bool:
    """Whether anything but a date that nobody set stands there."""
    text = _flatten(source).before.strip()
    return bool(text) and not text.startswith(_NEVER)


def _flatten(source: etree._Element) -> Value:
    """The text itself; of a code its description and letter; of nested names and references the one that counts.

    Where two of that name say different things, nothing counts.
    """
    nested = list(source.iterchildren("*"))
    if not nested:
        text = raw_text(source)
        return Value(text, text)
    first: dict[str, etree._Element] = {}
    for each in nested:
        first.setdefault(local_name(each), each)
    texts = {name: raw_text(each) for name, each in first.items()}
    before = " ".join(raw_text(each).strip() for each in nested if raw_text(each).strip())
    if "kode" in first:
        names = [name for name in _CODED if name in first]
        text = _coded(source, texts)
    else:
        names = [each for each in _NESTED if texts.get(each, "").strip()][:1]
        text = texts[names[0]] if names else ""
    if any(
        raw_text(each).strip() != texts[name].strip() for name in names for each in source.iterchildren(f"{{*}}{name}")
    ):
        return Value("", before, tuple(nested))
    return Value(text, before, _unused(nested, [first[name] for name in names]))


def _unused(nested: Sequence[etree._Element], taken: Sequence[etree._Element]) -> tuple[etree._Element, ...]:
    """What stands in a value and is no part of it: the other children, and whatever stands in those that are taken."""
    within = (inner for each in taken for inner in each.iterchildren("*"))
    return (*(each for each in nested if each not in taken), *within)


def _coded(source: etree._Element, texts: Mapping[str, str]) -> str:
    code, description = texts["kode"].strip(), texts.get("beskrivelse", "").strip()
    if not description or description == code:
        return code
    # Of secrecy every word is kept: whoever judges it should see all that was said.
    return f"{code} {description}".strip() if speaks_of_secrecy(local_name(source)) else description


def _label(source: etree._Element, text: str, *, meant: Callable[[str], str | None]) -> str | None:
    """The label by the letter and by the words; None where the two say different things."""
    letter = next((raw_text(each) for each in source.iterchildren("{*}kode")), text)
    words = next((raw_text(each) for each in source.iterchildren("{*}beskrivelse")), letter)
    by_letter, by_words = meant(letter), meant(words)
    if by_letter and by_words and by_letter != by_words:
        return None
    return by_letter or by_words


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
