"""`/api/conversations`: each message with its statuses, looked at, looked for, and put out of sight.

In come filters and ids, out go conversations in the reference's sense. A DELETE hides; nothing of the delivery is lost.
Reference §2.8.
"""

from flask import Response

from gateway.api.nextmove import queries
from gateway.api.nextmove.paging import envelope, read_stretch
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.views import exchange_json
from gateway.api.nextmove.wire import answer, empty
from gateway.api.rooms import rooms
from gateway.errors import NotFound
from gateway.language import say
from gateway.message.oslo import day_begins, day_ends
from gateway.message.status import Direction
from gateway.storage.nextmove import exchanges
from gateway.storage.nextmove.exchanges import ExchangeFilter
from gateway.storage.nextmove.paging import Order, Stretch

_NEWEST_FIRST = Order("lastUpdate", descending=True)


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("GET /conversations", list_conversations)
    routes.add("GET /conversations/queue", list_followed)
    routes.add("GET /conversations/<number>", get_conversation)
    routes.add("DELETE /conversations/<number>", hide_conversation)
    routes.add("GET /conversations/messageId/<message_id>", get_conversation_of)
    routes.add("DELETE /conversations/messageId/<message_id>", hide_conversation_of)


def list_conversations() -> Response:
    """Every conversation that fits, in pages."""
    since, until = queries.day("lastUpdateFrom"), queries.day("lastUpdateTo")
    return _page(
        ExchangeFilter(
            conversation_id=queries.text("conversationId"),
            message_id=queries.text("messageId"),
            receiver=queries.text("receiver"),
            receiver_identifier=queries.text("receiverIdentifier"),
            sender=queries.text("sender"),
            sender_identifier=queries.text("senderIdentifier"),
            channel=queries.text("serviceIdentifier"),
            reference=queries.text("messageReference"),
            title=queries.text("messageTitle"),
            pollable=queries.yes_or_no("pollable"),
            finished=queries.yes_or_no("finished"),
            direction=queries.direction("direction"),
            since=day_begins(since) if since else None,
            before=day_ends(until) if until else None,
        )
    )


def list_followed() -> Response:
    """Those whose channel is still asked for news."""
    return _page(ExchangeFilter(pollable=True))


def get_conversation(number: str) -> Response:
    """One that went out, by its number."""
    wanted = ExchangeFilter(number=queries.read_number(number, "id"), direction=Direction.OUTGOING)
    return _one(wanted, say("there is no conversation with id = {id}", id=number))


def get_conversation_of(message_id: str) -> Response:
    """One that went out, by its message."""
    wanted = ExchangeFilter(message_id=message_id, direction=Direction.OUTGOING)
    return _one(wanted, say("there is no conversation with messageId = {id}", id=message_id))


def hide_conversation(number: str) -> Response:
    """Put one out of this client's sight."""
    rooms().nextmove.shelf.hide(queries.reader(), ExchangeFilter(number=queries.read_number(number, "id")))
    return empty()


def hide_conversation_of(message_id: str) -> Response:
    """The same by its message."""
    rooms().nextmove.shelf.hide(queries.reader(), ExchangeFilter(message_id=message_id))
    return empty()


def _page(wanted: ExchangeFilter) -> Response:
    stretch = read_stretch(_NEWEST_FIRST)
    with rooms().database.reading() as connection:
        found, total = exchanges.exchanges(connection, queries.reader(), wanted=wanted, stretch=stretch)
    return answer(envelope([exchange_json(each) for each in found], total, stretch=stretch))


def _one(wanted: ExchangeFilter, otherwise: str) -> Response:
    with rooms().database.reading() as connection:
        found, _ = exchanges.exchanges(connection, queries.reader(), wanted=wanted, stretch=Stretch(size=1))
    if not found:
        raise NotFound(otherwise, code="CONVERSATION")
    return answer(exchange_json(found[0]))
