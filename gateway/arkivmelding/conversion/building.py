"""Builds an eFormidling arkivmelding, element by element as its schema wants them, out of one in another dialect.

In come the source's root, the content model of the target and what is known, out come the new root and a `Journal`. Each
node of the source is taken, listed as lost, or stands in the way; each node of the target is taken or listed as filled.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from lxml import etree

from gateway.arkivmelding.content_model import ANY_TYPE, ComplexType, ContentModel, Kind, Slot, local
from gateway.arkivmelding.conversion import wording
from gateway.arkivmelding.conversion.filling import Known, fill
from gateway.arkivmelding.conversion.journal import Journal, is_shielded
from gateway.arkivmelding.conversion.names import MAY_BE_LEFT_OUT, names_of
from gateway.arkivmelding.conversion.values import fits, read_value, says_something
from gateway.arkivmelding.facts import ENTRIES
from gateway.arkivmelding.reader import NAMESPACE, XSI, XSI_TYPE, local_name, type_name
from gateway.arkivmelding.secrecy import stands_in_secrecy
from gateway.errors import Fault

ROOT = f"{{{NAMESPACE}}}arkivmelding"


@dataclass(frozen=True, slots=True)
class Place:
    """One child that the target wants: its name, its type, and the element of the target that it goes into."""

    name: str
    type_name: str
    parent: etree._Element
    required: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an element of the target stands: its path, every step with its number, and its own number (from 1)."""

    path: str
    number: int


class Building:
    """One conversion. `codes` are those of the source's dialect."""

    def __init__(self, model: ContentModel, known: Known, *, codes: Mapping[str, Mapping[str, str]]) -> None:
        self.journal = Journal()
        self._model, self._known, self._codes = model, known, codes
        self._spots: dict[etree._Element, Spot] = {}
        self._families: Counter[str] = Counter()

    def build(self, source: etree._Element) -> etree._Element:
        """The new root."""
        # Open content in no namespace would slip into a default one.
        prefix = None if all(etree.QName(each).namespace for each in source.iter("*")) else "am"
        root = etree.Element(ROOT, nsmap={prefix: NAMESPACE, "xsi": XSI})
        self._spots[root] = Spot("", 1)
        _set_line(root, source)
        self._fill_in(source, root, kind=self._model.complex_types[ROOT])
        self.journal.lose_beside(source)
        return root

    def _fill_in(self, source: etree._Element, target: etree._Element, *, kind: ComplexType) -> None:
        """Give the target every child that its type wants, from the children of the source."""
        own = tuple(children_of(source))
        taken: set[etree._Element] = set()
        types = tuple(self._names_up(kind))
        for slot in kind.slots:
            for name in _wanted(slot, own, types=types):
                place = Place(name, kind.children[name], target, slot.required)
                called = _first_used(names_of(name, types), own)
                found = [each for each in own if is_called(each, called)]
                taken.update(found)
                self._put(found if slot.repeats else self._only(found), place, source=source)
        for each in own:
            if each not in taken:
                self.journal.lose(each)
        self.journal.lose_attributes(source)
        self.journal.lose_loose_text(source)
        self.journal.lose_comments(source)

    def _only(self, found: list[etree._Element]) -> list[etree._Element]:
        for extra in found[1:]:
            self.journal.faults.append(wording.twice(extra, self.journal.path_of(extra)))
        return found[:1]

    def _put(self, found: Sequence[etree._Element], place: Place, *, source: etree._Element) -> None:
        kind = self._model.complex_types.get(place.type_name)
        written = 0
        for each in found:
            if place.type_name == ANY_TYPE:
                written += self._copy(each, place)
            elif kind is not None:
                written += self._put_complex(each, place, kind=kind)
            else:
                written += self._put_value(each, place)
        if not written and place.required:
            self._complete(place, source, refused=found[0] if found else None)

    def _copy(self, source: etree._Element, place: Place) -> bool:
        """Open content, as it is, with the prefixes that are known there: a value may name a type by one."""
        prefixes = {prefix: each for prefix, each in source.nsmap.items() if prefix}
        target = etree.SubElement(place.parent, f"{{{NAMESPACE}}}{place.name}", dict(source.attrib), nsmap=prefixes)
        target.text = source.text
        target.extend(deepcopy(each) for each in source)
        _set_line(target, source)
        return True

    def _put_complex(self, source: etree._Element, place: Place, *, kind: ComplexType) -> bool:
        given = type_name(source)
        kind = self._model.complex_types.get(f"{{{NAMESPACE}}}{given}", kind) if given else kind
        if given and local(kind.name) != given:
            self.journal.faults.append(wording.no_such_type(source, self.journal.path_of(source), given=given))
            return True
        mark = self.journal.mark()
        target = self._begin(source, place)
        if given:
            target.set(XSI_TYPE, given)
        self._fill_in(source, target, kind=kind)
        if place.name not in MAY_BE_LEFT_OUT or place.required:
            return True
        shielded = is_shielded(source)
        if len(self.journal.faults) == mark[-1] and not shielded:
            return True
        place.parent.remove(target)
        faults = self.journal.back_to(mark)
        self.journal.leave_out(source, wording.left_out(() if shielded else faults))
        return False

    def _begin(self, source: etree._Element, place: Place) -> etree._Element:
        """The new element, with a note where it is called otherwise or stands elsewhere."""
        target = etree.SubElement(place.parent, f"{{{NAMESPACE}}}{place.name}")
        self._spots[target] = self._next_spot(place)
        _set_line(target, source)
        if source.getparent() is not None and _is_beside_its_folder(source):
            self.journal.move(source, target)
        elif local_name(source) != place.name:
            self.journal.rename(source, place.name)
        return target

    def _next_spot(self, place: Place) -> "Spot":
        """One further in its family: counted as it grows, for looking at all brothers each time takes the square of it."""
        family = f"{self._spots[place.parent].path}/{place.name}"
        self._families[family] += 1
        return Spot(f"{family}[{self._families[family]}]", self._families[family])

    def _put_value(self, source: etree._Element, place: Place) -> bool:
        value = read_value(source, place.type_name, model=self._model, codes=self._codes)
        if value is None or (value.text != value.before and stands_in_secrecy(source)):
            self._refuse_value(source, place)
            return False
        self._begin(source, place).text = value.text
        if value.text != value.before:
            self.journal.rewrite(source, before=value.before, after=value.text)
        for each in value.unused:
            self.journal.lose(each)
        for each in (source, *(inner for inner in source.iterchildren("*") if inner not in value.unused)):
            self.journal.lose_attributes(each)
            self.journal.lose_comments(each)
            if next(each.iterchildren("*"), None) is not None:
                self.journal.lose_loose_text(each)
        return True

    def _refuse_value(self, source: etree._Element, place: Place) -> None:
        """A value that cannot be written: lost where nothing hangs on it, in the way where secrecy does."""
        if stands_in_secrecy(source):
            self.journal.faults.append(wording.secrecy_unclear(source, self.journal.path_of(source)))
        else:
            self.journal.leave_out(source, wording.not_a_value(place.name))

    def _complete(self, place: Place, source: etree._Element, *, refused: etree._Element | None) -> None:
        """Fill in what is missing, or say that it stands in the way. `refused` holds something that is no such value."""
        found = None
        target = etree.SubElement(place.parent, f"{{{NAMESPACE}}}{place.name}")
        if place.type_name not in self._model.complex_types:
            said = refused is not None and says_something(refused)
            spot = self._spots[place.parent]
            path = f"{spot.path}/{place.name}"
            known = replace(self._known, said_otherwise=said, path=path, number=spot.number)
            found = fill(place.name, place.parent, known=known)
        if found is None or not fits(found.value, place.type_name, model=self._model):
            place.parent.remove(target)
            self.journal.faults.append(self._missing(place.name, source, refused=refused))
            return
        target.text = found.value
        _set_line(target, source)
        self.journal.filled.append((target, found))

    def _missing(self, name: str, source: etree._Element, *, refused: etree._Element | None) -> Fault:
        given = self._known.supplied.values.get(name)
        if given is not None:
            return wording.does_not_fit(name, given, source=source, path=self.journal.path_of(source))
        if refused is not None:
            return wording.unusable(name, refused, path=self.journal.path_of(refused))
        return wording.missing(name, source, path=self.journal.path_of(source))

    def _names_up(self, kind: ComplexType) -> Iterator[str]:
        """The local names of a type and of those that it is derived from."""
        yield local(kind.name)
        base = self._model.complex_types.get(kind.base)
        if base is not None:
            yield from self._names_up(base)


