"""Shielding and grading: what the document says of secrecy, as one of four outcomes.

In come the facts, the grounds (dated data, editable in settings) and today's date; out comes a `Shielding`. Called by
inspection. It leans to the safe side: a ground that is not fully understood is `undecided`, never `open`.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from gateway.arkivmelding.facts import Facts, Gradering, Skjerming


class Outcome(StrEnum):
    """What follows for the choice of channel."""

    OPEN = "open"
    CONFIDENTIAL = "confidential"
    UNDECIDED = "undecided"
    CLASSIFIED = "classified"


@dataclass(frozen=True, slots=True)
class Ground:
    """One provision of law. `law` and `section` are regular expressions; `since` is when it was last looked at."""

    law: str
    section: str
    name: str
    since: date
    source: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """The two lists. `allow_beskyttelsesgrad` lets Fortrolig and Strengt fortrolig through, as confidential."""

    secrecy: tuple[Ground, ...]
    no_secrecy: tuple[Ground, ...]
    allow_beskyttelsesgrad: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One shielding or grading and what it came to; `text` is the ground as written."""

    outcome: Outcome
    text: str
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Shielding:
    """The outcome for the whole document (the strictest finding) and what it rests on."""

    outcome: Outcome
    findings: tuple[Finding, ...]


# Systems write 0001-01-01, 1753-01-01, 1900-01-01 or 1970-01-01 for a date that nobody set.
_UNSET_BEFORE = date(1971, 1, 1)
_LOOKED_AT = date(2026, 11, 1)
_OFFENTLEGLOVA = r"offentleg(?:lova|lov)|offentlighetslov(?:en|a)?|offl|off\.?\s?l(?:ov(?:en|a)?)?"
_FORVALTNINGSLOVEN = r"forvaltningslov(?:en|a)?|fvl|forv\.?\s?l(?:ov(?:en|a)?)?"


def _lovdata(law: str) -> str:
    return f"lovdata.no, {law}"


DEFAULT_GROUNDS = Grounds(
    secrecy=tuple(
        Ground(law, section, name, _LOOKED_AT, _lovdata(name))
        for law, section, name in (
            (_OFFENTLEGLOVA, r"13", "offentleglova § 13"),
            (_FORVALTNINGSLOVEN, r"13(?:\s?[a-g])?", "forvaltningsloven §§ 13–13 g"),
            (r"helsepersonellov(?:en|a)?|hpl|hlspl", r"21", "helsepersonelloven § 21"),
            (r"barnevernslov(?:en|a)?|barneverntjenestelov(?:en|a)?|bvl", r"13-1|6-7", "barnevernsloven § 13-1"),
            (r"nav-?lov(?:en|a)?|arbeids- og velferdsforvaltningslov(?:en|a)?", r"7", "NAV-loven § 7"),
            (r"sosialtjenestelov(?:en|a)?|sotjl", r"44", "sosialtjenesteloven § 44"),
            (r"helse- og omsorgstjenestelov(?:en|a)?|hol", r"12-1", "helse- og omsorgstjenesteloven § 12-1"),
            (r"spesialisthelsetjenestelov(?:en|a)?", r"6-1", "spesialisthelsetjenesteloven § 6-1"),
            (r"pasientjournallov(?:en|a)?", r"15", "pasientjournalloven § 15"),
            (r"skatteforvaltningslov(?:en|a)?|sktfvl", r"3-1", "skatteforvaltningsloven § 3-1"),
            (r"politiregisterlov(?:en|a)?", r"23", "politiregisterloven § 23"),
            (r"statistikklov(?:en|a)?", r"8", "statistikkloven § 8"),
            (r"krisesenterlov(?:en|a)?", r"5", "krisesenterloven § 5"),
            (r"familievernkontorlov(?:en|a)?", r"5", "familievernkontorloven § 5"),
        )
    ),
    no_secrecy=tuple(
        Ground(_OFFENTLEGLOVA, section, f"offentleglova § {section}", _LOOKED_AT, _lovdata("offentleglova kapittel 3"))
        for section in ("14", "15", "16", "17", "18", "19", "22", "23", "25")
    ),
)

