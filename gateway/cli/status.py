"""`gateway status`: what has become of a conversation or of one message.

In comes any id, out comes a table, and on request the story of each message.
"""

from typing import TYPE_CHECKING

import click

from gateway.cli.server_options import with_server

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway


@click.command()
@click.argument("any_id", metavar="ID")
@click.option(
    "--explain", is_flag=True, help="Tell each message's story: every step, what is awaited, who must do what."
)
@with_server
def command(remote: "RemoteGateway", any_id: str, *, explain: bool) -> None:
    """Show what has become of a conversation or a message.

    ID is a conversationId or a messageId, as `gateway send` prints them.

    \b
    Exit code: 0 shown, 1 refused or not found, 2 no answer.

    \b
    Examples:
      gateway status 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
      gateway status 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10 --explain
    """
    from gateway.cli.screen import Screen
    from gateway.cli.showing import is_sent, show_statuses, tell_refusal
    from gateway.cli.story import show_story
    from gateway.errors import Refused, Unavailable

    screen = Screen(language=remote.language)
    try:
        answer = remote.statuses(any_id)
        show_statuses(screen, answer)
        for message in answer["messages"] if explain else ():
            if is_sent(message):
                show_story(screen, remote.timeline(message["messageId"]))
    except Refused as error:
        tell_refusal(screen, error)
        raise SystemExit(1) from error
    except Unavailable as error:
        tell_refusal(screen, error)
        raise SystemExit(2) from error
