"""From the first version of the tables to the one with verdicts: what was stored is kept, and cursors go on."""

from alembic import command
from sqlalchemy import text

from gateway.message.status import Status
from gateway.storage import messages, migrations, statuses
from gateway.storage.engine import Database

from .making import NOW, make_event

_CONVERSATION = (
    "INSERT INTO conversation (id, client_id, state, sender, shielding, options, confirmations, version, created, expires)"
    " VALUES ('c', 'fagsystem', 'committed', '0192:311000017', 'open', '{}', '[]', 1, 0, 0)"
)
_MESSAGE = (
    "INSERT INTO message (id, conversation_id, client_id, position, sbd_conversation_id, state, sender, outcome, choice)"
    " VALUES ('m', 'c', 'fagsystem', 0, 's', 'queued', '0192:311000017', 'pending', :choice)"
)
_STATUS = (
    "INSERT INTO status (client_id, message_id, conversation_id, direction, status, description, evidence, at)"
    " VALUES ('fagsystem', 'm', 'c', 'OUTGOING', :status, '', '', 0) RETURNING cursor"
)
_CHOICE = '{"message_id": "m", "conversation_id": "s", "part": {"index": 1, "type": "Mottaker", "name": "x"}}'


def first_version(database: Database) -> None:
    """The tables as the first version made them."""
    with database.writing() as connection:
        settings = migrations._settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")


def test_a_stored_log_goes_on(empty_address: str) -> None:
    """Old events are of round 1; a reader who holds the highest cursor misses nothing, though its row is gone."""
    database = Database(empty_address)
    first_version(database)
    with database.writing() as connection:
        connection.execute(text(_CONVERSATION))
        connection.execute(text(_MESSAGE), {"choice": _CHOICE})
        connection.execute(text(_STATUS), {"status": "OPPRETTET"})
        last = connection.scalar(text(_STATUS), {"status": "SENDT"})
        connection.execute(text("DELETE FROM status WHERE status = 'SENDT'"))
    database.upgrade()
    with database.reading() as connection:
        message = messages.get(connection, "m")
        (event,) = statuses.of_message(connection, "m")
    assert (message.round, message.not_before) == (1, None)
    assert (event.status, event.round, event.must_act, event.answer) == (Status.OPPRETTET, 1, None, None)
    with database.writing() as connection:
        assert statuses.append(connection, make_event(message, Status.OPPRETTET, at=NOW)) is None
        cursor = statuses.append(connection, make_event(message, Status.SENDT, at=NOW))
    assert cursor is not None
    assert cursor > last
    database.close()
