"""The anti-pattern rules over several files; the cases of one file are in ``cases/``."""

from __future__ import annotations

import pytest


def test_a_model_whose_save_does_more_may_be_saved_in_a_loop(users) -> None:
    users.write(
        {
            "app/signals.py": """\
            from tortoise.signals import post_save
            from app.models import User

            @post_save(User)
            async def seen(sender, instance, created, using_db, update_fields): ...
            """,
            "app/service.py": """\
            from app.models import User

            async def f(users: list[User]):
                for user in users:
                    await user.save()
            """,
        }
    )
    assert users.found("--select", "TD105") == []


def test_a_related_name_is_a_relation_too(users) -> None:
    users.write(
        {
            "app/models/post.py": """\
            from tortoise import fields
            from tortoise.models import Model

            class Post(Model):
                author = fields.ForeignKeyField("models.User", related_name="articles")
            """,
            "app/service.py": """\
            from app.models import User

            async def f():
                for user in await User.all():
                    print(await user.articles)
            """,
        }
    )
    assert users.found("--select", "TD104") == [("app/service.py", 5, "TD104")]
    users.write({"app/service.py": "from app.models import User\n\nUser(articles=[])\nUser(article=1)\n"})
    assert users.found("--select", "TD113") == [("app/service.py", 4, "TD113")]  # the first raises


def test_soft_delete_on_a_base_that_all_share(project) -> None:
    head = "from tortoise import fields\nfrom tortoise.models import Model\n\n\n"
    base = (
        "class {}(Model):\n    class Meta:\n        abstract = True\n\n"
        "    deleted_at = fields.DatetimeField()\n\n\n"
    )
    concrete = "class {}({}):\n    class Meta:\n        table = 'x'\n\n\n"
    project.write(
        {
            "a/models.py": head
            + base.format("Shared")
            + concrete.format("A", "Shared")
            + concrete.format("B", "Shared"),
        }
    )
    assert project.found("--select", "TD109") == [("a/models.py", 9, "TD109")]
    project.write({"a/other.py": head + concrete.format("C", "Model")})
    assert project.found("--select", "TD109") == []


def test_a_hook_of_another_module(users) -> None:
    users.write(
        {
            "app/db.py": """\
            from tortoise import Tortoise

            async def connect():
                await Tortoise.init(config={})
            """,
            "app/main.py": """\
            from fastapi import FastAPI
            from app import db

            app = FastAPI(on_startup=[db.connect])
            """,
        }
    )
    assert users.found("--select", "TD110") == [("app/db.py", 4, "TD110")]


@pytest.mark.parametrize(
    ("where", "text", "knows"),
    [
        ("app/db.py", 'URL = "mysql://root@host/db"\n', True),
        ("app/db.py", 'CONFIG = {"engine": "tortoise.backends.mysql"}\n', True),
        ("app/db.py", 'KINDS = ["mysql", "redis", "ssh"]  # MySQL\n', False),
        ("pyproject.toml", '[project]\nname = "a"\ndependencies = ["tortoise-orm[asyncmy]"]\n', True),
        ("pyproject.toml", '[project]\nname = "a"\nkeywords = ["mysql"]\n', False),
        ("requirements/../requirements.txt", "aiomysql==0.2\n", True),
        ("requirements/../requirements.txt", "pymysql\n# MySQL\n", False),
    ],
)
def test_mysql_has_limits_on_writes(where: str, text: str, knows: bool, users) -> None:
    users.write(
        {
            "app/service.py": """\
            from app.models import User

            async def f():
                await User.all().limit(1).delete()
                await User.first().delete()
                await User.all()[1:2].delete()
                await User.all().limit(1).offset(1).delete()
            """
        }
    )
    assert [line for _, line, _ in users.found("--select", "TD112")] == [4, 5, 6, 7]
    (users.root / "requirements").mkdir()
    users.write({where: text})
    assert [line for _, line, _ in users.found("--select", "TD112")] == ([6, 7] if knows else [4, 5, 6, 7])


def test_fields_that_the_text_does_not_tell(project) -> None:
    bases = {
        "another package's base": "from acme import M\nclass A(M, Model):\n    x = fields.IntField()\n",
        "a metaclass": "from acme import Meta\nclass A(Model, metaclass=Meta):\n    x = fields.IntField()\n",
        "a decorator": "from acme import more\n@more\nclass A(Model):\n    x = fields.IntField()\n",
        "a loop": "class A(Model):\n    for n in 'xyz':\n        locals()[n] = fields.IntField()\n",
        "a setter of its own": "class A(Model):\n    def __init__(self, y): ...\n",
    }
    for name, source in bases.items():
        head = "from tortoise import fields\nfrom tortoise.models import Model\n"
        project.write({"a.py": f"{head}{source}\n\nA(y=1)\n"})
        assert project.found("--select", "TD113") == [], name
    project.write(
        {"a.py": f"{head}class A(Model):\n    x = fields.IntField(primary_key=True)\n\nA(y=1)\nA(id=1)\n"}
    )
    assert [line for _, line, _ in project.found("--select", "TD113")] == [6, 7]


def test_a_row_of_one_of_two_models_may_have_the_fields_of_either(users) -> None:
    users.write(
        {
            "app/models/group.py": "from tortoise import fields\nfrom tortoise.models import Model\n\n\n"
            "class Group(Model):\n    class Meta:\n        table = 'group'\n\n"
            "    title = fields.TextField()\n",
            "app/service.py": """\
            from app.models.group import Group
            from app.models.user import User


            async def rename(x, name):
                row = User() if x else Group()
                row.update_from_dict({"title": name})
                found = await (User.get(id=1) if x else Group.get(id=1))
                found.update_from_dict({"title": name})
                user = User() if x else User(name=name)
                user.update_from_dict({"title": name})
            """,
        }
    )
    assert users.found("--select", "TD113", "app/service.py") == [("app/service.py", 11, "TD113")]


def test_a_loop_that_changes_a_number_gets_no_advice_that_loses_changes(users) -> None:
    """bulk_update, or to ask once before the loop, would store a number that was read before."""
    users.write(
        {
            "app/service.py": """\
                from app.models import User

                async def looped():
                    for user in await User.all():
                        user.age += 1
                        await user.save()

                async def looked_up(names):
                    for name in names:
                        user = await User.get(name=name)
                        user.age += 1
                        await user.save()

                async def plain(names):
                    for name in names:
                        user = await User.get(name=name)
                        user.age = 1
                        await user.save()
                """
        }
    )
    told = users.run("--select", "TD105,TD122").stdout.decode().splitlines()
    assert [line.split()[1] for line in told[:-1]] == ["TD105", "TD122", "TD105", "TD122", "TD105"]
    assert all('update() with F("age")' in line for line in told[:3])
    assert all("bulk_update" not in line and "ask once" not in line for line in told[:3])
    assert "ask once with __in" in told[3] and "bulk_update" in told[4]
