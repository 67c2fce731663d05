"""Documents: compared in NFC, one of each name, and no twins that differ in case only."""

from dataclasses import replace

import pytest

from gateway.errors import Conflict
from gateway.storage import documents
from gateway.storage.engine import Database

from .making import make_document, new_id, store_conversation


def test_documents_come_back_as_they_were(database: Database) -> None:
    """Size beyond 2 GiB, an unsigned CRC-32, the digest and the rest are read as written, by name; uploads are counted."""
    conversation = store_conversation(database)
    stored = [
        make_document(conversation, name, position=place, title="Vedtak" if place == 1 else None)
        for place, name in enumerate(("b.pdf", "a.pdf"), start=1)
    ]
    with database.writing() as connection:
        assert [documents.put(connection, document) for document in stored] == [None, None]
    with database.reading() as connection:
        assert documents.of_conversation(connection, conversation.id) == (stored[1], stored[0])
        assert documents.of_conversation(connection, new_id()) == ()
        assert documents.find(connection, conversation.id, filename="b.pdf") == stored[0]
        assert documents.find(connection, conversation.id, filename="c.pdf") is None


def test_the_same_name_replaces(database: Database) -> None:
    """A second upload of a name gives the first one back, whose bytes can go, and stands in its place and order."""
    conversation = store_conversation(database)
    first = make_document(conversation, "a.pdf", position=1)
    second = make_document(conversation, "a.pdf", size=5, sha256=bytes(32), mime="text/plain")
    with database.writing() as connection:
        documents.put(connection, first)
        documents.put(connection, make_document(conversation, "b.pdf"))
        assert documents.put(connection, second) == first
        assert documents.of_conversation(connection, conversation.id)[0] == replace(second, position=1)


def test_names_are_compared_in_nfc(database: Database) -> None:
    """`å` as one letter and as `a` with a ring are one name, stored as one letter, replaced and removed by either."""
    conversation = store_conversation(database)
    composed, decomposed = "p\u00e5.pdf", "pa\u030a.pdf"
    assert composed != decomposed
    document = make_document(conversation, decomposed)
    with database.writing() as connection:
        documents.put(connection, document)
        stored = documents.of_conversation(connection, conversation.id)
        assert stored == (replace(document, filename=composed, position=1),)
        assert documents.find(connection, conversation.id, filename=decomposed) == stored[0]
        again = make_document(conversation, composed)
        assert documents.put(connection, again) == stored[0]
        assert documents.remove(connection, conversation.id, filename=decomposed) == again.key


@pytest.mark.parametrize(("first", "twin"), [("Vedtak.pdf", "vedtak.PDF"), ("Straße.pdf", "STRASSE.pdf")])
def test_twins_that_differ_in_case_are_refused(database: Database, first: str, twin: str) -> None:
    """A second name that is the first but for case is refused in this conversation, and allowed in another."""
    conversation, other = store_conversation(database), store_conversation(database)
    with database.writing() as connection:
        documents.put(connection, make_document(conversation, first))
        documents.put(connection, make_document(other, twin))
    with pytest.raises(Conflict, match="apart from case") as caught, database.writing() as connection:
        documents.put(connection, make_document(conversation, twin))
    assert caught.value.code == "NAME_TAKEN"


def test_a_removed_document_names_its_bytes(database: Database) -> None:
    """Removing gives the key of the bytes to delete, and None where there is nothing of that name."""
    conversation = store_conversation(database)
    document = make_document(conversation, "a.pdf")
    with database.writing() as connection:
        documents.put(connection, document)
        assert documents.remove(connection, conversation.id, filename="b.pdf") is None
        assert documents.remove(connection, conversation.id, filename="a.pdf") == document.key
        assert documents.remove(connection, conversation.id, filename="a.pdf") is None


def test_bytes_without_a_row_are_told(database: Database) -> None:
    """Of some keys those are told that no document has."""
    document = make_document(store_conversation(database), "a.pdf")
    with database.writing() as connection:
        documents.put(connection, document)
    with database.reading() as connection:
        assert documents.unreferenced(connection, iter([document.key, "left", "over"])) == {"left", "over"}
        assert documents.unreferenced(connection, []) == frozenset()
