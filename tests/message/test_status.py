"""The log of statuses: which event may follow which, and what a log amounts to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message.status import FINAL, Direction, Evidence, Outcome, Status, furthest, is_final, may_append, outcome

O, S, M, L, R, F, A, E = (  # noqa: E741  # the table below is read by these letters
    Status.OPPRETTET,
    Status.SENDT,
    Status.MOTTATT,
    Status.LEVERT,
    Status.LEST,
    Status.FEIL,
    Status.ANNET,
    Status.LEVETID_UTLOPT,
)


@pytest.mark.parametrize(
    ("log", "status", "legal"),
    [
        pytest.param([], O, True, id="it-begins-with-OPPRETTET"),
        pytest.param([], S, False, id="and-with-nothing-else"),
        pytest.param([O], O, False, id="once"),
        pytest.param([O], S, True, id="SENDT"),
        pytest.param([O], L, True, id="LEVERT-overtakes-SENDT"),
        pytest.param([O], E, True, id="expired-before-it-was-sent"),
        pytest.param([O, S], M, True, id="MOTTATT"),
        pytest.param([O, M], S, True, id="late-SENDT"),
        pytest.param([O, S, M, L], R, True, id="LEST"),
        pytest.param([O, S, L], L, False, id="repeated-LEVERT"),
        pytest.param([O, S, L], M, True, id="late-MOTTATT"),
        pytest.param([O, S, L], F, True, id="kvittering-of-ERROR-after-LEVERT"),
        pytest.param([O, S, L, R], F, True, id="kvittering-of-ERROR-after-LEST"),
        pytest.param([O, S, L], E, False, id="LEVERT-ends-the-deadline"),
        pytest.param([O, L, S], E, False, id="a-late-SENDT-does-not-bring-the-deadline-back"),
        pytest.param([O, L, A], E, False, id="nor-does-ANNET"),
        pytest.param([O, F], E, False, id="FEIL-ends-the-deadline"),
        pytest.param([O, F, S], E, False, id="for-good"),
        pytest.param([O, S, F], L, True, id="late-LEVERT-after-FEIL"),
        pytest.param([O, S, F], R, True, id="late-LEST-after-FEIL"),
        pytest.param([O, S, F], A, False, id="ANNET-after-FEIL"),
        pytest.param([O, F, S], A, False, id="ANNET-after-FEIL-and-late-SENDT"),
        pytest.param([O, S, E], L, True, id="late-LEVERT-after-the-deadline"),
        pytest.param([O, S, E], R, True, id="late-LEST-after-the-deadline"),
        pytest.param([O, S, E], F, True, id="FEIL-after-the-deadline"),
        pytest.param([O, S, E], E, False, id="repeated-deadline"),
        pytest.param([O, S], Status.INNKOMMENDE_MOTTATT, False, id="what-goes-out-does-not-come-in"),
        pytest.param([O], Status.INNKOMMENDE_MOTTATT, True, id="what-comes-in"),
        pytest.param([O, Status.INNKOMMENDE_MOTTATT], Status.INNKOMMENDE_LEVERT, True, id="is-fetched"),
        pytest.param([O, Status.INNKOMMENDE_MOTTATT], S, False, id="and-not-sent"),
        pytest.param([O, Status.INNKOMMENDE_MOTTATT, Status.INNKOMMENDE_LEVERT], F, False, id="and-then-done"),
    ],
)
def test_which_event_may_follow(log: list[Status], status: Status, legal: bool) -> None:
    """The table of moves, read against every event that the log holds."""
    assert may_append(log, status) is legal


@pytest.mark.parametrize(
    ("log", "amounts_to"),
    [
        pytest.param([O], Outcome.PENDING, id="created"),
        pytest.param([O, S, M], Outcome.PENDING, id="on-its-way"),
        pytest.param([O, S, A], Outcome.PENDING, id="something-else-was-told"),
        pytest.param([O, S, L], Outcome.DELIVERED, id="delivered"),
        pytest.param([O, S, R], Outcome.DELIVERED, id="opened"),
        pytest.param([O, S, L, M], Outcome.DELIVERED, id="delivered-with-a-late-event"),
        pytest.param([O, F], Outcome.FAILED, id="failed"),
        pytest.param([O, S, L, F], Outcome.FAILED, id="delivered-and-then-refused"),
        pytest.param([O, S, F, L], Outcome.DELIVERED, id="a-late-LEVERT-corrects"),
        pytest.param([O, S, F, R], Outcome.DELIVERED, id="a-late-LEST-corrects"),
        pytest.param([O, S, L, F, R], Outcome.DELIVERED, id="refused-and-then-opened"),
        pytest.param([O, S, F, S], Outcome.FAILED, id="a-late-SENDT-does-not"),
        pytest.param([O, E], Outcome.FAILED, id="expired-before-hand-over"),
        pytest.param([O, S, E], Outcome.UNKNOWN, id="expired-after-hand-over"),
        pytest.param([O, M, E], Outcome.UNKNOWN, id="expired-after-MOTTATT-which-proves-the-hand-over"),
        pytest.param([O, S, E, L], Outcome.DELIVERED, id="expired-and-delivered-late"),
        pytest.param([O, S, E, F], Outcome.FAILED, id="expired-and-failed"),
    ],
)
def test_what_a_log_amounts_to(log: list[Status], amounts_to: Outcome) -> None:
    """Nothing that may have arrived is called failed, and nothing that failed is called pending."""
    assert outcome(log) is amounts_to


@pytest.mark.parametrize(
    ("log", "stands_at"),
    [
        pytest.param([O], O, id="created"),
        pytest.param([O, A], A, id="in-doubt"),
        pytest.param([O, A, S], S, id="the-doubt-is-over"),
        pytest.param([O, S, L, R, M], R, id="a-late-MOTTATT-takes-no-LEST-back"),
        pytest.param([O, L, S], L, id="nor-a-late-SENDT-a-LEVERT"),
        pytest.param([O, S, L, A], L, id="nor-does-ANNET"),
        pytest.param([O, S, L, F], F, id="refused-after-delivery"),
        pytest.param([O, S, F, M], F, id="a-late-MOTTATT-does-not-mend-it"),
        pytest.param([O, S, F, L], L, id="a-late-LEVERT-does"),
        pytest.param([O, S, E], E, id="expired"),
        pytest.param([O, S, E, L], L, id="expired-and-delivered-late"),
        pytest.param([O, Status.INNKOMMENDE_MOTTATT], Status.INNKOMMENDE_MOTTATT, id="came-in"),
        pytest.param(
            [O, Status.INNKOMMENDE_MOTTATT, Status.INNKOMMENDE_LEVERT], Status.INNKOMMENDE_LEVERT, id="acknowledged"
        ),
    ],
)
def test_where_a_message_stands(log: list[Status], stands_at: Status) -> None:
    """The furthest that it has come, whatever was told last."""
    assert furthest(log) is stands_at


@given(st.lists(st.sampled_from(Status), max_size=30))
def test_a_log_that_was_only_appended_to_is_sound(offered: list[Status]) -> None:
    """Whatever is offered in whatever order: one OPPRETTET in front, no repeats, and no deadline after the end."""
    log: list[Status] = []
    for status in offered:
        was_final = is_final(log)
        if may_append(log, status):
            assert not (was_final and status is Status.LEVETID_UTLOPT)
            log.append(status)
        assert is_final(log) or not was_final
    assert len(set(log)) == len(log)
    assert not log or log[0] is Status.OPPRETTET
    assert is_final(log) == bool(FINAL.intersection(log))


@given(st.permutations([S, M, L, R, F]))
def test_events_may_overtake_each_other(order: list[Status]) -> None:
    """In whatever order the receipts come, every one is kept."""
    log = [O]
    for status in order:
        assert may_append(log, status)
        log.append(status)
    late = log[log.index(F) :]
    assert outcome(log) is (Outcome.DELIVERED if L in late or R in late else Outcome.FAILED)


def test_the_words_are_those_of_the_wire() -> None:
    """Other systems and the answers of the API write them so."""
    assert all(status.value == status.name for status in Status)
    assert {direction.value for direction in Direction} == {"OUTGOING", "INCOMING"}
    assert {each.value for each in Outcome} == {"pending", "delivered", "failed", "unknown", "cancelled"}
    worth = {"handed-over", "published", "stored-by-recipient", "registered-in-archive", "opened", ""}
    assert {each.value for each in Evidence} == worth
