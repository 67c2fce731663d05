"""Every rule of the table, provoked over HTTP by a document that breaks it."""

import pytest

from gateway.arkivmelding.rules import RULES
from gateway.errors import FaultClass
from tests.documents import Doc, Message, Objekt, Part, gradering
from tests.live import Gateway
from tests.secrets import PERSON_NUMBER

GOOD = Message()
ENTRY_END = b"</basisregistrering>"


def twice(xml: bytes, tag: bytes) -> bytes:
    """The document with its first element of that tag repeated."""
    start, end = xml.index(b"<" + tag), xml.index(b"</" + tag + b">") + len(tag) + 3
    return xml[:end] + xml[start:end] + xml[end:]


def nested_extension() -> bytes:
    """The extension on the folder in place of the journal entry."""
    extension = (
        '<virksomhetsspesifikkeMetadata><adr:adressering xmlns:adr="urn:arkivmelding-gateway:adressering:1">'
        '<adr:mottaker korrespondansepart="1" navn="Fjordvik tilsyn" identifikator="0192:311000020"/>'
        "</adr:adressering></virksomhetsspesifikkeMetadata>"
    )
    return GOOD.having(folder_extra=extension).xml()


def loose_object() -> bytes:
    """A dokumentobjekt straight under the journal entry."""
    xml = GOOD.xml()
    start, end = xml.index(b"<dokumentobjekt>"), xml.index(b"</dokumentobjekt>") + len(b"</dokumentobjekt>")
    piece = xml[start:end].replace(b"vedtak.pdf", b"annet.pdf")
    place = xml.index(b"</dokumentbeskrivelse>") + len(b"</dokumentbeskrivelse>")
    return xml[:place] + piece + xml[place:]


BREAKERS = {
    "AM-002": twice(GOOD.xml(), b"basisregistrering"),
    "AM-003": GOOD.xml().replace(b' xsi:type="journalpost"', b"", 1),
    "AM-004": GOOD.having(documents=(Doc(), Doc(objects=(Objekt("VEDTAK.pdf"),), role="Vedlegg"))).xml(),
    "AM-005": GOOD.having(documents=(Doc(objects=(Objekt("vedtak.pdf\n      "),)),)).xml(),
    "AM-006": GOOD.having(documents=(Doc(objects=(Objekt("../vedtak.pdf"),)),)).xml(),
    "AM-007": GOOD.having(documents=(Doc(objects=(Objekt("manifest.xml"),)),)).xml(),
    "AM-008": GOOD.having(documents=(Doc(role="Vedlegg"),)).xml(),
    "AM-009": loose_object(),
    "AM-010": GOOD.having(parts=(Part(type="Avsender", identifier=None),)).xml(),
    "AM-011": GOOD.having(public_title=f"Vedtak for {PERSON_NUMBER}").xml(),
    "AM-012": nested_extension(),
    "AM-017": GOOD.having(metadata="<sak><skjermning>offl. § 13</skjermning></sak>").xml(),
}
BREAKERS["AM-001"] = GOOD.xml().replace(
    b"</mappe>", b"</mappe>" + GOOD.xml().split(b"<mappe", 1)[1].split(b"</mappe>")[0].join([b"<mappe", b"</mappe>"])
)


@pytest.mark.parametrize("code", sorted(BREAKERS))
def test_a_broken_rule_refuses_the_document(gateway: Gateway, code: str) -> None:
    """The answer is 422 with the rule's code, a line, a path, a sentence and a mend; nothing is kept."""
    answer = gateway.post(BREAKERS[code])
    assert answer.status_code == 422, answer.text
    fault = next(entry for entry in answer.json()["errors"] if entry["rule"] == code)
    assert fault["severity"] == "error"
    assert fault["line"] > 0
    assert fault["path"].startswith("/arkivmelding")
    assert fault["message"]
    assert fault["mend"]


ADVICE = {
    "AM-013": GOOD.xml(),
    "AM-015": GOOD.having(antall_filer=7).xml(),
    "AM-016": GOOD.having(documents=(Doc(), Doc(objects=(Objekt("b.pdf"),), role="Vedlegg")))
    .xml()
    .replace(b"<dokumentnummer>2<", b"<dokumentnummer>1<"),
}


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_an_advisory_rule_is_told_and_refuses_nothing(gateway: Gateway, code: str) -> None:
    """The answer is 201, and the advice stands among the problems as `info`."""
    gateway.post(ADVICE[code])
    answer = gateway.post(ADVICE[code])
    assert answer.status_code == 201, answer.text
    problem = next(entry for entry in answer.json()["problems"] if entry["code"] == code)
    assert problem["severity"] == "info"


def test_every_rule_has_a_document_that_breaks_it() -> None:
    """A rule that nobody provokes is noticed. AM-014 needs an identifier on the Avsender, which only other dialects have."""
    tested = set(BREAKERS) | set(ADVICE) | {"AM-014"}
    assert tested == {rule.code for rule in RULES}
    assert all(rule.fault_class is FaultClass.ADVISORY for rule in RULES if rule.code in ADVICE)


@pytest.mark.parametrize("label", ["Begrenset (sikkerhetsgrad)", "Fortrolig (beskyttelsesgrad)"])
def test_a_graded_document_is_refused(gateway: Gateway, label: str) -> None:
    """CLASSIFIED: nothing is stored, whatever else the document says."""
    before = len(gateway.call("GET", "/out/messages").json()["conversations"])
    answer = gateway.post(GOOD.having(gradering=gradering(label)).xml())
    assert answer.status_code == 422
    assert "CLASSIFIED" in {entry["rule"] for entry in answer.json()["errors"]}
    assert len(gateway.call("GET", "/out/messages").json()["conversations"]) == before


def test_an_xsd_fault_is_told_with_all_others(gateway: Gateway) -> None:
    """Faults of the XSD and of the rules come in one answer."""
    xml = GOOD.having(type="Utgående brev", documents=(Doc(objects=(Objekt("a:b.pdf"),)),)).xml()
    rules = {entry["rule"] for entry in gateway.post(xml).json()["errors"]}
    assert {"XSD", "AM-006"} <= rules


def test_a_person_number_is_masked_in_the_refusal(gateway: Gateway) -> None:
    """The value that is shown does not spell out the number."""
    answer = gateway.post(BREAKERS["AM-011"])
    assert PERSON_NUMBER not in answer.text
