"""`gateway inbox`: what came in: list it, look at it, save it, acknowledge it.

In come ids and folders, out come tables, files and an exit code.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.server_options import with_server

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway
    from gateway.cli.screen import Screen

_STATES = ("waiting", "acknowledged", "expired", "unreadable")
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group("inbox")
def command() -> None:
    """List, show, save and acknowledge what came in."""


@command.command("list")
@click.option("--state", type=click.Choice([*_STATES, "all"]), default="waiting", show_default=True, help="Which.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many at most.")
@with_server
def show_list(remote: "RemoteGateway", state: str, *, limit: int) -> None:
    """List what came in, the oldest first. Nothing is locked.

    \b
    Exit code: 0 shown, 1 refused, 2 no answer.

    \b
    Examples:
      gateway inbox list
      gateway inbox list --state unreadable
    """
    from gateway.cli.incoming import show_page

    query = {"limit": limit} if state == "all" else {"limit": limit, "state": state}
    _do(remote, lambda screen: show_page(screen, remote.inbox(query)))


@command.command("show")
@click.argument("any_id", metavar="ID")
@with_server
def show_one(remote: "RemoteGateway", any_id: str) -> None:
    """Show one message: from whom, who signed it, its documents, and what was told of it.

    \b
    Exit code: 0 shown, 1 refused or not found, 2 no answer.

    \b
    Example:
      gateway inbox show 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
    """
    from gateway.cli.incoming import show_message

    _do(remote, lambda screen: show_message(screen, remote.incoming(any_id)))


@command.command("save")
@click.argument("any_id", metavar="ID")
@click.option("--to", "folder", type=_FOLDER, default=".", show_default=True, help="The folder; made if missing.")
@click.option("--asice", is_flag=True, help="The signed ASiC-E as one file, in place of its documents.")
@with_server
def save(remote: "RemoteGateway", any_id: str, *, folder: Path, asice: bool) -> None:
    """Save the documents of one message into a folder. A file that is there already is never replaced.

    It changes nothing at the gateway; with --asice the message is locked by this login first.

    \b
    Exit code: 0 saved, 1 refused or not found, 2 no answer.

    \b
    Examples:
      gateway inbox save 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10 --to innkommet
      gateway inbox save 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10 --asice
    """
    from gateway.cli.incoming import save_container, save_documents

    act = save_container if asice else save_documents
    _do(remote, lambda screen: act(screen, remote, any_id=any_id, folder=folder))


@command.command("ack")
@click.argument("any_id", metavar="ID")
@with_server
def acknowledge(remote: "RemoteGateway", any_id: str) -> None:
    """Acknowledge one message: it is yours now, and its sender is told LEVERT.

    What could not be read, or came too late, is set aside; nobody is told of that.

    \b
    Exit code: 0 done, 1 refused, not found or locked by another login, 2 no answer.

    \b
    Example:
      gateway inbox ack 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10
    """
    from gateway.cli.incoming import acknowledge_message

    _do(remote, lambda screen: acknowledge_message(screen, remote, any_id=any_id))


def _do(remote: "RemoteGateway", act: Callable[["Screen"], None]) -> None:
    from gateway.cli.screen import Screen
    from gateway.cli.showing import tell_refusal
    from gateway.errors import Refused, Unavailable

    screen = Screen(language=remote.language)
    try:
        act(screen)
    except Refused as error:
        tell_refusal(screen, error)
        raise SystemExit(1) from error
    except Unavailable as error:
        tell_refusal(screen, error)
        raise SystemExit(2) from error
