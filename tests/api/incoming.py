"""Incoming messages for the tests of the door: stored as the reception stores them, without a channel in between."""

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from gateway.app import now
from gateway.delivery.crediting import Origin
from gateway.delivery.packages import Packages
from gateway.delivery.storing import Storing
from gateway.keys import KeyRing, TrustRoots
from gateway.message.sbd import write_envelope
from gateway.transports.port import Arrival
from tests.delivery.parcels import OUR_KEY, ROOT, SENDER, envelope, pack
from tests.live import Gateway

FILES = {
    "vedtak.pdf": b"%PDF-1.7 vedtak",
    "\u00e5rsmelding (1).txt": "\u00e5".encode(),
    "arkivmelding.xml": b"<arkivmelding/>",
}


def store_incoming(gateway: Gateway, files: dict[str, bytes] | None = None, **facts: object) -> str:
    """A message to the gateway's organisation with these files, as the facts of its envelope say; its id."""
    assembly = gateway.assembly
    (organisation, *_) = assembly.settings.organisations
    wrapping = {name: facts.pop(name) for name in ("signer", "to") if name in facts}
    wire = str(facts.pop("wire", SENDER))
    facts = {"created": now(), "expected_response": None, **facts}
    said = envelope(message_id=str(uuid4()), receiver=organisation, **facts)  # type: ignore[arg-type]
    roots, spool = TrustRoots((ROOT[1],)), assembly.settings.data / "spool"
    packages = Packages(assembly.blobs, KeyRing((OUR_KEY,)), roots, now, spool)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "parcel.zip"
        path.write_bytes(pack(said, FILES if files is None else files, **wrapping))  # type: ignore[arg-type]
        arrival = Arrival(str(uuid4()), wire, now())
        Storing(assembly.database, packages, now).take_in(
            Origin(organisation, arrival, said, write_envelope(said)), path
        )
    return said.message_id
