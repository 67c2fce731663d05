"""Reads a content model out of the schemas, with xmlschema.

In comes the text of schemas, out comes a `ContentModel`. Called by `schema`, which loads this module only when there is
a fault to explain: xmlschema takes far longer to load than an arkivmelding takes to check.
"""

from collections.abc import Iterator

from xmlschema import XMLSchema10
from xmlschema.validators import XsdComplexType, XsdElement, XsdGroup, XsdSimpleType

from gateway.arkivmelding.content_model import ANY_TYPE, XSD, ComplexType, ContentModel, Kind, SimpleType, Slot, local


def read_model(*schemas: str) -> ContentModel:
    """The model of the first schema; the others are what it imports. Nothing is fetched, if no import names a file."""
    schema = XMLSchema10(list(schemas), use_fallback=False)
    namespace = schema.target_namespace
    types = tuple(schema.maps.types.values())
    complex_types = (each for each in types if isinstance(each, XsdComplexType) and _namespace(each) == namespace)
    simple_types = (each for each in types if isinstance(each, XsdSimpleType))
    return ContentModel(
        namespace=namespace,
        roots={local(str(each.name)): str(each.type.name) for each in schema.elements.values()},
        complex_types={str(each.name): _complex_type(each) for each in complex_types},
        simple_types={str(each.name): _simple_type(each) for each in simple_types},
    )


def _namespace(found: XsdComplexType) -> str:
    return str(found.name).rpartition("}")[0].removeprefix("{")


def _complex_type(found: XsdComplexType) -> ComplexType:
    base = found.base_type.name if found.base_type is not None else None
    group = found.content
    if not isinstance(group, XsdGroup):
        return ComplexType(str(found.name), base or ANY_TYPE, (), {})
    children = {local(str(each.name)): str(each.type.name) for each in _elements(group)}
    return ComplexType(str(found.name), base or ANY_TYPE, tuple(_slots(group)), children)


def _elements(group: XsdGroup) -> Iterator[XsdElement]:
    return (each for each in group.iter_elements() if isinstance(each, XsdElement))


def _slots(group: XsdGroup) -> Iterator[Slot]:
    for particle in group:
        if isinstance(particle, XsdElement):
            name = local(str(particle.name))
            yield Slot(Kind.SINGLE, (name,), particle.min_occurs > 0, particle.max_occurs != 1)
        elif isinstance(particle, XsdGroup):
            plain = particle.model == "sequence" and (particle.min_occurs, particle.max_occurs) == (1, 1)
            yield from _slots(particle) if plain else (_group_slot(particle),)


def _group_slot(group: XsdGroup) -> Slot:
    elements = tuple(_elements(group))
    names = tuple(local(str(each.name)) for each in elements)
    required = group.min_occurs > 0 and all(each.min_occurs > 0 for each in elements)
    one_of = group.model == "choice" and group.max_occurs == 1
    repeats = not one_of or all(each.max_occurs != 1 for each in elements)
    return Slot(Kind.CHOICE if one_of else Kind.MIXTURE, names, required, repeats)


def _simple_type(found: XsdSimpleType) -> SimpleType:
    built_in: object = found
    while isinstance(built_in, XsdSimpleType) and not str(built_in.name).startswith(f"{{{XSD}}}"):
        built_in = built_in.base_type
    labels = tuple(str(label) for label in found.enumeration or ())
    return SimpleType(str(found.name), local(str(getattr(built_in, "name", ""))), labels)
