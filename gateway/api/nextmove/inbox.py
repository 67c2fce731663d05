"""`/api/messages/in`: what has come in is listed, locked, fetched, acknowledged.

In come filters and ids, out go SBDs and the ASiC-E. A lock is not bound to a client here; nothing is deleted because a
fetch failed. Reference §2.7.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response

from gateway.api.heads import require_get
from gateway.api.login import current_caller
from gateway.api.nextmove import queries
from gateway.api.nextmove.paging import envelope, read_stretch
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.wire import answer, empty
from gateway.api.rooms import rooms
from gateway.delivery.inbox import Container
from gateway.errors import Conflict, Invalid, NotFound
from gateway.language import say
from gateway.message.business import BUSINESS_TYPES
from gateway.message.processes import Channel, message_type
from gateway.storage.inbox import InboxFilter, InboxState, Incoming
from gateway.storage.nextmove.waiting import waiting

ASICE = "application/vnd.etsi.asic-e+zip"
_BLOCK = 1024 * 1024


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("GET /messages/in", list_incoming)
    routes.add("GET /messages/in/peek", peek_incoming)
    routes.add("GET /messages/in/pop/<message_id>", pop_incoming)
    routes.add("DELETE /messages/in/<message_id>", acknowledge_incoming)


def list_incoming() -> Response:
    """What waits, locked or not."""
    stretch = read_stretch()
    with rooms().database.reading() as connection:
        found, total = waiting(connection, queries.reader(), filters=_wanted(), stretch=stretch)
    return answer(envelope(found, total, stretch=stretch))


def peek_incoming() -> Response:
    """Lock what has waited longest and show its SBD; 204 where nothing waits."""
    require_get()
    found = rooms().inbox.peek(current_caller(), _wanted())
    return answer(found.sbd) if found else empty(204)


def pop_incoming(message_id: str) -> Response:
    """The ASiC-E of a locked message; 204 where it carries none. May be repeated."""
    _require_waiting(message_id)
    with _saying_whose(message_id):
        container = rooms().inbox.pop(message_id, current_caller(), any_lock=True)
    if container is None or _is_receipt(container.incoming):
        return empty(204)
    response = Response(_stream(container), 200, content_type=ASICE)
    response.headers["Content-Disposition"] = "attachment; filename=asic.zip"
    response.content_length = container.size
    return response


def acknowledge_incoming(message_id: str) -> Response:
    """The fagsystem has it: LEVERT goes back to the sender."""
    _require_waiting(message_id)
    with _saying_whose(message_id):
        return answer(rooms().inbox.acknowledge(message_id, current_caller(), any_lock=True).sbd)


@contextmanager
def _saying_whose(message_id: str) -> Iterator[None]:
    """A lock is nobody's own here, so that there is none is told without speaking of logins."""
    try:
        yield
    except Conflict as refusal:
        if refusal.code != "NOT_LOCKED":
            raise
        raise Conflict(
            say("the message with messageId = {id} is not locked", id=message_id),
            code=refusal.code,
            mend=say("Lock it first: GET /api/messages/in/peek?messageId=… does so."),
        ) from refusal


def _require_waiting(message_id: str) -> None:
    """What was acknowledged, or could never be handed on, is not in this queue any more."""
    try:
        found = rooms().inbox.get(message_id, current_caller())
    except NotFound as refusal:
        raise NotFound(
            say("there is no message with messageId = {id} in the queue", id=message_id),
            mend=say("Check the id: GET /api/messages/in lists what came for the organisations of this login."),
        ) from refusal
    if found.state is InboxState.ACKNOWLEDGED:
        raise NotFound(
            say("there is no message with messageId = {id} in the queue: it was acknowledged", id=message_id)
        )
    if found.state is not InboxState.WAITING:
        raise NotFound(say("there is no message with messageId = {id} in the queue", id=message_id))


def _is_receipt(found: Incoming) -> bool:
    kind = BUSINESS_TYPES.get(message_type(found.document_type))
    return kind is not None and kind.is_receipt


def _stream(container: Container) -> Iterator[bytes]:
    with container.open() as source:
        while block := source.read(_BLOCK):
            yield block


def _wanted() -> InboxFilter:
    """The filters of the query; `messageID` is how the documentation once wrote it, and must not mean any message."""
    return InboxFilter(
        message_id=queries.text("messageId") or queries.text("messageID"),
        conversation_id=queries.text("conversationId"),
        receiver=_identifier("receiverIdentifier"),
        sender=_identifier("senderIdentifier"),
        channel=_channel(),
        process=queries.text("process"),
    )


def _identifier(name: str) -> str | None:
    """Bare numbers are asked for; ours are kept as `0192:…`."""
    found = queries.text(name)
    return f"0192:{found}" if found and found.isascii() and found.isdigit() and len(found) == 9 else found


def _channel() -> str | None:
    found = queries.text("serviceIdentifier")
    if found is not None and found not in set(Channel):
        raise Invalid(
            say("{name} cannot be read", name="serviceIdentifier"),
            code=queries.MISMATCH,
            mend=say("Write one of these: {names}.", names=", ".join(Channel)),
        )
    return found
