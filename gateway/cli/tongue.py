"""In which language a command speaks: `--lang`, else the locale, else English.

In come the option and the environment, out comes a `Language`. Called by every command that says something; loads nothing
but click, for `gateway validate` needs it, too. Help texts are English.
"""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click

from gateway.language import Language, choose_language, tell

_KEY = "gateway.language"
_Command = Callable[..., None]


def locale_language(environ: Mapping[str, str]) -> Language:
    """The language of the locale: the first of LC_ALL, LC_MESSAGES and LANG that is set decides, as everywhere."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if locale := environ.get(name):
            return choose_language([locale.partition(".")[0].partition("@")[0]])
    return Language.ENGLISH


def with_lang(command: _Command) -> _Command:
    """Give a command the option `--lang`; what is told then, its failures too, is told in that language."""
    return click.option(
        "--lang",
        type=click.Choice([each.value for each in Language]),
        callback=lambda _, __, wanted: speak(Language(wanted)) if wanted else None,
        expose_value=False,
        is_eager=True,
        help="The language of what is said, in place of the locale's.",
    )(command)


def with_language(command: _Command) -> _Command:
    """The same, and hand the language to the command as `language`."""

    @with_lang
    @wraps(command)
    def speaking(*arguments: Any, **options: Any) -> None:
        command(*arguments, **options, language=spoken())

    return speaking


def speak(language: Language) -> None:
    """Speak this language from here on, for as long as the running command lasts."""
    click.get_current_context().meta[_KEY] = language


def spoken() -> Language:
    """The language of the running command."""
    context = click.get_current_context(silent=True)
    chosen: Language | None = context.meta.get(_KEY) if context else None
    return chosen or locale_language(os.environ)


def told(text: str) -> str:
    """A text of ours in the language of the running command."""
    return tell(text, spoken())
