"""By hand, on both databases: what may be tried again, started again and taken back, and what may not."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.steering import Done, Hand, Steering
from gateway.delivery.timeline import Awaits, read_timeline
from gateway.errors import Conflict, LeaseLost, MustAct, NotFound
from gateway.message.status import Outcome, Status
from gateway.storage import attempts, conversations, messages, restored, statuses, tasks
from gateway.storage.attempts import ActKind
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.engine import Database
from gateway.storage.messages import Message, MessageState, ReferenceEntry
from gateway.storage.statuses import FeedFilter
from gateway.storage.tables import message as message_table
from gateway.storage.tasks import ClaimTerms, NewTask, Standing
from tests.storage.making import NOW, make_event, store_conversation, store_queued

O, S, M, L, F, A, E = (  # noqa: E741  # the tables below are read by these letters
    Status.OPPRETTET,
    Status.SENDT,
    Status.MOTTATT,
    Status.LEVERT,
    Status.FEIL,
    Status.ANNET,
    Status.LEVETID_UTLOPT,
)
LATER = NOW + timedelta(minutes=10)
ME = Hand("fagsystem", "saksbehandler-7")


def steering(database: Database, after: timedelta = timedelta(minutes=1)) -> Steering:
    """Steering at that time after the commit."""
    return Steering(database, lambda: NOW + after)


def queued(database: Database, *log: Status, **changes: object) -> Message:
    """A committed message with its tasks, whose log holds these events."""
    (message,) = store_queued(database)
    with database.writing() as connection:
        if changes:
            connection.execute(update(message_table).where(message_table.c.id == message.id).values(**changes))
        tasks.add(connection, NewTask(DELIVER, message.id, LATER))
        tasks.add(connection, NewTask(EXPIRE, message.id, message.deadline or NOW))
        for status in (O, *log):
            assert statuses.append(connection, make_event(message, status)) is not None
        if {F, L, E}.intersection(log):
            tasks.remove(connection, DELIVER, subject=message.id)
            tasks.remove(connection, EXPIRE, subject=message.id)
    return message


def standing(database: Database, message: Message, kind: str = DELIVER) -> Standing | None:
    """How a task of that message stands."""
    with database.reading() as connection:
        return tasks.find(connection, kind, subject=message.id)


def stored(database: Database, message: Message) -> tuple[Message, Conversation]:
    """The message and its conversation as they are now."""
    with database.reading() as connection:
        found = messages.get(connection, message.id)
        return found, conversations.find(connection, found.conversation_id, client_id=None)


def log_of(database: Database, message: Message) -> list[tuple[Status, int]]:
    """The names of its events with their rounds."""
    with database.reading() as connection:
        return [(event.status, event.round) for event in statuses.of_message(connection, message.id)]


def acts_of(database: Database, message: Message) -> list[tuple[ActKind, str | None]]:
    """What was done to it by hand, and by whom."""
    with database.reading() as connection:
        return [(act.kind, act.actor) for act in attempts.acts_of(connection, message.id)]


def append(database: Database, message: Message, status: Status) -> int | None:
    """Tell an event."""
    with database.writing() as connection:
        return statuses.append(connection, make_event(message, status))


@pytest.mark.parametrize("log", [(), (S,)], ids=["to be handed over", "to be followed"])
def test_a_retry_brings_the_next_try_forward(database: Database, log: tuple[Status, ...]) -> None:
    """What was due in ten minutes is due now, at the step where it stood; who did it is remembered."""
    message = queued(database, *log)
    assert steering(database).retry(message.conversation_id, message.id, hand=ME) is Done.BROUGHT_FORWARD
    assert standing(database, message) == Standing(NOW + timedelta(minutes=1), "", None)
    assert acts_of(database, message) == [(ActKind.RETRY, "saksbehandler-7")]
    assert log_of(database, message) == [(status, 1) for status in (O, *log)]


def test_retries_that_come_close_are_one(database: Database) -> None:
    """The second of two quick ones changes nothing and is not kept, so the pause after the try stands; a later one counts."""
    message = queued(database)
    for after, due in ((60, 60), (61, 600), (64, 600), (66, 66)):
        done = steering(database, timedelta(seconds=after)).retry(message.conversation_id, message.id, hand=ME)
        assert done is Done.BROUGHT_FORWARD
        found = standing(database, message)
        assert found is not None
        assert found.due == NOW + timedelta(seconds=due)
        if after == 60:  # it is tried, and comes again after its pause
            (held,) = tasks.claim(database, "w", now=found.due, terms=ClaimTerms(timedelta(hours=1), (DELIVER,)))
            with database.writing() as connection:
                tasks.reschedule(connection, held, due=LATER, step="")
    assert len(acts_of(database, message)) == 2


def test_what_somebody_is_at_is_not_touched(database: Database) -> None:
    """A held task keeps its due time, its lease and its fence; the answer says that a try is being made."""
    message = queued(database)
    (held,) = tasks.claim(database, "w", now=LATER, terms=ClaimTerms(timedelta(hours=1), (DELIVER,)))
    by_hand = steering(database, timedelta(minutes=11))
    assert by_hand.retry(message.conversation_id, message.id, hand=ME) is Done.UNDER_WAY
    assert standing(database, message) == Standing(LATER, "", held.lease_until)
    assert acts_of(database, message) == []
    with database.writing() as connection:
        tasks.require(connection, held)


def test_a_failed_message_is_started_again(database: Database) -> None:
    """A new round: queued and pending, both tasks back, its finished conversation under way, the log begun anew."""
    message = queued(database, F)
    before = stored(database, message)
    assert (before[0].outcome, before[1].state) == (Outcome.FAILED, ConversationState.FINISHED)
    assert steering(database).retry(message.conversation_id, message.id, hand=ME) is Done.RESTARTED
    after, conversation = stored(database, message)
    assert (after.state, after.outcome, after.round) == (MessageState.QUEUED, Outcome.PENDING, 2)
    assert after.last_status is O
    assert (conversation.state, conversation.finished) == (ConversationState.COMMITTED, None)
    assert conversation.version == before[1].version + 1
    assert standing(database, message) == Standing(NOW + timedelta(minutes=1), "", None)
    assert standing(database, message, EXPIRE) == Standing(message.deadline, "", None)
    assert log_of(database, message) == [(O, 1), (F, 1), (O, 2)]
    assert acts_of(database, message) == [(ActKind.RESTART, "saksbehandler-7")]


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        ((F,), Outcome.FAILED),
        ((E,), Outcome.FAILED),
        ((A, E), Outcome.UNKNOWN),
        ((S, E), Outcome.UNKNOWN),
        ((S, M, L), Outcome.DELIVERED),
        ((S, L, F), Outcome.FAILED),
    ],
    ids=str,
)
def test_a_new_round_may_end_in_every_way(
    database: Database,
    log: tuple[Status, ...],
    outcome: Outcome,
) -> None:
    """Each status once more, under the same rules; the outcome is the new round's, and the conversation ends again."""
    message = queued(database, F)
    steering(database).retry(message.conversation_id, message.id, hand=ME)
    for status in log:
        assert append(database, message, status) is not None
        assert append(database, message, status) is None
    after, conversation = stored(database, message)
    assert (after.state, after.outcome, after.last_status) == (MessageState.FINAL, outcome, log[-1])
    assert conversation.state is ConversationState.FINISHED
    assert log_of(database, message) == [(O, 1), (F, 1), (O, 2), *((status, 2) for status in log)]


