"""Where the schemas and samples that ship with the gateway are found: in the installed package, else in the checkout.

Comes in: a folder (`schemas` or `samples`) and a name; goes out: a path that can be read. Called by `cli` and `app`.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def shipped(folder: str) -> Traversable:
    """The folder `schemas` or `samples`."""
    installed = files("gateway").joinpath("_data", folder)
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parent.parent / folder
