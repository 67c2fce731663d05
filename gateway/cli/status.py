"""`gateway status`: what has become of a conversation or of one message.

In comes any id, out comes a table.
"""

from typing import TYPE_CHECKING

import click

from gateway.cli.server_options import with_server

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway


@click.command()
@click.argument("any_id", metavar="ID")
@with_server
def command(remote: "RemoteGateway", any_id: str) -> None:
    """Show what has become of a conversation or a message.

    ID is a conversationId or a messageId, as `gateway send` prints them.

    \b
    Exit code: 0 shown, 1 refused or not found, 2 no answer.

    \b
    Example:
      gateway status 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
    """
    from gateway.cli.screen import Screen
    from gateway.cli.showing import show_statuses, tell_refusal
    from gateway.errors import Refused, Unavailable

    screen = Screen(language=remote.language)
    try:
        show_statuses(screen, remote.statuses(any_id))
    except Refused as error:
        tell_refusal(screen, error)
        raise SystemExit(1) from error
    except Unavailable as error:
        tell_refusal(screen, error)
        raise SystemExit(2) from error
