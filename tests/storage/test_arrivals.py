"""What came in is counted until it is dealt with; what is odd is noted once. And the timeline keeps every try."""

from datetime import timedelta

from gateway.errors import MustAct, Verdict
from gateway.storage import arrivals, attempts
from gateway.storage.arrivals import OddEvent, SeenArrival
from gateway.storage.attempts import Attempt
from gateway.storage.engine import Database

from .making import NOW, SENDER, new_id, store_queued


def test_an_arrival_is_new_once(database: Database) -> None:
    """What a channel offers at every poll is new the first time only, for each organisation by itself."""
    with database.writing() as connection:
        assert arrivals.see(connection, SeenArrival(SENDER, "r", "arkivmelding", NOW))
        assert not arrivals.see(connection, SeenArrival(SENDER, "r", "arkivmelding", NOW + timedelta(hours=1)))
        assert arrivals.see(connection, SeenArrival("0192:311000025", "r", "arkivmelding", NOW))


def test_waiting_arrivals_are_counted_by_kind(database: Database) -> None:
    """Each arrival counts from when it was seen until it is confirmed, which it is once."""
    with database.writing() as connection:
        for reference, kind in (("1", "arkivmelding"), ("2", "arkivmelding"), ("3", "status"), ("4", "unreadable")):
            arrivals.see(connection, SeenArrival(SENDER, reference, kind, NOW))
        assert arrivals.count_waiting(connection) == {"arkivmelding": 2, "status": 1, "unreadable": 1}
        for reference in ("1", "3", "3"):
            arrivals.confirm(connection, SENDER, reference=reference, at=NOW)
        arrivals.confirm(connection, "0192:311000025", reference="2", at=NOW)
        assert arrivals.count_waiting(connection) == {"arkivmelding": 1, "unreadable": 1}


def test_an_odd_event_is_noted_once_for_each_reason(database: Database) -> None:
    """The same transfer noted again for the same reason, as when its confirmation was lost, is no second event."""
    events = [
        OddEvent(NOW + timedelta(seconds=number), SENDER, reference, None, reason, "the sender is another")
        for number, (reference, reason) in enumerate(
            [("r", "FORGED"), ("r", "FORGED"), ("r", "UNKNOWN"), ("s", "FORGED")]
        )
    ]
    with database.writing() as connection:
        assert [arrivals.note_odd(connection, event) for event in events] == [True, False, True, True]
    with database.reading() as connection:
        assert arrivals.odd_events(connection, limit=9) == (events[3], events[2], events[0])
        assert arrivals.odd_events(connection, limit=1) == (events[3],)


def test_the_timeline_keeps_every_try(database: Database) -> None:
    """Each attempt of a message comes back as it was, oldest first, and no other message's."""
    one, other = store_queued(database, count=2)
    tried = (
        Attempt(
            one.id,
            NOW,
            "hand-over",
            "503 from the broker",
            Verdict.AGAIN,
            NOW + timedelta(seconds=5),
            "wait",
            MustAct.NOBODY,
            "TURNED_AWAY",
            503,
            "overbelastet ø",
        ),
        Attempt(one.id, NOW + timedelta(seconds=5), "hand-over", "uploaded"),
    )
    with database.writing() as connection:
        for attempt in (*tried, Attempt(other.id, NOW, "address", "")):
            attempts.record(connection, attempt)
    with database.reading() as connection:
        assert attempts.of_message(connection, one.id) == tried
        assert attempts.of_message(connection, new_id()) == ()
