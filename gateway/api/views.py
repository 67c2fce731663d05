"""What the answers look like: a `View` and its parts as JSON objects.

In come records of delivery, out come plain dicts; `schemas.py` describes the same for /docs, and a test holds the two
together. Written by hand because it runs for every prototype of every answer. Contract §3.
"""

from collections.abc import Mapping
from datetime import datetime

from gateway.api.bodies import media_type
from gateway.api.times import moment
from gateway.api.tongue import told
from gateway.arkivmelding.changes import changes_json
from gateway.arkivmelding.facts import Dokumentbeskrivelse, Dokumentobjekt
from gateway.arkivmelding.filenames import normal
from gateway.arkivmelding.inspection import Inspection
from gateway.delivery.committing import Commitment
from gateway.delivery.drafting import options_of
from gateway.delivery.envelopes import compose
from gateway.delivery.submission import View
from gateway.delivery.taking import wanted_of
from gateway.delivery.timeline import Entry, Timeline
from gateway.message.prototype import Choice, Problem, Prototype, Registered, Route, Skipped
from gateway.message.sbd import write_envelope
from gateway.storage.conversations import Conversation
from gateway.storage.documents import StoredDocument
from gateway.storage.messages import Message
from gateway.storage.statuses import StatusEvent

Json = dict[str, object]


def conversation_json(view: View) -> Json:
    """The answer to POST and GET of a conversation."""
    conversation = view.conversation
    body: Json = {
        **head_json(conversation, ready=view.ready),
        "notBefore": moment(options_of(conversation).not_before),
        "inReplyTo": options_of(conversation).in_reply_to,
        "arkivmelding": arkivmelding_json(view.inspection) if conversation.emptied is None else None,
        "documents": _documents(view),
        "prototypes": [_prototype(each, view) for each in view.prototypes],
        "skipped": [_skipped(each) for each in view.skipped],
        "problems": [problem_json(each) for each in view.problems],
        "confirmed": [
            {"code": each.code, "actor": each.actor, "at": moment(each.at)} for each in conversation.confirmations
        ],
        **changes_json(view.inspection.changes, told),
        "standardBusinessDocument": None,
    }
    if view.not_sent:
        body["notSent"] = list(view.not_sent)
    return body


def head_json(conversation: Conversation, *, ready: bool) -> Json:
    """What is told alike of a conversation, however it began."""
    return {
        "conversationId": conversation.id,
        "kind": conversation.kind.value,
        "state": conversation.state.value,
        "ready": ready,
        "version": conversation.version,
        "created": moment(conversation.created),
        "expires": moment(conversation.expires) if conversation.committed is None else None,
        "committed": moment(conversation.committed),
        "documentsDeleted": moment(conversation.emptied),
        "sender": conversation.sender,
        "confidential": conversation.confidential,
        "handling": wanted_of(conversation).handling.value,
    }


def commitment_json(commitment: Commitment) -> Json:
    """The answer to a commit: the same whether it is the first or a repeated one."""
    view = commitment.view
    sent = [each.choice for each in view.prototypes if each.choice.selected]
    left_out = [each.choice for each in view.prototypes if not each.choice.selected]
    return {
        "conversationId": view.conversation.id,
        "committed": moment(view.conversation.committed),
        "messages": [sent_json(choice) for choice in sent],
        "notSent": [{"messageId": choice.message_id, "recipient": choice.recipient} for choice in left_out],
        "links": {
            "self": f"/out/messages/{view.conversation.id}",
            "statuses": f"/statuses/{view.conversation.id}",
        },
    }


def document_json(document: StoredDocument) -> Json:
    """One stored document."""
    return {
        "filename": document.filename,
        "mimeType": document.mime,
        "received": True,
        "size": document.size,
        "sha256": document.sha256.hex(),
        "title": document.title,
    }


