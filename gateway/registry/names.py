"""How a name in an arkivmelding compares with the registry's name: the guard against the wrong recipient.

In come two names, out comes a `NameMatch`. Called by routing. Upper and lower case, punctuation and organisation forms
do not count. No slip of the keyboard is forgiven: many municipalities are one letter from another's name.
"""

import re
import unicodedata

from gateway.message.prototype import NameMatch

_FORMS = frozenset({"as", "asa", "ans", "da", "sa", "sf", "ks", "ba", "iks", "kf", "fkf", "hf", "rhf", "nuf", "enk"})
_AUTHORITIES = frozenset({"kommune", "fylkeskommune", "fylke"})
_LINKS = frozenset({"i", "og", "for", "av", "the"})
# Words that many organisations share, so that having them in common proves nothing.
_GENERIC = _FORMS | _AUTHORITIES | {"norge", "norsk", "etat", "avdeling"}
_STROKE = re.compile(r"\b(a)/(s)\b")


def compare_names(part: str, registered: str | None) -> NameMatch:
    """`same`, `similar` (the part says more than the registry), `different`, or `unverifiable` where one of them is missing."""
    ours, theirs = _words(part), _words(registered or "")
    if not ours or not theirs:
        return NameMatch.UNVERIFIABLE
    if not _may_be_one(ours, theirs):
        return NameMatch.DIFFERENT
    if _without(_FORMS, ours) == _without(_FORMS, theirs) and _have_like_forms(ours, theirs):
        return NameMatch.SAME
    said, registered_words = (set(_without(_GENERIC | _LINKS, each)) - _GENERIC for each in (ours, theirs))
    # More words in the registry make it somebody else: Bergen kommune is not Bergen kommunes pensjonskasse. A single
    # word is not enough by itself: there are many Statsforvaltere.
    named = registered_words and (len(registered_words) > 1 or said == registered_words or _share_a_form(ours, theirs))
    return NameMatch.SIMILAR if named and registered_words <= said else NameMatch.DIFFERENT


def _words(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFC", name).casefold()
    return tuple(re.findall(r"\w+", _STROKE.sub(r"\1\2", text).replace(".", "")))


def _without(words: frozenset[str], name: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in name if word not in words) or name


def _may_be_one(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Not where each names a form and they differ: Bergen AS is not Bergen kommune, and an AS is no ENK.

    A company that has its municipality's name is another one too: Bergen kommune is not Bergen kommune KF.
    """
    forms, theirs_forms = _FORMS.intersection(ours), _FORMS.intersection(theirs)
    if forms and theirs_forms:
        return theirs_forms <= forms
    authority = _AUTHORITIES.intersection(ours), _AUTHORITIES.intersection(theirs)
    if all(authority):
        return bool(authority[0] & authority[1]) and not theirs_forms
    return not ((forms and authority[1]) or (theirs_forms and authority[0]))


def _have_like_forms(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Equal, or left out by one of them; beside `kommune` none may be left out, for there it tells a company."""
    forms, theirs_forms = _FORMS.intersection(ours), _FORMS.intersection(theirs)
    left_out = not (forms and theirs_forms) and _AUTHORITIES.isdisjoint(ours)
    return forms == theirs_forms or left_out


def _share_a_form(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    return bool((_FORMS | _AUTHORITIES).intersection(ours) & (_FORMS | _AUTHORITIES).intersection(theirs))
