"""The answer to a COMMIT is lost: the rows stand though the request failed, and so must the bytes they speak of."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import event

from gateway.storage import documents
from gateway.storage.engine import Database
from tests.api.drafts import draft, form
from tests.documents import Message
from tests.live import Gateway
from tests.secrets import PDF


@contextmanager
def losing_the_answer(database: Database) -> Iterator[None]:
    """The first transaction that writes a document's row is committed, and the client of the database is told it is not."""
    engine, wrote, lost = database._engine, set[int](), list[int]()
    commit = engine.dialect.do_commit

    def note(connection: object, cursor: sqlite3.Cursor, statement: str, *rest: object) -> None:
        if statement.startswith("INSERT INTO document ") and not lost:
            wrote.add(id(cursor.connection))

    def lose(connection: object) -> None:
        commit(connection)  # type: ignore[arg-type]
        if wrote and not lost:
            lost.append(1)
            raise sqlite3.OperationalError("the server closed the connection")

    event.listen(engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.dialect, "do_commit", lose)
            yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert lost, "no document was written"


def read_back(gateway: Gateway, conversation_id: str) -> list[bytes]:
    """The bytes of every document of a conversation, as a worker would read them."""
    with gateway.assembly.database.reading() as connection:
        rows = documents.of_conversation(connection, conversation_id)
    found = []
    for row in rows:
        with gateway.assembly.blobs.open(row.key) as source:
            found.append(source.read())
    return found


def test_an_upload_whose_row_stands_keeps_its_bytes(gateway: Gateway) -> None:
    """503 at first; the row has its bytes then, and still after the client has uploaded again."""
    conversation_id = draft(gateway)["conversationId"]
    with losing_the_answer(gateway.assembly.database):
        assert gateway.upload(conversation_id, "vedtak.pdf", PDF).status_code == 503
    assert read_back(gateway, conversation_id) == [PDF]
    assert gateway.upload(conversation_id, "vedtak.pdf", PDF).status_code == 200
    assert read_back(gateway, conversation_id) == [PDF]


def test_the_same_bytes_again_heal_a_row_without_bytes(gateway: Gateway) -> None:
    """Who uploads again and is answered 200 has handed over a document that is there."""
    conversation_id = draft(gateway)["conversationId"]
    first = gateway.upload(conversation_id, "vedtak.pdf", PDF)
    with gateway.assembly.database.reading() as connection:
        (row,) = documents.of_conversation(connection, conversation_id)
    gateway.assembly.blobs.delete(row.key)
    again = gateway.upload(conversation_id, "vedtak.pdf", PDF)
    assert (again.status_code, again.headers["ETag"]) == (200, first.headers["ETag"])
    assert read_back(gateway, conversation_id) == [PDF]


def test_a_form_whose_rows_stand_keeps_its_bytes(gateway: Gateway) -> None:
    """The same POST again under its Idempotency-Key is answered from what was kept, and the document is there."""
    gateway.session.headers["Idempotency-Key"] = str(uuid4())
    try:
        xml = Message().xml()
        with losing_the_answer(gateway.assembly.database):
            assert form(gateway, xml, dokument=("vedtak.pdf", PDF, "application/pdf")).status_code == 503
        again = form(gateway, xml, dokument=("vedtak.pdf", PDF, "application/pdf"))
    finally:
        del gateway.session.headers["Idempotency-Key"]
    assert again.status_code == 201, again.text
    assert read_back(gateway, again.json()["conversationId"]) == [PDF]
