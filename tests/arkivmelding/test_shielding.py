"""Shielding: what is open, confidential, undecided and classified, and that no slip of the pen makes a secret open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.arkivmelding.facts import Facts, Gradering, Skjerming, gather
from gateway.arkivmelding.reader import Dialect, read
from gateway.arkivmelding.shielding import DEFAULT_GROUNDS, Ground, Grounds, Outcome, Shielding, assess
from tests.documents import Message, skjerming

TODAY = date(2026, 11, 20)
EMPTY = Facts(Dialect.EFORMIDLING, "", "", None, None, None)

OPEN = (
    "Offl. § 14",
    "offl § 14",
    "Offl. §14",
    "offl 14",
    "OFFL. § 14",
    "offentleglova § 14",
    "Offentleglova § 14, første ledd",
    "Offentlighetsloven § 15 (1)",
    "off.l. § 23",
    "offl. par. 25",
    "offl. paragraf 16",
    "offl. § 14, jf. offl. § 15 annet ledd",
    "Unntatt etter offl. § 22",
    "u.off. offl. § 17 nr. 2",
    "offl.\u00a0§\u00a018 bokstav b",
    "offl. § 19 1. ledd 2. pkt.",
)
SECRECY = (
    "Offl. § 13",
    "offl §13",
    "Offl. § 13 jf. fvl. § 13",
    "offl. § 13, jf. forvaltningsloven § 13 første ledd nr. 1",
    "Offentleglova § 13",
    "off.l. § 13",
    "fvl. § 13",
    "fvl § 13 b",
    "forvaltningslova § 13a",
    "forv.l. § 13",
    "Helsepersonelloven § 21",
    "hpl. § 21",
    "barnevernsloven § 13-1",
    "NAV-loven § 7",
    "arbeids- og velferdsforvaltningsloven § 7",
    "sosialtjenesteloven § 44",
    "helse- og omsorgstjenesteloven § 12-1",
    "spesialisthelsetjenesteloven § 6-1",
    "pasientjournalloven § 15",
    "skatteforvaltningsloven § 3-1",
    "politiregisterloven § 23",
    "statistikkloven § 8",
    "krisesenterloven § 5",
    "familievernkontorloven § 5",
    "Offl. § 14, jf. fvl. § 13",
    "offl. § 15 og offl. § 13",
)
UNDECIDED = (
    "",
    "§ 14",
    "14",
    "Offl.",
    "offl. §",
    "Offl. § 13-1",
    "offl. § 141",
    "offl. § 14-1",
    "offl. § 14a",
    "offl. § 20",
    "offl. § 21",
    "offl. § 24",
    "offl. § 26",
    "ofl § 13",
    "ofl § 14",
    "fvl. § 18",
    "offl. §§ 14 og 13",
    "offl. § 14 og 13",
    "offl. § 14, § 13",
    "offl. § 14 jf. 13",
    "offl. § 14–16",
    "offl. § 14/13",
    "offl. § 14?",
    "offl. § 14 og taushetsplikt",
    "offl. § 14 personalsak",
    "ikke offl. § 14",
    "offl. § 14, jf. fvl.",
    "offl. § 14, jf. fv1. § 13",
    "Taushetsbelagt",
    "Klientsak",
    "GDPR",
)


def judge(
    hjemmel: str, restriction: str = "Unntatt offentlighet", ends: str = "", *, grounds: Grounds = DEFAULT_GROUNDS
) -> Outcome:
    """What one shielding comes to."""
    return judge_all(Skjerming(restriction, hjemmel, ends, 7, "/skjerming"), grounds=grounds).outcome


def judge_all(*found: Skjerming | Gradering, grounds: Grounds = DEFAULT_GROUNDS) -> Shielding:
    """What several come to."""
    facts = replace(
        EMPTY,
        skjerminger=tuple(each for each in found if isinstance(each, Skjerming)),
        graderinger=tuple(each for each in found if isinstance(each, Gradering)),
    )
    return assess(facts, grounds, today=TODAY)


@pytest.mark.parametrize("hjemmel", OPEN)
def test_a_listed_ground_that_is_no_secrecy_is_open(hjemmel: str) -> None:
    """However it is abbreviated, and with what may stand around a citation."""
    assert judge(hjemmel) is Outcome.OPEN
    assert judge(f"  {hjemmel}\n ", "") is Outcome.OPEN


@pytest.mark.parametrize("hjemmel", SECRECY)
def test_a_secrecy_ground_is_confidential(hjemmel: str) -> None:
    """In either field, alone or beside a ground that is open."""
    assert judge(hjemmel) is Outcome.CONFIDENTIAL
    assert judge("", hjemmel) is Outcome.CONFIDENTIAL
    assert judge("Offl. § 14", hjemmel) is Outcome.CONFIDENTIAL


@pytest.mark.parametrize("hjemmel", UNDECIDED)
def test_everything_else_is_undecided(hjemmel: str) -> None:
    """Empty, misspelt, unknown, or known with something unknown beside it."""
    assert judge(hjemmel) is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("restriction", "outcome"),
    [
        ("Unntatt offentlighet", Outcome.OPEN),
        ("Unntatt etter offentlegheita", Outcome.UNDECIDED),
        ("UO", Outcome.OPEN),
        ("U.off.", Outcome.OPEN),
        ("Offl. § 14", Outcome.OPEN),
        ("P", Outcome.UNDECIDED),
        ("Personalsaker", Outcome.UNDECIDED),
        ("Taushetsbelagt", Outcome.UNDECIDED),
        ("UO § 13", Outcome.UNDECIDED),
        ("13", Outcome.UNDECIDED),
        ("Offl. § 13", Outcome.CONFIDENTIAL),
        ("Begrenset", Outcome.CLASSIFIED),
        ("Begrenset (sikkerhetsgrad)", Outcome.CLASSIFIED),
        ("KONFIDENSIELT", Outcome.CLASSIFIED),
        ("Strengt hemmelig", Outcome.CLASSIFIED),
        ("Hemmelig etter sikkerhetsloven", Outcome.CLASSIFIED),
        ("Fortrolig", Outcome.CLASSIFIED),
        ("Strengt fortrolig (beskyttelsesgrad)", Outcome.CLASSIFIED),
        ("Gradert etter beskyttelsesgradering", Outcome.CLASSIFIED),
    ],
)
def test_the_restriction_is_read_too(restriction: str, outcome: Outcome) -> None:
    """An open ground does not outweigh what stands beside it."""
    assert judge("Offl. § 14", restriction) is outcome


@pytest.mark.parametrize(
    ("label", "allowed", "outcome"),
    [
        ("Begrenset (sikkerhetsgrad)", False, Outcome.CLASSIFIED),
        ("Begrenset (sikkerhetsgrad)", True, Outcome.CLASSIFIED),
        ("Strengt hemmelig (sikkerhetsgrad)", True, Outcome.CLASSIFIED),
        ("Fortrolig (beskyttelsesgrad)", False, Outcome.CLASSIFIED),
        ("Fortrolig (beskyttelsesgrad)", True, Outcome.CONFIDENTIAL),
        ("Strengt fortrolig (beskyttelsesgrad)", True, Outcome.CONFIDENTIAL),
        ("noe annet", True, Outcome.CLASSIFIED),
        ("", True, Outcome.CLASSIFIED),
    ],
)
def test_a_grading_is_classified(label: str, allowed: bool, outcome: Outcome) -> None:
    """Whatever it says; a beskyttelsesgrad travels as confidential where the setting allows it."""
    grounds = replace(DEFAULT_GROUNDS, allow_beskyttelsesgrad=allowed)
    assert judge_all(Gradering(label, 7, "/gradering"), grounds=grounds).outcome is outcome


def test_a_setting_lets_beskyttelsesgrad_through_as_confidential() -> None:
    """In the words of the restriction, too; a sikkerhetsgrad never."""
    grounds = replace(DEFAULT_GROUNDS, allow_beskyttelsesgrad=True)
    assert judge("", "Fortrolig", grounds=grounds) is Outcome.CONFIDENTIAL
    assert judge("", "Fortrolig, hemmelig", grounds=grounds) is Outcome.CLASSIFIED


@pytest.mark.parametrize(
    ("ends", "ended"),
    [
        pytest.param("2026-11-19", True, id="yesterday"),
        pytest.param("2026-11-19+01:00", True, id="yesterday-with-a-zone"),
        pytest.param("1999-12-31", True, id="long-ago"),
        pytest.param("2026-11-20", False, id="today"),
        pytest.param("2086-11-20", False, id="in-sixty-years"),
        pytest.param("", False, id="not-said"),
        pytest.param("0001-01-01", False, id="unset-by-net"),
        pytest.param("1753-01-01", False, id="unset-by-a-database"),
        pytest.param("1899-12-30", False, id="unset-by-an-older-tool"),
        pytest.param("1900-01-01", False, id="unset-by-another-database"),
        pytest.param("1970-01-01", False, id="unset-by-unix"),
        pytest.param("12026-01-01", False, id="a-year-of-five-digits"),
        pytest.param("-2026-01-01", False, id="before-our-time"),
        pytest.param("snart", False, id="no-date"),
    ],
)
def test_only_a_shielding_that_has_run_out_is_passed_over(ends: str, ended: bool) -> None:
    """Through its last day it holds, and a date that a system writes for none does not end it."""
    assert judge("Offl. § 13", ends=ends) is (Outcome.OPEN if ended else Outcome.CONFIDENTIAL)


@pytest.mark.parametrize(
    ("texts", "outcome"),
    [
        ([], Outcome.OPEN),
        (["offl. § 14", "offl. § 15"], Outcome.OPEN),
        (["offl. § 14", "offl. § 13"], Outcome.CONFIDENTIAL),
        (["offl. § 14", "ukjent"], Outcome.UNDECIDED),
        (["ukjent", "offl. § 13"], Outcome.CONFIDENTIAL),
    ],
)
def test_the_strictest_shielding_decides(texts: list[str], outcome: Outcome) -> None:
    """A certain ground settles the doubt about another; every one is told with its place."""
    shielding = judge_all(*(Skjerming("Unntatt", text, "", line, f"/{line}") for line, text in enumerate(texts)))
    assert shielding.outcome is outcome
    assert [(finding.line, finding.path) for finding in shielding.findings] == [(n, f"/{n}") for n in range(len(texts))]


def test_a_grading_outweighs_everything() -> None:
    """And the grounds are told as they were written."""
    shielding = judge_all(Skjerming("Unntatt", "Offl. § 13", "", 1, "/s"), Gradering("Hemmelig", 2, "/g"))
    assert shielding.outcome is Outcome.CLASSIFIED
    assert [finding.text for finding in shielding.findings] == ["Unntatt · Offl. § 13", "Hemmelig"]


def test_the_lists_can_be_edited() -> None:
    """A ground of one's own counts, and one that is taken out does not."""
    own = Ground("eigenlova", "9", "eigenlova § 9", TODAY, "the installation")
    secret = replace(DEFAULT_GROUNDS, secrecy=(own,), no_secrecy=())
    assert judge("Eigenlova § 9", grounds=secret) is Outcome.CONFIDENTIAL
    assert judge("Offl. § 13", grounds=secret) is Outcome.UNDECIDED
    assert judge("Offl. § 14", grounds=secret) is Outcome.UNDECIDED
    assert judge("Eigenlova § 9", grounds=replace(secret, secrecy=(), no_secrecy=(own,))) is Outcome.OPEN


