"""Whatever is done to a document, its faults are told: none lost, all in plain words, all with a place."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.arkivmelding.padding import has_padding
from gateway.arkivmelding.reader import Dialect, Document
from gateway.arkivmelding.schema import Profile, grammar_of
from gateway.errors import Fault
from tests.arkivmelding.documents_for_schema import SCHEMAS, faults_of
from tests.conformance.mutants import grow
from tests.conformance.seeds import read_schema_files, valid_documents

# Words that only a programmer knows: names with namespaces, codes of libxml2, classes of Python.
_JARGON = re.compile(r"\{[a-z]|SCHEMAV|[Cc]vc|facet|atomic type|particle|<class|Error\b|elementpath|xmlschema|None")


@pytest.mark.parametrize("profile", list(Profile))
def test_no_fault_of_a_mutant_is_lost(profile: Profile) -> None:
    """On 800 mutants the verdict is libxml2's, and there are at least as many faults as it has errors."""
    grammar = grammar_of(profile, read_schema_files())
    for mutant in grow(valid_documents(profile), 800, number=7):
        document = Document(mutant.xml, etree.fromstring(mutant.xml), Dialect.EFORMIDLING)
        errors = grammar.errors(document.root)
        verdict = SCHEMAS.check(document, (profile,))
        assert verdict.valid == (not verdict.faults), mutant
        if not has_padding(document.root):
            assert verdict.valid == (not errors), mutant
            assert len(verdict.faults) >= len(errors), mutant
        for fault in verdict.faults:
            assert is_plain(fault, mutant.xml), (mutant, fault)


def is_plain(fault: Fault, xml: bytes) -> bool:
    """Whether a fault has a sentence without jargon, a way to mend it, a line that exists, and a path from the root."""
    words = f"{fault.message} {fault.mend}"
    values = re.sub(r'"[^"]*"', "", words)
    return bool(
        fault.message
        and fault.mend
        and not _JARGON.search(values)
        and 1 <= fault.line <= xml.count(b"\n") + 1
        and re.fullmatch(r"(/[^/\[\]]+(\[\d+\])?)+", fault.path)
    )


DAMAGE = (
    ("<system>Fagsystemet</system>", ""),
    ("<antallFiler>2", "<antallFiler>to"),
    ("<mappeID>2026/41</mappeID>", "<mappeID>2026/41</mappeID><ukjent/>"),
    ("<arkivertAv>Arkivtjenesten</arkivertAv>", "<arkivertAv>Arkivtjenesten</arkivertAv><bort>x</bort>"),
    ("<dokumenttype>Brev</dokumenttype>", ""),
    ("<dokumentnummer>1</dokumentnummer>", "<dokumentnummer>en</dokumentnummer>"),
    ("<variantformat>Arkivformat", "<variantformat>PDF"),
    ("<journalposttype>Utgående dokument", "<journalposttype>U"),
    ("<journaldato>2026-11-20", "<journaldato>i dag"),
    ("<korrespondanseparttype>Avsender", "<korrespondanseparttype>Sender"),
    ("<saksdato>2026-10-05</saksdato>", ""),
    ("<saksstatus>Under behandling", "<saksstatus>B"),
)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(DAMAGE), min_size=1))
def test_every_independent_damage_is_one_fault(damage: set[tuple[str, str]]) -> None:
    """Any mixture of damage in different places gives exactly as many faults, though libxml2 sees a part of them."""
    assert len(faults_of(*damage)) == len(damage)
