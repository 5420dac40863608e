"""What names refer to, across files."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tortoise_dev.analysis.modules import Class, Entity, External, Function, Module
from tortoise_dev.analysis.resolver import Resolver
from tortoise_dev.analysis.source import SourceFile

FILES = {
    "app/__init__.py": "",
    "app/models/__init__.py": "from app.models.user import *\nfrom .user import User as Person\n",
    "app/models/user.py": """\
from tortoise import models
__all__ = ['User']
class User(models.Model):
    class Meta: ...
class Hidden: ...
""",
    "app/main.py": """\
from app import models
from app.models import Person, User, Hidden, missing
import app.models.user
import asyncio as aio
Alias = User
Either = User if x else Person
Quoted = "models.User"
def helper(): ...
Base = object
try:
    from fast import Thing
except ImportError:
    Thing = User
""",
    "ring/a.py": "from ring.b import name\nfrom ring.b import other as name2\n",
    "ring/b.py": "from ring.a import name\nclass other: ...\n",
}
EXPECTED = {
    "models": ["module app/models/__init__.py"],
    "models.User": ["class User"],
    "models.user.User": ["class User"],
    "models.Hidden": [],
    "User": ["class User"],
    "Person": ["class User"],
    "Person.Meta": ["class Meta"],
    "Hidden": [],
    "missing": [],
    "app.models.user.Hidden": ["class Hidden"],
    "aio.gather": ["external asyncio.gather"],
    "Alias": ["class User"],
    "Either": ["class User"],
    "Alias[int]": ["class User"],
    "helper": ["function helper"],
    "helper.x": [],
    "Base": [],
    "Thing": ["class User", "external fast.Thing"],
    "nowhere": [],
    "'models.User'": ["class User"],
}


@pytest.fixture
def resolver() -> Resolver:
    """Names of a small project."""
    files = [SourceFile(Path("/p") / name, text.encode()) for name, text in FILES.items()]
    return Resolver({file.key: file for file in files})


def _shown(entity: Entity) -> str:
    match entity:
        case Class() | Function():
            return f"{type(entity).__name__.lower()} {entity.node.name}"
        case Module():
            return f"module {entity.path.relative_to('/p').as_posix()}"
        case External():
            return f"external {entity.name}"


@pytest.mark.parametrize("expression", EXPECTED)
def test_what_an_expression_refers_to(expression: str, resolver: Resolver) -> None:

    module = resolver.module(str(Path("/p/app/main.py")))
    assert module is not None
    node = ast.parse(expression, mode="eval").body
    for one in ast.walk(node):
        if hasattr(one, "lineno"):
            one.lineno = 1000
    found = resolver.meanings(module, node, module.scope)
    assert sorted(map(_shown, found)) == EXPECTED[expression]


@pytest.mark.parametrize("order", [("name", "name2"), ("name2", "name")])
def test_a_circle_of_imports_ends_and_hides_nothing(order: tuple[str, str], resolver: Resolver) -> None:
    module = resolver.module(str(Path("/p/ring/a.py")))
    assert module is not None
    found = {name: [_shown(entity) for entity in resolver.exported(module, name)] for name in order}
    assert found == {"name": [], "name2": ["class other"]}


def test_only_what_names_lead_to_is_parsed(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    parsed = resolver._parsed
    monkeypatch.setattr(resolver, "_parsed", lambda key: opened.append(Path(key).name) or parsed(key))
    main = resolver.module(str(Path("/p/app/main.py")))
    assert main is not None
    resolver.exported(main, "helper")
    assert opened == ["main.py"]
    resolver.exported(main, "Person")
    assert opened == ["main.py", "__init__.py", "user.py"]
