"""Our extension: what it gives, exactly as it is written."""

import pytest
from lxml import etree

from gateway.arkivmelding.adressering import ADRESSERING, Given, adressering_elements, given_in
from gateway.arkivmelding.reader import read
from tests.documents import DPO, Message, Part


def extension(*recipients: str) -> etree._Element:
    """A document with an extension that holds these."""
    return etree.fromstring(
        f'<a><adr:adressering xmlns:adr="{ADRESSERING}">{"".join(recipients)}</adr:adressering></a>'
    )


def test_the_extension_gives_index_name_and_identifier() -> None:
    """One for each mottaker, in the order of the document."""
    message = Message(parts=(Part("Avsenderen", None, "Avsender"), Part(), Part("Lia & Sønn", "0192:311000047")))
    assert given_in(read(message.xml()).root) == (
        Given(2, "Fjordvik tilsyn", DPO),
        Given(3, "Lia & Sønn", "0192:311000047"),
    )


@pytest.mark.parametrize(
    ("index", "part"),
    [
        ("1", 1),
        (" 12 ", 12),
        ("0", 0),
        ("-1", 0),
        ("1.0", 0),
        ("en", 0),
        ("", 0),
        ("٢", 0),
        ("²", 0),
        ("99999", 0),
    ],
)
def test_an_index_that_is_no_number_fits_no_part(index: str, part: int) -> None:
    """It becomes part 0, so that it is told as a mismatch and not taken for another."""
    root = extension(f'<adr:mottaker korrespondansepart="{index}" navn="n" identifikator="i"/>')
    assert given_in(root) == (Given(part, "n", "i"),)


def test_what_is_left_out_is_empty() -> None:
    """Missing attributes neither fail nor are filled from elsewhere."""
    assert given_in(extension("<adr:mottaker/>")) == (Given(0, "", ""),)


def test_only_the_extension_itself_speaks() -> None:
    """Elements of the same name in another namespace, or a mottaker outside, give nothing."""
    root = etree.fromstring(
        f'<a xmlns:adr="{ADRESSERING}"><adressering><mottaker korrespondansepart="1"/></adressering>'
        f'<adr:mottaker korrespondansepart="1"/><adr:adressering><x><adr:mottaker/></x></adr:adressering></a>'
    )
    assert given_in(root) == ()
    assert len(list(adressering_elements(root))) == 1
