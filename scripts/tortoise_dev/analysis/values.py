"""What can be known of a value, as far as Tortoise is concerned: that it is a model, a row, a query …"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from . import tortoise_api
from .modules import Class, Entity, External

Kind: TypeAlias = Literal[
    "class",  # a model class
    "row",  # an instance of a model
    "rows",  # a list of instances
    "pair",  # (instance, created)
    "super",  # super() in a method of a model
    "query",  # an awaitable query: nothing is sent before it is awaited
    "coroutine",  # a coroutine of Tortoise or of a model
    "relation",  # the many side of a relation
    "manager",
    "meta",  # the _meta of a model
    "mapping",  # a dictionary whose values are instances
    "stream",  # a generator of instances
    "connection",
    "plain",  # certainly none of these: a literal
]


class Value(NamedTuple):
    """What is known of a value. ``model`` is the model it is about; ``gives`` what awaiting it yields."""

    kind: Kind
    model: Class | None = None
    gives: str = ""
    mixed: bool = False
    """May it be about another model too, as in ``A if x else B``? ``model`` is then the first of them."""

    @property
    def awaitable(self) -> bool:
        """Does it do nothing until it is awaited?"""
        return self.kind in ("query", "coroutine")


PLAIN = Value("plain")
SAME = Value("plain", gives="same")
"""The name that is just being judged: ``q = q.filter()`` says nothing against its other bindings."""


def given_by_library(entities: Iterable[Entity]) -> Value | None:
    """What a call of Tortoise's own functions gives."""
    for entity in entities:
        if not isinstance(entity, External) or not entity.name.startswith("tortoise."):
            continue
        owner, _, name = entity.name.rpartition(".")
        if name in ("get_connection", "current_transaction"):
            return Value("connection")
        if tortoise_api.short(owner) == "connections" and name == "get":
            return Value("connection")
        if tortoise_api.short(owner) == "connections" and name in ("close_all",):
            return Value("coroutine", None, "other")
        if tortoise_api.short(owner) == "Tortoise" and name in tortoise_api.TORTOISE_CALLS:
            return Value("coroutine", None, "other")
    return None


def awaited(value: Value | None) -> Value | None:
    """What awaiting a value yields."""
    if value is None or not value.awaitable:
        return None
    kinds: dict[str, Kind] = {"one": "row", "many": "rows", "pair": "pair", "mapping": "mapping"}
    kind = kinds.get(value.gives)
    if kind is None or (value.model is None and kind != "pair"):
        return None
    return Value(kind, value.model, mixed=value.mixed)


def joined(values: Iterable[Value | None]) -> Value | None:
    """What is known if it may be any of these; literals (``x = None``) say nothing against the others."""
    found: Value | None = None
    plain: Value | None = None
    for value in values:
        if value is None:
            return None
        if value.kind == "plain":
            plain = value if plain is None or value != SAME else plain
        elif found is None:
            found = value
        elif (found.kind, found.gives) == (value.kind, value.gives):
            mixed = found.mixed or value.mixed or found.model is not value.model
            found = Value(found.kind, found.model, found.gives, mixed)
        else:
            return None
    return found if found is not None else plain
