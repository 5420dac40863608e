"""What the installed packages offer: names, members of classes, parameters of calls, commands, options."""

from __future__ import annotations

import argparse
import builtins
import importlib
import inspect
import keyword
import pkgutil
import re
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from prose.code import package_code

WALKED = ("tortoise", "aerich")
"""Packages whose every module is read; drivers of databases that nobody here runs are left out."""
STRICT = (*WALKED, "asyncpg", "pydantic", "fastapi", "starlette", "httpx")
"""Names that are always the package: no page uses them for a variable."""
LEFT_OUT = re.compile(
    r"tortoise\.(backends\.(mssql|oracle|odbc)|contrib\.(pylint|mysql)|cli\.)|__main__|\.mssql|\.oracle"
)
LISTED = """
    pydantic pydantic_settings fastapi fastapi.testclient starlette.applications starlette.testclient
    starlette.requests starlette.responses starlette.background pytest pytest_asyncio asyncpg
    asyncpg.exceptions psycopg httpx hypothesis freezegun time_machine asyncio datetime decimal uuid
    contextlib unittest.mock subprocess signal warnings typing dataclasses enum abc zoneinfo threading
    time importlib functools itertools json os sys pathlib sqlite3 logging aiohttp.web
    aiohttp.test_utils sanic quart blacksheep nexios inspect concurrent.futures multiprocessing
""".split()
MEMBERS_OF = """
    pydantic.BaseModel fastapi.FastAPI fastapi.APIRouter unittest.mock.AsyncMock datetime.datetime
    datetime.timedelta asyncio.TaskGroup asyncio.AbstractEventLoop asyncpg.Connection asyncpg.Pool
""".split()
"""Classes of other packages whose methods pages name without their class."""
META_OPTIONS = frozenset(
    re.findall(r'getattr\(meta(?:_class)?, "(\w+)"', package_code("tortoise.models"))
) | frozenset({"ordering", "indexes", "unique_together"})


