"""The tables come from the migrations, are those of the code, and are made once however many ask for it."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from gateway.errors import SetupFault
from gateway.storage import arrivals, engine, statuses, subscriptions
from gateway.storage.engine import Database
from gateway.storage.migrations import is_current, migrate
from gateway.storage.nextmove import tables as _  # noqa: F401 - their tables are of the same metadata
from gateway.storage.statuses import FeedFilter
from gateway.storage.tables_in import metadata

from . import crowd


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    """After an upgrade from nothing, Alembic finds no difference between the database and `tables.py`."""
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_both_databases_have_the_constraints_of_the_code(database: Database) -> None:
    """Unique and foreign keys, which Alembic compares only in part, are in the database under the names of the code."""
    with database.reading() as connection:
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            unique = {entry["name"] for entry in inspector.get_unique_constraints(table.name)}
            foreign = {entry["name"] for entry in inspector.get_foreign_keys(table.name)}
            expected = {
                constraint.name for constraint in table.constraints if type(constraint).__name__ != "CheckConstraint"
            }
            assert (
                unique | foreign | {inspector.get_pk_constraint(table.name)["name"] or f"pk_{table.name}"} == expected
            )


def test_numbers_are_never_given_twice(sqlite_database: Database) -> None:
    """Tasks and statuses do not reuse the number of a row that was deleted, not even of the last one."""
    insert = text(
        "INSERT INTO task (kind, subject, due, attempts, fence, step, lane) VALUES ('k', 's', 0, 0, 0, '', '')"
        " RETURNING id"
    )
    with sqlite_database.writing() as connection:
        first = connection.scalar(insert)
        connection.execute(text("DELETE FROM task"))
        assert connection.scalar(insert) > first
        schema = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'status'"))
        assert "AUTOINCREMENT" in schema


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    """Upgrading what is current already is no error."""
    database.upgrade()
    with database.reading() as connection:
        assert is_current(connection)


def test_events_from_before_the_outcome_was_kept_stay(empty_address: str) -> None:
    """A log of the first version is brought on as it is: the event is there, it has no outcome, and the feed tells it."""
    database = Database(empty_address)
    with database.writing() as connection:
        migrate(connection, to="0001")
        connection.execute(
            text(
                "INSERT INTO status (client_id, message_id, conversation_id, direction, status, description, evidence, at)"
                " VALUES ('c', 'm', 'v', 'OUTGOING', 'OPPRETTET', '', '', 0)"
            )
        )
    database.upgrade()
    with database.reading() as connection:
        page = statuses.feed(connection, client_id="c", after=0, filters=FeedFilter())
    assert [(event.message_id, event.outcome) for event in page.events] == [("m", None)]
    database.close()


def test_what_was_left_for_want_of_an_inbox_is_fetched_now(empty_address: str) -> None:
    """What nobody could read stays where it is; a subscription hears of what comes in for its client's organisations."""
    database = Database(empty_address)
    with database.writing() as connection:
        migrate(connection, to="0005")
        connection.execute(
            text(
                "INSERT INTO arrival (organisation, reference, kind, first_seen)"
                " VALUES ('o', 'letter', 'arkivmelding', 0), ('o', 'rubbish', 'unreadable', 0)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO client (id, name, kind, secret_hash, organisations, require_if_match, handling, created)"
                " VALUES ('c', 'n', 'api-key', 'h', '[\"0192:311000017\"]', :no, 'strict', 0)"
            ),
            {"no": False},
        )
        for subscription_id, client_id in (("s", "c"), ("t", "local")):
            connection.execute(
                text(
                    "INSERT INTO subscription (id, client_id, url, secret, statuses, state, cursor, created, failures)"
                    " VALUES (:id, :client, 'u', :secret, '[]', 'active', 0, 0, 0)"
                ),
                {"id": subscription_id, "client": client_id, "secret": b"x"},
            )
    database.upgrade()
    with database.reading() as connection:
        assert [arrivals.is_seen(connection, "o", reference=each) for each in ("letter", "rubbish")] == [False, True]
        named = {each: subscriptions.get(connection, each, client_id=None).organisations for each in ("s", "t")}
    assert named == {"s": ("0192:311000017",), "t": ()}
    database.close()


def test_three_processes_upgrade_one_empty_database(empty_address: str) -> None:
    """Of three processes that start at once one migrates and the others wait; all go on with the same tables."""
    assert crowd.in_processes(crowd.upgrade, *[(empty_address,)] * 3) == ["upgraded"] * 3
    database = Database(empty_address)
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    database.close()


def test_a_long_migration_is_waited_for(empty_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait longer for one that migrates than writers wait for each other."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 1)
    first, second = Database(empty_address), Database(empty_address)
    holds, upgraded = threading.Event(), threading.Event()

    def migrate_slowly() -> None:
        with first.writing() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": engine._MIGRATION_LOCK})
            holds.set()
            upgraded.wait(2.5)

    migrating = threading.Thread(target=migrate_slowly)
    migrating.start()
    holds.wait()
    second.upgrade()
    upgraded.set()
    migrating.join()
    with second.writing() as connection:
        assert is_current(connection)
        if connection.dialect.name != "sqlite":
            assert connection.scalar(text("SHOW lock_timeout")) == "1s"
    first.close()
    second.close()


def test_what_stands_on_the_schedule_gets_its_lane(empty_address: str) -> None:
    """A poll and a sweep that version 0001 put there are claimed by the next version in the lanes that they belong to."""
    database = Database(empty_address)
    with database.writing() as connection:
        migrate(connection, to="0001")
        connection.execute(
            text(
                "INSERT INTO task (kind, subject, due, attempts, fence, step)"
                " VALUES ('poll', '0192:311000012', 0, 3, 1, ''), ('sweep', '', 0, 1, 1, '')"
            )
        )
    database.upgrade()
    with database.reading() as connection:
        rows = connection.execute(text("SELECT kind, lane, attempts FROM task ORDER BY kind")).all()
    assert [tuple(row) for row in rows] == [("poll", "poll", 3), ("sweep", "", 1)]
    database.close()


def test_a_failed_migration_leaves_nothing(empty_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that is cut off half way leaves no table behind, and the next start makes them all."""
    database = Database(empty_address)
    monkeypatch.setattr("alembic.operations.Operations.create_index", _fail)
    with pytest.raises(RuntimeError, match="cut off"):
        database.upgrade()
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    monkeypatch.undo()
    database.upgrade()
    database.close()


def test_a_database_of_a_newer_gateway_is_a_setup_fault(database: Database) -> None:
    """Tables that a newer version made are not touched, and the fault says what to do."""
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupFault, match="9999") as caught:
        database.upgrade()
    assert "newer" in caught.value.mend


def _fail(*arguments: object, **options: object) -> None:
    raise RuntimeError("cut off")
