"""A backup that is taken while messages go out, restored elsewhere: nothing torn, and nothing sent twice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.commands import gateway as command_line
from gateway.cli.settings_file import write_settings
from gateway.delivery.submission import IntakeSettings
from gateway.sandbox.server import Sandbox
from gateway.storage import conversations, documents, messages
from gateway.storage import restored as restored_messages
from gateway.storage.conversations import ConversationState
from gateway.storage.engine import Database
from tests.documents import Message
from tests.journeys.following import delivery_of, log_of, message_of, send, sim, wait_for, wait_for_status
from tests.live import Gateway, serving, working
from tests.secrets import PDF


def run(*arguments: object) -> Result:
    """`gateway ARGUMENTS` in this process."""
    return CliRunner().invoke(command_line, [str(each) for each in arguments])


@contextmanager
def installation(sandbox: Sandbox, data: Path, **changes: object) -> Iterator[Gateway]:
    """A gateway whose settings lie in its data folder, for the commands to read; no fault outlives it."""
    write_settings(data, sandbox.setup(), poll_seconds=0.3)
    with serving(sandbox, data, **changes) as served:
        try:
            yield served
        finally:
            sim(served, "DELETE", "faults")


def test_a_backup_in_mid_flight_is_whole(sandbox: Sandbox, tmp_path: Path) -> None:
    """Every document of every committed message of the copy opens and has its digest, under the copy's own keys."""
    stop, failures = threading.Event(), []

    def post_on(served: Gateway, number: int) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            try:
                one = Gateway(served.url, served.assembly, served.sandbox)
                send(one, content=PDF + bytes(number) + str(count).encode())
                one.call("DELETE", f"/out/messages/{one.post(Message().xml()).json()['conversationId']}")
            except Exception as error:
                failures.append(error)
                return

    with installation(sandbox, tmp_path / "data") as served, working(served):
        before = len(sim(served, "GET", "deliveries"))  # type: ignore[arg-type]
        threads = [threading.Thread(target=post_on, args=(served, number)) for number in range(3)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(sim(served, "GET", "deliveries")) > before + 5, "the first deliveries")  # type: ignore[arg-type]
        made = [run("backup", tmp_path / f"copy{number}", "--data", tmp_path / "data") for number in range(3)]
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    for number, result in enumerate(made):
        assert result.exit_code == 0, result.output
        assert committed_documents(sandbox, tmp_path / f"copy{number}", tmp_path / f"new{number}") > 0


def committed_documents(sandbox: Sandbox, copy: Path, data: Path) -> int:
    """How many documents of committed conversations a restored copy has; each is read to its end and checked."""
    result = run("restore", copy, "--data", data)
    assert result.exit_code == 0, result.output
    count = 0
    with installation(sandbox, data) as restored:
        assembly = restored.assembly
        listed = restored.call("GET", "/out/messages?limit=500").json()["conversations"]
        for entry in listed:
            with assembly.database.reading() as connection:
                conversation = conversations.find(connection, entry["conversationId"], client_id=None)
                rows = documents.of_conversation(connection, conversation.id)
                held = messages.of_conversation(connection, conversation.id)
                assert all(messages.get(connection, each.id).rendering for each in held if each.choice.documents)
            if conversation.state in (ConversationState.COMMITTED, ConversationState.FINISHED):
                assert {each.filename for each in rows} == {"vedtak.pdf"}
                count += len(rows)
            for row in rows:
                with assembly.blobs.open(row.key) as source:
                    assert len(source.read()) == row.size
    return count


