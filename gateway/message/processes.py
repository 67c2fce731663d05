"""Processes, document types and channels of eFormidling, with the limits of each channel: tables only.

Called by routing, packaging of envelopes, the doors and the sandbox. Sources: the ServiceRegistry reference §8
(processes, document types) and the transports reference §1.6 (size limits, binary units).
"""

from enum import StrEnum

MEBIBYTE = 1024 * 1024


class Channel(StrEnum):
    """The ServiceRegistry's serviceIdentifier: which meldingsformidler carries the message."""

    DPO = "DPO"
    DPV = "DPV"
    DPF = "DPF"
    DPI = "DPI"
    DPE = "DPE"
    DPH = "DPH"
    UNKNOWN = "UNKNOWN"


ADMINISTRASJON = "urn:no:difi:profile:arkivmelding:administrasjon:ver1.0"
TAUSHETSBELAGT = "urn:no:difi:profile:arkivmelding:taushetsbelagt:ver1.0"
ARKIVMELDING_RESPONSE = "urn:no:difi:profile:arkivmelding:response:ver1.0"

AVTALT_PROCESS = "urn:no:difi:profile:avtalt:avtalt:ver1.0"

ARKIVMELDING_PROCESSES = (
    ADMINISTRASJON,
    *(
        f"urn:no:difi:profile:arkivmelding:{area}:ver1.0"
        for area in (
            "helseSosialOgOmsorg",
            "kulturIdrettOgFritid",
            "naturOgMiljoe",
            "naeringsutvikling",
            "oppvekstOgUtdanning",
            "planByggOgGeodata",
            "skatterOgAvgifter",
            "tekniskeTjenester",
            "trafikkReiserOgSamferdsel",
        )
    ),
    TAUSHETSBELAGT,
)

ARKIVMELDING = "urn:no:difi:arkivmelding:xsd::arkivmelding"
ARKIVMELDING_KVITTERING = "urn:no:difi:arkivmelding:xsd::arkivmelding_kvittering"
AVTALT = "urn:no:difi:avtalt:xsd::avtalt"
STATUS = "urn:no:difi:eformidling:xsd::status"

AVTALT_RESPONSE = "urn:no:difi:profile:avtalt:response:ver1.0"
EINNSYN_RESPONSE = "urn:no:difi:profile:einnsyn:response:ver1.0"

# What one message may hold, summed over its files before packing, in bytes.
SIZE_LIMITS: dict[Channel, int] = {
    Channel.DPO: 1024 * MEBIBYTE,
    Channel.DPV: 250 * MEBIBYTE,
    Channel.DPF: 1024 * MEBIBYTE,
    Channel.DPI: 50 * MEBIBYTE,
    Channel.DPE: 2 * MEBIBYTE,
    Channel.DPH: 18 * MEBIBYTE,
}

# DPV, DPF and DPI show a title to a person or to a third party before the document is opened.
SHOWS_TITLE = frozenset({Channel.DPV, Channel.DPF, Channel.DPI})


def response_process(document_type: str) -> str | None:
    """The process by which a `status` about a message of this type goes; None for types that have none."""
    area = document_type.split(":")[3] if document_type.count(":") > 3 else ""
    return {"arkivmelding": ARKIVMELDING_RESPONSE, "avtalt": AVTALT_RESPONSE, "einnsyn": EINNSYN_RESPONSE}.get(area)


def message_type(document_type: str) -> str:
    """The last part of a document type: `urn:…::arkivmelding` → `arkivmelding`."""
    return document_type.rpartition("::")[2]
