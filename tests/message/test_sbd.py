"""The envelope: written and read back the same, and every malformed one refused with the member that is wrong."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message.processes import (
    ADMINISTRASJON,
    ARKIVMELDING,
    ARKIVMELDING_KVITTERING,
    ARKIVMELDING_RESPONSE,
    STATUS,
)
from gateway.message.sbd import HEADER, Envelope, JsonObject, Reply, read_envelope, reply_envelope, write_envelope

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
START = datetime(1990, 1, 1, tzinfo=UTC).replace(tzinfo=None)
FULL = Envelope(
    message_id="5b0f6c1e-6f5c-4a0e-9f0d-0a4b0c6d1e01",
    conversation_id="0e6a3f52-9a54-4f7a-8f4b-5b1c2d3e4f02",
    sender="0192:311000012",
    receiver="0192:311000020",
    process=ADMINISTRASJON,
    document_type=ARKIVMELDING,
    created=NOW,
    expected_response=NOW + timedelta(days=1),
    business={"hoveddokument": "vedtak.pdf"},
    channel="fagsystem",
    sender_ref="vår-ref",
    receiver_ref="deres-ref",
)
Path = tuple[str | int, ...]

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
moments = st.datetimes(
    START, START + timedelta(days=36500), timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
envelopes = st.builds(
    Envelope,
    message_id=texts,
    conversation_id=texts,
    sender=texts,
    receiver=texts | st.none(),
    process=texts,
    document_type=st.sampled_from([ARKIVMELDING, ARKIVMELDING_KVITTERING, STATUS]),
    created=moments,
    expected_response=moments | st.none(),
    business=st.dictionaries(texts, json_values, max_size=3),
    channel=texts | st.none(),
    sender_ref=texts | st.none(),
    receiver_ref=texts | st.none(),
)


def written() -> JsonObject:
    """The full envelope as JSON."""
    return write_envelope(FULL)


def paths(value: object, path: Path = ()) -> list[Path]:
    """Every place in a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, inner in entries for each in paths(inner, (*path, key)))]


def changed(path: Path, value: object = None, *, drop: bool = False) -> JsonObject:
    """The full envelope with one place changed or taken out."""
    document = deepcopy(written())
    place: object = document
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    if drop:
        del place[path[-1]]  # type: ignore[attr-defined]
    else:
        place[path[-1]] = value  # type: ignore[index]
    return document


@given(envelopes)
def test_what_is_written_reads_back_the_same(envelope: Envelope) -> None:
    """Through JSON and back, nothing is lost, whichever of the optional members are there."""
    assert read_envelope(json.loads(json.dumps(write_envelope(envelope)))) == envelope


def test_the_envelope_has_the_members_of_the_standard() -> None:
    """Where each fact stands, as other systems look for it."""
    document = written()
    header = document[HEADER]
    assert set(document) == {HEADER, "arkivmelding"}
    assert header["headerVersion"] == "1.0"  # type: ignore[index]
    assert header["receiver"] == [{"identifier": {"authority": "iso6523-actorid-upis", "value": "0192:311000020"}}]  # type: ignore[index]
    assert header["documentIdentification"] == {  # type: ignore[index]
        "standard": ARKIVMELDING,
        "typeVersion": "2.0",
        "instanceIdentifier": FULL.message_id,
        "type": "arkivmelding",
        "creationDateAndTime": "2026-11-20T09:00:00.000+00:00",
    }
    assert header["businessScope"]["scope"] == [  # type: ignore[index]
        {
            "type": "ConversationId",
            "instanceIdentifier": FULL.conversation_id,
            "identifier": ADMINISTRASJON,
            "scopeInformation": [{"expectedResponseDateTime": "2026-11-21T09:00:00.000+00:00"}],
        },
        {"type": "SenderRef", "instanceIdentifier": "vår-ref"},
        {"type": "ReceiverRef", "instanceIdentifier": "deres-ref"},
        {"type": "MessageChannel", "identifier": "fagsystem"},
    ]


