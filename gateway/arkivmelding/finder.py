"""Finds the element that an error of libxml2 is about, from its path: `/*/*[5]` or `/ar:arkivmelding/ar:mappe[2]`.

In comes a path, out comes the element. Called by `examination`. An XPath would need the document's prefixes, of which one
may stand for two namespaces, and would count the elder brothers of every element anew.
"""

import re

from lxml import etree

_STEP = re.compile(r"(?:([^:\[]+):)?([^:\[]+)(?:\[(\d+)\])?")


class ElementFinder:
    """The elements of one tree by path; the tree must not change between two look-ups."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.children: dict[tuple[etree._Element, str | None, str], list[etree._Element]] = {}

    def find(self, path: str | None) -> etree._Element:
        """The element; the nearest one above it where a step leads nowhere."""
        element = self.root
        for step in (path or "").split("/")[2:]:
            match = _STEP.fullmatch(step)
            same = self._same(element, match[2], prefix=match[1]) if match else []
            index = int(match[3] or 1) - 1 if match else 0
            if index >= len(same):
                break
            element = same[index]
        return element

    def _same(self, parent: etree._Element, name: str, *, prefix: str | None) -> list[etree._Element]:
        key = (parent, prefix, name)
        if key not in self.children:
            every = parent.iterchildren("*")
            self.children[key] = [
                each for each in every if name == "*" or (each.prefix == prefix and etree.QName(each).localname == name)
            ]
        return self.children[key]
