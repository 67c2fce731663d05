"""How the code reads, measured: sizes of files and functions, parameters, docstrings. The bounds are the house's own."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway

HOUSE = Path(gateway.__file__).parent
FILES = sorted(path for path in HOUSE.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef

LONGEST_FILE = 350
LONGEST_FUNCTION = 60
NINE_IN_TEN = 30
MEDIAN = 10
MOST_PARAMETERS = 4
POSITIONAL = 2
# Whose parameters somebody else decides: the language, marshmallow, lxml.
IMPOSED = {"handle_error", "__exit__", "_deserialize", "resolve"}


def functions() -> Iterator[tuple[Path, Function, bool]]:
    """Every function with its file, and whether it is a method."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {id(child) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for child in node.body}
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node, id(node) in inside


def place(path: Path, node: Function) -> str:
    """`room/file.py:12 name`."""
    return f"{path.relative_to(HOUSE)}:{node.lineno} {node.name}"


def length(node: Function) -> int:
    """Its lines, docstring included, decorators not."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_has_one_subject(path: Path) -> None:
    """At most 350 lines, and a docstring that says what it is."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "a module opens with a docstring"


def test_functions_are_short() -> None:
    """Median under 10 lines, nine in ten under 30, none over 60."""
    lengths = sorted(length(node) for _, node, _ in functions())
    long = [place(path, node) for path, node, _ in functions() if length(node) > LONGEST_FUNCTION]
    assert long == []
    assert statistics.median(lengths) < MEDIAN
    assert lengths[len(lengths) * 9 // 10] < NINE_IN_TEN


def test_functions_take_few_parameters() -> None:
    """At most four, self left out; keyword-only after the second."""
    wide = []
    for path, node, is_method in functions():
        arguments = node.args
        positional = len(arguments.posonlyargs) + len(arguments.args)
        is_static = any(getattr(each, "id", "") == "staticmethod" for each in node.decorator_list)
        if node.name in IMPOSED or (path.name == "errors.py" and node.name == "__init__"):
            continue
        own = 1 if is_method and not is_static else 0
        total = positional - own + len(arguments.kwonlyargs)
        if total > MOST_PARAMETERS or positional - own > POSITIONAL:
            wide.append(f"{place(path, node)}: {total}, {positional - own} positional")
    assert wide == []


def test_what_is_public_is_described() -> None:
    """Every public class and function has a docstring."""
    bare = []
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    bare.append(f"{path.relative_to(HOUSE)}:{node.lineno} {node.name}")
                if isinstance(node, ast.ClassDef):
                    bare += [
                        f"{path.relative_to(HOUSE)}:{child.lineno} {node.name}.{child.name}"
                        for child in node.body
                        if isinstance(child, ast.FunctionDef)
                        and not child.name.startswith("_")
                        and not ast.get_docstring(child)
                    ]
    assert bare == []


def test_no_room_is_called_for_what_it_is_not() -> None:
    """No utils, helpers, manager, impl, common."""
    empty_words = {"utils", "util", "helpers", "helper", "manager", "impl", "common", "misc"}
    assert [path for path in FILES if path.stem in empty_words] == []


def test_every_test_says_what_it_proves() -> None:
    """In one sentence, as its docstring."""
    silent = []
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
                silent.append(f"{path.name}:{node.lineno} {node.name}")
    assert silent == []
