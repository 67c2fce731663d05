"""White space around dates and `xsi:type`, which XSD allows and libxml2 2.14 refuses.

In comes a tree, out comes whether there is any, or a copy without it. Called by `schema` after libxml2 has refused a
document, never for one that it takes. Source: XSD 1.0 part 2, whiteSpace `collapse` of date, dateTime and QName.
"""

import re

from lxml import etree

from gateway.arkivmelding.reader import XSI_TYPE

_BLANKS = " \t\r\n"
# No label and no GUID looks like this, so taking blanks from such a text can change the verdict of a date alone.
_DATE = re.compile(r"-?\d{4,}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def has_padding(root: etree._Element) -> bool:
    """Whether any date, or any `xsi:type`, has white space around it."""
    return any(_padded_type(each) or _padded_date(each) for each in root.iter("*"))


def remove_padding(root: etree._Element) -> None:
    """Take the white space away in this very tree; comments inside a padded date go with it."""
    for element in root.iter("*"):
        if _padded_type(element):
            element.set(XSI_TYPE, (element.get(XSI_TYPE) or "").strip(_BLANKS))
        if _padded_date(element):
            text = _content(element).strip(_BLANKS)
            element[:] = []
            element.text = text


def _padded_type(element: etree._Element) -> bool:
    value = element.get(XSI_TYPE)
    return value is not None and value != value.strip(_BLANKS)


def _padded_date(element: etree._Element) -> bool:
    text = element.text
    if not text and not len(element):
        return False
    content = _content(element)
    value = content.strip(_BLANKS)
    return value != content and _DATE.fullmatch(value) is not None and next(element.iterchildren("*"), None) is None


def _content(element: etree._Element) -> str:
    return (element.text or "") + "".join(child.tail or "" for child in element)
