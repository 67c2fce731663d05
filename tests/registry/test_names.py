"""Names: which pairs pass for the same organisation, and which must be asked about."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message.prototype import NameMatch
from gateway.registry.names import compare_names

SAME, SIMILAR, DIFFERENT, UNVERIFIABLE = (
    NameMatch.SAME,
    NameMatch.SIMILAR,
    NameMatch.DIFFERENT,
    NameMatch.UNVERIFIABLE,
)
ORDINARY = ("Fjordvik tilsyn", "Breidal kommune", "Lia Snekkeri AS", "Skogen helseforetak HF", "Nordmark fylkeskommune")


@pytest.mark.parametrize(
    ("part", "registered", "match"),
    [
        # the same, written otherwise
        pytest.param("Fjordvik tilsyn", "FJORDVIK TILSYN", SAME, id="case"),
        pytest.param("  Fjordvik   tilsyn ", "FJORDVIK TILSYN", SAME, id="blanks"),
        pytest.param("Plan- og bygningsetaten", "PLAN OG BYGNINGSETATEN", SAME, id="punctuation"),
        pytest.param("Lia Snekkeri", "LIA SNEKKERI AS", SAME, id="form-left-out"),
        pytest.param("Lia Snekkeri A.S.", "LIA SNEKKERI AS", SAME, id="form-with-dots"),
        pytest.param("Lia Snekkeri A/S", "LIA SNEKKERI AS", SAME, id="form-with-a-stroke"),
        pytest.param("Skogen sykehus", "SKOGEN SYKEHUS HF", SAME, id="health-form"),
        pytest.param(
            unicodedata.normalize("NFD", "Ålsgård kommune"), "ÅLSGÅRD KOMMUNE", SAME, id="letters-composed-otherwise"
        ),
        pytest.param("Vann og avløp", "VANN OG AVLØP", SAME, id="with-a-small-word"),
        pytest.param("Strøm & Sønn AS", "STRØM & SØNN AS", SAME, id="ampersand"),
        pytest.param("Das Müller-Haus", "DAS MÜLLER HAUS", SAME, id="umlaut"),
        # similar: one says more than the other, of the same
        pytest.param("kommune Breidal", "BREIDAL KOMMUNE", SIMILAR, id="word-order"),
        pytest.param("Breidal", "BREIDAL KOMMUNE", SIMILAR, id="kommune-left-out"),
        pytest.param("Fjordvik tilsyn, Postmottak", "FJORDVIK TILSYN", SIMILAR, id="with-a-unit"),
        pytest.param("Etat for bygg, Breidal kommune", "BREIDAL KOMMUNE", SIMILAR, id="unit-first"),
        pytest.param("elektrikeren AS, Veien 100, Oslo", "ELEKTRIKEREN AS", SIMILAR, id="with-an-address"),
        pytest.param("Nordmark", "NORDMARK FYLKESKOMMUNE", SIMILAR, id="fylkeskommune-left-out"),
        pytest.param("Nordmark", "NORDMARK FYLKE", SIMILAR, id="fylke-left-out"),
        pytest.param("Posten", "POSTEN NORGE AS", SIMILAR, id="norge-left-out"),
        pytest.param("Norsk Bergverk", "BERGVERK", SIMILAR, id="norsk-left-out"),
        pytest.param("Byggesak", "AVDELING BYGGESAK", SIMILAR, id="avdeling-left-out"),
        pytest.param("Vannverket", "ETAT FOR VANNVERKET", SIMILAR, id="etat-left-out"),
        pytest.param("Vann avløp", "VANN OG AVLØP", SIMILAR, id="og-left-out"),
        pytest.param("Avløp", "AVLØP AV I THE", SIMILAR, id="small-words-alone"),
        pytest.param("Statsforvalteren Vestre", "STATSFORVALTEREN I VESTRE", SIMILAR, id="a-small-word"),
        # different: must be asked about
        pytest.param("Bergen kommune", "BERGENHUS KOMMUNE", DIFFERENT, id="longer-place"),
        pytest.param("Strand kommune", "STRANDA KOMMUNE", DIFFERENT, id="two-places-a-letter-apart"),
        pytest.param("Sokndal kommune", "SOGNDAL KOMMUNE", DIFFERENT, id="two-places-of-one-letter-changed"),
        pytest.param("Kristiansand havn", "KRISTIANSUND HAVN", DIFFERENT, id="two-towns-of-one-letter-changed"),
        pytest.param("Hol kommune", "HOLE KOMMUNE", DIFFERENT, id="short-places"),
        pytest.param("Nord-Aurdal kommune", "SØR-AURDAL KOMMUNE", DIFFERENT, id="north-and-south"),
        pytest.param("Gamle Strand kommune", "NYE ELVDAL KOMMUNE", DIFFERENT, id="renamed"),
        pytest.param("Nordmark fylkeskommune", "NORDMARK KOMMUNE", DIFFERENT, id="county-and-municipality"),
        pytest.param("Bergen kommune", "BERGEN KINO AS", DIFFERENT, id="municipality-and-company"),
        pytest.param("Nordmark fylke", "NORDMARK AS", DIFFERENT, id="county-and-company"),
        pytest.param("Bergen AS", "BERGEN KOMMUNE", DIFFERENT, id="company-and-municipality"),
        pytest.param("Ringerike IKS", "RINGERIKE KOMMUNE", DIFFERENT, id="joint-company-and-municipality"),
        pytest.param("Statsforvalteren i Vestre", "STATSFORVALTEREN I ØSTRE", DIFFERENT, id="two-governors"),
        pytest.param("Statsforvalteren", "STATSFORVALTEREN I VESTRE", DIFFERENT, id="a-governor-of-anywhere"),
        pytest.param("Kommune", "BREIDAL KOMMUNE", DIFFERENT, id="only-a-common-word"),
        pytest.param("Norsk etat for bygg", "NORSK ETAT FOR VANN", DIFFERENT, id="common-words-in-common"),
        pytest.param("Fjordvik tilsyn", "TILSYN", DIFFERENT, id="a-single-word"),
        pytest.param("Fjørdvik tilsyn", "FJORDVIK TILSYN", DIFFERENT, id="misspelt"),
        pytest.param("AS", "HF", DIFFERENT, id="forms-alone"),
        # nothing to compare
        pytest.param("Fjordvik tilsyn", None, UNVERIFIABLE, id="the-registry-gives-none"),
        pytest.param("Fjordvik tilsyn", "", UNVERIFIABLE, id="the-registry-gives-nothing"),
        pytest.param("", "FJORDVIK TILSYN", UNVERIFIABLE, id="the-part-has-none"),
        pytest.param(" – ", "FJORDVIK TILSYN", UNVERIFIABLE, id="no-word-in-it"),
    ],
)
def test_two_names_are_compared(part: str, registered: str | None, match: NameMatch) -> None:
    """A doubt is a question to a person, never a silent yes."""
    assert compare_names(part, registered) is match


@pytest.mark.parametrize(
    ("part", "registered"),
    [
        ("Bergen kommune", "BERGEN KOMMUNE PENSJONSKASSE"),
        ("Sykehuset Innlandet", "SYKEHUSET INNLANDET PENSJONSKASSE"),
        ("Oslo kommune", "OSLO KOMMUNE UTDANNINGSETATEN"),
        ("Breidal kommune", "BREIDAL KOMMUNE BYARKIVET"),
        ("Lia Snekkeri AS", "LIA SNEKKERI ENK"),
        ("Lia Snekkeri", "LIA SNEKKERI HOLDING AS"),
        ("Bergen kommune", "BERGEN KOMMUNE KF"),
        ("Bergen kommune", "BERGEN KOMMUNE AS"),
        ("Breidal kommune", "BREIDAL KOMMUNE VANN OG AVLØP"),
        ("Lia Snekkeri AS KF", "LIA SNEKKERI AS ENK"),
    ],
)
def test_more_words_in_the_registry_make_it_somebody_else(part: str, registered: str) -> None:
    """Another legal entity often has the same name and a word more."""
    assert compare_names(part, registered) is NameMatch.DIFFERENT


@pytest.mark.parametrize(
    "form", ["AS", "ASA", "ANS", "DA", "SA", "SF", "KS", "BA", "IKS", "KF", "FKF", "HF", "RHF", "NUF", "ENK"]
)
def test_organisation_forms_do_not_count(form: str) -> None:
    """In front or behind, and they tell a company from an authority."""
    assert compare_names("Lia Snekkeri", f"LIA SNEKKERI {form}") is SAME
    assert compare_names(f"{form} Lia Snekkeri", "LIA SNEKKERI") is SAME
    assert compare_names(f"Lia {form}", "LIA KOMMUNE") is DIFFERENT


@given(st.text(max_size=40), st.text(max_size=40))
def test_comparing_is_fair(one: str, other: str) -> None:
    """Any two texts have one answer, the same one the other way round if they are the same or cannot be compared."""
    for match in (SAME, UNVERIFIABLE):
        assert (compare_names(one, other) is match) == (compare_names(other, one) is match)
    assert compare_names(one, one) in (SAME, UNVERIFIABLE)


@given(
    st.sampled_from(ORDINARY), st.sampled_from(["pensjonskasse", "eiendom", "byarkivet", "utdanningsetaten", "havn"])
)
def test_a_word_more_is_asked_about_where_the_registry_says_it(name: str, more: str) -> None:
    """The part may add a unit to the organisation; the registry adds one to make it another organisation."""
    assert compare_names(name, f"{name} {more}".upper()) is DIFFERENT
    assert compare_names(f"{name}, {more}", name.upper()) is SIMILAR


@given(st.sampled_from(ORDINARY), st.sampled_from(ORDINARY))
def test_two_organisations_are_never_the_same(one: str, other: str) -> None:
    """Among ordinary names only equal ones match."""
    assert (compare_names(one, other.upper()) is DIFFERENT) == (one != other)


@given(st.sampled_from(ORDINARY), st.data())
def test_a_changed_letter_is_asked_about(name: str, data: st.DataObject) -> None:
    """In a word that tells it from others, no slip is forgiven: it may be the name of a neighbour."""
    word = name.split()[0]
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyzæøå"))
    changed = word[:place] + letter + word[place + 1 :]
    if changed.casefold() != word.casefold():
        assert compare_names(changed + name[len(word) :], name) is DIFFERENT
