"""The column types of the tables: moments, outside words and our own sentences, the same on SQLite and on PostgreSQL.

In come Python values, out come values that both databases keep exactly. Called by `tables` alone.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from gateway.language import Phrase, alter, keep, recall, say

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# How the JSON of a phrase begins: what a plain text that begins like it is told apart by.
_PHRASE = '{"say": '

# Only INTEGER PRIMARY KEY numbers itself on SQLite; PostgreSQL needs the wide one.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exactly; ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The UTC time that `to_microseconds` counted."""
    return _EPOCH + timedelta(microseconds=count)


class Moment(TypeDecorator[datetime]):
    """A point in time as microseconds since 1970 UTC: sorts, compares and comes back exactly on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Python → database."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Database → Python."""
        return None if value is None else from_microseconds(value)


class Words(TypeDecorator[str]):
    """Text that somebody else wrote: what no database can keep (NUL, half a surrogate pair) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Python → database."""
        return None if value is None else storable(value)


class Said(TypeDecorator[str]):
    """A sentence that can be told in another language when it is read: a phrase as its JSON, any other text as it is."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Python → database."""
        if value is None:
            return None
        if isinstance(value, Phrase):
            return _write_phrase(value)
        text = storable(value)
        return _write_phrase(say("{text}", text=text)) if text.startswith(_PHRASE) else text

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Database → Python."""
        return recall(json.loads(value)) if value is not None and value.startswith(_PHRASE) else value


def storable(text: str) -> str:
    """The text with what no database can keep replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _without_surrogates(text)
    return text


def required(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    """A column that is always filled."""
    return Column(name, kind, nullable=False)


def _write_phrase(phrase: Phrase) -> str:
    # Once for what is filled in, where JSON would hide a NUL, and once for the pattern.
    return storable(json.dumps(keep(alter(phrase, storable)), ensure_ascii=False))


def _without_surrogates(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
