"""Conversion from the v1 dialect and Fiks Arkiv: every node is taken, listed or in the way, and nothing is made up."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from lxml import etree

from gateway.arkivmelding.changes import Changes, Mend, Mended
from gateway.arkivmelding.handling import Handling, Supplied, Wanted
from gateway.arkivmelding.inspection import Inspection, Kit, inspect
from gateway.arkivmelding.reader import NAMESPACE, XSI, XSI_TYPE
from tests.arkivmelding.documents_for_schema import SCHEMAS
from tests.arkivmelding.test_mending import own_text, paths

KIT = Kit(SCHEMAS)
TODAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
OPEN_CONTENT = "virksomhetsspesifikkeMetadata"
FOLDER = "/arkivmelding/mappe"


def converted(xml: bytes, handling: Handling = Handling.LENIENT, **fill: str) -> Inspection:
    """The document as it becomes, with what holds for every conversion checked."""
    found = inspect(xml, KIT, today=TODAY, wanted=Wanted(handling, Supplied(AT, fill)))
    if found.converted:
        assert found.valid or not found.acceptable
        assert_accounted(etree.fromstring(xml), etree.fromstring(found.document.xml), found.changes)
    return found


# --- the account -------------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """What the lists say, crossed off as it is found."""

    posted: Mapping[etree._Element, str]
    outgoing: Mapping[etree._Element, str]
    mended: dict[tuple[Mend, str], Mended]
    lost: Counter[tuple[str, str]]
    filled: dict[str, str]
    missing: list[tuple[str, str]] = field(default_factory=list)

    def one(self, what: Mend, path: str) -> Mended | None:
        """The mend of that kind at that path of the posted document."""
        return self.mended.pop((what, path), None)

    def lose(self, path: str, text: str) -> None:
        """Cross something off that was lost; what is not listed is missing in the account."""
        if self.lost[path, text]:
            self.lost[path, text] -= 1
        elif text:
            self.missing.append((path, text))


def assert_accounted(posted: etree._Element, outgoing: etree._Element, changes: Changes) -> None:
    """Every text, attribute and comment of the posted tree is in its place in the outgoing one, or listed; and back."""
    account = Account(
        paths(posted),
        paths(outgoing),
        {(each.what, each.path): each for each in changes.mended},
        Counter((each.path, each.value) for each in changes.lost),
        {each.path: each.value for each in changes.filled},
    )
    assert len(account.mended) == len(changes.mended)
    for beside in (*posted.itersiblings(), *posted.itersiblings(preceding=True)):
        account.lose("/comment()", (beside.text or "").strip())
    _compare(posted, outgoing, account)
    assert account.missing == [], f"posted, and neither taken nor listed: {account.missing}"
    assert not account.mended, f"listed as mended, and not so: {account.mended}"
    assert not +account.lost, f"listed as lost, and not posted: {account.lost}"
    assert not account.filled, f"listed as filled in, and not going out: {account.filled}"


def _compare(source: etree._Element, target: etree._Element, account: Account) -> None:
    path = account.posted[source]
    renamed = account.one(Mend.NAME, path)
    name = etree.QName(source).localname
    assert renamed is None or renamed.before == name
    _note_around(source, path, account=account)
    moved = account.one(Mend.PLACE, path)
    assert moved is None or (moved.before, moved.after) == (path, account.outgoing[target])
    expected = renamed.after if renamed else target.tag.rpartition("}")[2] if moved else name
    assert target.tag == f"{{{NAMESPACE}}}{expected}"
    if is_leaf(target):
        _compare_values(source, target, account)
        return
    assert _type(source) == _type(target)
    assert not own_text(target).strip()
    account.lose(f"{path}/text()", " ".join(own_text(source).split()))
    _compare_children(source, target, account)


def is_leaf(element: etree._Element) -> bool:
    """Whether no element stands in it."""
    return next(element.iterchildren("*"), None) is None


def _type(element: etree._Element) -> str:
    return (element.get(XSI_TYPE) or "").strip().rpartition(":")[2]


def _note_around(element: etree._Element, path: str, *, account: Account) -> None:
    """Attributes but those of xsi, and comments: nothing of these is carried over."""
    for name, value in element.attrib.items():
        if not str(name).startswith(f"{{{XSI}}}"):
            account.lose(f"{path}/@{etree.QName(str(name)).localname}", str(value))
    for each in element:
        if not isinstance(each.tag, str):
            account.lose(f"{path}/comment()", (each.text or "").strip())


def _compare_values(source: etree._Element, target: etree._Element, account: Account) -> None:
    path = account.posted[source]
    value = account.one(Mend.VALUE, path)
    if is_leaf(source):
        before = own_text(source)
    else:
        account.lose(f"{path}/text()", " ".join(own_text(source).split()))
        kept = list(_kept(source, account))
        before = " ".join(own_text(each).strip() for each in source.iterchildren("*") if own_text(each).strip())
        assert all(each in before for each in kept), path
        before = before if value else " ".join(kept)
    assert own_text(target).strip() == (value.after if value else before).strip(), path
    assert value is None or value.before == before, path


def _kept(source: etree._Element, account: Account) -> Iterator[str]:
    """The nested texts that are not listed as lost."""
    for each in source.iterdescendants("*"):
        _note_around(each, account.posted[each], account=account)
        path, text = account.posted[each], own_text(each).strip()
        loose = (f"{path}/text()", " ".join(text.split()))
        if account.lost[path, text]:
            account.lose(path, text)
        elif text and account.lost[loose]:
            account.lose(*loose)
        elif text:
            yield text


def _compare_children(source: etree._Element, target: etree._Element, account: Account) -> None:
    free: dict[str, list[etree._Element]] = defaultdict(list)
    for child in target.iterchildren("*"):
        free[etree.QName(child).localname].append(child)
    for child in _children(source, target, account):
        path = account.posted[child]
        if _is_lost(child, account):
            _lose_whole(child, account)
            continue
        renamed = account.mended.get((Mend.NAME, path))
        moved = account.mended.get((Mend.PLACE, path))
        name = renamed.after if renamed else "basisregistrering" if moved else etree.QName(child).localname
        if not free[name]:
            account.missing.append((path, "the element"))
        elif name == OPEN_CONTENT:
            assert _plain(free[name].pop(0)) == _plain(child), path
        else:
            _compare(child, free[name].pop(0), account)
    for made in (each for those in free.values() for each in those):
        assert account.filled.pop(account.outgoing[made], None) == own_text(made), account.outgoing[made]


def _children(source: etree._Element, target: etree._Element, account: Account) -> Iterator[etree._Element]:
    """The children, and those from elsewhere that the list says have moved in here."""
    moves = {path: one.after.rpartition("/")[0] for (what, path), one in account.mended.items() if what is Mend.PLACE}
    here = account.outgoing[target]
    yield from (each for each in source.iterchildren("*") if moves.get(account.posted[each], here) == here)
    yield from (each for each in source.itersiblings("*") if moves.get(account.posted[each]) == here)


def _is_lost(element: etree._Element, account: Account) -> bool:
    """Whether every text in it is listed as lost."""
    ends = [each for each in element.iter("*") if is_leaf(each)]
    return all(account.lost[account.posted[each], own_text(each).strip()] for each in ends)


def _lose_whole(element: etree._Element, account: Account) -> None:
    for each in element.iter("*"):
        path = account.posted[each]
        _note_around(each, path, account=account)
        if is_leaf(each):
            account.lose(path, own_text(each).strip())
        else:
            account.lose(f"{path}/text()", " ".join(own_text(each).split()))


def _plain(element: etree._Element) -> list[object]:
    """Open content as a list, its own name and white space between elements apart."""
    nodes: list[object] = []
    for each in element.iter():
        text, tail = each.text or "", "" if each is element else each.tail or ""
        name = "" if each is element else str(each.tag)
        blank = isinstance(each.tag, str) and len(each) > 0
        nodes.append((name, text.strip() if blank else text, dict(each.attrib), tail.strip()))
    return nodes
