"""A conversation whose bytes are gone, when they were kept long enough: what can still be said of it.

In come its rows, out comes a `View` without document and problems. Called by `delivery.intake`.
"""

from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.reader import NAMESPACE
from gateway.delivery.submission import Clock, View
from gateway.errors import Gone
from gateway.language import say
from gateway.message.prototype import Choice, Prototype
from gateway.storage import messages
from gateway.storage.conversations import Conversation
from gateway.storage.engine import Connection

_NOTHING = f'<arkivmelding xmlns="{NAMESPACE}"/>'.encode()


def view_emptied(connection: Connection, conversation: Conversation, *, kit: Kit, now: Clock) -> View:
    """Who got it, and nothing of what."""
    inspection: Inspection = inspect(_NOTHING, kit, today=now().date())
    held = messages.of_conversation(connection, conversation.id)
    return View(
        conversation=conversation,
        inspection=inspection,
        documents=(),
        prototypes=tuple(_bare(message.choice) for message in held),
        skipped=(),
        problems=(),
        ready=False,
    )


def require_bytes(conversation: Conversation) -> None:
    """Raise `Gone` where the retention time has passed."""
    emptied = conversation.emptied
    if emptied is not None:
        raise Gone(
            say(
                "the arkivmelding and its documents were deleted on {date}, as they had been kept long enough",
                date=emptied.date().isoformat(),
            ),
            code="DELETED",
            mend="Statuses and ids are kept; the bytes are in the fagsystem's own archive.",
        )


def _bare(choice: Choice) -> Prototype:
    return Prototype(choice=choice, documents=(), size=None, size_limit=None, redactions=(), problems=())
