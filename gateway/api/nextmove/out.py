"""`/api/messages/out`: an SBD is created, gets its files one by one, and is sent.

In come SBDs and bytes, out go SBDs. Decides nothing: `delivery.classic` does. Reference §2.2 to §2.6.
"""

from flask import Response, request

from gateway.api.bodies import Body
from gateway.api.nextmove import queries
from gateway.api.nextmove.disposition import Disposition, read_disposition
from gateway.api.nextmove.media import media_type_of
from gateway.api.nextmove.paging import envelope, read_stretch
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.wire import answer, empty, read_object
from gateway.api.rooms import rooms
from gateway.delivery.uploads import Incoming
from gateway.errors import Conflict, NotFound, Unreadable
from gateway.language import say
from gateway.storage.nextmove import unsent
from gateway.storage.nextmove.paging import Stretch
from gateway.storage.nextmove.unsent import UnsentFilter

_MISSING = "HEADER_MISSING"


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("GET /messages/out", list_unsent)
    routes.add("POST /messages/out", create_message)
    routes.add("GET /messages/out/<message_id>", get_unsent)
    routes.add("PUT /messages/out/<message_id>", upload_file)
    routes.add("POST /messages/out/<message_id>", send_message)
    routes.add("DELETE /messages/out/<message_id>", discard_message)


def create_message() -> Response:
    """Create a message; the SBD comes back with everything that was left out."""
    return answer(rooms().nextmove.sending.create(read_object(), queries.sender()).sbd)


def list_unsent() -> Response:
    """Those that have not been handed over."""
    wanted = UnsentFilter(
        message_id=queries.text("messageId"),
        conversation_id=queries.text("conversationId"),
        process=queries.text("processIdentifier"),
        receiver=queries.text("receiverIdentifier"),
        sender=queries.text("senderIdentifier"),
        channel=queries.text("serviceIdentifier"),
    )
    stretch = read_stretch()
    with rooms().database.reading() as connection:
        found, total = unsent.unsent(connection, queries.reader(), wanted=wanted, stretch=stretch)
    return answer(envelope(found, total, stretch=stretch))


def get_unsent(message_id: str) -> Response:
    """One of them."""
    wanted = UnsentFilter(message_id=message_id)
    with rooms().database.reading() as connection:
        found, _ = unsent.unsent(connection, queries.reader(), wanted=wanted, stretch=Stretch(size=1))
    if not found:
        raise NotFound(
            say("there is no message with messageId = {id} that waits to be sent", id=message_id),
            mend=say("GET its statuses: it may have been sent."),
        )
    return answer(found[0])


def upload_file(message_id: str) -> Response:
    """Keep one file; the same again is no error."""
    disposition = _disposition()
    title = queries.text("title") or disposition.title or None
    body = Body()
    mime = media_type_of(request.headers.get("Content-Type", ""), disposition.filename)
    incoming = Incoming(disposition.filename, mime, body.declared, _NotEmpty(body), title=title)
    rooms().nextmove.sending.upload(message_id, incoming, caller=queries.sender())
    return empty()


def send_message(message_id: str) -> Response:
    """Queue it; that it is queued is all that the answer says. A repeat changes nothing."""
    rooms().nextmove.sending.send(message_id, queries.sender(), program=queries.program())
    return empty()


def discard_message(message_id: str) -> Response:
    """Take a message and its files away; one that has been sent, or never was, stays as it is."""
    try:
        rooms().nextmove.sending.discard(message_id, queries.sender())
    except (NotFound, Conflict):
        return empty()
    return empty()


def _disposition() -> Disposition:
    header = request.headers.get("Content-Disposition")
    if header is None:
        raise Unreadable(
            say("the header {name} is missing", name="Content-Disposition"),
            code=_MISSING,
            mend=say('Write: attachment; name="title"; filename="brev.pdf"'),
        )
    return read_disposition(header)


class _NotEmpty:
    """A body that holds something: clients have been seen to forget the file itself."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def read(self, size: int = -1, /) -> bytes:
        """The next block; `Unreadable` where the first is the end."""
        block = self._body.read(size)
        if not block and not self._body.count:
            raise Unreadable(
                say("the body is empty"), code="EMPTY_FILE", mend=say("Send the bytes of the file as the body.")
            )
        return block
