"""What an annotation promises of a value: a row, a list of rows, a query, a connection."""

from __future__ import annotations

import ast

from . import tortoise_api
from .models import Models
from .modules import Class, External, Module, unquoted
from .syntax import Scope
from .values import PLAIN, Value, joined

_LISTS = frozenset({"list", "List", "Sequence", "Iterable", "Collection"})
_STREAMS = frozenset({"AsyncIterator", "AsyncIterable", "AsyncGenerator", "Iterator", "Generator"})
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict"})


def annotated(module: Module, models: Models, node: ast.expr, scope: Scope) -> Value | None:
    """What an annotation promises: ``User``, ``User | None``, ``list[User]``, ``QuerySet[User]``."""
    match node:
        case ast.Constant(value=str(text)):
            inner = unquoted(text)
            return annotated(module, models, inner, scope) if inner is not None else None
        case ast.Constant(value=None):
            return PLAIN
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return joined(annotated(module, models, side, scope) for side in (left, right))
        case ast.Subscript(value=outer, slice=inner):
            name = str(getattr(outer, "attr", None) or getattr(outer, "id", ""))
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _container(name, [annotated(module, models, part, scope) for part in parts])
        case ast.Name() | ast.Attribute():
            for entity in module.meanings(node, scope):
                if isinstance(entity, Class) and models.is_model(entity):
                    return Value("row", entity)
                if isinstance(entity, External) and tortoise_api.is_tortoise(
                    entity.name, *tortoise_api.CONNECTION_CLASSES
                ):
                    return Value("connection")
    return None


def _container(name: str, parts: list[Value | None]) -> Value | None:
    """What ``name[parts]`` promises, for the names of the standard library and of Tortoise."""
    if not parts:
        return None
    if name == "Union":
        return joined(parts)
    if name in ("Optional", "Annotated"):
        return parts[0]
    value = parts[1] if name in _MAPPINGS and len(parts) == 2 else parts[0]
    if value is None or value.model is None or value.kind != "row":
        return None
    if name in ("tuple", "Tuple"):
        return Value("pair", value.model) if len(parts) > 1 else None
    if name in _MAPPINGS:
        return Value("mapping", value.model) if len(parts) == 2 else None
    if name in _STREAMS:
        return Value("stream", value.model)
    if len(parts) > 1:
        return None
    if name in _LISTS:
        return Value("rows", value.model)
    if name in ("type", "Type"):
        return Value("class", value.model)
    if name == "QuerySet":
        return Value("query", value.model, "many")
    if name == "QuerySetSingle":
        return Value("query", value.model, "one")
    return None
