"""A sentence remembers its pattern, and is told again in the reader's language, also after a stay in the database."""

import copy
import json
import pickle
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import language
from gateway.language import Language, Phrase, alter, as_phrase, choose_language, keep, listed, recall, say, tell
from gateway.message.identifiers import mask

BOOK: Mapping[str, str] = {
    "«{name}» has {count} files": "«{name}» har {count} filer",
    "{first}, so {second}": "{second}, for {first}",
    "it is empty": "den er tom",
    "nothing arrived": "ingenting kom fram",
    'put {"a": 1} in': 'legg inn {"a": 1}',
    'put {{"a": {number}}} in': 'legg inn {{"a": {number}}}',
    "it differs {skew:+.0f} s": "den avviker {skew:+.0f} s",
}

_texts = st.text(max_size=8)
_words = st.dictionaries(st.sampled_from(["name", "count", "reason"]), _texts | st.integers() | st.none(), max_size=3)


@pytest.fixture(autouse=True)
def small_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of this file's own."""
    monkeypatch.setattr(language, "catalogue", lambda: BOOK)


def test_a_phrase_is_its_english_text() -> None:
    """Whoever knows nothing of languages has an ordinary text in hand: it compares, joins and is a key like any other."""
    phrase = say("«{name}» has {count} files", name="Vedtak", count=3)
    assert isinstance(phrase, str)
    assert phrase == "«Vedtak» has 3 files"
    assert {phrase: 1}["«Vedtak» has 3 files"] == 1
    assert json.dumps([phrase], ensure_ascii=False) == '["«Vedtak» has 3 files"]'
    assert type(tell(phrase, Language.ENGLISH)) is str


def test_a_phrase_is_told_in_bokmaal() -> None:
    """The pattern is looked up, and what was filled in stays as it was given."""
    assert tell(say("«{name}» has {count} files", name="it is empty", count=3), Language.BOKMAAL) == (
        "«it is empty» har 3 filer"
    )
    assert tell(say("it differs {skew:+.0f} s", skew=12.4), Language.BOKMAAL) == "den avviker +12 s"


def test_phrases_inside_a_phrase_are_told_too() -> None:
    """To any depth, and in the order of the other language."""
    inner = say("{first}, so {second}", first=say("it is empty"), second=as_phrase("nothing arrived"))
    outer = say("{first}, so {second}", first=inner, second="X")
    assert outer == "it is empty, so nothing arrived, so X"
    assert tell(outer, Language.BOKMAAL) == "X, for ingenting kom fram, for den er tom"


def test_a_constant_needs_no_say() -> None:
    """A text that is no phrase is looked up whole; with braces of its own, too."""
    assert tell("it is empty", Language.BOKMAAL) == "den er tom"
    assert tell('put {"a": 1} in', Language.BOKMAAL) == 'legg inn {"a": 1}'


def test_what_nobody_has_translated_stays_english() -> None:
    """A text or a pattern that the catalogue does not hold is told as it is, its phrases translated."""
    assert tell("unheard of {", Language.BOKMAAL) == "unheard of {"
    assert tell(say("unheard of: {why}", why=say("it is empty")), Language.BOKMAAL) == "unheard of: den er tom"


def test_braces_are_written_twice_in_a_pattern_only() -> None:
    """A brace that belongs to the sentence is doubled in a pattern; braces in what is filled in are nobody's business."""
    phrase = say('put {{"a": {number}}} in', number="{x}")
    assert phrase == 'put {"a": {x}} in'
    assert tell(phrase, Language.BOKMAAL) == 'legg inn {"a": {x}}'
    assert as_phrase("a {b} c") == "a {b} c"
    assert tell(as_phrase('put {"a": 1} in'), Language.BOKMAAL) == 'legg inn {"a": 1}'
    assert tell(say("{first}, so {second}", first="{0}", second=as_phrase("{")), Language.BOKMAAL) == "{, for {0}"


def test_several_are_told_in_a_row() -> None:
    """Of a list each phrase is told by itself, and texts stay."""
    assert listed([say("it is empty"), "a", as_phrase("nothing arrived")], "; ") == "it is empty; a; nothing arrived"
    assert tell(listed([say("it is empty"), "a"]), Language.BOKMAAL) == "den er tom, a"
    assert listed([]) == ""


def test_a_change_reaches_what_is_filled_in() -> None:
    """Masking hides a number in what was filled in, at any depth, and the sentence can still be told."""
    phrase = say(
        "{first}, so {second}", first=say("«{name}» has {count} files", name="01017012345", count=2), second="x"
    )
    hidden = alter(phrase, mask)
    assert hidden == "«***********» has 2 files, so x"
    assert tell(hidden, Language.BOKMAAL) == "x, for «***********» har 2 filer"
    assert phrase == "«01017012345» has 2 files, so x"
    assert alter("plain 01017012345", mask) == "plain ***********"


@given(_words)
def test_what_is_kept_is_recalled(filled: dict[str, object]) -> None:
    """Through JSON text and back it is the same sentence with the same parts."""
    pattern = "{{}} " + " ".join(f"{{{name}}}" for name in filled)
    phrase = Phrase("{first} – {second}", {"first": Phrase(pattern, filled), "second": "{plain}"})
    back = recall(json.loads(json.dumps(keep(phrase))))
    assert back == phrase
    assert isinstance(back, Phrase)
    assert (back.pattern, back.filled) == (phrase.pattern, phrase.filled)
    assert isinstance(back.filled["first"], Phrase)


@given(_texts)
def test_a_plain_text_is_kept_as_it_is(text: str) -> None:
    """What is no phrase is stored as text, as it was before there were phrases."""
    assert keep(text) == text
    assert recall(keep(text)) == text


def test_a_phrase_can_be_copied() -> None:
    """Copies, deep ones and pickled ones too, are told like the first: records are copied on their way to the database."""
    phrase = say("«{name}» has {count} files", name=say("it is empty"), count=1)
    for twin in (copy.copy(phrase), copy.deepcopy(phrase), pickle.loads(pickle.dumps(phrase))):
        assert twin == phrase
        assert tell(twin, Language.BOKMAAL) == "«den er tom» har 1 filer"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["nb-NO", "en"], Language.BOKMAAL),
        (["no"], Language.BOKMAAL),
        (["nn_NO.UTF-8"], Language.BOKMAAL),
        (["NB"], Language.BOKMAAL),
        (["en-GB", "nb"], Language.ENGLISH),
        (["de", "nb"], Language.BOKMAAL),
        (["de", "fr"], Language.ENGLISH),
        (["nbx", "C"], Language.ENGLISH),
        ([], Language.ENGLISH),
    ],
)
def test_the_first_language_that_is_spoken_is_chosen(wanted: list[str], chosen: Language) -> None:
    """Of tags as browsers and locales write them the first known one counts; without one it is English."""
    assert choose_language(wanted) is chosen


def test_the_real_catalogue_can_be_read() -> None:
    """It is one flat JSON object of texts, sorted, so that two people can add to it at once."""
    with open(language.__file__.replace("__init__.py", "bokmaal.json"), encoding="utf-8") as file:
        book = json.load(file)
    assert list(book) == sorted(book)
    assert all(isinstance(text, str) and isinstance(told, str) for text, told in book.items())
