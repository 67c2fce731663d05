"""The log of statuses: each event once, in one order for all readers, and what follows from it."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.message.status import Direction, Evidence, Outcome, Status, furthest, is_final, may_append, outcome
from gateway.storage import conversations, messages, restored, statuses
from gateway.storage.conversations import ConversationState
from gateway.storage.engine import Database
from gateway.storage.messages import Message, MessageState
from gateway.storage.statuses import FeedFilter, StatusEvent

from .making import NOW, make_event, new_id, store_queued


def test_an_event_comes_back_as_it_was(database: Database) -> None:
    """Every fact of an event is read as written, with the cursor that append gave."""
    message = store_queued(database)[0]
    event = make_event(
        message,
        Status.OPPRETTET,
        description="lagt i kø",
        evidence=Evidence.HANDED_OVER,
        raw='{"status": "Published"}',
        at=NOW + timedelta(microseconds=1),
    )
    cursor = _append(database, event)
    with database.reading() as connection:
        found = statuses.of_message(connection, message.id)
        assert found == (replace(event, cursor=cursor, outcome=Outcome.PENDING),)
        assert statuses.of_conversation(connection, message.conversation_id) == found
        assert statuses.of_message(connection, message.id, direction=Direction.INCOMING) == ()


def test_a_repeat_and_an_illegal_move_are_no_events(database: Database) -> None:
    """A status that is there already, or that may not come now, gives None and leaves log and message as they were."""
    message = store_queued(database)[0]
    assert _append(database, make_event(message, Status.SENDT)) is None
    assert _append(database, make_event(message, Status.OPPRETTET)) is not None
    assert _append(database, make_event(message, Status.OPPRETTET, description="again")) is None
    assert _append(database, make_event(message, Status.FEIL)) is not None
    assert _append(database, make_event(message, Status.LEVETID_UTLOPT)) is None
    assert _log(database, message) == ["OPPRETTET", "FEIL"]
    assert _message(database, message).outcome is Outcome.FAILED


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([entry for entry in Status if not entry.startswith("INN")]), max_size=8))
def test_the_message_follows_its_log(sqlite_database: Database, told: list[Status]) -> None:
    """Whatever is told in whatever order, log, outcome, last status and state are as `message.status` rules."""
    message = store_queued(sqlite_database)[0]
    log: list[Status] = []
    for status in [Status.OPPRETTET, *told]:
        legal = may_append(log, status)
        assert (_append(sqlite_database, make_event(message, status)) is not None) == legal
        log += [status] if legal else []
    stored = _message(sqlite_database, message)
    reached = MessageState.SENT if Status.SENDT in log else MessageState.QUEUED
    assert _log(sqlite_database, message) == log
    assert (stored.last_status, stored.outcome) == (furthest(log), outcome(log))
    assert stored.state == (MessageState.FINAL if is_final(log) else reached)


def test_the_last_final_message_finishes_the_conversation(database: Database) -> None:
    """A conversation with three messages is finished when the last is final, at that moment, in a new version."""
    queued = store_queued(database, count=3)
    found = []
    for number, (message, end) in enumerate(
        zip(queued, [Status.LEVERT, Status.FEIL, Status.LEVETID_UTLOPT], strict=True)
    ):
        for status in (Status.OPPRETTET, Status.SENDT, end):
            _append(database, make_event(message, status, at=NOW + timedelta(hours=number)))
        with database.reading() as connection:
            found.append(conversations.find(connection, message.conversation_id, client_id=None))
    assert [entry.state for entry in found] == [ConversationState.COMMITTED] * 2 + [ConversationState.FINISHED]
    assert [entry.version for entry in found] == [2, 2, 3]
    assert found[-1].finished == NOW + timedelta(hours=2)


def test_messages_that_are_not_sent_hold_nothing_up(database: Database) -> None:
    """A deselected, a cancelled and a prototype left behind do not keep a conversation from being finished."""
    queued = store_queued(database, count=4)
    with database.writing() as connection:
        for message, state in zip(queued, ["deselected", "prototype", "queued", "queued"], strict=True):
            this = messages.message.c.id == message.id
            connection.execute(messages.message.update().where(this).values(state=state))
        messages.set_state(connection, queued[2].id, state=MessageState.CANCELLED, at=NOW)
    for status in (Status.OPPRETTET, Status.LEVERT):
        _append(database, make_event(queued[3], status))
    with database.reading() as connection:
        conversation = conversations.find(connection, queued[0].conversation_id, client_id=None)
    assert conversation.state is ConversationState.FINISHED


def test_what_is_told_of_a_cancelled_message_does_not_move_it(database: Database) -> None:
    """A cancelled message stays cancelled when its channel speaks of it all the same; the event is in the log."""
    message = store_queued(database)[0]
    _append(database, make_event(message, Status.OPPRETTET))
    with database.writing() as connection:
        messages.set_state(connection, message.id, state=MessageState.CANCELLED, at=NOW)
    assert _append(database, make_event(message, Status.LEVERT)) is not None
    assert _message(database, message).state is MessageState.CANCELLED


def test_late_news_correct_the_outcome(database: Database) -> None:
    """A message that was given up and then arrived all the same is delivered; its conversation stays finished."""
    message = store_queued(database)[0]
    outcomes = []
    for status in (Status.OPPRETTET, Status.SENDT, Status.LEVETID_UTLOPT, Status.LEVERT, Status.LEST):
        _append(database, make_event(message, status))
        outcomes.append(_message(database, message).outcome.value)
    assert outcomes == ["pending", "pending", "unknown", "delivered", "delivered"]
    with database.reading() as connection:
        conversation = conversations.find(connection, message.conversation_id, client_id=None)
    assert (conversation.state, conversation.version) == (ConversationState.FINISHED, 3)


def test_incoming_events_leave_the_outgoing_message_alone(database: Database) -> None:
    """An installation that sends to itself has both logs under one id, each with its own events."""
    message = store_queued(database)[0]
    for direction in Direction:
        assert _append(database, make_event(message, Status.OPPRETTET, direction=direction)) is not None
    assert _append(database, make_event(message, Status.FEIL, direction=Direction.INCOMING)) is not None
    assert _message(database, message).outcome is Outcome.PENDING
    unknown = make_event(message, Status.OPPRETTET, message_id=new_id(), direction=Direction.INCOMING)
    assert _append(database, unknown) is not None


def test_the_feed_goes_on_from_the_cursor(database: Database) -> None:
    """A client that goes on from the last cursor sees each event of its own once, in order, and no other's."""
    mine, others = store_queued(database, count=3), store_queued(database, client_id="other")
    told = [
        _append(database, make_event(message, status))
        for status in (Status.OPPRETTET, Status.SENDT)
        for message in (*mine, *others)
    ]
    seen: list[StatusEvent] = []
    for _ in range(3):
        seen += _feed(database, after=seen[-1].cursor or 0 if seen else 0, limit=4)
    assert [event.cursor for event in seen] == [cursor for cursor in told if cursor not in (told[3], told[7])]
    assert {event.client_id for event in seen} == {"fagsystem"}


