"""What an expression evaluates to, as far as Tortoise is concerned: a model, a row, an awaitable query …

Names are judged by all of their bindings in the function: where one of them is unknown, so is the name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from . import tortoise_api
from .modules import Class, Entity, External, Function, Module, unquoted
from .relations import Relations
from .syntax import FUNCTIONS, Binding, Scope
from .values import PLAIN, Value, awaited, given_by_library, joined

_MAY_WAIT = (ast.Call, ast.Name, ast.IfExp, ast.Subscript, ast.NamedExpr)
_BUILTIN_NAMES = frozenset(
    (
        "len list sorted set tuple sum any all dict enumerate reversed min max zip iter frozenset int float"
    ).split()
)


class Inference:
    """The values of one module's expressions."""

    def __init__(self, module: Module, relations: Relations) -> None:
        self.module = module
        self.relations = relations
        self.models = relations.models
        self._known: dict[ast.AST, Value | None] = {}
        self._names: dict[tuple[Scope, str], Value | None] = {}
        self._busy: set[tuple[Scope, str]] = set()
        self._open: set[tuple[Scope, str]] = set()  # those of them that were asked for
        self._inner: dict[Scope, dict[str, list[ast.comprehension | ast.NamedExpr]]] = {}

    def of(self, node: ast.expr) -> Value | None:
        """The value of an expression; None where the text does not tell."""
        if node not in self._known:
            self._known[node] = None  # an expression that contains itself has no value
            self._known[node] = self._evaluate(node)
        return self._known[node]

    @cached_property
    def awaitable_names(self) -> set[str]:
        """The names that may be bound to something awaitable, somewhere in the module."""
        found: set[str] = set()
        assignments: list[ast.Assign | ast.NamedExpr | ast.AnnAssign] = []
        for kind in (ast.Assign, ast.NamedExpr, ast.AnnAssign):
            assignments += self.module.of_type(kind)
        for node in assignments:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = self.of(node.value) if isinstance(node.value, _MAY_WAIT) else None
            if value is not None and value.awaitable:
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
        if b"QuerySet" in self.module.file.data:  # an annotation may say it
            found |= {node.arg for node in self.module.of_type(ast.arg)}
            annotated = (node.target for node in self.module.of_type(ast.AnnAssign))
            found |= {target.id for target in annotated if isinstance(target, ast.Name)}
        return found

    def _evaluate(self, node: ast.expr) -> Value | None:
        match node:
            case ast.Name():
                return self._name(node)
            case ast.Constant() | ast.JoinedStr() | ast.Dict() | ast.Set() | ast.Compare():
                return PLAIN
            case ast.Call():
                return self._call(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Await(value=value):
                inner = self.of(value)
                if inner is None and isinstance(value, ast.Call):
                    return self._promised(self.module.meanings(value.func), awaited=True)
                return awaited(inner)
            case ast.NamedExpr(value=value):
                return self.of(value)
            case ast.IfExp(body=body, orelse=orelse):
                return joined([self.of(body), self.of(orelse)])
            case ast.Subscript(value=value, slice=index):
                return self._subscript(node, self.of(value), index)
            case ast.ListComp(elt=element):
                inner = self.of(element)
                return (
                    Value("rows", inner.model, mixed=inner.mixed)
                    if inner is not None and inner.kind == "row"
                    else None
                )
        return None

    def _subscript(self, node: ast.Subscript, value: Value | None, index: ast.expr) -> Value | None:
        if value is None:
            return None
        if value.kind == "rows":
            return value if isinstance(index, ast.Slice) else Value("row", value.model, mixed=value.mixed)
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
                return self._local(scope, node.id)
            scope = scope.parent
        module_scope = self.module.scope
        entities = self.module.meanings(node)
        if entities:
            return self._entity(entities)
        return self._local(module_scope, node.id) if self._binds(module_scope, node.id) else None

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
            return PLAIN  # q = q.filter(): the other bindings say what it is
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
            self._names[key] = value
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
                return inner if inner not in (None, PLAIN) else self._annotated(annotation, scope)
            case ast.For(target=target, iter=iterable) | ast.AsyncFor(target=target, iter=iterable):
                return self._element(target, name, iterable, isinstance(node, ast.AsyncFor))
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name:
                        return self._entered(item.context_expr)
                return None
            case _ if binding.value is not None:
                return self.of(binding.value)
        return None

    def _element(self, target: ast.AST, name: str, iterable: ast.expr, is_async: bool) -> Value | None:
        if not (isinstance(target, ast.Name) and target.id == name):
            if (
                isinstance(target, ast.Tuple)
                and isinstance(iterable, ast.Call)
                and isinstance(iterable.func, ast.Name)
                and iterable.func.id == "enumerate"
                and len(target.elts) == 2
                and iterable.args
            ):
                return self._element(target.elts[1], name, iterable.args[0], is_async)
            return None
        value = self.of(iterable)
        if value is None or value.model is None:
            return None
        rows = value.kind == "query" and value.gives == "many" if is_async else value.kind == "rows"
        return Value("row", value.model, mixed=value.mixed) if rows else None

    def _entered(self, context: ast.expr) -> Value | None:
        if isinstance(context, ast.Call):
            for entity in self.module.meanings(context.func):
                if isinstance(entity, External) and tortoise_api.is_tortoise(entity.name, "in_transaction"):
                    return Value("connection")
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
        return self._annotated(node.annotation, scope) if node.annotation is not None else None

    def _self(self, cls: Class, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Value | None:
        decorators = [d.id for d in function.decorator_list if isinstance(d, ast.Name)]
        if "staticmethod" in decorators:
            return None
        is_class = "classmethod" in decorators or function.name in ("__init_subclass__", "__class_getitem__")
        return Value("class" if is_class else "row", cls)

    def _annotated(self, node: ast.expr, scope: Scope) -> Value | None:
        """What an annotation promises: ``User``, ``User | None``, ``list[User]``, ``QuerySet[User]``."""
        match node:
            case ast.Constant(value=str(text)):
                inner = unquoted(text)
                return self._annotated(inner, scope) if inner is not None else None
            case ast.Constant(value=None):
                return PLAIN
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return joined([self._annotated(left, scope), self._annotated(right, scope)])
            case ast.Subscript(value=outer, slice=inner):
                name = getattr(outer, "attr", None) or getattr(outer, "id", "")
                value = self._annotated(inner, scope) if not isinstance(inner, ast.Tuple) else None
                if name == "Optional":
                    return value
                if name == "Annotated" and isinstance(inner, ast.Tuple) and inner.elts:
                    return self._annotated(inner.elts[0], scope)
                if value is None or value.model is None or value.kind != "row":
                    return None
                if name in ("list", "List", "Sequence", "Iterable", "Collection"):
                    return Value("rows", value.model)
                if name in ("type", "Type"):
                    return Value("class", value.model)
                if name == "QuerySet":
                    return Value("query", value.model, "many")
                if name == "QuerySetSingle":
                    return Value("query", value.model, "one")
                return None
            case ast.Name() | ast.Attribute():
                for entity in self.module.meanings(node, scope):
                    if isinstance(entity, Class) and self.models.is_model(entity):
                        return Value("row", entity)
                    if isinstance(entity, External) and tortoise_api.is_tortoise(
                        entity.name, "BaseDBAsyncClient", "TransactionalDBClient"
                    ):
                        return Value("connection")
        return None

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
        if owner is None or owner.model is None:
            return None
        if owner.kind == "row" and self.relations.relation(owner.model, node.attr) == "many":
            return Value("relation", self.relations.related(owner.model, node.attr))
        if owner.kind == "class" and self.relations.is_manager(owner.model, node.attr):
            return Value("manager", owner.model)
        return None

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
        if isinstance(function, ast.Attribute):
            owner = self.of(function.value)
            return self._promised(entities) if owner is None else self._method(owner, function.attr)
        value = self.of(function)
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
        inner = self.of(node.args[0]) if node.args else None
        if name in ("list", "sorted", "reversed", "tuple") and inner is not None:
            return inner if inner.kind == "rows" else None
        return PLAIN if name in ("len", "int", "sum", "float", "any", "all") else None

    def _promised(self, entities: Iterable[Entity], *, awaited: bool = False) -> Value | None:
        """What a function of the project says that it returns."""
        for entity in entities:
            if not isinstance(entity, Function) or entity.node.returns is None or entity.node.decorator_list:
                continue
            if isinstance(entity.node, ast.AsyncFunctionDef) is awaited:
                inference = self if entity.module is self.module else Inference(entity.module, self.relations)
                return inference._annotated(entity.node.returns, entity.scope)
        return None

    def _method(self, owner: Value, name: str) -> Value | None:
        cls = owner.model
        match owner.kind:
            case "query":
                if owner.gives == "other":
                    return None
                return self._given(tortoise_api.QUERYSET_CALLS.get(name), cls, owner)
            case "relation":
                return self._given(tortoise_api.RELATION_CALLS.get(name), cls, owner)
            case "connection":
                return self._given(tortoise_api.CONNECTION_CALLS.get(name), None, owner)
            case "manager":
                return self._given(
                    tortoise_api.MODEL_CALLS.get(name) or tortoise_api.QUERYSET_CALLS.get(name), cls, owner
                )
            case "class" | "row" | "super" if cls is not None:
                return self._model_method(owner, cls, name)
        return None

    def _model_method(self, owner: Value, cls: Class, name: str) -> Value | None:
        calls = tortoise_api.MODEL_CALLS if owner.kind == "class" else tortoise_api.ROW_CALLS
        if owner.kind != "super" and self.models.defines(cls, name):
            own = self.models.method(cls, name)
            if own is None:
                return None
            definition = own[1]
            if isinstance(definition, ast.AsyncFunctionDef) and _is_plain(definition, own[0]):
                if _yields(definition):
                    return None
                given = calls.get(name, "coroutine:other").removeprefix("coroutine:")
                return Value("coroutine", cls, given if given != "many" else "other")
            return None
        if owner.kind == "super" and any(
            isinstance(one, Class) and name in one.body for one in self.models.ancestors(cls)
        ):
            return None
        return self._given(calls.get(name), cls, owner)

    def _given(self, what: str | None, cls: Class | None, owner: Value) -> Value | None:
        if what is None:
            return None
        if what.startswith("coroutine:"):
            return Value("coroutine", cls, what.removeprefix("coroutine:"), owner.mixed)
        if what == "many" and owner.kind == "query" and owner.gives == "one":
            what = "one"  # .get(id=1).prefetch_related(…) is still for one row
        return Value("query", cls, what, owner.mixed)


def _is_plain(definition: ast.AsyncFunctionDef, owner: Class) -> bool:
    """Is it still a coroutine function under its decorators?"""
    for decorator in definition.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(call, ast.Name) and call.id in ("classmethod", "staticmethod", "override"):
            continue
        entities = owner.module.meanings(call, owner.body)
        if not any(isinstance(e, External) and tortoise_api.is_tortoise(e.name, "atomic") for e in entities):
            return False
    return True


def _yields(definition: ast.AsyncFunctionDef) -> bool:
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(definition))
