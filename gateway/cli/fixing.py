"""`gateway validate --fix`: the mended or converted document in a new file, and what was changed.

In come a file's name and bytes, out comes a `Report` on the new file. The original is never written to, and a file that is
there already is not overwritten unless that is asked for. Called by `parallel`.
"""

import os
from dataclasses import replace
from datetime import datetime

from gateway.arkivmelding.conversion.addressing import write_addressing
from gateway.arkivmelding.handling import Handling, Supplied
from gateway.arkivmelding.handling import Wanted as How
from gateway.arkivmelding.inspection import Inspection, inspect
from gateway.arkivmelding.schema import Profile
from gateway.cli.checking import STANDARD_INPUT, Checker, Fix, Report
from gateway.errors import Fault, SetupFault, Severity
from gateway.language import say


class Fixer(Checker):
    """A checker that mends or converts each file into a new one, and reports on that."""

    def look(self, file: str, xml: bytes) -> Report:
        """Nothing is written where there is nothing to mend, or no way to."""
        tries = self._tries(xml)
        found = next((each for each in tries if each.acceptable), None)
        if found is None:
            return replace(self.inspect(file, xml), faults=tries[0].faults)
        if not found.changes:
            return self.inspect(file, xml)
        written = ""
        try:
            written = target_of(file, self.fix)
            xml = self._outgoing(found)
            _write(written, xml, force=self.fix.force)
        except SetupFault as error:
            fault = Fault("NOT_WRITTEN", Severity.ERROR, error.message, error.mend)
            return Report(file, False, (fault,), readable=False)
        return replace(self.inspect(file, xml), changes=found.changes, written=written)

    @property
    def fix(self) -> Fix:
        """What to write, and where."""
        return self.wanted.fix or Fix()

    def _tries(self, xml: bytes) -> tuple[Inspection, ...]:
        """The document converted or completed; and, where that fails, with its spelling mended alone."""
        now = datetime.now().astimezone().replace(microsecond=0)
        supplied = Supplied(now, dict(self.fix.values))
        hows = (How(Handling.LENIENT, supplied), How(Handling.LENIENT))
        first = inspect(xml, self.kit(), today=self.today, wanted=hows[0])
        return (first,) if first.acceptable else (first, inspect(xml, self.kit(), today=self.today, wanted=hows[1]))

    def _outgoing(self, found: Inspection) -> bytes:
        """The new file's bytes; a converted document keeps the identifiers of its parts in our extension."""
        if not found.converted:
            return found.document.xml
        model = self.kit().schemas.model(Profile.HEAD)
        return write_addressing(found.document, found.facts, model=model).xml


def target_of(file: str, wanted: Fix) -> str:
    """Where the new file goes: `name.fixed.xml` beside the original, or in the folder, or the file, that was named."""
    if file == STANDARD_INPUT and wanted.to is None:
        raise SetupFault(
            "standard input has no folder to write the mended file to", mend="Name a file: --fix --to mended.xml"
        )
    if wanted.to is not None and not os.path.isdir(wanted.to):
        return wanted.to
    stem, ending = os.path.splitext(os.path.basename(file))
    folder = wanted.to if wanted.to is not None else os.path.dirname(file)
    return os.path.join(folder, f"{stem}.fixed{ending or '.xml'}")


def _write(path: str, xml: bytes, *, force: bool) -> None:
    try:
        with open(path, "wb" if force else "xb") as target:
            target.write(xml)
    except FileExistsError as fault:
        raise SetupFault(
            say("{path} is there already, and nothing was written over it", path=path),
            mend="Take it away, name another with --to, or write over it with --force.",
        ) from fault
    except OSError as fault:
        raise SetupFault(
            say("{path} cannot be written: {reason}", path=path, reason=fault.strerror or str(fault)),
            mend="Check that the folder is there and that you may write to it.",
        ) from fault
