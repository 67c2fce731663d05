"""Changes to the made-up organisations at run time: a new name, another channel, a certificate that ran out.

Comes in: JSON from `POST /_sim/organisations`; goes out: the organisation as it is then. What is absent stays. Called
by the controls.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.errors import Invalid
from gateway.message.identifiers import is_organisasjonsnummer
from gateway.message.processes import ARKIVMELDING_PROCESSES, ARKIVMELDING_RESPONSE
from gateway.sandbox.decisions import PROCESSES
from gateway.sandbox.organisations import Address, Organisation, SvarUtSystem, Virksert

_MEMBERS = frozenset({"number", "name", "form", "address", "elma", "svarut", "virksert", "note"})


def read_change(wish: Mapping[str, object], known: Organisation | None) -> Organisation:
    """The organisation after the change; `known` is how it was, None for a new one. Invalid names what cannot be."""
    if unknown := set(wish) - _MEMBERS:
        raise Invalid(f"unknown members: {', '.join(sorted(unknown))}; there are {', '.join(sorted(_MEMBERS))}")
    organisation = known or _begin(wish)
    return replace(
        organisation,
        name=_text(wish, "name", known=organisation.name),
        form=_text(wish, "form", known=organisation.form),
        note=_text(wish, "note", known=organisation.note),
        address=_read_address(wish.get("address"), organisation.address),
        elma=_read_elma(wish["elma"]) if "elma" in wish else organisation.elma,
        svarut=_read_svarut(wish["svarut"]) if "svarut" in wish else organisation.svarut,
        virksert=_read_virksert(wish["virksert"]) if "virksert" in wish else organisation.virksert,
    )


def show_organisation(organisation: Organisation) -> dict[str, object]:
    """The organisation as JSON, in the form in which a change is read."""
    address = organisation.address
    return {
        "number": organisation.number,
        "name": organisation.name,
        "form": organisation.form,
        "address": {"street": address.street, "postcode": address.postcode, "place": address.place},
        "elma": sorted(organisation.elma),
        "svarut": [system.level for system in organisation.svarut],
        "virksert": organisation.virksert,
        "note": organisation.note,
    }


def _begin(wish: Mapping[str, object]) -> Organisation:
    number = _text(wish, "number", known="").removeprefix("0192:")
    if not is_organisasjonsnummer(number):
        raise Invalid("number must be an organisasjonsnummer: nine digits with their check digit")
    if not wish.get("name"):
        raise Invalid("a new organisation needs a name")
    return Organisation(number, _text(wish, "name", known=""), "AS")


def _read_address(value: object, known: Address) -> Address:
    if value is None:
        return known
    if not isinstance(value, Mapping):
        raise Invalid("address must be an object with street, postcode and place")
    return Address(
        _text(value, "street", known=known.street),
        _text(value, "postcode", known=known.postcode),
        _text(value, "place", known=known.place),
    )


def _read_elma(value: object) -> frozenset[str]:
    """`"all"` is every arkivmelding process and the receipts, a list holds process ids."""
    if value == "all":
        return frozenset((*ARKIVMELDING_PROCESSES, ARKIVMELDING_RESPONSE))
    if not isinstance(value, list) or not PROCESSES.keys() >= set(map(str, value)):
        raise Invalid('elma must be "all" or a list of process ids that the registry knows')
    return frozenset(map(str, value))


def _read_svarut(value: object) -> tuple[SvarUtSystem, ...]:
    if not isinstance(value, list) or not all(isinstance(level, int) and level in (3, 4) for level in value):
        raise Invalid("svarut must be a list of the levels 3 and 4")
    return tuple(SvarUtSystem(level) for level in value)


def _read_virksert(value: object) -> Virksert:
    if value not in set(Virksert):
        raise Invalid(f"virksert must be one of {', '.join(Virksert)}")
    return Virksert(str(value))


def _text(wish: Mapping[str, object], name: str, *, known: str) -> str:
    value = wish.get(name, known)
    if not isinstance(value, str):
        raise Invalid(f"{name} must be text")
    return value