def test_the_feed_is_filtered(database: Database) -> None:
    """Status and direction each narrow the feed."""
    message = store_queued(database)[0]
    for direction in Direction:
        for status in (Status.OPPRETTET, Status.FEIL):
            _append(database, make_event(message, status, direction=direction))
    failed = _feed(database, statuses=(Status.FEIL,))
    outgoing = _feed(database, direction=Direction.OUTGOING)
    assert {event.status for event in failed} == {Status.FEIL}
    assert {event.direction for event in outgoing} == {Direction.OUTGOING}
    assert (len(failed), len(outgoing)) == (2, 2)
    assert len(_feed(database, statuses=(Status.FEIL,), direction=Direction.INCOMING)) == 1
    assert len(_feed(database, statuses=(Status.FEIL, Status.OPPRETTET))) == 4


def test_a_page_says_where_to_go_on(database: Database) -> None:
    """A full page goes on after its last event; any other past all that is there, also what the filter left out."""
    mine, others = store_queued(database, count=5), store_queued(database, client_id="other")
    cursors = [_append(database, make_event(message, Status.OPPRETTET)) for message in mine]
    _append(database, make_event(others[0], Status.OPPRETTET))
    assert _turns(database, limit=3) == ([3, 2], [cursors[2], cursors[4]])
    assert _turns(database, limit=5) == ([5, 0], [cursors[4], cursors[4]])
    assert _turns(database, limit=3, statuses=(Status.FEIL,)) == ([0], [cursors[4]])
    assert _turns(database, limit=3, direction=Direction.INCOMING) == ([0], [cursors[4]])
    with database.reading() as connection:
        beyond = statuses.feed(connection, client_id="fagsystem", after=10**6, filters=FeedFilter())
        nobody = statuses.feed(connection, client_id="nobody", after=0, filters=FeedFilter())
    assert (beyond.cursor, nobody.cursor) == (10**6, 0)


