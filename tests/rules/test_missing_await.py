"""TD106: a comment `# !` marks each line that must be reported; no other may be."""

from __future__ import annotations

import textwrap

import pytest

HEAD = """\
import asyncio
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.functions import Count
from tortoise.transactions import in_transaction, atomic
from app.models import User

"""

CASES = {
    "statements": """
        async def f(user: User):
            User.create(name="a")  # !
            User.filter(age=1).update(age=2)  # !
            User.all()  # !
            User.filter(age=1).delete()  # !
            User.bulk_create([])  # !
            User.get_or_create(name="a")  # !
            user.save()  # !
            user.delete()  # !
            user.fetch_related("groups")  # !
            user.promote()  # !
            user.groups.add(user)  # !
            user.groups.all()  # !
            user.posts.filter(age=1)  # !
            await User.create(name="a")
            await user.groups.add(user)
            user.clone(pk=1)
            User.describe()
            user.update_from_dict({})
            user.unknown()
        """,
    "in a plain function nothing is awaited either": """
        def f():
            User.create(name="a")  # !
        """,
    "at the top of a module": """
        User.create(name="a")  # !
        users = User.all()
        """,
    "conditions": """
        async def f():
            if User.exists(name="a"):  # !
                pass
            if not User.filter(age=1).exists():  # !
                pass
            while User.filter(age=1).count():  # !
                pass
            assert User.get_or_none(id=1)  # !
            x = 1 if User.exists() else 2  # !
            y = User.first() or 3  # !
            z = [n for n in range(3) if User.exists(id=n)]  # !
            if await User.exists(name="a") and not await User.exists(name="b"):
                pass
            return x, y, z
        """,
    "a name as a condition": """
        async def f():
            users = User.filter(age=1)
            if users:  # !
                return await users
            other = User.filter(age=1) if users is not None else None
            return other
        """,
    "comparisons and arithmetic": """
        async def f():
            if User.all().count() > 3:  # !
                pass
            if User.get_or_none(id=1) is None:  # !
                pass
            total = 1 + User.all().count()  # !
            total += User.all().count()  # !
            text = f"{User.all().count()} users"  # !
            return total, text
        """,
    "loops": """
        async def f():
            for user in User.all():  # !
                print(user)
            names = [user.name for user in User.filter(age=1)]  # !
            async for user in User.all():
                print(user)
            more = [user.name async for user in User.all()]
            again = [user.name for user in await User.all()]
            return len(User.all()), list(User.all()), names, more, again  # ! !
        """,
    "attributes of what is not there yet": """
        async def f():
            print(User.get(id=1).name)  # !
            print(User.create(name="a").id)  # !
            print(User.filter(age=1).sql())
            print((await User.get(id=1)).name)
            user, created = User.get_or_create(name="a")  # !
            other, made = await User.get_or_create(name="b")
            other.save()  # !
            return user, created, made
        """,
    "assigned, never awaited": """
        async def f():
            user = User.get(id=1)  # !
            user.name = "a"
            user.save()
        """,
    "assigned, never used": """
        async def f():
            task = User.create(name="a")  # !
        """,
    "assigned, then awaited or passed on": """
        async def f():
            one = User.create(name="a")
            await one
            two = User.create(name="b")
            three = User.filter(age=1).update(age=2)
            await asyncio.gather(two, three)
            query = User.all()
            query = query.filter(age=1)
            four = User.all()
            jobs = [four]
            five = User.all()
            async for user in five:
                print(user)
            six = User.all()
            def inner():
                return six
            return await query, jobs, inner
        """,
    "a query that is built and dropped": """
        async def f():
            query = User.all()
            query.filter(age=1)  # !
            return await query
        """,
    "a name of many kinds is not judged": """
        async def f(x):
            user = User.get(id=1) if x else helper()
            user.save()
            other = helper()
            other = User.get(id=1)
            return await other
        """,
    "returned by an async def": """
        async def f():
            return User.create(name="a")  # !

        async def g(user: User):
            return user.save()  # !

        async def h() -> User:
            return User.get(id=1)  # !

        async def i() -> list[User]:
            return User.all()  # !

        async def j() -> bool:
            return User.exists(id=1)  # !

        async def k() -> "User | None":
            return User.get_or_none(id=1)  # !

        async def l():
            return User.all().count()  # !
        """,
    "returned by a method": """
        class Repository:
            async def one(self):
                return User.get(id=1)  # !

        class Admin(Framework):
            async def one(self):
                return User.get(id=1)
        """,
    "returned rows that the caller goes over": """
        async def users():
            return User.all()  # !

        async def adults():
            return User.filter(age=18)

        async def f():
            for user in await users():
                print(user)
            return await (await adults()).limit(3)
        """,
    "dropped in a list": """
        async def f(users: list[User]):
            [user.save() for user in users]  # !
            users[0].save(), users[1].save()  # ! !
            await asyncio.gather(*[user.save() for user in users])
            return [user.save() for user in users]
        """,
    "returned where it may be awaited": """
        def f():
            return User.create(name="a")

        async def g():
            return await User.create(name="a")

        async def get_query():
            return User.all()

        async def h():
            return lambda: User.all()

        async def i():
            async def inner():
                return await User.all()
            return inner

        def users():
            return User.all()
        """,
    "connections": """
        async def f():
            get_connection("default").execute_query("SELECT 1")  # !
            async with in_transaction() as connection:
                connection.execute_script("SELECT 1")  # !
                await connection.execute_query("SELECT 1")
            Tortoise.init(config={})  # !
            Tortoise.close_connections()  # !
            await Tortoise.close_connections()
        """,
    "passed on": """
        async def f():
            asyncio.create_task(User.create(name="a"))
            await asyncio.gather(User.create(name="a"), *[User.create(name=n) for n in "ab"])
            rows = {"users": User.all()}
            await User.filter(id__in=User.filter(age=1).values("id"))
            await User.all().prefetch_related("groups")
            yield User.all()
        """,
    "rows of a loop and of a list": """
        async def f(users: list[User], maybe: User | None):
            for user in users:
                user.save()  # !
            for user in await User.all():
                user.delete()  # !
            async for other in User.all():
                other.save()  # !
            first = (await User.all())[0]
            first.save()  # !
            if maybe:
                maybe.save()  # !
            made = User(name="a")
            made.save()  # !
        """,
    "a name that something else may be": """
        async def f(user):
            user.save()
            user = await User.get(id=1)
            user.save()

        class File:
            def save(self): ...

        def g(file: File):
            file.save()
        """,
    "decorated by the library": """
        @atomic()
        async def f():
            User.create(name="a")  # !
        """,
    "awaited in a branch": """
        async def f(x):
            await (User.create(name="a") if x else User.create(name="b"))
            result = await User.first() or await User.create(name="c")
            pending = x and User.create(name="d")
            return result, await pending
        """,
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, users) -> None:
    source = HEAD + textwrap.dedent(CASES[name])
    wanted = [
        ("app/service.py", number, "TD106")
        for number, line in enumerate(source.split("\n"), 1)
        for _ in range(line.partition("#")[2].count("!"))
    ]
    found = users.write({"app/service.py": source}).found("--select", "TD106")
    assert found == wanted


