"""Handing over to the broker: what goes on the wire, and what each failure becomes; nothing is lost or doubled."""

import hashlib
from dataclasses import replace
from uuid import UUID

import pytest

from gateway.errors import (
    AnswerLost,
    GatewayError,
    Rejected,
    SetupFault,
    StorageUnavailable,
    TokenRefused,
    Unavailable,
    Verdict,
)
from gateway.maskinporten import SystemUser
from gateway.transports.port import Found, Parcel

SENDER, RECIPIENT = "0192:311000017", "0192:311000128"


def send(transport, consignment, reference=None) -> tuple[str, list[str]]:
    remembered: list[str] = []
    return transport.send(consignment, reference=reference, remember=remembered.append), remembered


def fail(transport, consignment, reference=None) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        transport.send(consignment, reference=reference, remember=lambda _: None)
    return caught.value


def test_message_goes_up_whole_with_its_length(transport, broker, consignment) -> None:
    """The upload is one request with Content-Length and no Transfer-Encoding, and its bytes are the parcel's."""
    reference, _ = send(transport, consignment)
    upload = broker.last("upload")
    assert upload.headers["Content-Length"] == str(consignment.parcel.length)
    assert "Transfer-Encoding" not in upload.headers
    assert upload.headers["Content-Type"] == "application/octet-stream"
    expected = hashlib.sha256(b"".join(consignment.parcel.chunks())).hexdigest()
    assert broker.transfers[reference].digest == expected
    assert broker.acts() == ["initialise", "upload"]


def test_transfer_is_begun_as_the_broker_wants_it(transport, broker, wallet, consignment) -> None:
    """Initialise carries the documented members, a random reference of its own, and asks for the write scope alone."""
    send(transport, consignment)
    send(transport, consignment)
    first, second = (seen.form for seen in broker.seen if seen.act == "initialise")
    own = UUID(first.pop("sendersFileTransferReference"))
    assert own != UUID(second["sendersFileTransferReference"])
    assert first == {
        "fileName": "sbd.zip",
        "resourceId": "eformidling-dpo-meldingsutveksling",
        "sender": SENDER,
        "recipients": [RECIPIENT],
        "propertyList": {},
    }
    assert set(wallet.asked) == {("altinn:broker.write", SystemUser(SENDER, "sender-user"))}


@pytest.mark.parametrize(
    ("asked", "own", "tagged"),
    [
        ("archive-1", None, True),
        ("archive-1", "other", True),
        ("archive-1", "archive-1", False),
        (None, "other", False),
        ("", None, False),
        ("no channel, for it has blanks", None, False),
    ],
)
def test_a_receipt_is_tagged_for_the_channel_of_what_it_answers(
    make_transport, broker, consignment, asked, own, tagged
) -> None:
    """So that its owner finds it; where that is ourselves, or nobody, it is a UUID as of any other message."""
    send(make_transport(message_channel=own), replace(consignment, message_channel=asked))
    (begun,) = (seen.form for seen in broker.seen if seen.act == "initialise")
    tag = begun["sendersFileTransferReference"]
    assert (tag == asked) is tagged
    assert tagged or UUID(tag)


def test_reference_is_remembered_before_a_byte_goes(transport, broker, consignment) -> None:
    """When `remember` is called the broker has seen no upload; when it fails, none comes."""
    at_the_time: list[list[str]] = []
    reference = transport.send(consignment, reference=None, remember=lambda _: at_the_time.append(broker.acts()))
    assert at_the_time == [["initialise"]]
    assert reference in broker.transfers

    def refuse(_: str) -> None:
        raise StorageUnavailable("the database is gone")

    with pytest.raises(StorageUnavailable):
        transport.send(consignment, reference=None, remember=refuse)
    assert broker.acts().count("upload") == 1


def test_known_reference_gets_the_bytes(transport, broker, consignment) -> None:
    """With a reference nothing new is begun: the bytes go to that transfer."""
    broker.dial["upload"] = [503]
    remembered: list[str] = []
    with pytest.raises(AnswerLost):
        transport.send(consignment, reference=None, remember=remembered.append)
    assert send(transport, consignment, remembered[0]) == (remembered[0], [])
    assert broker.acts() == ["initialise", "upload", "upload"]
    assert transport.find(SENDER, remembered[0]).state is Found.PUBLISHED


@pytest.mark.parametrize("fault", [500, 503, 429, "hang", "cut", "lost answer"])
def test_trouble_before_the_upload_is_tried_again(transport, broker, consignment, fault) -> None:
    """Whatever goes wrong with initialise may be repeated: a transfer without bytes is never published."""
    broker.dial["initialise"] = [fault]
    assert isinstance(fail(transport, consignment), Unavailable)
    assert "upload" not in broker.acts()


def test_wait_that_the_broker_asks_for_is_passed_on(transport, broker, consignment) -> None:
    """Retry-After comes out in seconds, from initialise and from upload, also as a date."""
    broker.dial["initialise"] = [(429, {"Retry-After": "7"})]
    assert fail(transport, consignment).retry_after == 7
    broker.dial["upload"] = [(429, {"Retry-After": "Mon, 02 Nov 2026 12:02:00 GMT"})]
    fault = fail(transport, consignment)
    assert (type(fault), fault.retry_after) == (Unavailable, 120)
    broker.dial["upload"] = [(503, {"Retry-After": "9"})]
    fault = fail(transport, consignment)
    assert (type(fault), fault.retry_after) == (AnswerLost, 9)


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 404, 408, 409, "hang", "half", "lost answer"])
def test_upload_in_doubt_is_asked_about(transport, broker, consignment, fault) -> None:
    """Once bytes have left, an answer that does not settle the matter, or none, is `ask`, never `again`."""
    broker.dial["upload"] = [fault]
    found = fail(transport, consignment)
    assert isinstance(found, AnswerLost)
    assert found.verdict is Verdict.ASK
    assert "token" not in f"{found}{found.mend}"
    assert broker.acts() == ["initialise", "upload"]


