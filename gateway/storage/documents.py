"""Documents of a conversation: name, size and digests; their bytes lie in the blob store under `key`.

In come the facts of an upload inside the caller's transaction, out come frozen records. Called by delivery; read by the
doors. Whoever changes the documents of a conversation also moves its version (`conversations.touch`).
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict
from gateway.language import say
from gateway.storage import inbox_keeping
from gateway.storage.engine import Connection
from gateway.storage.tables import document


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document. `filename` is in NFC; `size`, `crc32` and `sha256` (32 bytes) are of the plain bytes.

    `position` counts the uploads to its conversation from 1; `put` gives it, and a replaced document's is kept.
    """

    conversation_id: str
    filename: str
    key: str
    size: int
    crc32: int
    sha256: bytes
    mime: str
    created: datetime
    title: str | None = None
    position: int = 0


_FACTS = tuple(document.c[name] for name in StoredDocument.__dataclass_fields__)
_OF_CONVERSATION = (
    select(*_FACTS).where(document.c.conversation_id == bindparam("conversation_id")).order_by(document.c.filename)
)
_THIS = (document.c.conversation_id == bindparam("this"), document.c.filename == bindparam("called"))
_FIND = select(*_FACTS).where(*_THIS)
_LAST = select(func.max(document.c.position)).where(_THIS[0])
_INSERT = insert_into(document)
_REPLACE = update(document).where(*_THIS)
_REMOVE = delete(document).where(*_THIS).returning(document.c.key)


def put(connection: Connection, entry: StoredDocument) -> StoredDocument | None:
    """Remember a document; the one of this name that it replaces, or None. Conflict for a twin but for case."""
    bound = {"this": entry.conversation_id, "called": _in_nfc(entry.filename)}
    previous = connection.execute(_FIND.with_for_update(), bound).one_or_none()
    if previous is None:
        last: int | None = connection.scalar(_LAST, bound)
        _insert(connection, replace(entry, position=(last or 0) + 1))
        return None
    connection.execute(_REPLACE, {**bound, **_row(replace(entry, position=previous.position))})
    return _read(previous)


def find(connection: Connection, conversation_id: str, *, filename: str) -> StoredDocument | None:
    """The document of this name, or None."""
    row = connection.execute(_FIND, {"this": conversation_id, "called": _in_nfc(filename)}).one_or_none()
    return _read(row) if row else None


def of_conversation(connection: Connection, conversation_id: str) -> tuple[StoredDocument, ...]:
    """The documents of a conversation, by name."""
    return tuple(_read(row) for row in connection.execute(_OF_CONVERSATION, {"conversation_id": conversation_id}))


def remove(connection: Connection, conversation_id: str, *, filename: str) -> str | None:
    """Forget a document; the key of its bytes, to be deleted once this is committed, or None where there is none."""
    key: str | None = connection.scalar(_REMOVE, {"this": conversation_id, "called": _in_nfc(filename)})
    return key


def unreferenced(connection: Connection, keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that no document and nothing in the inbox has: what a crash left behind. Ask about some hundred."""
    asked = frozenset(keys)
    known = connection.scalars(select(document.c.key).where(document.c.key.in_(asked)))
    return asked.difference(known, inbox_keeping.keys_in_use(connection, asked))


def _insert(connection: Connection, entry: StoredDocument) -> None:
    try:
        connection.execute(_INSERT, _row(entry))
    except IntegrityError as fault:
        raise Conflict(
            say(
                "another document of this conversation is called like {name}, apart from case",
                name=repr(entry.filename),
            ),
            mend="give it a name of its own; some recipients' systems do not tell the two apart",
            code="NAME_TAKEN",
        ) from fault


def _row(entry: StoredDocument) -> dict[str, object]:
    filename = _in_nfc(entry.filename)
    return {**asdict(entry), "filename": filename, "folded": _in_nfc(filename.casefold())}


def _read(row: Row[Any]) -> StoredDocument:
    return StoredDocument(**row._mapping)


def _in_nfc(filename: str) -> str:
    return unicodedata.normalize("NFC", filename)
