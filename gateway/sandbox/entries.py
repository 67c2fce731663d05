"""The ServiceRegistry's JSON: who somebody is, and each way to them, with endpoint, certificate and codes.

Comes in: an organisation or a citizen and the ways that were decided; goes out: the objects of `infoRecord` and
`serviceRecords`. Called by the registry's door. Source: reference of the ServiceRegistry §4.
"""

from gateway.errors import NotFound
from gateway.message.processes import Channel
from gateway.sandbox.authority import Authority, Holder, pem
from gateway.sandbox.decisions import DPO_RESOURCE, Receiver, Way
from gateway.sandbox.organisations import Organisation, Virksert

JsonObject = dict[str, object]
SVARUT = Holder("311900013", "SANDKASSE SVARUT")


class Entries:
    """Writes the entries; `url` is where the sandbox stands."""

    def __init__(self, authority: Authority, *, url: str) -> None:
        self._authority = authority
        self._url = url

    def certificate(self, organisation: Organisation) -> str:
        """The business certificate in the catalogue as PEM; NotFound where the catalogue has none."""
        holder = Holder(organisation.number, organisation.name)
        match organisation.virksert:
            case Virksert.MISSING:
                raise NotFound(
                    f"Unable to find DPO certificate for: {organisation.number}", code="certificate_not_found"
                )
            case Virksert.EXPIRED:
                return pem(self._authority.expired(holder))
            case _:
                return pem(self._authority.credential(holder).certificate)

    def write_service(self, receiver: Receiver, organisation: Organisation | None, *, way: Way) -> JsonObject:
        """One service record; `organisation` is None for a citizen."""
        return {
            "organisationNumber": receiver.identifier,
            "pemCertificate": self._certificate_for(organisation, way),
            "process": way.process.id,
            "documentTypes": list(way.process.document_types),
            "service": self._write_endpoint(way),
        }

    def _certificate_for(self, organisation: Organisation | None, way: Way) -> str | None:
        if way.channel is Channel.DPF:
            return pem(self._authority.credential(SVARUT).certificate)
        return self.certificate(organisation) if organisation and way.channel is Channel.DPO else None

    def _write_endpoint(self, way: Way) -> JsonObject:
        service: JsonObject = {
            "identifier": str(way.channel),
            "endpointUrl": self._url,
            "serviceCode": None,
            "serviceEditionCode": None,
            "securityLevel": way.security_level,
            "resource": None,
        }
        if way.channel is Channel.DPO:
            service |= {"serviceCode": "4192", "serviceEditionCode": "270815", "resource": DPO_RESOURCE}
        if way.channel is Channel.DPV:
            process = way.process
            service |= {"serviceCode": "4255", "serviceEditionCode": process.edition, "resource": process.resource}
        return service


def write_organisation(organisation: Organisation) -> JsonObject:
    """The info record of an organisation."""
    return {
        "identifier": organisation.number,
        "organizationName": organisation.name,
        "postadresse": {
            "adresse": organisation.address.street,
            "postnummer": organisation.address.postcode,
            "poststed": organisation.address.place,
            "land": "Norge",
        },
        "entityType": {"name": organisation.form},
    }


def write_citizen(number: str) -> JsonObject:
    """The info record of a citizen: the registry looks in no register, any valid number gets it."""
    return {"identifier": number, "entityType": {"name": "citizen"}}
