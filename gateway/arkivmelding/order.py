"""The order of an element's children: what is missing, misplaced or too many, and how they would stand right.

In come the names of the children and the slots of the type, out comes an `Arrangement` with all faults at once, where
libxml2 stops at the first one in each parent. Pure lists of names; called by `examination`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.arkivmelding.content_model import Kind, Slot


class Misfit(StrEnum):
    """What can be wrong with the children of an element, unknown names apart."""

    MISSING = "missing"
    MISPLACED = "misplaced"
    REPEATED = "repeated"
    EITHER_OR = "either-or"


@dataclass(frozen=True, slots=True)
class Finding:
    """One misfit. `index` is the child's; for a missing one None. `before` and `after` are its right neighbours.

    Both are indices of children that stand right, or None at an end. `slot` is where it belongs.
    """

    misfit: Misfit
    slot: Slot
    index: int | None
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The misfits, and how the children would stand right: an index for one that is there, a name for one to add."""

    findings: tuple[Finding, ...]
    order: tuple[int | str, ...]


def arrange(names: Sequence[str | None], slots: Sequence[Slot]) -> Arrangement:
    """Compare children with the slots; a child whose name is None, or that no slot knows, is left out."""
    return _Comparison(names, slots).arrange()


class _Comparison:
    """The children of one element beside the slots of its type."""

    def __init__(self, names: Sequence[str | None], slots: Sequence[Slot]) -> None:
        self.names, self.slots = names, slots
        numbers = {name: number for number, slot in enumerate(slots) for name in slot.names}
        self.places = {index: numbers[name] for index, name in enumerate(names) if name in numbers}
        self.standing = _longest_in_order(self.places)
        self.in_order = sorted(self.standing)
        self.members: dict[int, list[int]] = {}
        for index, number in self.places.items():
            self.members.setdefault(number, []).append(index)

    def arrange(self) -> Arrangement:
        findings: list[Finding] = []
        order: list[int | str] = []
        for number, slot in enumerate(self.slots):
            present = self.members.get(number, [])
            too_many = self._too_many(slot, present)
            findings += (self._finding(misfit, number, index=index) for index, misfit in too_many.items())
            staying = [index for index in present if index not in too_many]
            strays = (index for index in staying if index not in self.standing)
            findings += (self._finding(Misfit.MISPLACED, number, index=index) for index in strays)
            order += staying
            if slot.required and not present:
                findings.append(self._finding(Misfit.MISSING, number, index=None))
                order.append(slot.names[0])
        return Arrangement(tuple(findings), tuple(order))

    def _too_many(self, slot: Slot, present: Sequence[int]) -> dict[int, Misfit]:
        """The children that must go, for the slot takes one name only, or one child only."""
        if slot.kind is Kind.MIXTURE or not present:
            return {}
        first = next((index for index in present if index in self.standing), present[0])
        others = {index: Misfit.EITHER_OR for index in present if self.names[index] != self.names[first]}
        again = () if slot.repeats else (index for index in present if index != first and index not in others)
        return others | dict.fromkeys(again, Misfit.REPEATED)

    def _finding(self, misfit: Misfit, number: int, *, index: int | None) -> Finding:
        # Slots never go backwards along these children, so the neighbours are found by halving.
        position = bisect_right(self.in_order, number, key=self.places.__getitem__)
        after, before = self.in_order[max(position - 1, 0) : position], self.in_order[position : position + 1]
        return Finding(misfit, self.slots[number], index, next(iter(before), None), next(iter(after), None))


def _longest_in_order(places: dict[int, int]) -> frozenset[int]:
    """The largest set of children whose slots never go backwards: these stand right, the others are misplaced."""
    tops: list[int] = []
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for index, place in places.items():
        length = bisect_right(tops, place)
        previous[index] = ends[length - 1] if length else None
        tops[length : length + 1] = [place]
        ends[length : length + 1] = [index]
    return frozenset(_chain(ends[-1] if ends else None, previous))


def _chain(last: int | None, previous: dict[int, int | None]) -> Iterator[int]:
    while last is not None:
        yield last
        last = previous[last]
