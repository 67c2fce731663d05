"""Retry: every error has its verdict, and every pause is one that a clock can count."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import errors
from gateway.delivery.retry import Backoff, RetrySettings
from gateway.errors import MustAct, Verdict
from gateway.language import Language, say, tell
from tests.secrets import PERSON_NUMBER

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STEADY = Backoff(RetrySettings(spread=0), chance=lambda: 0.5)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        (0, 5),
        (1, 5),
        (2, 15),
        (3, 45),
        (4, 135),
        (5, 405),
        (6, 1215),
        (7, 3600),
        (8, 3600),
        (29, 3600),
        (30, 3600),
        (10_000, 3600),
    ],
)
def test_pauses_grow_threefold_up_to_an_hour(attempts: int, seconds: int) -> None:
    """Five seconds, three times longer each time, and an hour for ever after: a day has more than thirty tries."""
    assert STEADY.pause(attempts) == timedelta(seconds=seconds)


def test_a_gentler_factor_is_taken_as_it_is() -> None:
    """Half as long again each time; a factor of one keeps the first pause."""
    assert Backoff(RetrySettings(factor=1.5, spread=0), chance=lambda: 0).pause(3) == timedelta(seconds=11.25)
    assert Backoff(RetrySettings(factor=1, spread=0), chance=lambda: 0).pause(10**9) == timedelta(seconds=5)


@given(
    st.integers(0, 100_000),
    st.floats(0, 1, exclude_max=True),
    st.floats(0.1, 1e12),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
)
def test_every_pause_is_within_its_bounds(
    attempts: int, chance: float, factor: float, first: int, longest: int
) -> None:
    """Whatever the settings: never longer than the longest, never shorter by more than the share left to chance."""
    settings = RetrySettings(timedelta(seconds=first), factor, timedelta(seconds=longest))
    pause = Backoff(settings, chance=lambda: chance).pause(attempts)
    whole = Backoff(RetrySettings(settings.first, factor, settings.longest, spread=0), chance=lambda: 0).pause(attempts)
    assert timedelta() < whole <= settings.longest
    assert whole * 0.799 <= pause <= whole


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (errors.Unavailable("away"), Verdict.AGAIN),
        (errors.StorageUnavailable("locked"), Verdict.AGAIN),
        (errors.AnswerLost("sent, no answer"), Verdict.ASK),
        (errors.Rejected("no"), Verdict.STOP),
        (errors.TokenRefused("no"), Verdict.STOP),
        (errors.Untrusted("no"), Verdict.STOP),
        (errors.SetupFault("no key"), Verdict.STOP),
        (errors.Invalid("no"), Verdict.STOP),
        (errors.LeaseLost("another has it"), Verdict.STOP),
        (KeyError("ours"), Verdict.AGAIN),
        (OverflowError("ours"), Verdict.AGAIN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_has_its_verdict(error: Exception, verdict: Verdict) -> None:
    """Again, ask, or stop; and stop alone has no time to come again."""
    decision = STEADY.decide(error, 1, now=NOW)
    assert decision.verdict is verdict
    assert decision.again == (None if verdict is Verdict.STOP else NOW + timedelta(seconds=5))


def test_a_decision_is_explained() -> None:
    """With our sentence, who can mend it, and the other side's own words."""
    error = errors.Rejected("the broker refused it", mend="Ask Digdir.", answer='{"title": "nei"}')
    decision = STEADY.decide(error, 3, now=NOW)
    assert (decision.sentence, decision.mend, decision.answer) == (
        "the broker refused it",
        "Ask Digdir.",
        '{"title": "nei"}',
    )


@pytest.mark.parametrize(
    ("error", "who"),
    [
        (errors.Unavailable("away"), MustAct.NOBODY),
        (errors.AnswerLost("sent, no answer"), MustAct.NOBODY),
        (errors.LeaseLost("another has it"), MustAct.NOBODY),
        (errors.Rejected("no"), MustAct.OPERATOR),
        (errors.TokenRefused("no"), MustAct.OPERATOR),
        (errors.Untrusted("no"), MustAct.OPERATOR),
        (errors.StorageUnavailable("locked"), MustAct.OPERATOR),
        (errors.SetupFault("no key"), MustAct.OPERATOR),
        (errors.Invalid("no"), MustAct.SENDER),
        (errors.Conflict("no"), MustAct.SENDER),
        (errors.Rejected("no such recipient", must_act=MustAct.SENDER), MustAct.SENDER),
        (errors.Unavailable("no certificate", must_act=MustAct.RECIPIENT), MustAct.RECIPIENT),
        (KeyError("ours"), MustAct.OPERATOR),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_every_error_says_who_must_act(error: Exception, who: MustAct) -> None:
    """By its class, unless the place that raised it knew better."""
    assert STEADY.decide(error, 1, now=NOW).must_act is who


@pytest.mark.parametrize(
    "kind", [errors.Rejected, errors.Unavailable, errors.AnswerLost], ids=lambda kind: kind.__name__
)
def test_what_the_other_side_said_is_kept_without_secrets(kind: type[errors.Outside]) -> None:
    """Its words and HTTP status; on one line of 500 characters, without person numbers and tokens, the sentences too."""
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.abc-def"
    words = f"nei\n til {PERSON_NUMBER} med {token} " + "x" * 600
    error = kind(
        say("it said {words}", words=words), mend=f"ring {PERSON_NUMBER}", code="REFUSED", status=422, answer=words
    )
    decision = STEADY.decide(error, 1, now=NOW)
    assert (decision.code, decision.status) == ("REFUSED", 422)
    assert decision.answer.startswith("nei til *********** med (token) xxx")
    assert len(decision.answer) == 500
    for told in (decision.sentence, decision.mend, decision.answer):
        assert PERSON_NUMBER not in told
        assert token not in told
    assert tell(decision.sentence, Language.BOKMAAL).startswith("it said nei")


def test_an_error_of_our_own_shows_its_kind_and_not_its_text() -> None:
    """What stood in it may be anything, a document's title among it."""
    decision = STEADY.decide(ValueError("Hemmelig tittel"), 1, now=NOW)
    assert "ValueError" in decision.sentence
    assert "Hemmelig" not in decision.sentence + decision.mend + decision.answer


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        pytest.param(None, timedelta(seconds=5), id="not-said"),
        pytest.param(0, timedelta(seconds=5), id="at-once"),
        pytest.param(2, timedelta(seconds=5), id="shorter-than-ours"),
        pytest.param(-60, timedelta(seconds=5), id="in-the-past"),
        pytest.param(90, timedelta(seconds=90), id="longer-than-ours"),
        pytest.param(7200, 2 * HOUR, id="longer-than-our-longest"),
        pytest.param(10**18, 24 * HOUR, id="absurd"),
    ],
)
def test_what_the_other_side_asks_is_obeyed(retry_after: int | None, wait: timedelta) -> None:
    """Its Retry-After where that is longer, up to a day."""
    for error in (
        errors.Unavailable("429", retry_after=retry_after),
        errors.AnswerLost("cut", retry_after=retry_after),
    ):
        assert STEADY.decide(error, 1, now=NOW).again == NOW + wait


def test_chance_spreads_the_tries_of_many() -> None:
    """Drawn anew for each, a fifth of the pause at most."""
    drawn = iter([0.0, 0.5, 0.999])
    backoff = Backoff(RetrySettings(first=timedelta(seconds=10)), chance=lambda: next(drawn))
    pauses = [backoff.pause(1).total_seconds() for _ in range(3)]
    assert pauses == pytest.approx([10, 9, 8.002])
