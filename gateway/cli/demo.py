"""`gateway demo`: the whole journey on this machine, shown step by step and checked.

In comes nothing, out comes exit code 0 where everything was as it should be. Leaves no process and no folder behind.
"""

import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from gateway.cli.screen import Screen
    from gateway.cli.stage import Stage


@click.command()
@click.option("--keep", is_flag=True, help="Leave everything running afterwards, and print how to go on with curl.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for it all, which stays. Without it: a temporary one, which goes.",
)
def command(keep: bool, data: Path | None) -> None:
    """Show the whole journey on this machine: sandbox, server, four recipients.

    Starts the outside world with made-up organisations and a real server and worker; posts a sample, stops a wrong
    recipient, confirms, uploads, commits, follows the statuses until LEST, and asks the recipients what they got.
    Needs no settings and no network but this machine's own. Exit code 0: all of it was as shown.

    \b
    Examples:
      gateway demo
      gateway demo --keep     then play with curl; Ctrl-C ends it
    """
    from gateway.cli.logs import configure_logs
    from gateway.cli.screen import Screen
    from gateway.cli.tongue import speak
    from gateway.language import Language

    speak(Language.ENGLISH)  # which its claims are made in
    configure_logs()
    for name in [each for each in os.environ if each.startswith("GATEWAY_")]:
        del os.environ[name]  # settings of a real gateway must not lead the demo out of its sandbox
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    screen = Screen(rich=True)
    with ExitStack() as stack:
        folder = data.absolute() if data else _make_folder(stack)
        differences = _show(screen, folder, keep=keep, stack=stack)
    raise SystemExit(1 if differences else 0)


def _make_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-demo-", ignore_cleanup_errors=True)))


def _show(screen: "Screen", folder: Path, *, keep: bool, stack: ExitStack) -> list[str]:
    from gateway.cli.demo_dialect import DialectDemo
    from gateway.cli.demo_steps import Demo
    from gateway.cli.stage import set_stage

    begun = time.monotonic()
    screen.head("The gateway, and the outside world in a sandbox")
    stage = stack.enter_context(set_stage(folder))
    screen.say(f"  sandbox   {stage.sandbox.url}  (ServiceRegistry, Maskinporten, Altinn Broker, recipients)")
    screen.say(f"  gateway   {stage.url}  (HTTP server and delivery worker, data in {stage.data})")
    demo = Demo(stage, screen)
    demo.run()
    DialectDemo(stage, screen, claims=demo.claims).run()
    _sum_up(screen, demo.claims.held, differences=demo.claims.differences, seconds=time.monotonic() - begun)
    if keep:
        _keep(screen, stage)
    return demo.claims.differences


def _sum_up(screen: "Screen", held: int, *, differences: list[str], seconds: float) -> None:
    screen.head("9. In short")
    if not differences:
        screen.say(f"  All {held} claims above held, in {seconds:.0f} seconds.", style="bold green")
        screen.say("  One arkivmelding in: two recipients have it and have said so, two wait for their channel,")
        screen.say("  and a wrong one was stopped before anything was sent. One in another dialect was converted, and")
        screen.say("  every change was shown first.")
        return
    screen.say(f"  {len(differences)} of {held + len(differences)} claims did not hold:", style="bold red")
    for each in differences:
        screen.say(f"  ✗ {each}", style="red")


def _keep(screen: "Screen", stage: "Stage") -> None:
    """Say where everything is, and wait for Ctrl-C."""
    from gateway.resources import shipped

    screen.head("Still running. In another terminal:")
    screen.say(f"""
export GATEWAY_URL={stage.url}
export GATEWAY_KEY={stage.key}
export SANDBOX_URL={stage.sandbox.url}
export SAMPLES={shipped("samples")}

curl -s -H "Authorization: Bearer $GATEWAY_KEY" -H "Content-Type: application/xml" \\
     --data-binary @"$SAMPLES/01-one-recipient/arkivmelding.xml" "$GATEWAY_URL/out/messages"

gateway send "$SAMPLES"/01-one-recipient/arkivmelding.xml "$SAMPLES"/01-one-recipient/*.pdf --wait
curl -s "$SANDBOX_URL/_sim/deliveries"

The API, described: {stage.url}/docs       Data and log: {stage.data}
Ctrl-C ends it all.""")
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.say("ending")


def _stop(*_: object) -> NoReturn:
    """A polite end is one for the demo, too: everything that it has started goes with it."""
    raise KeyboardInterrupt