def test_every_ground_says_where_it_comes_from() -> None:
    """The lists are dated data with their source."""
    for ground in (*DEFAULT_GROUNDS.secrecy, *DEFAULT_GROUNDS.no_secrecy):
        assert ground.name
        assert ground.source.startswith("lovdata.no")
        assert ground.since <= date(2027, 1, 1)


@st.composite
def spoilt(draw: st.DrawFn, texts: tuple[str, ...]) -> str:
    """A text with a few slips of the pen; its digits stay, so that it does not become another citation by right."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["insert", "drop", "swap", "words", "append"]))
        place = draw(st.integers(0, max(len(text) - 1, 0)))
        if kind == "insert":
            text = text[:place] + draw(st.sampled_from("abflov§.,;:-–/()  \u00a0\u200bøæå?x")) + text[place:]
        elif kind == "drop" and text and not text[place].isdigit():
            text = text[:place] + text[place + 1 :]
        elif kind == "swap" and not any(mark.isdigit() for mark in text[place : place + 2]):
            text = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
        elif kind == "words":
            text = " ".join(draw(st.permutations(text.split())))
        elif kind == "append":
            text += draw(st.sampled_from([" ledd", " jf.", " og", " § 13", " offl.", " nr. 1", " mv.", " UO"]))
    return text


@settings(max_examples=200, deadline=None)
@given(spoilt(tuple(text for text in SECRECY if "14" not in text and "offl. § 15" not in text)))
def test_a_misspelt_secret_is_never_open(text: str) -> None:
    """Letters dropped, added or swapped, words in another order or one too many: confidential or undecided."""
    assert judge(text) is not Outcome.OPEN
    assert judge("Offl. § 14", text) is not Outcome.OPEN


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(OPEN),
    st.sampled_from([", ", " og ", " jf. ", "; ", " ", " (", " – "]),
    spoilt(SECRECY),
    st.booleans(),
)
def test_an_open_ground_does_not_open_what_stands_beside_it(
    ground: str, between: str, secret: str, first: bool
) -> None:
    """Whichever comes first, and however the secret one is misspelt."""
    assert judge(f"{secret}{between}{ground}" if first else f"{ground}{between}{secret}") is not Outcome.OPEN


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(OPEN), st.text(st.characters(categories=["L", "N", "S"]), min_size=1, max_size=8))
def test_an_open_ground_with_an_unknown_word_is_not_open(ground: str, word: str) -> None:
    """What is not understood is never passed over."""
    assume(word.casefold() not in {"uo", "jf", "jfr", "og", "samt", "fra", "etter", "innsyn", "unntatt"})
    assert judge(f"{ground} {word}") is not Outcome.OPEN


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_judged(hjemmel: str, restriction: str) -> None:
    """Whatever stands there; open only with a listed section in the ground."""
    outcome = judge(hjemmel, restriction)
    assert outcome is not Outcome.OPEN or any(
        section in hjemmel for section in ("14", "15", "16", "17", "18", "19", "22", "23", "25")
    )


def test_many_different_shieldings_are_judged_in_time() -> None:
    """Twenty thousand grounds, no two alike."""
    shielding = judge_all(*(Skjerming("Unntatt", f"offl. § 14 nr. {n}", "", n, "") for n in range(20_000)))
    assert shielding.outcome is Outcome.UNDECIDED


def test_the_words_of_the_outcomes() -> None:
    """As the answers of the API write them."""
    assert [outcome.value for outcome in Outcome] == ["open", "confidential", "undecided", "classified"]


@pytest.mark.parametrize(
    "restriction",
    [
        "Begrenset",
        "Begrensa",
        "BEGRENSET (sikkerhetsgrad)",
        "Konfidensielt",
        "Konfidensiell",
        "Hemmelig",
        "Hemmeleg",
        "Strengt hemmelig",
        "strengt hemmeleg",
        "NATO RESTRICTED",
        "Secret",
        "Gradert",
        "sikkerheitsgrad B",
        "B",
        "K",
        "H.",
        "SH",
        "Avgrensa",
        "Avgrenset",
        "Hemmlig",
        "Hemlig",
        "Begrenza",
        "Konfidentiell",
        "Hem.",
        "Str. hem.",
        "Konf.",
        "Begr.",
        "(B)",
        "S.H.",
        "Gradering: B",
        "Sikkerhets-grad K",
        "Høygradert",
        "lavgradert",
        "NATO_SECRET",
        "TOP-SECRET",
        "EU RESTREINT",
        "hemme\u00adlig",
        "\uff22",
        "Fortruleg",
        "strengt fortruleg",
        "Str. fortr.",
        "SF",
    ],
)
def test_a_grading_in_any_spelling_is_classified(restriction: str) -> None:
    """Both languages, every ending, the English words, and Noark's letters where one stands alone."""
    document = read(Message(skjerming=skjerming("Offl. § 14", restriction)).xml())
    assert assess(gather(document), DEFAULT_GROUNDS, today=date(2026, 11, 20)).outcome is Outcome.CLASSIFIED


