"""The valid documents that mutants are made from, for each profile.

Ours are in the checkout; real ones, where they are on the machine, are added to them. Used by the conformance tests and
by those of the schema room.
"""

import re
from pathlib import Path

from gateway.arkivmelding.schema import FILES, Profile

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
OFFICIAL = SHARED / "official-xsd"
CORPUS = sorted((SHARED / "corpus").glob("*.xml"))

_HERE = Path(__file__).parent
_REAL = {
    Profile.HEAD: ("ip-06-arkivmelding.xml",),
    Profile.PUBLISHED: ("ip-06-arkivmelding.xml", "docs-03-arkivmelding.xml"),
}


def read_schema_files() -> dict[str, bytes]:
    """Our schemas by name."""
    return {name: (ROOT / "schemas" / name).read_bytes() for name in FILES}


def valid_documents(profile: Profile) -> list[bytes]:
    """The samples that can be sent, two documents that hold every element and type, and real ones."""
    samples = [path.read_bytes() for path in sorted(ROOT.glob("samples/0[1-5]*/arkivmelding.xml"))]
    real = [path.read_bytes() for path in CORPUS if path.name in _REAL[profile]]
    return [*samples, (_HERE / "every_element.xml").read_bytes(), _root_entries(profile), *real]


def _root_entries(profile: Profile) -> bytes:
    """Entries under the root, which the two profiles call by different names."""
    xml = (_HERE / "root_entries.xml").read_bytes()
    return xml if profile is Profile.HEAD else re.sub(rb"(</?)registrering\b", rb"\1basisregistrering", xml)