def _set_line(target: etree._Element, source: etree._Element) -> None:
    """A fault of the new document is shown where it comes from in the posted one."""
    target.sourceline = source.sourceline  # type: ignore[misc]  # it can be set; the stubs do not know


def children_of(source: etree._Element) -> Iterator[etree._Element]:
    """The children; in Fiks Arkiv an entry stands beside its folder, before or behind it, and belongs into it."""
    root = source.getparent()
    yield from (each for each in source.iterchildren("*") if not _is_beside_its_folder(each))
    if local_name(source) == "mappe" and root is not None and next(root.iterchildren("{*}mappe"), None) is source:
        yield from (each for each in root.iterchildren("*") if _is_beside_its_folder(each))


def is_called(element: etree._Element, name: str) -> bool:
    """Whether the element has this name, in the namespace of the document."""
    root = etree.QName(element.getroottree().getroot()).namespace
    return local_name(element) == name and etree.QName(element).namespace == root


def _is_beside_its_folder(element: etree._Element) -> bool:
    root = element.getparent()
    if root is None or root.getparent() is not None or local_name(element) not in ENTRIES:
        return False
    return etree.QName(root).namespace != NAMESPACE and next(root.iterchildren("{*}mappe"), None) is not None


def _wanted(slot: Slot, own: Sequence[etree._Element], *, types: tuple[str, ...]) -> Sequence[str]:
    """The names of a slot that are to be written: all, or of a choice those that are there, else the first."""
    if slot.kind is not Kind.CHOICE:
        return slot.names
    here = {local_name(each) for each in own}
    present = [name for name in slot.names if here.intersection(names_of(name, types))]
    if slot.repeats:
        return present
    return present[:1] or (slot.names[:1] if slot.required else ())


def _first_used(names: Sequence[str], own: Sequence[etree._Element]) -> str:
    """Of several names for one thing, the first that the source uses."""
    return next((name for name in names if any(is_called(each, name) for each in own)), names[0])
