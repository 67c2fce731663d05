"""What the libraries at this door say of a request, so that it can be told in other languages, too.

In comes a sentence of marshmallow, out comes the phrase that it is; those of werkzeug have nothing filled in. Called by
problems; a sentence that is not known here stays as it is.
"""

import re

from gateway.language import Phrase

# Word for word; a test holds them against the libraries.
FOREIGN_WORDS = (
    # marshmallow: a member
    "Missing data for required field.",
    "Unknown field.",
    "Field may not be null.",
    "Invalid value.",
    "Invalid type.",
    "Invalid input type.",
    "Not a valid string.",
    "Not a valid utf-8 string.",
    "Not a valid integer.",
    "Number too large.",
    "Not a valid boolean.",
    "Not a valid datetime.",
    "Not a valid aware datetime.",
    "Not a valid UUID.",
    "Not a valid list.",
    "Not a valid mapping type.",
    # marshmallow: its value
    "String does not match expected pattern.",
    "Must be one of: {choices}.",
    "Must be greater than or equal to {min} and less than or equal to {max}.",
    "Must be greater than or equal to {min}.",
    "Length must be between {min} and {max}.",
    "Shorter than minimum length {min}.",
    "Longer than maximum length {max}.",
    # werkzeug
    "Bad Request",
    "The browser (or proxy) sent a request that this server could not understand.",
    "Not Found",
    "Method Not Allowed",
    "Request Entity Too Large",
    "The data value transmitted exceeds the capacity limit.",
    "Unsupported Media Type",
    "The server does not support the media type transmitted in the request.",
)

# The longer of two that fit stands first.
_PATTERNS = tuple(
    (pattern, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(pattern)), re.DOTALL))
    for pattern in FOREIGN_WORDS
)


def recognise(text: str) -> str:
    """The phrase that a library's sentence is; any other text as it is."""
    for pattern, form in _PATTERNS:
        if match := form.fullmatch(text):
            return Phrase(pattern, match.groupdict())
    return text
