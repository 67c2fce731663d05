"""`/api/statuses`: the log in pages, of one message, and as a queue that is looked at and taken from.

In come filters and ids, out go statuses. Reference §2.8.
"""

from flask import Response

from gateway.api.nextmove import queries
from gateway.api.nextmove.paging import envelope, read_stretch
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.views import status_json
from gateway.api.nextmove.wire import answer, empty
from gateway.api.rooms import rooms
from gateway.storage.nextmove import log
from gateway.storage.nextmove.log import LogFilter
from gateway.storage.nextmove.paging import Order

_OLDEST_FIRST = Order("id")


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("GET /statuses", list_statuses)
    routes.add("GET /statuses/peek", peek_status)
    routes.add("GET /statuses/<message_id>", list_statuses_of)
    routes.add("DELETE /statuses/<number>", take_status)


def list_statuses() -> Response:
    """Every status that fits, in pages."""
    return _page(
        LogFilter(
            number=queries.number("id"),
            message_id=queries.text("messageId"),
            conversation_id=queries.text("conversationId"),
            status=queries.text("status"),
            since=queries.moment("fromDateTime"),
            until=queries.moment("toDateTime"),
        )
    )


def list_statuses_of(message_id: str) -> Response:
    """The statuses of one message; none where nothing is known of it."""
    response = _page(LogFilter(message_id=message_id))
    response.content_type = "application/json; charset=utf-8"
    return response


def peek_status() -> Response:
    """The oldest status that this client has not taken from its queue; 204 where there is none."""
    with rooms().database.reading() as connection:
        found = log.head(connection, queries.reader())
    return answer(status_json(found)) if found else empty(204)


def take_status(number: str) -> Response:
    """Take one from the queue; it stays in the log."""
    taken = rooms().nextmove.shelf.take_status(queries.reader(), queries.read_number(number, "id"))
    return empty(200 if taken else 404)


def _page(wanted: LogFilter) -> Response:
    stretch = read_stretch(_OLDEST_FIRST)
    with rooms().database.reading() as connection:
        found, total = log.entries(connection, queries.reader(), wanted=wanted, stretch=stretch)
    return answer(envelope([status_json(entry) for entry in found], total, stretch=stretch))
