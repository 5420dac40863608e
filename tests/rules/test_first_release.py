"""TD133 and TD134 beside the library: what is reported is refused at the start, or warned of."""

from __future__ import annotations

import inspect
import sys
import warnings
from types import ModuleType
from typing import Any

import pytest
from tortoise import fields
from tortoise.backends.base.config_generator import generate_config
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model
from tortoise_dev.analysis import tortoise_api

JOB = """\
from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Job(Model):
    at = fields.DatetimeField(null=True)


async def in_filter():
    await Job.filter(at__gte=datetime.now())


async def in_update():
    await Job.all().update(at=datetime.now())


async def in_create():
    await Job.create(at=datetime.now())
"""


def is_refused(name: str) -> bool:
    """Does Tortoise refuse a field of this name?"""
    try:
        type("Clash", (Model,), {"__module__": "elsewhere", name: fields.IntField(null=True)})
    except ConfigurationError as error:
        assert "conflict with default Model attributes" in str(error)
        return True
    return False


def test_the_names_are_those_that_tortoise_refuses() -> None:
    public = {name for name in (*dir(Model), *dir(type(Model))) if not name.startswith("_")}
    refused = {name for name in public | {"update", "name", "order_by"} if is_refused(name)}
    later = {"construct", "build_meta"}  # with 1.1; of the metaclass
    assert refused - later == tortoise_api.MODEL_ATTRIBUTES


@pytest.mark.asyncio
@pytest.mark.parametrize("models", [("app.job",), "app.job", {"app.job"}, ["app.job"]], ids=str)
@pytest.mark.parametrize("how", ["apps", "modules"])
async def test_models_that_are_reported_are_refused(project, models: Any, how: str) -> None:
    project.write({"app/job.py": JOB.partition("async")[0]})
    if how == "apps":
        given = {"connections": {"default": "sqlite://:memory:"}, "apps": {"models": {"models": models}}}
        project.write({"config.py": f"TORTOISE_ORM = {given!r}\n"})
    else:
        text = "from tortoise import Tortoise\n\n\nasync def main():\n    await Tortoise.init(modules={!r})\n"
        project.write({"config.py": text.format({"models": models})})
        given = generate_config("sqlite://:memory:", {"models": models})
    async with TortoiseContext() as context:
        try:
            await context.init(config=given)
        except ConfigurationError as error:
            is_accepted = "must be a list of strings" not in str(error)  # else: the module is not found
        else:
            is_accepted = True
    found = project.found("--select", "TD133")
    assert (found == []) is is_accepted is isinstance(models, list)


@pytest.mark.asyncio
async def test_times_that_are_reported_are_warned_of(project, monkeypatch) -> None:
    project.write({"app/job.py": JOB})
    module = ModuleType("jobs_of_a_test")
    exec(compile(JOB, "job.py", "exec", dont_inherit=True), vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    warned: set[int] = set()
    async with tortoise_test_context([module.__name__]):
        for function in list(vars(module).values()):
            if inspect.iscoroutinefunction(function):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    await function()
                if any("naive datetime" in str(one.message) for one in caught):
                    warned.add(function.__code__.co_firstlineno + 1)
    assert {line for _, line, _ in project.found("--select", "TD134")} == warned
    assert len(warned) == 2
