"""The table of commands, each imported when it is asked for, and how any command's failure is told.

In come arguments, out comes an exit code: 0 done, 1 the answer is no, 2 it could not be tried, 130 stopped by Ctrl-C.
Called by `main`.
"""

import gc
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from gateway import __version__

# Short help is written here, so that `gateway --help` imports no command; a test holds the two together.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Show the whole journey on this machine: sandbox, server, four recipients."),
    "serve": ("serve", "Run the HTTP server and the delivery worker."),
    "worker": ("worker", "Run a delivery worker alone."),
    "sandbox": ("sandbox", "Run the outside world on this machine, with made-up organisations."),
    "validate": ("validate", "Check arkivmeldinger: XSD and rules, with line and mend."),
    "send": ("send", "Send an arkivmelding with its documents through a running gateway."),
    "status": ("status", "Show what has become of a conversation or a message."),
    "inbox": ("inbox", "List, show, save and acknowledge what came in."),
    "reply": ("reply", "Answer a message that came in with an arkivmelding."),
    "retry": ("retry", "Try a message now, or start a failed one again."),
    "cancel": ("cancel", "Take a message back before it is handed over."),
    "client": ("clients", "Make, change, renew, list and remove logins."),
    "backup": ("backup", "Copy database, documents and keys, while the gateway runs."),
    "restore": ("restore", "Make a data folder from a backup."),
    "db": ("database", "Bring the database to this version; let go what a restore holds."),
}
STOPPED = 130
NOT_TRIED = 2


class LazyGroup(click.Group):
    """A group whose commands are named in `COMMANDS` and imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gateway.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands under `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Run, tell any failure in plain lines, and exit."""
        try:
            code = super().main(*args, **{**settings, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            from gateway.cli.tongue import told
            from gateway.language import say

            click.echo(told(say("stopped")), err=True)
            sys.exit(STOPPED)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of ours is told here, where its language is known."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            return _tell(error)


def _tell(error: Exception) -> int:
    """An error of ours in plain lines; anything else is a bug and keeps its traceback."""
    from gateway.cli.tongue import told
    from gateway.errors import GatewayError, SetupFault
    from gateway.language import as_phrase, say

    if not isinstance(error, GatewayError):
        raise error
    click.echo(f"gateway: {told(error.message)}", err=True)
    for fault in error.faults if isinstance(error, SetupFault) else ():
        click.echo(f"  {told(fault)}", err=True)
    if error.mend:
        click.echo(told(say("  mend: {mend}", mend=as_phrase(error.mend))), err=True)
    return NOT_TRIED


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def gateway(ctx: click.Context) -> None:
    """An arkivmelding goes in, its recipients get it.

    Post the XML that your archive system exports; the gateway reads the recipients out of it, asks the ServiceRegistry
    what each can take, and answers with one prototype for each. Look, confirm, commit: it packs, signs, encrypts, sends
    and follows every message.

    \b
    New here? Two commands need no settings:
      gateway demo                        see a sample go all the way
      gateway validate arkivmelding.xml   what is wrong with a file, and how to mend it

    `gateway COMMAND --help` explains each command, with examples.
    """
    if ctx.invoked_subcommand != "validate":  # which does it itself where there is more than one file
        gc.enable()
