"""`/in/messages`: what came in: look, lock, fetch, acknowledge; and each message and document by its name.

In come requests, out go records of `delivery.inbox` as JSON, and streams. Decides nothing. Contract §2.
"""

import json
from collections.abc import Generator, Mapping
from datetime import timedelta
from itertools import chain
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import Response
from flask.views import MethodView

from gateway.api.arguments import Blueprint
from gateway.api.bodies import BLOCK, media_type
from gateway.api.described import ASICE_ANSWER, DOCUMENT_ANSWER, NOTHING_ANSWER, refusals
from gateway.api.heads import require_get
from gateway.api.inbox_schemas import (
    DocumentsAnswer,
    HoldQuery,
    IncomingAnswer,
    IncomingListAnswer,
    IncomingListQuery,
    IncomingQuery,
    PeekedAnswer,
    ReceivedAnswer,
    WhichQuery,
)
from gateway.api.inbox_views import files_json, incoming_json, peeked_json, received_json
from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.delivery.inbox import ASICE
from gateway.message.processes import Channel
from gateway.message.status import Direction
from gateway.storage import receipts_out, statuses
from gateway.storage.inbox import InboxFilter, InboxState, Incoming, Window

blueprint = Blueprint("in", __name__, url_prefix="/in", description="Receive what others send.")


@blueprint.route("/messages", endpoint="list")
class IncomingMessages(MethodView):
    """What came in for the organisations of this login."""

    @blueprint.arguments(IncomingListQuery(), location="query")
    @blueprint.response(200, IncomingListAnswer)
    @blueprint.doc(responses=refusals(404, 422, 503))
    def get(self, query: Mapping[str, Any]) -> Response:
        """List it in the order in which it came, whatever its state. Nothing is locked."""
        window = Window(query["limit"], after=query.get("after"), newest_first=query["newestFirst"], light=True)
        caller = current_caller()
        page = rooms().inbox.page(caller, _filters(query), window=window)
        messages = [incoming_json(each, caller.client_id) for each in page.messages]
        return _answer({"messages": messages, "total": page.total, "next": page.following})


@blueprint.route("/messages/peek", endpoint="peek")
class Peek(MethodView):
    """The message that has waited longest."""

    @blueprint.arguments(IncomingQuery(), location="query")
    @blueprint.response(200, PeekedAnswer)
    @blueprint.doc(responses={**NOTHING_ANSWER, **refusals(422, 503)})
    def get(self, query: Mapping[str, Any]) -> Response:
        """Lock the oldest message that nobody holds, and show it with its SBD; 204 where there is none."""
        require_get()
        found = rooms().inbox.peek(current_caller(), _filters(query))
        return Response(status=204) if found is None else _peeked(found)


@blueprint.route("/messages/pop", endpoint="pop")
class Pop(MethodView):
    """The message that this login has locked."""

    @blueprint.arguments(WhichQuery(), location="query")
    @blueprint.doc(responses={**ASICE_ANSWER, **refusals(404, 409, 410, 422, 503)})
    def post(self, query: Mapping[str, str]) -> Response:
        """Fetch its verified ASiC-E, as often as need be; 204 where it carries no package. Nothing is ever deleted."""
        caller = current_caller()
        message_id = rooms().inbox.meant(caller, query.get("messageId"))
        container = rooms().inbox.pop(message_id, caller)
        if container is None:
            return Response(status=204)
        return _stream(_read(container.open()), ASICE, name=f"{message_id}.asice", size=container.size)

    @blueprint.arguments(WhichQuery(), location="query")
    @blueprint.response(200, IncomingAnswer)
    @blueprint.doc(responses=refusals(404, 409, 422, 503))
    def delete(self, query: Mapping[str, str]) -> Response:
        """Acknowledge it: it is yours now, and the sender is told LEVERT. To do it twice, by its id, is to do it once."""
        caller = current_caller()
        message_id = rooms().inbox.meant(caller, query.get("messageId"))
        return _shown(rooms().inbox.acknowledge(message_id, caller))


