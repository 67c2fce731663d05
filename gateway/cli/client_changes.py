"""`gateway client change` and `gateway client renew`: a login that stays the same one, and keeps what it has sent.

In come a name and what shall be otherwise, out come the login as it is now, or its new key, shown once. Called by
`clients`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from gateway.cli.logins import (
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
    from gateway.storage.clients import Client


@dataclass(frozen=True, slots=True)
class Wishes:
    """What shall be otherwise; None and nothing leave it as it is."""

    only: tuple[str, ...]
    more: tuple[str, ...]
    fewer: tuple[str, ...]
    handling: str | None
    require_if_match: bool | None

    def apply(self, entry: "Client") -> "Client":
        """The login as it is wished."""
        listed = dict.fromkeys((*(self.only or entry.organisations), *self.more))
        return replace(
            entry,
            organisations=tuple(each for each in listed if each not in self.fewer),
            handling=self.handling or entry.handling,
            require_if_match=entry.require_if_match if self.require_if_match is None else self.require_if_match,
        )


@click.command("change")
@click.argument("name")
@with_place
@click.option("--organisation", "only", multiple=True, help="May send for this one, and no others but those given so.")
@click.option("--add-organisation", "more", multiple=True, help="May send for this one, too. May be repeated.")
@click.option("--remove-organisation", "fewer", multiple=True, help="May no longer send for this one.")
@click.option(
    "--handling",
    type=click.Choice(["strict", "lenient"]),
    help="How arkivmeldinger of this login are taken where the request does not say.",
)
@click.option("--require-if-match/--no-require-if-match", default=None, help="Whether changes must send If-Match.")
def change(place: Place, name: str, **given: object) -> None:
    """Change what the login NAME may do. Its key stays, and so does what it has sent.

    What it has committed for an organisation that is taken away still goes.

    \b
    Examples:
      gateway client change fagsystem --add-organisation 0192:311000020
      gateway client change fagsystem --handling lenient --require-if-match
    """
    wishes = _read_wishes(given)
    settings = place.load()
    from gateway.storage import clients

    with changing_logins(settings) as connection:
        entry = clients.find_by_name(connection, name)
        if entry is None:
            raise refuse_unknown(name)
        changed = wishes.apply(entry)
        if not changed.organisations:
            words = say("{name} would send for nobody; take the login away with: gateway client remove", name=name)
            raise click.ClickException(told(words))
        clients.change(connection, changed)
    remark_on_strangers(settings, changed.organisations)
    words = say(
        "{name} may send for {organisations} now (a running server may need a few seconds)",
        name=name,
        organisations=", ".join(changed.organisations),
    )
    click.echo(told(words))


@click.command("renew")
@click.argument("name")
@with_place
def renew(place: Place, name: str) -> None:
    """Make a new key for the login NAME, and print it: this once. The old one stops.

    It stays the same login, with what it has sent and its subscriptions. A running server may take the old key for a
    few seconds yet. Of a login with a password (--basic) a new password is asked for.

    \b
    Example:
      gateway client renew fagsystem
    """
    from gateway.storage import clients
    from gateway.storage.clients import ClientKind

    settings = place.load()
    with changing_logins(settings) as connection:
        entry = clients.find_by_name(connection, name)
    if entry is None:
        raise refuse_unknown(name)
    is_password = entry.kind is ClientKind.BASIC
    secret = make_password(ask_for_password()) if is_password else make_key()
    with changing_logins(settings) as connection:
        if not clients.renew(connection, entry.id, secret_hash=secret.kept):
            raise refuse_unknown(name)
    show_secret(name, secret, is_password=is_password)


def _read_wishes(given: dict[str, object]) -> Wishes:
    handling, demanded = given["handling"], given["require_if_match"]
    wishes = Wishes(
        only=read_organisations(given["only"]),
        more=read_organisations(given["more"], option="--add-organisation"),
        fewer=read_organisations(given["fewer"], option="--remove-organisation"),
        handling=None if handling is None else str(handling),
        require_if_match=None if demanded is None else bool(demanded),
    )
    if wishes == Wishes((), (), (), None, None):
        raise click.UsageError(told(say("nothing is to be changed; see: gateway client change --help")))
    return wishes
