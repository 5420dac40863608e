"""TD120 beside the library: a name is reported if, and only if, Tortoise refuses it."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import FieldError
from tortoise.expressions import F
from tortoise.functions import Count, Lower, Max, Sum
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise_dev.analysis.field_tables import ARRAY_LOOKUPS, JSON_LOOKUPS, VALUE_LOOKUPS
from tortoise_dev.analysis.project import load_project
from tortoise_dev.analysis.query_names import QueryNames, Use

pytestmark = pytest.mark.slow

ZOO = """\
from tortoise import fields
from tortoise.models import Model


class Stamped(Model):
    class Meta:
        abstract = True

    created = fields.DatetimeField(null=True)
    keeper = fields.ForeignKeyField("models.Keeper", null=True, related_name=False)


class Keeper(Model):
    code = fields.CharField(max_length=8, primary_key=True)
    name = fields.CharField(max_length=8, source_field="full_name")


class Cage(Stamped):
    class Meta:
        table = "cages"

    size = fields.IntField(null=True)
    data = fields.JSONField(null=True)
    twin = fields.ForeignKeyField("models.Cage", null=True, related_name="twins")


class Animal(Stamped):
    name = fields.TextField()
    cage = fields.ForeignKeyField("models.Cage", null=True, related_name="animals")
    friends = fields.ManyToManyField("models.Animal", related_name="fans")
    toys = fields.ManyToManyField("models.Toy")


class Toy(Model):
    price = fields.DecimalField(max_digits=8, decimal_places=2)


class Passport(Model):
    animal = fields.OneToOneField("models.Animal", related_name="passport")
    issued = fields.ForeignKeyField("models.Keeper", db_constraint=False)
    number = fields.IntField()
"""
MODELS = ("Keeper", "Cage", "Animal", "Toy", "Passport")
WORDS = (
    *"id pk created keeper keeper_id code name full_name size data twin twin_id twins cage cage_id".split(),
    *"animal animal_id animals friends fans toys toyss price passport passports number issued nope".split(),
)
SUFFIXES = ("", *sorted(VALUE_LOOKUPS | JSON_LOOKUPS | ARRAY_LOOKUPS), "date", "exact", "in_")


@pytest.fixture
def zoo(tmp_path: Path) -> Iterator[tuple[ModuleType, QueryNames, Callable[[str], Any]]]:
    """The models, imported; and what the checker makes of their text."""
    file = tmp_path / "zoo_of_names.py"
    file.write_text(ZOO, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    project = load_project([tmp_path], here=tmp_path)
    classes = {cls.name: cls for cls in project.all_models}
    specification = importlib.util.spec_from_file_location("zoo_of_names", file)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["zoo_of_names"] = module
    specification.loader.exec_module(module)
    yield module, project.once(QueryNames), classes.__getitem__
    del sys.modules["zoo_of_names"]


def _names(suffixes: tuple[str, ...]) -> Iterator[str]:
    """Names of one, two and three parts, known and unknown ones."""
    for word, suffix in itertools.product(WORDS, suffixes):
        yield f"{word}__{suffix}" if suffix else word
    for one, two in itertools.product(WORDS, WORDS):
        yield f"{one}__{two}"
    for one, two in itertools.product(("cage", "animals", "friends", "passport", "keeper", "name"), WORDS):
        for suffix in ("in", "isnull", "not", "nope") if len(suffixes) > 1 else ("cage", "nope"):
            yield f"{one}__{two}__{suffix}"


def _is_refused(model: type[Model], name: str, use: Use) -> bool | None:
    """Does the library refuse the name, before a value is looked at?

    None where it takes the name for a relation, which it judges by the first model alone.
    """
    query: QuerySet[Any] = QuerySet(model)
    try:
        match use:
            case "filter":
                query.filter(**{name: _Anything()}).sql()
            case "update":
                query.filter().update(**{name: None}).sql()
            case "values":
                query.values_list(name).sql()
            case "order":
                query.order_by(name).sql()
            case "relation":
                query.select_related(name).sql()
    except FieldError as error:
        return not any(text in str(error) for text in _ENDS_AT_A_RELATION)
    except AttributeError as error:  # select_related() of a column
        return "related_model" in str(error)
    except ValueError as error:
        return None if "Selecting relation" in str(error) else False
    except Exception:
        return False  # the name is known; what is wrong is the value, or that a relation is selected
    return False


_ENDS_AT_A_RELATION = ("Filtering by relation", "is virtual", 'Unknown field ""')
"""What Tortoise says where a name leads to a relation, and a column is wanted."""


class _Anything:
    """A value that no field refuses by its type alone: it is a list, a text and a number."""

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2))

    def __str__(self) -> str:
        return "1"


USES: dict[Use, tuple[str, ...]] = {
    "filter": SUFFIXES,
    "update": ("", "in"),
    "values": ("", "in"),
    "order": ("", "in"),
    "relation": ("", "in"),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("use", USES)
async def test_the_checker_knows_what_the_library_knows(use: Use, zoo) -> None:
    module, names, class_of = zoo
    compared, refused = 0, 0
    async with tortoise_test_context([module.__name__]):
        for model, name in itertools.product(MODELS, [*_names(USES[use])]):
            cls = class_of(model)
            miss = names.miss(cls, name, use) if names.is_strange(cls, name, use) else None
            is_refused = _is_refused(getattr(module, model), name, use)
            if is_refused is None or (is_refused and miss is None and _is_left_out(name, use)):
                continue
            assert (miss is not None) is is_refused, (model, name, use, miss)
            compared += 1
            refused += is_refused
    assert compared > 2_000
    assert refused > compared / 4
    assert compared - refused > 30


@pytest.mark.asyncio
@pytest.mark.parametrize("expression", [F, Count, Max, Lower, lambda name: Sum(F(name) + 1)])
async def test_an_expression_takes_no_name_that_is_reported(expression: Callable[[str], Any], zoo) -> None:
    module, names, class_of = zoo
    reported = 0
    async with tortoise_test_context([module.__name__]):
        for model, name in itertools.product(MODELS, [*_names(("",))]):
            cls = class_of(model)
            if names.is_strange(cls, name, "values") and names.miss(cls, name, "values") is not None:
                with pytest.raises(FieldError):
                    QuerySet(getattr(module, model)).annotate(x=expression(name)).values("x").sql()
                reported += 1
    assert reported > 1_000


def _is_left_out(name: str, use: Use) -> bool:
    """What fails, and yet is not reported: a key of a JSON field, ``pk`` behind a filter's relations."""
    return ("data__" in name and use in ("values", "order")) or "pk__" in name
