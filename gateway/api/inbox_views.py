"""What incoming messages look like in answers: records of the inbox as JSON objects.

In come records, out come plain dicts; `inbox_schemas` describes the same for /docs, and a test holds the two together.
"""

from collections.abc import Sequence
from urllib.parse import quote

from gateway.api.bodies import media_type
from gateway.api.times import moment
from gateway.api.tongue import told
from gateway.api.views import Json, event_json
from gateway.message.identifiers import number_of
from gateway.storage.inbox import Incoming, IncomingFile, Lock, Signature
from gateway.storage.receipts_out import ReceiptOut
from gateway.storage.statuses import StatusEvent


def incoming_json(found: Incoming, client_id: str) -> Json:
    """One message, without its SBD."""
    path = f"/in/messages/{quote(found.message_id)}"
    return {
        "messageId": found.message_id,
        "conversationId": found.conversation_id,
        "organisation": found.organisation,
        "sender": found.sender,
        "receiver": found.receiver,
        "serviceIdentifier": found.channel,
        "process": found.process,
        "documentType": found.document_type,
        "state": found.state.value,
        "received": moment(found.received),
        "lastUpdated": moment(found.last_updated),
        "expires": moment(found.expires),
        "messageChannel": found.message_channel,
        "senderRef": found.sender_ref,
        "inReplyTo": found.in_reply_to,
        "signature": _signature(found.signature, found.sender),
        "documents": files_json(found.files),
        "size": found.size,
        "lock": _lock(found.lock, client_id),
        "acknowledged": moment(found.acknowledged),
        "documentsDeleted": moment(found.emptied),
        "links": {"self": path, "documents": f"{path}/documents"},
    }


def peeked_json(found: Incoming, client_id: str) -> Json:
    """The same with its SBD."""
    return {**incoming_json(found, client_id), "standardBusinessDocument": found.sbd}


def received_json(
    found: Incoming, client_id: str, *, events: Sequence[StatusEvent], receipts: Sequence[ReceiptOut]
) -> Json:
    """The same with everything that was told of it."""
    return {
        **peeked_json(found, client_id),
        "statuses": [event_json(event) for event in events],
        "receipts": [_receipt(receipt) for receipt in receipts],
    }


def files_json(files: Sequence[IncomingFile]) -> list[Json]:
    """The files of a package."""
    return [
        {"filename": file.name, "size": file.size, "sha256": file.sha256, "mimeType": media_type("", file.name)}
        for file in files
    ]


def _signature(found: Signature, sender: str) -> Json:
    return {
        "verdict": found.verdict,
        "reason": told(found.reason) if found.reason else None,
        "mend": told(found.mend) if found.mend else None,
        "signer": found.signer,
        "organisation": f"0192:{found.organisation}" if found.organisation else None,
        "signedBySender": found.organisation == number_of(sender) if found.organisation else None,
        "serial": found.serial,
        "validUntil": moment(found.valid_until),
    }


def _lock(lock: Lock | None, client_id: str) -> Json | None:
    if lock is None:
        return None
    return {"until": moment(lock.until), "mine": lock.client_id == client_id}


def _receipt(receipt: ReceiptOut) -> Json:
    return {
        "status": receipt.status.value,
        "state": receipt.state.value,
        "sent": moment(receipt.sent),
        "reason": told(receipt.reason) if receipt.reason else None,
    }