def test_a_message_is_started_again_as_often_as_it_fails(database: Database) -> None:
    """Three rounds, and asking twice within one only brings its try forward."""
    message = queued(database, F)
    by_hand = steering(database)
    for number in (2, 3):
        assert by_hand.retry(message.conversation_id, message.id, hand=ME) is Done.RESTARTED
        assert by_hand.retry(message.conversation_id, message.id, hand=ME) is Done.BROUGHT_FORWARD
        assert append(database, message, F) is not None
        assert stored(database, message)[0].round == number


@pytest.mark.parametrize(
    ("log", "after", "code"),
    [
        pytest.param((S, F), timedelta(), "HANDED_OVER", id="failed-after-hand-over"),
        pytest.param((S, L, F), timedelta(), "HANDED_OVER", id="refused-by-the-archive"),
        pytest.param((A, F), timedelta(), "HANDED_OVER", id="failed-with-its-hand-over-in-doubt"),
        pytest.param((S, L), timedelta(), "DELIVERED", id="delivered"),
        pytest.param((F, L), timedelta(), "DELIVERED", id="delivered-after-all"),
        pytest.param((S, E), timedelta(hours=25), "OUTCOME_UNKNOWN", id="expired-after-hand-over"),
        pytest.param((A, E), timedelta(hours=25), "OUTCOME_UNKNOWN", id="expired-in-doubt"),
        pytest.param((E,), timedelta(hours=25), "DEADLINE_PASSED", id="expired"),
        pytest.param((F,), timedelta(hours=24), "DEADLINE_PASSED", id="failed-and-then-expired"),
        pytest.param((), timedelta(hours=24), "DEADLINE_PASSED", id="expired-this-moment"),
    ],
)
def test_what_may_double_or_comes_too_late_is_refused(
    database: Database,
    log: tuple[Status, ...],
    after: timedelta,
    code: str,
) -> None:
    """With a code, a sentence on what to do instead, and nothing changed."""
    message = queued(database, *log)
    before = stored(database, message), standing(database, message), log_of(database, message)
    with pytest.raises(Conflict) as caught:
        steering(database, after).retry(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == code
    assert caught.value.mend
    assert (stored(database, message), standing(database, message), log_of(database, message)) == before
    assert acts_of(database, message) == []


def test_what_the_channel_dropped_is_refused_with_the_mend_it_was_stopped_with(database: Database) -> None:
    """There is no recipient to ask: two contradictory orders would leave the sender with none."""
    message = queued(database, S)
    with database.writing() as connection:
        words = make_event(message, F, mend="Clean the document.", must_act=MustAct.SENDER)
        assert statuses.append(connection, words) is not None
    with pytest.raises(Conflict, match="dropped") as caught:
        steering(database).retry(message.conversation_id, message.id, hand=ME)
    assert (caught.value.code, caught.value.mend) == ("HANDED_OVER", "Clean the document.")


def test_a_message_that_only_waits_for_its_receipt_is_not_sent_again(database: Database) -> None:
    """Published and followed to the end: no task is left, and none is made."""
    message = queued(database, S)
    with database.writing() as connection:
        tasks.remove(connection, DELIVER, subject=message.id)
    with pytest.raises(Conflict) as caught:
        steering(database).retry(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == "HANDED_OVER"
    assert standing(database, message) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "prototype"}, "NOT_COMMITTED"),
        ({"state": "deselected"}, "NOT_SENT"),
        ({"state": "cancelled"}, "CANCELLED"),
        ({"not_before": NOW + timedelta(hours=1)}, "HELD"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_on_its_way_is_not_tried(
    database: Database,
    changes: dict[str, object],
    code: str,
) -> None:
    """A draft, one that was left out, one that was cancelled, one that is held back."""
    message = queued(database, **changes)
    with pytest.raises(Conflict) as caught:
        steering(database).retry(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == code
    assert standing(database, message) == Standing(LATER, "", None)


def test_without_its_documents_a_message_is_not_started_again(database: Database) -> None:
    """What retention has taken away cannot be sent."""
    message = queued(database, F)
    with database.writing() as connection:
        row = messages.message.update().where(messages.message.c.id == message.id)
        choice = messages.write_choice(replace(message.choice, documents=("vedtak.pdf",)))
        connection.execute(row.values(choice=choice))
    with pytest.raises(Conflict) as caught:
        steering(database).retry(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == "DOCUMENTS_GONE"


def test_what_was_restored_waits_for_the_operator(database: Database) -> None:
    """It may have gone out after the backup: neither tried nor called unsent by who sent it, and the timeline says whose turn."""
    message = queued(database)
    with database.writing() as connection:
        restored.hold(connection, DELIVER, now=NOW)
    by_hand = steering(database)
    for act in (by_hand.retry, by_hand.cancel):
        with pytest.raises(Conflict, match="backup") as caught:
            act(message.conversation_id, message.id, hand=ME)
        assert (caught.value.code, "gateway db release" in caught.value.mend) == ("HELD", True)
    with database.reading() as connection:
        told = read_timeline(connection, message, now=NOW)
    assert (told.awaits, told.next_try, told.may_retry) == (Awaits.RELEASE, None, False)
    assert (told.must_act, told.mend) == (MustAct.OPERATOR, restored.RELEASE)
    with database.writing() as connection:
        restored.release(connection, DELIVER, only=None, now=NOW)
    assert by_hand.retry(message.conversation_id, message.id, hand=ME) is Done.BROUGHT_FORWARD


def ended_as_unknown(database: Database, message: Message) -> None:
    """No task is left, the conversation is finished, and the feed tells the end as it is."""
    after, conversation = stored(database, message)
    assert (after.state, after.outcome) == (MessageState.FINAL, Outcome.UNKNOWN)
    assert conversation.state is ConversationState.FINISHED
    assert standing(database, message) is standing(database, message, EXPIRE) is None
    with database.reading() as connection:
        last = statuses.feed(connection, client_id=message.client_id, after=0, filters=FeedFilter()).events[-1]
    assert (last.status, last.outcome) == (E, Outcome.UNKNOWN)
    assert "not sent again" in last.description
    assert acts_of(database, message)[-1][0] is ActKind.CANCEL


def test_what_a_restore_holds_is_ended_by_the_operator(database: Database) -> None:
    """It has arrived: it ends at once with the outcome unknown, nothing is sent, and what is not held is left alone."""
    message, other = queued(database), queued(database)
    with database.writing() as connection:
        restored.hold(connection, DELIVER, now=NOW)
        restored.release(connection, DELIVER, only=[other.id], now=NOW)
    by_hand = steering(database)
    assert by_hand.give_up([message.id, other.id, "nobody"]) == (message.id,)
    ended_as_unknown(database, message)
    assert standing(database, other) is not None
    assert by_hand.give_up([message.id]) == ()
    assert append(database, message, L) is not None
    assert stored(database, message)[0].outcome is Outcome.DELIVERED


def test_a_failed_message_of_a_backup_is_not_started_again(database: Database) -> None:
    """It may have been started again and sent after the backup: only the operator's release lets it be, and sends nothing."""
    message = queued(database, F)
    with database.writing() as connection:
        assert [each.id for each in restored.hold(connection, DELIVER, now=NOW)] == [message.id]
        assert [each.id for each in restored.hold(connection, DELIVER, now=NOW)] == [message.id]
    by_hand = steering(database)
    with pytest.raises(Conflict, match="backup") as caught:
        by_hand.retry(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == "HELD"
    with database.writing() as connection:
        told = read_timeline(connection, stored(database, message)[0], now=NOW)
        assert (told.awaits, told.may_retry) == (Awaits.RELEASE, False)
        assert restored.release(connection, DELIVER, only=None, now=NOW) == (message.id,)
    assert standing(database, message) is None
    assert by_hand.retry(message.conversation_id, message.id, hand=ME) is Done.RESTARTED


def test_a_failed_message_of_a_backup_that_arrived_is_ended(database: Database) -> None:
    """It was started again after the backup and came: a round that ends as unknown, and cannot be started again."""
    message = queued(database, F)
    with database.writing() as connection:
        restored.hold(connection, DELIVER, now=NOW)
    by_hand = steering(database)
    assert by_hand.give_up([message.id]) == (message.id,)
    ended_as_unknown(database, message)
    with pytest.raises(Conflict) as caught:
        by_hand.retry(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == "OUTCOME_UNKNOWN"


@pytest.mark.parametrize(("log", "after"), [((S, F), 0), ((A, F), 0), ((F,), 24), ((E,), 24)], ids=str)
def test_what_cannot_be_started_again_is_not_held(database: Database, log: tuple[Status, ...], after: int) -> None:
    """It had left the house, or its time is over."""
    message = queued(database, *log)
    with database.writing() as connection:
        assert restored.hold(connection, DELIVER, now=NOW + timedelta(hours=after)) == ()
    assert standing(database, message) is None


def test_what_a_restore_held_is_not_called_unsent(database: Database) -> None:
    """Let go and then cancelled: it may have arrived before the restore, so it ends as unknown, not as cancelled."""
    message = queued(database)
    with database.writing() as connection:
        restored.hold(connection, DELIVER, now=NOW)
        restored.release(connection, DELIVER, only=None, now=NOW)
    steering(database).cancel(message.conversation_id, message.id, hand=ME)
    ended_as_unknown(database, message)


@pytest.mark.parametrize(("status", "outcome"), [(S, Outcome.CANCELLED), (L, Outcome.DELIVERED)])
def test_what_is_told_of_a_cancelled_message(database: Database, status: Status, outcome: Outcome) -> None:
    """It stays cancelled, in the feed as well, unless somebody has it after all."""
    message = queued(database)
    steering(database).cancel(message.conversation_id, message.id, hand=ME)
    assert append(database, message, status) is not None
    after = stored(database, message)[0]
    assert (after.state, after.outcome) == (MessageState.CANCELLED, outcome)
    with database.reading() as connection:
        assert statuses.of_message(connection, message.id)[-1].outcome is outcome


@pytest.mark.parametrize("act", [Steering.retry, Steering.cancel], ids=["retry", "cancel"])
def test_another_clients_message_is_not_found(database: Database, act: object) -> None:
    """Nor one of another conversation."""
    message = queued(database)
    other = store_conversation(database)
    for conversation_id, hand in ((message.conversation_id, Hand("other")), (other.id, ME)):
        with pytest.raises(NotFound):
            act(steering(database), conversation_id, message.id, hand=hand)  # type: ignore[operator]
    assert standing(database, message) is not None


def test_a_message_is_taken_back(database: Database) -> None:
    """No task is left, the conversation is finished, the log and the timeline say so; twice is once."""
    message = queued(database)
    for _ in range(2):
        steering(database).cancel(message.conversation_id, message.id, hand=ME)
    after, conversation = stored(database, message)
    assert (after.state, after.outcome) == (MessageState.CANCELLED, Outcome.CANCELLED)
    assert conversation.state is ConversationState.FINISHED
    assert (standing(database, message), standing(database, message, EXPIRE)) == (None, None)
    assert log_of(database, message) == [(O, 1), (A, 1)]
    assert acts_of(database, message) == [(ActKind.CANCEL, "saksbehandler-7")]


def test_one_of_two_is_taken_back(database: Database) -> None:
    """The other goes on, and so does the conversation."""
    one, other = store_queued(database, count=2)
    append(database, one, O)
    append(database, other, O)
    steering(database).cancel(one.conversation_id, one.id, hand=ME)
    after, conversation = stored(database, other)
    assert (after.state, conversation.state) == (MessageState.QUEUED, ConversationState.COMMITTED)


@pytest.mark.parametrize("dropped", [False, True], ids=["stands", "dropped since"])
def test_once_the_channel_has_named_it_it_is_too_late(database: Database, dropped: bool) -> None:
    """Even where the channel has dropped the transfer since; the tasks stand as they stood."""
    message = queued(database)
    with database.writing() as connection:
        for reference in ("r-1", None) if dropped else ("r-1",):
            messages.set_reference(connection, ReferenceEntry(message.id, reference, NOW, "initialised"))
    with pytest.raises(Conflict) as caught:
        steering(database).cancel(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == "TOO_LATE"
    assert (standing(database, message) is None, standing(database, message, EXPIRE) is None) == (False, False)
    assert stored(database, message)[0].state is MessageState.QUEUED


@pytest.mark.parametrize("log", [(S,), (F,), (S, L), (E,)], ids=str)
def test_what_has_left_or_ended_is_too_late(database: Database, log: tuple[Status, ...]) -> None:
    """Handed over, failed, delivered, expired."""
    message = queued(database, *log)
    with pytest.raises(Conflict) as caught:
        steering(database).cancel(message.conversation_id, message.id, hand=ME)
    assert caught.value.code == "TOO_LATE"


def test_a_cancel_waits_for_a_reference_that_is_being_stored(database: Database) -> None:
    """The worker's transaction is open behind its fence: the cancel waits for it and then finds the hand-over begun."""
    message = queued(database)
    (held,) = tasks.claim(database, "w", now=LATER, terms=ClaimTerms(timedelta(hours=1), (DELIVER,)))
    caught: list[str] = []

    def cancel() -> None:
        try:
            steering(database).cancel(message.conversation_id, message.id, hand=ME)
        except Conflict as error:
            caught.append(error.code)

    with database.writing() as connection:
        tasks.require(connection, held)
        messages.set_reference(connection, ReferenceEntry(message.id, "r-1", NOW, "initialised"))
        other = threading.Thread(target=cancel)
        other.start()
        other.join(0.5)
        assert caught == []
    other.join(20)
    assert caught == ["TOO_LATE"]
    with database.writing() as connection:
        tasks.require(connection, held)


def test_a_worker_that_is_at_it_loses_a_cancelled_message(database: Database) -> None:
    """Before it has stored a reference the message is taken from under it: whatever it writes then is refused."""
    message = queued(database)
    (held,) = tasks.claim(database, "w", now=LATER, terms=ClaimTerms(timedelta(hours=1), (DELIVER,)))
    steering(database).cancel(message.conversation_id, message.id, hand=ME)
    with pytest.raises(LeaseLost), database.writing() as connection:
        tasks.require(connection, held)


def test_many_hands_at_once_cancel_or_hand_over_never_both(database: Database) -> None:
    """Cancels and workers race over many messages: each is either cancelled without a reference, or has one."""
    several = [queued(database) for _ in range(8)]
    terms = ClaimTerms(timedelta(hours=1), (DELIVER,), 100)
    held = {task.subject: task for task in tasks.claim(database, "w", now=LATER, terms=terms)}
    start = threading.Barrier(16)

    def cancel(message: Message) -> None:
        start.wait(20)
        with suppress(Conflict):
            steering(database).cancel(message.conversation_id, message.id, hand=ME)

    def remember(message: Message) -> None:
        start.wait(20)
        with suppress(LeaseLost), database.writing() as connection:
            tasks.require(connection, held[message.id])
            messages.set_reference(connection, ReferenceEntry(message.id, "r-1", NOW, "initialised"))

    threads = [threading.Thread(target=act, args=(each,)) for each in several for act in (cancel, remember)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for message in several:
        found = stored(database, message)[0]
        assert (found.state is MessageState.CANCELLED) == (found.reference is None)
