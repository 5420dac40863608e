"""What Tortoise itself offers: its names, and what its calls give.

``tests/unit/analysis/test_tortoise_api.py`` holds these tables against the installed library.
"""

from __future__ import annotations

MODEL_NAMES = frozenset({"tortoise.models.Model", "tortoise.Model"})
PUBLISHED_BASES = frozenset({"dipdup.models.Model", "fastapi_admin.models.AbstractAdmin"})
"""Models that packages publish to be extended; a project adds its own by ``extra-model-bases``."""

# What a call gives. "many": a queryset; "one": an awaitable for a single row; "other": an awaitable for
# something else; "coroutine:…": a coroutine. Nothing of it happens before it is awaited.
QUERYSET_CALLS: dict[str, str] = {
    **dict.fromkeys(
        (
            "all filter exclude annotate distinct order_by limit offset only prefetch_related "
            "select_related select_for_update group_by use_index force_index using_db"
        ).split(),
        "many",
    ),
    **dict.fromkeys(["get", "get_or_none", "first", "last", "earliest", "latest"], "one"),
    **dict.fromkeys(
        ("count delete update exists contains values values_list bulk_create bulk_update raw union").split(),
        "other",
    ),
    "in_bulk": "coroutine:mapping",
    "explain": "coroutine:other",
}
MODEL_CALLS: dict[str, str] = {
    **dict.fromkeys(["all", "filter", "exclude", "annotate", "select_for_update"], "many"),
    **dict.fromkeys(["get", "get_or_none", "first", "last", "earliest", "latest"], "one"),
    **dict.fromkeys(["bulk_create", "bulk_update", "exists", "raw"], "other"),
    "create": "coroutine:one",
    "get_or_create": "coroutine:pair",
    "update_or_create": "coroutine:pair",
    "fetch_for_list": "coroutine:other",
    "in_bulk": "coroutine:mapping",
}
INSTANCE_CALLS: dict[str, str] = dict.fromkeys(
    ["save", "delete", "fetch_related", "refresh_from_db"], "coroutine:other"
)
ROW_CALLS: dict[str, str] = {**MODEL_CALLS, **INSTANCE_CALLS, "update_from_dict": "row", "clone": "row"}
RELATION_CALLS: dict[str, str] = {
    **dict.fromkeys(["all", "filter", "limit", "offset", "order_by"], "many"),
    **dict.fromkeys(["add", "remove", "clear", "create"], "coroutine:other"),
}
CONNECTION_CALLS: dict[str, str] = dict.fromkeys(
    [
        "execute_query",
        "execute_query_dict",
        "execute_query_dict_with_affected",
        "execute_insert",
        "execute_many",
        "execute_script",
    ],
    "coroutine:other",
)
CONNECTION_CLASSES = frozenset(
    {
        *("BaseDBAsyncClient", "TransactionalDBClient", "TransactionContext", "TransactionWrapper"),
        *("AsyncpgDBClient", "PsycopgClient", "MySQLClient", "SqliteClient"),
    }
)
"""Classes that annotate connections."""
TORTOISE_CALLS: dict[str, str] = dict.fromkeys(
    ["init", "generate_schemas", "close_connections"], "coroutine:other"
)

AWAITABLE_NAMES = frozenset(
    (
        *QUERYSET_CALLS,
        *MODEL_CALLS,
        *ROW_CALLS,
        *RELATION_CALLS,
        *CONNECTION_CALLS,
        *TORTOISE_CALLS,
        "close_all",
    )
)
"""The last names of all calls that give something to await."""

# Every attribute that some awaitable query has: reading another one fails.
QUERY_ATTRIBUTES = frozenset(
    {
        *QUERYSET_CALLS,
        *(
            "model query capabilities sql as_query resolve_filters resolve_ordering explain "
            "fields fields_for_select objects batch_size ignore_conflicts update_fields "
            "on_conflict update_kwargs force_indexes use_indexes flat single raise_does_not_exist "
            "add_field_to_select_query resolve_to_python_value TORTOISE_APP_FIELD "
            "TORTOISE_MODEL_FIELD"
        ).split(),
    }
)
COROUTINE_ATTRIBUTES = frozenset({"close", "send", "throw", "cr_await", "cr_code", "cr_frame", "cr_running"})

TO_MANY_FIELDS = frozenset({"ManyToManyField"})
TO_ONE_FIELDS = frozenset({"ForeignKeyField", "OneToOneField"})
TO_MANY_ANNOTATIONS = frozenset({"ReverseRelation", "ManyToManyRelation"})
TO_ONE_ANNOTATIONS = frozenset(
    {
        *("ForeignKeyRelation", "ForeignKeyNullableRelation"),
        *("OneToOneRelation", "OneToOneNullableRelation", "BackwardOneToOneRelation"),
    }
)
SIGNALS = frozenset({"post_save", "pre_save", "pre_delete", "post_delete"})
WRITES = frozenset(
    (
        "save delete create update bulk_create bulk_update get_or_create update_or_create add remove clear"
    ).split()
)


MODEL_ATTRIBUTES = frozenset(
    (
        "Meta all annotate bulk_create bulk_update clone create delete describe earliest exclude exists "
        "fetch_for_list fetch_related filter first get get_or_create get_or_none get_table in_bulk last "
        "latest pk raw refresh_from_db register_listener save select_for_update update_from_dict "
        "update_or_create"
    ).split()
)
"""Attributes of a model. From release 1.0 on, no field may have such a name."""

OWN_META_OPTIONS = frozenset(
    "app constraints indexes manager schema table table_description unique_together".split()
)
"""Options of a Meta that a subclass does not get; ``ordering`` it does."""


def short(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]


def is_tortoise(name: str, *last: str) -> bool:
    """Is this dotted name one of Tortoise's, and its last part one of these?"""
    return name.startswith("tortoise.") and short(name) in last


def is_field(name: str) -> bool:
    """Is this dotted name one of Tortoise's field classes or functions?"""
    return name.startswith("tortoise.") and ".fields" in name and short(name).endswith("Field")
