"""What the demo claims, checked: every claim is shown as held or not, and those that did not hold are kept.

In come claims with what was found and what was wanted, out come marks on the screen and a list of differences.
"""

from collections.abc import Sequence

from gateway.cli.screen import Screen


class Expectations:
    """The claims of one run."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.held = 0
        self.differences: list[str] = []

    def expect(self, claim: str, found: object, *, wanted: object) -> bool:
        """Whether what was found is what was wanted; shown either way."""
        if found == wanted:
            self.held += 1
            self._screen.say(f"  ✓ {claim}", style="green")
            return True
        difference = f"{claim}: expected {_shown(wanted)}, found {_shown(found)}"
        self.differences.append(difference)
        self._screen.say(f"  ✗ {difference}", style="bold red")
        return False


def _shown(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(each) for each in value) or "nothing"
    return str(value)
