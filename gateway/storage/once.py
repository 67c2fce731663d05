"""Rows that may be there already: inserted if not, told apart without an error, the same on both databases.

In come a table and a row, out comes whether it was new. Called by the modules of this room whose callers may repeat
themselves.
"""

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, *, row: Mapping[str, object]) -> bool:
    """Insert the row unless one of its keys is taken; whether it was inserted.

    On PostgreSQL this waits for another transaction that is inserting the same key.
    """
    return connection.execute(_statement(table, connection.dialect.name), row).first() is not None


@cache
def _statement(table: Table, dialect: str) -> Executable:
    # By what is returned, for the count of rows is not to be had where the database draws the number.
    key = next(iter(table.primary_key))
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing().returning(key)
    return postgresql.insert(table).on_conflict_do_nothing().returning(key)
