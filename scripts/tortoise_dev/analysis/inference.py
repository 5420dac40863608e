"""What an expression evaluates to, as far as Tortoise is concerned: a model, a row, an awaitable query …

Names are judged by all of their bindings in the function: where one of them is unknown, so is the name.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable
from functools import cached_property

from . import tortoise_api
from .annotations import annotated
from .methods import Methods
from .modules import Class, Entity, External, Function, Module
from .objects import class_around, class_of_object, held, is_assigned_elsewhere
from .relations import Relations
from .syntax import FUNCTIONS, Binding, FunctionNode, Scope, binds
from .values import PLAIN, SAME, Kind, Value, awaited, given_by_library, joined

_MAY_WAIT = (ast.Call, ast.Name, ast.IfExp, ast.Subscript, ast.NamedExpr)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
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
        self._of_module = of_module
        self.models = relations.models
        self._methods = Methods(relations.models)
        self._known: dict[ast.AST, Value | None] = {}
        self._names: dict[tuple[Scope, str], Value | None] = {}
        self._busy: set[tuple[Scope, str]] = set()
        self._open: set[tuple[Scope, str]] = set()  # those of them that were asked for
        self._inner: dict[Scope, dict[str, list[ast.comprehension | ast.NamedExpr]]] = {}
        self._looped: dict[tuple[Scope, str], bool] = {}
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
                return self._name(node)
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
                return result
            case ast.NamedExpr(value=value):
                return self.of(value)
            case ast.IfExp(body=body, orelse=orelse):
                return joined([self.of(body), self.of(orelse)])
            case ast.Subscript(value=value, slice=index):
                return self._subscript(node, self.of(value), index)
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
        return (
            Value(kind, inner.model, mixed=inner.mixed) if inner is not None and inner.kind == "row" else None
        )

    def _subscript(self, node: ast.Subscript, value: Value | None, index: ast.expr) -> Value | None:
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

    # --- names

    def _name(self, node: ast.Name) -> Value | None:
        scope: Scope | None = self.module.scope_of(node)
        first = scope
        while scope is not None:
            visible = scope is first or not isinstance(scope.node, ast.ClassDef)
            if visible and node.id in scope.elsewhere:
                return None
            if visible and scope.parent is not None and self._binds(scope, node.id):
                here = self._element_here(scope, node) if scope is first else None
                return here[0] if here is not None else self._local(scope, node.id)
            scope = scope.parent
        module_scope = self.module.scope
        entities = self.module.meanings(node)
        if entities:
            return self._entity(entities)
        return self._local(module_scope, node.id) if self._binds(module_scope, node.id) else None

    def _element_here(self, scope: Scope, name: ast.Name) -> tuple[Value | None] | None:
        """What a name of several meanings is where one loop or comprehension around it alone binds it."""
        if not isinstance(name.ctx, ast.Load) or not self._is_looped(scope, name.id):
            return None
        below: ast.AST | None = None
        child: ast.AST = name
        for parent in self.module.ancestors(name):
            if parent is scope.node:
                break
            if isinstance(parent, (ast.For, ast.AsyncFor)) and child in parent.body:
                if binds(parent.target, name.id):
                    start, end = (parent.lineno, parent.col_offset), (parent.end_lineno or 0, sys.maxsize)
                    if scope.bound_before(name.id, end) - scope.bound_before(name.id, start) > 1:
                        return None
                    is_async = isinstance(parent, ast.AsyncFor)
                    return (self._element(parent.target, name.id, parent.iter, is_async),)
            elif isinstance(parent, _COMPREHENSIONS):
                reached = child not in parent.generators or below in getattr(child, "ifs", ())
                for one in reversed(parent.generators) if reached else ():
                    if binds(one.target, name.id):
                        return (self._element(one.target, name.id, one.iter, bool(one.is_async)),)
            below, child = child, parent
        return None

    def _is_looped(self, scope: Scope, name: str) -> bool:
        """Is the name bound by a loop or a comprehension, and elsewhere too?"""
        key = (scope, name)
        if key not in self._looped:
            bindings, targets = scope.names.get(name, ()), self._targets(scope).get(name, ())
            loops = any(isinstance(one.node, (ast.For, ast.AsyncFor)) for one in bindings)
            self._looped[key] = len(bindings) + len(targets) > 1 and (loops or bool(targets))
        return self._looped[key]

    def _binds(self, scope: Scope, name: str) -> bool:
        return name in scope or name in self._targets(scope)

    def _targets(self, scope: Scope) -> dict[str, list[ast.comprehension | ast.NamedExpr]]:
        """Names that comprehensions and ``:=`` bind somewhere in a scope: seen as its own."""
        if scope not in self._inner:
            found: dict[str, list[ast.comprehension | ast.NamedExpr]] = {}
            for node in self.module.inner_bindings(scope):
                for name in ast.walk(node.target):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(node)
            self._inner[scope] = found
        return self._inner[scope]

    def _local(self, scope: Scope, name: str) -> Value | None:
        key = (scope, name)
        if key in self._busy:
            self._open.add(key)
            return SAME
        if key not in self._names:
            self._busy.add(key)
            try:
                found = [self._bound(scope, name, binding) for binding in scope.names.get(name, ())]
                for node in self._targets(scope).get(name, ()):
                    if isinstance(node, ast.NamedExpr):
                        found.append(self.of(node.value))
                    else:
                        found.append(self._element(node.target, name, node.iter, bool(node.is_async)))
                value = joined(found)
            except RecursionError:
                value = None
            finally:
                self._busy.discard(key)
                self._open.discard(key)
            if self._open:
                return value  # rests on a name that is still being judged
            self._names[key] = value if value != SAME else None  # which rests on nothing
        return self._names[key]

    def _bound(self, scope: Scope, name: str, binding: Binding) -> Value | None:
        node = binding.node
        match node:
            case ast.Import() | ast.ImportFrom() | ast.ClassDef():
                return self._entity(self.module.resolver.bound(self.module, name, binding, scope))
            case ast.arg():
                return self._parameter(scope, node)
            case ast.Assign(value=value, targets=[ast.Tuple(elts=[ast.Name(id=first), *_])]):
                inner = self.of(value)
                if inner is not None and inner.kind == "pair" and first == name:
                    return Value("row", inner.model)
                return None
            case ast.AnnAssign(annotation=annotation, value=value):
                inner = self.of(value) if value is not None else PLAIN
                return inner if inner not in (None, PLAIN) else self.annotated(annotation, scope)
            case ast.For(target=target, iter=iterable) | ast.AsyncFor(target=target, iter=iterable):
                return self._element(target, name, iterable, isinstance(node, ast.AsyncFor))
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name:
                        return self._entered(item.context_expr)
                return None
            case ast.Assign(value=ast.List(elts=[])):
                return self._collected(scope, name)
            case _ if binding.value is not None:
                return self.of(binding.value)
        return None

    def _collected(self, scope: Scope, name: str) -> Value | None:
        """A list that begins empty, by what ``append`` and ``extend`` put into it."""
        found: list[Value | None] = []
        for method in ("append", "extend", "insert"):
            for call in self.module.calls_by_name.get(method, ()):
                match call.func:
                    case ast.Attribute(value=ast.Name(id=owner)) if owner == name and call.args:
                        if self.module.scope_of(call) is not scope:
                            return None
                        value = self.of(call.args[-1])
                        kinds = ("rows",) if method == "extend" else ("row",)
                        if value is None or value.kind not in kinds:
                            return None
                        found.append(Value("rows", value.model, mixed=value.mixed))
        return joined(found) if found else None

    def _element(self, target: ast.AST, name: str, iterable: ast.expr, is_async: bool) -> Value | None:
        if not (isinstance(target, ast.Name) and target.id == name):
            return self._element_of_tuple(target, name, iterable)
        value = self.of(iterable)
        if value == SAME:
            return SAME
        if value is None or value.model is None:
            return None
        if is_async:
            rows = value.kind == "stream" or (value.kind == "query" and value.gives == "many")
        else:
            rows = value.kind in (
                "rows",
                "stream",
                "relation",
            )  # a loop over a relation means that it was fetched
        return Value("row", value.model, mixed=value.mixed) if rows else None

    def _element_of_tuple(self, target: ast.AST, name: str, iterable: ast.expr) -> Value | None:
        """What a name is in ``for number, name in enumerate(rows)``, with ``zip`` and ``items`` too."""
        if not isinstance(target, ast.Tuple) or not isinstance(iterable, ast.Call):
            return None
        match iterable:
            case ast.Call(func=ast.Name(id="enumerate"), args=[rows, *_]) if len(target.elts) == 2:
                return self._element(target.elts[1], name, rows, False)
            case ast.Call(func=ast.Name(id="zip"), args=several) if len(several) == len(target.elts):
                for element, rows in zip(target.elts, several, strict=True):
                    if isinstance(element, ast.Name) and element.id == name:
                        return self._element(element, name, rows, False)
            case ast.Call(func=ast.Attribute(value=owner, attr="items"), args=[]) if len(target.elts) == 2:
                value = self.of(owner)
                element = target.elts[1]
                if value is not None and value.kind == "mapping" and getattr(element, "id", "") == name:
                    return Value("row", value.model, mixed=value.mixed)
        return None

    def _entered(self, context: ast.expr) -> Value | None:
        if isinstance(context, ast.Name):  # async with transaction as connection:
            value = self.of(context)
            return value if value is not None and value.kind == "connection" else None
        if isinstance(context, ast.Call):
            for entity in self.module.meanings(context.func):
                if isinstance(entity, External) and tortoise_api.is_tortoise(entity.name, "in_transaction"):
                    return Value("connection")
                if isinstance(entity, Function) and _is_context_manager(entity):
                    inference = self._of_module(entity.module)
                    returns = entity.node.returns
                    annotated = inference.annotated(returns, entity.scope) if returns is not None else None
                    yielded = annotated or inference.returned(entity.node)
                    return yielded._replace(kind="row") if yielded and yielded.kind == "stream" else None
        return None

    def _parameter(self, scope: Scope, node: ast.arg) -> Value | None:
        function = scope.node
        if isinstance(function, FUNCTIONS):
            around = function.args
            positional = [*around.posonlyargs, *around.args]
            if positional and positional[0] is node and scope.parent is not None:
                owner = scope.parent.node
                if isinstance(owner, ast.ClassDef) and node.annotation is None:
                    cls = self.module.class_of(owner)
                    return self._self(cls, function) if self.models.is_model(cls) else None
            if node in (around.vararg, around.kwarg):
                return None
        return self.annotated(node.annotation, scope) if node.annotation is not None else None

    def _self(self, cls: Class, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Value | None:
        decorators = [d.id for d in function.decorator_list if isinstance(d, ast.Name)]
        if "staticmethod" in decorators:
            return None
        is_class = "classmethod" in decorators or function.name in ("__init_subclass__", "__class_getitem__")
        return Value("class" if is_class else "row", cls)

    def annotated(self, node: ast.expr, scope: Scope) -> Value | None:
        """What an annotation of this module promises."""
        return annotated(self.module, self.models, node, scope)

    def _entity(self, entities: Iterable[Entity]) -> Value | None:
        found = list(entities)
        models = [e for e in found if isinstance(e, Class) and self.models.is_model(e)]
        return Value("class", models[0]) if models and len(models) == len(found) else None

    # --- attributes and calls

    def _attribute(self, node: ast.Attribute) -> Value | None:
        entities = self.module.meanings(node)
        if entities:
            value = self._entity(entities)
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
                    value = self._entity(self.module.meanings(bindings[0].value, cls.scope))
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
        inference = self._of_module(known.owner.module)
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
        value = self.of(function) if not entities or self._entity(entities) is not None else None
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
            inference = self._of_module(entity.module)
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


def _is_context_manager(function: Function) -> bool:
    """Is it made a context manager by ``contextlib``, and by nothing else?"""
    decorators = function.node.decorator_list
    names = [getattr(one, "name", "") for each in decorators for one in function.module.meanings(each)]
    return len(decorators) == 1 and names in (
        ["contextlib.asynccontextmanager"],
        ["contextlib.contextmanager"],
    )
