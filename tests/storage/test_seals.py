"""The keys that documents are sealed with: remembered with the rows, and demanded at every start."""

import threading

import pytest

from gateway.errors import SetupFault
from gateway.storage import seals
from gateway.storage.engine import Database

from .making import NOW

OLD, NEW, OTHER = "0" * 16, "1" * 16, "2" * 16


def agree(database: Database, *at_hand: str) -> None:
    """Start with these keys, newest first."""
    with database.writing() as connection:
        seals.agree(connection, at_hand, place="/etc/keys", now=NOW)


def known(database: Database) -> frozenset[str]:
    """Which keys are remembered."""
    with database.reading() as connection:
        return seals.known(connection)


def test_the_first_key_is_remembered(database: Database) -> None:
    """And the second start with it is no news."""
    agree(database, OLD)
    agree(database, OLD)
    assert known(database) == {OLD}


def test_a_new_key_beside_the_old_one_is_fine(database: Database) -> None:
    """Only the newest seals, so only that one is remembered anew."""
    agree(database, OLD)
    agree(database, NEW, OLD)
    assert known(database) == {OLD, NEW}


@pytest.mark.parametrize("at_hand", [(NEW,), (OTHER, NEW), ()])
def test_a_missing_key_is_named_and_nothing_is_remembered(database: Database, at_hand: tuple[str, ...]) -> None:
    """The fault says which key and where it should be; the wrong key leaves no trace that would stop the right one."""
    agree(database, OLD)
    with pytest.raises(SetupFault, match=rf"{OLD}.*/etc/keys") as caught:
        agree(database, *at_hand)
    assert "forget-key" in caught.value.mend
    assert known(database) == {OLD}


def test_of_two_machines_with_keys_of_their_own_one_gets_through(database: Database) -> None:
    """However close together they start on an empty database."""
    through: list[str] = []
    barrier = threading.Barrier(2)

    def start(key: str) -> None:
        barrier.wait()
        try:
            agree(database, key)
        except SetupFault:
            return
        through.append(key)

    threads = [threading.Thread(target=start, args=(key,)) for key in (OLD, NEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 1
    assert known(database) == set(through)


def test_a_key_that_is_given_up_is_no_longer_demanded(database: Database) -> None:
    """Once; a second time there is nothing to give up."""
    agree(database, OLD)
    with database.writing() as connection:
        assert seals.forget(connection, OLD)
        assert not seals.forget(connection, OLD)
    agree(database, NEW)
    assert known(database) == {NEW}
