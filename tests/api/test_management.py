"""`/manage` over HTTP: what a monitor reads without a login, and what it does not learn."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database
from tests.live import Gateway

PARTS = {"db": {"status": "UP"}, "nextMoveQueue": {"status": "UP"}, "ping": {"status": "UP"}}


@pytest.mark.parametrize("path", ["/manage/health", "/manage/health/readiness"])
def test_it_is_up(gateway: Gateway, path: str) -> None:
    """With its parts, and without a count of anything; a wrong login is not even looked at."""
    answer = gateway.call("GET", path, auth=("nobody", "wrong"))
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["components"]) == ("UP", PARTS)
    assert set(body) == {"status", "version", "components"}


def test_a_database_that_is_away(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOWN with 503 where work is asked for, while the process itself is alive."""

    @contextmanager
    def away(self: Database) -> Iterator[None]:
        raise StorageUnavailable("away")
        yield

    monkeypatch.setattr(Database, "reading", away)
    answer = gateway.call("GET", "/manage/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "DOWN")
    assert answer.json()["components"]["db"] == {"status": "DOWN"}
    assert gateway.call("GET", "/manage/health/liveness").json() == {"status": "UP"}


def test_which_program_it_is(gateway: Gateway) -> None:
    """Name and version, nothing of the machine."""
    body = gateway.call("GET", "/manage/info").json()
    assert set(body) == {"build"}
    assert set(body["build"]) == {"name", "version"}
