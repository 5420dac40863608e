"""The tables of what fields know, held against the installed library."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import pytest
from tortoise import fields
from tortoise.contrib.mysql.fields import GeometryField
from tortoise.contrib.postgres.fields import ArrayField, TSVectorField
from tortoise.fields import data, relational
from tortoise.fields.base import Field
from tortoise.filters import get_backward_fk_filters, get_filters_for_field, get_m2m_filters
from tortoise.models import MetaInfo, Model
from tortoise_dev.analysis import field_tables


class Shelf(Model):
    """The target of a relation."""

    class Meta:
        app = "models"


def _lookups(filters: dict[str, Any]) -> set[str]:
    return {key.partition("__")[2] for key in filters} - {""}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("value", fields.IntField()),
        ("value", fields.CharField(8)),
        ("value", None),
        ("json", fields.JSONField()),
    ],
)
def test_lookups_of_columns(kind: str, field: Field[Any] | None) -> None:
    assert _lookups(get_filters_for_field("x", field, "x")) == field_tables.LOOKUPS[kind]


def test_lookups_of_arrays() -> None:
    now = _lookups(get_filters_for_field("x", ArrayField(), "x"))
    assert now < field_tables.ARRAY_LOOKUPS
    assert now | field_tables.VALUE_LOOKUPS == field_tables.ARRAY_LOOKUPS


def test_lookups_of_relations() -> None:
    many = fields.ManyToManyField("models.Shelf", through="x", backward_key="a", forward_key="b")
    many.related_model = Shelf  # type: ignore[attr-defined]
    assert _lookups(get_m2m_filters("x", many)) == field_tables.LOOKUPS["many"]  # type: ignore[arg-type]
    back = relational.BackwardFKRelation(Shelf, "shelf_id", "shelf_id", null=True, description=None)
    assert _lookups(get_backward_fk_filters("x", back)) == field_tables.LOOKUPS["backward"]
    to_one = fields.ForeignKeyField("models.Shelf")
    to_one.related_model = Shelf  # type: ignore[attr-defined]
    dispatched = {name for name in field_tables.LOOKUPS["one"] if name}
    assert dispatched == set(), "a foreign key has no lookups: its column has"


FIELDS = {
    name: one
    for name, one in {**vars(fields), "ArrayField": ArrayField, "TSVectorField": TSVectorField}.items()
    if name.endswith("Field")
}


@pytest.mark.parametrize("name", [*FIELDS, "GeometryField"])
def test_options_of_fields(name: str) -> None:
    field = FIELDS.get(name, GeometryField)
    if name == "UUIDField":  # MySQL's has one option more, under the same name
        taken = _options(importlib.import_module("tortoise.contrib.mysql.fields").UUIDField)
    elif inspect.isfunction(field):
        instance = getattr(relational, f"{name}Instance", None) or getattr(data, f"{name}Instance")
        taken = {*_options(instance), *_parameters(field)}
    else:
        taken = _options(field)
    assert taken == field_tables.FIELD_OPTIONS[name]


def test_every_field_is_in_the_table() -> None:
    assert {*FIELDS, "GeometryField"} == set(field_tables.FIELD_OPTIONS)


def _options(field: type) -> set[str]:
    """What the constructors of a field take, by their signatures and by what they look up in ``kwargs``."""
    found: set[str] = set()
    for one in field.__mro__:
        init = one.__dict__.get("__init__")
        if init is not None and issubclass(one, Field):
            found |= _parameters(init)
            found |= set(re.findall(r"kwargs(?:\.pop|\.get)?[(\[]\"(\w+)\"", inspect.getsource(init)))
    return found


def _parameters(function: Any) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    return {one.name for one in parameters if one.kind is not one.VAR_KEYWORD} - {"self"}


def test_an_unknown_option_is_dropped_without_a_word() -> None:
    assert not hasattr(fields.BooleanField(defualt=False), "defualt")
    assert not hasattr(fields.ForeignKeyField("models.Shelf", on_update="CASCADE"), "on_update")


def test_options_of_meta() -> None:
    asked: set[str] = set()

    class Recorder:
        def __getattr__(self, name: str) -> Any:
            asked.add(name)
            raise AttributeError(name)

    MetaInfo(Recorder())  # type: ignore[arg-type]
    assert asked == field_tables.META_OPTIONS


def test_kinds() -> None:
    assert field_tables.kind_of("tortoise.fields.CharField") == "value"
    assert field_tables.kind_of("tortoise.fields.data.JSONField") == "json"
    assert field_tables.kind_of("tortoise.contrib.postgres.fields.ArrayField") == "array"
    assert field_tables.kind_of("tortoise.fields.OneToOneField") == "one"
    assert field_tables.kind_of("tortoise.fields.ManyToManyField") == "many"
    assert field_tables.kind_of("tortoise.fields.base.Field") is None
    assert field_tables.kind_of("acme.fields.CharField") is None
