"""Readable paths of elements: `/arkivmelding/mappe/basisregistrering/korrespondansepart[2]`.

In comes an element, out comes a path without namespaces, with an index only where there are several of that name.
Called by every file of this room that points at a place in the document.
"""

from collections import Counter

from lxml import etree


class Paths:
    """The paths of many elements of one tree. Each family of brothers is counted once, so time grows with the tree."""

    def __init__(self) -> None:
        self._steps: dict[etree._Element, str] = {}

    def of(self, element: etree._Element) -> str:
        """The path from the root, names only, counted from 1 among brothers of the same name."""
        if not isinstance(element.tag, str):
            raise ValueError("a comment or processing instruction has no path")
        steps = [self._step(each) for each in (element, *element.iterancestors())]
        return "/" + "/".join(reversed(steps))

    def _step(self, element: etree._Element) -> str:
        if element not in self._steps:
            parent = element.getparent()
            self._remember([element] if parent is None else list(parent.iterchildren("*")))
        return self._steps[element]

    def _remember(self, brothers: list[etree._Element]) -> None:
        several = Counter(each.tag for each in brothers)
        seen: Counter[str] = Counter()
        for each in brothers:
            tag = str(each.tag)
            seen[tag] += 1
            name = tag.rpartition("}")[2]
            self._steps[each] = name if several[tag] == 1 else f"{name}[{seen[tag]}]"


def path_of(element: etree._Element) -> str:
    """The path of a single element; for many of one tree ask a `Paths`."""
    return Paths().of(element)
