"""What the gateway writes into a client's SBD where the client left it out, and what of it goes on the wire.

In come a sound `ClientSbd` and the defaults, out comes the whole SBD as JSON; everything else in it stays as it came.
Called by delivery. Source: reference of the NextMove API §5, and of the transports §2.3 for the wire.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from gateway.message.client_sbd import ClientSbd
from gateway.message.identifiers import AUTHORITY, is_organisasjonsnummer
from gateway.message.moments import read_moment
from gateway.message.oslo import oslo_time
from gateway.message.sbd import HEADER, JsonObject

_CONVERSATION, _CHANNEL = "ConversationId", "MessageChannel"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What is written in: the `sender` always, `channel` where the installation has one, `deadline` where none is named."""

    sender: str
    channel: str | None
    deadline: datetime
    now: datetime
    new_id: Callable[[], str]


def fill_in(sbd: ClientSbd, defaults: Defaults) -> JsonObject:
    """The SBD with everything that it needs; the one that came is not changed."""
    header = _member(sbd.document, HEADER)
    identification = _member(header, "documentIdentification")
    scope = _member(header, "businessScope")
    filled: JsonObject = {
        **header,
        "sender": [_with_value(header, "sender", value=defaults.sender)],
        **_fill_receiver(sbd, header),
        "documentIdentification": {
            **identification,
            "type": sbd.type.name,
            "instanceIdentifier": sbd.message_id or defaults.new_id(),
            "creationDateAndTime": _time_or(identification.get("creationDateAndTime"), defaults.now),
        },
        "businessScope": {**scope, "scope": _fill_scopes(sbd, scope, defaults=defaults)},
    }
    return {**sbd.document, HEADER: filled}


def write_for_wire(document: Mapping[str, object]) -> JsonObject:
    """The SBD as it goes to the recipient: on behalf of somebody, it names that one alone."""
    header = _member(document, HEADER)
    senders = cast("list[JsonObject]", header["sender"])
    value = str(_member(senders[0], "identifier")["value"])
    principal = f"0192:{value.split(':')[-1]}"
    return {**document, HEADER: {**header, "sender": [_with_value(header, "sender", value=principal)]}}


def _with_value(header: Mapping[str, object], name: str, *, value: str) -> JsonObject:
    """The one sender or receiver with this identifier; a contactInformation stays."""
    entries = header.get(name)
    entry = entries[0] if isinstance(entries, list) and entries else {}
    identifier = entry.get("identifier") or {}
    return {**entry, "identifier": {"authority": AUTHORITY, **identifier, "value": value}}


def _fill_receiver(sbd: ClientSbd, header: Mapping[str, object]) -> JsonObject:
    """A bare organisation number gets what it is a number of, as the reference writes it."""
    bare = sbd.receiver is not None and is_organisasjonsnummer(sbd.receiver)
    return {"receiver": [_with_value(header, "receiver", value=f"0192:{sbd.receiver}")]} if bare else {}


def _fill_scopes(sbd: ClientSbd, container: Mapping[str, object], *, defaults: Defaults) -> list[JsonObject]:
    scopes = [_fill_scope(scope, sbd, defaults=defaults) for scope in cast("list[JsonObject]", container["scope"])]
    if defaults.channel and all(scope["type"] != _CHANNEL for scope in scopes):
        scope = {"type": _CHANNEL, "instanceIdentifier": defaults.new_id(), "identifier": defaults.channel}
        scopes.append(cast("JsonObject", scope))
    return scopes


def _fill_scope(scope: JsonObject, sbd: ClientSbd, *, defaults: Defaults) -> JsonObject:
    instance = scope.get("instanceIdentifier")
    blank = not isinstance(instance, str) or not instance.strip()
    filled = {**scope, "instanceIdentifier": defaults.new_id() if blank else instance}
    if scope["type"] == _CONVERSATION:
        filled["scopeInformation"] = _fill_deadline(scope, sbd, defaults=defaults)
    if scope["type"] == _CHANNEL and defaults.channel and not scope.get("identifier"):
        filled["identifier"] = defaults.channel
    return filled


def _fill_deadline(scope: JsonObject, sbd: ClientSbd, *, defaults: Defaults) -> list[JsonObject]:
    """Only the first scopeInformation is read anywhere; a deadline without an offset gets the one that it was read with."""
    entries = cast("list[JsonObject]", scope.get("scopeInformation") or [{}])
    told = entries[0].get("expectedResponseDateTime")
    text = _time_or(told, sbd.expected_response or defaults.deadline)
    return [{**entries[0], "expectedResponseDateTime": text}, *entries[1:]]


def _time_or(text: object, moment: datetime) -> str:
    """The text where it is a time with its offset; the same with one where it lacks that; else the moment."""
    if not isinstance(text, str):
        return oslo_time(moment)
    read = read_moment(text)
    return text if datetime.fromisoformat(text).tzinfo else read.isoformat()


def _member(container: Mapping[str, object], name: str) -> Mapping[str, object]:
    return cast("Mapping[str, object]", container[name])
