"""What relations are called on their other side, and what tables are called: what Tortoise makes is right."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from tortoise import Model, Tortoise
from tortoise.context import TortoiseContext
from tortoise.fields.relational import BackwardOneToOneRelation
from tortoise_dev.analysis.backward import backward_relations
from tortoise_dev.analysis.modules import Class
from tortoise_dev.analysis.project import Project, load_project
from tortoise_dev.analysis.tables import table_of

HEAD = """\
from tortoise import fields
from tortoise.models import Model


class Customer(Model):
    name = fields.CharField(max_length=50)
    code = fields.CharField(max_length=9, unique=True)


"""

MODELS = {
    "default": """\
class Invoice(Model):
    customer = fields.ForeignKeyField("shop.Customer")
""",
    "default of a table with a name of its own": """\
class Invoice(Model):
    class Meta:
        table = "billing_invoice"

    customer = fields.ForeignKeyField("shop.Customer")
""",
    "an empty table and an annotated one": """\
class Invoice(Model):
    class Meta:
        table = ""

    customer = fields.ForeignKeyField("shop.Customer")


class Refund(Model):
    class Meta:
        table: str = "paid_back"

    customer = fields.ForeignKeyField("shop.Customer")
""",
    "a Meta that extends another one": """\
class Common:
    table = "common"


class Invoice(Model):
    class Meta(Common):
        table = "billing_invoice"

    customer = fields.ForeignKeyField("shop.Customer")
""",
    "default of one to one has an s": """\
class Profile(Model):
    customer = fields.OneToOneField("shop.Customer")
""",
    "default of many to many": """\
class Tag(Model):
    class Meta:
        table = "label"

    customers = fields.ManyToManyField("shop.Customer", through="customer_tag")
""",
    "names that are given": """\
class Invoice(Model):
    customer = fields.ForeignKeyField("shop.Customer", related_name="invoices")
    payer = fields.ForeignKeyField("shop.Customer", "paid")
    guest = fields.OneToOneField("shop.Customer", related_name="visit")
    others = fields.ManyToManyField("shop.Customer", related_name="shared")
""",
    "None and an empty name are the default": """\
class Invoice(Model):
    customer = fields.ForeignKeyField("shop.Customer", related_name=None)


class Refund(Model):
    customer = fields.ForeignKeyField("shop.Customer", related_name="")
""",
    "False leaves the attribute out": """\
class Invoice(Model):
    customer = fields.ForeignKeyField("shop.Customer", related_name=False)
    guest = fields.OneToOneField("shop.Customer", related_name=False)
""",
    "False of many to many is the default": """\
class Invoice(Model):
    customers = fields.ManyToManyField("shop.Customer", related_name=False)
""",
    "a plus is a name as any other": """\
class Invoice(Model):
    customer = fields.ForeignKeyField("shop.Customer", related_name="+")
""",
    "many to many by position": """\
class Tag(Model):
    customers = fields.ManyToManyField("shop.Customer", "customer_tag", "tag_id", "customer_id", "tags")
""",
    "the class instead of its name, and the name as a keyword": """\
class Invoice(Model):
    customer = fields.ForeignKeyField(Customer, related_name="invoices")
    payer = fields.ForeignKeyField(to="shop.Customer", related_name="paid")
""",
    "another field of the target": """\
class Invoice(Model):
    customer = fields.ForeignKeyField("shop.Customer", to_field="code", related_name="invoices")
""",
    "a relation to its own model": """\
class Folder(Model):
    parent = fields.ForeignKeyField("shop.Folder", null=True)
""",
    "the default of an abstract model is each child's": """\
class Owned(Model):
    class Meta:
        abstract = True

    customer = fields.ForeignKeyField("shop.Customer")


class Invoice(Owned):
    pass


class Refund(Owned):
    class Meta:
        table = "paid_back"
""",
    "a name that an abstract model gives": """\
class Owned(Model):
    class Meta:
        abstract = True

    customer = fields.ForeignKeyField("shop.Customer", related_name="invoices")


class Between(Owned):
    class Meta:
        abstract = True


class Invoice(Between):
    pass
""",
    "a field of a mixin that is no model": """\
class Owned:
    customer = fields.ForeignKeyField("shop.Customer", related_name="invoices")


class Invoice(Owned, Model):
    pass
