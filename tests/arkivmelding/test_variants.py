"""Variants: which file of each document is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arkivmelding.facts import Dokumentbeskrivelse, Dokumentobjekt
from gateway.arkivmelding.variants import ARKIVFORMAT, PRODUKSJONSFORMAT, SLADDET, Selection, select
from gateway.message.prototype import Weight

A, P, S = ARKIVFORMAT, PRODUKSJONSFORMAT, SLADDET
File = tuple[str, int, str]


def document(*files: File, role: str = "Hoveddokument", number: int | None = 1) -> Dokumentbeskrivelse:
    """A document of these files: name, version, variant."""
    objects = tuple(Dokumentobjekt(version, variant, name, 9, "/o") for name, version, variant in files)
    return Dokumentbeskrivelse("Vedtak", "", role, number, objects, 5, "/d")


def chosen_of(*files: File) -> Selection:
    """What is sent of one document."""
    return select((document(*files),))


@pytest.mark.parametrize(
    ("files", "sent"),
    [
        pytest.param([("a", 1, A)], ["a"], id="one"),
        pytest.param([("p", 1, P), ("a", 1, A)], ["a"], id="archive-format-first"),
        pytest.param([("p", 1, P)], ["p"], id="production-format-alone"),
        pytest.param([("a1", 1, A), ("a2", 2, A)], ["a2"], id="newest"),
        pytest.param([("a2", 2, A), ("a10", 10, A)], ["a10"], id="newest-by-number"),
        pytest.param([("a1", 1, A), ("p2", 2, P)], ["p2"], id="newest-before-archive-format"),
        pytest.param([("old", 20260101000000, A), ("new", 20261120000000, A)], ["new"], id="time-stamps-as-versions"),
        pytest.param([("s", 1, S)], ["s"], id="redacted-alone"),
        pytest.param([("s1", 1, S), ("s2", 2, S)], ["s2"], id="newest-redacted"),
        pytest.param([("a", 1, A), ("b", 1, A)], ["a", "b"], id="two-files-of-one-version-and-variant"),
        pytest.param([("a", 1, A), ("b", 1, A), ("p", 1, P), ("o", 0, A)], ["a", "b"], id="two-among-others"),
        pytest.param([("p", 1, P), ("q", 1, P)], ["p", "q"], id="two-in-production-format"),
        pytest.param([("x", 1, "Ukjent")], ["x"], id="unknown-variant"),
        pytest.param([("\n a.pdf ", 1, A)], ["a.pdf"], id="blanks-around"),
        pytest.param([], [], id="none"),
    ],
)
def test_the_newest_version_in_the_archives_format_is_sent(files: list[File], sent: list[str]) -> None:
    """One variant a document; what belongs to it goes as a whole."""
    selection = chosen_of(*files)
    assert selection.filenames == tuple(sent)
    assert selection.problems == ()


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([("full", 1, A), ("redacted", 1, S)], id="side-by-side"),
        pytest.param([("full", 2, A), ("redacted", 1, S)], id="redacted-is-older"),
        pytest.param([("full", 1, P), ("redacted", 3, S)], id="redacted-is-newer"),
    ],
)
def test_a_redacted_variant_beside_the_full_one_must_be_chosen(files: list[File]) -> None:
    """Nobody but the caller knows which this recipient may see."""
    (problem,) = chosen_of(*files).problems
    assert (problem.code, problem.severity, problem.filename, problem.line) == (
        "REDACTED_AND_FULL",
        Weight.BLOCK,
        "full",
        5,
    )
    for choice in ("full", "redacted"):
        assert select((document(*files),), (choice,)) == Selection((choice,), ())


def test_the_main_document_comes_first() -> None:
    """Then the others by their number, wherever they stand."""
    documents = (
        document(("v3", 1, A), role="Vedlegg", number=3),
        document(("v1", 1, A), role="Vedlegg", number=1),
        document(("h", 1, A), number=2),
        document(("v0", 1, A), role="Vedlegg", number=None),
    )
    assert select(documents).filenames == ("h", "v0", "v1", "v3")
    assert select(documents, ("v3", "h")).filenames == ("h", "v3")


def test_the_callers_selection_settles_it() -> None:
    """Only what it names, in sending order, each once."""
    documents = (document(("a", 1, A), ("p", 1, P)), document(("v", 1, A), role="Vedlegg", number=2))
    assert select(documents, ("v", "p", "p", "ukjent")).filenames == ("p", "v")
    assert select(documents, ()).filenames == ()


def problems_of(documents: tuple[Dokumentbeskrivelse, ...], *choice: str) -> list[tuple[str, Weight, str | None]]:
    """Code, severity and file of what is wrong with a selection."""
    return [(each.code, each.severity, each.filename) for each in select(documents, choice).problems]


def test_a_selection_must_hold_the_main_document() -> None:
    """Any one file of it will do; where the document has none, there is nothing to leave out."""
    letter, enclosure = document(("a", 1, A), ("p", 1, P)), document(("v", 1, A), role="Vedlegg", number=2)
    left_out = [("MAIN_DOCUMENT_LEFT_OUT", Weight.BLOCK, None)]
    assert problems_of((letter, enclosure), "v") == problems_of((enclosure, letter)) == left_out
    assert problems_of((letter, enclosure), "p", "v") == problems_of((letter, enclosure), "a") == []
    assert problems_of((enclosure,), "v") == problems_of((document(), enclosure), "v") == []


def test_a_selection_of_full_and_redacted_together_settles_nothing() -> None:
    """Of one document; the redacted letter beside a full enclosure is a choice like another."""
    letter = document(("full", 1, A), ("draft", 1, P), ("redacted", 1, S))
    enclosure = document(("v", 1, A), ("w", 1, S), role="Vedlegg", number=2)
    both = [("REDACTED_AND_FULL", Weight.BLOCK, "full")]
    assert problems_of((letter, enclosure), "full", "redacted") == both
    assert problems_of((letter, enclosure), "draft", "redacted") == [("REDACTED_AND_FULL", Weight.BLOCK, "draft")]
    assert problems_of((letter, enclosure), "redacted", "v") == []
    assert problems_of((letter, enclosure), "redacted", "v", "w") == [("REDACTED_AND_FULL", Weight.BLOCK, "v")]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 3), st.sampled_from([A, P, S])),
        min_size=1,
        max_size=6,
        unique_by=lambda file: file[0],
    )
)
def test_no_document_is_lost(files: list[File]) -> None:
    """Something of every document is sent; never a redacted file beside the full one; a doubt is a problem."""
    selection = chosen_of(*files)
    variants = {variant for name, _, variant in files if name in selection.filenames}
    assert len(variants) == 1
    both = S in {file[2] for file in files} and {A, P} & {file[2] for file in files}
    assert bool(selection.problems) == bool(both)


def test_the_variants_are_named_as_in_the_catalogue() -> None:
    """The labels of variantformat, letter by letter."""
    assert (A, P, S) == ("Arkivformat", "Produksjonsformat", "Dokument hvor deler av innholdet er skjermet")
