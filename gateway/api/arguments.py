"""How the routes read what they declare with `arguments`: JSON bodies and the query, with the same refusals everywhere.

In comes a request and a schema, out come the loaded values, or `Refused` with a place, a sentence and a mend. Called by
every blueprint of this room in place of flask-smorest's own reader, whose words are those of the libraries.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import flask_smorest
from flask import Request, request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from gateway.api.bodies import read_bytes
from gateway.api.problems import PLACES_NAMED, faults_of
from gateway.errors import Fault, Invalid, Severity, Unreadable, UnsupportedType
from gateway.language import Phrase, say

JSON_LIMIT = 1024 * 1024
_PARAMETER = "PARAMETER"


class _Parser(FlaskParser):
    """webargs with our own reading of JSON and our own refusals; a misspelt parameter is noticed, not passed over."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012 - webargs reads it so

    def load_json(self, req: Request, schema: Schema) -> Any:
        if not req.is_json:
            raise UnsupportedType(not_taken(), code="CONTENT_TYPE", mend="Send it as application/json.")
        return read_json(read_bytes(JSON_LIMIT))

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        messages = error.messages if isinstance(error.messages, Mapping) else {}
        if "query" not in messages:
            raise Invalid("the JSON does not fit", code="BODY", mend=PLACES_NAMED, faults=faults_of(messages, ""))
        raise Invalid(
            "the query of the address does not fit",
            code=_PARAMETER,
            mend=PLACES_NAMED,
            faults=tuple(_parameter_faults(messages["query"], schema)),
        ) from error


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint whose arguments are read by us."""

    ARGUMENTS_PARSER = _Parser()


def read_json(text: bytes | str, *, where: str = "", strict: bool = True) -> Any:
    """The JSON of a body or of the part `where`; `Unreadable` with the position of what is wrong.

    Not `strict`: a text may hold line ends and tabs as they are.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant, strict=strict)
        _refuse_unwritable(document)
    except RecursionError as fault:
        raise Unreadable("the JSON is nested too deeply", code="NOT_JSON", mend="Send it flatter.") from fault
    except ValueError as fault:
        raise Unreadable(_no_json(fault, where), code="NOT_JSON", mend="Check it with any JSON tool.") from fault
    return document


def not_taken() -> str:
    """The sentence for a body of another media type."""
    if not request.mimetype:
        return say("this route does not take a body without Content-Type")
    return say("this route does not take {type}", type=request.mimetype)


def _parameter_faults(messages: Mapping[str, object], schema: Schema) -> list[Fault]:
    there_are = [name for name in schema.fields if name in messages]
    faults = list(
        faults_of({name: messages[name] for name in there_are}, "/query", rule=_PARAMETER) if there_are else ()
    )
    for name in (each for each in messages if each not in schema.fields):
        known = ", ".join(schema.fields)
        sentence = say("There is no parameter {name!r} here; there are: {names}.", name=name, names=known)
        if not known:
            sentence = say("There is no parameter {name!r} here; this address takes none.", name=name)
        mend = say("Leave it out, or check how it is spelt.")
        faults.append(Fault(_PARAMETER, Severity.ERROR, sentence, mend, path=f"/query/{name}"))
    return faults


def _refuse_unwritable(node: object) -> None:
    """Half a surrogate pair or a NUL can be read and never be written again."""
    if isinstance(node, str) and any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in node):
        raise ValueError(say("a text holds a NUL or half a character (a lone surrogate)"))
    inner = [*node.keys(), *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in inner:
        _refuse_unwritable(each)


def _refuse_constant(name: str) -> object:
    raise ValueError(say("{name} is no JSON", name=name))


def _no_json(fault: ValueError, where: str) -> str:
    # The words of the JSON reader itself are its own.
    reason = fault.args[0] if isinstance(fault.args[0], Phrase) else str(fault)
    if where:
        return say("part {part} is not JSON: {reason}", part=where, reason=reason)
    return say("the body is not JSON: {reason}", reason=reason)
