"""The anti-pattern rules: a comment `# !` marks each line that must be reported; no other may be."""

from __future__ import annotations

import textwrap

import pytest

CASES: dict[str, tuple[str, str]] = {
    "SQL: values": (
        "TD103",
        """
        from tortoise.connection import get_connection
        from tortoise.expressions import RawSQL
        from app.models import User

        async def f(name, ids, n):
            c = get_connection("default")
            await c.execute_query(f"SELECT 1 FROM user WHERE name = '{name}'")  # !
            await c.execute_query("SELECT 1 FROM user WHERE name = '%s'" % name)  # !
            await c.execute_query("SELECT 1 FROM user WHERE age > {}".format(n))  # !
            await c.execute_query_dict("SELECT 1 FROM user WHERE name = '" + name + "'")  # !
            await User.raw(f"SELECT * FROM user WHERE id IN ({','.join(ids)})")  # !
            await User.annotate(x=RawSQL(f"age > {n}"))  # !
            sql = "SELECT 1 FROM user"
            sql += f" WHERE name LIKE '%{name}%'"
            await c.execute_query(sql)  # !
            await c.execute_script(f"INSERT INTO user VALUES (1, {name})")  # !
            await c.execute_query(f"SELECT 1 FROM user LIMIT {n}")  # !
        """,
    ),
    "SQL: nothing that a parameter could be": (
        "TD103",
        """
        from tortoise.connection import get_connection
        from app.models import User
        TABLE = "user"

        async def f(name, ids, where, clauses, n):
            c = get_connection("default")
            marks = ",".join("?" * len(ids))
            await c.execute_query(f"SELECT 1 FROM {User._meta.db_table} WHERE name = ?", [name])
            await c.execute_query(f"SELECT 1 FROM {TABLE} WHERE id IN ({marks})", ids)
            await c.execute_query(f"SELECT 1 FROM user WHERE {where} LIMIT ?", [5])
            await c.execute_query("SELECT 1 FROM user WHERE " + " AND ".join(clauses), [])
            await c.execute_query(f"SELECT 1 FROM user WHERE id IN ({','.join('?' for _ in ids)})", ids)
            marks = ",".join(f"${i}" for i in range(n))
            await c.execute_query("SELECT 1 FROM user WHERE age > %d" % 18)
            await c.execute_query(f"SELECT 1 FROM user LIMIT {int(n)}")
            await c.execute_query("SELECT 1")
            mark = c.placeholder(1)
            await c.execute_query(f"SELECT 1 FROM user WHERE name = {mark}", [name])
            await c.execute_query(f"SELECT 1 FROM user -- the user's name\\n ORDER BY {where}")
            log.execute_query(f"SELECT 1 WHERE name = '{name}'")
        """,
    ),
    "relations": (
        "TD104",
        """
        from app.models import User

        async def f(users: list[User]):
            for user in users:
                print(await user.boss)  # !
                print(await user.groups.all())  # !
                await user.fetch_related("groups")  # !
            names = [await user.boss for user in await User.all()]  # !
            async for user in User.all():
                print(await user.posts.filter(age=1).count())  # !
            other = await User.get(id=1)
            for user in users:
                print(await other.boss, user.boss, user.name)
            for user in await User.all().prefetch_related("groups"):
                for group in user.groups:
                    print(group)
            return names, await other.boss
        """,
    ),
    "saving": (
        "TD105",
        """
        from app.models import User

        async def f(users: list[User]):
            for user in users:
                user.age += 1
                await user.save()  # !
            for name in ("a", "b", "c"):
                await User(name=name).save()
            for n in range(100):
                user = User(name=str(n))
                await user.save()  # !
            for n in range(3):
                user = User(name=str(n))
                await user.save()
            for user in users:
                await notify(user)
                await user.save()
            for user in users:
                try:
                    await user.save()
                except ValueError:
                    pass
            for user in users:
                if user.age:
                    await user.save()
                    break
            while True:
                await users[0].save()
        """,
    ),
    "blanket handlers": (
        "TD107",
        """
        import logging
        from tortoise.exceptions import DoesNotExist
        from app.models import User

        async def f():
            try:
                return await User.get(id=1)
            except Exception:  # !
                return None

        async def g():
            try:
                await User.create(name="a")
            except:  # !
                pass

        async def h():
            try:
                await User.create(name="a")
            except Exception as error:
                return error

        async def i():
            try:
                await User.create(name="a")
            except DoesNotExist:
                pass
            except Exception:
                pass

        async def j():
            try:
                await User.create(name="a")
            except Exception:
                logging.exception("failed")

        async def found(name):
            try:
                return await User.get(name=name)
            except Exception:  # !
                raise HTTPException(404)

        async def known(name):
            try:
                return await User.get(name=name)
            except Exception:  # !
                raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="unknown")

        async def broken(name):
            try:
                return await User.get(name=name)
            except Exception:
                raise HTTPException(500)

        async def told(name):
            try:
                return await User.get(name=name)
            except Exception as error:
                raise HTTPException(400, str(error))

        async def wrapped(name):
            try:
                return await User.get(name=name)
            except Exception:
                raise StoreError(404)

        async def k():
            try:
                await User.create(name="a")
                await send_mail()
            except Exception:
                pass

        async def l():
            try:
                await User.create(name="a")
            except Exception:
                raise

        async def m():
            try:
                return 1
            except Exception:
                return None
        """,
    ),
    "signals": (
        "TD108",
        """
        from tortoise.signals import post_save, pre_save
        from app.models import User
        from app.audit import AuditLog

        @pre_save(User)
        async def one(sender, instance, using_db, update_fields):
            instance.name = instance.name.strip()  # !

        @post_save(User)
        async def two(sender, instance, created, using_db, update_fields):
            await instance.save()  # !
            await User.create(name="b")  # !
            await User.filter(id=1).update(age=1)  # !
            await AuditLog.create(entity="user")
            cache.delete(instance.id)
            instance._seen = True

        async def three(instance: User):
            await User.create(name="b")
        """,
    ),
    "schemas": (
        "TD101",
        """
        from tortoise import Tortoise
        from tortoise.contrib.fastapi import RegisterTortoise, register_tortoise

        async def start(settings):
            await Tortoise.generate_schemas()  # !
            await Tortoise.generate_schemas(safe=True)  # !
            if settings.DEBUG:
                await Tortoise.generate_schemas()

        async def demo():
            await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["app.models"]})
            await Tortoise.generate_schemas()

        async def command():
            await Tortoise.init(db_url=DEV_DB_URL, modules={"models": ["app.models"]})
            await Tortoise.generate_schemas()

        def web(app, settings):
            register_tortoise(app, config={}, generate_schemas=True)  # !
            register_tortoise(app, config={}, generate_schemas=False)
            register_tortoise(app, config={}, generate_schemas=settings.create)
            return RegisterTortoise(app, config={}, generate_schemas=True)  # !
        """,
    ),
    "init in a request": (
        "TD102",
        """
        from fastapi import APIRouter, Depends
        from tortoise import Tortoise
        router = APIRouter()

        @router.get("/a")
        async def a():
            await Tortoise.init(config={})  # !

        async def connect():
            await Tortoise.init(config={})  # !

        @router.post("/b")
        async def b(db=Depends(connect)): ...

        async def once():
            await Tortoise.init(config={})

        @cache.get("key")
        async def c():
            await Tortoise.init(config={})
        """,
    ),
    "init in a lifespan": (
        "TD110",
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from tortoise import Tortoise

        @asynccontextmanager
        async def one(app: FastAPI):
            await Tortoise.init(config={})  # !
            yield

        @asynccontextmanager
        async def two(app: FastAPI):
            await Tortoise.init(config={}, _enable_global_fallback=True)
            yield

        async def connect():
            await Tortoise.init(config={})  # !

        @asynccontextmanager
        async def three(_):
            await connect()
            yield

        app = FastAPI(lifespan=three)

        @app.on_event("startup")
        async def four():
            await Tortoise.init(config={})  # !

        @asynccontextmanager
        async def elsewhere():
            await Tortoise.init(config={})
            yield

        async def main():
            await Tortoise.init(config={})
        """,
    ),
    "old spellings": (
        "TD111",
        """
        from tortoise import Tortoise, fields
        from tortoise.contrib.test import TestCase, tortoise_test_context  # !
        from tortoise.contrib.fastapi import HTTPNotFoundError  # !
        from tortoise.fields import CharField as C
        from other import fields as other

        a = fields.IntField(pk=True)  # !
        b = C(max_length=3, index=True)  # !
        c = fields.IntField(primary_key=True, db_index=True)
        d = other.IntField(pk=True)
        e = fields.ManyToManyField("models.User", create_unique_index=False)  # !
        f = Tortoise.describe_model(None)  # !
        g = dict(pk=1, index=2)

        from tortoise.contrib.fastapi import RegisterTortoise, register_tortoise
        h = RegisterTortoise(None, add_exception_handlers=True)  # !
        i = RegisterTortoise(None, add_exception_handlers=False)
        register_tortoise(None, add_exception_handlers=True)  # warns of nothing

        from tortoise import query_utils
        from tortoise.contrib import test
        import tortoise.contrib.test as helpers

        class TestIt(test.TestCase):  # !
            def setUp(self):
                helpers.initializer(["models"])  # !
                self.where = query_utils.Q(a=1)  # !
                self.context = test.tortoise_test_context()
                self.own = other.TestCase
        """,
    ),
    "limits on writes": (
        "TD112",
        """
        from app.models import User

        async def f(users, n):
            await User.filter(age=1).limit(1).delete()  # !
            await User.all().order_by("age").limit(n).update(age=2)  # !
            await User.first().delete()  # !
            await User.all().last().update(age=2)  # !
            await User.latest("age").delete()  # !
            await User.all().offset(5).delete()  # !
            await User.all()[:5].delete()  # !
            old = User.filter(age__gt=9).order_by("age").limit(5)
            await old.delete()  # !
            await old.filter(name="a").update(name="b")  # !
        """,
    ),
    "writes without a limit": (
        "TD112",
        """
        from app.models import User

        async def f(users, n, tree):
            await User.filter(age=1).delete()
            await User.get(id=1).delete()
            await User.get_or_none(id=1).update(age=2)
            await (await User.all().limit(1).get(id=1)).delete()
            ids = await User.all().limit(1).values_list("id", flat=True)
            await User.filter(id__in=ids).delete()
            for user in await User.all().limit(5):
                await user.delete()
            query = User.all()
            if n:
                query = query.limit(n)
            await query.delete()
            tree.first().delete()
            users.limit(1).update(age=2)
        """,
    ),
    "arguments that are no fields": (
        "TD113",
        """
        from app.models import User
        from app import models

        async def f(name, more):
            User(name=name, surname=name)  # !
            await User.create(
                name=name,
                agee=1,  # !
            )
            await models.User.create(pk=1, name=name)  # !
            await User.get_or_create(name=name, defaults={"agee": 1})  # !
            await User.update_or_create(defaults=dict(agee=1), name=name)  # !
            user = await User.get(name=name)
            user.update_from_dict({"agee": 1})  # !
            user.update_from_dict(data={"agee": 1, "age": 2})  # !
            await user.update_from_dict(dict(pk=1)).save()  # !
            user.update_from_dict()
            await User.bulk_create([User(name=n, surname=n) for n in more])  # !
            User(promote=1)  # !
            User(Meta=2)  # !
        """,
    ),
    "arguments that are fields": (
        "TD113",
        """
        from app.models import User
        from app.models.user import BaseUser

        class Other(User):
            class Meta:
                table = "other"

            def __init__(self, **options):
                super().__init__(**options)

            @classmethod
            def made(cls, **options):
                return cls(colour="red")

        async def f(name, options, row: BaseUser):
            User(id=1, name=name, age=1, boss=None, **options)
            await User.create(name=name, boss_id=1, using_db=None)
            await User.get_or_create(nameless=1, defaults=options)
            await User.update_or_create(name=name, defaults={"boss": None, **options})
            Other(colour="red")
            await Other.create(colour="red")
            row.update_from_dict({"colour": "red"})
            User(groups=[], posts=[])
            dict(colour="red")
        """,
    ),
    "prefetching twice": (
        "TD114",
        """
        from app.models import User

        async def f(n):
            await User.all().prefetch_related("boss").filter(age=1).prefetch_related("groups")  # !
            query = User.filter(age=n).prefetch_related("boss")
            for user in await query.order_by("age").prefetch_related("posts"):  # !
                print(user)
            await User.get(id=1).prefetch_related("boss").prefetch_related("groups")  # !
        """,
    ),
    "prefetching once": (
        "TD114",
        """
        from app.models import User

        async def f(n, tree):
            await User.all().prefetch_related("boss", "groups").select_related("boss")
            await User.all().select_related("boss").select_related("boss__boss")
            query = User.all()
            if n:
                query = query.prefetch_related("boss")
            await query.prefetch_related("groups")  # !
            await User.all().prefetch_related("boss").prefetch_related()
            tree.prefetch_related("a").prefetch_related("b")
        """,
    ),
    "atomic": (
        "TD115",
        """
        from tortoise import transactions
        from tortoise.transactions import atomic, atomic as whole
        from elsewhere import atomic as other

        @atomic  # !
        async def a(): ...

        class Service:
            @transactions.atomic  # !
            async def b(self): ...

            @whole  # !
            async def c(self): ...

            @atomic()
            async def d(self): ...

            @atomic("default")
            async def e(self): ...

            @other
            async def f(self): ...
        """,
    ),
    "signals of abstract models": (
        "TD116",
        """
        from tortoise.signals import post_save, pre_delete
        from app.models import BaseUser, User

        @post_save(BaseUser)  # !
        async def a(sender, instance, created, using_db, update_fields): ...

        @pre_delete(User, BaseUser)  # !
        async def b(sender, instance, using_db): ...

        @post_save(User)
        async def c(sender, instance, created, using_db, update_fields): ...
        """,
    ),
    "options of an abstract Meta": (
        "TD117",
        """
        from tortoise import fields
        from tortoise.models import Model
        from app.models.user import Active

        class Base(Model):
            class Meta:
                abstract = True
                ordering = ("name",)
                manager = Active()  # !
                indexes = (("name",),)  # !
                fetch_db_defaults = False
                notes = "for us"

            name = fields.CharField(max_length=20)

        class One(Base):
            class Meta:
                table = "one"
                manager = Active()

        class Handed(Model):
            class Meta:
                abstract = True
                unique_together = (("name", "age"),)

        class Two(Handed):
            class Meta(Handed.Meta):
                abstract = False

        class Far(Model):
            class Meta:
                abstract = True
                schema = "far"  # !

        class Near(Far):
            class Meta:
                abstract = True

        class Three(Near):
            class Meta(Near.Meta):
                abstract = False

        class Four(Near):
            class Meta(Near.Meta):
                table = "four"
        """,
    ),
    "transactions gathered in a transaction": (
        "TD118",
        """
        import asyncio
        from asyncio import gather
        from tortoise.transactions import atomic, in_transaction
        from app.models import User

        @atomic()
        async def one(name): ...

        async def two(name):
            if name:
                async with in_transaction() as connection:
                    await User.filter(name=name).using_db(connection).update(age=1)

        async def f(names):
            async with in_transaction():
                await asyncio.gather(*(one(name) for name in names))  # !
                await gather(one("a"), two("b"))  # !
                tasks = [two(name) for name in names]
                await gather(*tasks)  # !
                async with asyncio.TaskGroup() as group:
                    for name in names:
                        group.create_task(one(name))  # !

        @atomic()
        async def g(names):
            return await gather(*[one(name) for name in names], return_exceptions=True)  # !
        """,
    ),
    "transactions gathered elsewhere": (
        "TD118",
        """
        import asyncio
        from asyncio import TaskGroup, gather
        from tortoise.transactions import atomic, in_transaction
        from app.models import User
        from elsewhere import three

        @atomic()
        async def one(name): ...

        async def two(name):
            async def later():
                async with in_transaction():
                    ...
            return await User.filter(name=name).count()

        @atomic("other")
        async def four(name): ...

        async def f(names):
            await gather(*(one(name) for name in names))
            async with in_transaction():
                await gather(one("a"))
                await gather(*(two(name) for name in names), *(three(name) for name in names))
                await gather(*(four(name) for name in names))
                async with TaskGroup() as group:
                    group.create_task(one("a"))
                for name in names:
                    await one(name)
                    await asyncio.create_task(one(name))

                async def later():
                    await gather(*(one(name) for name in names))
            async with in_transaction("other"):
                await gather(*(one(name) for name in names))
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, users) -> None:
    code, text = CASES[name]
    source = textwrap.dedent(text)
    users.write(
        {
            "app/service.py": source,
            "app/audit.py": """\
            from tortoise.models import Model

            class AuditLog(Model):
                class Meta:
                    table = "audit"
            """,
        }
    )
    wanted = [
        ("app/service.py", number, code)
        for number, line in enumerate(source.split("\n"), 1)
        if line.endswith("# !")
    ]
    assert users.found("--select", code) == wanted


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
