"""The tables of what Tortoise offers, held against the installed library."""

from __future__ import annotations

import importlib
import inspect
import warnings
from typing import Any

import pytest
from tortoise import Tortoise, fields, queryset
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.relational import ManyToManyRelation, ReverseRelation
from tortoise.models import Model
from tortoise_dev.analysis import tortoise_api
from tortoise_dev.rules.td111_old_spelling import DEPRECATED_ARGUMENTS, REMOVED

TABLES = {
    "queryset": (tortoise_api.QUERYSET_CALLS, [queryset.QuerySet]),
    "model": (tortoise_api.MODEL_CALLS, [Model]),
    "instance": (tortoise_api.INSTANCE_CALLS, [Model]),
    "relation": (tortoise_api.RELATION_CALLS, [ReverseRelation, ManyToManyRelation]),
    "connection": (tortoise_api.CONNECTION_CALLS, [BaseDBAsyncClient]),
    "tortoise": (tortoise_api.TORTOISE_CALLS, [Tortoise]),
}
AWAITABLE = {
    name for name, one in vars(queryset).items() if inspect.isclass(one) and hasattr(one, "__await__")
}


def _kind(owner: type, name: str) -> str:
    """What the library says that a call gives: a coroutine, an awaitable query, or something else."""
    function = inspect.unwrap(getattr(inspect.getattr_static(owner, name), "__func__", getattr(owner, name)))
    if inspect.iscoroutinefunction(function):
        return "coroutine"
    returns = str(inspect.signature(function).return_annotation).partition("[")[0]
    return "query" if returns.rpartition(".")[2] in AWAITABLE else "other"


@pytest.mark.parametrize("table", TABLES)
def test_a_table_says_what_the_library_does(table: str) -> None:
    calls, owners = TABLES[table]
    for name, gives in calls.items():
        owner = next(one for one in owners if hasattr(one, name))
        assert _kind(owner, name) == ("coroutine" if gives.startswith("coroutine:") else "query"), name


@pytest.mark.parametrize("table", ["queryset", "model", "relation", "connection"])
def test_no_awaitable_call_is_missing_from_a_table(table: str) -> None:
    calls, owners = TABLES[table]
    known = {*calls, *(tortoise_api.INSTANCE_CALLS if table == "model" else ())}
    not_for_code = {"close", "create_connection", "db_create", "db_delete"}
    for owner in owners:
        for name in dir(owner):
            public = not name.startswith("_") and callable(getattr(owner, name))
            if public and name not in not_for_code and _kind(owner, name) != "other":
                assert name in known, f"{owner.__name__}.{name}"


def test_query_attributes_are_all_that_a_query_has() -> None:
    public = {
        name
        for one in vars(queryset).values()
        if inspect.isclass(one) and one.__name__ in AWAITABLE
        for name in (*dir(one), *getattr(one, "__slots__", ()))
        if not name.startswith("_")
    }
    assert public <= tortoise_api.QUERY_ATTRIBUTES
    assert not public & {"id", "pk", "name", "save", "delete_all"}


@pytest.mark.parametrize("name", REMOVED)
def test_what_is_called_removed_is_gone(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    try:
        owner: Any = importlib.import_module(module)
    except ImportError:
        return
    assert not hasattr(owner, attribute)
    with pytest.raises(ImportError):
        importlib.import_module(name)


@pytest.mark.parametrize("old", [name for name in DEPRECATED_ARGUMENTS if name != "create_unique_index"])
def test_what_is_called_deprecated_warns(old: str) -> None:
    new, _ = DEPRECATED_ARGUMENTS[old]
    with pytest.warns(DeprecationWarning, match=f"`{old}` is deprecated"):
        fields.IntField(**{old: True})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fields.IntField(**{new: True})


def test_the_deprecated_argument_of_many_to_many_warns() -> None:
    new, _ = DEPRECATED_ARGUMENTS["create_unique_index"]
    with pytest.warns(DeprecationWarning, match=f"`create_unique_index` is deprecated! Use `{new}`"):
        fields.ManyToManyField("models.User", create_unique_index=False)
