"""Identifiers: which numbers are right, what they are called canonically, and where they hide in text."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.message.identifiers import (
    IdentifierKind,
    find_person_numbers,
    is_organisasjonsnummer,
    is_person_number,
    mask,
    parse_identifier,
)
from tests.secrets import PERSON_NUMBER

ORGANISATION = "311000128"


def organisation(eight: str) -> str | None:
    """The nine digits that begin with these eight; None where no check digit fits."""
    rest = -sum(int(digit) * weight for digit, weight in zip(eight, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    return f"{eight}{rest}" if rest < 10 else None


def person(nine: str) -> str | None:
    """The eleven digits that begin with these nine; None where no check digits fit."""
    for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)):
        rest = -sum(int(digit) * weight for digit, weight in zip(nine, weights, strict=True)) % 11
        if rest == 10:
            return None
        nine += str(rest)
    return nine


def person_born(day: int, month: int) -> str:
    """A number with right check digits whose first four digits are these."""
    candidates = (person(f"{day:02}{month:02}59{serial:03}") for serial in range(347, 1000))
    return next(each for each in candidates if each)


organisations = st.from_regex(r"[0-9]{8}", fullmatch=True).map(organisation).filter(bool)
persons = (
    st.tuples(
        st.integers(1, 31),
        st.integers(1, 12),
        st.sampled_from([0, 40]),
        st.sampled_from([0, 20, 40, 65, 80]),
        st.integers(0, 99999),
    )
    .map(lambda born: person(f"{born[0] + born[2]:02}{born[1] + born[3]:02}{born[4]:05}"))
    .filter(bool)
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("311000128", "0192:311000128", id="bare"),
        pytest.param("0192:311000128", "0192:311000128", id="with-scheme"),
        pytest.param("9908:311000128", "0192:311000128", id="older-scheme"),
        pytest.param("  0192:311000128\n", "0192:311000128", id="blanks-around"),
        pytest.param("0192:311000128:avd-7", "0192:311000128:avd-7", id="with-part"),
        pytest.param("311000128:avd-7", "0192:311000128:avd-7", id="bare-with-part"),
        pytest.param("0192:311000128:" + "x" * 35, "0192:311000128:" + "x" * 35, id="longest-part"),
        pytest.param(PERSON_NUMBER, PERSON_NUMBER, id="person"),
    ],
)
def test_an_identifier_has_one_canonical_form(text: str, canonical: str) -> None:
    """However it is written, it comes out in one way, and that way reads back as the same."""
    identifier = parse_identifier(text)
    assert str(identifier) == canonical
    assert parse_identifier(canonical) == identifier


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("311000129", id="wrong-check-digit"),
        pytest.param("0192:31100012", id="eight-digits"),
        pytest.param("0192:3110001280", id="ten-digits"),
        pytest.param("0193:311000128", id="another-scheme"),
        pytest.param("0192: 311000128", id="blank-inside"),
        pytest.param("311 000 128", id="grouped"),
        pytest.param("0192:311000128:", id="empty-part"),
        pytest.param("0192:311000128:a b", id="blank-in-part"),
        pytest.param("0192:311000128:a:b", id="source-indicator"),
        pytest.param("0192:311000128:" + "x" * 36, id="part-too-long"),
        pytest.param("0192:" + PERSON_NUMBER, id="person-as-organisation"),
        pytest.param(PERSON_NUMBER + ":avd", id="person-with-part"),
        pytest.param("15859010098", id="person-with-wrong-check-digit"),
        pytest.param("٣١١٠٠٠١٢٨", id="digits-of-another-script"),
        pytest.param("１５８５９０１００９９", id="wide-digits"),
        pytest.param("her-id:12345", id="health"),
        pytest.param("", id="empty"),
        pytest.param("0192:", id="scheme-alone"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """What is not exactly an identifier is no identifier; the sentence never shows a person's number."""
    with pytest.raises(ValueError, match=r"\w") as refusal:
        parse_identifier(text)
    assert PERSON_NUMBER[:10] not in str(refusal.value)


@given(organisations, st.integers(0, 8), st.integers(1, 9))
def test_a_slip_of_one_digit_is_another_organisation(number: str, place: int, shift: int) -> None:
    """One wrong digit anywhere breaks the check digit."""
    slipped = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert is_organisasjonsnummer(number)
    assert not is_organisasjonsnummer(slipped)


@given(organisations, st.integers(0, 7))
def test_two_swapped_digits_are_another_organisation(number: str, place: int) -> None:
    """Two neighbours in the wrong order break the check digit."""
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assume(swapped != number)
    assert not is_organisasjonsnummer(swapped)


@given(persons, st.integers(0, 10), st.integers(1, 9))
def test_a_slip_of_one_digit_is_no_person(number: str, place: int, shift: int) -> None:
    """One wrong digit anywhere breaks the check digits, in numbers of every kind."""
    slipped = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert is_person_number(number)
    assert parse_identifier(number).kind is IdentifierKind.PERSON
    assert not is_person_number(slipped)