def message_status_json(message: Message, events: tuple[StatusEvent, ...]) -> Json:
    """One message with its log."""
    return {
        "messageId": message.id,
        "sbdConversationId": message.choice.conversation_id,
        "recipient": message.recipient,
        "serviceIdentifier": message.channel,
        "state": message.state.value,
        "outcome": message.outcome.value,
        "lastStatus": message.last_status.value if message.last_status else None,
        "deadline": moment(message.deadline),
        "notBefore": moment(message.not_before),
        "statuses": [event_json(event) for event in events],
    }


def event_json(event: StatusEvent) -> Json:
    """One row of the log. `outcome` is what an outgoing message amounted to after it."""
    return {
        "cursor": event.cursor,
        "messageId": event.message_id,
        "conversationId": event.conversation_id,
        "direction": event.direction.value,
        "status": event.status.value,
        "at": moment(event.at),
        "evidence": event.evidence.value or None,
        "outcome": event.outcome.value if event.outcome else None,
        "description": told(event.description) or None,
        "mustAct": event.must_act.value if event.must_act else None,
        "mend": _told_or_none(event.mend),
        "answer": _told_or_none(event.answer),
        "round": event.round,
    }


def timeline_json(timeline: Timeline) -> Json:
    """One message with everything that happened to it."""
    message = timeline.message
    return {
        "messageId": message.id,
        "conversationId": message.conversation_id,
        "recipient": message.recipient,
        "serviceIdentifier": message.channel,
        "reference": message.reference,
        "state": message.state.value,
        "outcome": message.outcome.value,
        "lastStatus": message.last_status.value if message.last_status else None,
        "round": message.round,
        "deadline": moment(message.deadline),
        "heldUntil": moment(timeline.held_until),
        "awaits": timeline.awaits.value,
        "nextTry": moment(timeline.next_try),
        "underWay": timeline.under_way,
        "mayRetry": timeline.may_retry,
        "mustAct": timeline.must_act.value if timeline.must_act else None,
        "mend": _told_or_none(timeline.mend),
        "answer": _told_or_none(timeline.answer),
        "timeline": [_entry(each) for each in timeline.entries],
    }


def _entry(entry: Entry) -> Json:
    return {
        "at": moment(entry.at),
        "kind": entry.kind.value,
        "name": entry.name,
        "description": _told_or_none(entry.description),
        "verdict": entry.verdict.value if entry.verdict else None,
        "httpStatus": entry.http_status,
        "code": entry.code,
        "answer": _told_or_none(entry.answer),
        "mustAct": entry.must_act.value if entry.must_act else None,
        "mend": _told_or_none(entry.mend),
        "nextTry": moment(entry.next_try),
        "reference": entry.reference,
        "evidence": entry.evidence,
        "actor": entry.actor,
        "round": entry.round,
    }


def _told_or_none(text: str | None) -> str | None:
    return told(text) if text else None


def problem_json(problem: Problem) -> Json:
    """One problem; places that it does not have are left out."""
    body: Json = {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": told(problem.message),
        "mend": told(problem.mend),
    }
    optional: Mapping[str, object] = {
        "filename": problem.filename,
        "line": problem.line or None,
        "korrespondansepart": problem.part,
    }
    return {**body, **{name: value for name, value in optional.items() if value is not None}}


def registered_json(registered: Registered | None) -> Json | None:
    """The registry's words about somebody."""
    if registered is None:
        return None
    return {"name": registered.name, "form": registered.form, "address": registered.address}


def arkivmelding_json(inspection: Inspection) -> Json:
    """What the arkivmelding says of itself."""
    facts = inspection.facts
    return {
        "meldingId": facts.melding_id,
        "system": facts.system,
        "dialect": inspection.posted.dialect.value,
        "profile": inspection.profile.value if inspection.profile else None,
        "valid": inspection.valid,
        "converted": inspection.converted,
        "title": facts.public_title or None,
        "saksmappe": facts.saksmappe.system_id or None if facts.saksmappe else None,
        "journalpost": facts.journalpost.number or None if facts.journalpost else None,
        "shielding": inspection.shielding.outcome.value,
    }