@pytest.mark.parametrize(
    "ground",
    [
        "Sikkerhetsloven § 11",
        "sikkerhetsl. § 11",
        "sikkl. § 5-3",
        "Sikkerheitslova",
        "Sikkerhetsinstruksen § 4",
        "lov om nasjonal sikkerhet § 5-3",
        "lov om forebyggende sikkerhetstjeneste",
        "Lov om førebyggjande tryggingsteneste § 11",
        "Tryggingslova",
        "jf. beskyttelsesinstruksen § 4",
        "sikkerhetsgradert",
        "NATO SECRET",
        "Strengt hemmeleg",
        "Hemmelig",
        "SH",
    ],
)
def test_a_ground_in_the_laws_of_grading_is_classified(ground: str) -> None:
    """Whatever the restriction says, and a grading that stands in the wrong field is one all the same."""
    document = read(Message(skjerming=skjerming(ground)).xml())
    assert assess(gather(document), DEFAULT_GROUNDS, today=date(2026, 11, 20)).outcome is Outcome.CLASSIFIED


@pytest.mark.parametrize("restriction", ["Ugradert", "Unclassified", "Avgrensing av innsyn", "Konferanse", "P", "XX"])
def test_what_only_looks_like_a_grading_is_left_to_a_person(restriction: str) -> None:
    """Neither refused nor open."""
    assert judge("Offl. § 14", restriction) is Outcome.UNDECIDED


@pytest.mark.parametrize(
    "ground",
    [
        "Offl. § 14, hemmelig adresse",
        "Produktsikkerhetsloven § 3",
        "Offl. § 21, nasjonal sikkerhet",
        "begrenset innsyn",
    ],
)
def test_an_everyday_word_in_a_ground_is_no_grading(ground: str) -> None:
    """A ground is prose: only what can mean nothing else refuses the document."""
    assert judge(ground) is Outcome.UNDECIDED


STEMS = ("begrens", "hemmelig", "hemmeleg", "konfidensiel", "fortrolig", "fortruleg", "sikkerhetsgrad", "gradert")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["", "strengt ", "NATO ", "Gradering: ", "unntatt offentlighet, "]),
    st.sampled_from(STEMS),
    st.text("abdegilnorstæøå", max_size=8),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_no_inflection_of_a_grading_is_let_through(
    before: str, stem: str, ending: str, case: Callable[[str], str]
) -> None:
    """Whatever ending, with whatever before it, in capitals or not: refused, however open the ground is."""
    assert judge("Offl. § 14", case(before + stem + ending)) is Outcome.CLASSIFIED
