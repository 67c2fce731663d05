"""Clients: found by their key or their name, never allowed everything."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict, SetupFault
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from gateway.storage.engine import Database

from .making import NOW, SENDER, new_id

ARKIV = Client(new_id(), "arkiv", ClientKind.API_KEY, "ab" * 32, (SENDER, "0192:311000025"), NOW, True, "lenient")
SAK = Client(new_id(), "sak", ClientKind.BASIC, "scrypt$salt$hash", (SENDER,), NOW)


def test_a_client_is_found_by_key_and_by_name(database: Database) -> None:
    """Every fact of a client comes back, by the hash of its key and by its name; a password hash is no key."""
    _add(database, ARKIV)
    _add(database, SAK)
    with database.reading() as connection:
        assert clients.find_by_key_hash(connection, ARKIV.secret_hash) == ARKIV
        assert clients.find_by_name(connection, "sak") == SAK
        assert clients.find_by_key_hash(connection, SAK.secret_hash) is None
        assert clients.find_by_key_hash(connection, "cd" * 32) is None
        assert clients.find_by_name(connection, "nobody") is None
        assert clients.list_all(connection) == (ARKIV, SAK)


def test_it_is_known_whether_anybody_can_log_in(database: Database) -> None:
    """An installation has clients from the first that is added until the last is removed."""
    assert not _any(database)
    _add(database, SAK)
    assert _any(database)
    with database.writing() as connection:
        assert clients.remove(connection, "sak")
        assert not clients.remove(connection, "sak")
    assert not _any(database)


def test_a_name_is_given_once(database: Database) -> None:
    """A second client of the same name is refused, and the first one stays as it was."""
    _add(database, ARKIV)
    with pytest.raises(Conflict, match="arkiv"):
        _add(database, replace(SAK, name="arkiv"))
    with database.reading() as connection:
        assert clients.list_all(connection) == (ARKIV,)


def test_what_a_client_may_do_is_changed(database: Database) -> None:
    """Its organisations and wishes, nobody else's, and neither its id nor its secret; nobody is changed who is not there."""
    _add(database, ARKIV)
    _add(database, SAK)
    wanted = replace(SAK, organisations=("0192:311000025",), require_if_match=True, handling="lenient")
    with database.writing() as connection:
        assert clients.change(connection, replace(wanted, secret_hash="another", created=NOW + timedelta(days=1)))
        assert not clients.change(connection, replace(wanted, id=new_id()))
        with pytest.raises(SetupFault):
            clients.change(connection, replace(wanted, organisations=("*",)))
    with database.reading() as connection:
        assert clients.list_all(connection) == (ARKIV, wanted)


def test_a_client_gets_another_secret(database: Database) -> None:
    """The old one finds nobody any more, the new one the same client."""
    _add(database, ARKIV)
    with database.writing() as connection:
        assert clients.renew(connection, ARKIV.id, secret_hash="cd" * 32)
        assert not clients.renew(connection, new_id(), secret_hash="ef" * 32)
    with database.reading() as connection:
        assert clients.find_by_key_hash(connection, ARKIV.secret_hash) is None
        assert clients.find_by_key_hash(connection, "cd" * 32) == replace(ARKIV, secret_hash="cd" * 32)


@pytest.mark.parametrize("facts", [{"organisations": (SENDER, "*")}, {"kind": ClientKind.LOCAL}])
def test_no_stored_client_may_send_for_everybody(sqlite_database: Database, facts: dict[str, object]) -> None:
    """What only the implicit client of a loopback installation may do cannot be stored."""
    with pytest.raises(SetupFault):
        _add(sqlite_database, replace(SAK, **facts))  # type: ignore[arg-type]  # the test names the facts
    assert not _any(sqlite_database)


def _add(database: Database, client: Client) -> None:
    with database.writing() as connection:
        clients.add(connection, client)


def _any(database: Database) -> bool:
    with database.reading() as connection:
        return clients.any_exists(connection)
