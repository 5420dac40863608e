"""What an expression evaluates to, as far as Tortoise is concerned: a model, a row, an awaitable query …

What a name stands for, `bound_names` tells.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cached_property

from . import tortoise_api
from .annotations import annotated
from .bound_names import BoundNames
from .methods import Methods
from .modules import Class, Entity, External, Function, Module
from .objects import class_around, class_of_object, held, is_assigned_elsewhere
from .relations import Relations
from .scopes import Scope
from .syntax import FunctionNode
from .values import PLAIN, SAME, Kind, Value, awaited, given_by_library, joined

_MAY_WAIT = (ast.Call, ast.Name, ast.IfExp, ast.Subscript, ast.NamedExpr)
_BUILTIN_NAMES = frozenset(
    (
        "len list sorted set tuple sum any all dict enumerate reversed min max zip iter next filter "
        "frozenset int float"
    ).split()
)
_HELD = ("row", "rows", "class", "mapping")
_CAST = External("typing.cast")
_SAME_ROWS = frozenset("list sorted reversed tuple set frozenset iter filter".split())
"""Builtins that give the rows that they get, or some of them."""


class Inference:
    """The values of one module's expressions."""

    def __init__(
        self, module: Module, relations: Relations, of_module: Callable[[Module], Inference]
    ) -> None:
        self.module = module
        self.relations = relations
        self.of_module = of_module
        self.models = relations.models
        self._methods = Methods(relations.models)
        self._names = BoundNames(self)
        self._known: dict[ast.AST, Value | None] = {}
        self._returned: dict[FunctionNode, Value | None] = {}
        self._attributes: set[ast.Attribute] = set()  # those that are being judged

    def of(self, node: ast.expr) -> Value | None:
        """The value of an expression; None where the text does not tell."""
        if node in self._known:
            return self._known[node]
        value = self._evaluate(node)
        if value != SAME:  # which holds only while the name is being judged
            self._known[node] = value
        return value

    def may_wait(self, node: ast.expr) -> bool:
        """Can it be something to await? Most calls cannot, and the last part of what they call tells."""
        match node:
            case ast.Call(func=ast.Name(id=name)):
                return self.module.referring is None or name in self.module.referring
            case ast.Call(func=ast.Attribute(attr=name)):
                return name in tortoise_api.AWAITABLE_NAMES or name in self.relations.around.function_names
        return True

    @cached_property
    def awaitable_names(self) -> set[str]:
        """The names that may be bound to something awaitable, somewhere in the module."""
        found: set[str] = set()
        for names, expression in self._assigned:
            may_wait = self.may_wait(expression) if isinstance(expression, _MAY_WAIT) else False
            value = self.of(expression) if may_wait else None
            if value is not None and value.awaitable:
                found |= names
        if b"QuerySet" in self.module.file.data:  # an annotation may say it
            found |= {node.arg for node in self.module.of_type(ast.arg)}
            annotated = (node.target for node in self.module.of_type(ast.AnnAssign))
            found |= {target.id for target in annotated if isinstance(target, ast.Name)}
        return found

    @cached_property
    def awaited_names(self) -> set[str]:
        """The names that are bound to what an ``await`` gives, somewhere in the module."""
        awaited = (names for names, value in self._assigned if isinstance(value, ast.Await))
        return set().union(*awaited)

    @cached_property
    def _assigned(self) -> list[tuple[set[str], ast.expr]]:
        """What the module assigns, each with the names that are bound to all of it."""
        found: list[tuple[set[str], ast.expr]] = []
        for node in (*self.module.assignments, *self.module.of_type(ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            if names and node.value is not None:
                found.append((names, node.value))
        return found

    def _evaluate(self, node: ast.expr) -> Value | None:
        match node:
            case ast.Name():
                return self._names.of(node)
            case ast.Call():
                return self._call(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Constant() | ast.JoinedStr() | ast.Dict() | ast.Set() | ast.Compare():
                return PLAIN
            case ast.Await(value=value):
                result = awaited(self.of(value))
                if result is None and isinstance(value, ast.Call):
                    return self._promised(self.called(value.func), awaited=True)
                return result or self.row_behind(value)
            case ast.NamedExpr(value=value):
                return self.of(value)
            case ast.IfExp(body=body, orelse=orelse):
                return joined([self.of(body), self.of(orelse)])
            case ast.Subscript(value=value, slice=index):
                return self._subscript(self.of(value), index)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element):
                return self._filled("rows", element)
            case ast.GeneratorExp(elt=element):
                return self._filled("stream", element)
            case ast.DictComp(value=element):
                return self._filled("mapping", element)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                both = joined([self.of(left), self.of(right)])
                return both if both is not None and both.kind == "rows" else None
        return None

    def _filled(self, kind: Kind, element: ast.expr) -> Value | None:
        """A container of this kind, where what a comprehension puts into it is a row."""
        inner = self.of(element)
        if inner == SAME and kind == "rows":
            return SAME
        if inner is None or inner.kind != "row":
            return None
        return Value(kind, inner.model, mixed=inner.mixed)

    def _subscript(self, value: Value | None, index: ast.expr) -> Value | None:
        if value is None:
            return None
        if value == SAME and isinstance(index, ast.Slice):
            return SAME
        if value.kind == "rows":
            return value if isinstance(index, ast.Slice) else Value("row", value.model, mixed=value.mixed)
        if value.kind == "mapping":
            return Value("row", value.model, mixed=value.mixed)
        if value.kind == "pair" and isinstance(index, ast.Constant) and index.value == 0:
            return Value("row", value.model)
        if value.kind == "query" and value.gives == "many" and isinstance(index, ast.Slice):
            return value
        return None

    def annotated(self, node: ast.expr, scope: Scope) -> Value | None:
        """What an annotation of this module promises."""
        return annotated(self.module, self.models, node, scope)

    def entity(self, entities: Iterable[Entity]) -> Value | None:
        """The class of a model, where that is all that a name means."""
        found = list(entities)
        models = [e for e in found if isinstance(e, Class) and self.models.is_model(e)]
        return Value("class", models[0]) if models and len(models) == len(found) else None

    # --- attributes and calls

    def row_behind(self, node: ast.expr) -> Value | None:
        """The row that awaiting a foreign key of a row gives: ``await line.product``."""
        if not isinstance(node, ast.Attribute):
            return None
        owner = self.of(node.value)
        if owner is None or owner.kind != "row" or owner.model is None:
            return None
        if self.relations.relation(owner.model, node.attr) != "one":
            return None
        related = self.relations.related(owner.model, node.attr)
        return Value("row", related, mixed=owner.mixed) if related is not None else None

    def _attribute(self, node: ast.Attribute) -> Value | None:
        entities = self.module.meanings(node)
        if entities:
            value = self.entity(entities)
            if value is not None:
                return value
        owner = self.of(node.value)
        if owner is None:
            return self._attribute_of_class(node) or self._attribute_of_object(node)
        if owner.model is None:
            return None
        if node.attr == "_meta" and owner.kind in ("class", "row"):
            return Value("meta", owner.model)
        if owner.kind == "meta":
            return Value("connection") if node.attr == "db" else None
        if owner.kind == "row":
            arity = self.relations.relation(owner.model, node.attr)
            if arity == "many":
                return Value("relation", self.relations.related(owner.model, node.attr))
            backward = self.relations.backward(owner.model, node.attr) if arity is None else None
            if backward is not None and backward.arity == "many" and backward.source is not None:
                return Value("relation", backward.source)
        if owner.kind == "class" and self.relations.is_manager(owner.model, node.attr):
            return Value("manager", owner.model)
        return None

    def _attribute_of_class(self, node: ast.Attribute) -> Value | None:
        """What ``self.model`` is, where the body of the class alone says it: ``model = Order``."""
        match node.value:
            case ast.Name(id="self" | "cls"):
                cls = class_around(self.module, node)
                bindings = cls.body.names.get(node.attr, ()) if cls is not None else ()
                if cls is not None and len(bindings) == 1 and bindings[0].value is not None:
                    value = self.entity(self.module.meanings(bindings[0].value, cls.scope))
                    return Value("class", value.model, mixed=True) if value is not None else None
        return None

    def _attribute_of_object(self, node: ast.Attribute) -> Value | None:
        """What an attribute of an object of the project holds: a row, rows, a model."""
        cls = class_of_object(self.module, node.value)
        owners = (cls, *self.models.ancestors(cls)) if cls is not None else ()
        found = (held(one, node.attr) for one in owners if isinstance(one, Class))
        known = next((one for one in found if one is not None), None)
        if known is None or node in self._attributes:
            return None
        self._attributes.add(node)
        inference = self.of_module(known.owner.module)
        if known.annotation is not None:
            value = inference.annotated(known.annotation, known.owner.body)
        else:
            value = joined(inference.of(one) for one in known.values)
        self._attributes.discard(node)
        if value is None or value.kind not in _HELD:
            return None
        is_known = known.annotation is not None or not is_assigned_elsewhere(known.owner, node.attr)
        return value if is_known else None

    def _call(self, node: ast.Call) -> Value | None:
        function = node.func
        entities = self.module.meanings(function)
        if isinstance(function, ast.Name) and not entities:
            if function.id == "super" and not node.args:
                return self._super(node)
            if function.id in _BUILTIN_NAMES:
                return self._builtin(node, function.id)
        known = given_by_library(entities)
        if known is not None:
            return known
        if len(node.args) == 2 and any(one == _CAST for one in entities):
            return self.annotated(node.args[0], self.module.scope_of(node))
        if isinstance(function, ast.Attribute):
            owner = self.of(function.value)
            found = self._methods.of(owner, function.attr) if owner is not None else None
            return found if found is not None else self._promised(self.called(function))
        value = self.of(function) if not entities or self.entity(entities) is not None else None
        if value is not None and value.kind == "class":
            return Value("row", value.model, mixed=value.mixed)
        return self._promised(entities)

    def _super(self, node: ast.Call) -> Value | None:
        for parent in self.module.ancestors(node):
            if isinstance(parent, ast.ClassDef):
                cls = self.module.class_of(parent)
                return Value("super", cls) if self.models.is_model(cls) else None
        return None

    def _builtin(self, node: ast.Call, name: str) -> Value | None:
        rows = (
            node.args[1] if name == "filter" and len(node.args) == 2 else node.args[0] if node.args else None
        )
        inner = self.of(rows) if rows is not None and not isinstance(rows, ast.Starred) else None
        if name in _SAME_ROWS and inner is not None:
            return Value("rows", inner.model, mixed=inner.mixed) if inner.kind in ("rows", "stream") else None
        if name in ("next", "min", "max") and inner is not None:
            return Value("row", inner.model, mixed=inner.mixed) if inner.kind in ("rows", "stream") else None
        return PLAIN if name in ("len", "int", "sum", "float", "any", "all") else None

    def _promised(self, entities: Iterable[Entity], *, awaited: bool = False) -> Value | None:
        """What a function of the project says that it returns, or what all its ``return`` give."""
        for entity in entities:
            if not isinstance(entity, Function) or not is_undecorated(entity.node):
                continue
            inference = self.of_module(entity.module)
            if entity.node.returns is None:
                value = inference.returned(entity.node)
            else:
                value = inference.annotated(entity.node.returns, entity.scope)
            is_stream = value is not None and value.kind == "stream"
            if (isinstance(entity.node, ast.AsyncFunctionDef) and not is_stream) is awaited:
                return value
        return None

    def returned(self, function: FunctionNode) -> Value | None:
        """What all ``return`` of a function of this module give; None where one of them is not known."""
        if function not in self._returned:
            self._returned[function] = None  # a function that calls itself
            given = self.module.given_by(function)[::-1]
            yields = [node for node in given if not isinstance(node, ast.Return)]
            values = [node.value for node in yields or given if not isinstance(node, ast.YieldFrom)]
            try:
                found = joined(PLAIN if value is None else self.of(value) for value in values)
            except RecursionError:
                found = None
            if yields:
                is_rows = len(values) == len(yields) and all(self._is_row(value) for value in values)
                found = (
                    Value("stream", found.model, mixed=found.mixed) if found is not None and is_rows else None
                )
            self._returned[function] = None if found is PLAIN else found
        return self._returned[function]

    def _is_row(self, node: ast.expr | None) -> bool:
        value = self.of(node) if node is not None else None
        return value is not None and value.kind == "row"

    def called(self, function: ast.expr) -> list[Entity]:
        """What a call calls: by its name, or as a method of a row or of an object whose class is known."""
        entities = self.module.meanings(function)
        if entities or not isinstance(function, ast.Attribute):
            return entities
        owner = self.of(function.value)
        if owner is not None and owner.kind in ("class", "row") and not owner.mixed:
            cls = owner.model
        else:
            cls = class_of_object(self.module, function.value) if owner is None else None
        method = self.models.method(cls, function.attr) if cls is not None else None
        return [Function(method[0].module, method[1], method[0].body)] if method is not None else []


def is_undecorated(function: FunctionNode) -> bool:
    """Does a call of it give what it returns? ``@staticmethod`` and ``@classmethod`` change nothing there."""
    return all(
        isinstance(one, ast.Name) and one.id in ("staticmethod", "classmethod", "override")
        for one in function.decorator_list
    )
