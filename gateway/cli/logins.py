"""What the commands about logins share: keys and passwords made, hashed and shown once; organisations read and remarked on.

In come names and options, out come secrets with their hashes and the lines that are printed. Called by `clients` and
`client_changes`.
"""

import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from gateway.cli.tongue import told
from gateway.language import say

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.storage.engine import Connection

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """A key or password, and what is kept of it."""

    shown: str
    kept: str


def make_key() -> Secret:
    """256 random bits; they need no slow hash, for they cannot be guessed."""
    from gateway.api.login import hash_key

    key = secrets.token_urlsafe(KEY_BYTES)
    return Secret(key, hash_key(key))


def make_password(password: str) -> Secret:
    """A password under a slow hash."""
    from werkzeug.security import generate_password_hash

    return Secret(password, generate_password_hash(password))


def ask_for_password() -> str:
    """The one that is typed; one that is made where nothing is, or nobody can type."""
    asked: str = ""
    if sys.stdin.isatty():
        question = told(say("Password (empty: make one)"))
        asked = click.prompt(question, hide_input=True, confirmation_prompt=True, default="", show_default=False)
    return asked or secrets.token_urlsafe(KEY_BYTES)


def read_organisations(given: object, *, option: str = "--organisation") -> tuple[str, ...]:
    """Identifiers in their one form, each once; a wrong one is told with its option."""
    from gateway.message.identifiers import parse_identifier

    try:
        listed = given if isinstance(given, tuple) else ()
        return tuple(dict.fromkeys(str(parse_identifier(each)) for each in listed))
    except ValueError as fault:
        raise click.BadParameter(told(fault.args[0]), param_hint=option) from fault


def remark_on_strangers(settings: "Settings", organisations: Iterable[str]) -> None:
    """Say of which of them this gateway cannot send."""
    for each in organisations:
        if settings.organisations and each not in settings.organisations:
            words = say(
                "note: {organisation} is none of this gateway's organisations, so nothing can be sent for it",
                organisation=each,
            )
            click.echo(told(words), err=True)


def show_secret(name: str, secret: Secret, *, is_password: bool) -> None:
    """The secret alone on stdout; what it is beside it."""
    words = say("key of {name} (shown this once):", name=name)
    if is_password:
        words = say("password of {name} (shown this once):", name=name)
    click.echo(told(words), err=True)
    click.echo(secret.shown)


def refuse_unknown(name: str) -> click.ClickException:
    """Nobody is called so."""
    return click.ClickException(told(say("there is no login called {name}; see: gateway client list", name=name)))


@contextmanager
def changing_logins(settings: "Settings") -> "Iterator[Connection]":
    """One transaction on the database that is there."""
    from gateway.app import open_database

    database = open_database(settings, must_exist=True)
    try:
        with database.writing() as connection:
            yield connection
    finally:
        database.close()
