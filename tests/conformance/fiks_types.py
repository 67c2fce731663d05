"""The types of the Fiks Arkiv schemas, read straight from the files.

In come parsed schemas; out come the type that an element is measured by, and for each named type an element that holds
everything it may hold. Used by the conformance tests.
"""

from collections.abc import Iterator

from lxml import etree

from tests.conformance.mutants import XSI

XSD = "http://www.w3.org/2001/XMLSchema"
OPPRETT = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/arkivmelding/opprett/v1"
CATALOGUE = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/metadatakatalog/v1"

_VALUES = {
    "int": "1",
    "date": "2026-03-02",
    "dateTime": "2026-03-02T10:15:00",
    "boolean": "true",
    "double": "1.5",
    "string": "Verdi",
}
_PATTERNS = {"ID": "5f0c0de0-0000-4000-8000-000000000001", "landkode": "NO"}


class Types:
    """The named types of some schemas. A type is called by its full name, `{namespace}name`."""

    def __init__(self, *schemas: etree._Element) -> None:
        kinds = (f"{{{XSD}}}complexType", f"{{{XSD}}}simpleType")
        self.named = {_full(each): each for schema in schemas for each in schema.iterchildren(*kinds)}

    def complex_types(self) -> set[str]:
        """The names of those that have children or attributes."""
        return {name for name, node in self.named.items() if node.tag == f"{{{XSD}}}complexType"}

    def of(self, element: etree._Element) -> str:
        """The type that an element is measured by: that of its `xsi:type` or of its place; empty where none is."""
        given = _resolve(element, (element.get(f"{{{XSI}}}type") or "").strip())
        return given if given in self.named else self._by_place(element)

    def fill(self, element: etree._Element, name: str, *, branch: int = 0) -> None:
        """Put everything into an element that its type lets stand there; of a choice, that branch or else the last."""
        for child in self._children(name):
            if _is_chosen(child, branch):
                inner = etree.SubElement(element, _full(child))
                self.fill(inner, _resolve(child, child.get("type", "")), branch=branch)
        if not len(element):
            element.text = self._value(name)

    def _by_place(self, element: etree._Element) -> str:
        parent = element.getparent()
        children = () if parent is None else self._children(self.of(parent))
        found = (_resolve(each, each.get("type", "")) for each in children if _full(each) == element.tag)
        root = element.tag if element.tag == f"{{{OPPRETT}}}arkivmelding" else ""
        return next(found, root)

    def _children(self, name: str) -> Iterator[etree._Element]:
        """The declarations of the children, those of the base first."""
        if (node := self.named.get(name)) is None:
            return
        if (base := node.find(f"{{{XSD}}}complexContent/{{{XSD}}}extension")) is not None:
            yield from self._children(_resolve(base, base.get("base", "")))
        yield from node.iter(f"{{{XSD}}}element")

    def _value(self, name: str) -> str:
        """A value of a type of text; no value for a type with children and for anyType."""
        node, local = self.named.get(name), etree.QName(name).localname
        if node is None:
            return _VALUES.get(local, "")
        if node.find(f".//{{{XSD}}}pattern") is not None:
            return _PATTERNS[local]
        if (label := node.find(f".//{{{XSD}}}enumeration")) is not None:
            return label.get("value", "")
        above = node.find(".//*[@base]")
        return "" if above is None else self._value(_resolve(above, above.get("base", "")))


def _is_chosen(child: etree._Element, branch: int) -> bool:
    """Whether a child stands outside a choice, or is that branch of it."""
    outer = child.getparent()
    if outer is None or outer.tag != f"{{{XSD}}}choice":
        return True
    return outer.index(child) == min(branch, len(outer) - 1)


def _full(node: etree._Element) -> str:
    return f"{{{node.getroottree().getroot().get('targetNamespace')}}}{node.get('name')}"


def _resolve(node: etree._Element, name: str) -> str:
    """The full name that a prefixed one stands for where it is written."""
    prefix, _, local = name.rpartition(":")
    return f"{{{node.nsmap.get(prefix or None)}}}{local}" if local else ""
