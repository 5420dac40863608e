"""Runs in the user's interpreter: what their models are, as Tortoise and Pydantic see them.

Started as a script, with the path of a JSON request and that of the answer. It imports the standard library,
Tortoise and the project alone, and no database is opened.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import re
import sys
import traceback
from typing import Any

_HASHED = re.compile(r"_[a-z2-7]{6}(_leaf)?$")


def main() -> None:
    """Answer the request."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - also on old interpreters
        request = json.load(file)
    sys.path[0:1] = request["paths"]
    try:
        answer = _facts(request)
    except BaseException as error:  # whatever the project's code raises, SystemExit too
        answer = {"error": _shown(error)}
    with open(sys.argv[2], "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(answer, file)


def _shown(error: BaseException) -> str:
    """The error in a line, with the place in the project that raised it."""
    line = traceback.format_exception_only(type(error), error)[-1].strip().splitlines()[0]
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
    return f"{line} (line {frames[-1].lineno} of {frames[-1].filename})" if frames else line


def _facts(request: dict[str, Any]) -> dict[str, Any]:
    module = importlib.import_module(request["module"])
    if not str(module.__file__).startswith(request["folder"]):
        raise ImportError("{} is imported from {}".format(request["module"], module.__file__))
    names = [name for name in sorted(vars(module)) if name[:2] != "__" or name in ("__all__", "__models__")]
    failed: list[tuple[int, str]] = []
    for number, candidate in enumerate(request["settings"]):
        try:
            config = _config(candidate, module)
            if config is None:
                continue
            facts = asyncio.run(_registered(config, module, request["offline"] == number))
        except Exception as error:
            failed.append((number, _shown(error)))
            continue
        return {"names": names, "settings": number, "failed": failed, **facts}
    return {"error": failed[0][1] if failed else f"no settings register {module.__name__}", "failed": failed}


def _config(candidate: dict[str, Any], module: Any) -> Any:
    """The settings of Tortoise that a candidate means; None where they do not register the module."""
    if "config" in candidate:
        return candidate["config"]
    home = importlib.import_module(candidate["module"])
    found: Any = home
    for name in candidate["name"].split("."):
        found = getattr(found, name)
    found = found() if callable(found) else found
    config = found.to_dict() if hasattr(found, "to_dict") else dict(found)
    models = [one for app in config["apps"].values() for one in app["models"]]
    own = [one for one in models if one == module.__name__ or getattr(one, "__name__", "") == module.__name__]
    indirect = [one for one in models if isinstance(one, str) and _has_models_of(one, module)]
    return config if own or indirect else None


def _has_models_of(name: str, module: Any) -> bool:
    from tortoise.models import Model

    try:
        other = importlib.import_module(name)
    except Exception:
        return False
    own = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Model)]
    own = [one for one in own if one is not Model and one.__module__.startswith(module.__name__)]
    return any(one is two for one in vars(other).values() for two in own)


async def _registered(config: dict[str, Any], module: Any, offline: bool) -> dict[str, Any]:
    """What there is to compare, after the models were registered."""
    from tortoise import Tortoise

    drivers = sorted({_driver(one) for one in config["connections"].values()})
    if offline:
        connections = dict.fromkeys(config["connections"], "sqlite://:memory:")
        config = {**config, "connections": connections}
    await Tortoise.init(config=config)
    if not _models(module):
        raise LookupError(f"the settings do not register {module.__name__}")
    clients = _clients(list(config["connections"]))
    return {
        "drivers": drivers,
        "dialects": sorted({client.capabilities.dialect for client in clients.values()}),
        "ddl": _ddl(clients),
        "models": Tortoise.describe_models(),
        "schemas": _schemas(module),
        "members": {one.__name__: _members(one) for one in _models(module)},
    }


def _driver(connection: Any) -> str:
    """The name of a connection's driver: that of its URL, or of its module."""
    if isinstance(connection, str):
        return connection.partition(":")[0]
    return str(connection["engine"]).rpartition(".")[2]


def _clients(connections: list[str]) -> dict[str, Any]:
    """The clients of connections, none of which is opened."""
    try:
        from tortoise import connections as pool

        return {name: pool.get(name) for name in connections}
    except ImportError:
        from tortoise import Tortoise

        return {name: Tortoise.get_connection(name) for name in connections}


def _ddl(clients: dict[str, Any]) -> dict[str, str]:
    """The statements that create the tables of each connection, in their order."""
    return {name: _ddl_of(client) for name, client in clients.items()}


def _ddl_of(client: Any) -> str:
    """The statements of one connection. Tables that refer in a circle come in the order of their models."""
    from tortoise.utils import get_schema_sql

    try:
        return get_schema_sql(client, safe=False)
    except Exception as error:
        if "cyclic fk references" not in str(error):
            raise
    generator = client.schema_generator(client)
    table_sql = generator._get_table_sql
    generator._get_table_sql = lambda *given, **named: {**table_sql(*given, **named), "references": set()}
    return str(generator.get_create_schema_sql(safe=False))


def _models(module: Any) -> list[Any]:
    from tortoise.models import Model

    found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Model)]
    own = {one.__name__: one for one in found if one._meta.app and not one._meta.abstract}
    return [own[name] for name in sorted(own)]


def _members(model: Any) -> list[str]:
    """The names that a model has, without those that Python itself writes down."""
    return [
        name
        for name in sorted(dir(model))
        if name[:2] != "__" or inspect.isfunction(getattr(model, name, None))
    ]


def _schemas(module: Any) -> dict[str, Any]:
    """The JSON schemas of the module's models, and of its Pydantic models."""
    try:
        import pydantic
        from tortoise.contrib.pydantic import pydantic_model_creator
    except ImportError:
        return {}
    made: list[tuple[str, Any]] = [
        (name, lambda one=one: one)
        for name, one in sorted(vars(module).items())
        if isinstance(one, type) and issubclass(one, pydantic.BaseModel)
    ]
    made += [
        (f"pydantic_model_creator({model.__name__})", lambda model=model: pydantic_model_creator(model))
        for model in _models(module)
    ]
    found: dict[str, Any] = {}
    for name, make in made:
        try:
            model = make()
            schema = model.model_json_schema() if hasattr(model, "model_json_schema") else model.schema()
            found[name] = _without_hashes(schema)
        except Exception as error:
            found[name] = traceback.format_exception_only(type(error), error)[-1].strip()
    return found


def _without_hashes(value: Any) -> Any:
    """A schema without the hashes in the names of nested ones: they are made from the model's module."""
    if isinstance(value, list):
        return [_without_hashes(one) for one in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, one in value.items():
        if key in ("$defs", "definitions") and isinstance(one, dict):
            pairs = [[_name(path), _without_hashes(schema)] for path, schema in one.items()]
            result[key] = sorted(pairs, key=lambda pair: json.dumps(pair, sort_keys=True))
        elif key == "$ref" and isinstance(one, str):
            result[key] = _name(one)
        elif key == "required" and isinstance(one, list):
            result[key] = sorted(one)
        else:
            result[key] = _without_hashes(one)
    return result


def _name(path: str) -> str:
    """A schema's name without its hash, and without the module before it where two have the same name.

    The hash goes first: Pydantic writes Linë as ``Lin_``, and ``Lin_`` in ``Lin__sxvooz_leaf`` is no module.
    """
    name = _HASHED.sub("", path.rpartition("/")[2])
    return name.rpartition("__")[2] or name


if __name__ == "__main__":
    main()