""",
}

_numbers = count()


class Way(NamedTuple):
    """An attribute that a relation gives to the model that it leads to."""

    model: str
    name: str
    source: str
    arity: str
    is_many_to_many: bool


def _made(models: list[type[Model]]) -> set[Way]:
    """What Tortoise made of the relations."""
    found: set[Way] = set()
    for model in models:
        meta = model._meta
        for name in meta.backward_fk_fields | meta.backward_o2o_fields:
            field = meta.fields_map[name]
            arity = "one" if isinstance(field, BackwardOneToOneRelation) else "many"
            found.add(Way(model.__name__, name, field.related_model.__name__, arity, False))  # type: ignore[attr-defined]
        for name in meta.m2m_fields:
            field = meta.fields_map[name]
            if field._generated:  # type: ignore[attr-defined]
                found.add(Way(model.__name__, name, field.related_model.__name__, "many", True))  # type: ignore[attr-defined]
    return found


def _read(project: Project, models: list[type[Model]], *, is_whole: bool) -> set[Way]:
    """What the checker reads: of the whole project, or by the files that hold the name of the model."""
    found: set[Way] = set()
    for model in models:
        name = model.__name__
        relations = project.once(backward_relations) if is_whole else project.backward_to(name)
        assert not relations.is_open
        assert name not in relations.unsure
        for attribute, ways in relations.of(name).items():
            for way in ways:
                assert way.source is not None
                found.add(Way(name, attribute, way.source.name, way.arity, way.kind == "many"))
    return found


@pytest.fixture(name="shop", params=MODELS)
def _shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Project, list[type[Model]]]:
    return _both(MODELS[request.param], tmp_path, monkeypatch)


def _both(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Project, list[type[Model]]]:
    """The same models twice: read by the checker, and made by Tortoise."""
    module = f"shop_{next(_numbers)}"
    (folder / f"{module}.py").write_text(HEAD + text)
    monkeypatch.syspath_prepend(folder)
    with TortoiseContext() as context:
        Tortoise.init_models([import_module(module)], "shop")
        assert context.apps is not None
        made = list(context.apps.apps["shop"].values())
    sys.modules.pop(module)
    return load_project([folder], here=folder), made


@pytest.mark.parametrize("is_whole", [True, False])
def test_backward_relations_are_those_of_tortoise(
    shop: tuple[Project, list[type[Model]]], is_whole: bool
) -> None:
    project, models = shop
    made = _made(models)
    assert _read(project, models, is_whole=is_whole) == made


def test_a_child_of_a_model_with_a_table_is_found_in_the_whole_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parent's file says nothing of it: the files near the target are not enough."""
    project, models = _both(
        """\
class Invoice(Model):
    class Meta:
        table = "billing_invoice"

    customer = fields.ForeignKeyField("shop.Customer")


class Refund(Invoice):
    pass
""",
        tmp_path,
        monkeypatch,
    )
    made = _made(models)
    assert {way.name for way in made} == {"billing_invoices", "refunds"}
    assert _read(project, models, is_whole=True) == made
    assert _read(project, models, is_whole=False) == {way for way in made if way.name != "refunds"}


def test_tables_are_those_of_tortoise(shop: tuple[Project, list[type[Model]]]) -> None:
    project, models = shop
    for model in models:
        (cls,) = project.models_named(model.__name__)
        assert table_of(cls) == model._meta.db_table


FIELD = '    customer = fields.ForeignKeyField("shop.Customer")\n'
UNSURE = {
    "a name that is computed": FIELD.replace(")", ", related_name=NAME)"),
    "a table that is computed": f"    class Meta:\n        table = NAME\n\n{FIELD}",
    "a Meta that extends another one": f"    class Meta(Customer.Meta):\n        pass\n\n{FIELD}",
    "a function that makes names of tables": f"{FIELD}\n\ntable_name_generator = str\n",
}


@pytest.mark.parametrize("case", [*UNSURE, None])
def test_what_the_text_does_not_tell_is_unsure(case: str | None, tmp_path: Path) -> None:
    body = UNSURE[case] if case is not None else FIELD
    (tmp_path / "shop.py").write_text(f"{HEAD}class Invoice(Model):\n{body}")
    project = load_project([tmp_path], here=tmp_path)
    for relations in (project.once(backward_relations), project.backward_to("Customer")):
        assert ("Customer" in relations.unsure) is (case is not None)


def test_rows_have_the_backward_relations_of_their_model(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        HEAD
        + f"class Invoice(Model):\n{FIELD}\n"
        + "class Profile(Model):\n"
        + FIELD.replace("ForeignKey", "OneToOne").replace(")", ', related_name="profile")')
    )
    project = load_project([tmp_path], here=tmp_path)
    (customer,) = project.models_named("Customer")
    relations = project.relations
    assert _name(relations.related(customer, "invoices")) == "Invoice"
    assert relations.backward_arity(customer, "invoices") == "many"
    assert relations.backward_arity(customer, "profile") == "one"
    assert relations.backward(customer, "invoice") is None
    assert relations.may_be_backward(customer, "invoices")
    assert not relations.may_be_backward(customer, "names")


def _name(cls: Class | None) -> str | None:
    return cls.name if cls is not None else None
