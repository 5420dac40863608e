"""What ``--fix`` and ``--unsafe-fixes`` write; a second run changes nothing."""

from __future__ import annotations

import textwrap

import pytest

SAFE = {
    "TD100: the comment goes": ("a = 1  # noqa: TD106\n", "a = 1\n"),
    "TD100: other codes stay": ("a = 1  # noqa: E501, TD106\n", "a = 1  # noqa: E501\n"),
    "TD100: a reason stays": ("a = 1  # noqa: TD106 - why\n", "a = 1  # noqa: TD106 - why\n"),
    "TD100: a line of its own": ("a = 1\n# noqa: TD106\nb = 2\n", "a = 1\nb = 2\n"),
    "TD111: arguments": (
        "from tortoise import fields\nä = [fields.IntField(pk=True),  # the key\n"
        "  fields.IntField(index=True)]\n",
        "from tortoise import fields\nä = [fields.IntField(primary_key=True),  # the key\n"
        "  fields.IntField(db_index=True)]\n",
    ),
    "TD111: many-to-many": (
        "from tortoise import fields\na = fields.ManyToManyField('m.A', create_unique_index=False)\n",
        "from tortoise import fields\na = fields.ManyToManyField('m.A', unique=False)\n",
    ),
    "TD111: both names": (
        "from tortoise import fields\na = fields.IntField(pk=True, primary_key=True)\n",
        "from tortoise import fields\na = fields.IntField(pk=True, primary_key=True)\n",
    ),
    "TD111: modules": (
        "from tortoise.query_utils import Q  # old\nfrom tortoise.aggregation import (\n    Count,  # n\n)\n",
        "from tortoise.expressions import Q  # old\nfrom tortoise.functions import (\n    Count,  # n\n)\n",
    ),
    "TD111: what did not move": (
        "from tortoise.query_utils import Prefetch, Q\nfrom tortoise.contrib.test import TestCase\n",
        "from tortoise.query_utils import Prefetch, Q\nfrom tortoise.contrib.test import TestCase\n",
    ),
    "TD003 and TD111 in one class": (
        """\
        from tortoise import fields
        from tortoise.models import Model


        class A(Model):  # noqa: TD106
            id = fields.IntField(pk=True)

            class Meta:
                table = "a"
        """,
        """\
        from tortoise import fields
        from tortoise.models import Model


        class A(Model):
            class Meta:
                table = "a"

            id = fields.IntField(primary_key=True)
        """,
    ),
    "TD106 is not safe": (
        "from app.models import User\n\nasync def f():\n    User.create(name='a')\n",
        "from app.models import User\n\nasync def f():\n    User.create(name='a')\n",
    ),
}

UNSAFE = {
    "TD106": (
        """\
        from app.models import User

        async def f(name):
            User.create(name=name)  # made
            if User.filter(name=name):
                print(len(User.all()))
            print(User.get(name=name).age)
            user = User.get(name=name)
            print(user.age)
            [one.save() for one in await User.all()]
            for one in User.all():
                print(one)
            return f"{User.get(name=name)}"

        def g(name):
            User.create(name=name)

        async def h(name):
            return [lambda: User.create(name=name).name]
        """,
        """\
        from app.models import User

        async def f(name):
            await User.create(name=name)  # made
            if await User.filter(name=name):
                print(len(await User.all()))
            print((await User.get(name=name)).age)
            user = await User.get(name=name)
            print(user.age)
            [await one.save() for one in await User.all()]
            for one in await User.all():
                print(one)
            return f"{User.get(name=name)}"

        def g(name):
            User.create(name=name)

        async def h(name):
            return [lambda: User.create(name=name).name]
        """,
    ),
    "TD114": (
        """\
        from app.models import User

        async def f(name):
            await User.all().prefetch_related("boss").filter(name=name).prefetch_related("groups")
            await (
                User.all()
                .prefetch_related("boss", "posts")
                .prefetch_related("groups")
                .prefetch_related("groups__users")
            )
            await (
                User.all()
                .prefetch_related("boss")  # kept
                .prefetch_related("groups")
            )
            query = User.all().prefetch_related("boss")
            await query.prefetch_related("groups")
        """,
        """\
        from app.models import User

        async def f(name):
            await User.all().filter(name=name).prefetch_related("boss", "groups")
            await (
                User.all()
                .prefetch_related("boss", "posts", "groups", "groups__users")
            )
            await (
                User.all()  # kept
                .prefetch_related("boss", "groups")
            )
            query = User.all().prefetch_related("boss")
            await query.prefetch_related("groups")
        """,
    ),
    "TD115": (
        """\
        from tortoise import transactions
        from tortoise.transactions import atomic

        @atomic  # all or nothing
        async def f(): ...

        @transactions.atomic
        async def g(): ...
        """,
        """\
        from tortoise import transactions
        from tortoise.transactions import atomic

        @atomic()  # all or nothing
        async def f(): ...

        @transactions.atomic()
        async def g(): ...
        """,
    ),
    "TD124": (
        """\
        from datetime import datetime
        from uuid import uuid4
        from tortoise import fields

        a = fields.UUIDField(default=uuid4())
        b = fields.DatetimeField(default=datetime.now( ))
        c = fields.CharField(36, default=str(uuid4()))
        """,
        """\
        from datetime import datetime
        from uuid import uuid4
        from tortoise import fields

        a = fields.UUIDField(default=uuid4)
        b = fields.DatetimeField(default=datetime.now)
        c = fields.CharField(36, default=str(uuid4()))
        """,
    ),
}


