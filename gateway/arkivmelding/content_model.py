"""What the schemas let stand where, as frozen records: for explaining faults, never for the verdict.

In comes an element, out comes the type that it is measured by, and what that type lets stand in it. Made by
`model_reader`, read by `examination` and `explain`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from gateway.arkivmelding.reader import XSI_TYPE

XSD = "http://www.w3.org/2001/XMLSchema"
ANY_TYPE = f"{{{XSD}}}anyType"


class Kind(StrEnum):
    """How the names of one slot go together."""

    SINGLE = "single"  # one name
    CHOICE = "choice"  # one of several names
    MIXTURE = "mixture"  # several names in any order, any number of times


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the order of a type's children."""

    kind: Kind
    names: tuple[str, ...]
    required: bool
    repeats: bool


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A type with children: its slots in order (those of its base first), and the type of each child by name."""

    name: str
    base: str
    slots: tuple[Slot, ...]
    children: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type of text: the built-in type under it (`date`, `string`, …) and its labels, where only those are allowed."""

    name: str
    built_in: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContentModel:
    """The types of one target namespace by full name, and the types of its global elements by local name."""

    namespace: str = ""
    roots: Mapping[str, str] = field(default_factory=dict)
    complex_types: Mapping[str, ComplexType] = field(default_factory=dict)
    simple_types: Mapping[str, SimpleType] = field(default_factory=dict)

    def type_of(self, element: etree._Element) -> str:
        """The full name of the type that an element is measured by; empty in open content."""
        declared, given = self.declared_type(element), self.given_type(element)
        return given if given and self.is_kind_of(given, declared) else declared

    def declared_type(self, element: etree._Element) -> str:
        """The type by the element's place alone, `xsi:type` left aside."""
        name, parent = etree.QName(element), element.getparent()
        if name.namespace != self.namespace:
            return ""
        outer = self.complex_types.get(self.type_of(parent)) if parent is not None else None
        return (outer.children if outer else self.roots).get(name.localname, "")

    def given_type(self, element: etree._Element) -> str:
        """The full name that the element's `xsi:type` stands for; empty where it has none or its prefix is unbound."""
        prefix, _, local = (element.get(XSI_TYPE) or "").strip().rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        return f"{{{namespace}}}{local}" if namespace and local else ""

    def is_kind_of(self, name: str, base: str) -> bool:
        """Whether a type is `base` or derived from it. Everything is a kind of anyType and of open content."""
        if name == base or base in ("", ANY_TYPE):
            return name in self.complex_types or name in self.simple_types or name.startswith(f"{{{XSD}}}")
        return name in self.complex_types and self.is_kind_of(self.complex_types[name].base, base)

    def derived_from(self, base: str) -> tuple[ComplexType, ...]:
        """The types below `base`, the nearest first."""
        below = (each for each in self.complex_types.values() if each.name != base and self.is_kind_of(each.name, base))
        return tuple(sorted(below, key=lambda each: len(each.slots)))

    def homes_of(self, child: str) -> tuple[str, ...]:
        """The local names of the types in which an element of that name may stand."""
        return tuple(
            local(each.name)
            for each in self.complex_types.values()
            if child in each.children and child not in self._base_children(each)
        )

    def _base_children(self, inner: ComplexType) -> Mapping[str, str]:
        base = self.complex_types.get(inner.base)
        return base.children if base else {}


def local(name: str) -> str:
    """A full name without its namespace."""
    return name.rpartition("}")[2]
