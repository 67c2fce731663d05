"""The journey of a classic message: asked about as it was created, sealed as it needs, stopped where its SBD is gone."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.delivery.journey import Journey
from gateway.errors import Rejected, Unavailable
from gateway.keys import KeyRing
from gateway.registry.records import Query
from gateway.registry.routing import RoutingSettings
from gateway.storage.engine import Database
from tests import certificates
from tests.delivery.classic_desk import CALLER, Desk, desk_on
from tests.documents import DPO, Message
from tests.message.sbds import Json, avtalt, kvittering, minimal


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Iterator[Desk]:
    """An empty desk."""
    with desk_on(sqlite_database, tmp_path) as desk:
        yield desk


def journey_of(desk: Desk) -> Journey:
    """A journey over the same database, with a key of its own."""
    pair = certificates.issue(certificates.make_authority("root"), "311000012", "HAVNES KOMMUNE")
    desk.clock.time = certificates.NOW
    return Journey(
        database=desk.database,
        blobs=desk.blobs,
        registry=desk.register,
        routing=RoutingSettings(),
        ring=KeyRing((pair,)),
        transports={},
        now=desk.clock,
        new_id=lambda: "1",
    )


def committed(desk: Desk, sbd: Json, **files: bytes) -> str:
    """A message that is queued; its id."""
    view = desk.classic.create(sbd, CALLER)
    for name, content in files.items():
        desk.add(view.message.id, name.replace("_", "."), content)
    desk.classic.commit(view.message.id, CALLER)
    return view.message.id


def test_the_registry_is_asked_again_as_it_was_asked_first(desk: Desk) -> None:
    """With the level that the SBD names, for its document type."""
    sbd = minimal(business={"sikkerhetsnivaa": 3})
    message_id = committed(desk, sbd, arkivmelding_xml=Message().xml(), vedtak_pdf=b"x")
    first, desk.register.asked = desk.register.asked, []
    journey = journey_of(desk)
    addressed = journey.address(journey.load(message_id))
    assert desk.register.asked == first
    assert any(query.security_level == 3 for query in first)
    assert Query(DPO) in first
    assert addressed.record.channel == "DPO"


def test_what_has_no_files_needs_no_certificate(desk: Desk) -> None:
    """The envelope travels alone; with a file in it, a recipient without a certificate must be waited for."""
    journey = journey_of(desk)
    bare = journey.seal(journey.render(journey.address(journey.load(committed(desk, kvittering())))))
    parcel = b"".join(bare.consignment.parcel.chunks())
    with zipfile.ZipFile(io.BytesIO(parcel)) as opened:
        assert opened.namelist() == ["sbd.json"]
    loaded = journey.load(committed(desk, avtalt(), a_txt=b"x"))
    with pytest.raises(Unavailable) as caught:
        journey.seal(journey.render(journey.address(loaded)))
    assert caught.value.code == "NO_CERTIFICATE"


def test_without_its_sbd_nothing_is_sent(desk: Desk) -> None:
    """It is never written anew from what is left."""
    journey = journey_of(desk)
    loaded = journey.load(committed(desk, kvittering()))
    assert journey.render(journey.address(loaded)).envelope
    with pytest.raises(Rejected) as caught:
        journey.render(journey.address(replace(loaded, sbd=None)))
    assert caught.value.code == "DOCUMENTS_GONE"
