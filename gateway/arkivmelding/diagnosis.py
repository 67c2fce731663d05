"""From a document that its schema refuses to the faults that are shown.

In come the document and the grammars that refused it, out come the nearer grammar's name and its faults by line. Called
by `schema`, which loads this module only then: most documents are valid, and a command line should start quickly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lxml import etree

from gateway.arkivmelding.examination import Finding, examine, list_findings
from gateway.arkivmelding.grammar import RULE, Grammar
from gateway.arkivmelding.padding import remove_padding
from gateway.arkivmelding.places import Place, find_places
from gateway.arkivmelding.reader import Document
from gateway.errors import Fault, Severity
from gateway.language import alter, say
from gateway.message.identifiers import mask

MOST_FAULTS = 1_000

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class _Examined:
    """A tree and what was found in it; `more` says that only the beginning of a document was looked at."""

    root: etree._Element
    findings: tuple[Finding, ...]
    more: bool = False


def diagnose(document: Document, grammars: Mapping[Name, Grammar]) -> tuple[Name, tuple[Fault, ...]]:
    """The grammar by which least is wrong (the first of equals), and everything that is wrong by it."""
    examined = {name: _examine(document, grammar) for name, grammar in grammars.items()}
    nearer = min(grammars, key=lambda name: len(examined[name].findings))
    return nearer, _write(examined[nearer], document.xml)


def diagnose_part(element: etree._Element, grammar: Grammar) -> tuple[Fault, ...]:
    """Everything that is wrong by a grammar of its own with one element of a larger document."""
    findings = examine(element, grammar.errors, model=grammar.model(), most=MOST_FAULTS)
    return _write(_Examined(element.getroottree().getroot(), findings), b"")


def _examine(document: Document, grammar: Grammar) -> _Examined:
    """Everything that is wrong; of a document with a thousand errors or very many elements, what libxml2 lists."""
    end = grammar.read_until(MOST_FAULTS, document.xml)
    if end is None and not Grammar.is_large(document.root):
        findings = examine(document.root, grammar.errors, model=grammar.model(), most=MOST_FAULTS)
        return _Examined(document.root, findings, more=len(findings) == MOST_FAULTS)
    # What is open where the document is cut seems unfinished, but those faults come after the first thousand.
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    beginning = etree.fromstring(document.xml[:end], parser)
    remove_padding(beginning)
    findings = list_findings(beginning, grammar.errors, model=grammar.model())
    return _Examined(beginning, findings[:MOST_FAULTS], more=end is not None)


def _write(examined: _Examined, xml: bytes) -> tuple[Fault, ...]:
    elements = {each for finding in examined.findings for each in (finding.element, finding.line_of)}
    places = find_places(examined.root, xml, elements=elements)
    faults = _by_line(_fault(each, places) for each in examined.findings)
    if examined.more:
        message = say("There are more faults than these {most}", most=MOST_FAULTS)
        faults.append(Fault(RULE, Severity.ERROR, message, "Mend these, then check the document again."))
    return tuple(faults)


def _by_line(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda each: (each.line, each.column))


def _fault(finding: Finding, places: Mapping[etree._Element, Place]) -> Fault:
    words, start = finding.words, places[finding.line_of]
    return Fault(
        RULE,
        Severity.ERROR,
        alter(words.message, mask),
        alter(words.mend, mask),
        start.line,
        start.column,
        places[finding.element].path,
        words.value,
        finding.fault_class,
    )
