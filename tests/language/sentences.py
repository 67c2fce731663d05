"""Reads the gateway's source for sentences: each pattern of `say`, each text that stands where somebody will read it.

In comes the package, out come `Sentence`s for the catalogue and `Objection`s where a sentence could never be told in
another language. Names are looked up in the imported modules, so positions come from the real signatures. A text is
followed through variables, tables, and the parameters and results of functions. Called by `test_catalogue` alone.
"""

import ast
import builtins
import importlib
import inspect
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from types import ModuleType

import gateway
from gateway import language
from gateway.errors import GatewayError

HOUSE = Path(gateway.__file__).parent
# The outside world speaks for itself, and the demonstration is a play.
LEFT_OUT = ("sandbox/", "cli/demo", "storage/migrations/versions/", "storage/migrations/env.py", "cli/__main__.py")
# The records whose words are shown, and which of their members are words.
RECORDS = frozenset(
    {"Fault", "Problem", "Redaction", "Words", "Rule", "Place", "Said", "Change", "Mended", "Lost", "Filled"}
    | {"Attempt", "Choice", "Decision", "Finding", "OddEvent", "ReferenceEntry", "Routed", "StatusEvent"}
)
WORDS = frozenset({"message", "mend", "sentence", "detail", "title", "why", "source", "description"})
REASONS = frozenset({"Redaction", "Mended", "Lost", "Change"})  # elsewhere `reason` is a code
REPLACED = frozenset({"message", "mend", "description", "why"})

WHOLE, PART = "whole", "part"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Sentence:
    """A text for the catalogue, and whether it is a pattern, whose braces are places to fill."""

    text: str
    place: str
    pattern: bool = False


@dataclass(frozen=True, order=True)
class Objection:
    """A place in the source where a sentence is lost, and why."""

    place: str
    why: str


@dataclass(frozen=True)
class Scope:
    """A module, the function that is looked at (None: the module itself), and the class around it."""

    module: "Module"
    function: Function | None = None
    owner: ast.ClassDef | None = None