def test_each_event_says_what_the_message_amounted_to(database: Database) -> None:
    """The outcome stands beside the event that brought it, and a late event corrects it; what comes in has none."""
    message = store_queued(database)[0]
    for status in (Status.OPPRETTET, Status.SENDT, Status.LEVETID_UTLOPT, Status.LEVERT):
        _append(database, make_event(message, status))
    _append(database, make_event(message, Status.OPPRETTET, direction=Direction.INCOMING))
    outcomes = [event.outcome for event in _feed(database)]
    assert outcomes == [Outcome.PENDING, Outcome.PENDING, Outcome.UNKNOWN, Outcome.DELIVERED, None]
    assert _message(database, message).outcome is Outcome.DELIVERED


def test_filtered_readers_pass_over_nothing_while_slow_writers_append(database: Database) -> None:
    """Three readers, each with a filter and a cursor of its own, see every row that is theirs exactly once.

    Each transaction writes for two messages and lingers before it commits, so that readers come in the middle of it.
    """
    queued = store_queued(database, count=24)
    wanted = {"all": {}, "incoming": {"direction": Direction.INCOMING}, "failed": {"statuses": (Status.FEIL,)}}
    seen: dict[str, list[StatusEvent]] = {name: [] for name in wanted}
    done = threading.Event()

    def read(name: str) -> None:
        after, last_round = 0, False
        while not last_round:
            last_round = done.is_set()
            with database.reading() as connection:
                filters = FeedFilter(**wanted[name], limit=7)  # type: ignore[arg-type]
                page = statuses.feed(connection, client_id="fagsystem", after=after, filters=filters)
            assert page.cursor >= after
            seen[name] += page.events
            last_round = last_round and not page.more
            after = page.cursor

    def write(share: tuple[Message, ...]) -> None:
        for first, second in zip(share[::2], share[1::2], strict=True):
            for status in (Status.OPPRETTET, Status.FEIL):
                with database.writing() as connection:
                    statuses.append(connection, make_event(first, status))
                    statuses.append(connection, make_event(second, status, direction=Direction.INCOMING))
                    time.sleep(0.004)

    readers = [threading.Thread(target=read, args=(name,)) for name in wanted]
    writers = [threading.Thread(target=write, args=(queued[number::4],)) for number in range(4)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    for thread in readers:
        thread.join(60)
    every = _feed(database, limit=1000)
    assert len(every) == 48
    assert seen["all"] == list(every)
    assert seen["incoming"] == [event for event in every if event.direction is Direction.INCOMING]
    assert seen["failed"] == [event for event in every if event.status is Status.FEIL]


def test_a_reader_passes_over_no_event_that_commits_late(database: Database) -> None:
    """While one appends and has not committed, a second cannot get ahead: whoever sees a cursor sees all before it."""
    (slow,), (quick,) = store_queued(database), store_queued(database)
    order: list[str] = []

    def append_quickly() -> None:
        _append(database, make_event(quick, Status.OPPRETTET))
        order.append("quick")

    with database.writing() as connection:
        first = statuses.append(connection, make_event(slow, Status.OPPRETTET))
        other = threading.Thread(target=append_quickly)
        other.start()
        other.join(0.4)
        assert _feed(database) == ()
        order.append("slow")
    other.join(20)
    assert order == ["slow", "quick"]
    events = _feed(database)
    assert [event.message_id for event in events] == [slow.id, quick.id]
    assert events[0].cursor == first


def test_four_threads_append_side_by_side(database: Database) -> None:
    """Events of many messages appended at once are all in the log, and a reader who polls meanwhile misses none."""
    conversation_id = (queued := store_queued(database, count=12))[0].conversation_id
    queued += store_queued(database, count=12)
    seen: list[StatusEvent] = []
    done = threading.Event()

    def read() -> None:
        last_round = False
        while not last_round:
            last_round = done.is_set()
            seen.extend(_feed(database, after=seen[-1].cursor or 0 if seen else 0))

    def write(share: tuple[Message, ...]) -> None:
        for message in share:
            for status in (Status.OPPRETTET, Status.SENDT, Status.LEVERT):
                _append(database, make_event(message, status))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(queued[number::4],)) for number in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    reader.join(60)
    assert len(seen) == len({event.cursor for event in seen}) == 24 * 3
    with database.reading() as connection:
        conversation = conversations.find(connection, conversation_id, client_id=None)
    assert conversation.state is ConversationState.FINISHED


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (statuses._OF_MESSAGE, "uq_status|sqlite_autoindex_status_1"),
        (statuses._OF_CONVERSATION, "ix_status_conversation_id_cursor"),
        (statuses._WALK, "ix_status_client_id_direction_cursor"),
        (statuses._WALK_STATUS, "ix_status_client_id_direction_status_cursor"),
        (statuses._NEWEST_OF_CLIENT, "ix_status_client_id_direction_cursor"),
        (statuses._NEWEST, "SEARCH status"),
    ],
)
def test_queries_walk_their_index(sqlite_database: Database, query: object, index: str) -> None:
    """The status query and the feed go by an index and, but for one message's few rows, sort nothing."""
    with sqlite_database.reading() as connection:
        statement = str(query.compile(connection, compile_kwargs={"literal_binds": False}))  # type: ignore[attr-defined]
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (1,) * statement.count("?"))
        plan = [row[3] for row in rows]
    assert any(name in plan[0] for name in index.split("|"))
    assert len(plan) == 1 or query is statuses._OF_MESSAGE


