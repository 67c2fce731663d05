"""The HTTP server: gunicorn with one process of threads over the app of `gateway.app`.

In come settings, out goes a line that says where it listens; returns when it has been told to stop and every open
request is answered. Called by `gateway serve`.
"""

import gc
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication

from gateway import app
from gateway.cli import lifeline
from gateway.cli.logs import LIBRARY_LOGS
from gateway.config import ServerSettings, Settings
from gateway.errors import SetupFault
from gateway.language import say

if TYPE_CHECKING:
    from flask import Flask

# The main loop of a process of threads gives a sign of life while its threads take in long uploads, so this ends only
# a process that hangs as a whole.
_HANGING_SECONDS = 120
_DRAIN_SECONDS = 45
# A client that sends nothing for so long in the middle of a request gives its thread back.
_STALLED_SECONDS = 60
_KEEPALIVE_SECONDS = 15


def listen_at(settings: Settings, *, host: str | None, port: int | None) -> Settings:
    """The settings with another address, where one is given on the command line."""
    server = settings.server
    hosts = tuple(dict.fromkeys((*server.hosts, host.lower()))) if host else server.hosts
    address = replace(server, host=host or server.host, port=server.port if port is None else port, hosts=hosts)
    return replace(settings, server=address)


def serve(settings: Settings) -> None:
    """Check everything, listen, say so, serve; `SetupFault` for whatever is not as it must be."""
    _check(settings)
    listening = _listen(settings.server)
    click.echo(f"listening on {_address(listening)}")
    lifeline.announce()
    # What is loaded by now stays shared with the serving process, which a collection of garbage would copy page by page.
    gc.collect()
    gc.freeze()
    _Application(settings, listening.detach()).run()


def _check(settings: Settings) -> None:
    """Find faults here, where they can be told in plain words; the serving process opens everything anew."""
    database = app.open_database(settings)
    try:
        app.require_safe_address(settings, database)
    finally:
        database.close()
    app.try_out(settings)


def _listen(server: ServerSettings) -> socket.socket:
    host = server.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, server.port), family=family)
    except OSError as fault:
        raise SetupFault(
            say(
                "the server cannot listen on {host}:{port}: {reason}",
                host=server.host,
                port=server.port,
                reason=fault.strerror or str(fault),
            ),
            mend="Stop what uses that port, or choose another one with --port (0 takes any that is free).",
        ) from fault


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told everything here and nothing by its own files and variables."""

    def __init__(self, settings: Settings, listening: int) -> None:
        self._settings = settings
        self._listening = listening
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        wanted: dict[str, object] = {
            "bind": [f"fd://{self._listening}"],  # which is gunicorn's from here on
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.server.threads,
            "timeout": _HANGING_SECONDS,
            "graceful_timeout": _DRAIN_SECONDS,
            "keepalive": _KEEPALIVE_SECONDS,
            "pre_request": _bound_silence,
            "accesslog": None,
            "loglevel": "warning",
            "logconfig_dict": LIBRARY_LOGS,
            "proc_name": "gateway",
            "control_socket_disable": True,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:  # older versions lack some
                self.cfg.set(name, value)

    def load(self) -> "Flask":
        """Called by gunicorn in the process that serves."""
        return app.build_door(app.assemble(self._settings))


def _bound_silence(_: object, request: Any) -> None:
    """gunicorn's own timeouts do not reach a client that stops in the middle of its body."""
    connection: socket.socket | None = getattr(request.unreader, "sock", None)
    if connection is not None:
        connection.settimeout(_STALLED_SECONDS)
