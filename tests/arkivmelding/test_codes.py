"""Letters and labels: each letter of Noark means one label, and whatever could mean two means none."""

import pytest

from gateway.arkivmelding.codes import FIKS_ARKIV, NOARK, label_meant
from gateway.arkivmelding.reader import NAMESPACE
from gateway.arkivmelding.schema import Profile
from tests.arkivmelding.documents_for_schema import SCHEMAS

CATALOGUE = NAMESPACE.replace("arkivmelding", "metadatakatalog")
SIMPLE = SCHEMAS.model(Profile.HEAD).simple_types

BOTH_WAYS = {
    "journalposttype": {
        "I": "Inngående dokument",
        "U": "Utgående dokument",
        "N": "Organinternt dokument for oppfølging",
        "X": "Organinternt dokument uten oppfølging",
        "S": "Saksframlegg",
    },
    "journalstatus": {
        "J": "Journalført",
        "G": "Godkjent av leder",
        "E": "Ekspedert",
        "A": "Arkivert",
        "U": "Utgår",
    },
    "saksstatus": {"B": "Under behandling", "A": "Avsluttet", "U": "Utgår"},
    "dokumentstatus": {"B": "Dokumentet er under redigering", "F": "Dokumentet er ferdigstilt"},
    "tilknyttetRegistreringSom": {"H": "Hoveddokument", "V": "Vedlegg"},
    "variantformat": {
        "P": "Produksjonsformat",
        "A": "Arkivformat",
        "O": "Dokument hvor deler av innholdet er skjermet",
    },
    "korrespondanseparttype": {
        "EA": "Avsender",
        "EM": "Mottaker",
        "EK": "Kopimottaker",
        "GM": "Gruppemottaker",
        "IA": "Intern avsender",
        "IM": "Intern mottaker",
    },
    "dokumentmedium": {
        "F": "Fysisk medium",
        "E": "Elektronisk arkiv",
        "B": "Blandet fysisk og elektronisk arkiv",
    },
    "avskrivningsmaate": {
        "BU": "Besvart med brev",
        "BE": "Besvart med e-post",
        "TLF": "Besvart på telefon",
        "TE": "Tatt til etterretning",
        "TO": "Tatt til orientering",
    },
}
ONLY_FIKS = {
    "journalstatus": {"F": "Ferdigstilt fra saksbehandler"},
    "korrespondanseparttype": {"IK": "Intern mottaker"},
    "skjermingDokument": {"H": "Skjerming av hele dokumentet", "D": "Skjerming av deler av dokumentet"},
}
ROWS = [(name, letter, label) for name, row in BOTH_WAYS.items() for letter, label in row.items()]
FIKS_ROWS = [(name, letter, label) for name, row in ONLY_FIKS.items() for letter, label in row.items()]


def labels(name: str) -> tuple[str, ...]:
    """The labels of that element."""
    return SIMPLE[f"{{{CATALOGUE}}}{name}"].labels


def test_the_tables_hold_these_letters_and_no_others() -> None:
    """A letter that is added must be added here, too, and looked up in both lists first."""
    assert {name: dict(row) for name, row in NOARK.items()} == BOTH_WAYS
    assert {name: dict(row) for name, row in FIKS_ARKIV.items()} == {
        name: BOTH_WAYS.get(name, {}) | ONLY_FIKS.get(name, {}) for name in (*BOTH_WAYS, *ONLY_FIKS)
    }


@pytest.mark.parametrize(("name", "letter", "label"), ROWS)
def test_a_letter_is_its_label_in_both_lists(name: str, letter: str, label: str) -> None:
    """And the label itself is a label of the schema, whether it stands alone or with blanks around."""
    assert label in labels(name)
    for codes in (NOARK, FIKS_ARKIV):
        for text in (letter, f" {letter}\n", label, label.upper(), f"\u00a0{label} "):
            assert label_meant(name, text, labels=labels(name), codes=codes) == label


@pytest.mark.parametrize(("name", "letter", "label"), FIKS_ROWS)
def test_some_letters_mean_something_in_fiks_arkiv_alone(name: str, letter: str, label: str) -> None:
    """Elsewhere nobody can know, or nobody writes them."""
    assert label in labels(name)
    assert label_meant(name, letter, labels=labels(name), codes=FIKS_ARKIV) == label
    assert label_meant(name, letter, labels=labels(name), codes=NOARK) is None


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_no_two_letters_of_one_list_mean_the_same(name: str) -> None:
    """So that a label has one letter, too."""
    row = BOTH_WAYS[name]
    assert len(set(row.values())) == len(row)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("journalstatus", "F"),
        ("journalstatus", "R"),
        ("journalstatus", "S"),
        ("journalstatus", "M"),
        ("saksstatus", "F"),
        ("saksstatus", "P"),
        ("saksstatus", "R"),
        ("tilknyttetRegistreringSom", "vedl."),
        ("korrespondanseparttype", "Motaker"),
        ("korrespondanseparttype", "Mottakere"),
        ("journalposttype", "u"),
        ("journalposttype", "U U"),
        ("journalposttype", "UD"),
        ("journalposttype", "Utgåendedokument"),
        ("journalposttype", ""),
        ("journalposttype", " "),
        ("journalposttype", "Utgaende dokument"),
    ],
)
def test_what_may_mean_something_else_means_nothing(name: str, text: str) -> None:
    """F and R of journalstatus, small letters, letters of other lists, and words that are only nearly right."""
    assert label_meant(name, text, labels=labels(name), codes=NOARK) is None


def test_r_of_journalstatus_is_ambiguous_in_fiks_arkiv_too() -> None:
    """It is Reservert in one list and Registrert in the other."""
    assert label_meant("journalstatus", "R", labels=labels("journalstatus"), codes=FIKS_ARKIV) is None


@pytest.mark.parametrize(
    "text",
    [
        "inngående DOKUMENT",
        "Innga\u030aende dokument",
        "Inngående  dokument",
        "Inngående\u00a0dokument",
        "\n  Inngående\n  dokument\n",
    ],
)
def test_the_spelling_of_a_label_does_not_matter(text: str) -> None:
    """Case, blanks of all sorts, how a letter is composed."""
    name = "journalposttype"
    assert label_meant(name, text, labels=labels(name), codes={}) == "Inngående dokument"


def test_a_letter_is_no_label_where_the_schema_does_not_have_it() -> None:
    """What is not among the labels that are asked for is never answered."""
    assert label_meant("journalposttype", "U", labels=("Saksframlegg",), codes=NOARK) is None
