"""`gateway cancel`: take a message back before it is handed over.

In comes any id, out comes a line for each message.
"""

from typing import TYPE_CHECKING

import click

from gateway.cli.server_options import with_server
from gateway.language import say

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway

_OVER = frozenset({"delivered", "failed", "unknown", "cancelled"})


@click.command()
@click.argument("any_id", metavar="ID")
@click.option("--actor", help="Who does this, for the timeline.")
@with_server
def command(remote: "RemoteGateway", any_id: str, *, actor: str | None) -> None:
    """Take a message back before it is handed over.

    ID is a messageId, or a conversationId for every message of it that can still be taken back. Once the hand-over has
    begun it is too late.

    \b
    Exit code: 0 done (to one of them at least), 1 refused or not found, 2 no answer.

    \b
    Example:
      gateway cancel 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
    """
    from gateway.cli.by_hand import for_each

    def act(message_id: str) -> str:
        remote.cancel(message_id, actor=actor)
        return say("cancelled, nothing was sent")

    raise SystemExit(for_each(remote, any_id, act=act, over=_OVER))
