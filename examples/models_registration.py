"""What Tortoise knows of: the classes that the named modules hold, under one app label or several."""

import asyncio
import sys
import types
import warnings
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model


def module(name: str, *models: type[Model]) -> None:
    """A module that holds these classes, as a package does whose __init__.py re-exports them."""
    sys.modules[name] = types.ModuleType(name)
    for model in models:
        setattr(sys.modules[name], model.__name__, model)


def model(class_name: str, module_name: str, /, *bases: type[Model], **members: Any) -> type[Model]:
    return type(Model)(class_name, bases or (Model,), {"__module__": module_name, **members})


async def abstract_bases_are_passed_over() -> None:
    base = model("BaseCustomer", "shop", Meta=type("Meta", (), {"abstract": True}))
    customer = model("Customer", "shop", base, name=fields.CharField(max_length=9))
    module("shop", base, customer)
    async with tortoise_test_context(["shop"]) as context:
        assert list(context.apps.get_models_iterable()) == [customer]


async def a_forgotten_re_export() -> None:
    """The class exists, its module is imported; the package doesn't hold it."""
    lost = model("Lost", "lost", name=fields.CharField(max_length=9))
    finder = model("Finder", "lost", found=fields.ForeignKeyField("models.Lost"))
    module("lost", finder)
    try:
        async with tortoise_test_context(["lost"]):
            pass
    except ConfigurationError as error:
        assert "No model with name 'Lost' registered in app 'models'" in str(error)
    else:
        raise AssertionError("a relation to a model that is not registered")

    module("found", model("Other", "found", name=fields.CharField(max_length=9)))
    async with tortoise_test_context(["found"]):
        try:
            await lost.all()
        except ConfigurationError as error:
            assert "default_connection for the model <class 'lost.Lost'> cannot be None" in str(error)
        else:
            raise AssertionError("a model that is not registered was queried")


async def an_empty_module() -> None:
    module("empty")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with tortoise_test_context(["empty"]):
            pass
    assert [str(warning.message) for warning in caught] == ['Module "empty" has no models']  # no error


async def a_label_for_each_sub_application() -> None:
    """Foreign keys then name the label. tortoise_test_context() has one label only; TortoiseContext any."""
    user = model("User", "users", name=fields.CharField(max_length=9))
    owner = fields.ForeignKeyField("users.User", related_name="bills")
    bill = model("Bill", "bills", owner=owner)
    module("users", user)
    module("bills", bill)
    try:
        async with tortoise_test_context(["bills", "users"], app_label="bills"):
            pass
    except ConfigurationError as error:
        assert "No app with name 'users' registered" in str(error)
    else:
        raise AssertionError("one label stands for two")

    module("users", user := model("User", "users", name=fields.CharField(max_length=9)))
    owner = fields.ForeignKeyField("users.User", related_name="bills")
    module("bills", bill := model("Bill", "bills", owner=owner))
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"users": ["users"], "bills": ["bills"]})
        await context.generate_schemas()
        ann = await user.create(name="Ann")
        await bill.create(owner=ann)
        assert await bill.filter(owner__name="Ann").count() == 1


async def a_model_made_at_run_time() -> None:
    """Before the start Tortoise takes it, afterwards no more."""
    module("early", early := model("Early", "early", name=fields.CharField(max_length=9)))
    async with tortoise_test_context(["early"]):
        assert await early.all().count() == 0
        assert "name" in early._meta.fields_map
        late = model("Late", "early", name=fields.CharField(max_length=9))
        module("early", early, late)
        try:
            await late.all()
        except ConfigurationError as error:
            assert "model <class 'early.Late'> cannot be None" in str(error)
        else:
            raise AssertionError("a model that was made later was queried")


for scene in (
    a_model_made_at_run_time,
    abstract_bases_are_passed_over,
    a_forgotten_re_export,
    an_empty_module,
    a_label_for_each_sub_application,
):
    asyncio.run(scene())
