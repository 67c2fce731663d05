"""Parties: who is a recipient, by which identifier, and that nobody gets what was meant for another."""

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.facts import Facts, gather
from gateway.arkivmelding.parties import Addressing, avsender_disagrees, find_addressees
from gateway.arkivmelding.reader import read
from gateway.message.prototype import IdentifiedBy, Weight
from tests.arkivmelding.dialects import fiks, part, v1, wrapped
from tests.documents import DPF, DPO, DPV, SENDER, Message, Part
from tests.secrets import PERSON_NUMBER

FJORDVIK = "Fjordvik tilsyn"
BREIDAL = "Breidal kommune"


def facts_of(*parts: Part) -> Facts:
    """The facts of a document with these parts."""
    return gather(read(Message(parts=parts).xml()))


def find(*parts: Part, given_: Sequence[Given] = (), written: Sequence[Given] = (), sender: str = SENDER) -> Addressing:
    """Who gets a document with these parts; identifiers on the parts themselves are passed over."""
    return find_addressees(facts_of(*parts), sender, requested=given_, written=written)


def to(name: str = FJORDVIK, type_: str = "Mottaker") -> Part:
    """A part without an identifier of its own."""
    return Part(name, None, type_)


def codes(addressing: Addressing) -> list[list[str]]:
    """The problems of each addressee."""
    return [[problem.code for problem in each.problems] for each in addressing.addressees]


def test_the_types_of_parts_decide_who_gets_it() -> None:
    """Mottaker and Kopimottaker do; senders and internal parts are told as skipped, with the reason."""
    addressing = find(
        to("Havnes kommune", "Avsender"),
        to(FJORDVIK, "Mottaker"),
        to("Postmottak", "Intern mottaker"),
        to(BREIDAL, "Kopimottaker"),
        to("Saksbehandler", "Intern avsender"),
        given_=(Given(2, FJORDVIK, DPO), Given(4, BREIDAL, DPF)),
    )
    assert [(each.part.index, each.identifier) for each in addressing.addressees] == [(2, DPO), (4, DPF)]
    assert [(each.part.index, each.reason) for each in addressing.skipped] == [
        (1, "SENDER"),
        (3, "INTERNAL"),
        (5, "INTERNAL"),
    ]
    assert codes(addressing) == [[], []]
    assert addressing.problems == ()


def test_a_part_of_an_unknown_type_is_not_dropped_in_silence() -> None:
    """It gets nothing, the others are not affected, and it is told."""
    addressing = find(to("Ukjent", "Medavsender"), to(), given_=(Given(2, FJORDVIK, DPO),))
    assert [each.part.index for each in addressing.addressees] == [2]
    assert [(each.part.index, each.part.type, each.reason) for each in addressing.skipped] == [
        (1, "Medavsender", "UNKNOWN_TYPE")
    ]


def test_internal_parts_alone_are_no_recipients() -> None:
    """Nobody is left, and everybody is told."""
    addressing = find(to("Postmottak", "Intern mottaker"))
    assert addressing.addressees == ()
    assert len(addressing.skipped) == 1


@pytest.mark.parametrize(
    ("requested", "written", "source"),
    [
        pytest.param([Given(1, FJORDVIK, DPO)], [], IdentifiedBy.RECIPIENTS, id="request"),
        pytest.param([], [Given(1, FJORDVIK, DPO)], IdentifiedBy.ADRESSERING, id="extension"),
        pytest.param([Given(1, FJORDVIK, DPO)], [Given(1, FJORDVIK, "311000020")], IdentifiedBy.RECIPIENTS, id="both"),
    ],
)
def test_the_identifier_comes_from_the_first_place(
    requested: list[Given], written: list[Given], source: IdentifiedBy
) -> None:
    """The request before the extension; two spellings of one number are no conflict."""
    addressing = find(to(), given_=requested, written=written)
    assert [(each.identifier, each.identified_by) for each in addressing.addressees] == [(DPO, source)]
    assert codes(addressing) == [[]]


