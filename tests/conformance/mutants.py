"""Seeded mutants of XML documents: small, repeatable damage, of the kinds that real senders do and of others.

In come the bytes of seed documents and a seed number; out come `Mutant` records, all different, the same ones every
time. Used by the conformance tests, which ask two schemas what they think of each.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from lxml import etree

from tests.conformance.odd_values import ANY_CONTENT, DATES, GUIDS, INTEGERS, LABELS, NAMES, NAMESPACES, TEXTS, TYPES

XSI = "http://www.w3.org/2001/XMLSchema-instance"

Edit = Callable[[Random, etree._Element], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damaged document: which seed it was made from, what was done to it, and its bytes."""

    seed: int
    edits: tuple[str, ...]
    xml: bytes


def grow(seeds: Sequence[bytes], count: int, *, number: int) -> Iterator[Mutant]:
    """`count` different mutants of the seeds, one or two edits each, repeatable by `number`."""
    random = Random(number)
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    trees = [etree.fromstring(seed, parser) for seed in seeds]
    seen = set(seeds)
    while count:
        index = random.randrange(len(trees))
        mutant = _mutate(random, trees[index], index)
        if mutant.xml not in seen:
            seen.add(mutant.xml)
            count -= 1
            yield mutant


def _mutate(random: Random, tree: etree._Element, index: int) -> Mutant:
    root = deepcopy(tree)
    edits = random.choices(EDITS, k=random.choice((1, 1, 2)))
    for edit in edits:
        edit(random, root)
    return Mutant(index, tuple(edit.__name__ for edit in edits), etree.tostring(root, encoding="utf-8"))


def _elements(root: etree._Element) -> list[etree._Element]:
    return list(root.iter("*"))


def _inner(random: Random, root: etree._Element) -> etree._Element:
    """Any element but the root."""
    return random.choice(_elements(root)[1:] or [root])


def _leaf(random: Random, root: etree._Element, marks: str = "") -> etree._Element:
    """Any element without children; with `marks`, preferably one whose text holds one of these characters."""
    leaves = [element for element in _elements(root) if not len(element)]
    marked = [element for element in leaves if any(mark in (element.text or "") for mark in marks)]
    return random.choice(marked or leaves or [root])


def delete(random: Random, root: etree._Element) -> None:
    """Take an element away."""
    element = _inner(random, root)
    if (parent := element.getparent()) is not None:
        parent.remove(element)


def duplicate(random: Random, root: etree._Element) -> None:
    """Write an element twice."""
    element = _inner(random, root)
    element.addnext(deepcopy(element))


def swap(random: Random, root: etree._Element) -> None:
    """Let two neighbours change places."""
    element = _inner(random, root)
    if (following := element.getnext()) is not None:
        following.addnext(element)


def move(random: Random, root: etree._Element) -> None:
    """Put an element somewhere else."""
    element, target = _inner(random, root), _inner(random, root)
    if target is not element and element not in target.iterancestors():
        target.addnext(element)


def insert(random: Random, root: etree._Element) -> None:
    """Put a copy of an element beside another one, or inside it."""
    copy, target = deepcopy(_inner(random, root)), random.choice(_elements(root))
    if random.random() < 0.5 and target is not root:
        target.addnext(copy)
    else:
        target.insert(random.randint(0, len(target)), copy)


def rename(random: Random, root: etree._Element) -> None:
    """Give an element another name: that of another element, or one that is nearly right."""
    element = random.choice(_elements(root))
    name = etree.QName(element)
    local = random.choice([*NAMES, name.localname.lower(), name.localname.capitalize(), name.localname + "s"])
    element.tag = etree.QName(name.namespace, local).text


def change_namespace(random: Random, root: etree._Element) -> None:
    """Move an element, alone or with everything in it, to another namespace or to none."""
    element = random.choice(_elements(root))
    namespace = random.choice(NAMESPACES)
    for target in random.choice(([element], _elements(element))):
        target.tag = etree.QName(namespace, etree.QName(target).localname).text


def change_date(random: Random, root: etree._Element) -> None:
    """Write an odd date or time."""
    _leaf(random, root, "T-").text = random.choice(DATES)


