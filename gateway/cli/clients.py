"""`gateway client`: who may log in, and for which organisations.

In come names and organisations, out comes a key or password, shown once: only its hash is kept.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from gateway.cli.client_changes import change, renew
from gateway.cli.logins import (
    Secret,
    ask_for_password,
    changing_logins,
    make_key,
    make_password,
    read_organisations,
    refuse_unknown,
    remark_on_strangers,
    show_secret,
)
from gateway.cli.places import Place, with_place
from gateway.cli.tongue import told
from gateway.language import say

if TYPE_CHECKING:
    from gateway.config import Settings


@dataclass(frozen=True, slots=True)
class NewClient:
    """A login to be made. `password` makes it Basic; None makes it an API key."""

    name: str
    organisations: tuple[str, ...]
    password: str | None = None
    require_if_match: bool = False
    handling: str = ""


@click.group("client")
def command() -> None:
    """Make, change, renew, list and remove logins."""


command.add_command(change)
command.add_command(renew)


@command.command("add")
@click.argument("name")
@with_place
@click.option(
    "--organisation",
    "organisations",
    multiple=True,
    required=True,
    help="An organisation that this login may send for: 0192: and nine digits. May be repeated.",
)
@click.option("--basic", is_flag=True, help="A name and password (HTTP Basic) in place of an API key.")
@click.option(
    "--handling",
    type=click.Choice(["strict", "lenient"]),
    help="How arkivmeldinger of this login are taken where the request does not say. Without it: strictly, but leniently in "
    "the classic send, where the client writes the SBD.",
)
@click.option("--require-if-match", is_flag=True, help="Changes by this login must send If-Match.")
def add(place: Place, name: str, **wishes: object) -> None:
    """Make a login NAME, and print its key: this once, for only a hash is kept.

    With --basic a password is asked for; an empty one, or no terminal, lets the gateway make one.

    \b
    Examples:
      gateway client add fagsystem --organisation 0192:311000012
      gateway client add gammelt-system --organisation 0192:311000012 --basic
    """
    _check_name(name)
    wanted = NewClient(
        name,
        read_organisations(wishes["organisations"]),
        password=ask_for_password() if wishes["basic"] else None,
        require_if_match=bool(wishes["require_if_match"]),
        handling=str(wishes["handling"] or ""),
    )
    settings = place.load()
    secret = _keep(settings, wanted)
    remark_on_strangers(settings, wanted.organisations)
    show_secret(name, secret, is_password=bool(wanted.password))


@command.command("list")
@with_place
def show(place: Place) -> None:
    """List the logins: name, kind, organisations, since when. No secrets: nobody has those.

    \b
    Example:
      gateway client list --data /var/lib/gateway
    """
    from gateway.app import open_database
    from gateway.storage import clients

    database = open_database(place.load(), must_exist=True)
    try:
        with database.reading() as connection:
            entries = clients.list_all(connection)
    finally:
        database.close()
    for each in entries:
        since = told(say("since {date}", date=f"{each.created:%Y-%m-%d}"))
        facts = [each.name, each.kind.value, ", ".join(each.organisations), since]
        wishes = [told(say("requires If-Match"))] if each.require_if_match else []
        wishes += [told(say("lenient"))] if each.handling == "lenient" else []
        wishes += [told(say("strict"))] if each.handling == "strict" else []
        click.echo("  ".join([*facts, *wishes]))
    if not entries:
        words = say("there are no logins yet; on this machine, anybody may use the gateway without one")
        click.echo(told(words), err=True)


@command.command("remove")
@click.argument("name")
@with_place
def remove(place: Place, name: str) -> None:
    """Take the login NAME away. What it sent is still remembered.

    \b
    Example:
      gateway client remove fagsystem
    """
    from gateway.storage import clients

    with changing_logins(place.load()) as connection:
        removed = clients.remove(connection, name)
    if not removed:
        raise refuse_unknown(name)
    words = say("{name} can no longer log in (a running server may still know it for a few seconds)", name=name)
    click.echo(told(words))


def add_client(settings: "Settings", wanted: NewClient) -> str:
    """Make the login and return its key or password; `Conflict` where the name is taken."""
    return _keep(settings, wanted).shown


def _keep(settings: "Settings", wanted: NewClient) -> Secret:
    from gateway.app import new_id, now, open_database
    from gateway.storage import clients
    from gateway.storage.clients import Client, ClientKind

    secret = make_password(wanted.password) if wanted.password else make_key()
    kind = ClientKind.BASIC if wanted.password else ClientKind.API_KEY
    entry = Client(
        new_id(), wanted.name, kind, secret.kept, wanted.organisations, now(), wanted.require_if_match, wanted.handling
    )
    database = open_database(settings)
    try:
        with database.writing() as connection:
            clients.add(connection, entry)
    finally:
        database.close()
    return secret


def _check_name(name: str) -> None:
    """Refuse what could never log in: Basic ends the name at its first colon."""
    if not name.strip() or ":" in name or not name.isprintable():
        words = say("a login's name is not empty and holds no colon and no control characters")
        raise click.BadParameter(told(words), param_hint="NAME")