# Both languages, every ending, common misspellings, and the words of NATO and the EU. The noun «avgrensing» is everyday
# language; only the participle is a grading.
_GRADES = (
    r"hemm?e?l\w*|konfid\w*|begren[sz]\w*|avgren[sz](?:a|et|ede|te)|restricted|(?:top)?secret|confidenti[ae]l|restreint"
)
_GRADED = re.compile(
    rf"\b(?:{_GRADES}|sikkerh?ei?ts[- ]?grad\w*|tryggleiksgrad\w*|(?:lav|låg|høy|høg)?gradert\w*|classified)\b|"
    r"\bgradering\w*\W+(?:b|k|h|sh)\b"
)
# A ground is prose, where «hemmelig» may be said of an address: only what can mean nothing else counts there.
_GRADED_GROUND = re.compile(
    rf"\b(?:sikkerh?ei?ts[- ]?grad\w*|tryggleiksgrad\w*|top[- ]?secret|(?:nato|eu) (?:{_GRADES}))\b|"
    rf"\bstrengt hemm?e?l\w*|^\W*(?:{_GRADES})\W*$"
)
_PROTECTED = re.compile(r"\b(?:beskytt\w*grad\w*|vernegrad\w*|fortr[ou]l\w*)\b")
# Noark's letters and usual abbreviations, where one is all that stands there; without dots and blanks.
_GRADED_CODES = frozenset({"b", "k", "h", "sh", "begr", "konf", "hem", "hemm", "strhem", "strhemm"})
_PROTECTED_CODES = frozenset({"f", "sf", "fortr", "strfortr"})
_GRADING_LAW = re.compile(
    r"\b(?:sikkerh?ei?tsl(?:ov\w*|\b)|sikkl|sikkerh?ei?tsinstruks\w*|tryggingslov\w*|"
    r"lov\w* om (?:nasjonal sikkerh?ei?t|f[oø]rebygg\w+ (?:sikkerh?ei?ts|tryggings)\w+))\b"
)
_PROTECTION_LAW = re.compile(r"\b(?:beskyttelsesinstruks\w*|verneinstruks\w*)\b")
# What may stand beside a citation without changing what it means. A bare number is not among it: it may be a section.
_CONNECTORS = re.compile(
    r"(?:\b(?:unntatt|fra|etter|offentlighet|offentligheten|offentlegheit|innsyn|uo|u\.off|jf|jfr|jamfør|og|samt|"
    r"første ledd|annet ledd|andre ledd|tredje ledd|fjerde ledd|femte ledd|\d\.? ?ledd|nr\.? ?\d{1,2}|nummer \d{1,2}|"
    r"bokstav [a-f]|\d\. ?(?:pkt|punktum|setning))\b|\(\d\)|[\s.,;:–-])*"
)


def assess(facts: Facts, grounds: Grounds, *, today: date) -> Shielding:
    """Judge every shielding that has not run out and every grading; the strictest one decides."""
    findings = tuple(_judge_skjerming(each, grounds) for each in facts.skjerminger if not _has_ended(each, today))
    findings += tuple(_judge_gradering(each, grounds) for each in facts.graderinger)
    outcomes = {finding.outcome for finding in findings}
    for outcome in (Outcome.CLASSIFIED, Outcome.UNDECIDED, Outcome.CONFIDENTIAL):
        if outcome in outcomes:
            # A certain ground settles the doubt about another: both are treated as confidential.
            certain = outcome is Outcome.UNDECIDED and Outcome.CONFIDENTIAL in outcomes
            return Shielding(Outcome.CONFIDENTIAL if certain else outcome, findings)
    return Shielding(Outcome.OPEN, findings)


