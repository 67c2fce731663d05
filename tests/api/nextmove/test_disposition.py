"""Content-Disposition in the dialects that clients write."""

import pytest

from gateway.api.nextmove.disposition import Disposition, read_disposition
from gateway.errors import Unreadable


@pytest.mark.parametrize(
    ("header", "filename", "title"),
    [
        ('attachment; name="Vedtak"; filename="brev.pdf"', "brev.pdf", "Vedtak"),
        ('attachment; filename="brev.pdf"; name="Vedtak"', "brev.pdf", "Vedtak"),
        ("attachment; name=Vedtak om støtte; filename=mitt brev.pdf", "mitt brev.pdf", "Vedtak om støtte"),
        ("attachment;filename=brev.pdf", "brev.pdf", ""),
        ('attachment; filename="a;b.pdf"', "a;b.pdf", ""),
        ('attachment; name="x"; filename="y.pdf"; filename*=utf-8\'\'%C3%A6%C3%B8%C3%A5.pdf', "æøå.pdf", "x"),
        ("attachment; filename*=UTF-8'nb'%C3%A6.pdf; filename=plain.pdf", "æ.pdf", ""),
        ("attachment; name*=ISO-8859-1''%E6; filename*=iso-8859-1''%F8.pdf", "ø.pdf", "æ"),
        ('form-data; NAME="t"; FILENAME="f.pdf";', "f.pdf", "t"),
        ('attachment; filename="back\\slash.pdf"', "back\\slash.pdf", ""),
        ('attachment; size=12; creation-date="Mon, 3 Mar 2031"; filename=f.pdf', "f.pdf", ""),
        ("attachment; filename=a=b.pdf", "a=b.pdf", ""),
        ("attachment; filename=Ã¦Ã¸Ã¥.pdf", "æøå.pdf", ""),
    ],
)
def test_each_dialect(header: str, filename: str, title: str) -> None:
    """Quoted, unquoted with blanks, extended, in any order and case; the extended form wins."""
    assert read_disposition(header) == Disposition(filename, title)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("; filename=f.pdf", "what the body is"),
        ("attachment", "no file"),
        ('attachment; filename=""', "no file"),
        ("attachment; filename", "'filename' has no value"),
        ("attachment; filename*=utf-16''x.pdf", "does not begin with UTF-8''"),
        ("attachment; filename*=x.pdf", "does not begin with UTF-8''"),
        ("attachment; filename*=utf-8''%zz.pdf", "two hexadecimal digits"),
        ("attachment; filename*=utf-8''%ff.pdf", "no text in that charset"),
    ],
)
def test_what_cannot_be_used_says_why(header: str, reason: str) -> None:
    """Each with its own reason, and how to write it."""
    with pytest.raises(Unreadable, match="Content-Disposition") as refusal:
        read_disposition(header)
    assert reason in refusal.value.message
    assert "filename=" in refusal.value.mend
