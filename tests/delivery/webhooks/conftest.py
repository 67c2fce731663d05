"""The databases of the tests of storage, an endpoint that notes what it gets, and a gateway's half that posts to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.keys import DocumentSealer, load_or_create_sealing_keys
from gateway.storage.engine import Database
from tests.delivery.webhooks.receiving import Bench, Receiver
from tests.storage.conftest import (  # noqa: F401
    address,
    database,
    postgresql_server,
    postgresql_template,
    sqlite_database,
    sqlite_template,
)


@pytest.fixture(scope="session")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> DocumentSealer:
    """A sealer with a key of this run."""
    folder: Path = tmp_path_factory.mktemp("sealing")
    return DocumentSealer(load_or_create_sealing_keys(folder))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint on loopback."""
    with Receiver.listening() as endpoint:
        yield endpoint


@pytest.fixture
def bench(database: Database, sealer: DocumentSealer) -> Bench:  # noqa: F811
    """Subscribing and telling over one database, on both kinds."""
    return Bench(database, sealer)
