"""The databases of the tests of storage, for waiting is the same on both."""

from tests.storage.conftest import (  # noqa: F401
    address,
    database,
    postgresql_server,
    postgresql_template,
    sqlite_template,
)
