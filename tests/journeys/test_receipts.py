"""What comes in: receipts are believed only from the recipient of the very message; the rest is left or noted."""

import uuid

import pytest

from gateway.storage import arrivals
from tests.journeys.following import fault, log_of, send, sim, wait_for, wait_for_status
from tests.live import Gateway

THIRD = "311000101"
RECIPIENT = "311000020"


def envelope(body: dict, *, sender: str, business: dict, kind: str = "status", receiver: str = "311000012") -> dict:  # type: ignore[type-arg]
    """An SBD that speaks of that prototype."""
    prototype = body["prototypes"][0]
    header = prototype["standardBusinessDocument"]["standardBusinessDocumentHeader"]
    conversation = header["businessScope"]["scope"][0]["instanceIdentifier"]
    standards = {
        "status": "urn:no:difi:eformidling:xsd::status",
        "arkivmelding_kvittering": "urn:no:difi:arkivmelding:xsd::arkivmelding_kvittering",
        "arkivmelding": "urn:no:difi:arkivmelding:xsd::arkivmelding",
    }

    def partner(number: str) -> list[dict]:  # type: ignore[type-arg]
        return [{"identifier": {"authority": "iso6523-actorid-upis", "value": f"0192:{number}"}}]

    return {
        "standardBusinessDocumentHeader": {
            "headerVersion": "1.0",
            "sender": partner(sender),
            "receiver": partner(receiver),
            "documentIdentification": {
                "standard": standards[kind],
                "typeVersion": "2.0",
                "instanceIdentifier": prototype["messageId"] if kind == "status" else str(uuid.uuid4()),
                "type": kind,
                "creationDateAndTime": "2026-11-23T10:00:00+01:00",
            },
            "businessScope": {
                "scope": [
                    {
                        "type": "ConversationId",
                        "instanceIdentifier": conversation,
                        "identifier": "urn:no:difi:profile:arkivmelding:response:ver1.0",
                    }
                ]
            },
        },
        kind: business,
    }


@pytest.fixture
def sent(gateway: Gateway, worker: None) -> dict:  # type: ignore[type-arg]
    """A conversation whose recipient has been told never to fetch it."""
    fault(gateway, "recipient fetch", "never-fetch", times=None)
    (message_id,) = send(gateway)
    wait_for_status(gateway, message_id, "SENDT")
    return gateway.call("GET", f"/out/messages/{message_id}").json()  # type: ignore[no-any-return]


def odd_reasons(gateway: Gateway) -> list[str]:
    """The reasons of the odd events, newest first."""
    with gateway.assembly.database.reading() as connection:
        return [event.reason for event in arrivals.odd_events(connection, limit=50)]


FORGERIES = {
    "status-in-own-name": (THIRD, THIRD, "status", {"status": "LEVERT"}, "WRONG_SENDER"),
    "status-in-the-recipient's-name": (THIRD, RECIPIENT, "status", {"status": "LEVERT"}, "WRONG_SENDER"),
    "feil-in-the-recipient's-name": (THIRD, RECIPIENT, "status", {"status": "FEIL"}, "WRONG_SENDER"),
    "own-name-over-the-recipient's-wire": (RECIPIENT, THIRD, "status", {"status": "LEVERT"}, "WRONG_SENDER"),
    "a-status-that-nobody-can-give": (RECIPIENT, RECIPIENT, "status", {"status": "OPPRETTET"}, "UNKNOWN_STATUS"),
}


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_a_third_organisation_cannot_forge_a_status(gateway: Gateway, sent: dict, name: str) -> None:  # type: ignore[type-arg]
    """It is noted as odd, confirmed away, and changes nothing."""
    wire, written, kind, business, reason = FORGERIES[name]
    message_id = sent["prototypes"][0]["messageId"]
    before = len(odd_reasons(gateway))
    sbd = envelope(sent, sender=written, business=business, kind=kind)
    sim(gateway, "POST", "forge", **{"as": wire, "sbd": sbd})
    wait_for(lambda: len(odd_reasons(gateway)) > before, "the odd event")
    assert odd_reasons(gateway)[0] == reason
    assert log_of(gateway, message_id) == ["OPPRETTET", "SENDT"]


def test_a_third_organisation_cannot_forge_a_kvittering(gateway: Gateway, sent: dict) -> None:  # type: ignore[type-arg]
    """Neither LEST nor FEIL comes of it."""
    message_id = sent["prototypes"][0]["messageId"]
    before = len(odd_reasons(gateway))
    for written in (THIRD, RECIPIENT):
        business = {"receiptType": "ERROR", "relatedToMessageId": message_id}
        sbd = envelope(sent, sender=written, business=business, kind="arkivmelding_kvittering")
        sim(gateway, "POST", "forge", **{"as": THIRD, "sbd": sbd})
    wait_for(lambda: len(odd_reasons(gateway)) >= before + 2, "the odd events")
    assert log_of(gateway, message_id) == ["OPPRETTET", "SENDT"]


