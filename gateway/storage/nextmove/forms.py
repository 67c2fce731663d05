"""Which messages a form is about to send: what a crash in the middle of one has left is known by it.

In come ids inside the caller's transaction. Called by delivery alone.
"""

from datetime import datetime

from sqlalchemy import delete, insert, select

from gateway.storage.engine import Connection
from gateway.storage.nextmove.tables import form


def begin(connection: Connection, message_id: str, *, at: datetime) -> None:
    """A form has created this message and has not sent it yet."""
    end(connection, message_id)
    connection.execute(insert(form).values(message_id=message_id, begun=at))


def end(connection: Connection, message_id: str) -> None:
    """It has been sent, or taken away again."""
    connection.execute(delete(form).where(form.c.message_id == message_id))


def is_begun(connection: Connection, message_id: str) -> bool:
    """Whether a form has created it and has not sent it."""
    return connection.scalar(select(form.c.message_id).where(form.c.message_id == message_id)) is not None
