"""The made-up organisations: their numbers, and what may be changed about them."""

from itertools import islice

import pytest

from gateway.errors import Invalid
from gateway.message.identifiers import is_organisasjonsnummer
from gateway.message.processes import ADMINISTRASJON
from gateway.sandbox.changes import read_change, show_organisation
from gateway.sandbox.organisations import SEEDED, UNKNOWN_NUMBER, Organisations, SvarUtSystem, Virksert


def test_numbers_count_up_from_31100001_with_their_check_digit() -> None:
    """The ten agreed numbers are the first ten valid ones, and the unknown one is the eighth."""
    candidates = (f"{prefix}{digit}" for prefix in range(31100001, 31100100) for digit in range(10))
    numbers = list(islice(filter(is_organisasjonsnummer, candidates), 10))
    seeded = [organisation.number for organisation in SEEDED]
    assert [*seeded[:7], UNKNOWN_NUMBER, *seeded[7:]] == numbers


def test_the_unknown_number_is_in_no_register() -> None:
    """A valid number that is not registered is found by no spelling."""
    organisations = Organisations()
    assert organisations.get(UNKNOWN_NUMBER) is None
    assert organisations.get(f"0192:{UNKNOWN_NUMBER}") is None


def test_an_organisation_is_found_bare_and_with_its_scheme() -> None:
    """Nine digits and `0192:` with nine digits name the same organisation."""
    organisations = Organisations()
    assert organisations.get("311000020") == organisations.get("0192:311000020") == SEEDED[1]


def test_a_change_keeps_what_it_does_not_name() -> None:
    """A new name leaves channel, address and certificate as they were."""
    changed = read_change({"number": "311000039", "name": "STORE BREIDAL KOMMUNE"}, SEEDED[2])
    assert (changed.name, changed.svarut) == ("STORE BREIDAL KOMMUNE", (SvarUtSystem(3), SvarUtSystem(4)))
    assert changed.address == SEEDED[2].address


def test_a_change_of_channel_is_read() -> None:
    """The registers of an organisation can be replaced: out of SvarUt, into ELMA, with a certificate that ran out."""
    wish = {"number": "311000039", "svarut": [], "elma": [ADMINISTRASJON], "virksert": "expired"}
    changed = read_change(wish, SEEDED[2])
    assert (changed.svarut, changed.elma, changed.virksert) == ((), frozenset({ADMINISTRASJON}), Virksert.EXPIRED)


def test_what_is_shown_can_be_read_again() -> None:
    """The JSON of an organisation, posted back, changes nothing."""
    for organisation in SEEDED:
        assert read_change(show_organisation(organisation), organisation) == organisation


@pytest.mark.parametrize(
    "wish",
    [
        {"number": "311000011", "name": "WRONG CHECK DIGIT AS"},
        {"number": "311000098"},
        {"number": "311000098", "name": "X", "elma": ["urn:no:such:process"]},
        {"number": "311000098", "name": "X", "svarut": [5]},
        {"number": "311000098", "name": "X", "virksert": "perhaps"},
        {"number": "311000098", "name": "X", "colour": "blue"},
        {"number": "311000098", "name": 7},
    ],
)
def test_a_change_that_cannot_be_is_refused(wish: dict[str, object]) -> None:
    """A wrong number, an unknown process, level, certificate state or member is refused instead of ignored."""
    with pytest.raises(Invalid):
        read_change(wish, None)
