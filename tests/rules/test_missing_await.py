"""TD106 over several files: methods of models, results that pass through functions."""

from __future__ import annotations


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


def test_a_row_that_is_read_as_a_dictionary(users) -> None:
    users.write(
        {
            "app/service.py": """\
            from app.models import User

            async def f():
                for user in await User.all():
                    print(f"{user.get('name', 'nobody')}")
                    print(f"{user.get(id=1)}")
            """,
        }
    )
    found = users.report("--select", "TD106")["violations"]
    assert [(one["line"], one["message"]) for one in found] == [
        (5, "user is a row and no dictionary: read its attributes"),
        (6, "user.get(id=1) is not awaited"),
    ]
    assert users.run("--select", "TD106", "--fix", "--unsafe-fixes").returncode == 1
    assert "await user.get('name'" not in users.text("app/service.py")
