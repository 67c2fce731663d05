"""Parcels as they come in, for the tests of receiving: signed and encrypted by whom a test names, and broken as it wants."""

import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from gateway.keys import KeyPair
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING
from gateway.message.sbd import Envelope, write_envelope
from gateway.packaging.parcel import seal_dpo
from gateway.packaging.records import PackagedFile, Parties, Signing
from gateway.transports.port import Arrival, Consignment, Finding, Found
from tests.certificates import NOW, issue, make_authority

SENDER, OURS = "0192:311000128", "0192:311000017"
ROOT = make_authority("Rot")
THEIR_KEY = issue(ROOT, "311000128", "Avsender")
OUR_KEY = issue(ROOT, "311000017", "Vi")


def envelope(**facts: object) -> Envelope:
    """An arkivmelding from SENDER to OURS, as the facts say."""
    made = Envelope(
        message_id=str(uuid4()),
        conversation_id=str(uuid4()),
        sender=SENDER,
        receiver=OURS,
        process=ADMINISTRASJON,
        document_type=ARKIVMELDING,
        created=NOW,
        expected_response=NOW + timedelta(hours=24),
        business={"hoveddokument": "vedtak.pdf"},
    )
    return replace(made, **facts)  # type: ignore[arg-type]  # the test names the facts


def pack(
    said: Envelope, files: dict[str, bytes] | None = None, *, signer: KeyPair = THEIR_KEY, to: KeyPair = OUR_KEY
) -> bytes:
    """The parcel of that envelope with these files; none at all: the envelope alone."""
    packed = [
        PackagedFile(
            name,
            "application/pdf",
            len(content),
            zlib.crc32(content),
            hashlib.sha256(content).digest(),
            lambda content=content: io.BytesIO(content),  # type: ignore[misc]
        )
        for name, content in (files or {}).items()
    ]
    sealed = seal_dpo(
        json.dumps(write_envelope(said), ensure_ascii=False).encode(),
        packed,
        parties=Parties(said.sender, said.receiver or ""),
        signer=Signing(signer, NOW, str(uuid4())),
        certificate=to.certificate,
    )
    return b"".join(sealed.chunks())


@dataclass
class Channel:
    """A channel that offers parcels until they are confirmed, and keeps what is sent; `moment` is its clock.

    `faults` are raised, one for each call of the operation that is named. `sent` are the parcels that have arrived.
    """

    folder: Path
    offered: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    sent: list[tuple[Consignment, bytes]] = field(default_factory=list)
    begun: dict[str, Found] = field(default_factory=dict)
    faults: dict[str, list[Exception]] = field(default_factory=dict)

    def offer(self, content: bytes, *, sender: str = SENDER) -> str:
        """One more parcel from that sender; its reference."""
        reference = f"t{len(self.offered) + len(self.fetched)}"
        self.offered[reference] = (sender, content)
        return reference

    def waiting(self, organisation: str) -> tuple[Arrival, ...]:
        """What is offered."""
        return tuple(Arrival(reference, sender, NOW) for reference, (sender, _) in self.offered.items())

    @contextmanager
    def fetch(self, organisation: str, reference: str) -> Iterator[Path]:
        """The parcel as a file."""
        self.fetched.append(reference)
        self._strike("fetch")
        path = self.folder / reference
        path.write_bytes(self.offered[reference][1])
        yield path

    def confirm(self, organisation: str, reference: str) -> None:
        """Offered no more."""
        self._strike("confirm")
        del self.offered[reference]

    def send(self, consignment: Consignment, *, reference: str | None, remember: Callable[[str], None]) -> str:
        """Take the bytes in; a fault named `send` comes before they arrive, one named `answer` after."""
        if reference is None:
            reference = f"r{len(self.begun)}"
            self.begun[reference] = Found.EMPTY
            remember(reference)
        self._strike("send")
        content = b"".join(consignment.parcel.chunks())
        assert len(content) == consignment.parcel.length
        self.sent.append((consignment, content))
        self.begun[reference] = Found.PUBLISHED
        self._strike("answer")
        return reference

    def find(self, sender: str, reference: str) -> Finding:
        """What became of it."""
        self._strike("find")
        return Finding(self.begun.get(reference, Found.GONE))

    def _strike(self, operation: str) -> None:
        if waiting := self.faults.get(operation):
            raise waiting.pop(0)
