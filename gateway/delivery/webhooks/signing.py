"""What a webhook says, and the signature that proves who says it (Standard Webhooks: HMAC-SHA256 over id, time, body).

In come an event and a secret, out come the body and the headers. Facts of the event alone: no title, no description, no
number of a person, nothing that a channel or a recipient has written. Called by webhooks and by the ping.
"""

import base64
import hashlib
import hmac
import io
import json
import re
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.errors import Invalid
from gateway.language import say
from gateway.storage.blobs import Sealer
from gateway.storage.statuses import StatusEvent

_PREFIX = "whsec_"
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")
_SECRET_BYTES = 32
_SHORTEST, _LONGEST = 24, 64
_EVENTS = uuid.UUID("8f6f6a2c-3f0f-5a6d-9a51-6f2f9c1d7b10")


def new_secret() -> str:
    """A secret of 256 random bits, as its owner reads it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def read_secret(text: str) -> bytes:
    """The key in a secret; `Invalid` where it is none."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True) if _SECRET.fullmatch(text) else b""
    except ValueError:
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise Invalid(
            say("the secret cannot be used"),
            code="SECRET",
            mend=say("Leave it out and one is made; or give whsec_ and 24 to 64 random bytes in base64."),
        )
    return key


def seal_key(sealer: Sealer, key: bytes) -> bytes:
    """The key as it is kept."""
    sink = io.BytesIO()
    writer = sealer.seal(sink)
    writer.write(key)
    writer.close()
    return sink.getvalue()


def open_key(sealer: Sealer, sealed: bytes) -> bytes:
    """The key again; `StorageUnavailable` where the sealing key is not at hand."""
    with sealer.open(io.BytesIO(sealed)) as source:
        return source.read()


def event_id(event: StatusEvent) -> str:
    """The same for the same event, however often it is told, and never that of another one."""
    facts = (event.cursor, event.message_id, event.direction.value, event.status.value, event.at.isoformat())
    return str(uuid.uuid5(_EVENTS, " ".join(map(str, facts))))


def describe(event: StatusEvent, subscription_id: str) -> Mapping[str, object]:
    """The facts of an event that are told."""
    return {
        "type": "status",
        "eventId": event_id(event),
        "subscriptionId": subscription_id,
        "cursor": event.cursor,
        "messageId": event.message_id,
        "conversationId": event.conversation_id,
        "direction": event.direction.value,
        "status": event.status.value,
        "at": _moment(event.at),
        "evidence": event.evidence.value or None,
        "outcome": event.outcome.value if event.outcome else None,
    }


def describe_ping(ping_id: str, subscription_id: str, *, at: datetime) -> Mapping[str, object]:
    """What a ping says."""
    return {"type": "ping", "eventId": ping_id, "subscriptionId": subscription_id, "at": _moment(at)}


def sign(
    facts: Mapping[str, object], key: bytes, *, at: datetime, said: str | None = None
) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of what is told at a time; `said` is the id of what does not name it in its body."""
    body = json.dumps(facts, separators=(",", ":")).encode()
    said, stamp = said or str(facts["eventId"]), str(int(at.timestamp()))
    mac = hmac.new(key, f"{said}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "arkivmelding-gateway",
        "Webhook-Id": said,
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": "v1," + base64.b64encode(mac).decode(),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