@pytest.mark.parametrize(
    "xml",
    [
        v1(part("Mottaker", FJORDVIK, wrapped("organisasjonsnummer", "311000020"))),
        fiks(part("<kode>EM</kode>", FJORDVIK, "<organisasjonid>311000020</organisasjonid>")),
    ],
    ids=["v1", "fiks"],
)
def test_the_dialects_own_identifier_comes_first(xml: bytes) -> None:
    """And conflicts with another one that is given beside it."""
    facts = gather(read(xml))
    (addressee,) = find_addressees(facts, SENDER).addressees
    assert (addressee.identifier, addressee.identified_by) == (DPO, IdentifiedBy.DOCUMENT)
    conflict = find_addressees(facts, SENDER, requested=(Given(1, FJORDVIK, DPF),))
    assert codes(conflict) == [["ID_CONFLICT"]]


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        pytest.param([], "NO_ID", id="none"),
        pytest.param([Given(1, FJORDVIK, "311000021")], "ID_INVALID", id="wrong-check-digit"),
        pytest.param([Given(1, FJORDVIK, "")], "ID_INVALID", id="empty"),
        pytest.param([Given(1, FJORDVIK, DPO), Given(1, FJORDVIK, DPF)], "ID_CONFLICT", id="two"),
        pytest.param([Given(1, FJORDVIK, DPO), Given(1, FJORDVIK, "311000021")], "ID_CONFLICT", id="one-of-two-wrong"),
        pytest.param([Given(1, FJORDVIK, DPO), Given(1, FJORDVIK, DPO + ":avd")], "ID_CONFLICT", id="part-of-it"),
    ],
)
def test_an_identifier_in_doubt_is_none(given_: list[Given], code: str) -> None:
    """Nothing is guessed: the recipient stands there without an identifier, blocked."""
    addressing = find(to(), given_=given_)
    (addressee,) = addressing.addressees
    assert addressee.identifier is None
    assert [(each.code, each.severity, each.part) for each in addressee.problems] == [(code, Weight.BLOCK, 1)]
    assert addressee.problems[0].line > 1


@pytest.mark.parametrize(
    ("navn", "fits"),
    [
        (FJORDVIK, True),
        ("  fjordvik\n TILSYN ", True),
        ("Fjordvik tilsyn AS", False),
        ("Fjordvik", False),
        ("", False),
    ],
)
def test_an_identifier_belongs_to_a_name(navn: str, fits: bool) -> None:
    """Blanks and case apart, the name that comes with it must be the part's own."""
    addressing = find(to(), given_=[Given(1, navn, DPO)])
    assert codes(addressing) == ([[]] if fits else [["PART_MISMATCH"]])
    assert all(each.severity is Weight.BLOCK for each in addressing.addressees[0].problems)


def test_a_name_may_be_composed_in_two_ways() -> None:
    """What looks the same is the same: a letter with its ring apart is no mismatch."""
    name = "Åsgård kommune"
    addressing = find(to(name), given_=[Given(1, unicodedata.normalize("NFD", name), DPO)])
    assert codes(addressing) == [[]]


def test_an_identifier_for_nobody_blocks_the_whole() -> None:
    """For a part that does not exist, or that is no recipient."""
    parts = (to("Havnes kommune", "Avsender"), to())
    for index in (0, 1, 3):
        addressing = find(*parts, given_=[Given(2, FJORDVIK, DPO), Given(index, "noen", DPF)])
        assert [(each.code, each.severity, each.part) for each in addressing.problems] == [
            ("PART_MISMATCH", Weight.BLOCK, index)
        ]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [("Mottaker", "Kopimottaker", 1), ("Kopimottaker", "Mottaker", 2), ("Gruppemottaker", "Mottaker", 2)],
)
def test_the_same_identifier_twice_is_one_message(first: str, second: str, kept: int) -> None:
    """The Mottaker stays, the other is told as merged."""
    addressing = find(
        to(type_=first), to(type_=second), given_=[Given(1, FJORDVIK, DPO), Given(2, FJORDVIK, "311000020")]
    )
    assert [(each.part.index, each.identifier) for each in addressing.addressees] == [(kept, DPO)]
    assert [(each.part.index, each.reason) for each in addressing.skipped] == [(3 - kept, "MERGED")]
    assert codes(addressing) == [[]]


@pytest.mark.parametrize(
    ("name", "asks"), [("Breidal kommune", True), ("Fjordvik tilsyn, Postmottak", False), ("FJORDVIK TILSYN", False)]
)
def test_two_parts_of_different_names_with_one_identifier_are_asked_about(name: str, asks: bool) -> None:
    """A copied number would lose the second recipient, and its name is compared with nobody's."""
    addressing = find(to(), to(name), given_=[Given(1, FJORDVIK, DPO), Given(2, name, DPO)])
    assert codes(addressing) == ([["NAME_MISMATCH"]] if asks else [[]])
    assert all(each.severity is Weight.CONFIRM for each in addressing.addressees[0].problems)


def test_every_name_that_is_merged_is_asked_about() -> None:
    """Three parts, the last of which takes the place of the first: no question is lost on the way."""
    parts = (to(type_="Kopimottaker"), to(BREIDAL, "Kopimottaker"), to("Lia"))
    addressing = find(*parts, given_=[Given(n, each.name, DPO) for n, each in enumerate(parts, start=1)])
    (addressee,) = addressing.addressees
    assert (addressee.part.index, [each.part for each in addressee.problems]) == (3, [2, 1])


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_part_in_doubt_is_merged_with_nobody(wrong: int) -> None:
    """Mending the other one's message would lose it: it stands there by itself, without the other's number."""
    names = [FJORDVIK, FJORDVIK]
    names[wrong - 1] = BREIDAL
    addressing = find(*map(to, names), given_=[Given(1, FJORDVIK, DPO), Given(2, FJORDVIK, DPO)])
    right = 3 - wrong
    assert [(each.part.index, each.identifier) for each in addressing.addressees] == sorted(
        [(wrong, None), (right, DPO)]
    )
    assert codes(addressing)[wrong - 1] == ["PART_MISMATCH"]
    assert codes(addressing)[right - 1] == []
    assert addressing.skipped == ()


