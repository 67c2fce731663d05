"""How a name in an arkivmelding compares with the registry's name: the guard against the wrong recipient.

In come two names, out comes a `NameMatch`. Called by routing. Upper and lower case, punctuation and organisation forms
do not count; one slip of the keyboard in a long word is forgiven, a different word is not.
"""

import re
import unicodedata

from gateway.message.prototype import NameMatch

_FORMS = frozenset({"as", "asa", "ans", "da", "sa", "sf", "ks", "ba", "iks", "kf", "fkf", "hf", "rhf", "nuf", "enk"})
# Words that many organisations share, so that having them in common proves nothing.
_GENERIC = _FORMS | {
    "kommune",
    "fylkeskommune",
    "fylke",
    "i",
    "og",
    "for",
    "av",
    "the",
    "norge",
    "norsk",
    "etat",
    "avdeling",
}
_LONG_WORD = 6


def compare_names(part: str, registered: str | None) -> NameMatch:
    """`same`, `similar` (one holds the other, or a slip), `different`, or `unverifiable` where one of them is missing."""
    ours, theirs = _words(part), _words(registered or "")
    if not ours or not theirs:
        return NameMatch.UNVERIFIABLE
    if _without_forms(ours) == _without_forms(theirs):
        return NameMatch.SAME
    shorter, longer = sorted((_distinctive(ours), _distinctive(theirs)), key=len)
    if shorter and all(any(_alike(word, other) for other in longer) for word in shorter):
        return NameMatch.SIMILAR
    return NameMatch.DIFFERENT


def _words(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFC", name).casefold()
    return tuple(re.findall(r"\w+", text.replace(".", "")))


def _without_forms(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _FORMS) or words


def _distinctive(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _GENERIC)


def _alike(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= _LONG_WORD and _one_slip_apart(one, other))


def _one_slip_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or different makes them equal."""
    if abs(len(one) - len(other)) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        return one[same + 1 :] == other[same + 1 :]
    shorter, longer = sorted((one, other), key=len)
    return shorter[same:] == longer[same + 1 :]
