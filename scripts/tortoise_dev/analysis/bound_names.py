"""What a name stands for: a model, a row, rows …

All of its bindings in the function count: where one of them is unknown, so is the name.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from . import tortoise_api
from .modules import Class, External, Function
from .scopes import Binding, Scope
from .syntax import FUNCTIONS, binds
from .values import PLAIN, SAME, Value, joined

if TYPE_CHECKING:
    from .inference import Inference

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class BoundNames:
    """The values of one module's names. What is bound to them is judged by the module's inference."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self.module = inference.module
        self.models = inference.models
        self._names: dict[tuple[Scope, str], Value | None] = {}
        self._busy: set[tuple[Scope, str]] = set()
        self._open: set[tuple[Scope, str]] = set()  # those of them that were asked for
        self._inner: dict[Scope, dict[str, list[ast.comprehension | ast.NamedExpr]]] = {}
        self._looped: dict[tuple[Scope, str], bool] = {}

    def of(self, node: ast.Name) -> Value | None:
        """The value of a name at its place; None where one of its bindings is unknown."""
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
            return self._inference.entity(entities)
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
                        found.append(self._inference.of(node.value))
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
                return self._inference.entity(self.module.resolver.bound(self.module, name, binding, scope))
            case ast.arg():
                return self._parameter(scope, node)
            case ast.Assign(value=value, targets=[ast.Tuple(elts=[ast.Name(id=first), *_])]):
                inner = self._inference.of(value)
                if inner is not None and inner.kind == "pair" and first == name:
                    return Value("row", inner.model)
                return None
            case ast.AnnAssign(annotation=annotation, value=value):
                inner = self._inference.of(value) if value is not None else PLAIN
                return inner if inner not in (None, PLAIN) else self._inference.annotated(annotation, scope)
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
                return self._inference.of(binding.value)
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
                        value = self._inference.of(call.args[-1])
                        kinds = ("rows",) if method == "extend" else ("row",)
                        if value is None or value.kind not in kinds:
                            return None
                        found.append(Value("rows", value.model, mixed=value.mixed))
        return joined(found) if found else None

    def _element(self, target: ast.AST, name: str, iterable: ast.expr, is_async: bool) -> Value | None:
        if not (isinstance(target, ast.Name) and target.id == name):
            return self._element_of_tuple(target, name, iterable)
        value = self._inference.of(iterable)
        if value == SAME:
            return SAME
        if value is None or value.model is None:
            return None
        if is_async:
            rows = value.kind == "stream" or (value.kind == "query" and value.gives == "many")
        else:  # a loop over a relation means that it was fetched
            rows = value.kind in ("rows", "stream", "relation")
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
                value = self._inference.of(owner)
                element = target.elts[1]
                if value is not None and value.kind == "mapping" and getattr(element, "id", "") == name:
                    return Value("row", value.model, mixed=value.mixed)
        return None

    def _entered(self, context: ast.expr) -> Value | None:
        if isinstance(context, ast.Name):  # async with transaction as connection:
            value = self._inference.of(context)
            return value if value is not None and value.kind == "connection" else None
        if isinstance(context, ast.Call):
            for entity in self.module.meanings(context.func):
                if isinstance(entity, External) and tortoise_api.is_tortoise(entity.name, "in_transaction"):
                    return Value("connection")
                if isinstance(entity, Function) and _is_context_manager(entity):
                    inference = self._inference.of_module(entity.module)
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
        return self._inference.annotated(node.annotation, scope) if node.annotation is not None else None

    def _self(self, cls: Class, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Value | None:
        decorators = [d.id for d in function.decorator_list if isinstance(d, ast.Name)]
        if "staticmethod" in decorators:
            return None
        is_class = "classmethod" in decorators or function.name in ("__init_subclass__", "__class_getitem__")
        return Value("class" if is_class else "row", cls)


def _is_context_manager(function: Function) -> bool:
    """Is it made a context manager by ``contextlib``, and by nothing else?"""
    decorators = function.node.decorator_list
    names = [getattr(one, "name", "") for each in decorators for one in function.module.meanings(each)]
    return len(decorators) == 1 and names in (
        ["contextlib.asynccontextmanager"],
        ["contextlib.contextmanager"],
    )
