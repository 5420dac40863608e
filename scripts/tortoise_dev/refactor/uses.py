"""Which names of its module a statement uses, and when: at import, in a call, or in an annotation."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ..analysis.scopes import Scope
from ..analysis.syntax import FUNCTIONS


class When(Enum):
    """When a name is looked up."""

    IMPORT = "import"
    CALL = "call"
    ANNOTATION = "annotation"


@dataclass(frozen=True)
class Use:
    """A name of the module that a statement uses.

    ``function`` counts the outermost functions of the statement from 0 in the order of the text; it is None
    outside of them. ``quoted`` says that the name stands in a string.
    """

    name: str
    when: When
    line: int
    function: int | None = None
    quoted: bool = False


def uses_of(statement: ast.stmt) -> list[Use]:
    """The names that a statement of a module, or of a class body taken alone, uses."""
    reader = _Reader()
    reader.read(statement, When.IMPORT, ())
    return [use for use in reader.found if not (use.quoted and hasattr(builtins, use.name))]


class _Reader:
    """Walks a statement in the order of the text; ``scopes`` are the sets of local names, innermost last."""

    def __init__(self) -> None:
        self.found: list[Use] = []
        self._functions = 0
        self._function: int | None = None

    def read(self, node: ast.AST, when: When, scopes: tuple[set[str], ...]) -> None:
        """Note the names that a node uses."""
        match node:
            case ast.Name(id=name):
                if not isinstance(node.ctx, ast.Store) and not any(name in scope for scope in scopes):
                    self._note(name, when, node.lineno)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._read_function(node, when, scopes)
            case ast.Lambda():
                self._read_signature(node.args, when, scopes)
                names = {one.arg for one in _arguments(node.args)}
                self.read(node.body, When.CALL, (*scopes, names))
            case ast.ClassDef():
                self._read_class(node, when, scopes)
            case ast.AnnAssign():
                self._read_all([node.target, *([node.value] if node.value else [])], when, scopes)
                self._read_annotation(node.annotation, scopes)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                targets = {name for one in node.generators for name in _stored(one.target)}
                self._read_all(ast.iter_child_nodes(node), when, (*scopes, targets))
            case _:
                self._read_all(ast.iter_child_nodes(node), when, scopes)

    def _read_all(self, nodes: Iterable[ast.AST], when: When, scopes: tuple[set[str], ...]) -> None:
        for node in nodes:
            self.read(node, when, scopes)

    def _read_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, when: When, scopes: tuple[set[str], ...]
    ) -> None:
        self._read_all(node.decorator_list, when, scopes)
        self._read_signature(node.args, when, scopes)
        if node.returns is not None:
            self._read_annotation(node.returns, scopes)
        outermost = self._function is None
        if outermost:
            self._function, self._functions = self._functions, self._functions + 1
        inside = Scope(node, None)
        locals_ = set(inside.names) - inside.elsewhere
        locals_ |= {
            target for one in ast.walk(node) if isinstance(one, ast.NamedExpr) for target in _stored(one)
        }
        self._read_all(node.body, When.CALL, (*scopes, locals_))
        if outermost:
            self._function = None

    def _read_signature(self, arguments: ast.arguments, when: When, scopes: tuple[set[str], ...]) -> None:
        defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
        self._read_all(defaults, when, scopes)
        for argument in _arguments(arguments):
            if argument.annotation is not None:
                self._read_annotation(argument.annotation, scopes)

    def _read_class(self, node: ast.ClassDef, when: When, scopes: tuple[set[str], ...]) -> None:
        self._read_all([*node.decorator_list, *node.bases, *node.keywords], when, scopes)
        bound: set[str] = set()
        for statement in node.body:
            own = scopes if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) else (*scopes, bound)
            if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
                visible = (*scopes, bound)
                self._read_all(statement.decorator_list, when, visible)
                bare = _undecorated(statement)
                self.read(bare, when, own)
            else:
                self.read(statement, when, own)
            bound |= _bound_by(statement)

    def _read_annotation(self, node: ast.expr, scopes: tuple[set[str], ...]) -> None:
        """Note the names of an annotation, those in strings too."""
        if (
            isinstance(node, ast.Subscript)
            and getattr(node.value, "id", getattr(node.value, "attr", "")) == "Literal"
        ):
            self.read(node.value, When.ANNOTATION, scopes)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for name in _names_in(node.value):
                if not any(name in scope for scope in scopes):
                    self._note(name, When.ANNOTATION, node.lineno, quoted=True)
        elif isinstance(node, ast.Name):
            self.read(node, When.ANNOTATION, scopes)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self._read_annotation(child, scopes)

    def _note(self, name: str, when: When, line: int, quoted: bool = False) -> None:
        self.found.append(Use(name, when, line, self._function, quoted))


def _undecorated(node: ast.stmt) -> ast.stmt:
    """A copy of a definition without its decorators, which see more names than it does."""
    fields = {name: getattr(node, name) for name in node._fields}
    return ast.copy_location(type(node)(**{**fields, "decorator_list": []}), node)


def _bound_by(statement: ast.stmt) -> set[str]:
    holder = ast.Module(body=[statement], type_ignores=[])
    return set(Scope(holder, None).names)


def bound_names(statements: Sequence[ast.stmt]) -> list[str]:
    """The names that statements bind where they stand, in the order of the text."""
    return list(Scope(ast.Module(body=list(statements), type_ignores=[]), None).names)


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)


def _stored(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def _names_in(text: str) -> list[str]:
    """The names of a quoted annotation; none where it is no expression."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return []
    return [one.id for one in ast.walk(tree) if isinstance(one, ast.Name)]
