"""What an annotation promises of a value: a row, a list of rows, a query, a connection."""

from __future__ import annotations

import ast
import re

from . import tortoise_api
from .bound_values import defined
from .models import Models
from .modules import Class, External, Module, unquoted
from .scopes import Scope
from .source import source_of
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
            return _alias(module, models, node) if isinstance(node, ast.Name) else None
    return None


def _alias(module: Module, models: Models, name: ast.Name) -> Value | None:
    """What a name of an annotation promises: ``Current = Annotated[User, …]``, ``TypeVar("M", bound=…)``."""
    where, value = defined(module, name.id)
    match value:
        case ast.Subscript() | ast.BinOp(op=ast.BitOr()) | ast.Constant(value=str()):
            return annotated(where, models, value, where.scope) if _is_free_of(value, name.id) else None
        case ast.Call(func=ast.Name(id="TypeVar") | ast.Attribute(attr="TypeVar"), keywords=keywords):
            bound = next((one.value for one in keywords if one.arg == "bound"), None)
            found = annotated(where, models, bound, where.scope) if bound is not None else None
            return found._replace(mixed=True) if found is not None else None
    return None


def _is_free_of(value: ast.expr, name: str) -> bool:
    """Is an alias free of its own name? ``Tree = dict[str, "Tree"]`` has no end."""
    return re.search(rf"\b{name}\b", source_of(value)) is None


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
        return value._replace(kind="pair") if len(parts) > 1 else None
    if name in _MAPPINGS:
        return value._replace(kind="mapping") if len(parts) == 2 else None
    if name in _STREAMS:
        return value._replace(kind="stream")
    if len(parts) > 1:
        return None
    if name in _LISTS:
        return value._replace(kind="rows")
    if name in ("type", "Type"):
        return value._replace(kind="class")
    if name == "QuerySet":
        return value._replace(kind="query", gives="many")
    if name == "QuerySetSingle":
        return value._replace(kind="query", gives="one")
    return None