IDENTIFICATION = (HEADER, "documentIdentification")
SCOPES = (HEADER, "businessScope", "scope")
DEADLINE = (*SCOPES, 0, "scopeInformation", 0, "expectedResponseDateTime")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        pytest.param((HEADER,), None, HEADER, id="no-header"),
        pytest.param((HEADER,), [], HEADER, id="header-is-a-list"),
        pytest.param(IDENTIFICATION, "x", "documentIdentification", id="identification-is-text"),
        pytest.param((*IDENTIFICATION, "type"), None, "type", id="no-type"),
        pytest.param((*IDENTIFICATION, "type"), "status", "standard", id="type-and-standard-disagree"),
        pytest.param((*IDENTIFICATION, "standard"), STATUS, "standard", id="standard-and-type-disagree"),
        pytest.param((*IDENTIFICATION, "standard"), 7, "standard", id="standard-is-a-number"),
        pytest.param((*IDENTIFICATION, "instanceIdentifier"), "", "instanceIdentifier", id="empty-message-id"),
        pytest.param((*IDENTIFICATION, "creationDateAndTime"), "i går", "creationDateAndTime", id="no-time"),
        pytest.param(
            (*IDENTIFICATION, "creationDateAndTime"), "0001-01-01T00:00:00", "creationDateAndTime", id="unset-time"
        ),
        pytest.param((HEADER, "sender"), {"identifier": 1}, "sender", id="sender-is-an-object"),
        pytest.param((HEADER, "sender"), ["x"], "sender", id="sender-is-text"),
        pytest.param((HEADER, "receiver", 0, "identifier"), None, "identifier", id="receiver-without-identifier"),
        pytest.param((HEADER, "receiver", 0, "identifier", "value"), 311000020, "value", id="receiver-is-a-number"),
        pytest.param((HEADER, "businessScope"), None, "businessScope", id="no-scopes"),
        pytest.param(SCOPES, "x", "scope", id="scopes-are-text"),
        pytest.param(SCOPES, [], "ConversationId", id="no-scope"),
        pytest.param((*SCOPES, 0, "type"), None, "ConversationId", id="no-conversation"),
        pytest.param((*SCOPES, 0, "identifier"), None, "identifier", id="no-process"),
        pytest.param((*SCOPES, 0, "instanceIdentifier"), None, "instanceIdentifier", id="no-conversation-id"),
        pytest.param((*SCOPES, 0, "scopeInformation"), 5, "scopeInformation", id="information-is-a-number"),
        pytest.param(DEADLINE, "i morgen", "expectedResponseDateTime", id="deadline-is-no-time"),
        pytest.param(DEADLINE, 17, "expectedResponseDateTime", id="deadline-is-a-number"),
        pytest.param(("arkivmelding",), None, "arkivmelding", id="no-business-message"),
        pytest.param(("arkivmelding",), "x", "arkivmelding", id="business-message-is-text"),
    ],
)
def test_a_malformed_envelope_is_refused_by_name(path: Path, value: object, named: str) -> None:
    """The sentence names the member that is missing or wrong."""
    with pytest.raises(ValueError, match=named):
        read_envelope(changed(path, value))


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_envelope_is_read_or_refused(data: st.DataObject) -> None:
    """One place of a good envelope is replaced or dropped: never anything but an envelope or a ValueError."""
    path = data.draw(st.sampled_from(paths(written())[1:]))
    document = changed(path, data.draw(json_values), drop=data.draw(st.booleans()))
    try:
        envelope = read_envelope(document)
    except ValueError:
        return
    assert isinstance(envelope, Envelope)


@given(st.dictionaries(st.sampled_from([HEADER, "arkivmelding", "x"]), json_values))
def test_nonsense_is_refused(document: JsonObject) -> None:
    """An arbitrary JSON object is no envelope, and says so in the only way."""
    with pytest.raises(ValueError, match=r"\w"):
        read_envelope(document)


def test_a_time_without_a_zone_is_norwegian() -> None:
    """As the reference system reads it in Norway, wherever this machine stands; what comes out always has a zone."""
    envelope = read_envelope(changed((*IDENTIFICATION, "creationDateAndTime"), "2026-11-20T10:00:00"))
    assert envelope.created == NOW.replace(hour=9)
    assert envelope.created.tzinfo is not None


def test_a_status_goes_back_under_the_ids_of_the_message() -> None:
    """Sender and receiver change places; message and conversation stay, references and deadline do not."""
    later = NOW + timedelta(hours=1)
    reply = reply_envelope(FULL, Reply(STATUS, ARKIVMELDING_RESPONSE, {"status": "LEVERT"}), now=later)
    assert (reply.sender, reply.receiver) == (FULL.receiver, FULL.sender)
    assert (reply.message_id, reply.conversation_id) == (FULL.message_id, FULL.conversation_id)
    assert (reply.created, reply.expected_response, reply.type) == (later, None, "status")
    assert (reply.sender_ref, reply.receiver_ref) == (None, None)
    assert read_envelope(write_envelope(reply)) == reply


def test_a_kvittering_has_an_id_of_its_own() -> None:
    """Only a status is told under the id of the message that it speaks of."""
    reply = reply_envelope(FULL, Reply(ARKIVMELDING_KVITTERING, ARKIVMELDING_RESPONSE, {}, "another"), now=NOW)
    assert reply.message_id == "another"
    assert reply.conversation_id == FULL.conversation_id
