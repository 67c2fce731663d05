"""What the README says about a backup of PostgreSQL and a bucket, done: dumped, copied, restored, held, let go."""

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from gateway.cli.commands import gateway as command_line
from gateway.cli.settings_file import write_settings
from gateway.config import DocumentSettings
from gateway.sandbox.server import Sandbox
from tests.buckets import Buckets, objects, overwrite, serving_buckets
from tests.journeys.following import delivery_of, log_of, send, wait_for_status
from tests.live import serving, working
from tests.postgresql import program
from tests.storage.conftest import _create, postgresql_server

__all__ = ["postgresql_server"]


def make_database(server: str) -> str:
    """A new database without tables; its URL."""
    name = f"gateway_{uuid4().hex}"
    _create(server, f"CREATE DATABASE {name}")
    return server.format(name=name)


def plain(address: str) -> str:
    """The URL as PostgreSQL's own programs take it."""
    return address.replace("postgresql+psycopg://", "postgresql://")


def run_program(name: str, *arguments: object) -> None:
    """Run one of PostgreSQL's programs."""
    command = [program(name), *(str(each) for each in arguments)]
    subprocess.run(command, check=True, timeout=60)


def copy_bucket(buckets: Buckets, source: DocumentSettings) -> DocumentSettings:
    """Every object under the same name in another bucket, as `aws s3 sync` does it."""
    assert source.place is not None
    assert not isinstance(source.place, Path)
    copy = buckets.make(source.place.prefix)
    for name, content in objects(source.place).items():
        overwrite(copy, name, content)
    return DocumentSettings(copy, source.sealing_keys)


@pytest.mark.slow
def test_a_dump_and_a_copy_are_a_backup(
    sandbox: Sandbox, tmp_path: Path, postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restored gateway reads every document, holds what was queued, and sends it when it is let go."""
    with serving_buckets() as buckets:
        documents = DocumentSettings(buckets.make(), tmp_path / "keys")
        old = make_database(postgresql_server)
        with serving(sandbox, tmp_path / "old", database=old, documents=documents) as served:
            with working(served):
                (sent,) = send(served)
                wait_for_status(served, sent, "LEST")
            (queued,) = send(served)
            run_program("pg_dump", "--format=custom", f"--file={tmp_path / 'gateway.dump'}", f"--dbname={plain(old)}")
            copy = copy_bucket(buckets, documents)
        new = make_database(postgresql_server)
        run_program("pg_restore", "--no-owner", f"--dbname={plain(new)}", tmp_path / "gateway.dump")
        write_settings(tmp_path / "new", sandbox.setup(), poll_seconds=0.3)
        monkeypatch.setenv("GATEWAY_STORAGE_DATABASE", plain(new))
        held = CliRunner().invoke(command_line, ["db", "hold", "--data", str(tmp_path / "new")])
        assert held.exit_code == 0, held.output
        assert queued in held.output
        assert sent not in held.output
        with serving(sandbox, tmp_path / "new", database=new, documents=copy) as restored, working(restored):
            (other,) = send(restored)
            wait_for_status(restored, other, "LEST")
            assert log_of(restored, queued) == ["OPPRETTET", "ANNET"]
            assert delivery_of(restored, queued) is None
            CliRunner().invoke(command_line, ["db", "release", "--all", "--data", str(tmp_path / "new")])
            wait_for_status(restored, queued, "LEST")
            assert delivery_of(restored, queued)["copies"] == 1
