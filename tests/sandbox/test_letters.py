"""Letters that the sandbox sends: valid in every way, so that whoever receives them learns nothing wrong."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.arkivmelding.inspection import Kit, inspect
from gateway.arkivmelding.schema import Profile, Schemas
from gateway.errors import Severity
from gateway.keys import TrustRoots
from gateway.packaging.opener import Trust, open_package
from gateway.packaging.parcel import open_dpo
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.letters import DOCUMENT, write_arkivmelding, write_letter
from gateway.sandbox.organisations import SEEDED, SENDER
from tests.live import read_schemas

NOW = datetime.now(UTC)


@pytest.mark.parametrize("number", ["311000020", "311000128"])
def test_the_arkivmelding_is_valid_under_both_profiles_and_every_rule(number: str) -> None:
    """But for what a person decides: nothing in it names an identifier."""
    (sender,) = [each for each in SEEDED if each.number == number]
    xml = write_arkivmelding(sender, SENDER, now=NOW)
    kit = Kit(Schemas(read_schemas()))
    looked = inspect(xml, kit, today=NOW.date())
    assert [fault for fault in looked.faults if fault.severity is Severity.ERROR] == []
    for profile in Profile:
        assert kit.schemas.check(looked.document, (profile,)).valid


def test_the_parcel_opens_with_the_recipients_key_and_is_signed_by_its_sender(tmp_path: Path) -> None:
    """As the reception of a gateway opens it."""
    authority = Authority(tmp_path / "keys", now=lambda: NOW)
    sender = SEEDED[1]
    letter = write_letter(sender, SENDER, text="Hei på deg", by=(authority, NOW))
    trust = Trust((authority.credential(Holder(SENDER.number, SENDER.name)),), TrustRoots((authority.root,)), NOW)
    with open_dpo(io.BytesIO(letter.content)) as parcel:
        assert parcel.package is not None
        with open_package(parcel.package, trust=trust, spool=tmp_path) as package:
            assert [file.name for file in package.files] == [DOCUMENT, "arkivmelding.xml"]
            assert package.files[0].path.read_text(encoding="utf-8") == "Hei på deg"
            assert package.signer == authority.credential(Holder(sender.number, sender.name)).certificate
