"""`gateway sandbox`: the outside world on this machine, in the foreground.

In come a folder and a port, out come running services on loopback and a gateway.toml that lives in them.
"""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.places import DEFAULT_DATA
from gateway.cli.tongue import with_lang

if TYPE_CHECKING:
    from gateway.sandbox.server import SandboxSetup

DEFAULT_PORT = 8090
_POLL_SECONDS = 1.0


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="GATEWAY_DATA",
    default=DEFAULT_DATA,
    show_default=True,
    help="The gateway's data folder: gateway.toml is written here, the sandbox's own things below it.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes any that is free."
)
@with_lang
def command(data: Path, port: int) -> None:
    """Run the outside world on this machine, with made-up organisations.

    ServiceRegistry, Maskinporten, Altinn Broker and recipients that fetch, check and answer: over real HTTP, on
    127.0.0.1 only, with certificates that nobody else trusts. It writes a gateway.toml for its sender, so that
    `gateway serve` with the same folder just works. Ctrl-C ends it.

    \b
    Example, in three terminals:
      gateway sandbox
      gateway serve
      gateway send samples/01-one-recipient/arkivmelding.xml samples/01-one-recipient/*.pdf --wait
    """
    from gateway.arkivmelding.schema import FILES
    from gateway.cli import lifeline
    from gateway.cli.alone import only_sandbox
    from gateway.cli.logs import configure_logs
    from gateway.cli.settings_file import write_settings
    from gateway.resources import shipped
    from gateway.sandbox.server import Sandbox

    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    lifeline.hold()
    configure_logs()
    schemas = {name: shipped("schemas").joinpath(name).read_bytes() for name in FILES}
    with only_sandbox(data), Sandbox.start(data / "sandbox", schemas=schemas, port=port) as sandbox:
        settings = write_settings(data, sandbox.setup(), poll_seconds=_POLL_SECONDS)
        click.echo(_describe(sandbox.setup(), settings))
        stop.wait()


def _describe(setup: "SandboxSetup", settings: Path) -> str:
    place = "" if settings.parent == DEFAULT_DATA else f" --data {settings.parent}"
    return f"""sandbox on {setup.url}
  {setup.url}/                   its organisations, and what stands where
  {setup.url}/_sim/deliveries    what recipients got, and their verdicts
  {setup.url}/_sim/faults        the fault dial
settings for {setup.sender} written to {settings}
next, in another terminal:
  gateway serve{place}
Ctrl-C ends the sandbox."""
