"""Arkivmeldinger for tests, written out of a few facts: valid under both profiles unless a test asks for something odd."""

from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

NAMESPACE = "http://www.arkivverket.no/standarder/noark5/arkivmelding"
GUID = "0f4a1f6e-5a2b-4a53-9f4f-{:012d}"

# The sandbox's organisations, by what is special about each.
SENDER = "0192:311000012"
DPO = "0192:311000020"
DPF = "0192:311000039"
DPV = "0192:311000047"


@dataclass(frozen=True)
class Part:
    """A korrespondansepart; `identifier` goes into the adressering extension under `navn` (default: the name)."""

    name: str = "Fjordvik tilsyn"
    identifier: str | None = DPO
    type: str = "Mottaker"
    navn: str | None = None
    index: int | None = None


@dataclass(frozen=True)
class Objekt:
    """A dokumentobjekt."""

    filename: str = "vedtak.pdf"
    version: int = 1
    variant: str = "Arkivformat"


@dataclass(frozen=True)
class Doc:
    """A dokumentbeskrivelse."""

    objects: tuple[Objekt, ...] = (Objekt(),)
    title: str = "Vedtak"
    role: str = "Hoveddokument"
    status: str = "Dokumentet er ferdigstilt"
    skjerming: str = ""


@dataclass(frozen=True)
class Message:
    """One arkivmelding."""

    parts: tuple[Part, ...] = (Part(),)
    documents: tuple[Doc, ...] = (Doc(),)
    melding_id: str = "3b0a2a0e-76a4-4b5a-8d9c-1f2e3d4c5b6a"
    title: str = "Vedtak om støtte"
    public_title: str | None = "Vedtak om støtte"
    folder_title: str = "Støtteordning"
    type: str = "Utgående dokument"
    status: str = "Ekspedert"
    skjerming: str = ""
    gradering: str = ""
    antall_filer: int | None = None
    klasse: str = ""
    merknad: str = ""
    sakspart: str = ""
    root_extra: str = ""
    entry_extra: str = ""
    folder_extra: str = ""
    metadata: str = ""
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    more: dict[str, str] = field(default_factory=dict)

    def xml(self) -> bytes:
        """The document."""
        count = sum(len(each.objects) for each in self.documents) if self.antall_filer is None else self.antall_filer
        text = f"""{self.declaration}<arkivmelding xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <system>Fagsystem</system>
  <meldingId>{self.melding_id}</meldingId>
  <tidspunkt>2026-11-20T10:00:00+01:00</tidspunkt>
  <antallFiler>{count}</antallFiler>
  <mappe xsi:type="saksmappe">
    <systemID>{GUID.format(1)}</systemID>
    <tittel>{escape(self.folder_title)}</tittel>
    <opprettetDato>2026-11-20T10:00:00+01:00</opprettetDato>
    <opprettetAv>Saksbehandler</opprettetAv>{self.folder_extra}{self._klasse()}
    <basisregistrering xsi:type="journalpost">
      <systemID>{GUID.format(2)}</systemID>
      <opprettetDato>2026-11-20T10:00:00+01:00</opprettetDato>
      <opprettetAv>Saksbehandler</opprettetAv>
      <arkivertDato>2026-11-20T10:00:00+01:00</arkivertDato>
      <arkivertAv>Arkivar</arkivertAv>
      <referanseForelderMappe>{GUID.format(1)}</referanseForelderMappe>{self.skjerming}{self.gradering}
{"".join(self._document(each, number) for number, each in enumerate(self.documents, start=1))}
      <tittel>{escape(self.title)}</tittel>{self._public_title()}{self._metadata()}{self.merknad}{self.entry_extra}
      <journalposttype>{self.type}</journalposttype>
      <journalstatus>{self.status}</journalstatus>
      <journaldato>2026-11-20</journaldato>
{"".join(self._part(each) for each in self.parts)}
    </basisregistrering>
    <saksdato>2026-11-20</saksdato>
    <administrativEnhet>Postmottak</administrativEnhet>
    <saksansvarlig>Saksbehandler</saksansvarlig>
    <saksstatus>Under behandling</saksstatus>{self.sakspart}
  </mappe>{self.root_extra}
</arkivmelding>
"""
        return text.encode()

    def having(self, **changes: object) -> "Message":
        """The same with some facts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def _klasse(self) -> str:
        if not self.klasse:
            return ""
        return (
            "<klassifikasjon><referanseKlassifikasjonssystem>K</referanseKlassifikasjonssystem>"
            f"<klasseID>{self.klasse}</klasseID><tittel>T</tittel></klassifikasjon>"
        )

    def _public_title(self) -> str:
        return "" if self.public_title is None else f"<offentligTittel>{escape(self.public_title)}</offentligTittel>"

    def _metadata(self) -> str:
        given = [(number, part) for number, part in enumerate(self.parts, start=1) if part.identifier]
        entries = "".join(
            f'<adr:mottaker korrespondansepart="{part.index or number}" navn="{escape(part.navn or part.name)}" '
            f'identifikator="{part.identifier}"/>'
            for number, part in given
        )
        addressing = f'<adr:adressering xmlns:adr="urn:arkivmelding-gateway:adressering:1">{entries}</adr:adressering>'
        inner = (addressing if given else "") + self.metadata
        return f"<virksomhetsspesifikkeMetadata>{inner}</virksomhetsspesifikkeMetadata>" if inner else ""

    def _document(self, document: Doc, number: int) -> str:
        return f"""      <dokumentbeskrivelse>
        <systemID>{GUID.format(100 + number)}</systemID>
        <dokumenttype>Brev</dokumenttype>
        <dokumentstatus>{document.status}</dokumentstatus>
        <tittel>{escape(document.title)}</tittel>
        <opprettetDato>2026-11-20T10:00:00+01:00</opprettetDato>
        <opprettetAv>Saksbehandler</opprettetAv>
        <tilknyttetRegistreringSom>{document.role}</tilknyttetRegistreringSom>
        <dokumentnummer>{number}</dokumentnummer>
        <tilknyttetDato>2026-11-20T10:00:00+01:00</tilknyttetDato>
        <tilknyttetAv>Saksbehandler</tilknyttetAv>{document.skjerming}
{"".join(self._object(each) for each in document.objects)}      </dokumentbeskrivelse>
"""

    def _object(self, objekt: Objekt) -> str:
        return f"""        <dokumentobjekt>
          <versjonsnummer>{objekt.version}</versjonsnummer>
          <variantformat>{objekt.variant}</variantformat>
          <opprettetDato>2026-11-20T10:00:00+01:00</opprettetDato>
          <opprettetAv>Saksbehandler</opprettetAv>
          <referanseDokumentfil>{escape(objekt.filename)}</referanseDokumentfil>
        </dokumentobjekt>
