"""`gateway serve`: the HTTP server and, unless `--no-worker`, the delivery worker beside it.

In come settings, out come two processes that live and end together. Alone (`--no-worker`) it is the server itself.
"""

import sys

import click

from gateway.cli.places import Place, with_place
from gateway.cli.tongue import spoken, told
from gateway.language import say

# How long one that was killed may take to be gone with its children.
_LEAVING_SECONDS = 3.0


@click.command()
@with_place
@click.option("--host", help="The address to listen on, in place of [server] host (127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port, in place of [server] port (8080); 0 takes any that is free and prints it.",
)
@click.option("--no-worker", is_flag=True, help="The HTTP server alone; run `gateway worker` beside it.")
def command(place: Place, host: str | None, *, port: int | None, no_worker: bool) -> None:
    """Run the HTTP server and the delivery worker.

    Settings come from gateway.toml in the data folder and from the environment. It listens on 127.0.0.1; on any other
    address it starts only when somebody has a login (gateway client add). Ctrl-C or SIGTERM lets both finish what
    they have begun.

    \b
    Examples:
      gateway serve --data /var/lib/gateway
      gateway serve --port 0                 any free port: see the line "listening on …"
      GATEWAY_SERVER_PORT=9000 gateway serve

    \b
    No gateway.toml yet? `gateway sandbox` writes one for trying things out.
    """
    if sys.platform == "win32":
        message = say("the server needs Linux or macOS, for gunicorn does; on Windows, use WSL")
        raise click.ClickException(told(message))
    from gateway.cli import lifeline

    lifeline.hold()
    if no_worker:
        _serve(place, host, port=port)
        return
    from gateway.cli.supervisor import Supervisor

    address = [*(["--host", host] if host else []), *(["--port", str(port)] if port is not None else [])]
    shared = [*place.arguments(), "--lang", spoken().value]
    raise SystemExit(Supervisor(["serve", "--no-worker", *shared, *address], ["worker", *shared]).run())


def _serve(place: Place, host: str | None, *, port: int | None) -> None:
    from gateway.cli import door
    from gateway.cli.alone import alone
    from gateway.cli.logs import configure_logs
    from gateway.errors import SetupFault

    configure_logs()
    settings = door.listen_at(place.load(), host=host, port=port)
    if settings.database.startswith("postgresql"):  # which serves any number of us
        door.serve(settings)
        return
    with alone(settings.data / "server.lock", patience=_LEAVING_SECONDS) as other:
        if other is not None:
            raise SetupFault(
                say("another gateway runs here (process {pid})", pid=other),
                mend="Stop that one, or give this one a folder of its own with --data.",
            )
        door.serve(settings)
