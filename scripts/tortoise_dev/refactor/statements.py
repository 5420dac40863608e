"""A module cut into its statements: what each is, which names it binds, and which it uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

import libcst as cst

from ..analysis import tortoise_api
from ..analysis.models import Models
from ..analysis.modules import Class, External, Module
from .uses import Use, bound_names, uses_of

TopStatement = cst.SimpleStatementLine | cst.BaseCompoundStatement


class Kind(Enum):
    """What a statement is."""

    DOCSTRING = "docstring"
    FUTURE = "future import"
    IMPORT = "import"
    TYPING_IMPORT = "import for type checkers"
    MODEL = "model"
    ABSTRACT = "abstract model"
    MIXIN = "plain mixin"
    ENUM = "enum"
    CLASS = "class"
    FUNCTION = "function"
    CONSTANT = "constant"
    SCHEMA = "pydantic model"
    SIGNAL = "signal handler"
    EXPORTS = "__all__ or __models__"
    EFFECT = "statement"


@dataclass(eq=False)
class Statement:
    """A statement at the top of the module, as a syntax tree and as text with its comments."""

    text: TopStatement
    nodes: list[ast.stmt]
    kind: Kind
    model: Class | None = None
    binds: list[str] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.nodes[0].lineno

    @property
    def name(self) -> str:
        """The first name that it binds."""
        return self.binds[0] if self.binds else ""


def statements_of(tree: cst.Module, module: Module, models: Models) -> list[Statement]:
    """The statements of a module in their order."""
    owned = {cls.node: cls for cls in models.of(module)}
    nodes = iter(module.root.body)
    found: list[Statement] = []
    for text in tree.body:
        count = len(text.body) if isinstance(text, cst.SimpleStatementLine) else 1
        own = [next(nodes) for _ in range(count)]
        model = owned.get(own[0]) if isinstance(own[0], ast.ClassDef) else None
        first = not found and ast.get_docstring(module.root, clean=False) is not None
        kind = Kind.DOCSTRING if first else _kind(own, model, module, models)
        assert isinstance(text, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        binds = bound_names(own)
        uses = [use for one in own for use in uses_of(one) if use.name not in binds]
        found.append(Statement(text, own, kind, model, binds, uses))
    _mark_mixins(found)
    _mark_schemas(found)
    return found


def _kind(nodes: Sequence[ast.stmt], model: Class | None, module: Module, models: Models) -> Kind:
    node = nodes[0]
    if model is not None:
        return Kind.MODEL if models.is_abstract(model) is False else Kind.ABSTRACT
    match node:
        case ast.ImportFrom(module="__future__"):
            return Kind.FUTURE
        case ast.Import() | ast.ImportFrom():
            return Kind.IMPORT
        case ast.If() if is_for_type_checkers(node):
            return Kind.TYPING_IMPORT
        case ast.ClassDef():
            return _class_kind(module.class_of(node), models)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return Kind.SIGNAL if _is_handler(node, module) else Kind.FUNCTION
        case ast.Expr() if _is_listening(node):
            return Kind.SIGNAL
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            names = {getattr(target, "id", "") for target in _targets(node)}
            if names & {"__all__", "__models__"}:
                return Kind.EXPORTS
            if _creates_schema(node, module):
                return Kind.SCHEMA
            return Kind.CONSTANT if "" not in names or _binds_tuple(node) else Kind.EFFECT
    return Kind.CONSTANT if bound_names(nodes) else Kind.EFFECT


def is_for_type_checkers(node: ast.stmt) -> bool:
    """Is it ``if TYPE_CHECKING:`` with nothing but imports?"""
    return (
        isinstance(node, ast.If)
        and getattr(node.test, "attr", getattr(node.test, "id", "")) == "TYPE_CHECKING"
        and not node.orelse
        and all(isinstance(one, (ast.Import, ast.ImportFrom, ast.Pass)) for one in node.body)
    )


def _targets(node: ast.stmt) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", ast.Constant(None))]


def _binds_tuple(node: ast.stmt) -> bool:
    return bool(bound_names([node])) and not any(
        isinstance(target, (ast.Attribute, ast.Subscript)) for target in _targets(node)
    )


def external_bases(cls: Class, models: Models) -> Iterator[str]:
    """The dotted names of what a class inherits from outside of the project, as far as that is known."""
    for one in models.ancestors(cls):
        if isinstance(one, External):
            yield one.name


_ENUMS = re.compile(r"(^|\.)(Int|Str|Auto)?(Enum|Flag)$|Choices$|Enum$")
_PYDANTIC = re.compile(r"^pydantic(_settings)?\.|^tortoise\.contrib\.pydantic\.")


def _class_kind(cls: Class, models: Models) -> Kind:
    bases = list(external_bases(cls, models))
    if any(_ENUMS.search(name) for name in bases):
        return Kind.ENUM
    if any(_PYDANTIC.search(name) for name in bases):
        return Kind.SCHEMA
    return Kind.CLASS


def _is_handler(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> bool:
    """Is a function connected to a signal of Tortoise?"""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        for entity in module.meanings(called):
            if isinstance(entity, External) and tortoise_api.is_tortoise(entity.name, *tortoise_api.SIGNALS):
                return True
    return False


def _is_listening(node: ast.Expr) -> bool:
    """Does it connect a handler: ``Order.register_listener(…)``, ``post_save(Order)(handler)``?"""
    call = node.value
    if not isinstance(call, ast.Call):
        return False
    if isinstance(call.func, ast.Call):
        inner = call.func.func
        return getattr(inner, "attr", getattr(inner, "id", "")) in tortoise_api.SIGNALS
    return isinstance(call.func, ast.Attribute) and call.func.attr == "register_listener"


def _creates_schema(node: ast.stmt, module: Module) -> bool:
    """Does an assignment hold what ``pydantic_model_creator`` made?"""
    value = getattr(node, "value", None)
    for call in ast.walk(value) if value is not None else ():
        if isinstance(call, ast.Call):
            for entity in module.meanings(call.func):
                if isinstance(entity, External) and entity.name.endswith(
                    (".pydantic_model_creator", ".pydantic_queryset_creator")
                ):
                    return True
    return False


def _mark_mixins(statements: Sequence[Statement]) -> None:
    """Plain classes that models of the module inherit from are mixins, and so are their bases."""
    by_name = {one.name: one for one in statements if one.kind in (Kind.CLASS, Kind.MIXIN)}
    waiting = [one for one in statements if one.kind in (Kind.MODEL, Kind.ABSTRACT)]
    while waiting:
        node = waiting.pop().nodes[0]
        assert isinstance(node, ast.ClassDef)
        for base in node.bases:
            mixin = by_name.get(getattr(base, "id", ""))
            if mixin is not None and mixin.kind is Kind.CLASS:
                mixin.kind = Kind.MIXIN
                waiting.append(mixin)


def _mark_schemas(statements: Sequence[Statement]) -> None:
    """What is made from a schema when the module is imported is one, too."""
    schemas: set[str] = set()
    for one in statements:
        early = {use.name for use in one.uses if use.when.value == "import"}
        if one.kind in (Kind.CLASS, Kind.CONSTANT) and early & schemas:
            one.kind = Kind.SCHEMA
        if one.kind is Kind.SCHEMA:
            schemas.update(one.binds)
