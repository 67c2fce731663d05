"""Content-Disposition in every dialect that clients write: quoted, unquoted with blanks, RFC 5987, in any order.

In comes the header, out come file name and title. Called by the upload route. Reference §2.3.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from gateway.errors import Unreadable
from gateway.language import say

_EXTENDED = re.compile(r"([A-Za-z0-9-]+)'[^']*'(.*)", re.DOTALL)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


@dataclass(frozen=True, slots=True)
class Disposition:
    """What the header says; an empty text is what it does not say."""

    filename: str
    title: str


def read_disposition(header: str) -> Disposition:
    """File name and title; `Unreadable` where the header cannot be read or names no file."""
    kind, *parts = _split(_as_text(header))
    if not kind.strip():
        raise _unreadable(say("it does not say what the body is"))
    found: dict[str, str] = {}
    for part in parts:
        name, mark, value = part.partition("=")
        if not mark:
            raise _unreadable(say("{part!r} has no value", part=part.strip()))
        found[name.strip().lower()] = _unquoted(value.strip())
    disposition = Disposition(_value(found, "filename"), _value(found, "name"))
    if not disposition.filename:
        raise _unreadable(say("it names no file"))
    return disposition


def _as_text(header: str) -> str:
    """Headers come as Latin-1; what is UTF-8 underneath is read so, for that is what clients mean."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _split(header: str) -> list[str]:
    """The parts between semicolons; one inside quotes is kept. An empty part is none."""
    parts, inside = [""], False
    for mark in header:
        inside ^= mark == '"'
        if mark == ";" and not inside:
            parts.append("")
        else:
            parts[-1] += mark
    return [parts[0], *(part for part in parts[1:] if part.strip())]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _value(found: dict[str, str], name: str) -> str:
    """The extended form wins over the plain one, whichever comes first."""
    extended = found.get(f"{name}*")
    return (_decode(extended) if extended is not None else found.get(name, "")).strip()


def _decode(value: str) -> str:
    match = _EXTENDED.fullmatch(value)
    charset = _CHARSETS.get(match[1].lower()) if match else None
    if match is None or charset is None:
        raise _unreadable(say("{value!r} does not begin with UTF-8'' or ISO-8859-1''", value=value))
    if _PERCENT.search(match[2]):
        raise _unreadable(say("{value!r} has a % without two hexadecimal digits", value=value))
    try:
        return unquote_to_bytes(match[2]).decode(charset)
    except UnicodeDecodeError as fault:
        raise _unreadable(say("{value!r} is no text in that charset", value=value)) from fault


def _unreadable(reason: str) -> Unreadable:
    return Unreadable(
        say("the header Content-Disposition cannot be used: {reason}", reason=reason),
        code="CONTENT_DISPOSITION",
        mend=say('Write: attachment; name="title"; filename="brev.pdf"'),
    )
