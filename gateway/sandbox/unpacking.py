"""How a recipient opens what it fetched: the envelope, the package, its signature, the arkivmelding.

Comes in: the file of a transfer and whose it is; goes out: an `Envelope`, and a `Verdict` on the rest. Called by the
recipients. The outer ZIP is read with the standard library, so that the gateway's own writer is checked by another
hand; documents are spooled to disk, never held in memory.
"""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from gateway.arkivmelding.reader import Limits, read
from gateway.arkivmelding.schema import Profile, Schemas
from gateway.errors import Unreadable, Untrusted
from gateway.keys import KeyPair, TrustRoots, organisation_of
from gateway.message.processes import ARKIVMELDING as ARKIVMELDING_TYPE
from gateway.message.processes import message_type
from gateway.message.sbd import Envelope, read_envelope
from gateway.packaging.opener import OpenedFile, OpenedPackage, Trust, open_package
from gateway.sandbox.deliveries import ReceivedFile, Verdict

SBD, PACKAGE, ARKIVMELDING = "sbd.json", "asic.zip", "arkivmelding.xml"
LARGEST_ARKIVMELDING = Limits().bytes
_LARGEST_SBD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unpacker:
    """Opens parcels. `roots` is whom the recipients trust, `spool` where they put documents while they look at them."""

    roots: TrustRoots
    schemas: Schemas
    spool: Path
    now: Callable[[], datetime]

    def judge(self, path: Path, envelope: Envelope, *, keys: KeyPair) -> Verdict:
        """Decrypt, verify and validate the package of a parcel; a message without one has nothing to hide."""
        with zipfile.ZipFile(path) as parcel:
            if PACKAGE not in parcel.namelist():
                return Verdict(opened=True)
            trust = Trust((keys,), self.roots, self.now())
            try:
                with (
                    parcel.open(PACKAGE) as source,
                    open_package(cast("BinaryIO", source), trust=trust, spool=self.spool) as package,
                ):
                    return self._judge_package(package, envelope)
            except Untrusted as fault:
                return Verdict(opened=False, signature=fault.code or "untrusted", problem=fault.message)

    def _judge_package(self, package: OpenedPackage, envelope: Envelope) -> Verdict:
        signer = organisation_of(package.signer)
        files = tuple(ReceivedFile(file.name, file.size, file.sha256.hex()) for file in package.files)
        arkivmelding = next((file for file in package.files if file.name == ARKIVMELDING), None)
        schema = self._validate(arkivmelding) if arkivmelding else "missing"
        problem = None
        if signer not in envelope.sender.split(":"):
            problem = "another organisation signed than the one that sends"
        elif not schema.startswith("valid") and (arkivmelding or envelope.type == message_type(ARKIVMELDING_TYPE)):
            problem = f"{ARKIVMELDING} is {schema}"
        return Verdict(
            opened=True,
            signature="valid",
            signer=signer,
            schema=schema,
            files=files,
            rendering=arkivmelding.sha256.hex() if arkivmelding else None,
            problem=problem,
        )

    def _validate(self, file: OpenedFile) -> str:
        """`valid under head and published`, or what is wrong, without a word of the document."""
        if file.size > LARGEST_ARKIVMELDING:
            return "too large"
        try:
            document = read(file.path.read_bytes())
        except Unreadable:
            return "unreadable"
        verdicts = {profile: self.schemas.check(document, (profile,)) for profile in Profile}
        fitting = [str(profile) for profile, verdict in verdicts.items() if verdict.valid]
        if fitting:
            return f"valid under {' and '.join(fitting)}"
        counts = ", ".join(f"{len(verdict.faults)} faults under {profile}" for profile, verdict in verdicts.items())
        return f"invalid: {counts}"


def read_sbd(path: Path) -> Envelope:
    """The envelope of a parcel; ValueError where there is none that can be read."""
    try:
        with zipfile.ZipFile(path) as parcel, parcel.open(SBD) as source:
            document = json.loads(source.read(_LARGEST_SBD))
    except (zipfile.BadZipFile, KeyError) as fault:
        raise ValueError(f"the parcel is no ZIP with {SBD}") from fault
    if not isinstance(document, Mapping):
        raise ValueError(f"{SBD} is no object")
    return read_envelope(document)
