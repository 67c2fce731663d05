"""`gateway validate`: is this arkivmelding right, and if not, what is wrong where, and how is it mended.

In come names of files and folders, out come reports and an exit code. Loads neither Flask nor SQLAlchemy, and xmlschema
only where there is a fault to explain: a test holds it to that.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gateway.cli.checking import Wanted


@click.command()
@click.argument("paths", nargs=-1, metavar="FILE|DIR…")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Words for people, or one JSON object a line for programs.",
)
@click.option("--xsd-only", is_flag=True, help="The schema alone: no rules, limits, shielding or recipients.")
@click.option(
    "--profile",
    type=click.Choice(["any", "head", "published"]),
    default="any",
    show_default=True,
    help="The text of the schema that must fit: the integrasjonspunkt's own (head), the documented one, or either.",
)
@click.option(
    "--rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, wanted: _show_rules(ctx) if wanted else None,
    help="Print the rules beyond the schema, and stop.",
)
def command(paths: Sequence[str], form: str, *, xsd_only: bool, profile: str) -> None:
    """Check arkivmeldinger: XSD and rules, with line and mend.

    A DIR stands for every *.xml below it; `-` reads standard input. Nothing is sent anywhere.

    \b
    Exit code: 0 all valid, 1 some invalid, 2 some could not be read (or are no XML).

    \b
    Examples:
      gateway validate arkivmelding.xml
      gateway validate --format json exports/ | jq 'select(.valid | not)'
      gateway validate --profile published - < arkivmelding.xml
      gateway validate --rules
    """
    if not paths:
        raise click.UsageError("Name a file or a folder; `-` reads standard input.")
    from gateway.cli.checking import Wanted

    raise SystemExit(_check(list(_expand(paths)), Wanted(xsd_only, profile, form)))


def _check(files: Sequence[str], wanted: "Wanted") -> int:
    from gateway.cli.parallel import check_files
    from gateway.cli.reports import write_counts

    valid = invalid = unreadable = 0
    # Closed whatever happens, so that no process that checks outlives this one.
    with closing(check_files(files, wanted)) as batches:
        for batch in batches:
            _print(batch.text)
            valid, invalid = valid + batch.valid, invalid + batch.invalid
            unreadable += batch.unreadable
    if wanted.form == "text" and len(files) > 1:
        _print(write_counts(valid, invalid, unreadable=unreadable))
    return 2 if unreadable else 1 if invalid else 0


def _expand(paths: Sequence[str]) -> Iterator[str]:
    """Every file that is named, and every *.xml below a folder that is named, sorted."""
    for path in paths:
        if os.path.isdir(path):
            yield from _find_below(path)
        else:
            yield path


def _find_below(top: str) -> list[str]:
    # A folder that may not be opened goes on the list itself, and is reported as what could not be read.
    closed: list[str] = []
    found = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(top, onerror=lambda error: closed.append(str(error.filename)))
        for name in names
        if name.lower().endswith(".xml")
    ]
    if not found and not closed:
        raise click.UsageError(f"There is no *.xml in {top} or below it.")
    return sorted(found + closed)


def _show_rules(ctx: click.Context) -> None:
    """The table: code, class, severity, sentence, mend."""
    from gateway.arkivmelding.rules import RULES

    for each in RULES:
        click.echo(f"{each.code}  {each.rule_class.value:<10}  {each.severity.value}")
        click.echo(f"    {each.sentence}.\n    mend: {each.mend}")
    ctx.exit()


def _print(text: str) -> None:
    """As bytes: file names need not be text, and the output is UTF-8 whatever the terminal thinks."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