class Module:
    """One file: its tree, its live namespace, what it names where."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(HOUSE).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = ["gateway", *path.relative_to(HOUSE).with_suffix("").parts]
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.live: ModuleType = importlib.import_module(self.name)
        self.imported = {
            each.asname or each.name: (node.module, each.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for each in node.names
        }
        self.assigned = _assignments(self.tree.body)

    def find(self, name: str) -> object:
        """What a name stands for, imports inside functions too."""
        if name in vars(self.live):
            return vars(self.live)[name]
        module, original = self.imported.get(name, ("", ""))
        return getattr(importlib.import_module(module), original, None) if module.startswith("gateway") else None


class Reader:
    """Walks every call of every file, and again for what was learned about the parameters of functions."""

    def __init__(self) -> None:
        files = sorted(each for each in HOUSE.rglob("*.py"))
        self.modules = [Module(each) for each in files if not each.relative_to(HOUSE).as_posix().startswith(LEFT_OUT)]
        self.by_name = {each.name: each for each in self.modules}
        self.found: dict[str, Sentence] = {}
        self.objections: set[Objection] = set()
        self.functions: dict[tuple[str, str], tuple[Scope, Function]] = {}
        self.roles: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._results: set[tuple[tuple[str, str], str]] = set()

    def read(self) -> None:
        """Find everything. Repeated until no parameter is learned any more, for one function hands on to another."""
        for module in self.modules:
            self.functions |= {(module.name, name): found for name, found in _functions(module)}
        known = -1
        while known != self._count_roles():
            known = self._count_roles()
            self._results.clear()
            for module in self.modules:
                for scope, call in _calls(module):
                    self._read_call(scope, call)
        for module in self.modules:
            for name, value in module.assigned.items():
                if name == "FOREIGN_WORDS" or name.endswith("_WORDS"):
                    for each in value:
                        self._read_table(module, each, patterns=name == "FOREIGN_WORDS")

    def _count_roles(self) -> int:
        return sum(len(roles) for parameters in self.roles.values() for roles in parameters.values())

    def _read_call(self, scope: Scope, call: ast.Call) -> None:
        target = self._target(scope, call.func)
        if target is language.say:
            self._read_say(scope, call)
        elif inspect.isclass(target):
            self._read_record(scope, call, target=target)
        elif target is replace:
            self._judge_keywords(scope, call, words=REPLACED)
        elif (known := self._known(target)) is not None:
            for name, roles in self.roles.get(known, {}).items():
                value = _argument(call, name, function=self.functions[known][1])
                for role in sorted(roles) if value is not None else ():
                    self._judge(scope, value, role=role)

    def _read_say(self, scope: Scope, call: ast.Call) -> None:
        first = call.args[0] if call.args else None
        if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
            self._object(scope, call, "the pattern of say is no literal")
            return
        names = frozenset(each.arg or "**" for each in call.keywords)
        self._add(Sentence(first.value, self._place(scope, call), True))
        if "**" not in names and names != places_of(first.value):
            self._object(
                scope, call, f"say fills {sorted(names)}, and the pattern has {sorted(places_of(first.value))}"
            )
        for each in call.keywords:
            self._judge(scope, each.value, role=PART)

    def _read_record(self, scope: Scope, call: ast.Call, *, target: type) -> None:
        words = _words_of(target)
        if not words:
            return
        try:
            positions = list(inspect.signature(target).parameters)
        except ValueError:
            return
        for name, value in zip(positions, call.args, strict=False):
            if name in words and not isinstance(value, ast.Starred):
                self._judge(scope, value, role=WHOLE)
        self._judge_keywords(scope, call, words=words)

    def _judge_keywords(self, scope: Scope, call: ast.Call, *, words: frozenset[str]) -> None:
        for each in call.keywords:
            if each.arg in words:
                self._judge(scope, each.value, role=WHOLE)

    def _read_table(self, module: Module, table: ast.expr, *, patterns: bool) -> None:
        """Every literal of a table of words, the keys of a dictionary left out; others' sentences may be patterns."""
        keys = {id(key) for node in ast.walk(table) if isinstance(node, ast.Dict) for key in node.keys}
        said = {id(node.args[0]) for node in ast.walk(table) if isinstance(node, ast.Call) and node.args}
        for node in ast.walk(table):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys | said:
                self._add(Sentence(node.value, f"{module.path}:{node.lineno}", patterns))

    def _judge(self, scope: Scope, value: ast.expr, *, role: str) -> None:
        """Hold an expression against what it is used for: a sentence of its own, or part of one."""
        if isinstance(value, ast.Constant):
            self._judge_text(scope, value, role=role)
        elif isinstance(value, ast.JoinedStr):
            text = "".join(str(each.value) for each in value.values if isinstance(each, ast.Constant))
            if role == WHOLE or _is_sentence(text):
                self._object(scope, value, "an f-string: use say")
        elif isinstance(value, ast.BinOp):
            if role == WHOLE:
                self._object(scope, value, "a sentence put together with an operator: use say")
            for side in (value.left, value.right) if role == PART else ():
                self._judge(scope, side, role=role)
        elif isinstance(value, ast.Name):
            self._judge_name(scope, value, role=role)
        elif isinstance(value, ast.Call):
            self._judge_call(scope, value, role=role)
        else:
            for each in _branches(scope, value):
                self._judge(scope, each, role=role)

    def _judge_text(self, scope: Scope, value: ast.Constant, *, role: str) -> None:
        if not isinstance(value.value, str) or not has_words(value.value):
            return
        if role == WHOLE:
            self._add(Sentence(value.value, self._place(scope, value)))
        elif _is_sentence(value.value):
            self._object(scope, value, f"{value.value!r} is filled into a sentence: use say, or it stays English")

    def _judge_name(self, scope: Scope, value: ast.Name, *, role: str) -> None:
        function = scope.function
        if role == PART and _is_caught(scope, value):
            self._object(
                scope, value, "an error is filled in, which cannot be stored: use its message, args[0] or str(…)"
            )
        if function is not None:
            if value.id in _parameters(function):
                key = (scope.module.name, _qualified(scope))
                self.roles.setdefault(key, {}).setdefault(value.id, set()).add(role)
                if (default := _default(function, value.id)) is not None:
                    self._judge_once(Scope(scope.module), default, role=role)
            inside = _assignments(function.body).get(value.id, ())
            for each in inside:
                self._judge_once(scope, each, role=role)
            if inside or value.id in _parameters(function):
                return
        module, name = scope.module, value.id
        if name in module.imported and module.imported[name][0] in self.by_name:
            source, name = module.imported[name]
            module = self.by_name[source]
        for each in module.assigned.get(name, ()):
            self._judge_once(Scope(module), each, role=role)

    def _judge_call(self, scope: Scope, value: ast.Call, *, role: str) -> None:
        target = self._target(scope, value.func)
        if target in (language.alter, language.as_phrase):
            self._judge(scope, value.args[0], role=WHOLE)
        elif target is language.listed:
            self._judge(scope, value.args[0], role=PART)
        elif target is str and role == WHOLE and _is_caught(scope, value.args[0]):
            self._object(
                scope, value, "str(…) of an error turns its phrase into plain text: use its message or args[0]"
            )
        elif isinstance(value.func, ast.Attribute) and value.func.attr in ("format", "join") and role == WHOLE:
            self._object(scope, value, f"a sentence put together with .{value.func.attr}: use say")
        elif target is next and len(value.args) == 2:
            self._judge(scope, value.args[1], role=role)
        elif isinstance(value.func, ast.Attribute) and value.func.attr == "get":
            for each in (value.func.value, *value.args[1:]):
                self._judge(scope, each, role=role)
        elif (known := self._known(target)) is not None and (known, role) not in self._results:
            self._results.add((known, role))
            inner, function = self.functions[known]
            for node in _own_nodes(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    self._judge(inner, node.value, role=role)

    def _judge_once(self, scope: Scope, value: ast.expr, *, role: str) -> None:
        """For what is assigned: a name may be made of itself."""
        key = ((scope.module.name, str(id(value))), role)
        if key not in self._results:
            self._results.add(key)
            self._judge(scope, value, role=role)

    def _target(self, scope: Scope, function: ast.expr) -> object:
        if isinstance(function, ast.Name):
            found = scope.module.find(function.id)
            return getattr(builtins, function.id, None) if found is None else found
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return None
        mine = function.value.id in ("self", "cls") and scope.owner is not None
        around = scope.module.find(scope.owner.name if mine and scope.owner else function.value.id)
        # Flask's `g` and its like must not be touched outside a request.
        return getattr(around, function.attr, None) if type(around) in (ModuleType, type) else None

    def _known(self, target: object) -> tuple[str, str] | None:
        plain = inspect.unwrap(target) if callable(target) else None
        key = (getattr(plain, "__module__", ""), getattr(plain, "__qualname__", ""))
        return key if key in self.functions else None

    def _add(self, sentence: Sentence) -> None:
        if sentence.pattern or sentence.text not in self.found:
            self.found[sentence.text] = sentence

    def _place(self, scope: Scope, node: ast.expr) -> str:
        return f"{scope.module.path}:{node.lineno}"

    def _object(self, scope: Scope, node: ast.expr, why: str) -> None:
        self.objections.add(Objection(self._place(scope, node), why))


def places_of(pattern: str) -> frozenset[str]:
    """The names of the places that a pattern has."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None)


def has_words(text: str) -> bool:
    """Whether there are letters outside the places that are filled."""
    try:
        plain = "".join(before for before, *_ in string.Formatter().parse(text))
    except ValueError:  # a whole text with braces of its own
        plain = text
    return any(letter.isalpha() for letter in plain)


def _is_sentence(text: str) -> bool:
    """Whether a part is words, not a name or a mark."""
    return " " in text and has_words(text) and text not in PROPER_NAMES


# Names with a blank in them, the same in every language.
PROPER_NAMES = frozenset({"Altinn Broker"})


def _words_of(target: type) -> frozenset[str]:
    if issubclass(target, GatewayError):
        return frozenset({"message", "mend"})
    if target.__name__ not in RECORDS or not is_dataclass(target):
        return frozenset()
    return WORDS | ({"reason"} if target.__name__ in REASONS else set())


def _is_caught(scope: Scope, value: ast.expr) -> bool:
    """Whether this is the error of an `except … as`."""
    nodes = ast.walk(scope.function) if scope.function else ()
    caught = {node.name for node in nodes if isinstance(node, ast.ExceptHandler)}
    return isinstance(value, ast.Name) and value.id in caught


def _argument(call: ast.Call, name: str, *, function: Function) -> ast.expr | None:
    """What a call hands in for a parameter; None where it hands in nothing, or more than can be seen."""
    for each in call.keywords:
        if each.arg == name:
            return each.value
    positional = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if positional[:1] in (["self"], ["cls"]):
        positional = positional[1:]
    index = positional.index(name) if name in positional else len(call.args)
    found = call.args[index] if index < len(call.args) else None
    return None if isinstance(found, ast.Starred) else found


def _branches(scope: Scope, value: ast.expr) -> Iterator[ast.expr]:
    """The expressions of which one is the value."""
    if isinstance(value, ast.IfExp):
        yield from (value.body, value.orelse)
    elif isinstance(value, ast.BoolOp):
        yield from value.values
    elif isinstance(value, ast.NamedExpr):
        yield value.value
    elif isinstance(value, ast.Tuple | ast.List):
        yield from value.elts
    elif isinstance(value, ast.ListComp | ast.GeneratorExp):
        yield value.elt
    elif isinstance(value, ast.Dict):
        yield from value.values
    elif isinstance(value, ast.Starred | ast.Subscript):
        yield value.value


def _assignments(body: list[ast.stmt]) -> Mapping[str, list[ast.expr]]:
    """What each name is given in these statements, nested functions left out."""
    found: dict[str, list[ast.expr]] = {}
    for node in _nodes(body):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(node.value)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for each, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(each, ast.Name):
                        found.setdefault(each.id, []).append(value)
    return found


def _nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    return _nodes(function.body)


def _parameters(function: Function) -> frozenset[str]:
    arguments = function.args
    return frozenset(each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((default for parameter, default in pairs if parameter.arg == name), None)


def _qualified(scope: Scope) -> str:
    name = scope.function.name if scope.function else ""
    return f"{scope.owner.name}.{name}" if scope.owner else name


def _functions(module: Module) -> Iterator[tuple[str, tuple[Scope, Function]]]:
    """The functions and methods of a module by qualified name; nested ones belong to the one around them."""
    for node in module.tree.body:
        if isinstance(node, Function):
            yield node.name, (Scope(module, node), node)
        elif isinstance(node, ast.ClassDef):
            for child in node.body:
                if isinstance(child, Function):
                    yield f"{node.name}.{child.name}", (Scope(module, child, node), child)


def _calls(module: Module) -> Iterator[tuple[Scope, ast.Call]]:
    """Every call, in the scope of the outermost function around it."""
    for node in module.tree.body:
        for inner, scope in _scopes(module, node):
            yield from ((scope, each) for each in ast.walk(inner) if isinstance(each, ast.Call))


def _scopes(module: Module, node: ast.stmt) -> Iterator[tuple[ast.AST, Scope]]:
    if isinstance(node, Function):
        yield node, Scope(module, node)
    elif isinstance(node, ast.ClassDef):
        for child in node.body:
            yield child, Scope(module, child if isinstance(child, Function) else None, node)
    else:
        yield node, Scope(module)
