"""The eInnsyn backend (Java): a form whose SBD is text with its nulls and empty lists, and files without an ending."""

import json
import uuid

from tests.api.nextmove.sending import XML
from tests.clients.playing import bare, until_delivered, whole_sbd
from tests.live import Gateway
from tests.message.sbds import HEADER, Json
from tests.secrets import PDF

DISABLED = "no.difi.meldingsutveksling.exceptions.ServiceNotEnabledException"
AGENT = {"User-Agent": "einnsyn-backend/2.1"}


def with_nulls(sbd: Json) -> Json:
    """As its library writes what nobody has set."""
    header = sbd[HEADER]
    header["manifest"] = None
    header["documentIdentification"]["multipleType"] = None
    for name in ("sender", "receiver"):
        header[name] = [{**header[name][0], "contactInformation": []}]
    header["businessScope"]["scope"][0]["scopeInformation"][0]["requestingDocumentInstanceIdentifier"] = None
    return sbd


def form(sbd: Json, *files: tuple[str, bytes]):  # type: ignore[no-untyped-def]
    """The parts in their order."""
    parts = [("sbd", (None, json.dumps(sbd), "text/plain"))]
    return [*parts, *((name, (name, content, "application/octet-stream")) for name, content in files)]


def test_nulls_and_empty_lists_are_taken(gateway: Gateway) -> None:
    """With what DPO carries; the extra file without an ending gets there, too."""
    message_id = str(uuid.uuid4())
    sbd = with_nulls(whole_sbd(message_id))
    sbd["arkivmelding"]["sikkerhetsnivaa"] = None
    files = (("arkivmelding.xml", XML), ("vedtak.pdf", PDF), ("emailtext", "Hei på deg".encode()))
    answer = bare(gateway, "POST", "/api/messages/out/multipart", files=form(sbd, *files), headers=AGENT)
    assert answer.status_code == 200, answer.text
    until_delivered(gateway, message_id)


def test_an_innsynskrav_waits_for_its_channel(gateway: Gateway) -> None:
    """A clear refusal with the class that stands for it; nothing is kept."""
    sbd = with_nulls(whole_sbd(str(uuid.uuid4())))
    sbd[HEADER]["documentIdentification"] |= {
        "type": "innsynskrav",
        "standard": "urn:no:difi:einnsyn:xsd::innsynskrav",
    }
    sbd[HEADER]["businessScope"]["scope"][0]["identifier"] = "urn:no:difi:profile:einnsyn:innsynskrav:ver1.0"
    del sbd["arkivmelding"]
    sbd["innsynskrav"] = {"orgnr": "311000144", "epost": "post@example.org", "sikkerhetsnivaa": None}
    files = (("order.xml", b"<bestilling/>"), ("emailtext", b"Hei"))
    answer = bare(gateway, "POST", "/api/messages/out/multipart", files=form(sbd, *files), headers=AGENT)
    assert (answer.status_code, answer.json()["exception"]) == (400, DISABLED)
