"""The databases of tests/storage, for what of this room is to hold on both."""

from tests.storage.conftest import (  # noqa: F401
    address,
    database,
    postgresql_server,
    postgresql_template,
    sqlite_database,
    sqlite_template,
)
