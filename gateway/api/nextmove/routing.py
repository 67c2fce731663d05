"""Putting a function at an address of a blueprint, whether or not a slash stands at its end.

In come methods, addresses and functions. Called by the files that have routes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of one blueprint. Each function's name is that of its endpoint."""

    blueprint: Blueprint

    def add(self, address: str, view: Callable[..., Response]) -> None:
        """`GET /statuses` leads to that function."""
        method, _, rule = address.partition(" ")
        self.blueprint.add_url_rule(rule, view.__name__, view, methods=[method], strict_slashes=False)
