"""`--fill NAME=VALUE`: what a person says that a document lacks.

In comes the text of the option, out come name and value. Called by `validate` and `send`.
"""

import click

from gateway.arkivmelding.conversion import MAY_BE_SUPPLIED
from gateway.cli.tongue import told
from gateway.language import say


def read_fill(text: str) -> tuple[str, str]:
    """The name of the element and its value; refused where the element cannot be given this way."""
    name, found, value = text.partition("=")
    if not found or not value.strip():
        raise click.BadParameter(told(say("{text!r} is not NAME=VALUE", text=text)), param_hint="--fill")
    if name not in MAY_BE_SUPPLIED:
        names = ", ".join(sorted(MAY_BE_SUPPLIED))
        words = say("{name} cannot be given; these can: {names}", name=name, names=names)
        raise click.BadParameter(told(words), param_hint="--fill")
    return name, value