def _documents(view: View) -> list[Json]:
    here = {document.filename: document for document in view.documents}
    entry = view.inspection.facts.journalpost
    named = [(each, objekt) for each in (entry.documents if entry else ()) for objekt in each.objects]
    body = [_named_document(each, objekt, here=here) for each, objekt in named]
    names = {normal(objekt.filename.strip()) for _, objekt in named}
    return body + [
        {"role": None, "variant": None, **document_json(document)}
        for name, document in here.items()
        if name not in names
    ]


def _named_document(
    document: Dokumentbeskrivelse, objekt: Dokumentobjekt, *, here: Mapping[str, StoredDocument]
) -> Json:
    filename = normal(objekt.filename.strip())
    stored = here.get(filename)
    return {
        "filename": filename,
        "title": document.title,
        "role": document.role.lower(),
        "variant": objekt.variant,
        "mimeType": stored.mime if stored else media_type("", filename),
        "received": stored is not None,
        "size": stored.size if stored else None,
        "sha256": stored.sha256.hex() if stored else None,
    }


def _prototype(prototype: Prototype, view: View) -> Json:
    choice = prototype.choice
    return {
        "messageId": choice.message_id,
        "selected": choice.selected,
        "ready": prototype.ready,
        "korrespondansepart": _part(choice),
        "recipient": choice.recipient,
        "identifiedBy": choice.identified_by.value if choice.identified_by else None,
        "registered": registered_json(choice.registered),
        "nameMatch": choice.name_match.value,
        **route_members(choice.route),
        "confidential": choice.confidential,
        "documents": list(prototype.documents),
        "size": prototype.size,
        "sizeLimit": prototype.size_limit,
        "expectedResponseDateTime": moment(choice.deadline),
        "redactions": [
            {"path": each.path, "line": each.line, "reason": told(each.reason)} for each in prototype.redactions
        ],
        "why": [told(each) for each in choice.why],
        "alternatives": [route_json(each) for each in choice.alternatives],
        "problems": [problem_json(each) for each in prototype.problems],
        "confirmed": [{"code": each.code, "actor": each.actor, "at": moment(each.at)} for each in choice.confirmations],
        "standardBusinessDocument": _envelope(prototype, view),
    }


def _envelope(prototype: Prototype, view: View) -> Json | None:
    """The envelope as it would go; None while there is no way to the recipient."""
    choice = prototype.choice
    if choice.route is None or choice.recipient is None:
        return None
    times: tuple[datetime, datetime | None] = (view.conversation.created, choice.deadline)
    main = prototype.documents[0] if prototype.documents else None
    return write_envelope(compose(choice, view.conversation, main_document=main, times=times))


def _part(choice: Choice) -> Json:
    return {"index": choice.part.index, "type": choice.part.type, "name": choice.part.name}


def route_members(route: Route | None) -> Json:
    """The way to the recipient; nulls while there is none."""
    if route is None:
        return {"serviceIdentifier": None, "process": None, "documentType": None, "securityLevel": None}
    return {**route_json(route), "securityLevel": route.security_level}


def route_json(route: Route) -> Json:
    """One way to a recipient."""
    return {
        "process": route.process,
        "serviceIdentifier": route.channel.value,
        "documentType": route.document_type,
        "securityLevel": route.security_level,
    }


def _skipped(skipped: Skipped) -> Json:
    part = skipped.part
    return {"korrespondansepart": {"index": part.index, "type": part.type, "name": part.name}, "reason": skipped.reason}


def sent_json(choice: Choice) -> Json:
    """One message of a commit."""
    return {
        "messageId": choice.message_id,
        "sbdConversationId": choice.conversation_id,
        "recipient": choice.recipient,
        "serviceIdentifier": choice.route.channel.value if choice.route else None,
        "links": {"statuses": f"/statuses/{choice.message_id}"},
    }