def test_the_right_recipient_is_believed(gateway: Gateway, sent: dict) -> None:  # type: ignore[type-arg]
    """The same envelope from the recipient itself becomes a status: the forgeries above fail for their sender alone."""
    message_id = sent["prototypes"][0]["messageId"]
    sim(
        gateway,
        "POST",
        "forge",
        **{"as": RECIPIENT, "sbd": envelope(sent, sender=RECIPIENT, business={"status": "LEVERT"})},
    )
    assert wait_for_status(gateway, message_id, "LEVERT") == ["OPPRETTET", "SENDT", "LEVERT"]


def test_a_receipt_for_nothing_is_odd(gateway: Gateway, sent: dict) -> None:  # type: ignore[type-arg]
    """A message id that was never sent from here."""
    sbd = envelope(sent, sender=RECIPIENT, business={"status": "LEVERT"})
    sbd["standardBusinessDocumentHeader"]["documentIdentification"]["instanceIdentifier"] = str(uuid.uuid4())
    before = len(odd_reasons(gateway))
    sim(gateway, "POST", "forge", **{"as": RECIPIENT, "sbd": sbd})
    wait_for(lambda: len(odd_reasons(gateway)) > before, "the odd event")
    assert odd_reasons(gateway)[0] == "UNKNOWN_MESSAGE"


def test_an_incoming_arkivmelding_is_stored_and_then_confirmed(gateway: Gateway, sent: dict) -> None:  # type: ignore[type-arg]
    """It stands in the inbox, and the sender is owed MOTTATT."""
    sbd = envelope(sent, sender=THIRD, business={}, kind="arkivmelding")
    identifier = sbd["standardBusinessDocumentHeader"]["documentIdentification"]["instanceIdentifier"]
    made = sim(gateway, "POST", "forge", **{"as": THIRD, "sbd": sbd})

    def receipts() -> list[str]:
        shown = gateway.call("GET", f"/in/messages/{identifier}")
        return [each["status"] for each in shown.json()["receipts"] if each["state"] == "sent"] if shown.ok else []

    wait_for(lambda: receipts() == ["MOTTATT"], "the receipt")

    def status() -> str:
        transfers = sim(gateway, "GET", "transfers")
        (found,) = [each for each in transfers if each["fileTransferId"] == made["fileTransferId"]]  # type: ignore[attr-defined,index]
        return str(found["fileTransferStatus"])

    wait_for(lambda: status() != "Published", "the confirmation")
    assert gateway.call("GET", "/in/messages").json()["total"] >= 1


def test_a_parcel_that_is_none_is_counted_at_the_channel(gateway: Gateway, sent: dict) -> None:  # type: ignore[type-arg]
    """It is left unconfirmed, for somebody to look at."""
    sim(gateway, "POST", "forge", **{"as": THIRD, "content": "aW5nZW4gcGFra2U="})

    def waiting() -> int:
        with gateway.assembly.database.reading() as connection:
            return arrivals.count_waiting(connection).get("unreadable", 0)

    wait_for(lambda: waiting() >= 1, "the count")
    assert 'gateway_arrivals_waiting{kind="unreadable"}' in gateway.call("GET", "/manage/metrics").text


def test_rubbish_is_noted_and_left(gateway: Gateway, sent: dict) -> None:  # type: ignore[type-arg]
    """Bytes that are no parcel are noted once, and do not hold back what comes after them."""
    before = odd_reasons(gateway).count("UNREADABLE")
    sim(gateway, "POST", "forge", **{"as": THIRD, "content": "cnViYmlzaA=="})
    message_id = sent["prototypes"][0]["messageId"]
    sim(
        gateway,
        "POST",
        "forge",
        **{"as": RECIPIENT, "sbd": envelope(sent, sender=RECIPIENT, business={"status": "MOTTATT"})},
    )
    wait_for_status(gateway, message_id, "MOTTATT")
    wait_for(lambda: odd_reasons(gateway).count("UNREADABLE") == before + 1, "the note")


def test_a_receipt_that_comes_twice_is_one_status(gateway: Gateway, worker: None) -> None:
    """The second is no event."""
    fault(gateway, "recipient levert", "twice")
    (message_id,) = send(gateway)
    wait_for_status(gateway, message_id, "LEST")
    assert log_of(gateway, message_id).count("LEVERT") == 1


def test_the_sender_of_a_kvittering_is_told_that_it_was_stored_and_fetched(gateway: Gateway, worker: None) -> None:
    """MOTTATT and LEVERT, in that order, once each."""
    (message_id,) = send(gateway)
    wait_for_status(gateway, message_id, "LEST")

    def answers() -> list[dict]:  # type: ignore[type-arg]
        page = gateway.call("GET", "/in/messages?limit=500&newestFirst=true").json()["messages"]
        return [each for each in page if each["inReplyTo"] == message_id]

    wait_for(answers, "the kvittering")
    (kvittering,) = answers()
    which = f"messageId={kvittering['messageId']}"

    def told() -> list[object]:
        found = sim(gateway, "GET", "receipts")
        return [each["statuses"] for each in found if each["messageId"] == kvittering["messageId"]]  # type: ignore[attr-defined]

    wait_for(lambda: told() == [["MOTTATT"]], "MOTTATT")
    assert gateway.call("GET", f"/in/messages/peek?{which}").status_code == 200
    assert gateway.call("DELETE", f"/in/messages/pop?{which}").status_code == 200
    wait_for(lambda: told() == [["MOTTATT", "LEVERT"]], "LEVERT")
