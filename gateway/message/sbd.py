"""The envelope: a standard business document (SBD) as JSON, with one business message.

In comes a dict from JSON or the facts of a prototype; out comes a frozen `Envelope` or its JSON. Called by delivery,
the sandbox and the doors. Source: reference of the NextMove API §3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from gateway.message.identifiers import AUTHORITY
from gateway.message.moments import in_norway
from gateway.message.processes import message_type

HEADER = "standardBusinessDocumentHeader"
JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who to whom, under which ids, by which process, and the business message.

    `message_id` is the SBD's instanceIdentifier, `conversation_id` that of its ConversationId scope; identifiers are
    canonical (`0192:…`); `business` is the object of the member that is named after the type.
    """

    message_id: str
    conversation_id: str
    sender: str
    receiver: str | None
    process: str
    document_type: str
    created: datetime
    expected_response: datetime | None
    business: JsonObject
    channel: str | None = None
    sender_ref: str | None = None
    receiver_ref: str | None = None

    @property
    def type(self) -> str:
        """The name of the business message: `arkivmelding`, `status`, …"""
        return message_type(self.document_type)


def write_envelope(envelope: Envelope) -> JsonObject:
    """The envelope as the JSON object that goes on the wire."""
    header: JsonObject = {
        "headerVersion": "1.0",
        "sender": [_partner(envelope.sender)],
        "receiver": [_partner(envelope.receiver)] if envelope.receiver else [],
        "documentIdentification": {
            "standard": envelope.document_type,
            "typeVersion": "2.0",
            "instanceIdentifier": envelope.message_id,
            "type": envelope.type,
            "creationDateAndTime": envelope.created.isoformat(timespec="milliseconds"),
        },
        "businessScope": {"scope": _write_scopes(envelope)},
    }
    return {HEADER: header, envelope.type: envelope.business}


def read_envelope(document: Mapping[str, object]) -> Envelope:
    """The envelope in a JSON object; ValueError names the member that is missing or wrong."""
    header = _member(document, HEADER)
    identification = _member(header, "documentIdentification")
    kind = _text(identification, "type")
    document_type = _text(identification, "standard")
    if message_type(document_type) != kind:
        raise ValueError(f"standard is {document_type}, which does not end with the type, {kind}")
    scopes = {str(scope.get("type")): scope for scope in _objects(_member(header, "businessScope"), "scope")}
    if "ConversationId" not in scopes:
        raise ValueError("businessScope has no scope of type ConversationId")
    conversation = scopes["ConversationId"]
    information = list(_objects(conversation, "scopeInformation"))
    return Envelope(
        message_id=_text(identification, "instanceIdentifier"),
        conversation_id=_text(conversation, "instanceIdentifier"),
        sender=_read_partner(header, "sender") or "",
        receiver=_read_partner(header, "receiver"),
        process=_text(conversation, "identifier"),
        document_type=document_type,
        created=_time(identification, "creationDateAndTime"),
        expected_response=_deadline(information),
        business=dict(_member(document, kind)),
        channel=_scope_value(scopes, "MessageChannel", member="identifier"),
        sender_ref=_scope_value(scopes, "SenderRef", member="instanceIdentifier"),
        receiver_ref=_scope_value(scopes, "ReceiverRef", member="instanceIdentifier"),
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. Without a `message_id` the answer has that of the message it answers, as a `status` does."""

    document_type: str
    process: str
    business: JsonObject
    message_id: str | None = None


def reply_envelope(to: Envelope, reply: Reply, *, now: datetime) -> Envelope:
    """The envelope of an answer to `to`: sender and receiver change places."""
    return replace(
        to,
        message_id=reply.message_id or to.message_id,
        sender=to.receiver or "",
        receiver=to.sender,
        process=reply.process,
        document_type=reply.document_type,
        created=now,
        expected_response=None,
        business=reply.business,
        sender_ref=None,
        receiver_ref=None,
    )


def _write_scopes(envelope: Envelope) -> list[JsonObject]:
    conversation: JsonObject = {
        "type": "ConversationId",
        "instanceIdentifier": envelope.conversation_id,
        "identifier": envelope.process,
    }
    if envelope.expected_response:
        moment = envelope.expected_response.isoformat(timespec="milliseconds")
        conversation["scopeInformation"] = [{"expectedResponseDateTime": moment}]
    scopes = [conversation]
    for kind, value in (("SenderRef", envelope.sender_ref), ("ReceiverRef", envelope.receiver_ref)):
        if value:
            scopes.append({"type": kind, "instanceIdentifier": value})
    if envelope.channel:
        scopes.append({"type": "MessageChannel", "identifier": envelope.channel})
    return scopes


def _partner(identifier: str) -> JsonObject:
    return {"identifier": {"authority": AUTHORITY, "value": identifier}}


def _read_partner(header: Mapping[str, object], name: str) -> str | None:
    partners = list(_objects(header, name))
    return _text(_member(partners[0], "identifier"), "value") if partners else None


def _member(container: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = container.get(name)
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is missing or no object")
    return cast("Mapping[str, object]", value)


def _objects(container: Mapping[str, object], name: str) -> Iterable[Mapping[str, object]]:
    value = container.get(name) or []
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise ValueError(f"{name} is no list of objects")
    return cast("list[Mapping[str, object]]", value)


def _text(container: Mapping[str, object], name: str) -> str:
    value = container.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing or no text")
    return value


def _scope_value(scopes: Mapping[str, Mapping[str, object]], kind: str, *, member: str) -> str | None:
    value = scopes.get(kind, {}).get(member)
    return value if isinstance(value, str) else None


def _deadline(information: list[Mapping[str, object]]) -> datetime | None:
    name = "expectedResponseDateTime"
    return _time(information[0], name) if information and information[0].get(name) else None


def _time(container: Mapping[str, object], name: str) -> datetime:
    """A time with its zone, which UTC has too; one without is Norwegian time, as the reference reads it in Norway."""
    text = _text(container, name)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else in_norway(moment)
        moment.astimezone(UTC)
        return moment
    except (ValueError, OverflowError) as fault:
        raise ValueError(f"{name} is no time: {text}") from fault
