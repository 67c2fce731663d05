"""Sentences that can be told in English and in bokmål.

In come patterns with what is filled in, out come `Phrase`s: plain English text that every room can use as such, and that
a door can tell again in the reader's language. The one catalogue is `bokmaal.json` beside this file. Imported by every
room, imports none.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache


class Language(StrEnum):
    """The languages that the gateway speaks; English is what the code is written in."""

    ENGLISH = "en"
    BOKMAAL = "nb"


# Danish and nynorsk readers understand bokmål better than English; `no` is the old name for both.
_NORWEGIAN = frozenset({"nb", "nn", "no"})


class Phrase(str):
    """An English text that remembers its pattern and what was filled in."""

    __slots__ = ("filled", "pattern")

    pattern: str
    filled: Mapping[str, object]

    def __new__(cls, pattern: str, filled: Mapping[str, object]) -> "Phrase":
        """The pattern with its places filled: `{name}` as with `str.format`, so a brace itself is written twice."""
        phrase = super().__new__(cls, pattern.format(**filled))
        phrase.pattern = pattern
        phrase.filled = filled
        return phrase

    def __getnewargs__(self) -> tuple[str, Mapping[str, object]]:  # type: ignore[override]  # what __new__ takes
        """For copies: made again from the same."""
        return self.pattern, self.filled


def say(pattern: str, /, **filled: object) -> Phrase:
    """A sentence with its places filled. The pattern is a literal, for the catalogue holds it word for word."""
    return Phrase(pattern, filled)


def as_phrase(text: str) -> Phrase:
    """A text that may be one of our constants, to be filled into another sentence: it is told there, too."""
    return text if isinstance(text, Phrase) else Phrase(text.replace("{", "{{").replace("}", "}}"), {})


def listed(texts: Iterable[str], mark: str = ", ") -> Phrase:
    """Several texts in a row with a mark between them; the phrases among them are told each by itself."""
    filled = {f"text{number}": text for number, text in enumerate(texts)}
    return Phrase(mark.join(f"{{{name}}}" for name in filled), filled)


def tell(text: str, language: Language) -> str:
    """The text in a language; in English where the catalogue does not hold it. What was filled in stays, phrases told too."""
    if language is Language.ENGLISH:
        return str(text)
    if not isinstance(text, Phrase):
        return catalogue().get(text, text)
    if not text.filled and text.pattern not in catalogue():
        # Made by `as_phrase` of a constant, which the catalogue holds with its braces as they are read.
        return catalogue().get(str(text), str(text))
    filled = {
        name: tell(value, language) if isinstance(value, Phrase) else value for name, value in text.filled.items()
    }
    return catalogue().get(text.pattern, text.pattern).format(**filled)


def alter(text: str, change: Callable[[str], str]) -> str:
    """The text with a change (to mask, say) made to what was filled in; made to all of it where it is no phrase."""
    if not isinstance(text, Phrase):
        return change(text)
    return Phrase(text.pattern, {name: _altered(value, change) for name, value in text.filled.items()})


def keep(text: str) -> object:
    """The text as a value of JSON that `recall` makes the same of: text, or the pattern with what was filled in."""
    if not isinstance(text, Phrase):
        return text
    kept = {name: keep(value) if isinstance(value, str) else value for name, value in text.filled.items()}
    return {"say": text.pattern, "with": kept}


def recall(kept: object) -> str:
    """The text that `keep` wrote."""
    if not isinstance(kept, Mapping):
        return str(kept)
    filled = kept["with"]
    return Phrase(
        kept["say"], {name: recall(value) if isinstance(value, Mapping) else value for name, value in filled.items()}
    )


def choose_language(wanted: Iterable[str]) -> Language:
    """The first of these language tags (`nb-NO`, `en`, `nn`) that the gateway speaks, else English."""
    for tag in wanted:
        name = tag.replace("_", "-").partition("-")[0].casefold()
        if name in _NORWEGIAN:
            return Language.BOKMAAL
        if name == Language.ENGLISH:
            return Language.ENGLISH
    return Language.ENGLISH


@cache
def catalogue() -> Mapping[str, str]:
    """The catalogue: English pattern → bokmål pattern. Read when it is first wanted."""
    import json
    import os

    with open(os.path.join(os.path.dirname(__file__), "bokmaal.json"), encoding="utf-8") as file:
        book: dict[str, str] = json.load(file)
    return book


def _altered(value: object, change: Callable[[str], str]) -> object:
    return alter(value, change) if isinstance(value, str) else value
