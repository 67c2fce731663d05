"""Arkivmeldinger in the dialects that are read and not delivered, as small as they can be."""

from tests.documents import NAMESPACE

FIKS = "https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/arkivmelding/opprett/v1"


def v1(*parts: str) -> bytes:
    """A v1 arkivmelding with these parts."""
    return f"""<arkivmelding xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <system>Fagsystem</system><meldingId>m-1</meldingId><antallFiler>1</antallFiler>
      <mappe xsi:type="saksmappe"><tittel>Sak</tittel>
        <registrering xsi:type="journalpost"><tittel>Vedtak</tittel>{"".join(parts)}
          <journalposttype>U</journalposttype></registrering></mappe></arkivmelding>""".encode()


def fiks(*parts: str) -> bytes:
    """A Fiks Arkiv arkivmelding with these parts."""
    return f"""<arkivmelding xmlns="{FIKS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <system>Fagsystem</system><antallFiler>1</antallFiler>
      <registrering xsi:type="journalpost"><tittel>Vedtak</tittel>{"".join(parts)}
        <journalposttype><kode>U</kode><beskrivelse>Utgående</beskrivelse></journalposttype>
      </registrering></arkivmelding>""".encode()


def part(type_: str, name: str, more: str = "") -> str:
    """A part as either dialect writes it; `more` holds its identifier."""
    return (
        f"<korrespondansepart><korrespondanseparttype>{type_}</korrespondanseparttype>"
        f"<korrespondansepartNavn>{name}</korrespondansepartNavn>{more}</korrespondansepart>"
    )


def wrapped(name: str, number: str) -> str:
    """An identifier as v1 writes it: an element inside one of the same name."""
    return f"<{name}>\n  <{name}> {number}<!-- kontrollert --> </{name}>\n</{name}>"
