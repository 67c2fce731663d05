"""Readable paths of elements."""

import pytest
from lxml import etree

from gateway.arkivmelding.paths import Paths, path_of

ROOT = etree.fromstring(
    '<a xmlns="u"><!-- x --><b/><c><d/><!-- y --><d/></c><b><e xmlns="w"/><e/></b><x:b xmlns:x="w"/></a>'
)


@pytest.mark.parametrize(
    ("xpath", "path"),
    [
        ("/*", "/a"),
        ("/*/*[1]", "/a/b[1]"),
        ("/*/*[2]", "/a/c"),
        ("/*/*[2]/*[1]", "/a/c/d[1]"),
        ("/*/*[2]/*[2]", "/a/c/d[2]"),
        ("/*/*[3]", "/a/b[2]"),
        ("/*/*[3]/*[1]", "/a/b[2]/e"),
        ("/*/*[3]/*[2]", "/a/b[2]/e"),
        ("/*/*[4]", "/a/b"),
    ],
)
def test_a_path_counts_only_where_there_are_several(xpath: str, path: str) -> None:
    """From one, among brothers of the same name and namespace; comments do not count."""
    (element,) = ROOT.xpath(xpath)
    assert path_of(element) == path
    assert Paths().of(element) == path


def test_the_paths_of_many_elements_are_the_paths_of_each() -> None:
    """What is remembered on the way changes nothing."""
    paths = Paths()
    elements = list(ROOT.iter("*"))
    assert [paths.of(each) for each in elements] == [path_of(each) for each in elements]
    assert [paths.of(each) for each in reversed(elements)] == [path_of(each) for each in reversed(elements)]


def test_a_comment_has_no_path_of_its_own() -> None:
    """It is asked for nowhere, so it is refused rather than guessed."""
    with pytest.raises(ValueError, match="comment"):
        path_of(ROOT[0])
