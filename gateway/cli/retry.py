"""`gateway retry`: try now what would be tried later, or start a failed message again.

In comes any id, out comes a line for each message.
"""

from typing import TYPE_CHECKING

import click

from gateway.cli.server_options import with_server
from gateway.language import say

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway

_WORDS = {
    "brought-forward": say("it is tried now"),
    "under-way": say("it is being tried this very moment"),
    "restarted": say("it had failed and is started again"),
}
_OVER = frozenset({"delivered", "cancelled"})


@click.command()
@click.argument("any_id", metavar="ID")
@click.option("--actor", help="Who does this, for the timeline.")
@with_server
def command(remote: "RemoteGateway", any_id: str, *, actor: str | None) -> None:
    """Try a message now, or start a failed one again.

    ID is a messageId, or a conversationId for every message of it that can be tried. A message of which something may
    have reached the recipient is never sent again: the answer says what to do instead.

    \b
    Exit code: 0 done (to one of them at least), 1 refused or not found, 2 no answer.

    \b
    Example:
      gateway retry 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
    """
    from gateway.cli.by_hand import for_each

    def act(message_id: str) -> str:
        return _WORDS[remote.retry(message_id, actor=actor)["done"]]

    raise SystemExit(for_each(remote, any_id, act=act, over=_OVER))
