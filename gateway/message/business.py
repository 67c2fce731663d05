"""The business messages of eFormidling by type: their members, whether they need a file, whether they are receipts.

In comes the member of an SBD that is named after the type, out come faults in a list. Tables, and one function that holds
a message against them. Called by the reader of clients' SBDs, and by delivery. Source: reference of the NextMove API §4.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.language import say
from gateway.message.places import Place

_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)


class Kind(StrEnum):
    """What a member holds. Scalars may be written as texts, too: the reference takes them so."""

    TEXT = "text"
    WHOLE = "whole"
    FLAG = "flag"
    OBJECT = "object"
    LIST = "list"  # of objects
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """One member. `demanded` by the reference's documentation, not by its code; `inner` are those of an object or of a
    list's objects, without which nothing is said of what is inside."""

    name: str
    kind: Kind = Kind.TEXT
    demanded: bool = False
    one_of: tuple[object, ...] = ()
    inner: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class BusinessType:
    """One type. `standard` is its canonical document type; `needs_main`: one of its files must be named `hoveddokument`."""

    name: str
    standard: str
    fields: tuple[Field, ...]
    needs_file: bool = True
    needs_main: bool = False
    is_receipt: bool = False


def _must(
    name: str, kind: Kind = Kind.TEXT, *, one_of: tuple[object, ...] = (), inner: tuple[Field, ...] = ()
) -> Field:
    return Field(name, kind, True, one_of, inner)


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


_MAIN = Field("hoveddokument")
_LEVEL = Field("sikkerhetsnivaa", Kind.WHOLE, one_of=(3, 4))
_MESSAGES = Field("messages", Kind.LIST, inner=_texts("code", "text"))
_DPV = Field(
    "dpv",
    Kind.OBJECT,
    inner=(
        Field("varselType", one_of=("VarselDPVUtenRevarsel", "VarselDPVMedRevarsel")),
        Field("varselTransportType", one_of=("Epost", "SMS", "EpostOgSMS")),
        *_texts("varselTekst", "taushetsbelagtVarselTekst"),
        Field("dagerTilSvarfrist", Kind.WHOLE),
    ),
)
_ADDRESS = _texts(
    "navn", "adresselinje1", "adresselinje2", "adresselinje3", "adresselinje4", "postnummer", "poststed", "land"
)

