"""The ServiceRegistry's answers as frozen records.

In comes its JSON (reference §4), out come `LookUp`s. Unknown members are ignored, unknown channels become UNKNOWN.
Called by `registry.client`; read by routing, delivery and the doors.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Unavailable
from gateway.language import say
from gateway.message.processes import Channel


@dataclass(frozen=True, slots=True)
class Query:
    """One question: an identifier (`0192:…` or eleven digits), a process or all of them, a security level or none."""

    identifier: str
    process: str | None = None
    security_level: int | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """Who the registry says it is. `form` is the organisation form code (`ORGL`, `KOMM`, `AS`) or `citizen`."""

    identifier: str
    name: str | None
    form: str
    address: str | None


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One way to reach an entity with one process. `certificate` is PEM or None; `security_level` is DPF's."""

    channel: Channel
    process: str
    document_types: tuple[str, ...]
    certificate: str | None
    endpoint: str
    resource: str | None
    security_level: int | None


@dataclass(frozen=True, slots=True)
class LookUp:
    """An answer: who, and every way that the question allows, in the registry's order."""

    entity: Entity
    records: tuple[ServiceRecord, ...]


def read_lookup(body: Mapping[str, object]) -> LookUp:
    """The records of one JSON answer; `Unavailable` where its shape is not the registry's."""
    try:
        info = body["infoRecord"]
        records = body["serviceRecords"]
        if not isinstance(info, Mapping) or not isinstance(records, list):
            raise TypeError("infoRecord and serviceRecords have the wrong type")
        return LookUp(_read_entity(info), tuple(_read_record(record) for record in records))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        message = say("the ServiceRegistry's answer cannot be read: {reason}", reason=repr(fault))
        raise Unavailable(message) from fault


def _read_entity(info: Mapping[str, object]) -> Entity:
    kind = info.get("entityType")
    address = info.get("postadresse")
    return Entity(
        identifier=str(info["identifier"]),
        name=_text(info.get("organizationName")),
        form=str(kind.get("name", "")) if isinstance(kind, Mapping) else "",
        address=_read_address(address) if isinstance(address, Mapping) else None,
    )


def _read_address(address: Mapping[str, object]) -> str | None:
    place = " ".join(part for key in ("postnummer", "poststed") if (part := _text(address.get(key))))
    return ", ".join(part for part in (_text(address.get("adresse")), place) if part) or None


def _read_record(record: Mapping[str, object]) -> ServiceRecord:
    service = record["service"]
    if not isinstance(service, Mapping):
        raise TypeError("service is no object")
    types = record.get("documentTypes")
    level = service.get("securityLevel")
    return ServiceRecord(
        channel=_read_channel(str(service["identifier"])),
        process=str(record["process"]),
        document_types=tuple(str(entry) for entry in types) if isinstance(types, list) else (),
        certificate=_text(record.get("pemCertificate")),
        endpoint=_text(service.get("endpointUrl")) or "",
        resource=_text(service.get("resource")),
        security_level=int(str(level)) if level is not None else None,
    )


def _read_channel(name: str) -> Channel:
    return Channel(name) if name in Channel.__members__ else Channel.UNKNOWN


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
