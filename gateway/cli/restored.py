"""What a restore holds back, told to whoever must decide about it.

In come held messages, out go lines. Called by the commands `restore` and `db`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gateway.cli.tongue import told
from gateway.language import say

if TYPE_CHECKING:
    from gateway.storage.restored import HeldMessage


def show_held(messages: Sequence["HeldMessage"]) -> None:
    """Each message with its recipient and its deadline, and what to do about them."""
    if not messages:
        click.echo(told(say("no message is held")))
        return
    click.echo(told(say("held, for they may have been handed over after the backup: {count}", count=len(messages))))
    for each in messages:
        deadline = each.deadline.isoformat(timespec="minutes") if each.deadline else "-"
        click.echo(
            told(
                say(
                    "  {id} to {recipient}, deadline {deadline}",
                    id=each.id,
                    recipient=each.recipient or "-",
                    deadline=deadline,
                )
            )
        )
    click.echo(
        told(
            say(
                "Find out which of them arrived and end those with: gateway db release --drop ID…; let the others go with: "
                "gateway db release ID… (or --all)"
            )
        )
    )
