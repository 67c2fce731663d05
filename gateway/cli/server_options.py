"""Which running gateway to speak to, as whom, and in which language: the options `--url`, `--key` and `--lang`.

In come the options, out comes a `RemoteGateway` as the command's first argument. Used by send and status.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from gateway.cli.tongue import told, with_language
from gateway.language import Language, say

DEFAULT_URL = "http://127.0.0.1:8080"


def with_server(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `--url`, `--key` and `--lang`, as its first argument `remote`."""

    @click.option(
        "--url", envvar="GATEWAY_URL", default=DEFAULT_URL, show_default=True, help="The gateway [env: GATEWAY_URL]."
    )
    @click.option(
        "--key",
        envvar="GATEWAY_KEY",
        help="An API key, or NAME:PASSWORD [env: GATEWAY_KEY, which does not show in the list of processes].",
    )
    @with_language
    @wraps(command)
    def connected(url: str, key: str | None, *, language: Language, **options: Any) -> None:
        from gateway.cli.remote import RemoteGateway

        if not str(options.get("any_id", "ID")).strip():
            raise click.BadParameter(told(say("the ID is empty")), param_hint="ID")
        command(RemoteGateway(url, key, language=language), **options)

    return connected
