"""Letters to the gateway: what an organisation of the sandbox sends when it is told to, signed and encrypted as for real.

Comes in: who sends to whom, and the words; goes out: a parcel for the Broker with an arkivmelding and one document. Called
by the controls, so that receiving can be tried without a second gateway.
"""

import hashlib
import io
import json
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from xml.sax.saxutils import escape

from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from gateway.message.sbd import Envelope, write_envelope
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Signing
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.organisations import Organisation

DOCUMENT = "brev.txt"
TIME_TO_LIVE = timedelta(hours=24)
_ARKIVMELDING = """<?xml version="1.0" encoding="UTF-8"?>
<arkivmelding xmlns="http://www.arkivverket.no/standarder/noark5/arkivmelding" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <system>Sandkassen</system>
  <meldingId>{identifier}</meldingId>
  <tidspunkt>{moment}</tidspunkt>
  <antallFiler>1</antallFiler>
  <mappe xsi:type="saksmappe">
    <systemID>{folder}</systemID>
    <tittel>{title}</tittel>
    <opprettetDato>{moment}</opprettetDato>
    <opprettetAv>{sender}</opprettetAv>
    <basisregistrering xsi:type="journalpost">
      <systemID>{entry}</systemID>
      <opprettetDato>{moment}</opprettetDato>
      <opprettetAv>{sender}</opprettetAv>
      <arkivertDato>{moment}</arkivertDato>
      <arkivertAv>{sender}</arkivertAv>
      <referanseForelderMappe>{folder}</referanseForelderMappe>
      <dokumentbeskrivelse>
        <systemID>{description}</systemID>
        <dokumenttype>Brev</dokumenttype>
        <dokumentstatus>Dokumentet er ferdigstilt</dokumentstatus>
        <tittel>{title}</tittel>
        <opprettetDato>{moment}</opprettetDato>
        <opprettetAv>{sender}</opprettetAv>
        <tilknyttetRegistreringSom>Hoveddokument</tilknyttetRegistreringSom>
        <dokumentnummer>1</dokumentnummer>
        <tilknyttetDato>{moment}</tilknyttetDato>
        <tilknyttetAv>{sender}</tilknyttetAv>
        <dokumentobjekt>
          <versjonsnummer>1</versjonsnummer>
          <variantformat>Arkivformat</variantformat>
          <opprettetDato>{moment}</opprettetDato>
          <opprettetAv>{sender}</opprettetAv>
          <referanseDokumentfil>{document}</referanseDokumentfil>
        </dokumentobjekt>
      </dokumentbeskrivelse>
      <tittel>{title}</tittel>
      <offentligTittel>{title}</offentligTittel>
      <journalposttype>Utgående dokument</journalposttype>
      <journalstatus>Ekspedert</journalstatus>
      <journaldato>{date}</journaldato>
      <korrespondansepart>
        <korrespondanseparttype>Mottaker</korrespondanseparttype>
        <korrespondansepartNavn>{recipient}</korrespondansepartNavn>
      </korrespondansepart>
    </basisregistrering>
    <saksdato>{date}</saksdato>
    <administrativEnhet>Postmottak</administrativEnhet>
    <saksansvarlig>{sender}</saksansvarlig>
    <saksstatus>Under behandling</saksstatus>
  </mappe>
</arkivmelding>
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter ready for the Broker: under which ids it goes, and the parcel."""

    message_id: str
    conversation_id: str
    content: bytes


def write_letter(sender: Organisation, recipient: Organisation, *, text: str, by: tuple[Authority, datetime]) -> Letter:
    """A letter with these words, signed by its sender and encrypted to its recipient by the authority's certificates."""
    authority, now = by
    said = Envelope(
        message_id=str(uuid4()),
        conversation_id=str(uuid4()),
        sender=sender.identifier,
        receiver=recipient.identifier,
        process=ADMINISTRASJON,
        document_type=ARKIVMELDING,
        created=now,
        expected_response=now + TIME_TO_LIVE,
        business={"hoveddokument": DOCUMENT},
    )
    files = (
        _file(DOCUMENT, "text/plain", content=text.encode()),
        _file("arkivmelding.xml", "application/xml", content=write_arkivmelding(sender, recipient, now=now)),
    )
    sealed = seal_dpo(
        json.dumps(write_envelope(said), ensure_ascii=False).encode(),
        files,
        parties=Parties(sender.identifier, recipient.identifier),
        signer=Signing(authority.credential(Holder(sender.number, sender.name)), now, str(uuid4())),
        certificate=authority.credential(Holder(recipient.number, recipient.name)).certificate,
    )
    return Letter(said.message_id, said.conversation_id, b"".join(sealed.chunks()))


def write_arkivmelding(sender: Organisation, recipient: Organisation, *, now: datetime) -> bytes:
    """An arkivmelding with one journalpost and one document."""
    names = {name: str(uuid4()) for name in ("identifier", "folder", "entry", "description")}
    facts = {"title": "Brev fra sandkassen", "sender": sender.name, "recipient": recipient.name, "document": DOCUMENT}
    moments = {"moment": now.isoformat(timespec="seconds"), "date": now.date().isoformat()}
    filled = {**names, **moments, **{name: escape(value) for name, value in facts.items()}}
    return _ARKIVMELDING.format(**filled).encode()


def _file(name: str, mime: str, *, content: bytes) -> PackagedFile:
    sha256 = hashlib.sha256(content).digest()
    return PackagedFile(name, mime, len(content), zlib.crc32(content), sha256, lambda: io.BytesIO(content))
