"""After a restore nothing that was queued goes out by itself, and no reader of the log misses what comes."""

from datetime import timedelta

from gateway.message.status import Outcome, Status
from gateway.storage import messages, restored, statuses, tasks
from gateway.storage.engine import Database
from gateway.storage.messages import Message
from gateway.storage.statuses import FeedFilter
from gateway.storage.tasks import ClaimTerms, NewTask

from .making import NOW, make_event, store_queued

KIND = "deliver"
LATER = NOW + timedelta(days=400)
TERMS = ClaimTerms(timedelta(minutes=1), limit=50)


def queued(database: Database) -> Message:
    """A message with its first status and its delivery task, which is due."""
    (message,) = store_queued(database)
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET))
        tasks.add(connection, NewTask(KIND, message.id, NOW))
    return message


def test_what_is_held_is_never_due(database: Database) -> None:
    """Not in a year, and not where a worker had claimed it when the backup was taken; its log says why."""
    first, second = queued(database), queued(database)
    (taken, _) = tasks.claim(database, "before the backup", now=NOW, terms=TERMS)
    with database.writing() as connection:
        held = restored.hold(connection, KIND, now=NOW)
        assert {each.id for each in held} == {first.id, second.id}
        assert statuses.of_message(connection, first.id)[-1].status is Status.ANNET
        assert messages.get(connection, first.id).outcome is Outcome.PENDING
        assert not tasks.is_leased(connection, KIND, subject=taken.subject, now=NOW)
    assert tasks.claim(database, "after", now=LATER, terms=TERMS) == ()
    with database.writing() as connection:
        assert {each.id for each in restored.hold(connection, KIND, now=NOW)} == {first.id, second.id}
    assert taken.kind == KIND


def test_what_has_no_task_is_held(database: Database) -> None:
    """A queued message whose task was taken away: a retry by hand would make one, so it is held like the others."""
    message = queued(database)
    with database.writing() as connection:
        tasks.remove(connection, KIND, subject=message.id)
        assert [each.id for each in restored.hold(connection, KIND, now=NOW)] == [message.id]


def test_what_was_sent_is_not_held(database: Database) -> None:
    """It is followed as before."""
    message = queued(database)
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.SENDT))
        assert restored.hold(connection, KIND, now=NOW) == ()
    assert len(tasks.claim(database, "worker", now=NOW, terms=TERMS)) == 1


def test_only_what_is_named_is_let_go(database: Database) -> None:
    """One by its id, then the rest; each is due at once and begins anew."""
    first, second = queued(database), queued(database)
    with database.writing() as connection:
        restored.hold(connection, KIND, now=NOW)
        assert restored.release(connection, KIND, only=[first.id, "nobody"], now=NOW) == (first.id,)
    (claimed,) = tasks.claim(database, "worker", now=NOW, terms=TERMS)
    assert (claimed.subject, claimed.step, claimed.attempts) == (first.id, "", 1)
    with database.writing() as connection:
        assert restored.release(connection, KIND, only=None, now=NOW) == (second.id,)
        assert restored.held(connection, KIND) == ()


def test_the_log_leaps_beyond_what_any_reader_has_seen(database: Database) -> None:
    """A reader that was further than the backup still gets everything that comes after the restore."""
    message = queued(database)
    with database.writing() as connection:
        seen = statuses.of_message(connection, message.id)[-1].cursor or 0
        restored.leap(connection)
        statuses.append(connection, make_event(message, Status.SENDT))
        page = statuses.feed(connection, client_id=message.client_id, after=seen + 500_000, filters=FeedFilter())
        assert [event.status for event in page.events] == [Status.SENDT]


def test_a_leap_in_an_empty_log(database: Database) -> None:
    """A database without any status can leap, too."""
    with database.writing() as connection:
        restored.leap(connection)
    message = queued(database)
    with database.reading() as connection:
        assert (statuses.of_message(connection, message.id)[0].cursor or 0) > 1_000_000
