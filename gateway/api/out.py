"""`/out/messages`: an arkivmelding goes in, is looked at, edited, filled with documents, and committed.

In come requests, out go the views of `delivery.intake` as JSON. Decides nothing. Contract §2, §3 and §5.
"""

import json
from collections.abc import Mapping

from flask import Response, request
from flask.views import MethodView

from gateway.api.answers import CommitmentAnswer, ConversationAnswer, ListingAnswer, UploadAnswer
from gateway.api.arguments import Blueprint
from gateway.api.bodies import Body, Form, media_type, read_xml
from gateway.api.classic import commit_classic, create_from_sbd, is_classic, show_classic
from gateway.api.described import (
    DOCUMENT_BODY,
    EDIT_BODY,
    IF_MATCH,
    POST_BODY,
    POST_HEADERS,
    XML_ANSWER,
    XML_BODY,
    also,
    refusals,
)
from gateway.api.keyed import KeepAnswer, answer_once
from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.api.schemas import DocumentQuery, DryRunQuery, ListingQuery, PostedQuery
from gateway.api.submissions import if_match, preferred_handling, read_edit, read_form, submission_of
from gateway.api.times import moment
from gateway.api.tongue import spoken
from gateway.api.views import commitment_json, conversation_json, document_json
from gateway.delivery.emptied import require_bytes
from gateway.delivery.submission import Submission, View
from gateway.delivery.taking import wanted_of
from gateway.delivery.uploads import Incoming, Kept
from gateway.errors import Outside, Refused, UnsupportedType
from gateway.storage import conversations
from gateway.storage.conversations import ConversationFilter, ConversationState, ConversationSummary, Page
from gateway.storage.engine import Connection

blueprint = Blueprint("out", __name__, url_prefix="/out", description="Send an arkivmelding, or an SBD of your own.")


@blueprint.route("/messages")
class Messages(MethodView):
    """All submissions of this login."""

    @blueprint.arguments(ListingQuery(), location="query")
    @blueprint.response(200, ListingAnswer)
    @blueprint.doc(responses=refusals(422))
    def get(self, query: Mapping[str, object]) -> Response:
        """List the conversations, newest first."""
        state = query.get("state")
        filters = ConversationFilter(
            state=ConversationState(state) if isinstance(state, str) else None,
            process=_optional(query.get("process")),
            melding_id=_optional(query.get("meldingId")),
        )
        page = Page(after=_optional(query.get("after")), limit=int(str(query["limit"])))
        with rooms().database.reading() as connection:
            entries, following = conversations.listing(
                connection, client_id=current_caller().client_id, filters=filters, page=page
            )
        return _answer({"conversations": [_summary(entry) for entry in entries], "next": following})

    @blueprint.arguments(DryRunQuery(), location="query")
    @blueprint.response(201, ConversationAnswer)
    @blueprint.doc(
        requestBody=POST_BODY,
        parameters=POST_HEADERS,
        responses={
            **also(200, ConversationAnswer, why="A dry run: derived, not stored."),
            **refusals(400, 403, 409, 413, 415, 422, 503),
        },
    )
    def post(self, query: Mapping[str, object]) -> Response:
        """Post an arkivmelding, and see a prototype for each recipient; or an SBD as JSON, for the one that it names."""
        if request.mimetype == "application/json":
            return create_from_sbd(dry_run=bool(query["dryRun"]))
        form = Form()
        try:
            read_form(rooms().uploads, form, xml_limit=rooms().intake.kit.limits.bytes)
            if query["dryRun"]:
                view = rooms().intake.derive(submission_of(form), current_caller())
                rooms().uploads.drop(form.documents)
                return _note_preference(_answer(conversation_json(view)), view)
            submission = submission_of(form)
        except BaseException:
            rooms().uploads.drop(form.documents)
            raise
        try:
            return _draft_once(submission, form)
        except (Refused, Outside):
            # The registry is asked before anything is written. Any other error may hide rows that stand, for an answer to
            # COMMIT can be lost: the sweep knows in time.
            rooms().uploads.drop(form.documents)
            raise