def _modules() -> Iterator[ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in WALKED:
            package = importlib.import_module(name)
            yield package
            for found in pkgutil.walk_packages(package.__path__, f"{name}."):
                if LEFT_OUT.search(found.name):
                    continue
                try:
                    yield importlib.import_module(found.name)
                except ImportError:  # a driver or framework that is not installed
                    continue
        for name in LISTED:
            yield importlib.import_module(name)


@cache
def names() -> dict[str, list[Any]]:
    """Public name -> what bears it: of modules, and of the classes that Tortoise and Aerich define."""
    found: dict[str, list[Any]] = defaultdict(list)

    def add(name: str, value: Any) -> None:
        if not any(value is other for other in found[name]):
            found[name].append(value)

    for name in (*dir(builtins), *keyword.kwlist):
        add(name, getattr(builtins, name, None))
    for module in _modules():
        own = module.__name__.split(".")[0] in WALKED
        add(module.__name__.split(".")[-1], module)
        add(module.__name__.split(".")[0], importlib.import_module(module.__name__.split(".")[0]))
        for name in dir(module):
            if name.startswith("_"):
                continue
            value = getattr(module, name, None)
            origin = getattr(value, "__module__", None) or module.__name__
            if own and not str(origin).startswith(WALKED):
                continue
            add(name, value)
            if own and inspect.isclass(value):
                for member in dir(value):
                    if not member.startswith("_") or member == "_meta":
                        add(member, getattr(value, member, None))
    for path in MEMBERS_OF:
        for member in dir(resolve(path)):
            if not member.startswith("_"):
                add(member, getattr(resolve(path), member, None))
    return dict(found)


def resolve(path: str) -> Any:
    """What a full dotted name stands for; LookupError where there is no such thing."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(value, part):
                raise LookupError(path)
            value = getattr(value, part)
        return value
    raise LookupError(path)


def is_strict(value: Any) -> bool:
    """Whether it is a class or module of a package that is read in full: what it lacks does not exist."""
    origin = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
    return str(origin).split(".")[0] in WALKED


def is_package(name: str) -> bool:
    """Whether a dotted name that begins so is a full one."""
    return name in {*WALKED, *(path.split(".")[0] for path in LISTED)}


@cache
def parameters_of(name: str) -> frozenset[str]:
    """The parameters of what bears this name; `**` among them where a call takes any keyword."""
    return frozenset().union(*map(_parameters, names().get(name, [])))


@cache
def all_parameters() -> frozenset[str]:
    """The parameters that some call of Tortoise and Aerich has, and a few calls that pages name."""
    found: set[str] = set()
    for values in names().values():
        for value in values:
            if str(getattr(value, "__module__", "")).startswith((*WALKED, "pydantic", "fastapi", "asyncpg")):
                found |= _parameters(value)
    return frozenset(found)


def _parameters(value: Any) -> set[str]:
    if not callable(value):
        return set()
    found: set[str] = set()
    calls = [value]
    if inspect.isclass(value):
        calls += [base.__dict__["__init__"] for base in value.__mro__[:-1] if "__init__" in base.__dict__]
        annotations = getattr(value, "__annotations__", {})
        if issubclass(value, dict) or hasattr(value, "__total__"):
            found |= set(annotations)
    for call in calls:
        try:
            signature = inspect.signature(call)
        except (TypeError, ValueError, RuntimeError):
            continue
        found |= {
            parameter.name
            for parameter in signature.parameters.values()
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        }
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            found.add("**")
    return found


Commands = dict[str, frozenset[str]]
"""Name of a subcommand ("" for the command itself) -> its options."""


@cache
def commands() -> dict[str, Commands]:
    """The commands of which pages speak, and whose parsers are at hand."""
    import aerich.cli
    from tortoise.cli import cli as tortoise_cli
    from tortoise_dev.commands import check, find, plan_deploy, scaffold, snippets, split

    return {
        "tortoise": _of_argparse(tortoise_cli._build_parser()),
        "aerich": _of_click(aerich.cli.cli),
        "check.py": _of_argparse(check._parser("check.py")),
        "snippets.py": _of_argparse(snippets._parser("snippets.py")),
        "plan_deploy.py": _of_argparse(plan_deploy._parser("plan_deploy.py")),
        "scaffold.py": _of_argparse(scaffold._parser("scaffold.py")),
        "split_models.py": _of_argparse(split._parser("split_models.py")),
        "find": _of_argparse(find._parser("find")),
        "pytest": {"": _options_in(pytest_help())},
    }


@cache
def pytest_help() -> str:
    """What pytest offers here, options of its plugins among it."""
    command = [sys.executable, "-m", "pytest", "--help"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout


def _options_in(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", text))


def _of_argparse(parser: argparse.ArgumentParser) -> Commands:
    found = {"": frozenset(option for action in parser._actions for option in action.option_strings)}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                found[name] = _of_argparse(sub)[""]
    return found


def _of_click(group: Any) -> Commands:
    def options(command: Any) -> frozenset[str]:
        return frozenset(
            option for parameter in command.params for option in parameter.opts + parameter.secondary_opts
            if option.startswith("-")
        ) | {"--help"}  # fmt: skip

    return {"": options(group), **{name: options(command) for name, command in group.commands.items()}}


@cache
def help_text() -> str:
    """What the commands of this project say of themselves, exit statuses among it."""
    from tortoise_dev.commands import check, find, snippets

    return "\n".join(
        module._parser(name).format_help()
        for module, name in ((check, "check.py"), (snippets, "snippets.py"), (find, "find"))
    )


@cache
def said_by_packages() -> str:
    """The source of the packages whose messages pages quote, with line breaks inside of strings closed."""
    text = "\n".join(map(package_code, ("tortoise", "aerich", "pypika_tortoise")))
    return re.sub(r"[\"']\s*\n\s*f?[\"']", "", text)


@cache
def manifest_words() -> frozenset[str]:
    """The kinds and keys of Kubernetes' manifests and of compose files, from the installed schemas."""
    import check_jsonschema
    import kubernetes_validate

    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    newest = max(
        folder.glob("v*-local"), key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)]
    )
    keys = re.findall(r'"([\w.]+)": ?[{\[]', (newest / "_definitions.json").read_text(encoding="utf-8"))
    vendored = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    keys += re.findall(r'"(\w+)": ?\{', (vendored / "compose-spec.json").read_text(encoding="utf-8"))
    return frozenset(key.rpartition(".")[2] for key in keys)
