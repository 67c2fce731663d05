"""What every test shares: one log of the whole run, one sandbox, one gateway."""

import logging
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import delete

from gateway.cli.logs import LibraryRecords
from gateway.delivery.committing import DELIVER
from gateway.delivery.receipts import RECEIPT_BACK
from gateway.sandbox.server import Sandbox
from gateway.storage.tables import task
from tests.live import Gateway, read_schemas, serving, working
from tests.log_of_the_run import look_through

# How fast a busy machine draws its examples says nothing about us.
hypothesis_settings.register_profile("patient", suppress_health_check=[HealthCheck.too_slow], deadline=None)
hypothesis_settings.load_profile("patient")
# A run in the background of a script ignores Ctrl-C, and so would every program that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no process is left alone with them in the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def run_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file into which everything that is logged in this run goes, at the most talkative level."""
    return tmp_path_factory.mktemp("log") / "run.log"


@pytest.fixture(scope="session")
def _listener(run_log: Path) -> Iterator[Callable[[], None]]:
    """Lets everything that is logged go to the log of the run, by the formatter that the gateway gives its libraries."""
    with run_log.open("a", encoding="utf-8") as sink:
        factory, handler, root = structlog.WriteLoggerFactory(sink), logging.StreamHandler(sink), logging.getLogger()
        handler.setFormatter(LibraryRecords())

        def listen() -> None:
            structlog.configure(
                processors=[
                    structlog.contextvars.merge_contextvars,
                    structlog.processors.add_log_level,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
                wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
                logger_factory=factory,
                cache_logger_on_first_use=False,
            )
            if handler not in root.handlers:
                root.addHandler(handler)
            root.setLevel(logging.DEBUG)

        yield listen
        root.removeHandler(handler)
    # When everything else has been: an error here is one of the run, not of the test that happened to be the last.
    assert not look_through(run_log.parent)


@pytest.fixture(autouse=True)
def _log_everything(_listener: Callable[[], None]) -> None:
    """Before each test, for the commands that the one before has run in this process have set up logs of their own."""
    _listener()


@pytest.fixture(scope="session", autouse=True)
def _speak_english() -> Iterator[None]:
    """The tests compare English, whatever the locale of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "C.UTF-8")
        yield


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The outside world."""
    with Sandbox.start(tmp_path_factory.mktemp("sandbox"), schemas=read_schemas()) as running:
        yield running


@pytest.fixture(scope="session")
def _served(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(sandbox, tmp_path_factory.mktemp("gateway")) as served:
        yield served


@pytest.fixture
def gateway(_served: Gateway) -> Iterator[Gateway]:
    """A gateway without a worker, shared by tests that make conversations of their own.

    No fault outlives a test, and no message either: another test's fault would strike what this one left to be sent.
    """
    yield _served
    requests.delete(f"{_served.sandbox.url}/_sim/faults", timeout=10)
    with _served.assembly.database.writing() as connection:
        connection.execute(delete(task).where(task.c.kind.in_([DELIVER, RECEIPT_BACK])))


@pytest.fixture
def worker(gateway: Gateway) -> Iterator[None]:
    """A worker for that gateway."""
    with working(gateway):
        yield
