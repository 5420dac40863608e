"""What Tortoise's fields know: the lookups that filters take, the options of fields and of ``class Meta``.

``tests/unit/analysis/test_field_tables.py`` holds these tables against the installed library.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import tortoise_api

VALUE_LOOKUPS = frozenset(
    (
        "not in not_in isnull not_isnull gte lte gt lt range contains startswith search endswith iexact "
        "icontains istartswith iendswith posix_regex iposix_regex year quarter month week day hour minute "
        "second microsecond"
    ).split()
)
"""The lookups of a column, and of an annotation: ``age__gte``."""
JSON_LOOKUPS = frozenset("not isnull not_isnull contains contained_by filter".split())
ARRAY_LOOKUPS = VALUE_LOOKUPS | {"contained_by", "overlap", "len"}
"""Before 0.25 an ArrayField had the lookups of other columns."""
MANY_LOOKUPS = frozenset("not in not_in".split())
BACKWARD_LOOKUPS = MANY_LOOKUPS | {"isnull", "not_isnull"}

LOOKUPS: Mapping[str, frozenset[str]] = {
    "value": VALUE_LOOKUPS,
    "json": JSON_LOOKUPS,
    "array": ARRAY_LOOKUPS,
    "one": frozenset(),
    "many": MANY_LOOKUPS,
    "backward": BACKWARD_LOOKUPS,
}
"""By the kind of an attribute what may follow its name after ``__``, besides the names of a related model."""

_COMMON = frozenset(
    "source_field generated null default db_default unique db_index description model validators".split()
) | {"primary_key", "pk", "index"}
_TO_ONE = frozenset("to model_name related_model related_name on_delete to_field db_constraint".split())
_TO_MANY = _TO_ONE | frozenset("through forward_key backward_key field_type create_unique_index".split())
_EXTRA: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "BigIntField BinaryField BooleanField DateField DurationField Field FloatField GeometryField "
            "IntField SmallIntField TextField TimeDeltaField BigIntegerField IntegerField SmallIntegerField"
        ).split(),
        frozenset(),
    ),
    **dict.fromkeys(["DatetimeField", "DateTimeField", "TimeField"], frozenset({"auto_now", "auto_now_add"})),
    "ArrayField": frozenset({"element_type"}),
    "CharEnumField": frozenset({"enum_type", "max_length"}),
    "CharField": frozenset({"max_length"}),
    "DecimalField": frozenset({"decimal_places", "max_digits"}),
    "ForeignKeyField": _TO_ONE,
    "IntEnumField": frozenset({"enum_type"}),
    "JSONField": frozenset({"decoder", "encoder", "field_type"}),
    "ManyToManyField": _TO_MANY,
    "OneToOneField": _TO_ONE,
    "TSVectorField": frozenset({"config", "source_fields", "stored", "weights"}),
    "UUIDField": frozenset({"binary_compression"}),
}
FIELD_OPTIONS: Mapping[str, frozenset[str]] = {name: _COMMON | extra for name, extra in _EXTRA.items()}
"""By the name of a field what it takes as keywords, in its old spelling too; it swallows all others."""

META_OPTIONS = frozenset(
    "abstract app constraints fetch_db_defaults indexes manager ordering pk_attr schema table".split()
) | {"table_description", "unique_together"}
"""What Tortoise reads of a ``class Meta``."""

_KINDS = {"JSONField": "json", "ArrayField": "array"}


def kind_of(name: str) -> str | None:
    """The kind of the attribute that a field with this dotted name makes; None for one that is not known."""
    last = tortoise_api.short(name)
    if not tortoise_api.is_field(name) or last not in FIELD_OPTIONS or last == "Field":
        return None
    if last in tortoise_api.TO_ONE_FIELDS:
        return "one"
    if last in tortoise_api.TO_MANY_FIELDS:
        return "many"
    return _KINDS.get(last, "value")
