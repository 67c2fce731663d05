"""JSON as the reference system writes and reads it: two blanks deep, no nulls; UTF-8 or, where it is none, Latin-1.

In come bodies and values, out come values and answers. Called by every file of this folder. Reference §1.2.
"""

import codecs
import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from gateway.api.arguments import JSON_LIMIT, not_taken, read_json
from gateway.api.bodies import read_bytes
from gateway.errors import Invalid, Unreadable, UnsupportedType
from gateway.language import say

JSON = "application/json"
# What HTTP libraries and curl call a body that they were told nothing about.
_TAKEN = frozenset(
    {"", JSON, "text/plain", "text/json", "application/octet-stream", "application/x-www-form-urlencoded"}
)
_CHARSETS = frozenset({"utf-8", "iso8859-1", "cp1252", "ascii", "utf-16", "utf-16-le", "utf-16-be"})
# What two systems have agreed on between themselves stays as it is to the last null.
_AGREED = "avtalt"
_BOM = "\ufeff"


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer; members that are None are left out."""
    return Response(write(body), status, content_type=JSON)


def empty(status: int = 200) -> Response:
    """An answer without a body."""
    response = Response(status=status)
    response.headers.pop("Content-Type", None)
    return response


def write(body: object) -> str:
    """The text of a JSON value."""
    return json.dumps(_without_nulls(body), ensure_ascii=False, indent=2, separators=(",", " : "))


def read_body() -> Any:
    """The JSON of the request's body, whatever it calls itself within reason."""
    kind = request.mimetype
    if kind not in _TAKEN and not kind.endswith("+json"):
        raise UnsupportedType(not_taken(), code="CONTENT_TYPE", mend=say("Send it as application/json."))
    return read_text(read_bytes(JSON_LIMIT), charset=request.mimetype_params.get("charset", ""))


def read_text(content: bytes, *, charset: str = "", where: str = "") -> Any:
    """The JSON in these bytes; `Unreadable` where there is none."""
    if not content.strip():
        raise Unreadable(say("the body is empty"), code="NOT_JSON", mend=say("Send JSON in it."))
    return read_json(decode(content, charset).removeprefix(_BOM), where=where, strict=False)


def decode(content: bytes, charset: str) -> str:
    """The text: in the charset that is named where it is a known one, else UTF-8, else Latin-1, which always fits."""
    for name in (_known(charset), json.detect_encoding(content)):
        try:
            if name:
                return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def read_object() -> Mapping[str, Any]:
    """A body that is a JSON object."""
    body = read_body()
    if not isinstance(body, dict):
        raise Invalid(say("the body is no JSON object"), code="NOT_JSON", mend=say("Send a JSON object."))
    return body


def _known(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name if charset else ""
    except LookupError:
        return ""
    return name if name in _CHARSETS else ""


def _without_nulls(node: object) -> object:
    if isinstance(node, Mapping):
        return {
            name: value if name == _AGREED else _without_nulls(value)
            for name, value in node.items()
            if value is not None
        }
    if isinstance(node, (list, tuple)):
        return [_without_nulls(each) for each in node]
    return node