"""

    def _part(self, part: Part) -> str:
        return f"""      <korrespondansepart>
        <korrespondanseparttype>{part.type}</korrespondanseparttype>
        <korrespondansepartNavn>{escape(part.name)}</korrespondansepartNavn>
      </korrespondansepart>
"""


def skjerming(hjemmel: str, restriction: str = "Unntatt offentlighet", ends: str = "") -> str:
    """A `skjerming` on that ground."""
    until = f"<skjermingOpphoererDato>{ends}</skjermingOpphoererDato>" if ends else ""
    return (
        f"<skjerming><tilgangsrestriksjon>{escape(restriction)}</tilgangsrestriksjon>"
        f"<skjermingshjemmel>{escape(hjemmel)}</skjermingshjemmel><skjermingMetadata>tittel</skjermingMetadata>{until}</skjerming>"
    )


def gradering(label: str) -> str:
    """A `gradering` with that label."""
    return (
        f"<gradering><gradering>{label}</gradering><graderingsdato>2026-11-20T10:00:00+01:00</graderingsdato>"
        "<gradertAv>Saksbehandler</gradertAv></gradering>"
    )


def merknad(text: str) -> str:
    """A `merknad`."""
    return (
        f"<merknad><merknadstekst>{escape(text)}</merknadstekst><merknadsdato>2026-11-20T10:00:00+01:00</merknadsdato>"
        "<merknadRegistrertAv>Saksbehandler</merknadRegistrertAv></merknad>"
    )


def sakspart(name: str, identifier: str = "") -> str:
    """A `sakspart`, with its sakspartID where there is one."""
    number = f"<sakspartID>{identifier}</sakspartID>" if identifier else ""
    return (
        f"<sakspart>{number}<sakspartNavn>{escape(name)}</sakspartNavn><sakspartRolle>Part</sakspartRolle></sakspart>"
    )
