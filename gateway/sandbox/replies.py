"""What a recipient sends back: the `status` and the `arkivmelding_kvittering`, and how any parcel is posted.

Comes in: the envelope that is answered; goes out: envelopes, and transfers with a parcel that holds nothing else.
Called by the recipients and by the controls (forgeries). Source: reference of the transports §1.5, §2.3, §2.4.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from gateway.message.processes import (
    ARKIVMELDING_KVITTERING,
    ARKIVMELDING_RESPONSE,
    AVTALT,
    AVTALT_RESPONSE,
    STATUS,
    message_type,
)
from gateway.message.sbd import Envelope, JsonObject, Reply, reply_envelope, write_envelope
from gateway.sandbox.decisions import DPO_RESOURCE
from gateway.sandbox.transfer import Transfer, Wish
from gateway.sandbox.transfers import Transfers
from gateway.sandbox.unpacking import SBD

TIME_TO_LIVE = timedelta(hours=24)
BACKDATED = timedelta(seconds=5)  # the reference system dates its statuses so


def write_status(to: Envelope, status: str, *, now: datetime) -> Envelope:
    """The `status` message about `to`; it carries the message id of what it speaks of."""
    process = AVTALT_RESPONSE if to.type == message_type(AVTALT) else ARKIVMELDING_RESPONSE
    said = Reply(STATUS, process, {"status": status})
    reply = reply_envelope(to, said, now=now - BACKDATED)
    return replace(reply, expected_response=now + TIME_TO_LIVE)


def write_kvittering(to: Envelope, kind: str, *, text: str, now: datetime) -> Envelope:
    """The `arkivmelding_kvittering` about `to`, with an id of its own; `kind` is OK, WARNING, ERROR or NOTSUPPORTED."""
    business: JsonObject = {
        "receiptType": kind,
        "relatedToMessageId": to.message_id,
        "messages": [{"code": kind, "text": text}],
    }
    said = Reply(ARKIVMELDING_KVITTERING, ARKIVMELDING_RESPONSE, business, str(uuid4()))
    reply = reply_envelope(to, said, now=now)
    return replace(reply, expected_response=now + TIME_TO_LIVE)


def post_envelope(transfers: Transfers, envelope: Envelope) -> Transfer:
    """Send an envelope without documents from its sender to its receiver; a channel named in it is the reference."""
    wish = Wish(
        sender=_primary(envelope.sender),
        recipients=(_primary(envelope.receiver or ""),),
        resource=DPO_RESOURCE,
        reference=envelope.channel or str(uuid4()),
    )
    return post_parcel(transfers, wish, content=pack(write_envelope(envelope)))


def post_parcel(transfers: Transfers, wish: Wish, *, content: bytes) -> Transfer:
    """Begin a transfer and upload `content` in one go."""
    begun = transfers.initialize(wish)
    return transfers.receive(begun.id, (content,), organisation=wish.sender)


def pack(sbd: Mapping[str, object]) -> bytes:
    """A parcel with an envelope and nothing else."""
    parcel = io.BytesIO()
    with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SBD, json.dumps(sbd, ensure_ascii=False))
    return parcel.getvalue()


def _primary(identifier: str) -> str:
    """The organisation itself, without the part behind it."""
    return ":".join(identifier.split(":")[:2])
