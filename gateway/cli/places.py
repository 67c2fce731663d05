"""Where the gateway keeps its things: the options `--data` and `--config`, shared by every command that needs settings.

In come the two options, out comes a `Place`, from which settings are loaded. Used by serve, worker, client and db, which
have `--lang` with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.tongue import with_lang

if TYPE_CHECKING:
    from gateway.config import Settings

DEFAULT_DATA = Path("gateway-data")
_Command = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Place:
    """The data folder, and the settings file where it is not `gateway.toml` in that folder."""

    data: Path
    config: Path | None = None

    def load(self) -> "Settings":
        """The settings; `SetupFault` with every fault in them."""
        from gateway.config import load

        return load(self.data.absolute(), self.config)

    def arguments(self) -> list[str]:
        """The same place as arguments for another process of ours."""
        return ["--data", str(self.data), *(["--config", str(self.config)] if self.config else [])]


def with_place(command: _Command) -> _Command:
    """Give a command the options `--data` and `--config`, as its first argument `place`, and `--lang`."""

    @click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="GATEWAY_DATA",
        default=DEFAULT_DATA,
        show_default=True,
        help="The folder of database, documents and keys [env: GATEWAY_DATA].",
    )
    @click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The settings file, where it is not gateway.toml in the data folder.",
    )
    @with_lang
    @wraps(command)
    def placed(data: Path, config: Path | None, **options: Any) -> None:
        command(Place(data, config), **options)

    return placed
