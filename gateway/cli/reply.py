"""`gateway reply`: an arkivmelding as the answer to a message that came in.

In come the id of that message, files and decisions, out come tables, progress and an exit code.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.send import run_wish
from gateway.cli.server_options import with_server

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("any_id", metavar="ID")
@click.argument("arkivmelding", type=_FILE)
@click.argument("documents", nargs=-1, type=_FILE)
@with_server
@click.option("--confirm", multiple=True, metavar="CODE", help="Say yes to a problem of this code. May be repeated.")
@click.option("--dry-run", is_flag=True, help="Show the prototypes; keep and send nothing.")
@click.option("--wait", is_flag=True, help="Follow the statuses until every message has come to an end.")
def command(remote: "RemoteGateway", any_id: str, **options: Any) -> None:
    """Answer a message that came in with an arkivmelding.

    ID is the messageId, as `gateway inbox list` prints it. Sender, recipient, process and references of the answer are
    those of the message that it answers; everything else is as with `gateway send`.

    \b
    Exit code: 0 done (with --wait: delivered), 1 refused, not ready or not delivered, 2 no answer.

    \b
    Examples:
      gateway reply 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10 arkivmelding.xml svar.pdf
      gateway reply 6a1f0c1e-6d3e-4c53-9d0b-5a8b1f0a7f10 arkivmelding.xml svar.pdf --wait
    """
    from gateway.cli.sending import Wish

    confirm = frozenset(options.pop("confirm"))
    raise SystemExit(run_wish(remote, Wish(**options, confirm=confirm, in_reply_to=any_id)))