@pytest.mark.parametrize(
    ("day", "month", "valid"),
    [
        pytest.param(1, 1, True, id="first-of-january"),
        pytest.param(31, 12, True, id="last-of-december"),
        pytest.param(41, 1, True, id="D-number"),
        pytest.param(71, 12, True, id="last-D-number"),
        pytest.param(15, 47, True, id="H-number"),
        pytest.param(15, 27, True, id="synthetic-20"),
        pytest.param(15, 52, True, id="synthetic-40"),
        pytest.param(15, 66, True, id="synthetic-65"),
        pytest.param(15, 77, True, id="synthetic-65-december"),
        pytest.param(15, 81, True, id="synthetic-80"),
        pytest.param(55, 92, True, id="D-number-synthetic-80"),
        pytest.param(0, 1, False, id="day-0"),
        pytest.param(32, 1, False, id="day-32"),
        pytest.param(40, 1, False, id="day-40"),
        pytest.param(72, 1, False, id="day-72"),
        pytest.param(81, 1, False, id="day-81"),
        pytest.param(99, 1, False, id="day-99"),
        pytest.param(1, 0, False, id="month-0"),
        pytest.param(1, 13, False, id="month-13"),
        pytest.param(1, 33, False, id="month-33"),
        pytest.param(1, 53, False, id="month-53"),
        pytest.param(1, 78, False, id="month-78"),
        pytest.param(1, 80, False, id="month-80"),
        pytest.param(1, 93, False, id="month-93"),
    ],
)
def test_a_person_number_begins_with_a_possible_date(day: int, month: int, valid: bool) -> None:
    """Right check digits are not enough: eleven digits that hold no date are something else, an account say."""
    assert is_person_number(person_born(day, month)) is valid


@pytest.mark.parametrize(
    "text", ["", "31100012", "3110001280", "31100012x", "٣١١٠٠٠١٢٨", "1585901009", PERSON_NUMBER + "0", "²5859010099"]
)
def test_what_is_no_run_of_digits_of_that_length_is_no_number(text: str) -> None:
    """Whatever is asked about, the answer is no rather than an error."""
    assert not is_organisasjonsnummer(text)
    assert not is_person_number(text)


@pytest.mark.parametrize("number", ["15859010099", "15459010006", "55459010180"])
def test_published_synthetic_numbers_are_understood(number: str) -> None:
    """Numbers of the synthetic registers, made by others than this code, pass."""
    assert is_person_number(number)


HALVES = PERSON_NUMBER[:6], PERSON_NUMBER[6:]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("{0}{1}", True, id="alone"),
        pytest.param("Vedtak for {0}{1}.", True, id="in-a-sentence"),
        pytest.param("vedtak_{0}{1}_signert.pdf", True, id="in-a-file-name"),
        pytest.param("(eDialog fra {0} {1})", True, id="blank"),
        pytest.param("{0}.{1}", True, id="dot"),
        pytest.param("{0}-{1}", True, id="hyphen"),
        pytest.param("{0}\u00a0{1}", True, id="no-break-space"),
        pytest.param("{0}\u202f{1}", True, id="narrow-space"),
        pytest.param("{0}\u2011{1}", True, id="no-break-hyphen"),
        pytest.param("{0}–{1}", True, id="dash"),
        pytest.param("{0}\n{1}", True, id="line-break"),
        pytest.param("123456 {0}{1}", True, id="after-six-other-digits"),
        pytest.param("1{0}{1}", False, id="twelve-digits"),
        pytest.param("{0}{1}0", False, id="twelve-digits-behind"),
        pytest.param("{0}x{1}", False, id="a-letter-between"),
        pytest.param("{0}", False, id="half"),
        pytest.param("15859010098", False, id="wrong-check-digit"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_person_numbers_are_found_in_free_text(text: str, found: bool) -> None:
    """Whichever mark stands after the sixth digit; a longer run of digits is another thing."""
    assert find_person_numbers(text.format(*HALVES)) == ((PERSON_NUMBER,) if found else ())


@pytest.mark.parametrize("mark", ["", " ", ".", "-", "\u00a0", "\u2011", "–"])
def test_a_masked_text_shows_no_part_of_a_number(mark: str) -> None:
    """Both halves are hidden, the words around stay."""
    masked = mask(f"Vedtak {HALVES[0]}{mark}{HALVES[1]} til {ORGANISATION}")
    assert masked == "Vedtak " + "*" * (11 + len(mark)) + " til " + "*" * 9


@given(st.text(alphabet="0123456789 .-ab", max_size=40))
def test_masking_hides_every_long_run(text: str) -> None:
    """Whatever stands around it, no person number is left, and the length stays the same."""
    masked = mask(text)
    assert len(masked) == len(text)
    assert find_person_numbers(masked) == ()
    assert not any(run.isdigit() and len(run) > 5 for run in masked.replace("*", " ").split())
