"""Which classes are models, however their bases are spelled, and which files are looked at."""

from __future__ import annotations

import pytest

ROOT = "from tortoise.models import Model\nclass Root(Model):\n    class Meta:\n        abstract = True\n"
MODEL = "class {}:\n    class Meta:\n        table = 'x'\n"

SPELLINGS = {
    "name": "from tortoise.models import Model\n" + MODEL.format("A(Model)"),
    "package": "from tortoise import Model\n" + MODEL.format("A(Model)"),
    "alias": "from tortoise.models import Model as M\n" + MODEL.format("A(M)"),
    "module": "from tortoise import models\n" + MODEL.format("A(models.Model)"),
    "module alias": "import tortoise.models as m\n" + MODEL.format("A(m.Model)"),
    "dotted": "import tortoise.models\n" + MODEL.format("A(tortoise.models.Model)"),
    "assigned": "from tortoise.models import Model\nBase = Model\n" + MODEL.format("A(Base)"),
    "star": "from tortoise.models import *\n" + MODEL.format("A(Model)"),
    "generic": "from typing import Generic, TypeVar\nfrom tortoise.models import Model\nT = TypeVar('T')\n"
    + MODEL.format("A(Model, Generic[T])"),
    "in try": "try:\n    from tortoise.models import Model\nexcept ImportError:\n    Model = object\n"
    + MODEL.format("A(Model)"),
    "with metaclass": "from tortoise.models import Model\n" + MODEL.format("A(Model, metaclass=type(Model))"),
    "in if": (
        "from tortoise.models import Model\nif True:\n    class A(Model):\n"
        "        class Meta:\n            table = 'x'\n"
    ),
    "in function": "def f():\n    from tortoise.models import Model\n"
    "    class A(Model):\n        class Meta:\n"
    "            table = 'x'\n    return A\n",
    "chosen": "from tortoise.models import Model\nA_BASE = Model if True else object\n"
    + MODEL.format("A(A_BASE)"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_base_however_it_is_spelled(name: str, project) -> None:
    report = project.write({"a.py": SPELLINGS[name]}).report("--select", "TD002")
    assert report["models"] == 1
    assert [v["rule"] for v in report["violations"]] == ["TD002"]


NO_MODELS = {
    "pydantic": "from pydantic import BaseModel as Model\n" + MODEL.format("A(Model)"),
    "own": "import tortoise\nclass Model: pass\n" + MODEL.format("A(Model)"),
    "shadowed": "from tortoise.models import Model\nclass Model: pass\n" + MODEL.format("A(Model)"),
    "django": "import tortoise\nfrom django.db import models\n" + MODEL.format("A(models.Model)"),
    "itself": "import tortoise\n" + MODEL.format("A(A)"),
    "each other": "import tortoise\nclass A(B): pass\nclass B(A): pass\n",
    "a string": "import tortoise\ntext = 'class A(Model): pass'\n",
    "a call": "from tortoise.models import Model\n" + MODEL.format("A(make(Model))"),
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_what_only_looks_like_a_model(name: str, project) -> None:
    assert project.write({"a.py": NO_MODELS[name]}).report()["models"] == 0


ACROSS = {
    "re-export": {
        "app/base.py": ROOT,
        "app/db/__init__.py": "from ..base import Root as Entity\n",
        "app/things.py": "from app.db import Entity\n" + MODEL.format("A(Entity)"),
    },
    "star chain": {
        "app/base.py": ROOT,
        "app/middle.py": "from app.base import *\n",
        "app/db.py": "from .middle import *\n",
        "app/things.py": "from . import db\n" + MODEL.format("A(db.Root)"),
    },
    "circular star": {
        "src/models/__init__.py": "from .base import *\nfrom .thing import *\n",
        "src/models/base.py": (
            "from tortoise import models\nclass Root(models.Model):\n"
            "    class Meta:\n        abstract = True\n"
        ),
        "src/models/thing.py": "from models import Root\n" + MODEL.format("A(Root)"),
    },
    "module through a package": {
        "app/base.py": ROOT,
        "app/__init__.py": "from app import base as roots\n",
        "things.py": "import app\n" + MODEL.format("A(app.roots.Root)"),
    },
    "no __init__": {
        "lib/core/base.py": ROOT,
        "service/things.py": "from core.base import Root\n" + MODEL.format("A(Root)"),
    },
    "parent folder": {
        "app/core/base.py": ROOT,
        "app/billing/things.py": "from ..core.base import Root\n" + MODEL.format("A(Root)"),
    },
    "star of a list": {
        "app/base.py": "from tortoise.models import Model\n__all__ = ['Root']\n"
        "class Root(Model):\n    class Meta:\n"
        "        abstract = True\n",
        "app/things.py": "from app.base import *\n" + MODEL.format("A(Root)"),
    },
    "long way round": {
        "app/a.py": ROOT,
        "app/b.py": "from app.a import Root\nclass Second(Root):\n    class Meta:\n        abstract = True\n",
        "app/c.py": "from app.b import Second as Third\nFourth = Third\n",
        "app/things.py": "from app import c\n" + MODEL.format("A(c.Fourth)"),
    },
}


@pytest.mark.parametrize("name", ACROSS)
def test_a_model_that_never_says_tortoise(name: str, project) -> None:
    files = ACROSS[name]
    project.write(files)
    last = list(files)[-1]
    assert "tortoise" not in files[last]
    found = [(path, rule) for path, _, rule in project.found("--select", "TD002")]
    assert found == [(last, "TD002")]
    assert [(path, rule) for path, _, rule in project.found("--select", "TD002", last)] == found


def test_the_nearest_module_of_a_name_is_meant(project) -> None:
    project.write(
        {
            "one/base.py": "from tortoise.models import Model as Root\n",
            "two/base.py": "class Root: pass\n",
            "one/things.py": "from base import Root\n" + MODEL.format("A(Root)"),
            "two/things.py": "from base import Root\n" + MODEL.format("B(Root)"),
        }
    )
    assert project.found("--select", "TD002") == [("one/things.py", 2, "TD002")]


ABSTRACT = {
    "own": ("class Meta:\n        abstract = True", True),
    "no": ("class Meta:\n        abstract = False", False),
    "annotated": ("class Meta:\n        abstract: bool = True", True),
    "inherited": ("class Meta(Root.Meta):\n        table = 'a'", True),
    "inherited, taken back": ("class Meta(Root.Meta):\n        abstract = False", False),
    "of Model": ("class Meta(Model.Meta):\n        table = 'a'", False),
    "none": ("x = 1", False),
}


@pytest.mark.parametrize("name", ABSTRACT)
def test_abstract_or_not(name: str, project) -> None:
    body, abstract = ABSTRACT[name]
    project.write({"a.py": ROOT + f"class A(Root):\n    {body}\n"})
    assert ("TD002" in {rule for _, _, rule in project.found("--select", "TD002")}) is not abstract


def test_an_unknown_abstract_is_not_judged(project) -> None:
    project.write(
        {
            "a.py": (
                "from tortoise.models import Model\nclass A(Model):\n    class Meta:\n"
                "        abstract = not DEBUG\n"
            )
        }
    )
    assert project.found("--select", "TD001,TD002") == []


def test_a_class_named_model_without_fields_is_abstract(project) -> None:
    project.write(
        {
            "a.py": "from tortoise.models import Model as M\nclass Model(M):\n    pass\n",
            "b.py": "from tortoise import fields\nfrom tortoise.models import Model as M\n"
            "class Model(M):\n    id = fields.IntField(primary_key=True)\n",
        }
    )
    assert project.found("--select", "TD002") == [("b.py", 3, "TD002")]


def test_bases_of_packages_that_cannot_be_read_are_named_in_the_settings(project) -> None:
    project.write({"a.py": "from acme.models import Model\n" + MODEL.format("A(Model)")})
    assert project.report()["models"] == 0
    project.write({"pyproject.toml": '[tool.tortoise-dev]\nextra-model-bases = ["acme.models.Model"]\n'})
    assert project.report()["models"] == 1


@pytest.mark.parametrize("base", ["dipdup.models.Model", "fastapi_admin.models.AbstractAdmin"])
def test_bases_that_packages_publish_are_known(base: str, project) -> None:
    module, _, name = base.rpartition(".")
    project.write({"a.py": f"from {module} import {name}\n" + MODEL.format(f"A({name})")})
    assert project.report()["models"] == 1


INTERFACES = {
    "exact": ("BaseInvoice", "Invoice", True),
    "successor": ("BaseInvoice", "Invoice2", True),
    "a number of its own": ("BaseArea51", "Area51", True),
    "other": ("BaseBill", "Invoice", False),
    "general": ("BaseModel", "Invoice", False),
}


@pytest.mark.parametrize("name", INTERFACES)
def test_the_interface_of_a_model(name: str, project) -> None:
    base, concrete, good = INTERFACES[name]
    project.write(
        {
            "a.py": f"from tortoise.models import Model\nclass {base}(Model):\n"
            f"    class Meta:\n        abstract = True\n\n"
            f"class Between({base}):\n    class Meta:\n        abstract = True\n\n"
            f"class {concrete}(Between):\n    class Meta:\n        table = 'x'\n"
        }
    )
    assert (project.found("--select", "TD002") == []) is good
    project.write({"pyproject.toml": '[tool.tortoise-dev]\nbase-interface = "any"\n'})
    assert project.found("--select", "TD002") == []


def test_an_interface_must_be_an_abstract_model(project) -> None:
    project.write(
        {
            "a.py": "from tortoise.models import Model\nclass BaseA: pass\n"
            "class A(BaseA, Model):\n    class Meta:\n"
            "        table = 'a'\n"
        }
    )
    assert project.found("--select", "TD002") == [("a.py", 3, "TD002")]


def test_one_file_one_model(project) -> None:
    head = "from tortoise.models import Model\n"
    abstract = "class {}(Model):\n    class Meta:\n        abstract = True\n"
    concrete = "class {}({}):\n    class Meta:\n        table = 'x'\n"
    project.write(
        {
            "m/models/a.py": head
            + abstract.format("BaseA")
            + concrete.format("A", "BaseA")
            + "class Kind: pass\n",
            "m/models/b.py": head + abstract.format("Stray") + concrete.format("B", "Stray"),
            "m/models/base.py": head + abstract.format("One") + abstract.format("Two"),
            "m/models/__init__.py": head + concrete.format("C", "Model"),
        }
    )
    assert project.found("--select", "TD001") == [
        ("m/models/__init__.py", 2, "TD001"),
        ("m/models/b.py", 2, "TD001"),
    ]


def test_where_models_live(project) -> None:
    model = "from tortoise.models import Model\n\n" + MODEL.format("A(Model)") + MODEL.format("B(Model)")
    project.write(
        dict.fromkeys(
            ("models.py", "x/models/models.py", "x/models/a.py", "x/models/y/b.py", "x/c.py"), model
        )
    )
    assert project.found("--select", "TD000") == [
        ("models.py", 3, "TD000"),
        ("x/c.py", 3, "TD000"),
        ("x/models/models.py", 3, "TD000"),
    ]


def test_fakes_of_tests_live_where_they_are_used(project) -> None:
    fake = (
        "from tortoise.models import Model\n\nclass Fake(Model):\n    class Meta:\n        abstract = True\n"
    )
    project.write({"tests/test_a.py": fake, "tests/test_b.py": fake + MODEL.format("B(Model)"), "c.py": fake})
    assert project.found("--select", "TD000", "tests", "c.py") == [
        ("c.py", 3, "TD000"),
        ("tests/test_b.py", 6, "TD000"),
    ]


def test_meta_comes_first(project) -> None:
    project.write(
        {
            "a.py": """\
            from tortoise import fields
            from tortoise.models import Model

            class Docs(Model):
                \"\"\"A docstring may stand before it.\"\"\"

                class Meta:
                    table = "a"

            class Late(Model):
                id = fields.IntField(primary_key=True)

                class Meta:
                    table = "b"

            class Without(Model):
                id = fields.IntField(primary_key=True)

            class Assigned(Model):
                Meta = Docs.Meta

            class Guarded(Model):
                id = fields.IntField(primary_key=True)
                if True:
                    class Meta:
                        table = "c"

            class Root(Model):
                class Meta:
                    abstract = True

            class Silent(Root):
                class Meta(Root.Meta):
                    table = "d"

            class NoModel:
                id = 1

                class Meta:
                    table = "e"
            """
        }
    )
    assert project.found("--select", "TD003") == [
        ("a.py", 13, "TD003"),
        ("a.py", 16, "TD003"),
        ("a.py", 33, "TD003"),
    ]


def test_members_in_order(project) -> None:
    project.write(
        {
            "a.py": """\
            from tortoise import fields
            from tortoise.models import Model

            class Good(Model):
                class Meta:
                    table = "a"

                class PydanticMeta:
                    exclude = ()

                LIMIT = 3
                name = fields.CharField(max_length=3)
                other: fields.ReverseRelation["Good"]

                @property
                def _private(self): ...

                @classmethod
                def make(cls): ...

                def __str__(self): ...

                @property
                def public(self): ...

                async def act(self): ...

            class Bad(Model):
                def act(self): ...

                class PydanticMeta: ...

                @staticmethod
                def make(): ...

                name = fields.CharField(max_length=3)

                class Meta:
                    table = "b"

                other: int
            """
        }
    )
    assert project.found("--select", "TD004") == [
        ("a.py", 31, "TD004"),
        ("a.py", 34, "TD004"),
        ("a.py", 36, "TD004"),
        ("a.py", 41, "TD004"),
    ]


def test_module_names(project) -> None:
    project.write(
        dict.fromkeys(("a.py", "_b.py", "p/__init__.py", "p/__main__.py", "p/__about__.py", "p/_c.py"), "")
    )
    assert project.found() == [("_b.py", 1, "TD005"), ("p/__about__.py", 1, "TD005"), ("p/_c.py", 1, "TD005")]


EXPORTS = {
    "by name": ("from .a import A, BaseA\n", []),
    "by star": ("from .a import *\n", []),
    "as another": ("from .a import A as Account, BaseA\n", []),
    "the model only": ("from .a import A\n", ["BaseA"]),
    "none": ("", ["BaseA", "A"]),
    "computed": ("from importlib import import_module\nA = import_module('x').A\n", []),
    "lazy": ("def __getattr__(name): ...\n", []),
    "through a branch": ("try:\n    from .a import A, BaseA\nexcept ImportError:\n    pass\n", []),
    "a star from elsewhere": ("from somewhere import *\n", []),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_re_exports(name: str, project) -> None:
    text, missing = EXPORTS[name]
    project.write(
        {
            "m/models/__init__.py": text,
            "m/models/a.py": "from tortoise.models import Model\nclass BaseA(Model):\n    class Meta:\n"
            "        abstract = True\nclass A(BaseA):\n    class Meta:\n        table = 'a'\n",
        }
    )
    found = [v["message"].partition(":")[0] for v in project.report("--select", "TD006")["violations"]]
    assert found == missing


def test_tests_migrations_and_environments_are_left_out(project) -> None:
    model = "from tortoise.models import Model\n" + MODEL.format("A(Model)")
    names = (
        "a.py",
        "tests/b.py",
        "migrations/c.py",
        ".venv/d.py",
        "env/pyvenv.cfg",
        "env/e.py",
        "node_modules/f.py",
    )
    project.write(
        dict.fromkeys(names, model)
        | {"test_g.py": model, "sub/venv3/pyvenv.cfg": "", "sub/venv3/h.py": model}
    )
    assert project.found("--select", "TD000") == [("a.py", 2, "TD000")]
    assert project.found("--select", "TD000", "tests") == [("tests/b.py", 2, "TD000")]
    assert project.found("--select", "TD000", "migrations/c.py") == [("migrations/c.py", 2, "TD000")]
    assert project.found("--select", "TD000", "test_g.py", "a.py") == [
        ("a.py", 2, "TD000"),
        ("test_g.py", 2, "TD000"),
    ]
    assert project.found("--select", "TD000", ".venv") == [(".venv/d.py", 2, "TD000")]
