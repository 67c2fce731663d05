"""Asking and taking in: what became of a transfer, what waits for us, its bytes, and the confirmation."""

import errno
from pathlib import Path
from uuid import uuid4

import pytest
import urllib3

from gateway.errors import Rejected, StorageUnavailable, TokenRefused, Unavailable
from gateway.maskinporten import SystemUser
from gateway.transports.port import Found

SENDER, RECIPIENT = "0192:311000017", "0192:311000128"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Initialized", Found.EMPTY),
        ("UploadStarted", Found.BUSY),
        ("UploadProcessing", Found.ARRIVED),
        ("Published", Found.PUBLISHED),
        ("AllConfirmedDownloaded", Found.PUBLISHED),
        ("Purged", Found.PUBLISHED),
        ("Failed", Found.GONE),
        ("Cancelled", Found.GONE),
    ],
)
def test_each_state_of_a_transfer(transport, broker, status, state) -> None:
    """Every state of the broker's own list says what to do next, with its words."""
    reference = broker.add()
    broker.transfers[reference].status = status
    finding = transport.find(SENDER, reference)
    assert (finding.state, finding.detail) == (state, f"It is {status}")


def test_unknown_transfer_is_gone(transport) -> None:
    """A transfer that the broker does not know is gone: a new one may be begun."""
    finding = transport.find(SENDER, str(uuid4()))
    assert finding.state is Found.GONE
    assert "was not found" in finding.detail


def test_state_that_is_new_to_us_sends_nothing_again(transport, broker) -> None:
    """A state that this version does not know is looked at again later; it never leads to a second copy."""
    reference = broker.add()
    broker.transfers[reference].status = "Quarantined"
    with pytest.raises(Unavailable, match="Quarantined"):
        transport.find(SENDER, reference)


@pytest.mark.parametrize(("fault", "error"), [(503, Unavailable), ("cut", Unavailable), (403, TokenRefused)])
def test_find_that_fails_decides_nothing(transport, broker, fault, error) -> None:
    """When the broker does not answer the question, there is no finding."""
    broker.dial["overview"] = [fault]
    with pytest.raises(error):
        transport.find(SENDER, broker.add())


def test_waiting_is_oldest_first_with_its_sender(transport, broker, wallet) -> None:
    """What waits is asked for as documented, and comes oldest first, the undated last, with the broker's own sender."""
    late, early, undated = broker.add(5), broker.add(1, sender="0192:311000136"), broker.add(created=None)
    arrivals = transport.waiting(RECIPIENT)
    assert [arrival.reference for arrival in arrivals] == [early, late, undated]
    assert [arrival.sender for arrival in arrivals] == ["0192:311000136", SENDER, SENDER]
    assert arrivals[0].created is not None
    assert arrivals[0].created.isoformat() == "2026-11-02T12:01:00+00:00"
    assert arrivals[2].created is None
    asked = [seen.query for seen in broker.seen if seen.act == "list"][:2]
    assert asked == [
        {"resourceId": "eformidling-dpo-meldingsutveksling", "status": "Published", "recipientStatus": status}
        for status in ("Initialized", "DownloadStarted")
    ]
    assert set(wallet.asked) == {("altinn:broker.read", SystemUser(RECIPIENT, "recipient-user"))}


@pytest.mark.parametrize(
    ("channel", "ours"), [(None, {"uuid", "none", "long"}), ("archive-1", {"archive-1"}), ("other", set())]
)
def test_message_channel_decides_what_is_ours(make_transport, broker, channel, ours) -> None:
    """With a channel only its transfers are taken; without one, those tagged for any channel are left alone."""
    tags = {"uuid": str(uuid4()), "none": None, "long": "x" * 26, "archive-1": "archive-1", "empty": "", "short": "ab"}
    names = {broker.add(sendersFileTransferReference=tag): name for name, tag in tags.items()}
    arrivals = make_transport(message_channel=channel).waiting(RECIPIENT)
    assert {names[arrival.reference] for arrival in arrivals} == ours


def test_one_overview_that_fails_is_left_for_next_time(transport, broker) -> None:
    """A transfer whose overview fails does not hold up the others, and is there the next time."""
    references = [broker.add(minute) for minute in range(3)]
    broker.dial["overview"] = [None, 500, None]
    assert len(transport.waiting(RECIPIENT)) == 2
    assert [arrival.reference for arrival in transport.waiting(RECIPIENT)] == references


def test_broker_that_is_down_is_not_asked_hundreds_of_times(transport, broker) -> None:
    """After three failures in a row the rest is left for the next time."""
    for minute in range(20):
        broker.add(minute)
    broker.dial["overview"] = [500] * 20
    assert transport.waiting(RECIPIENT) == ()
    assert broker.acts().count("overview") == 3