@blueprint.route("/messages/<conversation_id>")
class Conversation(MethodView):
    """One submission. Any id of it will do: the conversation's, a message's, or an SBD's ConversationId."""

    @blueprint.response(200, ConversationAnswer)
    @blueprint.doc(responses=refusals(404, 409))
    def get(self, conversation_id: str) -> Response:
        """Look at a conversation."""
        if is_classic(conversation_id):
            return show_classic(conversation_id)
        return _view_answer(rooms().intake.view(conversation_id, current_caller()))

    @blueprint.response(200, ConversationAnswer)
    @blueprint.doc(
        requestBody=EDIT_BODY, parameters=[IF_MATCH], responses=refusals(400, 404, 409, 412, 415, 422, 428, 503)
    )
    def put(self, conversation_id: str) -> Response:
        """Edit a draft: choose, confirm, add recipients. What is absent stays."""
        view = rooms().intake.edit(conversation_id, read_edit(), caller=current_caller(), if_match=if_match())
        return _view_answer(view)

    @blueprint.response(200, ConversationAnswer)
    @blueprint.doc(
        requestBody=EDIT_BODY, parameters=[IF_MATCH], responses=refusals(400, 404, 409, 412, 415, 422, 428, 503)
    )
    def patch(self, conversation_id: str) -> Response:
        """The same as PUT."""
        view = rooms().intake.edit(conversation_id, read_edit(), caller=current_caller(), if_match=if_match())
        return _view_answer(view)

    @blueprint.response(202, CommitmentAnswer)
    @blueprint.doc(
        parameters=[IF_MATCH],
        responses={
            **also(200, CommitmentAnswer, why="It was committed before: the same body, and nothing is sent twice."),
            **refusals(404, 409, 412, 428, 503),
        },
    )
    def post(self, conversation_id: str) -> Response:
        """Commit: every selected prototype is queued. A second commit answers 200 with the same body."""
        if is_classic(conversation_id):
            return commit_classic(conversation_id)
        commitment = rooms().intake.commit(conversation_id, caller=current_caller(), if_match=if_match())
        return _answer(
            commitment_json(commitment),
            200 if commitment.repeated else 202,
            version=commitment.view.conversation.version,
        )

    @blueprint.response(204)
    @blueprint.doc(parameters=[IF_MATCH], responses=refusals(404, 409, 412, 428))
    def delete(self, conversation_id: str) -> Response:
        """Discard a draft and its documents at once."""
        if is_classic(conversation_id):
            rooms().classic.discard(conversation_id, current_caller(), if_match=if_match())
        else:
            rooms().intake.discard(conversation_id, caller=current_caller(), if_match=if_match())
        return Response(status=204)


@blueprint.route("/messages/<conversation_id>/arkivmelding")
class Arkivmelding(MethodView):
    """The XML of a conversation."""

    @blueprint.arguments(PostedQuery(), location="query")
    @blueprint.doc(responses={**XML_ANSWER, **refusals(404, 410, 422)})
    def get(self, query: Mapping[str, object], conversation_id: str) -> Response:
        """What goes out, mended or converted, before anything is taken out for one recipient; or the posted bytes."""
        view = rooms().intake.view(conversation_id, current_caller())
        require_bytes(view.conversation)
        document = view.inspection.posted if query["posted"] else view.inspection.document
        response = Response(document.xml, content_type="application/xml")
        response.set_etag(str(view.conversation.version))
        return response

    @blueprint.response(200, ConversationAnswer)
    @blueprint.doc(
        requestBody=XML_BODY, parameters=[IF_MATCH], responses=refusals(400, 404, 409, 412, 415, 422, 428, 503)
    )
    def put(self, conversation_id: str) -> Response:
        """Replace the XML: checked and derived anew, documents kept by name, confirmations dropped."""
        if request.mimetype not in ("application/xml", "text/xml"):
            raise UnsupportedType(
                "the arkivmelding comes as application/xml or text/xml", code="CONTENT_TYPE", mend="Set Content-Type."
            )
        form = Form()
        read_xml(form, limit=rooms().intake.kit.limits.bytes)
        view = rooms().intake.replace_arkivmelding(
            conversation_id, form.xml or b"", caller=current_caller(), if_match=if_match()
        )
        return _view_answer(view)


