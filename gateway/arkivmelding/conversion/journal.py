"""What becomes of each node of the source: taken otherwise, lost, in the way; and what was filled in.

In come elements as building comes upon them, out come the lists of changes and faults. Nothing that speaks of secrecy, and
no entry, is ever just lost.
"""

from dataclasses import dataclass, field, replace

from lxml import etree

from gateway.arkivmelding.changes import Changes, Filled, Lost, Mend, Mended
from gateway.arkivmelding.content_model import local
from gateway.arkivmelding.conversion import wording
from gateway.arkivmelding.conversion.filling import Filling
from gateway.arkivmelding.conversion.names import HARMLESS, IDENTIFIERS
from gateway.arkivmelding.facts import raw_text
from gateway.arkivmelding.fault_classes import hides_others
from gateway.arkivmelding.paths import Paths
from gateway.arkivmelding.reader import XSI, local_name
from gateway.arkivmelding.secrecy import holds_secrecy, is_beside_secrecy, stands_in_secrecy
from gateway.errors import Fault

Mark = tuple[int, int, int, int, int]


@dataclass(slots=True)
class Journal:
    """All of one conversion. What is filled in or moved is kept by its element, whose path is known at the end only."""

    mended: list[Mended] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    filled: list[tuple[etree._Element, Filling]] = field(default_factory=list)
    moved: list[tuple[Mended, etree._Element]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _paths: Paths = field(default_factory=Paths)

    def mark(self) -> Mark:
        """Where it is now, for `back_to`."""
        return len(self.mended), len(self.lost), len(self.filled), len(self.moved), len(self.faults)

    def back_to(self, mark: Mark) -> tuple[Fault, ...]:
        """Forget what came after the mark; the faults among it."""
        faults = tuple(self.faults[mark[-1] :])
        mended, lost, filled, moved, refused = mark
        del self.mended[mended:], self.lost[lost:], self.filled[filled:], self.moved[moved:], self.faults[refused:]
        return faults

    def changes(self) -> Changes:
        """Everything that was done, with the paths of the finished document where those are wanted."""
        paths = Paths()
        moved = [replace(each, before=each.path, after=paths.of(there)) for each, there in self.moved]
        return Changes(
            tuple(sorted((*self.mended, *moved), key=lambda each: each.line)),
            tuple(sorted(self.lost, key=lambda each: each.line)),
            tuple(Filled(paths.of(element), each.value, each.source) for element, each in self.filled),
        )

    def path_of(self, element: etree._Element) -> str:
        """The path in the posted document."""
        return self._paths.of(element)

    def rename(self, element: etree._Element, after: str) -> None:
        """Note that an element is called otherwise."""
        self._mend(element, Mend.NAME, before=local_name(element), after=after)

    def rewrite(self, element: etree._Element, *, before: str, after: str) -> None:
        """Note that a value is written otherwise."""
        self._mend(element, Mend.VALUE, before=before, after=after)

    def move(self, element: etree._Element, there: etree._Element) -> None:
        """Note that something stands elsewhere now."""
        path = self.path_of(element)
        self.moved.append((Mended(Mend.PLACE, path, element.sourceline or 0, "", "", wording.MOVED), there))

    def lose(self, element: etree._Element) -> None:
        """An element that the target has no place for; a part, a document or secrecy is never just lost."""
        name = local_name(element)
        secret = stands_in_secrecy(element) or holds_secrecy(element)
        if hides_others(element) or (secret and name not in HARMLESS and not is_no(element)):
            self.faults.append(wording.no_place(element, self.path_of(element)))
        else:
            self.lose_whole(element, wording.IDENTIFIER if name in IDENTIFIERS else wording.NO_PLACE)

    def leave_out(self, element: etree._Element, reason: str) -> None:
        """Something whole that cannot be carried over; a part or a document in it is never just lost."""
        hidden = [each for each in element.iterchildren("*") if hides_others(each)]
        self.faults.extend(wording.no_place(each, self.path_of(each)) for each in hidden)
        if not hidden:
            self.lose_whole(element, reason)

    def lose_whole(self, element: etree._Element, reason: str) -> None:
        """Every text in an element, and every attribute."""
        for each in element.iter("*"):
            if next(each.iterchildren("*"), None) is None:
                self._lost(self.path_of(each), each, value=raw_text(each).strip(), reason=reason)
            else:
                self.lose_loose_text(each)
            self.lose_attributes(each)
            self.lose_comments(each)

    def lose_attributes(self, element: etree._Element) -> None:
        """Attributes, of which the target has none."""
        own = {name: value for name, value in element.attrib.items() if not str(name).startswith(f"{{{XSI}}}")}
        if own and stands_in_secrecy(element):
            self.faults.append(wording.no_place(element, self.path_of(element)))
        for name, value in own.items():
            if not stands_in_secrecy(element):
                path = f"{self.path_of(element)}/@{local(str(name))}"
                self._lost(path, element, value=str(value), reason=wording.NO_PLACE)

    def lose_loose_text(self, element: etree._Element) -> None:
        """Text between the children of an element."""
        text = " ".join(raw_text(element).split())
        if text and (stands_in_secrecy(element) or is_beside_secrecy(element)):
            self.faults.append(wording.loose_text(element, self.path_of(element)))
        elif text:
            self._lost(f"{self.path_of(element)}/text()", element, value=text, reason=wording.NO_PLACE)

    def lose_beside(self, root: etree._Element) -> None:
        """Comments and their like before and behind the root."""
        for each in (*reversed(list(root.itersiblings(preceding=True))), *root.itersiblings()):
            self._lost("/comment()", each, value=(each.text or "").strip(), reason=wording.COMMENT)

    def lose_comments(self, element: etree._Element) -> None:
        """Comments and their like, of which nothing is carried over."""
        for each in element:
            if not isinstance(each.tag, str):
                self._lost(
                    f"{self.path_of(element)}/comment()", each, value=(each.text or "").strip(), reason=wording.COMMENT
                )

    def _mend(self, element: etree._Element, what: Mend, *, before: str, after: str) -> None:
        reason = wording.RENAMED if what is Mend.NAME else wording.REWRITTEN
        self.mended.append(Mended(what, self.path_of(element), element.sourceline or 0, before, after, reason))

    def _lost(self, path: str, element: etree._Element, *, value: str, reason: str) -> None:
        self.lost.append(Lost(path, element.sourceline or 0, value, reason))


def is_no(element: etree._Element) -> bool:
    """Whether it says that a party or note is not shielded."""
    return local_name(element) == "erSkjermet" and raw_text(element).strip() in ("false", "0")


def is_shielded(source: etree._Element) -> bool:
    """Whether a party or note says of itself that it is shielded: better left out than shown."""
    return any(not is_no(each) for each in source.iterchildren("{*}erSkjermet"))