_ALL = (
    BusinessType(
        "arkivmelding",
        "urn:no:difi:arkivmelding:xsd::arkivmelding",
        (_LEVEL, _MAIN, _DPV, Field("dpf", Kind.OBJECT, inner=_texts("forsendelseType"))),
    ),
    BusinessType(
        "arkivmelding_kvittering",
        "urn:no:difi:arkivmelding:xsd::arkivmelding_kvittering",
        (*_texts("receiptType", "relatedToMessageId"), _MESSAGES, _MAIN),
        needs_file=False,
        is_receipt=True,
    ),
    BusinessType(
        "avtalt",
        "urn:no:difi:avtalt:xsd::avtalt",
        (_must("identifier"), _must("content", Kind.ANY), _MAIN),
        needs_file=False,
    ),
    BusinessType(
        "digital",
        "urn:no:difi:digitalpost:xsd:digital::digital",
        (
            _must("sikkerhetsnivaa", Kind.WHOLE, one_of=(3, 4)),
            *(_must(name) for name in ("hoveddokument", "tittel", "spraak")),
            _must(
                "digitalPostInfo",
                Kind.OBJECT,
                inner=(_must("virkningsdato"), _must("aapningskvittering", Kind.FLAG)),
            ),
            *_texts("avsenderId", "fakturaReferanse"),
            Field("varsler", Kind.OBJECT, inner=_texts("epostTekst", "smsTekst")),
            Field("metadataFiler", Kind.OBJECT),
        ),
        needs_main=True,
    ),
    BusinessType(
        "digital_dpv",
        "urn:no:difi:digitalpost:xsd:digital::digital_dpv",
        (*(_must(name) for name in ("tittel", "sammendrag", "innhold")), _DPV, _MAIN),
    ),
    BusinessType(
        "print",
        "urn:no:difi:digitalpost:xsd:fysisk::print",
        (
            _must("mottaker", Kind.OBJECT, inner=_ADDRESS),
            _must(
                "retur",
                Kind.OBJECT,
                inner=(
                    _must("mottaker", Kind.OBJECT, inner=_ADDRESS),
                    _must("returhaandtering", one_of=("DIREKTE_RETUR", "MAKULERING_MED_MELDING")),
                ),
            ),
            Field("utskriftsfarge", one_of=("SORT_HVIT", "FARGE")),
            Field("posttype", one_of=("A_PRIORITERT", "B_OEKONOMI")),
            *_texts("avsenderId", "fakturaReferanse"),
            Field("printinstruksjoner", Kind.OBJECT),
            _must("hoveddokument"),
        ),
        needs_main=True,
    ),
    BusinessType(
        "dialogmelding",
        "urn:no:difi:helse:xsd:schema::dialogmelding",
        (
            _must(
                "pasient",
                Kind.OBJECT,
                inner=(_must("fnr"), _must("fornavn"), Field("mellomnavn"), _must("etternavn")),
            ),
            Field("metadataFiler", Kind.OBJECT),
            _must("hoveddokument"),
        ),
        needs_main=True,
    ),
    BusinessType(
        "dialogmelding_kvittering",
        "urn:no:difi:helse:xsd::dialogmelding_kvittering",
        (
            Field("relatedToMessageId"),
            Field("status", one_of=("OK", "REJECTED", "OK_ERROR_IN_MESSAGE_PART")),
            _MESSAGES,
            Field("rawReceipt"),
        ),
        needs_file=False,
        is_receipt=True,
    ),
    BusinessType("innsynskrav", "urn:no:difi:einnsyn:xsd::innsynskrav", (_must("orgnr"), _must("epost"), _MAIN)),
    BusinessType("publisering", "urn:no:difi:einnsyn:xsd::publisering", (_must("orgnr"), _MAIN)),
    BusinessType(
        "einnsyn_kvittering",
        "urn:no:difi:einnsyn:xsd::einnsyn_kvittering",
        (
            _must("dokumentId"),
            _must("status"),
            _must("referanseType", one_of=("innsynskrav", "publisering")),
            _MAIN,
        ),
        needs_file=False,
        is_receipt=True,
    ),
)

BUSINESS_TYPES: dict[str, BusinessType] = {each.name: each for each in _ALL}
# Those that a channel of this version carries; the others wait for theirs.
CARRIED = frozenset({"arkivmelding", "arkivmelding_kvittering", "avtalt"})


def check_business(business: Place, kind: BusinessType, *, complete: bool) -> None:
    """Note what does not fit the type; `complete` notes demanded members that are missing. Unknown members are no fault."""
    if business.holds_object():
        _check_fields(business, kind.fields, complete=complete)


def security_level(value: object) -> int | None:
    """`sikkerhetsnivaa` as the registry is asked with it."""
    return int(str(value)) if _is_whole(value) else None


def _check_fields(place: Place, fields: Sequence[Field], *, complete: bool) -> None:
    for field in fields:
        inner = place.member(field.name)
        if inner.value is None:
            if complete and field.demanded:
                inner.demand()
            continue
        _check_value(inner, field, complete=complete)


def _check_value(place: Place, field: Field, *, complete: bool) -> None:
    value = place.value
    if field.kind is Kind.OBJECT:
        if place.holds_object():
            _check_fields(place, field.inner, complete=complete)
    elif field.kind is Kind.LIST:
        for each in place.items():
            _check_fields(each, field.inner, complete=complete)
    elif field.kind is Kind.TEXT and not isinstance(value, (str, int, float)):
        place.wrong_kind(say("a text"))
    elif field.kind is Kind.FLAG and str(value).lower() not in ("true", "false"):
        place.wrong_kind(say("true or false"))
    elif field.kind is Kind.WHOLE and not _is_whole(value):
        place.wrong_kind(say("a whole number"))
    elif field.one_of:
        said = Place(int(str(value)), place.path, place.found) if field.kind is Kind.WHOLE else place
        said.one_of(field.one_of)


def _is_whole(value: object) -> bool:
    return not isinstance(value, (bool, float)) and isinstance(value, (int, str)) and bool(_WHOLE.fullmatch(str(value)))