def stricter(first: Shielding, second: Shielding) -> Shielding:
    """Of two judgements the stricter one; of equals the second."""
    return first if strictness(first.outcome) > strictness(second.outcome) else second


def strictness(outcome: Outcome) -> int:
    """A number that is the higher, the more careful one must be."""
    return (Outcome.OPEN, Outcome.UNDECIDED, Outcome.CONFIDENTIAL, Outcome.CLASSIFIED).index(outcome)


def _judge_skjerming(skjerming: Skjerming, grounds: Grounds) -> Finding:
    restriction, ground = _folded(skjerming.tilgangsrestriksjon), _folded(skjerming.hjemmel)
    text = f"{skjerming.tilgangsrestriksjon} · {skjerming.hjemmel}".strip(" ·")
    return Finding(_judge_texts(restriction, ground, grounds=grounds), text, skjerming.line, skjerming.path)


def _judge_texts(restriction: str, ground: str, *, grounds: Grounds) -> Outcome:
    if _is_graded(_bare(restriction), _bare(ground)):
        return Outcome.CLASSIFIED
    if _is_protected(_bare(restriction), _bare(ground)):
        return Outcome.CONFIDENTIAL if grounds.allow_beskyttelsesgrad else Outcome.CLASSIFIED
    if any(_cites(each, f"{restriction} ; {ground}") for each in grounds.secrecy):
        return Outcome.CONFIDENTIAL
    understood = _is_open(ground, grounds) and (not _without_citations(restriction, grounds))
    return Outcome.OPEN if understood else Outcome.UNDECIDED


def _is_graded(restriction: str, ground: str) -> bool:
    words = (
        _GRADED.search(restriction) or _GRADED_GROUND.search(ground) or _GRADING_LAW.search(f"{restriction} ; {ground}")
    )
    return bool(words) or not _GRADED_CODES.isdisjoint((_code(restriction), _code(ground)))


def _is_protected(restriction: str, ground: str) -> bool:
    words = _PROTECTED.search(restriction) or _PROTECTION_LAW.search(f"{restriction} ; {ground}")
    return bool(words) or _code(restriction) in _PROTECTED_CODES


def _judge_gradering(gradering: Gradering, grounds: Grounds) -> Finding:
    protected = "beskyttelsesgrad" in _folded(gradering.label)
    outcome = Outcome.CONFIDENTIAL if protected and grounds.allow_beskyttelsesgrad else Outcome.CLASSIFIED
    return Finding(outcome, gradering.label, gradering.line, gradering.path)


def _is_open(ground: str, grounds: Grounds) -> bool:
    """Whether the text cites grounds that are no secrecy, and says nothing else."""
    cites = any(_cites(each, ground) for each in grounds.no_secrecy)
    return cites and not _without_citations(ground, grounds)


def _without_citations(text: str, grounds: Grounds) -> str:
    """What is left of a text when the known open citations and the words between them are taken out."""
    for each in grounds.no_secrecy:
        text = _citation(each).sub(" ", text)
    return "" if _CONNECTORS.fullmatch(text) else text


def _cites(ground: Ground, text: str) -> bool:
    return _citation(ground).search(text) is not None


@cache
def _citation(ground: Ground) -> "re.Pattern[str]":
    return re.compile(rf"\b(?:{ground.law})\.?,?\s*(?:§+|par(?:agraf)?\.?)?\s*(?:{ground.section})(?![\d-])")


def _has_ended(skjerming: Skjerming, today: date) -> bool:
    try:
        return _UNSET_BEFORE <= date.fromisoformat(skjerming.ends[:10]) < today
    except ValueError:
        return False


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _bare(text: str) -> str:
    """Without what hides a word from a pattern: wide letters, invisible signs, underscores."""
    visible = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return _folded("".join(visible).replace("_", " "))


def _code(text: str) -> str:
    return re.sub(r"\W+", "", text)