def test_upload_in_doubt_is_settled_by_asking(transport, broker, consignment) -> None:
    """After a lost answer the transfer is found published; after a cut in the body it is found empty."""
    for fault, state in (("lost answer", Found.PUBLISHED), ("half", Found.EMPTY)):
        broker.dial["upload"] = [fault]
        remembered: list[str] = []
        with pytest.raises(AnswerLost):
            transport.send(consignment, reference=None, remember=remembered.append)
        assert transport.find(SENDER, remembered[0]).state is state


def test_success_before_the_last_byte_is_not_believed(make_transport, broker, consignment) -> None:
    """A proxy that answers 200 after a part of the body does not get its answer believed."""
    long = replace(consignment, parcel=Parcel(64 << 20, lambda: iter([bytes(1 << 20)] * 64)))
    broker.dial["upload"] = ["early success"]
    found = fail(make_transport(upload_timeout=(5, 5)), long)
    assert isinstance(found, AnswerLost)
    assert str(64 << 20) in found.message


@pytest.mark.parametrize("act", ["initialise", "upload"])
def test_401_costs_one_new_token_and_a_fresh_body(transport, broker, wallet, consignment, act) -> None:
    """After a 401 the call is made again with a new token, and the body again from its first byte."""
    broker.dial[act] = [401]
    reference, _ = send(transport, consignment)
    assert wallet.dropped == ["token-1"]
    assert broker.last("upload").headers["Authorization"] == "Bearer token-2"
    assert len(broker.transfers[reference].content) == consignment.parcel.length


@pytest.mark.parametrize("act", ["initialise", "upload"])
@pytest.mark.parametrize(("status", "calls"), [(401, 2), (403, 1)])
def test_refused_rights_stop(transport, broker, consignment, act, status, calls) -> None:
    """A 401 with a new token and a 403 stop, and say which system user and resource the operator looks at."""
    broker.dial[act] = [status] * 2
    found = fail(transport, consignment)
    assert isinstance(found, TokenRefused)
    assert (found.status, found.answer) == (status, f"Fault: dialled {status}")
    assert all(word in found.mend for word in ("operator", SENDER, "eformidling-dpo-meldingsutveksling"))
    assert broker.acts().count(act) == calls


@pytest.mark.parametrize("act", ["initialise", "upload"])
@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_refused_message_stops_with_the_brokers_words(transport, broker, consignment, act, status) -> None:
    """An answer that will not change stops at once, with the ProblemDetails of the broker."""
    broker.dial[act] = [status]
    found = fail(transport, consignment)
    assert isinstance(found, Rejected)
    assert (found.verdict, found.answer) == (Verdict.STOP, f"Fault: dialled {status}")


def test_broker_that_is_not_there_is_tried_again(make_transport, consignment) -> None:
    """A closed port is `again`, for initialise and for an upload, of which no byte left."""
    transport = make_transport(url="http://127.0.0.1:9/broker/api/v1")
    for reference in (None, "00000000-0000-4000-8000-000000000000"):
        assert isinstance(fail(transport, consignment, reference), Unavailable)


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b'{"fileTransferId": null}', b'{"fileTransferId": "../x"}'])
def test_answer_without_an_id_begins_nothing(transport, broker, consignment, answer) -> None:
    """A success without a proper id is no transfer: nothing is remembered and nothing uploaded."""
    broker.dial["initialise"] = [(200, {}, answer)]
    remembered: list[str] = []
    with pytest.raises(Unavailable):
        transport.send(consignment, reference=None, remember=remembered.append)
    assert (remembered, broker.acts()) == ([], ["initialise"])


def test_fault_of_our_own_disk_is_not_the_brokers(transport, broker, consignment) -> None:
    """When the parcel cannot be read to its end, the error says so, and the broker holds no whole message."""

    def broken(fault: Exception):
        yield b"x" * 2_000_000
        raise fault

    for fault, kind in ((OSError("disk"), StorageUnavailable), (StorageUnavailable("store"), StorageUnavailable)):
        parcel = Parcel(4_000_000, lambda fault=fault: broken(fault))
        assert isinstance(fail(transport, replace(consignment, parcel=parcel)), kind)
    assert all(transfer.content is None or len(transfer.content) < 4_000_000 for transfer in broker.transfers.values())


@pytest.mark.parametrize("length", [99, 101])
def test_parcel_of_another_length_than_promised_is_not_sent(transport, broker, consignment, length) -> None:
    """A parcel that holds more or fewer bytes than it says is our own fault, and is never taken for a whole one."""
    parcel = Parcel(length, lambda: iter([b"x" * 100]))
    with pytest.raises(RuntimeError, match=f"a parcel of {length} bytes"):
        transport.send(replace(consignment, parcel=parcel), reference=None, remember=lambda _: None)


def test_sender_without_a_system_user_is_a_matter_of_settings(transport, consignment) -> None:
    """An organisation that has no system user in the settings is told so, by name."""
    found = fail(transport, replace(consignment, sender="0192:311000195"))
    assert isinstance(found, SetupFault)
    assert "0192:311000195" in found.message
