"""The sentences for what is wrong with one element: its value, its text, its attributes. For somebody who is tired.

In come a `Complaint` of libxml2 and the content model, out come `Words`. Called by `examination`. Values are masked and
shortened here, for titles and names hold what is nobody else's business.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from gateway.arkivmelding.codes import NOARK, label_meant
from gateway.arkivmelding.content_model import ContentModel
from gateway.arkivmelding.reader import NAMESPACE, XSI
from gateway.language import Phrase, say
from gateway.message.identifiers import mask

XSI_NIL = f"{{{XSI}}}nil"
_LONGEST_VALUE = 80
XML_BLANKS = " \t\r\n"
_ATTRIBUTE = re.compile(r"^Element '[^']*', attribute '([^']+)'")
_REQUIRED_ATTRIBUTE = re.compile(r"The attribute '([^']+)' is required")
_ATOMIC_TYPE = re.compile(r"atomic type '(?:xs:|\{[^}]*\})([^']+)'")
_NAMESPACES = re.compile(r"\{[^}]*\}")
_SUBJECT = re.compile(r"^Element '[^']*'(?:, attribute '[^']*')?: ")
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")


@dataclass(frozen=True, slots=True)
class Words:
    """One fault in words. `value` is what stands there, already masked."""

    message: str
    mend: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of libxml2: its stable type name, its own message, and the element that it is about."""

    type_name: str
    message: str
    element: etree._Element

    @property
    def attribute(self) -> str:
        """The full name of the attribute that it is about; empty when it is about the element itself."""
        found = _ATTRIBUTE.match(self.message)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written: what it is called, an example, and the labels where only those are allowed."""

    noun: str
    example: str
    labels: tuple[str, ...] = ()


_FORMS = {
    "date": Form(say("a date"), "2026-03-02"),
    "dateTime": Form(say("a date with a time of day"), "2026-03-02T10:15:00+01:00"),
    "integer": Form(say("a whole number"), "3"),
    "int": Form(say("a whole number of at most 32 bits"), "3"),
    "positiveInteger": Form(say("a whole number from 1 upward"), "1"),
    "boolean": Form(say("true or false"), "true"),
}
_GUID_FORM = Form(say("a GUID (8-4-4-4-12 hexadecimal digits)"), "3f2504e0-4f89-41d3-9a0c-0305e82c3301")


def form_of(type_name: str, model: ContentModel) -> Form | None:
    """How a value of a type is written; None where any text will do."""
    if type_name == f"{{{NAMESPACE}}}GUID":
        return _GUID_FORM
    simple = model.simple_types.get(type_name)
    if simple is None:
        return None
    if simple.labels:
        return Form(say("one of its labels"), simple.labels[0], simple.labels)
    return _FORMS.get(simple.built_in)


def name_of(element: etree._Element) -> str:
    """The element's name without namespace."""
    return etree.QName(element).localname


def content_of(element: etree._Element) -> str:
    """The text of an element as the schema sees it: comments and their like are not there."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def shown(text: str) -> str:
    """A value as it may be shown: on one line, masked, and not longer than 80 characters."""
    line = mask(" ".join(text.split()) if text.strip() else text)
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"


def local(name: str) -> str:
    """An attribute's name as it is written: `xsi:nil`, `id`."""
    return f"xsi:{name.removeprefix(f'{{{XSI}}}')}" if name.startswith(f"{{{XSI}}}") else name.rpartition("}")[2]


def explain(complaint: Complaint, model: ContentModel) -> Words:
    """The words for one complaint; libxml2's own, made readable, where no sentence fits."""
    return _SENTENCES.get(complaint.type_name, say_plainly)(complaint, model)


def say_plainly(complaint: Complaint, _: ContentModel) -> Words:
    """libxml2's own sentence without its namespaces."""
    sentence = _NAMESPACES.sub("", _SUBJECT.sub("", complaint.message)).strip().rstrip(".")
    name = mask(name_of(complaint.element))
    return Words(say("{name}: {sentence}", name=name, sentence=mask(sentence)), "Compare the element with the schema.")


def _say_value(complaint: Complaint, model: ContentModel) -> Words:
    name, value, form = _subject(complaint, model)
    if form is None:
        return say_plainly(complaint, model)
    mend = say("Write it like this: {example}.", example=form.example)
    if not value.strip():
        return Words(say("{name} is empty; it must be {noun}", name=name, noun=form.noun), mend, value)
    if value.strip() != value.strip(XML_BLANKS):
        message = say('{name} has an invisible character beside its value "{value}"', name=name, value=shown(value))
        return Words(message, "Remove it; it is often a non-breaking blank.", shown(value))
    message = say('"{value}" in {name} is not {noun}', value=shown(value), name=name, noun=form.noun)
    return Words(message, mend, shown(value))


def _subject(complaint: Complaint, model: ContentModel) -> tuple[str, str, Form | None]:
    """What the complaint is about, what stands there, and how it should be written."""
    element = complaint.element
    if not complaint.attribute:
        return name_of(element), content_of(element), form_of(model.type_of(element), model)
    found = _ATOMIC_TYPE.search(complaint.message)
    name = say("the attribute {name} of {element}", name=local(complaint.attribute), element=name_of(element))
    return name, element.get(complaint.attribute, ""), _FORMS.get(found[1] if found else "")


def _say_label(complaint: Complaint, model: ContentModel) -> Words:
    name, value, form = _subject(complaint, model)
    if form is None or not form.labels:
        return say_plainly(complaint, model)
    meant = label_meant(name, value, labels=form.labels, codes=NOARK)
    if meant:
        mend = say("Write exactly: {label} (with nothing around it).", label=meant)
        return Words(_say_other_spelling(name, value, meant=meant), mend, shown(value))
    mend = say("Write one of: {labels}.", labels=", ".join(form.labels))
    if not value.strip():
        return Words(say("{name} is empty; it must hold one of its labels", name=name), mend, value)
    return Words(say('"{value}" is no label of {name}', value=shown(value), name=name), mend, shown(value))


