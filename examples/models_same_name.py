"""Two classes of one name under one app label: the module listed last wins silently.

The other class cannot be used, and relations that name it reach the winner.
"""

import asyncio
import sys
import types
import warnings

from tortoise import Tortoise, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model


def module(name: str, table: str) -> type[Model]:
    """A module of its own with a model called Invoice."""
    meta = type("Meta", (), {"table": table})
    members = {
        "Meta": meta,
        "id": fields.IntField(primary_key=True),
        "number": fields.CharField(max_length=9),
    }
    model = type(Model)("Invoice", (Model,), {"__module__": name, **members})
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].Invoice = model  # type: ignore[attr-defined]
    return model


async def main() -> None:
    billing, archive = module("billing_models", "invoice"), module("archive_models", "archived_invoice")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with tortoise_test_context(["billing_models", "archive_models"]):
            assert Tortoise.apps is not None
            assert Tortoise.apps["models"] == {"Invoice": archive}
            await archive.create(number="A-1")
            try:
                await billing.create(number="B-1")
            except ConfigurationError as error:
                assert "default_connection for the model" in str(error)
            else:
                raise AssertionError("both models work")


asyncio.run(main())
