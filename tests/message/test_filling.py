"""Defaults in a client's SBD: everything that was left out is there, everything else is as it came."""

import copy
import json
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message.client_sbd import UnsoundSbd, read_client_sbd
from gateway.message.filling import Defaults, fill_in, write_for_wire
from gateway.message.sbd import read_envelope
from tests.documents import SENDER
from tests.message.sbds import (
    CONVERSATION_ID,
    FULL,
    HEADER,
    LATER,
    MESSAGE_ID,
    Json,
    anything,
    changed,
    minimal,
    partner,
    places_in,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=24)


def filled(document: Json, channel: str | None = None, sender: str = SENDER) -> Json:
    """The SBD with defaults; new ids are id-1, id-2, …"""
    numbers = count(1)
    defaults = Defaults(sender, channel, DEADLINE, NOW, lambda: f"id-{next(numbers)}")
    return fill_in(read_client_sbd(document, now=NOW), defaults)


def test_the_smallest_sbd_becomes_whole() -> None:
    """Sender, both ids, creation time and deadline are written in."""
    document = minimal()
    before = copy.deepcopy(document)
    envelope = read_envelope(filled(document))
    assert (envelope.message_id, envelope.conversation_id, envelope.sender) == ("id-1", "id-2", SENDER)
    assert (envelope.created, envelope.expected_response) == (NOW, DEADLINE)
    assert document == before


def test_what_was_said_stays_to_the_letter() -> None:
    """Times keep their spelling, unknown members and scopes of other types their place."""
    document = changed(minimal(business={"ukjent": [1, {"a": None}]}), HEADER, "sender", to=[partner(SENDER)])
    document = changed(document, HEADER, "documentIdentification", "instanceIdentifier", to=MESSAGE_ID)
    created = "2026-11-20T10:00:00.1234567+01:00"
    document = changed(document, HEADER, "documentIdentification", "creationDateAndTime", to=created)
    document = changed(document, HEADER, "manifest", to={"numberOfItems": 1})
    conversation = {
        **document[HEADER]["businessScope"]["scope"][0],
        "instanceIdentifier": CONVERSATION_ID,
        "scopeInformation": [{"expectedResponseDateTime": LATER, "requestingDocumentInstanceIdentifier": "x"}],
    }
    others = [
        {"type": "ReceiverRef", "instanceIdentifier": "sak 2031/44", "more": True},
        {"type": "JournalpostId", "instanceIdentifier": "44"},
    ]
    document = changed(document, HEADER, "businessScope", "scope", to=[conversation, *others])
    assert filled(document) == document


def test_every_blank_scope_gets_an_id() -> None:
    """Whatever its type."""
    scopes = [*minimal()[HEADER]["businessScope"]["scope"], {"type": "SenderRef", "identifier": "vår ref"}]
    after = filled(changed(minimal(), HEADER, "businessScope", "scope", to=scopes))
    assert [scope["instanceIdentifier"] for scope in after[HEADER]["businessScope"]["scope"]] == ["id-2", "id-3"]
    assert after[HEADER]["businessScope"]["scope"][1]["identifier"] == "vår ref"


def test_a_time_without_an_offset_gets_norways() -> None:
    """Summer and winter, so that every reader means the same moment."""
    summer, winter = "2027-06-01T12:00:00", "2027-12-01T12:00:00"
    document = changed(minimal(), HEADER, "documentIdentification", "creationDateAndTime", to=summer)
    scope = (HEADER, "businessScope", "scope", 0, "scopeInformation")
    after = filled(changed(document, *scope, to=[{"expectedResponseDateTime": winter}]))
    assert after[HEADER]["documentIdentification"]["creationDateAndTime"] == f"{summer}+02:00"
    assert after[HEADER]["businessScope"]["scope"][0]["scopeInformation"] == [
        {"expectedResponseDateTime": f"{winter}+01:00"}
    ]


def test_the_installations_channel_is_named() -> None:
    """In a scope of its own, or in an empty one that stands there."""
    added = filled(minimal(), channel="fagsystem-a")[HEADER]["businessScope"]["scope"][-1]
    assert added == {"type": "MessageChannel", "instanceIdentifier": "id-3", "identifier": "fagsystem-a"}
    scopes = [*minimal()[HEADER]["businessScope"]["scope"], {"type": "MessageChannel"}]
    after = filled(changed(minimal(), HEADER, "businessScope", "scope", to=scopes), channel="fagsystem-a")
    assert read_envelope(after).channel == "fagsystem-a"
    assert len(after[HEADER]["businessScope"]["scope"]) == 2


def test_the_type_is_written_as_it_is_called() -> None:
    """The member's name and the type agree on the wire."""
    after = filled(changed(minimal(), HEADER, "documentIdentification", "type", to="ARKIVMELDING"))
    assert read_envelope(after).type == "arkivmelding"


def test_a_bare_number_is_said_to_be_one() -> None:
    """Of the Norwegian register, as the reference writes it; a part of an organisation stays."""
    place = (HEADER, "receiver", 0, "identifier", "value")
    for written, kept in (("311000020", "0192:311000020"), ("0192:311000020:avd", "0192:311000020:avd")):
        assert read_envelope(filled(changed(minimal(), *place, to=written))).receiver == kept


def test_on_behalf_of_somebody_the_wire_names_that_one_alone() -> None:
    """The supplier stands in what is kept, not in what the recipient gets; a contact stays."""
    contact = [{"contact": "Postmottak"}]
    document = changed(minimal(), HEADER, "sender", to=[{**partner(SENDER), "contactInformation": contact}])
    kept = filled(document, sender="0192:311000101:311000012")
    assert read_envelope(kept).sender == "0192:311000101:311000012"
    wire = write_for_wire(kept)
    assert wire[HEADER]["sender"] == [{**partner(SENDER), "contactInformation": contact}]
    assert read_envelope(kept).sender == "0192:311000101:311000012"
    assert write_for_wire(filled(minimal())) == filled(minimal())


@settings(max_examples=500)
@given(st.data(), anything)
def test_whatever_holds_is_whole_when_it_is_filled_in(data: st.DataObject, value: object) -> None:
    """Nothing is left out any more, it holds again, filling it in once more changes nothing, and it can be written."""
    document = changed(FULL, *data.draw(st.sampled_from(places_in(FULL))), to=value)
    try:
        sbd = read_client_sbd(document, now=NOW)
    except UnsoundSbd:
        return  # the reader's matter
    numbers = count(1)
    defaults = Defaults(SENDER, "a", DEADLINE, NOW, lambda: f"00000000-0000-4000-8000-{next(numbers):012d}")
    whole = fill_in(sbd, defaults)
    again = read_client_sbd(whole, now=NOW)
    assert None not in (again.sender, again.message_id, again.conversation_id, again.expected_response)
    assert fill_in(again, defaults) == whole
    envelope = read_envelope(json.loads(json.dumps(write_for_wire(whole))))
    assert (envelope.message_id, envelope.conversation_id) == (again.message_id, again.conversation_id)
