"""An act by hand on one message, or on every message of a conversation that it fits.

In come an id and what to do, out come lines on a `Screen` and an exit code. Called by retry and cancel.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.cli.screen import Screen
from gateway.cli.showing import is_sent, tell_refusal
from gateway.errors import Refused, Unavailable
from gateway.language import say

if TYPE_CHECKING:
    from gateway.cli.remote import Json, RemoteGateway

DONE, REFUSED, NO_ANSWER = 0, 1, 2
Act = Callable[[str], str]


def for_each(remote: "RemoteGateway", any_id: str, *, act: Act, over: frozenset[str]) -> int:
    """Do it to every message that the id names, but for those of a whole conversation whose outcome is `over`.

    `act` takes a messageId and gives the words for what was done.
    """
    screen = Screen(language=remote.language)
    try:
        found = remote.statuses(any_id)["messages"]
        several = len(found) > 1
        done = [_do(screen, each, act=act) for each in found if not several or _fits(each, over)]
    except Refused as error:
        tell_refusal(screen, error)
        return REFUSED
    except Unavailable as error:
        tell_refusal(screen, error)
        return NO_ANSWER
    if not done:
        screen.say(say("there is no message here to which that could be done"))
    return DONE if any(done) else REFUSED


def _fits(message: "Json", over: frozenset[str]) -> bool:
    return is_sent(message) and message["outcome"] not in over


def _do(screen: Screen, message: "Json", *, act: Act) -> bool:
    """Whether it was done; a refusal is told, and does not hold back the others."""
    message_id, recipient = message["messageId"], message["recipient"] or "-"
    try:
        screen.say(say("{id} to {recipient}: {words}", id=message_id, recipient=recipient, words=act(message_id)))
    except Refused as error:
        screen.say(say("{id} to {recipient}:", id=message_id, recipient=recipient))
        tell_refusal(screen, error)
        return False
    return True
