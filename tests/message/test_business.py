"""The table of business messages."""

import pytest

from gateway.message.business import BUSINESS_TYPES, CARRIED, BusinessType, check_business, security_level
from gateway.message.places import Constraint, Place, SbdFault
from gateway.message.processes import message_type


def found_in(kind: str, business: object, *, complete: bool = True) -> list[tuple[str, Constraint]]:
    """What is wrong with a message of this type."""
    found: list[SbdFault] = []
    check_business(Place(business, (kind,), found), BUSINESS_TYPES[kind], complete=complete)
    return [(each.dotted, each.constraint) for each in found]


@pytest.mark.parametrize("kind", BUSINESS_TYPES.values(), ids=lambda kind: kind.name)
def test_a_type_and_its_document_type_agree(kind: BusinessType) -> None:
    """The canonical document type ends with the type; receipts need no file, what needs a main document needs a file."""
    assert message_type(kind.standard) == kind.name
    assert not (kind.is_receipt and kind.needs_file)
    assert kind.needs_file or not kind.needs_main


def test_all_types_of_the_reference_that_a_client_may_send_are_known() -> None:
    """`status` and `feil` are the gateways' own words."""
    assert set(BUSINESS_TYPES) == {
        "arkivmelding",
        "arkivmelding_kvittering",
        "avtalt",
        "digital",
        "digital_dpv",
        "print",
        "dialogmelding",
        "dialogmelding_kvittering",
        "innsynskrav",
        "publisering",
        "einnsyn_kvittering",
    }
    assert set(BUSINESS_TYPES) >= CARRIED


_ADDRESS = {"navn": "Prøve", "adresselinje1": "Prøveveien 1", "postnummer": "0001", "poststed": "OSLO", "land": "Norge"}
_SAMPLES = {
    "arkivmelding": {"sikkerhetsnivaa": 3, "hoveddokument": "a.pdf", "dpf": {"forsendelseType": "Brev"}},
    "arkivmelding_kvittering": {"receiptType": "OK", "messages": [{"code": "SAK", "text": "2031/44"}]},
    "avtalt": {"identifier": "x", "content": [1]},
    "digital": {
        "sikkerhetsnivaa": 4,
        "hoveddokument": "vedtak.pdf",
        "tittel": "Vedtak",
        "spraak": "NO",
        "digitalPostInfo": {"virkningsdato": "2031-03-04", "aapningskvittering": "false"},
        "varsler": {"epostTekst": "Post", "smsTekst": "Post"},
        "metadataFiler": {"vedtak.pdf": "lenke.xml"},
    },
    "digital_dpv": {"tittel": "T", "sammendrag": "S", "innhold": "I", "dpv": {"varselTransportType": "SMS"}},
    "print": {
        "hoveddokument": "brev.pdf",
        "utskriftsfarge": "SORT_HVIT",
        "mottaker": _ADDRESS,
        "retur": {"returhaandtering": "DIREKTE_RETUR", "mottaker": _ADDRESS},
    },
    "dialogmelding": {"hoveddokument": "d.xml", "pasient": {"fnr": "x", "fornavn": "Test", "etternavn": "Person"}},
    "dialogmelding_kvittering": {"status": "REJECTED", "messages": [{"code": "X1", "text": "Avvist"}]},
    "innsynskrav": {"orgnr": "311000020", "epost": "post@example.org"},
    "publisering": {"orgnr": "311000012"},
    "einnsyn_kvittering": {"dokumentId": "1", "status": '{"kode":"OK"}', "referanseType": "publisering"},
}


@pytest.mark.parametrize("kind", BUSINESS_TYPES)
def test_a_whole_message_of_each_type_holds(kind: str) -> None:
    """As the reference documents it."""
    assert found_in(kind, _SAMPLES[kind]) == []


@pytest.mark.parametrize("kind", BUSINESS_TYPES)
def test_an_empty_message_lacks_what_its_type_demands(kind: str) -> None:
    """Each demanded member by its name; nothing where only the code of the reference counts."""
    demanded = [(f"{kind}.{each.name}", Constraint.NOT_NULL) for each in BUSINESS_TYPES[kind].fields if each.demanded]
    assert found_in(kind, {}) == demanded
    assert found_in(kind, {}, complete=False) == []


def test_members_inside_are_looked_at_too() -> None:
    """In objects and in the objects of a list."""
    assert found_in("arkivmelding_kvittering", {"messages": [{"code": "A"}, {"text": {}}, "x"]}) == [
        ("arkivmelding_kvittering.messages[2]", Constraint.TYPE),
        ("arkivmelding_kvittering.messages[1].text", Constraint.TYPE),
    ]
    assert found_in("print", {**_SAMPLES["print"], "retur": {"returhaandtering": "BRENN"}}) == [
        ("print.retur.mottaker", Constraint.NOT_NULL),
        ("print.retur.returhaandtering", Constraint.ONE_OF),
    ]


@pytest.mark.parametrize(("value", "level"), [(3, 3), ("4", 4), (None, None), (True, None), ("høy", None)])
def test_the_level_that_the_registry_is_asked_with(value: object, level: int | None) -> None:
    """A number, also where it is written as a text."""
    assert security_level(value) == level
