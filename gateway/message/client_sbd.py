"""An SBD as a client hands it in: read strictly, every fault at once.

In comes the JSON object, out comes a `ClientSbd`, or `UnsoundSbd` with the place of each fault, the constraint that is
broken and the value. Called by `delivery.classic` and by the doors. Source: reference of the NextMove API §3 and §6.1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from gateway.language import as_phrase, say
from gateway.message.business import BUSINESS_TYPES, BusinessType, check_business
from gateway.message.identifiers import AUTHORITY, IdentifierKind, is_organisasjonsnummer, parse_identifier
from gateway.message.moments import read_moment
from gateway.message.places import Constraint as Constraint
from gateway.message.places import Place
from gateway.message.places import SbdFault as SbdFault
from gateway.message.sbd import HEADER, JsonObject

HEALTH_AUTHORITY = "nhn-actorid"
SCOPE_TYPES = ("ConversationId", "SenderRef", "ReceiverRef", "MessageChannel", "JournalpostId", "ParentId")
_ONCE = SCOPE_TYPES[:4]
_DEEPEST = 64
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_CHANNEL = re.compile(r"[a-zA-Z0-9_-]{0,25}", re.ASCII)
_HEALTH = re.compile(r"her-id:[1-9]\d{0,9}|fastlege-for:\d{11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ClientSbd:
    """A sound SBD, defaults not yet filled in; what is None was not said. `document` is the JSON as it came.

    `sender` and `receiver` are written as they came; `type` is the canonical name whatever case the client wrote.
    """

    document: JsonObject
    type: BusinessType
    document_type: str
    process: str
    sender: str | None
    receiver: str | None
    message_id: str | None
    conversation_id: str | None
    expected_response: datetime | None
    channel: str | None
    business: JsonObject


class UnsoundSbd(ValueError):
    """An SBD that does not hold; `faults` has every reason."""

    def __init__(self, faults: Sequence[SbdFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


def read_client_sbd(document: object, *, now: datetime, complete: bool = True) -> ClientSbd:
    """The SBD; `UnsoundSbd` with every fault otherwise.

    `complete` demands of the business message what the reference's documentation demands and its code does not.
    """
    found: list[SbdFault] = []
    whole = Place(document, (), found)
    if not whole.holds_object() or not _can_be_sent(whole):
        raise UnsoundSbd(found)
    header = whole.member(HEADER)
    kind = _read_type(header)
    business = _read_business(whole, kind, complete=complete)
    scopes = _read_scopes(header, now=now)
    if header.holds_object():
        header.member("headerVersion").text()
        _check_identification(header.member("documentIdentification"), kind)
    sender = _read_partner(header, "sender", needed=False)
    receiver = _read_partner(header, "receiver", needed=kind is None or kind.name != "print")
    if found or kind is None:
        raise UnsoundSbd(found)
    identification = header.member("documentIdentification")
    conversation = scopes["ConversationId"]
    return ClientSbd(
        document=dict(document) if isinstance(document, Mapping) else {},
        type=kind,
        document_type=identification.member("standard").text() or "",
        process=conversation.member("identifier").text() or "",
        sender=sender,
        receiver=receiver,
        message_id=identification.member("instanceIdentifier").text(needed=False),
        conversation_id=(conversation.member("instanceIdentifier").text(needed=False) or "").strip() or None,
        expected_response=_read_deadline(conversation, now=now),
        channel=_channel_in(scopes),
        business=business,
    )


def _can_be_sent(whole: Place) -> bool:
    """Whether what is anywhere in it can be written again, and lies no deeper than anything that is meant.

    What reads it later goes down once for each level; a number beyond all bounds would be written as no JSON.
    """
    level = [whole]
    for _ in range(_DEEPEST):
        for place in level:
            if isinstance(place.value, float) and not isfinite(place.value):
                message = say("{name} is a number beyond all bounds", name=place.name)
                place.refuse(Constraint.TYPE, message, mend=say("Write it as a text."))
        level = [inner for place in level for inner in place.inside()]
        if not level:
            return not whole.found
    message = say("the SBD is nested deeper than {most} levels", most=_DEEPEST)
    whole.found.append(SbdFault(level[0].path[:2], Constraint.SIZE, message, say("Send it flatter.")))
    return False


def _read_type(header: Place) -> BusinessType | None:
    place = header.member("documentIdentification").member("type")
    if header.value is None or header.member("documentIdentification").value is None:
        return None
    name = place.text()
    kind = BUSINESS_TYPES.get((name or "").lower())
    if name is not None and kind is None:
        message = say("{type} is no type of message; there are {types}", type=name, types=", ".join(BUSINESS_TYPES))
        place.refuse(Constraint.MESSAGE_TYPE, message, mend=say("Write one of them, and name the member after it."))
    return kind


def _read_business(whole: Place, kind: BusinessType | None, *, complete: bool) -> JsonObject:
    members = whole.value if isinstance(whole.value, Mapping) else {}
    others = [str(name) for name in members if name != HEADER]
    if kind is None:
        return {}
    if others != [kind.name]:
        named = ", ".join(others) or say("nothing")
        message = say(
            "beside the header there must be one member, {type}, and there is {names}", type=kind.name, names=named
        )
        mend = say("Name the business message after documentIdentification.type, and take anything else out.")
        whole.found.append(SbdFault((kind.name,), Constraint.MEMBERS, message, mend, others))
    if kind.name not in members:
        return {}
    place = whole.member(kind.name)
    check_business(place, kind, complete=complete)
    return dict(place.value) if isinstance(place.value, Mapping) else {}


def _check_identification(place: Place, kind: BusinessType | None) -> None:
    if not place.holds_object():
        return
    standard = place.member("standard")
    document_type = standard.text()
    if document_type is not None and kind is not None and not document_type.endswith(f"::{kind.name}"):
        message = say("standard does not end with ::{type}, the type of the message", type=kind.name)
        mend = say("For this type it is usually {standard}.", standard=kind.standard)
        standard.refuse(Constraint.DOCUMENT_TYPE, message, mend=mend)
    place.member("typeVersion").text()
    _check_uuid(place.member("instanceIdentifier"))
    _read_time(place.member("creationDateAndTime"))


def _read_partner(header: Place, name: str, *, needed: bool) -> str | None:
    """The identifier of the one sender or receiver, None where there is none."""
    if not isinstance(header.value, Mapping):
        return None
    partners = header.member(name)
    entries = partners.items(needed=needed)
    if len(entries) > 1:
        message = say("{name} holds {count} entries, and there may be one", name=name, count=len(entries))
        partners.refuse(Constraint.SIZE, message, mend=say("Send a message of its own to each."))
    if not entries:
        if needed and partners.value == []:
            partners.refuse(Constraint.NOT_NULL, say("{name} is missing", name=name), mend=say("Name the receiver."))
        return None
    identifier = entries[0].member("identifier")
    if not identifier.holds_object():
        return None
    authority = identifier.member("authority")
    authority.demand()
    authority.one_of((AUTHORITY, HEALTH_AUTHORITY))
    value = identifier.member("value")
    text = value.text()
    if text is not None:
        _check_identifier(value, text, authority=authority.value, is_sender=name == "sender")
    return text


def _check_identifier(place: Place, text: str, *, authority: object, is_sender: bool) -> None:
    if authority == HEALTH_AUTHORITY and _HEALTH.fullmatch(text):
        return
    constraint = Constraint.SENDER_VALUE if is_sender else Constraint.RECEIVER_VALUE
    try:
        identifier = parse_identifier(text)
    except ValueError as fault:
        reason = as_phrase(fault.args[0])
        message = say("this is no identifier that can be used: {reason}", reason=reason)
        place.refuse(constraint, message, mend=say("Write 0192: and the nine digits."))
        return
    if is_sender and (identifier.kind is IdentifierKind.PERSON or not _is_behalf(identifier.part)):
        message = say("a sender is an organisation, or two: who sends, and on whose behalf")
        place.refuse(constraint, message, mend=say("Write 0192:NUMBER, or 0192:NUMBER:NUMBER of the principal."))


def _is_behalf(part: str) -> bool:
    return not part or is_organisasjonsnummer(part)


def _read_scopes(header: Place, *, now: datetime) -> dict[str, Place]:
    """The scopes by type; a type that may stand once and stands more often is noted."""
    if not isinstance(header.value, Mapping):
        return {}
    business = header.member("businessScope")
    if not business.holds_object():
        return {}
    place = business.member("scope")
    scopes: dict[str, Place] = {}
    for scope in place.items(needed=True):
        kind = scope.member("type")
        name = kind.text()
        kind.one_of(SCOPE_TYPES)
        if name in scopes and name in _ONCE:
            message = say("there are several scopes of type {type}, and there may be one", type=name)
            kind.refuse(Constraint.SIZE, message, mend=say("Take the others out."))
        scopes.setdefault(name or "", scope)
        scope.member("instanceIdentifier").text(needed=False)
        scope.member("identifier").text(needed=False)
    if "ConversationId" in scopes:
        _check_conversation(scopes["ConversationId"], now=now)
    elif isinstance(place.value, list):
        message = say("there is no scope of type ConversationId, which names the process")
        place.refuse(Constraint.NOT_NULL, message, mend=say("Add one, with the process as its `identifier`."))
    if channel := _channel_in(scopes):
        _check_channel(scopes["MessageChannel"].member("identifier"), channel)
    return scopes


def _check_conversation(scope: Place, *, now: datetime) -> None:
    process = scope.member("identifier")
    if process.demand() and process.value == "":
        process.refuse(
            Constraint.NOT_NULL, say("the process is empty"), mend=say("Write the whole urn of the process.")
        )
    instance = scope.member("instanceIdentifier")
    if not isinstance(instance.value, str) or instance.value.strip():
        _check_uuid(instance)
    deadline = _read_deadline(scope, now=now)
    if deadline is not None and deadline <= now:
        place = scope.member("scopeInformation").items()[0].member("expectedResponseDateTime")
        message = say("expectedResponseDateTime has passed, so it would never be sent")
        place.refuse(Constraint.FUTURE, message, mend=say("Give a later one, or leave it out."))


def _read_deadline(scope: Place, *, now: datetime) -> datetime | None:
    information = scope.member("scopeInformation").items()
    return _read_time(information[0].member("expectedResponseDateTime")) if information else None


def _read_time(place: Place) -> datetime | None:
    text = place.text(needed=False)
    if text is None:
        return None
    try:
        return read_moment(text)
    except ValueError:
        message = say("{name} is no date with a time", name=place.name)
        place.refuse(Constraint.DATE_TIME, message, mend=say("Write it like 2031-03-05T09:15:00+01:00."))
        return None


def _check_uuid(place: Place) -> None:
    text = place.text(needed=False)
    if text is not None and not _UUID.fullmatch(text):
        message = say("{name} is no UUID", name=place.name)
        place.refuse(Constraint.UUID, message, mend=say("Write a UUID, or leave it out, and the gateway makes one."))


def _channel_in(scopes: Mapping[str, Place]) -> str | None:
    value = scopes["MessageChannel"].member("identifier").value if "MessageChannel" in scopes else None
    return value if isinstance(value, str) and value else None


def _check_channel(place: Place, channel: str) -> None:
    if not _CHANNEL.fullmatch(channel):
        message = say("the message channel may have 25 letters, digits, hyphens and underscores")
        place.refuse(Constraint.PATTERN, message, mend=say("Write the name that the recipient has told you."))