def test_methods_of_a_model(users) -> None:
    users.write(
        {
            "app/models/user.py": users.text("app/models/user.py")
            + """
    async def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        self.fetch_related("groups")
        await super().save(*args, **kwargs)

    @classmethod
    async def adults(cls):
        cls.filter(age=18).update(age=19)
        return await cls.filter(age=18)

    @property
    async def lazy(self): ...

    def plain(self): ...
""",
            "app/service.py": """\
            from app.models import User

            async def f(user: User):
                user.plain()
                user.lazy
                User.adults()
                await user.save()
                user.save()
            """,
        }
    )
    assert users.found("--select", "TD106") == [
        ("app/models/user.py", 25, "TD106"),
        ("app/models/user.py", 26, "TD106"),
        ("app/models/user.py", 31, "TD106"),
        ("app/service.py", 6, "TD106"),
        ("app/service.py", 8, "TD106"),
    ]


def test_a_method_that_the_project_made_synchronous_is_let_be(users) -> None:
    users.write(
        {
            "app/models/thing.py": """\
            from tortoise.models import Model

            class Thing(Model):
                @classmethod
                def create(cls, **options):
                    return cls(**options)
            """,
            "app/service.py": """\
            from app.models.thing import Thing

            def f():
                Thing.create(a=1)
            """,
        }
    )
    assert users.found("--select", "TD106") == []


def test_a_rewritten_result_is_known_through_annotations(users) -> None:
    users.write(
        {
            "app/repository.py": """\
            from app.models import User

            async def find(name: str) -> User | None:
                return await User.get_or_none(name=name)
            """,
            "app/service.py": """\
            from app.repository import find

            async def f():
                user = await find("a")
                user.save()
            """,
        }
    )
    assert users.found("--select", "TD106") == [("app/service.py", 5, "TD106")]