def _append(database: Database, event: StatusEvent) -> int | None:
    with database.writing() as connection:
        return statuses.append(connection, event)


def _feed(database: Database, *, after: int = 0, **filters: object) -> tuple[StatusEvent, ...]:
    with database.reading() as connection:
        wanted = FeedFilter(**filters)  # type: ignore[arg-type]  # the test names the filters
        return statuses.feed(connection, client_id="fagsystem", after=after, filters=wanted).events


def _turns(database: Database, **filters: object) -> tuple[list[int], list[int]]:
    """How many events each page of a reader holds until there is no more, and where each says to go on."""
    counts, cursors, more = [], [0], True
    while more:
        with database.reading() as connection:
            wanted = FeedFilter(**filters)  # type: ignore[arg-type]  # the test names the filters
            page = statuses.feed(connection, client_id="fagsystem", after=cursors[-1], filters=wanted)
        counts.append(len(page.events))
        cursors.append(page.cursor)
        more = page.more
    return counts, cursors[1:]


def _log(database: Database, message: Message) -> list[str]:
    with database.reading() as connection:
        return [event.status.value for event in statuses.of_message(connection, message.id)]


def _message(database: Database, message: Message) -> Message:
    with database.reading() as connection:
        return messages.get(connection, message.id)


def test_a_cursor_beyond_what_was_drawn_is_ahead(database: Database) -> None:
    """On both databases, and the leap of a restore counts as drawn."""
    (message,) = store_queued(database)
    with database.writing() as connection:
        assert statuses.is_ahead(connection, 1)
        cursor = statuses.append(connection, make_event(message, Status.OPPRETTET)) or 0
        assert (statuses.is_ahead(connection, cursor), statuses.is_ahead(connection, cursor + 1)) == (False, True)
        restored.leap(connection)
        assert not statuses.is_ahead(connection, cursor + 1)
