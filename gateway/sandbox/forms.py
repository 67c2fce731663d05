"""The Broker's JSON: what a sender asks for, and what the Broker shows of a transfer.

Comes in: the body of initialize, or a transfer; goes out: a `Wish`, or the overview. Called by the Broker's door.
Source: the Broker's OpenAPI document, `FileTransferInitalizeExt` and `FileTransferOverviewExt`.
"""

import re
from collections.abc import Mapping
from typing import cast

from gateway.errors import Invalid
from gateway.sandbox.transfer import Transfer, Wish

_ORGANISATION = re.compile(r"\d{4}:\d{9}", re.ASCII)


def read_wish(body: object, resource: str) -> Wish:
    """What the body of initialize asks for; Invalid names the member that the Broker would refuse."""
    if not isinstance(body, Mapping):
        raise Invalid("the body is no JSON object")
    recipients = body.get("recipients")
    wish = Wish(
        sender=_read_text(body, "sender"),
        recipients=tuple(str(recipient) for recipient in recipients) if isinstance(recipients, list) else (),
        resource=_read_text(body, "resourceId"),
        file_name=_read_text(body, "fileName"),
        reference=_read_text(body, "sendersFileTransferReference") or None,
        properties=_read_properties(body.get("propertyList")),
        checksum=_read_text(body, "checksum") or None,
    )
    _check_wish(wish, resource)
    return wish


def _check_wish(wish: Wish, resource: str) -> None:
    if not _ORGANISATION.fullmatch(wish.sender):
        raise Invalid("sender must be on the form 0192:organisasjonsnummer")
    if not wish.recipients or not all(_ORGANISATION.fullmatch(recipient) for recipient in wish.recipients):
        raise Invalid("recipients must hold one organisation at least, each on the form 0192:organisasjonsnummer")
    if not wish.file_name or len(wish.file_name) > 255:
        raise Invalid("fileName must have from 1 to 255 characters")
    if wish.resource != resource:
        raise Invalid("The resource needs to be registered as an Altinn 3 resource")


def _read_text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise Invalid(f"{name} must be text")


def _read_properties(value: object) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > 10 or not all(isinstance(text, str) for text in value.values()):
        raise Invalid("propertyList holds at most ten texts")
    return cast("Mapping[str, str]", value)


def write_overview(transfer: Transfer) -> dict[str, object]:
    """The overview of a transfer, with every member that the OpenAPI document names."""
    return {
        "fileTransferId": transfer.id,
        "resourceId": transfer.wish.resource,
        "fileName": transfer.wish.file_name,
        "sendersFileTransferReference": transfer.wish.reference,
        "checksum": transfer.wish.checksum,
        "useVirusScan": True,
        "fileTransferSize": transfer.size,
        "fileTransferStatus": transfer.state,
        "fileTransferStatusText": transfer.detail or transfer.state,
        "fileTransferStatusChanged": transfer.changed.isoformat(),
        "created": transfer.created.isoformat(),
        "expirationTime": transfer.expires.isoformat(),
        "sender": transfer.wish.sender,
        "recipients": [
            {
                "recipient": recipient,
                "currentRecipientFileTransferStatusCode": progress,
                "currentRecipientFileTransferStatusText": progress,
                "currentRecipientFileTransferStatusChanged": at.isoformat(),
            }
            for recipient, (progress, at) in transfer.recipients.items()
        ],
        "propertyList": dict(transfer.wish.properties),
    }
