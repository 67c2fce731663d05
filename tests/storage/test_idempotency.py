"""Idempotency keys: done once, answered the same, never by two at a time."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict, Invalid
from gateway.storage import idempotency
from gateway.storage.engine import Database
from gateway.storage.idempotency import RUNNING_AT_MOST, KeptAnswer, KeyedRequest

from .making import NOW, store_conversation

REQUEST = KeyedRequest("fagsystem", "POST /out/messages", "k-1", "digest", NOW)
ANSWER = KeptAnswer(201, {"Location": "/out/messages/1", "ETag": '"1"'}, b'{"conversationId": "1"}')
AGAIN = replace(REQUEST, at=NOW + timedelta(seconds=1))


def test_a_request_is_done_once_and_answered_again(database: Database) -> None:
    """The first try may go on; when it has finished, every later one gets status, headers and body of the first."""
    assert _begin(database, REQUEST) is None
    _finish(database, REQUEST)
    for _ in range(2):
        assert _begin(database, AGAIN) == ANSWER


@pytest.mark.parametrize("finished", [True, False])
def test_other_content_under_the_key_is_refused(database: Database, finished: bool) -> None:
    """A key that was used for other content is refused, while the first is running and after it."""
    _begin(database, REQUEST)
    if finished:
        _finish(database, REQUEST)
    with pytest.raises(Invalid, match="another request") as caught:
        _begin(database, replace(AGAIN, digest="other"))
    assert caught.value.code == "KEY_REUSED"


def test_a_second_try_waits_for_the_first(database: Database) -> None:
    """While the first is under way the second is told to come back."""
    _begin(database, REQUEST)
    with pytest.raises(Conflict) as caught:
        _begin(database, AGAIN)
    assert (caught.value.code, caught.value.retry_after) == ("KEY_RUNNING", 2)


def test_keys_are_told_apart_by_client_and_route(database: Database) -> None:
    """The same key of another client, or on another route, is another key."""
    assert _begin(database, REQUEST) is None
    assert _begin(database, replace(REQUEST, client_id="other")) is None
    assert _begin(database, replace(REQUEST, route="POST /out/messages/{conversationId}")) is None


def test_what_came_to_nothing_may_be_tried_again(database: Database) -> None:
    """An abandoned key can be used at once, also for other content; a finished one is not abandoned."""
    _begin(database, REQUEST)
    _abandon(database, REQUEST)
    assert _begin(database, replace(AGAIN, digest="other")) is None
    _finish(database, replace(AGAIN, digest="other"))
    _abandon(database, replace(AGAIN, digest="other"))
    assert _begin(database, replace(AGAIN, digest="other")) == ANSWER


def test_a_key_whose_process_died_is_free_in_the_end(database: Database) -> None:
    """A try that has run longer than any can is taken over, and if it lives after all it can keep nothing."""
    _begin(database, REQUEST)
    early = replace(REQUEST, at=NOW + RUNNING_AT_MOST - timedelta(microseconds=1))
    with pytest.raises(Conflict):
        _begin(database, early)
    late = replace(REQUEST, at=NOW + RUNNING_AT_MOST)
    assert _begin(database, late) is None
    with pytest.raises(Conflict):
        _finish(database, REQUEST)
    _abandon(database, REQUEST)
    _finish(database, late)
    assert _begin(database, replace(late, at=late.at + timedelta(hours=1))) == ANSWER


def test_the_answer_belongs_to_the_transaction_of_the_draft(database: Database) -> None:
    """Where the transaction that made the draft fails, no answer is kept for it."""
    _begin(database, REQUEST)
    with suppress(RuntimeError), database.writing() as connection:
        idempotency.finish(connection, REQUEST, answer=ANSWER)
        raise RuntimeError
    with pytest.raises(Conflict):
        _begin(database, AGAIN)


def test_old_answers_are_swept(database: Database) -> None:
    """Keys from before the moment are forgotten, those from then on are kept."""
    for number in range(3):
        _begin(database, replace(REQUEST, key=str(number), at=NOW + timedelta(hours=number)))
    with database.writing() as connection:
        assert idempotency.sweep(connection, before=NOW + timedelta(hours=2)) == 2
    assert _begin(database, replace(REQUEST, key="0", at=NOW)) is None
    with pytest.raises(Conflict):
        _begin(database, replace(REQUEST, key="2", at=NOW + timedelta(hours=2)))


def test_of_many_at_once_one_does_it(database: Database) -> None:
    """Eight threads with one key at once: one makes the draft, all others are told to wait or get its answer."""
    made: list[str] = []
    told: list[str] = []
    together = threading.Barrier(8)

    def post(number: int) -> None:
        request = replace(REQUEST, at=NOW + timedelta(microseconds=number))
        together.wait(10)
        try:
            answer = _begin(database, request)
        except Conflict as refused:
            told.append(refused.code)
            return
        if answer is None:
            made.append(store_conversation(database).id)
            _finish(database, request)
        else:
            told.append(str(answer.status))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 1
    assert len(told) == 7
    assert set(told) <= {"KEY_RUNNING", "201"}


def _begin(database: Database, request: KeyedRequest) -> KeptAnswer | None:
    with database.writing() as connection:
        return idempotency.begin(connection, request)


def _finish(database: Database, request: KeyedRequest) -> None:
    with database.writing() as connection:
        idempotency.finish(connection, request, answer=ANSWER)


def _abandon(database: Database, request: KeyedRequest) -> None:
    with database.writing() as connection:
        idempotency.abandon(connection, request)
