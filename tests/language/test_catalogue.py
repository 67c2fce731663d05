"""The catalogue is complete: whatever the gateway says to anybody, it can say in bokmål, and nothing more stands in it."""

import json
from functools import cache

import pytest

from gateway.language import catalogue

from .sentences import Reader, Sentence, has_words, places_of

# The same words in both languages.
ALIKE = frozenset({"Fiks Arkiv"})


def test_every_sentence_can_be_told() -> None:
    """No sentence is put together in a way that leaves it English: an f-string, an operator, a bare text inside another."""
    lost = sorted(_read().objections)
    _demand(not lost, "These sentences are lost:", [f"{each.place}: {each.why}" for each in lost])


def test_every_sentence_is_in_the_catalogue() -> None:
    """Each pattern of `say`, and each whole text that somebody reads, has its bokmål."""
    missing = [each for each in _in_order() if has_words(each.text) and each.text not in catalogue()]
    lines = [f' {json.dumps(each.text, ensure_ascii=False)}: "",' for each in missing]
    places = [f"{each.place}: {each.text[:60]}" for each in missing]
    head = f"{len(missing)} sentences have no bokmål in gateway/language/bokmaal.json:"
    _demand(not missing, head, [*lines, "They stand here:", *places])


def test_bokmaal_fills_the_same_places() -> None:
    """What is filled into the English pattern, and nothing else, is filled into the Norwegian one."""
    known = [each for each in _in_order() if each.pattern and each.text in catalogue()]
    wrong = [each for each in known if places_of(each.text) != _places(catalogue()[each.text])]
    lines = [f"{each.place}: {sorted(_places(catalogue()[each.text]))} in bokmål of {each.text!r}" for each in wrong]
    _demand(not wrong, "Other places to fill than in English:", lines)


def test_nothing_in_the_catalogue_is_unused() -> None:
    """What nobody says any more is taken out."""
    said = {each.text for each in _in_order()}
    unused = [json.dumps(text, ensure_ascii=False) for text in catalogue() if text not in said]
    _demand(not unused, f"{len(unused)} entries of the catalogue are said nowhere:", unused)


def test_bokmaal_is_not_english() -> None:
    """No entry is the English text over again, a short list apart."""
    same = [text for text, told in catalogue().items() if text == told and has_words(text) and text not in ALIKE]
    _demand(not same, "Not translated:", same)


def test_both_languages_end_alike() -> None:
    """Blanks and full stops at the ends are the same in both, for sentences are put together of entries; none is empty."""
    frayed = [text for text, told in catalogue().items() if not told.strip() or _ends(text) != _ends(told)]
    _demand(not frayed, "Other ends in bokmål:", frayed)


def _in_order() -> list[Sentence]:
    return sorted(_read().found.values(), key=lambda each: each.place)


@cache
def _read() -> Reader:
    reader = Reader()
    reader.read()
    return reader


def _places(pattern: str) -> frozenset[str]:
    try:
        return places_of(pattern)
    except ValueError:
        return frozenset({"(braces that do not match)"})


def _ends(text: str) -> tuple[bool, bool, bool]:
    return text.startswith(" "), text.endswith(" "), text.endswith(".")


def _demand(met: bool, head: str, lines: list[str]) -> None:
    """Fail with exactly what is to be done."""
    if not met:
        pytest.fail("\n".join((head, *lines)), pytrace=False)
