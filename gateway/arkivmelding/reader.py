"""Safe parsing of an arkivmelding, and which dialect it is written in.

In come bytes, out comes a `Document`: the parsed tree and its dialect. Nothing is resolved or fetched. Called by
`delivery.intake`, `gateway validate` and the sandbox's recipients. Limits: contract §6.
"""

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from lxml import etree

from gateway.errors import Fault, Severity, Unreadable
from gateway.language import say

NAMESPACE = "http://www.arkivverket.no/standarder/noark5/arkivmelding"
FIKS_ARKIV_V1 = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/arkivmelding/opprett/v1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE = f"{{{XSI}}}type"

_FIKS_ARKIV = re.compile(
    r"https://ks-no\.github\.io/standarder/fiks-protokoll/fiks-arkiv/.+|" + re.escape(NAMESPACE) + r"/v2"
)
# What there may be too many of.
_BYTES, _LEVELS = say("bytes"), say("levels of elements")
_RECIPIENTS, _DOCUMENTS = say("recipients"), say("documents")
# "<!DOCTYPE" in UTF-8, and in either order of UTF-16.
_DOCTYPE = re.compile(rb"<\x00?!\x00?D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E")


class Dialect(StrEnum):
    """The languages that carry the name arkivmelding."""

    EFORMIDLING = "eformidling"
    V1 = "v1"
    FIKS_ARKIV = "fiks-arkiv"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one arkivmelding may hold: bytes, levels of elements, recipients, documents."""

    bytes: int = 10 * 1024 * 1024
    depth: int = 64
    recipients: int = 200
    documents: int = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """One arkivmelding as it came: the bytes, the tree's root, the dialect."""

    xml: bytes
    root: etree._Element
    dialect: Dialect


def read(xml: bytes, limits: Limits | None = None) -> Document:
    """Parse without entities, DTD or network; `Unreadable` with line and reason where that cannot be done."""
    limits = limits or Limits()
    if len(xml) > limits.bytes:
        raise _beyond(_BYTES, limits.bytes, found=len(xml))
    root = parse(xml)
    _check_limits(root, limits)
    return Document(xml, root, detect_dialect(root))


def parse(xml: bytes) -> etree._Element:
    """The root of the tree, limits unchecked; `Unreadable` as `read`."""
    try:
        root = etree.fromstring(xml, _THREAD.parser)
    except etree.XMLSyntaxError as fault:
        if _DOCTYPE.search(xml):
            raise _has_dtd() from fault
        raise _not_xml(fault) from fault
    except ValueError as fault:
        message = say("this is not XML: {reason}", reason=str(fault))
        raise Unreadable(message, mend="Post the XML as it stands in the file.") from fault
    if root.getroottree().docinfo.internalDTD is not None:
        raise _has_dtd()
    return root


def detect_dialect(root: etree._Element) -> Dialect:
    """Tell the dialects apart: by namespace, then by what stands in `mappe` and on the parts."""
    name = etree.QName(root)
    if name.localname != "arkivmelding":
        return Dialect.UNKNOWN
    if _FIKS_ARKIV.fullmatch(name.namespace or ""):
        return Dialect.FIKS_ARKIV
    if name.namespace != NAMESPACE:
        return Dialect.UNKNOWN
    return Dialect.V1 if _V1_MARKS(root) else Dialect.EFORMIDLING


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; empty for a comment or a processing instruction."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def type_name(element: etree._Element) -> str:
    """The `xsi:type` without prefix and blanks: `saksmappe`, `journalpost`, or empty."""
    return (element.get(XSI_TYPE) or "").strip().rpartition(":")[2]


_V1_MARKS = etree.XPath(
    "boolean(//a:mappe/a:registrering | //a:mappe/a:part | //a:korrespondansepart/a:organisasjonsnummer"
    " | //a:korrespondansepart/a:foedselsnummer | //a:korrespondansepart/a:DNummer"
    " | //a:korrespondansepart/a:organisasjonid | //a:korrespondansepart/a:personid)",
    namespaces={"a": NAMESPACE},
)


class _PerThread(threading.local):
    """What may not be shared between threads. Without `huge_tree`, libxml2 bounds text and expansion."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_blank_text=False)


_THREAD = _PerThread()


def _not_xml(fault: etree.XMLSyntaxError) -> Unreadable:
    line, column = fault.position
    reason = re.sub(r"^(.*?)(, line \d+, column \d+)?( \(<string>, line \d+\))?$", r"\1", str(fault.msg))
    return Unreadable(
        say(
            "this is not well-formed XML: {reason} (line {line}, column {column})",
            reason=reason,
            line=line,
            column=column,
        ),
        code="NOT_XML",
        mend="The system that made the file must mend it; any XML editor shows the place.",
        faults=(Fault("NOT_XML", Severity.ERROR, reason, line=line, column=column),),
    )


def _has_dtd() -> Unreadable:
    return Unreadable(
        "the document has a DTD (<!DOCTYPE …>), which is never read: it could pull in other files",
        code="DTD",
        mend="Take the <!DOCTYPE …> line out; an arkivmelding needs none.",
    )


def _check_limits(root: etree._Element, limits: Limits) -> None:
    if _deeper_than(limits.depth)(root):
        raise _beyond(_LEVELS, limits.depth)
    for what, name, maximum in (
        (_RECIPIENTS, "korrespondansepart", limits.recipients),
        (_DOCUMENTS, "dokumentobjekt", limits.documents),
    ):
        found = sum(1 for _ in root.iter(f"{{*}}{name}"))
        if found > maximum:
            raise _beyond(what, maximum, found=found)


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


def _beyond(what: str, maximum: int, *, found: int | None = None) -> Unreadable:
    message = say("an arkivmelding may have at most {maximum} {what}", maximum=maximum, what=what)
    if found is not None:
        message = say("{limit} and this one has {found}", limit=message, found=found)
    return Unreadable(message, code="LIMIT", mend="Split it into several arkivmeldinger.")