def test_what_went_out_after_the_backup_is_not_sent_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """Queued in the copy, delivered since: the restored gateway holds it, says so, and sends it only when it is let go."""
    with installation(sandbox, tmp_path / "data") as served:
        (message_id,) = send(served)
        assert run("backup", tmp_path / "copy", "--data", tmp_path / "data").exit_code == 0
        with working(served):
            wait_for_status(served, message_id, "LEST")
    result = run("restore", tmp_path / "copy", "--data", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert message_id in result.output
    assert "gateway db release" in result.output
    with installation(sandbox, tmp_path / "new") as restored, working(restored):
        (other,) = send(restored)
        wait_for_status(restored, other, "LEST")  # the worker works, and has passed over the one that is held
        assert log_of(restored, message_id) == ["OPPRETTET", "ANNET"]
        assert "restored from a backup" in message_of(restored, message_id)["statuses"][-1]["description"]
        assert delivery_of(restored, message_id)["copies"] == 1
        assert message_id in run("db", "release", "--data", tmp_path / "new").output
        assert run("db", "release", other, "--data", tmp_path / "new").exit_code == 1
        released = run("db", "release", message_id, "--data", tmp_path / "new")
        assert released.exit_code == 0, released.output
        wait_for_status(restored, message_id, "SENDT")
        wait_for(lambda: delivery_of(restored, message_id)["copies"] == 2, "the copy that the operator asked for")


def test_a_held_message_ends_as_unknown_at_its_deadline(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nobody said anything until the deadline: it may have arrived, so it has not failed."""
    short = IntakeSettings(message_lifetime=timedelta(seconds=3))
    with installation(sandbox, tmp_path / "data", intake=short) as served:
        (message_id,) = send(served)
        assert run("backup", tmp_path / "copy", "--data", tmp_path / "data").exit_code == 0
    assert run("restore", tmp_path / "copy", "--data", tmp_path / "new").exit_code == 0
    with installation(sandbox, tmp_path / "new") as restored, working(restored):
        assert wait_for_status(restored, message_id, "LEVETID_UTLOPT") == ["OPPRETTET", "ANNET", "LEVETID_UTLOPT"]
        assert message_of(restored, message_id)["outcome"] == "unknown"
        assert "not known" in message_of(restored, message_id)["statuses"][-1]["description"]
        assert "no message is held" in run("db", "release", "--data", tmp_path / "new").output


@pytest.mark.parametrize("step", ["upgrade", "hold", "leap"])
def test_a_restore_that_is_cut_off_leaves_nothing_to_start(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The database has its name only when all is held: before that, whoever starts the folder sends nothing again."""
    with installation(sandbox, tmp_path / "data") as served:
        (message_id,) = send(served)
        assert run("backup", tmp_path / "copy", "--data", tmp_path / "data").exit_code == 0

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Database if step == "upgrade" else restored_messages, step, cut)
    assert run("restore", tmp_path / "copy", "--data", tmp_path / "new").exit_code != 0
    assert not (tmp_path / "new" / "gateway.db").exists()
    monkeypatch.undo()
    assert message_id in run("restore", tmp_path / "copy", "--data", tmp_path / "again").output
    assert sorted(each.name for each in (tmp_path / "again").glob("*gateway.db*")) == ["gateway.db"]


def test_what_has_arrived_is_ended_by_its_id(sandbox: Sandbox, tmp_path: Path) -> None:
    """Only by its id, never all at once; then nothing is held, nothing goes out, and whoever asks is told the end."""
    with installation(sandbox, tmp_path / "data") as served:
        (message_id,) = send(served)
        assert run("db", "hold", "--data", tmp_path / "data").exit_code == 0
        for wrong in ((), ("--all",), ("--all", message_id)):
            assert run("db", "release", "--drop", *wrong, "--data", tmp_path / "data").exit_code == 2
        ended = run("db", "release", "--drop", message_id, "--data", tmp_path / "data")
        assert (ended.exit_code, ended.output) == (0, f"{message_id} is ended\n")
        assert run("db", "release", "--drop", message_id, "--data", tmp_path / "data").exit_code == 1
        assert "no message is held" in run("db", "release", "--data", tmp_path / "data").output
        assert log_of(served, message_id) == ["OPPRETTET", "ANNET", "LEVETID_UTLOPT"]
        assert message_of(served, message_id)["outcome"] == "unknown"
        assert delivery_of(served, message_id) is None


def test_a_planned_move_holds_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """With --no-hold, where nothing ran since, what was queued goes out once."""
    with installation(sandbox, tmp_path / "data") as served:
        (message_id,) = send(served)
        assert run("backup", tmp_path / "copy", "--data", tmp_path / "data").exit_code == 0
    assert run("restore", tmp_path / "copy", "--data", tmp_path / "new", "--no-hold").exit_code == 0
    with installation(sandbox, tmp_path / "new") as restored, working(restored):
        assert "ANNET" not in wait_for_status(restored, message_id, "LEST")
        assert delivery_of(restored, message_id)["copies"] == 1


def test_without_its_keys_a_restored_gateway_does_not_start(sandbox: Sandbox, tmp_path: Path) -> None:
    """It names the key and the folder, and makes no new key; with the keys put back it starts."""
    data, new = tmp_path / "data", tmp_path / "new"
    with installation(sandbox, data) as served:
        send(served)
        assert "NOT in it" in run("backup", tmp_path / "copy", "--data", data, "--without-keys").output
    assert str(new / "keys") in run("restore", tmp_path / "copy", "--data", new).output
    write_settings(new, sandbox.setup(), poll_seconds=0.3)
    refused = run("serve", "--no-worker", "--port", "0", "--data", new)
    assert refused.exit_code == 2
    assert str(new / "keys") in refused.output
    assert not list((new / "keys").glob("*.key")) if (new / "keys").exists() else True
    (new / "keys").mkdir(mode=0o700, exist_ok=True)
    for file in (data / "keys").iterdir():
        (new / "keys" / file.name).write_bytes(file.read_bytes())
    with installation(sandbox, new):
        pass


def test_a_key_that_is_lost_for_good_is_given_up(sandbox: Sandbox, tmp_path: Path) -> None:
    """Only by name; then the gateway starts with a new one."""
    data = tmp_path / "data"
    with installation(sandbox, data):
        pass
    for file in (data / "keys").iterdir():
        file.unlink()
    refused = run("serve", "--no-worker", "--port", "0", "--data", data)
    key_id = refused.output.partition("with the key ")[2].partition(",")[0]
    assert len(key_id) == 16
    assert run("db", "forget-key", "0" * 16, "--data", data).exit_code == 1
    assert run("db", "forget-key", key_id, "--data", data).exit_code == 0
    with installation(sandbox, data):
        pass


@pytest.mark.parametrize("variable", ["GATEWAY_STORAGE_DATABASE", "GATEWAY_STORAGE_DOCUMENTS"])
def test_what_has_its_own_backup_is_refused(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """PostgreSQL and S3: nothing is copied, and what to run instead is named."""
    write_settings(tmp_path, sandbox.setup(), poll_seconds=0.3)
    monkeypatch.setenv(variable, {"DATABASE": "postgresql://u@h/d", "DOCUMENTS": "s3://bucket/x"}[variable[16:]])
    result = run("backup", tmp_path / "copy", "--data", tmp_path)
    assert result.exit_code == 2
    assert "pg_dump" in result.output
    assert not (tmp_path / "copy").exists()


def test_a_hold_outlives_a_try_to_hurry(sandbox: Sandbox, tmp_path: Path) -> None:
    """A delivery task that somebody makes due is still held: only the operator's release counts."""
    with installation(sandbox, tmp_path / "data") as served:
        (message_id,) = send(served)
        assert run("db", "hold", "--data", tmp_path / "data").exit_code == 0
        with served.assembly.database.writing() as connection:
            connection.exec_driver_sql("UPDATE task SET due = 0 WHERE kind = 'deliver'")
        with working(served):
            (other,) = send(served)
            wait_for_status(served, other, "LEST")
        assert delivery_of(served, message_id) is None
        assert log_of(served, message_id) == ["OPPRETTET", "ANNET"]