@blueprint.route("/messages/<conversation_id>/documents/<path:filename>")
class Document(MethodView):
    """One document of a draft."""

    @blueprint.arguments(DocumentQuery(), location="query")
    @blueprint.response(201, UploadAnswer)
    @blueprint.doc(
        requestBody=DOCUMENT_BODY,
        parameters=[IF_MATCH],
        responses={
            **also(200, UploadAnswer, why="The same bytes were there, or others have been replaced."),
            **refusals(400, 404, 409, 412, 413, 422),
        },
    )
    def put(self, query: Mapping[str, object], conversation_id: str, *, filename: str) -> Response:
        """Upload the bytes of one document, streamed."""
        body = Body()
        mime = media_type(request.content_type or "", filename)
        incoming = Incoming(
            filename, mime, body.declared, body, bool(query["replace"]), title=_optional(query.get("title"))
        )
        put = rooms().classic.add_document if is_classic(conversation_id) else rooms().uploads.put
        document, kept, version = put(conversation_id, incoming, caller=current_caller(), if_match=if_match())
        status = 201 if kept is Kept.CREATED else 200
        return _answer(document_json(document), status, version=version)

    @blueprint.response(204)
    @blueprint.doc(parameters=[IF_MATCH], responses=refusals(404, 409, 412))
    def delete(self, conversation_id: str, filename: str) -> Response:
        """Take one document away."""
        remove = rooms().classic.remove_document if is_classic(conversation_id) else rooms().uploads.remove
        version = remove(conversation_id, filename, caller=current_caller(), if_match=if_match())
        response = Response(status=204)
        response.set_etag(str(version))
        return response


def _draft_once(submission: Submission, form: Form) -> Response:
    """Keep the submission; under an Idempotency-Key at most once."""

    def make(keep_answer: KeepAnswer) -> Response:
        answers: list[Response] = []

        def keep(connection: Connection, view: View) -> None:
            answers.append(_created(view))
            keep_answer(connection, answers[0])

        rooms().intake.draft(submission, current_caller(), keep=keep)
        return answers[0]

    response, repeated = answer_once(form.digest, make)
    if repeated:
        rooms().uploads.drop(form.documents)
    return response


def _created(view: View) -> Response:
    response = _answer(conversation_json(view), 201, version=view.conversation.version)
    response.headers["Location"] = f"/out/messages/{view.conversation.id}"
    response.headers["Content-Language"] = spoken().value  # which is kept with the answer
    return _note_preference(response, view)


def _note_preference(response: Response, view: View) -> Response:
    """Say which preference was followed (RFC 7240)."""
    prefers = preferred_handling()
    if prefers is not None and prefers is wanted_of(view.conversation).handling:
        response.headers["Preference-Applied"] = f"handling={prefers}"
    return response


def _view_answer(view: View) -> Response:
    return _answer(conversation_json(view), version=view.conversation.version)


def _answer(body: Mapping[str, object], status: int = 200, *, version: int | None = None) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
    if version is not None:
        response.set_etag(str(version))
    return response


def _summary(entry: ConversationSummary) -> dict[str, object]:
    return {
        "conversationId": entry.id,
        "kind": entry.kind.value,
        "state": entry.state.value,
        "sender": entry.sender,
        "meldingId": entry.melding_id,
        "title": entry.title,
        "shielding": entry.shielding,
        "process": entry.process,
        "created": moment(entry.created),
        "expires": moment(entry.expires) if entry.committed is None else None,
        "committed": moment(entry.committed),
        "finished": moment(entry.finished),
    }


def _optional(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
