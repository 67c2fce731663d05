"""The order of children: what is found, and that the mended order is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arkivmelding.content_model import Kind, Slot
from gateway.arkivmelding.order import Misfit, arrange

SLOTS = (
    Slot(Kind.SINGLE, ("a",), required=True, repeats=False),
    Slot(Kind.SINGLE, ("b",), required=False, repeats=True),
    Slot(Kind.CHOICE, ("c", "d"), required=True, repeats=False),
    Slot(Kind.MIXTURE, ("e", "f"), required=False, repeats=True),
    Slot(Kind.CHOICE, ("g", "h"), required=False, repeats=True),
    Slot(Kind.SINGLE, ("i",), required=True, repeats=False),
)


def found(names: str) -> list[tuple[str, int | None]]:
    """The misfits of children whose names are single letters."""
    return [(each.misfit.value, each.index) for each in arrange(names, SLOTS).findings]


@pytest.mark.parametrize("names", ["aci", "abbcefeffhhi", "adggi"])
def test_right_order_has_no_misfits(names: str) -> None:
    """Optional, repeated, chosen and mixed children in their places are fine, and stay where they are."""
    arrangement = arrange(names, SLOTS)
    assert arrangement.findings == ()
    assert arrangement.order == tuple(range(len(names)))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("ci", [("missing", None)]),
        ("", [("missing", None)] * 3),
        ("cai", [("misplaced", 0)]),
        ("abbicb", [("misplaced", 4), ("misplaced", 3)]),
        ("aaci", [("repeated", 1)]),
        ("acdi", [("either-or", 2)]),
        ("acggghi", [("either-or", 5)]),
        ("iac", [("misplaced", 0)]),
        ("axci", []),
    ],
)
def test_misfits(names: str, expected: list[tuple[str, int | None]]) -> None:
    """Each kind of misfit is found at the child that has it, and nothing else is blamed."""
    assert found(names) == expected


def test_neighbours_are_those_that_stand_right() -> None:
    """A misplaced child is told the child before which, and the one after which it belongs."""
    (finding,) = arrange("aciib"[:3] + "b", SLOTS).findings
    assert (finding.misfit, finding.index, finding.after, finding.before) == (Misfit.MISPLACED, 3, 0, 1)


@given(st.text(alphabet="abcdefghix", max_size=12))
def test_mended_order_is_right(names: str) -> None:
    """Whatever stands there, the order that is proposed has no misfits, and what had none is not touched."""
    arrangement = arrange(names, SLOTS)
    mended = [names[each] if isinstance(each, int) else each for each in arrangement.order]
    assert arrange(mended, SLOTS).findings == ()
    if not arrangement.findings:
        assert arrangement.order == tuple(index for index, name in enumerate(names) if name != "x")
