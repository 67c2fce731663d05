"""The sentences for what is wrong among the children of an element, and with its `xsi:type`.

In come the parent, what was found and the content model, out come `Words`. Called by `examination`.
"""

from collections.abc import Sequence

from lxml import etree

from gateway.arkivmelding.content_model import ContentModel, Kind, Slot, local
from gateway.arkivmelding.explain import Form, Words, form_of, name_of, shown
from gateway.arkivmelding.order import Finding, Misfit
from gateway.arkivmelding.reader import XSI_TYPE
from gateway.language import say

# Elements of the other dialects: who is looking for a place for an identifier should be told where it is.
_IDENTIFIERS = frozenset(
    {"organisasjonsnummer", "foedselsnummer", "DNummer", "organisasjonid", "personid", "korrespondansepartID"}
)
_OPEN_CONTENT = "virksomhetsspesifikkeMetadata"


def say_misfit(finding: Finding, parent: etree._Element, *, names: Sequence[str | None], model: ContentModel) -> Words:
    """The words for a child that is missing, misplaced, repeated, or one of two that exclude each other."""
    outer = name_of(parent)
    neighbour = _neighbour(finding, names) or say("in {name}", name=outer)
    if finding.misfit is Misfit.MISSING:
        return _say_missing(finding.slot, parent, where=neighbour, model=model)
    name = str(names[finding.index]) if finding.index is not None else ""
    if finding.misfit is Misfit.MISPLACED:
        return Words(
            say("{name} stands in the wrong place in {outer}", name=name, outer=outer),
            say("Move {name} so that it stands {place}.", name=name, place=neighbour),
        )
    if finding.misfit is Misfit.REPEATED:
        return Words(
            say("{name} stands more than once in {outer}", name=name, outer=outer),
            say("Keep one {name} and remove the others.", name=name),
        )
    return Words(
        say("{outer} may hold {names}, not more than one of these", outer=outer, names=_any_of(finding.slot.names)),
        say("Remove {name}, or the others.", name=name),
    )


def _neighbour(finding: Finding, names: Sequence[str | None]) -> str:
    if finding.before is not None and not _comes_earlier(finding):
        return say("before {name}", name=names[finding.before])
    if finding.after is not None:
        return say("after {name}", name=names[finding.after])
    return say("before {name}", name=names[finding.before]) if finding.before is not None else ""


def _comes_earlier(finding: Finding) -> bool:
    """Whether a misplaced child stands before its place, so that the neighbour to name is the one before it."""
    return finding.index is not None and finding.before is not None and finding.index < finding.before


def _say_missing(slot: Slot, parent: etree._Element, *, where: str, model: ContentModel) -> Words:
    outer = name_of(parent)
    if slot.kind is Kind.CHOICE:
        message = say("{name} is missing in {outer}", name=_any_of(slot.names), outer=outer)
        return Words(message, say("Add one of them {place}.", place=where))
    name = slot.names[0]
    form = form_of(model.complex_types[model.type_of(parent)].children[name], model)
    return Words(
        say("{name} is missing in {outer}", name=name, outer=outer),
        say("Add {name} {place}{how}.", name=name, place=where, how=_how(form) if form else ""),
    )


def _how(form: Form) -> str:
    if form.labels:
        return say(", with one of: {labels}", labels=", ".join(form.labels))
    return say(", written like this: {example}", example=form.example)


def say_unknown(child: etree._Element, parent: etree._Element, *, model: ContentModel) -> Words:
    """The words for a child that its parent may not have."""
    name, outer = name_of(child), name_of(parent)
    if name in _IDENTIFIERS:
        return Words(
            say(
                "{outer} may not hold {name}: this arkivmelding has no place for an identifier on a part",
                outer=outer,
                name=name,
            ),
            "Give the identifier in the request's recipients, or in adressering in virksomhetsspesifikkeMetadata.",
        )
    homes = model.homes_of(name)
    if homes:
        return Words(
            say("{name} may not stand in {outer}", name=name, outer=outer),
            say("Move {name}: it belongs in {homes}.", name=name, homes=_any_of(homes)),
        )
    message = say("{outer} may not hold {name}: there is no such element", outer=outer, name=name)
    here = model.complex_types.get(model.type_of(parent))
    if here and _OPEN_CONTENT in here.children:
        return Words(message, say("Remove {name}, or move it into {open}.", name=name, open=_OPEN_CONTENT))
    return Words(message, say("Remove {name}.", name=name))


def say_misspelt(child: etree._Element, meant: str, *, parent: etree._Element) -> Words:
    """The words for a child whose name is nearly right."""
    name = name_of(child)
    return Words(
        say("{outer} may not hold {name}; {meant} is probably meant", outer=name_of(parent), name=name, meant=meant),
        say("Rename {name} to {meant}.", name=name, meant=meant),
    )


def say_namespace(child: etree._Element, namespace: str) -> Words:
    """The words for a child with a right name in a wrong namespace."""
    name, found = name_of(child), etree.QName(child).namespace
    where = say("in the namespace {namespace}", namespace=found) if found else say("in no namespace")
    return Words(
        say("{name} stands {place}", name=name, place=where),
        say("Let {name} stand in the namespace {namespace}.", name=name, namespace=namespace),
    )


def say_type_needed(children: Sequence[str], parent: etree._Element, *, type_name: str) -> Words:
    """The words for a parent whose children belong to a type that it does not claim to be."""
    outer, kind = name_of(parent), local(type_name)
    some = _all_of(children[:3])
    if len(children) > 3:
        some = say("{names} and others", names=some)
    return Words(
        say(
            "{names} may stand in {outer} only where it is a {kind}, and it does not say so",
            names=some,
            outer=outer,
            kind=kind,
        ),
        say("Write <{name} {attribute}>.", name=outer, attribute=type_attribute(parent, type_name)),
        shown(parent.get(XSI_TYPE, "")) or None,
    )


def say_wrong_type(element: etree._Element, allowed: Sequence[str]) -> Words:
    """The words for an `xsi:type` that names no type, or one that may not stand here."""
    name, value = name_of(element), shown(element.get(XSI_TYPE, ""))
    choices = [type_attribute(element, each) for each in allowed]
    mend = say("Write {choices}, or leave xsi:type out.", choices=_any_of(choices)) if choices else ""
    message = say('"{value}" is no type that {name} may have', value=value, name=name)
    return Words(message, mend or "Leave xsi:type out.", value)


def say_follow_up(child: etree._Element, parent: etree._Element) -> Words:
    """The words for a child that fits once the wrong `xsi:type` of its parent is mended."""
    return Words(
        say(
            "{name} does not fit as long as the xsi:type of {outer} is wrong",
            name=name_of(child),
            outer=name_of(parent),
        ),
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


def _any_of(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *most, last = names
    return say("{most} or {last}", most=", ".join(most), last=last) if most else last


def _all_of(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return say("{most} and {last}", most=", ".join(most), last=last) if most else last
