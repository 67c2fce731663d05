"""Frozen records ↔ JSON, exactly: what is read back equals what was written.

In come the choices and confirmations of `message.prototype`; out come values of plain JSON for a column, and back.
Times keep their zone, enumerations become their words, tuples lists, and sentences can still be told in every language.
Called by `conversations` and `messages`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from cattrs import Converter
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from gateway.errors import StorageUnavailable
from gateway.language import keep, recall, say
from gateway.message.prototype import Choice, Confirmation, Problem

JsonObject = dict[str, object]
_Record = TypeVar("_Record")


def write_choice(choice: Choice) -> JsonObject:
    """The choice as a JSON object."""
    return cast("JsonObject", _CONVERTER.unstructure(choice))


def read_choice(stored: Mapping[str, object]) -> Choice:
    """The choice that `write_choice` wrote; members that this version does not know are passed over."""
    return _read(stored, Choice)


def write_confirmations(confirmations: Sequence[Confirmation]) -> list[JsonObject]:
    """The confirmations as a JSON list."""
    return [cast("JsonObject", _CONVERTER.unstructure(entry)) for entry in confirmations]


def read_confirmations(stored: Sequence[Mapping[str, object]]) -> tuple[Confirmation, ...]:
    """The confirmations that `write_confirmations` wrote."""
    return tuple(_read(entry, Confirmation) for entry in stored)


def _read(stored: Mapping[str, object], record: type[_Record]) -> _Record:
    try:
        return _CONVERTER.structure(stored, record)
    except (BaseValidationError, LookupError, TypeError, ValueError) as fault:
        raise StorageUnavailable(
            say("a stored {record} cannot be read: {error}", record=record.__name__, error=type(fault).__name__),
            mend=say(
                "the row was written by another version of the gateway or changed by hand; restore it from a backup"
            ),
        ) from fault


def _write_moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return moment.isoformat()


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_unstructure_hook(datetime, _write_moment)
    converter.register_structure_hook(datetime, lambda stored, _: datetime.fromisoformat(stored))
    # The business message is JSON already.
    converter.register_unstructure_hook_func(lambda kind: kind == JsonObject, lambda stored: stored)
    converter.register_structure_hook_func(lambda kind: kind == JsonObject, lambda stored, _: stored)
    sentence = override(unstruct_hook=keep, struct_hook=lambda stored, _: recall(stored))
    sentences = override(
        unstruct_hook=lambda texts: [keep(each) for each in texts],
        struct_hook=lambda stored, _: tuple(recall(each) for each in stored),
    )
    _keep_phrases(converter, Problem, message=sentence, mend=sentence)
    _keep_phrases(converter, Confirmation, about=sentence)
    _keep_phrases(converter, Choice, why=sentences)
    return converter


def _keep_phrases(converter: Converter, record: type[Any], **members: Any) -> None:
    """Let these members of a record be stored as `language.keep` writes them; older rows hold the English text."""
    converter.register_unstructure_hook(record, make_dict_unstructure_fn(record, converter, **members))
    converter.register_structure_hook(record, make_dict_structure_fn(record, converter, **members))


_CONVERTER = _make_converter()
