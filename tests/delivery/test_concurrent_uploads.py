"""Two callers change the documents of one draft at once: If-Match holds, and the same bytes are the same."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from gateway.delivery.uploads import Kept, Uploads
from gateway.errors import GatewayError, Stale
from gateway.storage import documents
from gateway.storage.documents import StoredDocument
from gateway.storage.engine import Connection, Database
from tests.storage.making import make_document, store_conversation

_LONG_ENOUGH_TO_READ = 0.3


def both_at_once(
    uploads: Uploads, entries: tuple[StoredDocument, StoredDocument], *, if_match: int | None, replaces: bool = False
) -> list[Kept | type[GatewayError]]:
    """What becomes of each: the second begins when the first has read all it decides by, and has written nothing."""
    read, put = threading.Event(), documents.put

    def put_late(connection: Connection, entry: StoredDocument) -> StoredDocument | None:
        if not read.is_set():
            read.set()
            time.sleep(_LONG_ENOUGH_TO_READ)
        return put(connection, entry)

    def keep(entry: StoredDocument) -> Kept | type[GatewayError]:
        try:
            return uploads._remember(entry, replaces=replaces, if_match=if_match)[0]
        except GatewayError as error:
            return type(error)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(documents, "put", put_late)
        first: Future[Kept | type[GatewayError]] = pool.submit(keep, entries[0])
        assert read.wait(10)
        second = pool.submit(keep, entries[1])
        return [first.result(30), second.result(30)]


def uploads_of(database: Database) -> Uploads:
    """Uploading with nothing but its database."""
    return Uploads(SimpleNamespace(database=database))  # type: ignore[arg-type]  # no more is asked of it here


def test_only_one_of_two_that_replace_the_same_version(database: Database) -> None:
    """The other is told that somebody changed it meanwhile."""
    uploads, draft = uploads_of(database), store_conversation(database)
    standing = make_document(draft, "vedtak.pdf", key="0" * 32, sha256=bytes(32))
    version = uploads._remember(standing, replaces=False, if_match=None)[1]
    entries = (
        make_document(draft, "vedtak.pdf", key="1" * 32, sha256=b"1" * 32),
        make_document(draft, "vedtak.pdf", key="2" * 32, sha256=b"2" * 32),
    )
    assert both_at_once(uploads, entries, if_match=version, replaces=True) == [Kept.REPLACED, Stale]
    with database.reading() as connection:
        (row,) = documents.of_conversation(connection, draft.id)
    assert row.sha256 == b"1" * 32


def test_the_same_bytes_at_once_are_the_same(database: Database) -> None:
    """Of two first uploads of one document the second changes nothing and is no error."""
    uploads, draft = uploads_of(database), store_conversation(database)
    entries = (
        make_document(draft, "vedtak.pdf", key="1" * 32, sha256=b"1" * 32),
        make_document(draft, "vedtak.pdf", key="2" * 32, sha256=b"1" * 32),
    )
    assert both_at_once(uploads, entries, if_match=None) == [Kept.CREATED, Kept.SAME]
