"""What a method of a model, a row, a query or a relation gives."""

from __future__ import annotations

import ast

from . import tortoise_api
from .models import Models
from .modules import Class, External
from .values import SAME, Kind, Value

_CONTAINER_CALLS: dict[tuple[Kind, str], Kind] = {
    ("rows", "pop"): "row",
    ("rows", "copy"): "rows",
    ("mapping", "values"): "rows",
    ("mapping", "get"): "row",
    ("mapping", "pop"): "row",
    ("mapping", "copy"): "mapping",
}
"""What methods of a list of rows, and of a dictionary of them, give."""


class Methods:
    """The methods of Tortoise, and those that the project's models define in their place."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def of(self, owner: Value, name: str) -> Value | None:
        """What calling a method of a value gives; None where that is not known."""
        cls = owner.model
        match owner.kind:
            case "plain" if owner is SAME and tortoise_api.QUERYSET_CALLS.get(name) == "many":
                return SAME
            case "query":
                if owner.gives == "other":
                    return None
                return _given(tortoise_api.QUERYSET_CALLS.get(name), cls, owner)
            case "relation":
                return _given(tortoise_api.RELATION_CALLS.get(name), cls, owner)
            case "connection":
                return _given(tortoise_api.CONNECTION_CALLS.get(name), None, owner)
            case "manager":
                return _given(
                    tortoise_api.MODEL_CALLS.get(name) or tortoise_api.QUERYSET_CALLS.get(name), cls, owner
                )
            case "rows" | "mapping":
                kind = _CONTAINER_CALLS.get((owner.kind, name))
                return Value(kind, cls, mixed=owner.mixed) if kind is not None else None
            case "class" | "row" | "super" if cls is not None:
                return self._model_method(owner, cls, name)
        return None

    def _model_method(self, owner: Value, cls: Class, name: str) -> Value | None:
        calls = tortoise_api.MODEL_CALLS if owner.kind == "class" else tortoise_api.ROW_CALLS
        if owner.kind != "super" and self._models.defines(cls, name):
            own = self._models.method(cls, name)
            if own is None:
                return None
            definition = own[1]
            if isinstance(definition, ast.AsyncFunctionDef) and _is_plain(definition, own[0]):
                if any(not isinstance(one, ast.Return) for one in own[0].module.given_by(definition)):
                    return None  # it is a generator
                given = calls.get(name, "coroutine:other").removeprefix("coroutine:")
                return Value("coroutine", cls, given if given != "many" else "other")
            return None
        if owner.kind == "super" and any(
            isinstance(one, Class) and name in one.body for one in self._models.ancestors(cls)
        ):
            return None
        return _given(calls.get(name), cls, owner)


def _given(what: str | None, cls: Class | None, owner: Value) -> Value | None:
    if what is None:
        return None
    if what == "row":
        return Value("row", cls, mixed=owner.mixed)
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
