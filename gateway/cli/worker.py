"""`gateway worker`: claims what is due and carries it on its way, until it is told to stop.

In come settings, out go messages. `gateway serve` starts one; more beside it need PostgreSQL.
"""

import signal
import sys
import threading
from contextlib import ExitStack

import click

from gateway.cli.places import Place, with_place


@click.command()
@with_place
def command(place: Place) -> None:
    """Run a delivery worker alone.

    It needs the same settings as the server. Ctrl-C or SIGTERM: finishes what it has begun, claims nothing new, ends.
    A second one ends it at once; what was begun is taken up again when its lease has run out.

    \b
    Example:
      gateway worker --data /var/lib/gateway
    """
    from gateway.cli import lifeline
    from gateway.cli.logs import configure_logs

    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda number, _: _stop(stop, number))
    lifeline.hold()
    configure_logs()
    with ExitStack() as held:
        _work(place, stop, held=held)


def _stop(stop: threading.Event, number: int) -> None:
    stop.set()
    signal.signal(number, signal.SIG_DFL)


def _work(place: Place, stop: threading.Event, *, held: ExitStack) -> None:
    import structlog

    from gateway.app import assemble, build_worker
    from gateway.cli.alone import alone

    log = structlog.get_logger("worker")
    settings = place.load()
    assembly = assemble(settings)
    try:
        if sys.platform != "win32" and not settings.database.startswith("postgresql"):
            beside = held.enter_context(alone(settings.data / "worker.lock"))
            if beside is not None:  # leases keep them apart, so it is safe, and only slower
                log.warning("another_worker_runs_here", pid=beside, hint="on SQLite one worker is enough")
        worker = build_worker(assembly)
        log.info("worker_started")
        worker.run(stop)
        log.info("worker_drained")
    finally:
        assembly.close()
