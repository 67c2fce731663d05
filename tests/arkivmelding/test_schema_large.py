"""Large documents: true lines and columns far down, and an answer in time whatever is in them."""

import time

import pytest

from gateway.arkivmelding.reader import Document, read
from tests.arkivmelding.documents_for_schema import SCHEMAS, VALID, damaged

GOOD = "<merknad><merknadstekst/><merknadsdato>2026-11-20T10:00:00</merknadsdato><merknadRegistrertAv/></merknad>"


def stuffed(stuffing: str) -> Document:
    """The valid document with something more before its entry."""
    return read(VALID.replace("    <basisregistrering ", f"{stuffing}    <basisregistrering ", 1).encode())


@pytest.mark.parametrize("lines", [10, 65_540, 140_000])
def test_lines_and_columns_are_true(lines: int) -> None:
    """A fault is on its line even beyond the 65 535 that libxml2 can keep, and the column is that of its start tag.

    The element is empty, for libxml2 guesses from the text inside, or else from what comes next, which is far off here.
    """
    empty = "\n" * lines + "  <journalposttype/>" + "\n" * 50
    document = damaged(("<journalposttype>Utgående dokument</journalposttype>", empty))
    (fault,) = SCHEMAS.check(document).faults
    wanted = document.xml.decode().split("<journalposttype/>")[0]
    assert fault.line == wanted.count("\n") + 1
    assert fault.column == len(wanted.rpartition("\n")[2]) + 1


def test_column_counts_letters() -> None:
    """æ, ø and å before a fault on its line count as one each."""
    document = damaged(("      <journalstatus>Ekspedert", "<!-- æøå --> <journalstatus>E"))
    (fault,) = SCHEMAS.check(document).faults
    assert fault.column == len("<!-- æøå --> ") + 1


def test_other_encodings_have_lines_too() -> None:
    """A document in UTF-16 gets the lines of the same document in UTF-8."""
    document = damaged((">Ekspedert<", ">E<"))
    other = read(document.xml.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"))
    assert SCHEMAS.check(other).faults[0].line == SCHEMAS.check(document).faults[0].line


def test_large_valid_document_is_valid() -> None:
    """Beyond ten thousand elements another way is taken to the same verdict."""
    assert SCHEMAS.check(stuffed(GOOD * 5_000)).valid


def test_large_document_with_padded_dates_is_valid() -> None:
    """That way forgives white space around dates too."""
    assert SCHEMAS.check(stuffed(GOOD.replace(">2026", "> 2026") * 4_000)).valid


def test_large_document_with_one_fault_has_its_place() -> None:
    """One fault among thirty thousand elements is found, with line, path and value."""
    document = read(stuffed(GOOD * 8_000).xml.replace(b">Ekspedert<", b">E<"))
    (fault,) = SCHEMAS.check(document).faults
    assert (fault.value, fault.path) == ("E", "/arkivmelding/mappe/basisregistrering/journalstatus")
    assert fault.line == document.xml.decode().split(">E<")[0].count("\n") + 1


@pytest.mark.parametrize(
    "stuffing",
    [
        "<merknad/>" * 150_000,
        "x<merknad/>" * 9_000,
        "".join(f"<x{number}/>" for number in range(9_000)),
        "<merknad/><noekkelord/>" * 4_900,
        "<mappe><x/>" * 50 + "</mappe>" * 50,
    ],
    ids=["many faults", "many texts", "many unknown", "much disorder", "deep"],
)
def test_hostile_documents_are_answered_in_time(stuffing: str) -> None:
    """Documents made to take the square of their size take seconds of computing, and give a bounded list of faults."""
    document = stuffed(stuffing)
    start = time.process_time()
    verdict = SCHEMAS.check(document)
    assert time.process_time() - start < 20
    assert not verdict.valid
    assert 1 <= len(verdict.faults) <= 1_001


def test_a_list_that_was_cut_says_so() -> None:
    """After a thousand faults the list ends with a sentence that there are more."""
    faults = SCHEMAS.check(stuffed("<merknad/>" * 2_000)).faults
    assert len(faults) == 1_001
    assert faults[-1].message == "There are more faults than these 1000"