@blueprint.route("/messages/<message_id>", endpoint="one")
class IncomingMessage(MethodView):
    """One message."""

    @blueprint.response(200, ReceivedAnswer)
    @blueprint.doc(responses=refusals(404, 503))
    def get(self, message_id: str) -> Response:
        """Look at a message in any state, its SBD, and everything that was told of it, here and to its sender."""
        caller = current_caller()
        found = rooms().inbox.get(message_id, caller)
        with rooms().database.reading() as connection:
            events = statuses.of_message(connection, found.message_id, direction=Direction.INCOMING)
            receipts = receipts_out.of_message(connection, found.message_id)
        return _answer(received_json(found, caller.client_id, events=events, receipts=receipts))


@blueprint.route("/messages/<message_id>/unlock", endpoint="unlock")
class Unlock(MethodView):
    """The lock on one message."""

    @blueprint.response(200, IncomingAnswer)
    @blueprint.doc(responses=refusals(404, 409, 503))
    def post(self, message_id: str) -> Response:
        """Give a message back at once, for whoever peeks next."""
        return _shown(rooms().inbox.unlock(message_id, current_caller()))


@blueprint.route("/messages/<message_id>/extend", endpoint="extend")
class Extend(MethodView):
    """The lock on one message."""

    @blueprint.arguments(HoldQuery(), location="query")
    @blueprint.response(200, IncomingAnswer)
    @blueprint.doc(responses=refusals(404, 409, 422, 503))
    def post(self, query: Mapping[str, int], message_id: str) -> Response:
        """Hold a message longer, counted from now."""
        # More than a timedelta holds is more than any lock may hold.
        span = timedelta(seconds=min(query["seconds"], _ENDLESS)) if "seconds" in query else None
        return _shown(rooms().inbox.extend(message_id, current_caller(), span=span))


@blueprint.route("/messages/<message_id>/documents", endpoint="documents")
class Documents(MethodView):
    """The documents of one message."""

    @blueprint.response(200, DocumentsAnswer)
    @blueprint.doc(responses=refusals(404, 503))
    def get(self, message_id: str) -> Response:
        """List the files of its package, the main document first."""
        files = rooms().inbox.documents(message_id, current_caller())
        return _answer({"messageId": message_id, "documents": files_json(files)})


@blueprint.route("/messages/<message_id>/documents/<path:filename>", endpoint="document")
class IncomingDocument(MethodView):
    """One document of one message."""

    @blueprint.doc(responses={**DOCUMENT_ANSWER, **refusals(404, 409, 410, 503)})
    def get(self, message_id: str, filename: str) -> Response:
        """Fetch one file by its name. It needs no lock, and changes nothing."""
        document = rooms().inbox.open_document(message_id, filename, caller=current_caller())
        name = document.file.name
        return _stream(document.blocks, media_type("", name), name=name, size=document.file.size)


_ENDLESS = 10**6


def _filters(query: Mapping[str, Any]) -> InboxFilter:
    channel, state = query.get("serviceIdentifier"), query.get("state")
    return InboxFilter(
        message_id=query.get("messageId"),
        conversation_id=query.get("conversationId"),
        receiver=query.get("receiver"),
        sender=query.get("sender"),
        channel=channel.value if isinstance(channel, Channel) else None,
        process=query.get("process"),
        document_type=query.get("documentType"),
        states=(state,) if isinstance(state, InboxState) else (),
    )


def _peeked(found: Incoming) -> Response:
    return _answer(peeked_json(found, current_caller().client_id))


def _shown(found: Incoming) -> Response:
    return _answer(incoming_json(found, current_caller().client_id))


def _read(source: BinaryIO) -> Generator[bytes, None, None]:
    with source:
        while block := source.read(BLOCK):
            yield block


def _stream(blocks: Generator[bytes, None, None], mime: str, *, name: str, size: int) -> Response:
    """What others have sent is never shown by a browser as part of this site."""
    # The first block is read before anything is answered: what cannot be opened is an error, and no broken body.
    first = next(blocks, b"")
    response = Response(chain((first,), blocks), content_type=mime)
    response.call_on_close(blocks.close)
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(body: Mapping[str, object]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
