"""`gateway send`: an arkivmelding and its documents, from a shell, through a running gateway.

In come files and decisions, out come tables, progress and an exit code.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.filling import read_fill
from gateway.cli.server_options import with_server
from gateway.cli.tongue import told
from gateway.language import say

if TYPE_CHECKING:
    from gateway.cli.remote import RemoteGateway
    from gateway.cli.sending import Sending, Wish

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("arkivmelding", type=_FILE)
@click.argument("documents", nargs=-1, type=_FILE)
@with_server
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="PART=NAME=ID",
    help="Who a korrespondansepart is: its number (from 1), its name as in the XML, the identifier. May be repeated.",
)
@click.option("--sender", help="The organisation that sends, where the login may send for several.")
@click.option(
    "--lenient", is_flag=True, help="Mend the spelling, warn of what is missing; the unsafe is refused all the same."
)
@click.option(
    "--convert", is_flag=True, help="Convert from the v1 dialect or Fiks Arkiv, and complete what can be completed."
)
@click.option(
    "--fill",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --convert: a value for what the document lacks, such as saksansvarlig='Kari N.'. May be repeated.",
)
@click.option("--confidential/--not-confidential", default=None, help="Say whether it is confidential.")
@click.option("--confirm", multiple=True, metavar="CODE", help="Say yes to a problem of this code. May be repeated.")
@click.option("--select-ready", is_flag=True, help="Leave out the recipients that are not ready.")
@click.option("--dry-run", is_flag=True, help="Show the prototypes; keep and send nothing.")
@click.option("--wait", is_flag=True, help="Follow the statuses until every message has come to an end.")
def command(remote: "RemoteGateway", **options: Any) -> None:
    """Send an arkivmelding with its documents through a running gateway.

    Shows a prototype for each recipient, uploads the documents, commits when nothing stands in the way. What stands
    in the way is told with how to mend it; nothing is sent then, and the draft waits.

    \b
    Exit code: 0 done (with --wait: delivered to all), 1 refused, not ready or not delivered, 2 no answer.

    \b
    Examples:
      gateway send arkivmelding.xml vedtak.pdf
      gateway send arkivmelding.xml vedtak.pdf --recipient '2=Fjordvik tilsyn=0192:311000020' --wait
      gateway send arkivmelding.xml *.pdf --confirm NAME_MISMATCH --select-ready
      gateway send fra-fagsystemet.xml klage.pdf --convert --fill saksansvarlig='Kari N.'
      gateway send arkivmelding.xml --dry-run
    """
    raise SystemExit(run_wish(remote, _read_wish(options)))


def run_wish(remote: "RemoteGateway", wish: "Wish") -> int:
    """Send what is wished, and tell what becomes of it; the exit code."""
    from gateway.cli.screen import Screen
    from gateway.cli.sending import Sending

    screen = Screen(language=remote.language)
    return _run(Sending(remote, screen), wish, screen=screen)


def _run(sending: "Sending", wish: "Wish", *, screen: Any) -> int:
    from gateway.cli.showing import tell_refusal
    from gateway.errors import Refused, Unavailable

    try:
        return sending.run(wish)
    except Refused as error:
        sending.note_refusal()
        tell_refusal(screen, error)
        code = 1
    except Unavailable as error:
        tell_refusal(screen, error)
        code = 2
    except KeyboardInterrupt:
        screen.say(say("\nstopped"))
        code = 130
    screen.say(sending.how_to_go_on())
    return code


def _read_wish(options: dict[str, Any]) -> "Wish":
    from gateway.cli.sending import Wish

    return Wish(
        **{
            **options,
            "recipients": tuple(_read_recipient(each) for each in options["recipients"]),
            "confirm": frozenset(options["confirm"]),
            "fill": tuple(read_fill(each) for each in options["fill"]),
        }
    )


def _read_recipient(text: str) -> dict[str, object]:
    """`2=Fjordvik tilsyn=0192:311000020`; the name may hold `=`."""
    part, _, rest = text.partition("=")
    name, found, identifier = rest.rpartition("=")
    if not found or not part.strip().isdecimal():
        raise click.BadParameter(told(say("{text!r} is not PART=NAME=ID", text=text)), param_hint="--recipient")
    return {"korrespondansepart": int(part), "navn": name, "identifikator": identifier.strip()}