def _say_other_spelling(name: str, value: str, *, meant: str) -> Phrase:
    if value.strip() in NOARK.get(name, {}):
        return say(
            '"{value}" in {name} is the letter for "{label}", and the label itself belongs here',
            value=value.strip(),
            name=name,
            label=meant,
        )
    return say(
        '"{value}" in {name} is not written exactly as the label: letters and blanks must be the same',
        value=shown(value),
        name=name,
    )


def _say_pattern(complaint: Complaint, model: ContentModel) -> Words:
    name, value, form = _subject(complaint, model)
    if form is not _GUID_FORM:
        return say_plainly(complaint, model)
    if _GUID.fullmatch(value.strip()) and value != value.strip():
        message = say("{name} has a blank or a line break around its GUID", name=name)
        return Words(message, "Write the GUID with nothing around it.", shown(value))
    return _say_value(complaint, model)


def _say_text(complaint: Complaint, _: ContentModel) -> Words:
    name = name_of(complaint.element)
    text = _first_stray_text(complaint.element)
    return Words(
        say('Text stands between the elements of {name}: "{text}"', name=name, text=shown(text)),
        "Remove the text, or move it into the element that it belongs to.",
        shown(text),
    )


def _first_stray_text(element: etree._Element) -> str:
    texts = (element.text, *(child.tail for child in element))
    return next((text for text in texts if text and text.strip(XML_BLANKS)), "")


def _say_children(complaint: Complaint, _: ContentModel) -> Words:
    name = name_of(complaint.element)
    child = next(complaint.element.iterchildren("*"), None)
    inside = say("the element {name}", name=name_of(child)) if child is not None else say("an element")
    return Words(
        say("{name} holds {inside}, and may hold only text", name=name, inside=inside),
        say("Write the text of {name} alone, without elements in it.", name=name),
    )


def _say_not_empty(complaint: Complaint, _: ContentModel) -> Words:
    name = name_of(complaint.element)
    return Words(
        say("{name} must be empty: what it says stands in its attributes", name=name),
        say("Remove what stands inside {name}.", name=name),
    )


def _say_attribute(complaint: Complaint, _: ContentModel) -> Words:
    name = local(complaint.attribute)
    value = shown(complaint.element.get(complaint.attribute, ""))
    return Words(
        say("{element} may not have the attribute {name}", element=name_of(complaint.element), name=name),
        say("Remove the attribute {name}.", name=name),
        value,
    )


def _say_missing_attribute(complaint: Complaint, _: ContentModel) -> Words:
    found = _REQUIRED_ATTRIBUTE.search(complaint.message)
    name = local(found[1]) if found else "attribute"
    return Words(
        say("The attribute {name} is missing in {element}", name=name, element=name_of(complaint.element)),
        say('Add {name}="…" with its value.', name=name),
    )


def _say_empty(complaint: Complaint, _: ContentModel) -> Words:
    if not complaint.attribute:
        name = name_of(complaint.element)
        return Words(say("{name} is empty", name=name), say("Write a value in {name}, or leave it out.", name=name))
    name = local(complaint.attribute)
    value = complaint.element.get(complaint.attribute, "")
    message = say("The attribute {name} of {element} is empty", name=name, element=name_of(complaint.element))
    return Words(message, say("Write a value in {name}.", name=name), value)


def _say_nil(complaint: Complaint, _: ContentModel) -> Words:
    name = name_of(complaint.element)
    return Words(
        say("{name} may not have xsi:nil", name=name),
        say("Remove xsi:nil, or the whole of {name} where it may be left out.", name=name),
    )


def _say_nil_with_content(complaint: Complaint, _: ContentModel) -> Words:
    name = name_of(complaint.element)
    return Words(
        say('{name} has xsi:nil="true" and content as well', name=name),
        say("Remove xsi:nil, or empty {name}.", name=name),
    )


def _say_root(complaint: Complaint, model: ContentModel) -> Words:
    root = etree.QName(complaint.element)
    namespace = root.namespace
    where = say("in the namespace {namespace}", namespace=namespace) if namespace else say("without a namespace")
    expected = next(iter(model.roots), "arkivmelding")
    return Words(
        say(
            "This is no {expected} of the right kind: its outermost element is {found} {where}",
            expected=expected,
            found=root.localname,
            where=where,
        ),
        say(
            'Let the outermost element be <{expected} xmlns="{namespace}">.',
            expected=expected,
            namespace=model.namespace or NAMESPACE,
        ),
    )


_SENTENCES: dict[str, Callable[[Complaint, ContentModel], Words]] = {
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": _say_value,
    "SCHEMAV_CVC_ENUMERATION_VALID": _say_label,
    "SCHEMAV_CVC_PATTERN_VALID": _say_pattern,
    "SCHEMAV_CVC_MINLENGTH_VALID": _say_empty,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": _say_not_empty,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": _say_text,
    "SCHEMAV_CVC_TYPE_3_1_2": _say_children,
    "SCHEMAV_CVC_TYPE_3_1_1": _say_attribute,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": _say_attribute,
    "SCHEMAV_CVC_COMPLEX_TYPE_4": _say_missing_attribute,
    "SCHEMAV_CVC_ELT_1": _say_root,
    "SCHEMAV_CVC_ELT_3_1": _say_nil,
    "SCHEMAV_CVC_ELT_3_2_1": _say_nil_with_content,
}
