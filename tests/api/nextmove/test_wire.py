"""JSON in and out as the reference writes and reads it."""

import pytest

from gateway.api.nextmove.wire import decode, read_text, write
from gateway.errors import Unreadable


def test_nulls_are_left_out_and_two_blanks_put_in() -> None:
    """At every depth; what is empty or false stays."""
    body = {"a": None, "b": [{"c": None, "d": "æ"}], "e": [], "f": False, "g": ""}
    assert write(body) == (
        '{\n  "b" : [\n    {\n      "d" : "æ"\n    }\n  ],\n  "e" : [],\n  "f" : false,\n  "g" : ""\n}'
    )


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ('{"a": "Blåbær"}'.encode(), ""),
        ('{"a": "Blåbær"}'.encode(), "utf-8"),
        (b'\xef\xbb\xbf{"a": "Bl\xc3\xa5b\xc3\xa6r"}', ""),
        ('{"a": "Blåbær"}'.encode("latin-1"), ""),
        ('{"a": "Blåbær"}'.encode("latin-1"), "ISO-8859-1"),
        ('{"a": "Blåbær"}'.encode("latin-1"), "UTF-8"),
        ('{"a": "Blåbær"}'.encode("utf-16"), ""),
        ('{"a": "Blåbær"}'.encode(), "no-such-charset"),
        ('{"a": "Blåbær"}'.encode(), "rot13"),
    ],
)
def test_norwegian_letters_survive(content: bytes, charset: str) -> None:
    """In UTF-8, Latin-1 and UTF-16, whether the charset is named, named wrongly, or not at all."""
    assert read_text(content, charset=charset) == {"a": "Blåbær"}


def test_a_named_charset_counts_first() -> None:
    """Bytes that would be valid UTF-8 are Latin-1 where the client says so."""
    assert decode("ø".encode(), "ISO-8859-1") == "Ã¸"


def test_line_ends_in_a_text_are_taken() -> None:
    """Raw control characters, as the reference's reader takes them."""
    assert read_text(b'{"a": "one\n\ttwo"}') == {"a": "one\n\ttwo"}


@pytest.mark.parametrize("content", [b"", b"  ", b"{", b'{"a": NaN}', b"[" * 100_000, b'{"a": "\\u0000"}'])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    """With a mend."""
    with pytest.raises(Unreadable) as refusal:
        read_text(content)
    assert refusal.value.mend