def test_of_two_parts_in_doubt_one_keeps_the_number() -> None:
    """So that it is one message at most, whatever is said yes to."""
    addressing = find(to(BREIDAL), to("Lia"), given_=[Given(1, FJORDVIK, DPO), Given(2, FJORDVIK, DPO)])
    assert [each.identifier for each in addressing.addressees] == [DPO, None]
    assert codes(addressing) == [["PART_MISMATCH"], ["PART_MISMATCH"]]


def test_the_sender_itself_gets_nothing() -> None:
    """It is skipped; a part of its organisation is another address."""
    addressing = find(
        to("Havnes kommune"),
        to("Havnes arkiv"),
        given_=[Given(1, "Havnes kommune", SENDER[5:]), Given(2, "Havnes arkiv", SENDER + ":arkiv")],
    )
    assert [each.identifier for each in addressing.addressees] == [SENDER + ":arkiv"]
    assert [(each.part.index, each.reason) for each in addressing.skipped] == [(1, "SELF")]


def test_the_senders_number_on_a_wrong_part_is_a_mismatch_not_the_sender() -> None:
    """An index that slipped must not make a recipient vanish as if it were the sender."""
    addressing = find(to(), given_=[Given(1, "Havnes kommune", SENDER)])
    assert codes(addressing) == [["PART_MISMATCH"]]
    assert addressing.addressees[0].identifier is None
    assert addressing.skipped == ()


def test_a_group_is_expanded_by_the_caller() -> None:
    """Each member that was given is a recipient of its own; without members it blocks."""
    empty = find(to("Alle tilsyn", "Gruppemottaker"))
    assert codes(empty) == [["GROUP_NOT_EXPANDED"]]
    assert empty.addressees[0].identifier is None
    full = find(
        to("Alle tilsyn", "Gruppemottaker"),
        given_=[Given(1, "Alle tilsyn", DPO), Given(1, "Alle tilsyn", DPF), Given(1, "Andre", DPV)],
    )
    assert [each.identifier for each in full.addressees] == [DPO, DPF, DPV]
    assert codes(full) == [[], [], ["PART_MISMATCH"]]


def test_a_person_may_be_named_and_is_not_told() -> None:
    """The number is the identifier, and no sentence of a fault holds one."""
    addressing = find(to(), given_=[Given(1, FJORDVIK, PERSON_NUMBER)])
    assert addressing.addressees[0].identifier == PERSON_NUMBER
    wrong = find(to(), given_=[Given(1, FJORDVIK, PERSON_NUMBER[:10] + "8")])
    assert PERSON_NUMBER[:10] not in wrong.addressees[0].problems[0].message


@pytest.mark.parametrize(
    ("number", "disagrees"), [("311000012", False), ("0192:311000012", False), ("311000020", True), ("tull", True)]
)
def test_the_documents_own_sender_is_compared(number: str, disagrees: bool) -> None:
    """Only where it has an identifier; whose word counts is not its matter."""
    facts = gather(read(v1(part("Avsender", "Havnes", wrapped("organisasjonsnummer", number)))))
    assert avsender_disagrees(facts, SENDER) is disagrees
    assert not avsender_disagrees(facts_of(to("Havnes", "Avsender")), SENDER)


NAMES = ("Fjordvik tilsyn", "Breidal kommune", "Lia snekkeri", "Skogen helseforetak")
NUMBERS = (SENDER, DPO, DPF, DPV)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["Mottaker", "Kopimottaker", "Avsender"])),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.builds(Given, st.integers(0, 5), st.sampled_from(NAMES), st.sampled_from(NUMBERS)), max_size=6),
)
def test_nobody_gets_what_was_meant_for_another(parts: list[tuple[str, str]], given_: list[Given]) -> None:
    """Whatever indexes and names are mixed up, an unblocked recipient was given under its own index and name."""
    addressing = find(*(Part(name, None, type_) for name, type_ in parts), given_=given_)
    for each in addressing.addressees:
        if not any(problem.severity is Weight.BLOCK for problem in each.problems):
            claims = [claim for claim in given_ if claim.part == each.part.index]
            assert {(claim.navn, claim.identifikator) for claim in claims} == {(each.part.name, each.identifier)}
    everybody = [each.part.index for each in (*addressing.addressees, *addressing.skipped)]
    assert sorted(everybody) == list(range(1, len(parts) + 1))
    reached = [each.identifier for each in addressing.addressees if each.identifier]
    assert len(set(reached)) == len(reached)
    assert SENDER not in reached
