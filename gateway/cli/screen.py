"""What the commands show: tables and progress on a terminal, plain lines where the output goes elsewhere.

In come rows and sentences, out comes text on stdout, its phrases told in the screen's language. Called by send, status
and demo. Rich is loaded only for a terminal.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from gateway.language import Language, Phrase, say, tell

if TYPE_CHECKING:
    from rich import console

Row = Sequence[str]
_NARROWEST = 120


class Screen:
    """Stdout. `rich` is whether to draw; None asks the terminal."""

    def __init__(self, rich: bool | None = None, *, language: Language = Language.ENGLISH) -> None:
        self._language = language
        self._console: console.Console | None = None
        if sys.stdout.isatty() if rich is None else rich:
            from rich.console import Console

            # Where nobody tells how wide the output is, tables get the room that they need.
            self._console = Console(highlight=False, width=None if sys.stdout.isatty() else _NARROWEST)

    def say(self, text: str = "", *, style: str = "") -> None:
        """One line, or several."""
        if self._console:
            self._console.print(self._told(text), style=style or None, markup=False, soft_wrap=True)
        else:
            click.echo(self._told(text))

    def head(self, text: str) -> None:
        """The heading of a step."""
        if self._console:
            self._console.print()
            self._console.rule(text, align="left", style="blue")
        else:
            click.echo(f"\n== {text}")

    def table(self, heads: Row, rows: Sequence[Row]) -> None:
        """A table; in plain text, columns that line up."""
        heads, rows = self._row(heads), [self._row(each) for each in rows]
        if not self._console:
            for line in _line_up([heads, *rows]):
                click.echo(line)
            return
        from rich.table import Table
        from rich.text import Text

        drawn = Table(header_style="bold")
        for head in heads:
            drawn.add_column(head, overflow="fold")  # ids and codes are there to be copied: never cut off
        for row in rows:
            drawn.add_row(*(Text(cell) for cell in row))
        self._console.print(drawn)

    @contextmanager
    def uploading(self, name: str, size: int) -> Iterator[Callable[[int], None]]:
        """Show how far an upload has come: call what is given with the bytes of each block."""
        if not self._console:
            yield lambda _: None
            self.say(say("uploaded {name}, {size} bytes", name=name, size=size))
            return
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        bar = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=self._console)
        with bar:
            task = bar.add_task(name.replace("[", r"\["), total=size)
            yield lambda count: bar.update(task, advance=count)

    def _row(self, cells: Row) -> Row:
        return [self._told(cell) for cell in cells]

    def _told(self, text: str) -> str:
        """A phrase in the screen's language. Any other text is somebody's name, a code, or told already."""
        return tell(text, self._language) if isinstance(text, Phrase) else text


def _line_up(rows: Sequence[Row]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