def test_overview_is_asked_for_once(transport, broker) -> None:
    """What lies unconfirmed costs one list at the next poll, not an overview each."""
    for minute in range(5):
        broker.add(minute)
    assert transport.waiting(RECIPIENT) == transport.waiting(RECIPIENT)
    assert broker.acts().count("overview") == 5


def test_what_lies_unconfirmed_hides_nothing_older(transport, broker) -> None:
    """The broker lists a page, the newest; older arrivals behind it are found too, and none is lost or doubled."""
    broker.page = 100
    references = [broker.add(minute // 2) for minute in range(230)]
    found = [arrival.reference for arrival in transport.waiting(RECIPIENT)]
    assert len(found) == 230
    assert set(found) == set(references)


def test_an_old_one_that_was_begun_hides_nothing_newer(transport, broker) -> None:
    """One that was fetched and never confirmed long ago leaves none out between itself and the newest page."""
    broker.page = 100
    old = broker.add(0)
    broker.transfers[old].begun = True
    references = [old, *(broker.add(minute) for minute in range(1, 231))]
    assert [arrival.reference for arrival in transport.waiting(RECIPIENT)] == references


def test_list_that_fails_is_an_error(transport, broker) -> None:
    """No list is not an empty list."""
    broker.dial["list"] = [503]
    with pytest.raises(Unavailable):
        transport.waiting(RECIPIENT)
    broker.dial["list"] = [(200, {})]
    with pytest.raises(Unavailable, match="list"):
        transport.waiting(RECIPIENT)


def test_arrival_comes_down_as_a_file_that_is_gone_afterwards(transport, broker, tmp_path: Path) -> None:
    """The bytes lie in the spool folder while they are used, readable by us alone, and are gone after it."""
    reference = broker.add()
    broker.transfers[reference].content = bytes(range(256)) * 20_000
    with transport.fetch(RECIPIENT, reference) as path:
        assert path.parent == tmp_path / "spool"
        assert path.read_bytes() == broker.transfers[reference].content
        assert path.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "spool").iterdir()) == []
    assert broker.last("download").headers["Accept-Encoding"] == "identity"
    with pytest.raises(KeyError), transport.fetch(RECIPIENT, reference):
        raise KeyError
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("enforced", [True, False])
def test_arrival_that_was_cut_off_is_not_handed_out(
    transport, broker, tmp_path: Path, enforced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download shorter than announced is fetched again later, also where the library underneath lets it pass."""
    if not enforced:
        original = urllib3.HTTPResponse.__init__

        def lenient(*args: object, **settings: object) -> None:
            original(*args, **settings | {"enforce_content_length": False})

        monkeypatch.setattr(urllib3.HTTPResponse, "__init__", lenient)
    broker.dial["download"] = [(200, {"Content-Length": "5000", "Connection": "close"}, b"x" * 4999)]
    with pytest.raises(Unavailable) as caught, transport.fetch(RECIPIENT, broker.add()):
        pytest.fail("handed out")
    assert enforced or "4999 of 5000" in caught.value.message
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [(500, Unavailable), ("cut", Unavailable), (403, TokenRefused), (404, Rejected), (400, Rejected)],
)
def test_download_and_confirmation_that_fail(transport, broker, tmp_path: Path, fault, error) -> None:
    """A failed download leaves no file; a failed confirmation is an error with its verdict, and may be repeated."""
    reference = broker.add()
    broker.dial["download"] = [fault]
    with pytest.raises(error), transport.fetch(RECIPIENT, reference):
        pytest.fail("handed out")
    assert list((tmp_path / "spool").iterdir()) == []
    broker.dial["confirmdownload"] = [fault]
    with pytest.raises(error):
        transport.confirm(RECIPIENT, reference)
    transport.confirm(RECIPIENT, reference)
    assert broker.transfers[reference].confirmed


def test_confirmed_arrival_is_not_offered_again(transport, broker) -> None:
    """After the confirmation, an empty POST, the broker does not list the transfer any more."""
    reference = broker.add()
    transport.confirm(RECIPIENT, reference)
    assert broker.last("confirmdownload").headers["Content-Length"] == "0"
    assert transport.waiting(RECIPIENT) == ()


def test_full_or_missing_spool_is_our_own_matter(make_transport, broker, tmp_path: Path, monkeypatch) -> None:
    """A spool folder that is missing or full is a fault of our storage, to be tried again."""
    reference = broker.add()
    missing = make_transport(spool=tmp_path / "nowhere")
    with pytest.raises(StorageUnavailable, match="spool"), missing.fetch(RECIPIENT, reference):
        pytest.fail("handed out")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StorageUnavailable, match="spool"), make_transport().fetch(RECIPIENT, reference):
        pytest.fail("handed out")