def repaired(project, source: str, *arguments: str) -> str:
    """The source after the fixes; a second run must change nothing."""
    project.write({"a.py": source})
    project.run("--preview", *arguments, "a.py")
    once = project.text("a.py")
    project.run("--preview", *arguments, "a.py")
    assert project.text("a.py") == once
    assert project.run("--preview", *arguments, "--diff", "a.py").stdout == b""
    return once


@pytest.mark.parametrize("name", SAFE)
def test_what_is_safe(name: str, users) -> None:
    before, after = SAFE[name]
    assert repaired(users, before, "--fix") == textwrap.dedent(after)


@pytest.mark.parametrize("name", UNSAFE)
def test_what_is_not_safe(name: str, users) -> None:
    before, after = UNSAFE[name]
    assert repaired(users, before, "--fix", "--unsafe-fixes") == textwrap.dedent(after)
    assert repaired(users, before, "--fix") == textwrap.dedent(before), "only on request"


@pytest.mark.parametrize("name", UNSAFE)
def test_it_is_announced(name: str, users) -> None:
    users.write({"a.py": UNSAFE[name][0]})
    code = name.partition(":")[0]
    fixes = {v["fix"] for v in users.report("--preview", "--select", code, "a.py")["violations"]}
    assert "unsafe" in fixes
    assert b"with --unsafe-fixes)" in users.run("--preview", "--select", code, "a.py").stdout


ENTRANCES = {
    "relative": (
        "from .user import BaseUser, User\n",
        "from .user import BaseUser, User\nfrom .post import Post\n",
    ),
    "absolute, with a list": (
        'from app.models.user import BaseUser, User  # both\n\n__all__ = ["BaseUser", "User"]\n',
        "from app.models.user import BaseUser, User  # both\nfrom app.models.post import Post\n\n"
        '__all__ = ["BaseUser", "User", "Post"]\n',
    ),
    "a name on each line": (
        'from .user import BaseUser, User\n\n__all__ = [\n    "BaseUser",  # for fakes\n'
        '    "User",  # last\n]\n',
        'from .user import BaseUser, User\nfrom .post import Post\n\n__all__ = [\n    "Post",\n'
        '    "BaseUser",  # for fakes\n    "User",  # last\n]\n',
    ),
    "no import yet": ('"""The models."""\n', '"""The models."""\n\nfrom .post import Post\n'),
    "no line end": (
        "from .user import BaseUser, User",
        "from .user import BaseUser, User\nfrom .post import Post",
    ),
    "Windows": (
        "from .user import BaseUser, User\r\n",
        "from .user import BaseUser, User\r\nfrom .post import Post\r\n",
    ),
    "empty": ("", "from .post import Post\n"),
}


@pytest.mark.parametrize("name", ENTRANCES)
def test_a_model_is_re_exported(name: str, users) -> None:
    before, after = ENTRANCES[name]
    post = "from app.models.user import BaseUser\n\n\nclass Post(BaseUser):\n    class Meta: ...\n"
    users.write({"app/models/post.py": post})
    (users.root / "app/models/__init__.py").write_text(before, newline="")
    arguments = ("--select", "TD006", "--fix", "--unsafe-fixes", "app/models/post.py")
    assert users.run(*arguments).returncode == 0
    assert users.text("app/models/__init__.py") == after
    users.run(*arguments)
    assert users.text("app/models/__init__.py") == after
    assert users.found("--select", "TD006", "app/models/post.py") == []


def test_several_models_are_re_exported_at_once(users) -> None:
    for name in ("Post", "Note"):
        users.write(
            {
                f"app/models/{name.lower()}.py": "from .user import BaseUser\n\n\n"
                f"class {name}(BaseUser): ...\n"
            }
        )
    users.run("--select", "TD006", "--unsafe-fixes")
    assert users.text("app/models/__init__.py").count("import Post") == 1
    assert users.text("app/models/__init__.py").count("import Note") == 1
    assert '"User", "Note", "Post"]' in users.text("app/models/__init__.py")
    assert users.found("--select", "TD006") == []


def test_two_models_of_one_name_are_not_re_exported(users) -> None:
    post = "from .user import BaseUser\n\n\nclass Post(BaseUser): ...\n"
    users.write({"app/models/post.py": post, "app/models/posts.py": post})
    before = users.text("app/models/__init__.py")
    users.run("--select", "TD006", "--unsafe-fixes")
    assert users.text("app/models/__init__.py") == before


def test_what_one_file_cannot_have_does_not_stop_the_others(users) -> None:
    source = "from tortoise import fields\na = fields.IntField(pk=True)\n"
    users.write({"a.py": source, "b.py": "from tortoise import (\n"})
    assert users.run("--fix").returncode == 2
    assert "primary_key=True" in users.text("a.py")
