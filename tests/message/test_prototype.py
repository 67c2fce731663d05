"""Prototypes: when one is ready."""

import pytest

from gateway.message.prototype import Choice, PartRef, Problem, Prototype, Weight


@pytest.mark.parametrize(
    ("weights", "ready"),
    [
        pytest.param([], True, id="nothing"),
        pytest.param([Weight.INFO], True, id="only-something-to-know"),
        pytest.param([Weight.CONFIRM], False, id="something-to-confirm"),
        pytest.param([Weight.INFO, Weight.BLOCK], False, id="something-to-mend"),
    ],
)
def test_a_prototype_is_ready_when_nothing_stands_in_its_way(weights: list[Weight], ready: bool) -> None:
    """What is for information alone stands in nobody's way; everything else does."""
    choice = Choice("m", "c", PartRef(1, "Mottaker", "Fjordvik tilsyn"))
    problems = tuple(Problem("CODE", weight, "sentence") for weight in weights)
    prototype = Prototype(choice, (), size=None, size_limit=None, redactions=(), problems=problems)
    assert prototype.ready is ready
