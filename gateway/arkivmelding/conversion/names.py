"""What the elements of the eFormidling arkivmelding are called in the other dialects.

Tables alone: the element of the target, by type and name, and the names that it has where it comes from. What is not
listed has the same name everywhere. Sources: the v1 schema, KS' message types, Fiks Arkiv V1 and its forerunners.
"""

from collections.abc import Mapping

# (type of the target, child) → its names elsewhere. The first that is there is taken.
_BY_TYPE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("mappe", "ReferanseForeldermappe"): ("ReferanseForeldermappe", "referanseForeldermappe", "referanseForelderMappe"),
    ("klassifikasjon", "referanseKlassifikasjonssystem"): (
        "referanseKlassifikasjonssystem",
        "klassifikasjonssystem",
        "klassifikasjonssystemID",
    ),
}
_EVERYWHERE: Mapping[str, tuple[str, ...]] = {
    "basisregistrering": ("basisregistrering", "registrering"),
    "klassifikasjon": ("klassifikasjon", "klasse"),
    "sakspart": ("sakspart", "part"),
    "sakspartID": ("sakspartID", "partID"),
    "sakspartNavn": ("sakspartNavn", "partNavn"),
    "sakspartRolle": ("sakspartRolle", "partRolle"),
    "referanseArkivdel": ("referanseArkivdel", "arkivdel"),
    "land": ("land", "landkode"),
    "skjermingOpphoererDato": ("skjermingOpphoererDato", "skjermingOpphoerer"),
}
# `gradering` holds the grade under a name of its own.
_GRADE = ("gradering", "grad")

# Where a part or party keeps who it is. Used for addressing, and nobody else's business afterwards.
IDENTIFIERS = frozenset(
    {
        "organisasjonsnummer",
        "foedselsnummer",
        "DNummer",
        "organisasjonid",
        "personid",
        "organisasjonID",
        "personID",
        "korrespondansepartID",
    }
)
# Whole elements that may be left out where the target demands something of them that nobody knows.
MAY_BE_LEFT_OUT = frozenset(
    {"klassifikasjon", "sakspart", "merknad", "kryssreferanse", "presedens", "avskrivning", "dokumentflyt"}
)
# Of a shielding, what may be lost without weakening it.
HARMLESS = frozenset({"skjermingOpphoererAksjon"})


def names_of(child: str, types: tuple[str, ...]) -> tuple[str, ...]:
    """The names that the child of one of these types (itself and its bases) may have in a source."""
    if child == "gradering" and "gradering" in types:
        return _GRADE
    for each in types:
        if (each, child) in _BY_TYPE:
            return _BY_TYPE[each, child]
    return _EVERYWHERE.get(child, (child,))
