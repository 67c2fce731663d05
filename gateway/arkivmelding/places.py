"""Where elements stand: readable path, line and column.

In come a tree, the bytes that it was parsed from and the elements that are asked for, out come `Place`s. Called when
faults are written; libxml2 keeps no columns, and lines only up to 65 535, so expat reads the bytes once more for those.
"""

from array import array
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree

# What a node of libxml2 can hold; beyond it the line is guessed from the texts around.
_LAST_SURE_LINE = 65_534


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column count from 1 (column 0: not known)."""

    path: str
    line: int
    column: int


def find_places(
    root: etree._Element, xml: bytes, *, elements: Collection[etree._Element]
) -> Mapping[etree._Element, Place]:
    """The places of some elements of a tree; `xml` holds the whole document that `root` is the root of."""
    starts = _read_starts(xml)
    everything = zip(root.iter("*"), starts[::2], starts[1::2], strict=False)
    true_starts = {each: (line, column) for each, line, column in everything if each in elements}
    steps: dict[etree._Element, str] = {}
    return {each: _place(each, true_starts.get(each), steps=steps) for each in elements}


def _place(element: etree._Element, start: tuple[int, int] | None, *, steps: dict[etree._Element, str]) -> Place:
    line = element.sourceline or 0
    true_line, column = start or (line, 0)
    # libxml2 counts a start tag where it ends: the usual way, which is kept. A line that it does not know is 0.
    if not 0 < line <= _LAST_SURE_LINE:
        line = true_line
    return Place(_path(element, steps), line, column if line == true_line else 0)


def _path(element: etree._Element, steps: dict[etree._Element, str]) -> str:
    """The path from the root, names only, with an index where there are several of that name; `steps` is a cache."""
    nodes = [element, *element.iterancestors()]
    for each in nodes:
        if each not in steps:
            parent = each.getparent()
            steps.update(_steps(each) if parent is None else _steps(*parent.iterchildren("*")))
    return "/" + "/".join(steps[each] for each in reversed(nodes))


def _steps(*siblings: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """All children of one parent at once: asking each for its elder brothers would take the square of their number."""
    by_name: dict[str, list[etree._Element]] = {}
    for each in siblings:
        by_name.setdefault(etree.QName(each).localname, []).append(each)
    for name, same in by_name.items():
        for index, each in enumerate(same, start=1):
            yield each, f"{name}[{index}]" if len(same) > 1 else name


def _read_starts(xml: bytes) -> "array[int]":
    """Line and column in turn for every start tag in document order; nothing where expat cannot read the encoding."""
    starts = array("L")
    parser = expat.ParserCreate()

    def note(_name: str, _attributes: dict[str, str]) -> None:
        starts.extend((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

    parser.StartElementHandler = note
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError):
        return array("L")
    return starts
