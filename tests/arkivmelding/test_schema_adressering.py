"""The addressing extension is checked by a schema of its own, wherever it stands."""

import pytest

from gateway.arkivmelding.adressering import adressering_elements
from gateway.errors import Fault
from tests.arkivmelding.documents_for_schema import ENTRY, SCHEMAS, damaged, line_of

PATH = f"{ENTRY}/virksomhetsspesifikkeMetadata/adressering"
GOOD = '<adr:mottaker korrespondansepart="1" navn="Fjordvik tilsyn" identifikator="0192:311000020"/>'


def faults_with(mottaker: str) -> list[Fault]:
    """The faults of the extension when its one mottaker is replaced; the arkivmelding around it stays valid."""
    document = damaged((GOOD, mottaker))
    assert SCHEMAS.check(document).valid
    return [fault for each in adressering_elements(document.root) for fault in SCHEMAS.check_adressering(each)]


@pytest.mark.parametrize("mottaker", [GOOD, GOOD + GOOD, GOOD.replace('"1"', '" 12 "')])
def test_right_extension_has_no_faults(mottaker: str) -> None:
    """One recipient or several, with a number from 1 upward."""
    assert faults_with(mottaker) == []


@pytest.mark.parametrize(
    ("mottaker", "path", "message"),
    [
        ("", "", "mottaker is missing in adressering"),
        (GOOD.replace('"1"', '"0"'), "/mottaker", '"0" in the attribute korrespondansepart of mottaker is not a whole'),
        (
            GOOD.replace('"1"', '"en"'),
            "/mottaker",
            '"en" in the attribute korrespondansepart of mottaker is not a whole',
        ),
        (GOOD.replace('"Fjordvik tilsyn"', '" "'), "/mottaker", "The attribute navn of mottaker is empty"),
        (GOOD.replace('"0192:311000020"', '""'), "/mottaker", "The attribute identifikator of mottaker is empty"),
        (GOOD.replace(' navn="Fjordvik tilsyn"', ""), "/mottaker", "The attribute navn is missing in mottaker"),
        (GOOD.replace("/>", ' rolle="kopi"/>'), "/mottaker", "mottaker may not have the attribute rolle"),
        (GOOD.replace("/>", ">tekst</adr:mottaker>"), "/mottaker", "mottaker must be empty"),
        (GOOD + "<adr:kopi/>", "/kopi", "adressering may not hold kopi: there is no such element"),
        (GOOD + GOOD.replace("adr:", ""), "/mottaker[2]", "mottaker stands in the namespace http://www.arkivverket.no"),
        (GOOD + "tekst", "", 'Text stands between the elements of adressering: "tekst"'),
    ],
)
def test_wrong_extension(mottaker: str, path: str, message: str) -> None:
    """Everything that the extension's schema refuses, with its place in the whole document."""
    (fault,) = faults_with(mottaker)
    assert fault.message.startswith(message)
    assert (fault.rule, fault.path) == ("XSD", PATH + path)
    assert fault.line == line_of("adr:adressering", damaged()) + (1 if path else 0)


def test_two_attributes_wrong_are_two_faults() -> None:
    """All faults of one recipient come at once."""
    assert len(faults_with('<adr:mottaker korrespondansepart="-1" navn=""/>')) == 3
