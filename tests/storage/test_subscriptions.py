"""Subscriptions come back as they were, each client's own, and waking goes by an index."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import NotFound
from gateway.language import Phrase, say
from gateway.message.status import Direction, Status
from gateway.storage import clients, subscriptions, tasks
from gateway.storage.clients import Client, ClientKind
from gateway.storage.engine import Database
from gateway.storage.subscriptions import WEBHOOK, Subscription, SubscriptionState
from gateway.storage.tasks import NewTask

from .making import NOW, new_id


def make(**facts: object) -> Subscription:
    """A subscription of the client `fagsystem`, as the facts say."""
    entry = Subscription(
        id=new_id(),
        client_id="fagsystem",
        url="https://fagsystem.example/hook",
        secret=b"\x00sealed\xff",
        statuses=(Status.LEVERT, Status.FEIL),
        direction=Direction.OUTGOING,
        state=SubscriptionState.ACTIVE,
        cursor=2**40,
        created=NOW,
    )
    return replace(entry, **facts)  # type: ignore[arg-type]  # the test names the facts


def test_a_subscription_comes_back_as_it_was(database: Database) -> None:
    """Every fact is read as written, the sentence of the last error, too; a change changes what it names."""
    full = make(
        failures=3,
        failing_since=NOW,
        last_success=NOW - timedelta(hours=1),
        last_failure=NOW + timedelta(microseconds=1),
        last_error=say("the endpoint answered {status}", status=500),
        next_try=NOW + timedelta(minutes=1),
    )
    bare = make(statuses=(), direction=None, created=NOW + timedelta(seconds=1), state=SubscriptionState.PAUSED)
    with database.writing() as connection:
        for entry in (bare, full, make(client_id="another")):
            subscriptions.insert(connection, entry)
    with database.reading() as connection:
        assert subscriptions.of_client(connection, "fagsystem") == (full, bare)
        assert subscriptions.count_of(connection, "fagsystem") == 2
        found = subscriptions.get(connection, full.id, client_id="fagsystem")
        assert isinstance(found.last_error, Phrase)
        with pytest.raises(NotFound):
            subscriptions.get(connection, full.id, client_id="another")
    with database.writing() as connection:
        facts = {"statuses": ["SENDT"], "state": "disabled", "last_error": None, "cursor": 7}
        subscriptions.change(connection, full.id, facts=facts)
        changed = replace(full, statuses=(Status.SENDT,), state=SubscriptionState.DISABLED, last_error=None, cursor=7)
        assert subscriptions.hold(connection, full.id) == changed
        assert subscriptions.get(connection, bare.id, client_id=None) == bare
        subscriptions.remove(connection, bare.id)
        assert subscriptions.hold(connection, bare.id) is None


def test_only_who_may_be_woken_is_woken(database: Database) -> None:
    """The client's active and idle ones are due at once; the paused, the failing and other clients' keep their time."""
    later = NOW + timedelta(hours=1)
    entries = {
        "idle": make(),
        "failing": make(),
        "paused": make(state=SubscriptionState.PAUSED),
        "another": make(client_id="another"),
    }
    with database.writing() as connection:
        for entry in entries.values():
            subscriptions.insert(connection, entry)
            tasks.add(connection, NewTask(WEBHOOK, entry.id, later))
        failing = subscriptions.task.c.subject == entries["failing"].id
        connection.execute(subscriptions.task.update().where(failing).values(step="retry"))
        subscriptions.wake(connection, "fagsystem", at=NOW)
    assert _due(database, entries) == {"idle": NOW, "failing": later, "paused": later, "another": later}
    with database.writing() as connection:
        subscriptions.wake(connection, "fagsystem", at=NOW + timedelta(minutes=1))
        subscriptions.restart(connection, entries["failing"].id, at=NOW)
    assert _due(database, entries) == {"idle": NOW, "failing": NOW, "paused": later, "another": later}


def test_what_comes_in_wakes_the_subscriptions_of_its_organisation(database: Database) -> None:
    """Those of every client that has it, as it is now; a client that is changed takes its subscriptions with it."""
    ours, theirs = "0192:311000017", "0192:311000128"
    login = Client("fagsystem", "Fagsystem", ClientKind.API_KEY, "hash", (ours,), NOW)
    entries = {"ours": make(organisations=(ours,)), "theirs": make(client_id="another", organisations=(theirs,))}
    later = NOW + timedelta(hours=1)
    with database.writing() as connection:
        clients.add(connection, login)
        for entry in entries.values():
            subscriptions.insert(connection, entry)
            tasks.add(connection, NewTask(WEBHOOK, entry.id, later))
        subscriptions.wake_for(connection, ours, at=NOW)
    assert _due(database, entries) == {"ours": NOW, "theirs": later}
    with database.writing() as connection:
        assert clients.change(connection, replace(login, organisations=(theirs,)))
        assert subscriptions.get(connection, entries["ours"].id, client_id=None).organisations == (theirs,)
        assert subscriptions.get(connection, entries["theirs"].id, client_id=None).organisations == (theirs,)
        subscriptions.wake_for(connection, theirs, at=NOW)
    assert _due(database, entries) == {"ours": NOW, "theirs": NOW}


def test_waking_goes_by_the_indexes(sqlite_database: Database) -> None:
    """Neither the tasks nor the subscriptions are walked through, for every event does it."""
    with sqlite_database.reading() as connection:
        statement = str(subscriptions._WAKE.compile(connection))
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("1",) * statement.count("?"))
        plan = [row[3] for row in rows]
    assert any("SEARCH task" in step and "kind=? AND subject=?" in step for step in plan), plan
    assert any("SEARCH subscription" in step and "client_id=?" in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


def _due(database: Database, entries: dict[str, Subscription]) -> dict[str, object]:
    """When the task of each is due, by name."""
    with database.reading() as connection:
        due = {row.subject: row.due for row in connection.execute(subscriptions.task.select())}
    return {name: due[entry.id] for name, entry in entries.items()}
