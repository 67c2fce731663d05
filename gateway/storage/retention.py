"""What is kept for a time only: the bytes of conversations that are over.

In comes a moment, out come the conversations that were finished before it, and the keys of the documents that each then
gives up. Called by delivery's housekeeping. Rows of messages, statuses and attempts stay.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select, update

from gateway.storage.engine import Connection
from gateway.storage.states import UNDERWAY, ConversationState
from gateway.storage.tables import arkivmelding, conversation, document, message, rendering, sbd

_OVER = (conversation.c.state == ConversationState.FINISHED.value, conversation.c.emptied.is_(None))
# The state as an expression, for SQLite would rather read every finished conversation by the index of states.
_STANDS_FINISHED = conversation.c.state.concat("") == ConversationState.FINISHED.value
# Started again by hand: it is looked at again when that is over, and holds up nobody behind it.
_AT_REST = ~exists().where(message.c.conversation_id == conversation.c.id, message.c.state.in_(list(UNDERWAY)))
_DUE = (
    select(conversation.c.id)
    .where(conversation.c.finished <= bindparam("before"), conversation.c.emptied.is_(None), _STANDS_FINISHED, _AT_REST)
    .order_by(conversation.c.finished)
    .limit(bindparam("at_most"))
)
_MARK = (
    update(conversation)
    .where(*_OVER, conversation.c.id == bindparam("this"), _AT_REST)
    .values(emptied=bindparam("at"), version=conversation.c.version + 1)
    .returning(conversation.c.id)
)
_MESSAGES = select(message.c.id).where(message.c.conversation_id == bindparam("this"))
_DROP_XML = delete(arkivmelding).where(arkivmelding.c.conversation_id == bindparam("this"))
_DROP_SBD = delete(sbd).where(sbd.c.conversation_id == bindparam("this"))
_DROP_RENDERINGS = delete(rendering).where(rendering.c.message_id.in_(_MESSAGES))
_DROP_DOCUMENTS = delete(document).where(document.c.conversation_id == bindparam("this")).returning(document.c.key)


def due(connection: Connection, *, before: datetime, limit: int) -> tuple[str, ...]:
    """The conversations that were finished by then and still have their bytes, longest finished first."""
    return tuple(connection.scalars(_DUE, {"before": before, "at_most": limit}))


def empty(connection: Connection, conversation_id: str, *, at: datetime) -> tuple[str, ...] | None:
    """Forget documents, renderings, the posted XML and the SBD; the keys to be deleted once this is committed.

    None where somebody has begun something with it meanwhile: nothing is forgotten then.
    """
    bound = {"this": conversation_id}
    if connection.execute(_MARK, {**bound, "at": at}).first() is None:
        return None
    connection.execute(_DROP_XML, bound)
    connection.execute(_DROP_SBD, bound)
    connection.execute(_DROP_RENDERINGS, bound)
    return tuple(connection.scalars(_DROP_DOCUMENTS, bound))
