"""From a request to a `Submission`, and from JSON to an `Edit`: the reading half of `api.out`.

In come the request's body and headers, out come records of delivery. What was written to disk on the way is dropped
again where the request comes to nothing.
"""

from collections.abc import Mapping, Sequence

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.http import parse_list_header

from gateway.api.arguments import JSON_LIMIT, not_taken, read_json
from gateway.api.bodies import XML_TYPES, Form, read_bytes, read_multipart, read_xml
from gateway.api.login import current_caller
from gateway.api.problems import PLACES_NAMED, faults_of
from gateway.api.rooms import rooms
from gateway.api.schemas import ActSchema, EditSchema, OptionsSchema, RecipientSchema
from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.handling import Handling
from gateway.delivery.submission import Edit, NewRecipient, Options, PrototypeEdit, Submission
from gateway.delivery.uploads import Uploads
from gateway.errors import Invalid, Stale, Unreadable, UnsupportedType
from gateway.storage import conversations

_LONGEST_VERSION = 12

# Made once: building one costs more than loading with it.
_OPTIONS, _RECIPIENTS, _EDIT, _ACT = OptionsSchema(), RecipientSchema(many=True), EditSchema(), ActSchema()


def read_form(uploads: Uploads, form: Form, *, xml_limit: int) -> None:
    """Fill `form` from the body, whichever of the two forms it has; `UnsupportedType` for any other."""
    if request.mimetype in XML_TYPES:
        read_xml(form, limit=xml_limit)
    elif request.mimetype == "multipart/form-data":
        read_multipart(form, uploads, xml_limit=xml_limit)
    else:
        raise UnsupportedType(
            not_taken(),
            code="CONTENT_TYPE",
            mend="Send the arkivmelding as application/xml, or as part `arkivmelding` of multipart/form-data.",
        )
    if not form.xml:
        raise Unreadable(
            "the request holds no arkivmelding",
            code="NO_ARKIVMELDING",
            mend="Send the XML as the body, or as a part named `arkivmelding`.",
        )


def submission_of(form: Form) -> Submission:
    """The submission in a form; `Invalid` where the JSON parts do not fit. A preference is part of what was asked for."""
    if prefers := preferred_handling():
        form.digests.append(("Prefer", "", "", prefers.value))
    options = _load_part(form, "options", schema=_OPTIONS)
    recipients = _load_part(form, "recipients", schema=_RECIPIENTS)
    fields = options if isinstance(options, Mapping) else {}
    given = recipients if isinstance(recipients, Sequence) else ()
    return Submission(
        xml=form.xml or b"",
        options=Options(
            sender=fields.get("sender"),
            process=fields.get("process"),
            confidential=fields.get("confidential"),
            deadline=fields.get("deadline"),
            not_before=fields.get("notBefore"),
            message_channel=fields.get("messageChannel"),
            actor=fields.get("actor"),
            handling=fields.get("handling") or preferred_handling(),
            convert=fields.get("convert", False),
            fill=fields.get("fill", {}),
            in_reply_to=fields.get("inReplyTo"),
        ),
        recipients=tuple(Given(entry["korrespondansepart"], entry["navn"], entry["identifikator"]) for entry in given),
        documents=tuple(form.documents),
    )


def preferred_handling() -> Handling | None:
    """What `Prefer: handling=…` asks for (RFC 7240: the first counts); None where it asks for nothing known here."""
    for preference in parse_list_header(", ".join(request.headers.getlist("Prefer"))):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().casefold() == "handling":
            word = value.strip(' "').casefold()
            return Handling(word) if word in set(Handling) else None
    return None


def read_edit() -> Edit:
    """The body of a PUT as an edit."""
    if not request.is_json:
        raise UnsupportedType(not_taken(), code="CONTENT_TYPE", mend="Send the changes as application/json.")
    body = _load(read_bytes(JSON_LIMIT), _EDIT, where="")
    entries: Sequence[Mapping[str, object]] = body.get("prototypes", [])
    return Edit(
        prototypes=tuple(_prototype_edit(entry) for entry in entries if "messageId" in entry),
        added=tuple(_new_recipient(entry) for entry in entries if "messageId" not in entry),
        confidential=body.get("confidential"),
        sender=body.get("sender"),
        process=body.get("process"),
        not_before=body.get("notBefore"),
        at_once="notBefore" in body and body["notBefore"] is None,
        confirm=tuple(body.get("confirm", ())),
        select_ready=body.get("select") == "ready",
        actor=body.get("actor"),
    )


def read_actor() -> str | None:
    """Who does this, from a JSON body; None where there is no body."""
    text = read_bytes(JSON_LIMIT)
    if not text:
        return None
    if not request.is_json:
        raise UnsupportedType(not_taken(), code="CONTENT_TYPE", mend="Send the actor as application/json.")
    actor: str | None = _load(text, _ACT, where="").get("actor")
    return actor


def if_match() -> int | None:
    """The version that the caller has looked at; None for no header or `*`. A tag that is none of ours is stale."""
    if not request.if_match or request.if_match.star_tag:
        return None
    tags = request.if_match.as_set(include_weak=True)
    versions = [int(tag) for tag in tags if tag and len(tag) < _LONGEST_VERSION and tag.isascii() and tag.isdigit()]
    if not versions:
        raise Stale("If-Match holds no ETag of this conversation", mend="Send the ETag of the answer you have read.")
    if len(versions) == 1:
        return versions[0]
    # Any of several will do.
    conversation_id = str((request.view_args or {}).get("conversation_id"))
    with rooms().database.reading() as connection:
        found = conversations.resolve(connection, conversation_id, client_id=current_caller().client_id)
        standing = conversations.find(connection, found, client_id=None).version
    return standing if standing in versions else versions[0]


def _prototype_edit(entry: Mapping[str, object]) -> PrototypeEdit:
    plain = {
        "selected": entry.get("selected"),
        "recipient": entry.get("recipient"),
        "process": entry.get("process"),
        "channel": entry.get("serviceIdentifier"),
        "deadline": entry.get("expectedResponseDateTime"),
        "business": entry.get("businessMessage"),
    }
    documents = entry.get("documents")
    confirm = entry.get("confirm")
    return PrototypeEdit(
        str(entry["messageId"]),
        documents=tuple(documents) if isinstance(documents, list) else None,
        confirm=tuple(confirm) if isinstance(confirm, list) else (),
        **plain,  # type: ignore[arg-type]  # each member has just been loaded by PrototypeEditSchema
    )


def _new_recipient(entry: Mapping[str, object]) -> NewRecipient:
    part = entry.get("korrespondansepart")
    return NewRecipient(
        recipient=str(entry["recipient"]),
        part=part if isinstance(part, int) else 0,
        name=str(entry.get("name", "")),
        role=str(entry.get("role", "")),
    )


def _load_part(form: Form, name: str, *, schema: Schema) -> object:
    text = form.texts.get(name)
    return _load(text, schema, where=name) if text else None


def _load(text: bytes, schema: Schema, *, where: str):  # type: ignore[no-untyped-def]
    document = read_json(text, where=where)
    try:
        return schema.load(document)
    except ValidationError as fault:
        faults = faults_of(fault.messages, f"/{where}" if where else "", many=bool(schema.many))
        raise Invalid("the JSON does not fit", code="BODY", mend=PLACES_NAMED, faults=faults) from fault
