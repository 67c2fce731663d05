"""The sentences for what is wrong among the children of an element, and with its `xsi:type`.

In come the parent, what was found and the content model, out come `Words`. Called by `examination`.
"""

from collections.abc import Sequence

from lxml import etree

from gateway.arkivmelding.content_model import ContentModel, Kind, Slot, local
from gateway.arkivmelding.explain import Words, form_of, name_of, shown
from gateway.arkivmelding.order import Finding, Misfit
from gateway.arkivmelding.reader import XSI_TYPE

# Elements of the other dialects: who is looking for a place for an identifier should be told where it is.
_IDENTIFIERS = frozenset(
    {"organisasjonsnummer", "foedselsnummer", "DNummer", "organisasjonid", "personid", "korrespondansepartID"}
)


def say_misfit(finding: Finding, parent: etree._Element, *, names: Sequence[str | None], model: ContentModel) -> Words:
    """The words for a child that is missing, misplaced, repeated, or one of two that exclude each other."""
    outer, neighbour = name_of(parent), _neighbour(finding, names) or f"in {name_of(parent)}"
    if finding.misfit is Misfit.MISSING:
        return _say_missing(finding.slot, parent, where=neighbour, model=model)
    name = str(names[finding.index]) if finding.index is not None else ""
    if finding.misfit is Misfit.MISPLACED:
        return Words(f"{name} stands in the wrong place in {outer}", f"Move {name} so that it stands {neighbour}.")
    if finding.misfit is Misfit.REPEATED:
        return Words(f"{name} stands more than once in {outer}", f"Keep one {name} and remove the others.")
    names_of_slot = _list(finding.slot.names, "or")
    return Words(f"{outer} may hold {names_of_slot}, not more than one of these", f"Remove {name}, or the others.")


def _neighbour(finding: Finding, names: Sequence[str | None]) -> str:
    if finding.before is not None and not _comes_earlier(finding):
        return f"before {names[finding.before]}"
    if finding.after is not None:
        return f"after {names[finding.after]}"
    return f"before {names[finding.before]}" if finding.before is not None else ""


def _comes_earlier(finding: Finding) -> bool:
    """Whether a misplaced child stands before its place, so that the neighbour to name is the one before it."""
    return finding.index is not None and finding.before is not None and finding.index < finding.before


def _say_missing(slot: Slot, parent: etree._Element, *, where: str, model: ContentModel) -> Words:
    outer = name_of(parent)
    if slot.kind is Kind.CHOICE:
        names = _list(slot.names, "or")
        return Words(f"{names} is missing in {outer}", f"Add one of them {where}.")
    name = slot.names[0]
    form = form_of(model.complex_types[model.type_of(parent)].children[name], model)
    how = f", with one of: {', '.join(form.labels)}" if form and form.labels else ""
    how = how or (f", written like this: {form.example}" if form else "")
    return Words(f"{name} is missing in {outer}", f"Add {name} {where}{how}.")


def say_unknown(child: etree._Element, parent: etree._Element, *, model: ContentModel) -> Words:
    """The words for a child that its parent may not have."""
    name, outer = name_of(child), name_of(parent)
    if name in _IDENTIFIERS:
        return Words(
            f"{outer} may not hold {name}: this arkivmelding has no place for an identifier on a part",
            "Give the identifier in the request's recipients, or in adressering in virksomhetsspesifikkeMetadata.",
        )
    homes = model.homes_of(name)
    if homes:
        return Words(f"{name} may not stand in {outer}", f"Move {name}: it belongs in {_list(homes, 'or')}.")
    open_content = "virksomhetsspesifikkeMetadata"
    here = model.complex_types.get(model.type_of(parent))
    advice = f", or move it into {open_content}" if here and open_content in here.children else ""
    return Words(f"{outer} may not hold {name}: there is no such element", f"Remove {name}{advice}.")


def say_misspelt(child: etree._Element, meant: str, *, parent: etree._Element) -> Words:
    """The words for a child whose name is nearly right."""
    name = name_of(child)
    return Words(f"{name_of(parent)} may not hold {name}; {meant} is probably meant", f"Rename {name} to {meant}.")


def say_namespace(child: etree._Element, namespace: str) -> Words:
    """The words for a child with a right name in a wrong namespace."""
    name, found = name_of(child), etree.QName(child).namespace
    where = f"in the namespace {found}" if found else "in no namespace"
    return Words(f"{name} stands {where}", f"Let {name} stand in the namespace {namespace}.")


def say_type_needed(children: Sequence[str], parent: etree._Element, *, type_name: str) -> Words:
    """The words for a parent whose children belong to a type that it does not claim to be."""
    outer, kind = name_of(parent), local(type_name)
    some = _list(children[:3], "and") + (" and others" if len(children) > 3 else "")
    written = type_attribute(parent, type_name)
    return Words(
        f"{some} may stand in {outer} only where it is a {kind}, and it does not say so",
        f"Write <{outer} {written}>.",
        shown(parent.get(XSI_TYPE, "")) or None,
    )


def say_wrong_type(element: etree._Element, allowed: Sequence[str]) -> Words:
    """The words for an `xsi:type` that names no type, or one that may not stand here."""
    name, value = name_of(element), shown(element.get(XSI_TYPE, ""))
    choices = [type_attribute(element, each) for each in allowed]
    mend = f"Write {_list(choices, 'or')}, or leave xsi:type out." if choices else "Leave xsi:type out."
    return Words(f'"{value}" is no type that {name} may have', mend, value)


def say_follow_up(child: etree._Element, parent: etree._Element) -> Words:
    """The words for a child that fits once the wrong `xsi:type` of its parent is mended."""
    return Words(
        f"{name_of(child)} does not fit as long as the xsi:type of {name_of(parent)} is wrong",
        "Mend the xsi:type; this fault then goes away.",
    )


def type_attribute(element: etree._Element, type_name: str) -> str:
    """`xsi:type="…"` as it must be written at this place, with a prefix where the default namespace is another."""
    return f'xsi:type="{qualified(element, type_name)}"'


def qualified(element: etree._Element, type_name: str) -> str:
    """The name of a type with the prefix that stands for its namespace at this place."""
    namespace = etree.QName(type_name).namespace
    if element.nsmap.get(None) == namespace:
        return local(type_name)
    prefix = next((prefix for prefix, bound in element.nsmap.items() if bound == namespace), None)
    return f"{prefix}:{local(type_name)}" if prefix else local(type_name)


def _list(names: Sequence[str], last: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
