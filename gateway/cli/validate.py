"""`gateway validate`: is this arkivmelding right, and if not, what is wrong where, and how is it mended.

In come names of files and folders, out come reports and an exit code. Loads neither Flask nor SQLAlchemy, and xmlschema
only where there is a fault to explain: a test holds it to that.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.tongue import spoken, with_language
from gateway.language import Language

if TYPE_CHECKING:
    from gateway.cli.checking import Fix, Wanted


@click.command()
@click.argument("paths", nargs=-1, metavar="FILE|DIR…")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="Words for people, one JSON object a line for programs, or SARIF for editors and code review.",
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
    "--handling",
    type=click.Choice(["strict", "lenient"]),
    default="strict",
    show_default=True,
    help="How it would be taken: lenient warns of what is missing for the archive, and of spelling.",
)
@click.option(
    "--fix", is_flag=True, help="Write the mended or converted document to NAME.fixed.xml, and print what changed."
)
@click.option("--to", metavar="FILE|DIR", help="With --fix: where to write, in place of beside the original.")
@click.option("--force", is_flag=True, help="With --fix: write over a file that is there.")
@click.option(
    "--fill",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --fix: a value for what the document lacks, such as saksansvarlig='Kari N.'. May be repeated.",
)
@click.option(
    "--rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, wanted: _show_rules(ctx) if wanted else None,
    help="Print the rules beyond the schema, and stop.",
)
@click.option(
    "--explain",
    metavar="CODE",
    expose_value=False,
    callback=lambda ctx, _, code: _explain(ctx, code) if code else None,
    help="Say what a code such as AM-008 means, and stop.",
)
@with_language
def command(paths: Sequence[str], form: str, *, language: Language, **options: Any) -> None:
    """Check arkivmeldinger: XSD and rules, with line and mend.

    A DIR stands for every *.xml below it; `-` reads standard input. Nothing is sent anywhere.

    \b
    Exit code: 0 all valid, 1 some invalid, 2 some could not be read (or are no XML).

    \b
    Examples:
      gateway validate arkivmelding.xml
      gateway validate --fix --fill saksansvarlig='Kari N.' fra-fagsystemet.xml
      gateway validate --format json exports/ | jq 'select(.valid | not)'
      gateway validate --format sarif exports/ > arkivmeldinger.sarif
      gateway validate --profile published - < arkivmelding.xml
      gateway validate --explain AM-008
    """
    if not paths:
        raise click.UsageError("Name a file or a folder; `-` reads standard input.")
    from gateway.arkivmelding.handling import Handling
    from gateway.cli.checking import Wanted

    wanted = Wanted(
        options["xsd_only"],
        options["profile"],
        form,
        Handling(options["handling"]),
        _read_fix(options),
        language,
    )
    raise SystemExit(_check(list(_expand(paths)), wanted))


def _read_fix(options: dict[str, Any]) -> "Fix | None":
    if not options["fix"]:
        if unused := [f"--{name}" for name in ("to", "force", "fill") if options[name]]:
            raise click.UsageError(f"{', '.join(unused)} goes with --fix.")
        return None
    if options["xsd_only"]:
        raise click.UsageError("--fix mends more than the schema sees; leave out --xsd-only.")
    from gateway.cli.checking import Fix
    from gateway.cli.filling import read_fill

    return Fix(tuple(read_fill(each) for each in options["fill"]), options["to"], options["force"])


def _check(files: Sequence[str], wanted: "Wanted") -> int:
    from gateway.cli.parallel import check_files
    from gateway.cli.reports import write_counts

    if wanted.fix and wanted.fix.to and len(files) > 1 and not os.path.isdir(wanted.fix.to):
        raise click.UsageError("Of several files, --to names the folder for the new ones; it must be there.")
    valid = invalid = unreadable = 0
    sarif = _Sarif(wanted.language) if wanted.form == "sarif" else None
    # Closed whatever happens, so that no process that checks outlives this one.
    with closing(check_files(files, wanted)) as batches:
        for batch in batches:
            _print(sarif.join(batch.text) if sarif else batch.text)
            valid, invalid = valid + batch.valid, invalid + batch.invalid
            unreadable += batch.unreadable
    if sarif:
        _print(sarif.end())
    if wanted.form == "text" and len(files) > 1:
        _print(write_counts(valid, invalid, unreadable=unreadable, language=wanted.language))
    return 2 if unreadable else 1 if invalid else 0


class _Sarif:
    """One log made of many results: its head before the first, commas between them."""

    def __init__(self, language: Language) -> None:
        from gateway.cli.sarif import foot, head

        self._before, self._foot = head(language), foot()
        self._empty = self._before

    def join(self, results: str) -> str:
        """The results of a batch, one a line, as they go into the log."""
        text = ""
        for line in results.splitlines():
            text += self._before + line
            self._before = ",\n"
        return text

    def end(self) -> str:
        """The end of the log; all of it where there was no result."""
        return (self._empty if self._before == self._empty else "") + self._foot


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
    from gateway.cli.explaining import rules_text

    click.echo(rules_text(spoken()))
    ctx.exit()


def _explain(ctx: click.Context, code: str) -> None:
    from gateway.cli.explaining import codes, explain

    text = explain(code, spoken())
    if text is None:
        raise click.BadParameter(
            f"there is no code {code}; these there are: {', '.join(codes())}", param_hint="--explain"
        )
    click.echo(text)
    ctx.exit()


def _print(text: str) -> None:
    """As bytes: file names need not be text, and the output is UTF-8 whatever the terminal thinks."""
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