def pad_value(random: Random, root: etree._Element) -> None:
    """Put white space before, after, or around a value."""
    leaf = _leaf(random, root, random.choice(("-", "", "0123456789")))
    before, after = random.choices(("", " ", "\t", "\n  ", "\u00a0"), k=2)
    leaf.text = f"{before}{leaf.text or ''}{after}"


def change_integer(random: Random, root: etree._Element) -> None:
    """Write an odd number."""
    numbers = [leaf for leaf in _elements(root) if (leaf.text or "").strip().isdigit()]
    random.choice(numbers or [root]).text = random.choice(INTEGERS)


def change_guid(random: Random, root: etree._Element) -> None:
    """Write an odd GUID where one belongs."""
    guids = [leaf for leaf in _elements(root) if len(leaf.text or "") in (36, 38)]
    random.choice(guids or [root]).text = random.choice(GUIDS)


def change_label(random: Random, root: etree._Element) -> None:
    """Write another label, a code or a misspelt label where a label belongs."""
    labelled = [leaf for leaf in _elements(root) if leaf.text in LABELS]
    random.choice(labelled or [root]).text = random.choice(LABELS)


def change_text(random: Random, root: etree._Element) -> None:
    """Write other text, which a string takes as it is."""
    _leaf(random, root).text = random.choice(TEXTS)


def add_text(random: Random, root: etree._Element) -> None:
    """Write text between the children of an element."""
    element = _inner(random, root)
    element.tail = (element.tail or "") + random.choice((" ", "\n", "x", "Utgående", "\u00a0"))


def set_type(random: Random, root: etree._Element) -> None:
    """Set an xsi:type, right or wrong, or take one away."""
    typed = root.xpath("//*[@xsi:type]", namespaces={"xsi": XSI})
    element = random.choice(typed if typed and random.random() < 0.5 else _elements(root))
    if random.random() < 0.1:
        element.attrib.pop(f"{{{XSI}}}type", None)
    else:
        element.set(f"{{{XSI}}}type", random.choice(TYPES))


def set_nil(random: Random, root: etree._Element) -> None:
    """Set xsi:nil, right or wrong, with or without emptying the element."""
    nillable = root.xpath("//*[local-name()='ReferanseForeldermappe']")
    element = random.choice(nillable if nillable and random.random() < 0.5 else _elements(root)[1:])
    element.set(f"{{{XSI}}}nil", random.choice(("true", "1", "false", "0", "yes", "", " true ")))
    if random.random() < 0.5:
        element.text = None
        del element[:]


def add_attribute(random: Random, root: etree._Element) -> None:
    """Add an attribute: foreign, without namespace, or one of xsi that means nothing to the verdict."""
    names = ("id", "{urn:eksempel:fagsystem}merke", f"{{{XSI}}}schemaLocation", f"{{{XSI}}}noNamespaceSchemaLocation")
    random.choice(_elements(root)).set(random.choice(names), "urn:a b.xsd")


def add_comment(random: Random, root: etree._Element) -> None:
    """Add a comment or a processing instruction, also in the middle of a value."""
    node = random.choice((etree.Comment("merk"), etree.ProcessingInstruction("merk", "her")))
    element = random.choice(_elements(root))
    element.insert(random.randint(0, len(element)), node)
    if random.random() < 0.3 and not element.findall("*"):
        element.text, node.tail = node.tail, element.text


def fill_any(random: Random, root: etree._Element) -> None:
    """Put something of all sorts where the schema lets anything stand."""
    open_elements = root.xpath("//*[local-name()='virksomhetsspesifikkeMetadata']")
    element = random.choice(open_elements or _elements(root)[1:])
    element.append(etree.fromstring(random.choice(ANY_CONTENT)))


EDITS: tuple[Edit, ...] = (
    delete,
    duplicate,
    swap,
    move,
    insert,
    rename,
    change_namespace,
    change_date,
    pad_value,
    change_integer,
    change_guid,
    change_label,
    change_text,
    add_text,
    set_type,
    set_nil,
    add_attribute,
    add_comment,
    fill_any,
)
