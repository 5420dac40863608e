"""--fix and --diff: whole members move, with what belongs to them; everything else stays as it is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap

import pytest

HEAD = "from tortoise import fields\nfrom tortoise.models import Model\n\n\n"

MOVES = {
    "a blank line stays above an if": (
        """
        class A(Model):
            id = fields.IntField(primary_key=True)

            class Meta:
                table = "a"

            if fields:
                x = 1
        """,
        """
        class A(Model):
            class Meta:
                table = "a"

            id = fields.IntField(primary_key=True)

            if fields:
                x = 1
        """,
    ),
    "Meta up": (
        """
        class A(Model):
            id = fields.IntField(primary_key=True)

            class Meta:
                table = "a"
        """,
        """
        class A(Model):
            class Meta:
                table = "a"

            id = fields.IntField(primary_key=True)
        """,
    ),
    "Meta behind a docstring": (
        '''
        class A(Model):
            """What it is."""

            id = fields.IntField(primary_key=True)  # the key

            # about Meta
            class Meta:  # of A
                table = "a"  # its name
                # the end of Meta

            def x(self): ...
        ''',
        '''
        class A(Model):
            """What it is."""

            # about Meta
            class Meta:  # of A
                table = "a"  # its name
                # the end of Meta

            id = fields.IntField(primary_key=True)  # the key

            def x(self): ...
        ''',
    ),
    "fields, then methods": (
        """
        class A(Model):
            class Meta:
                table = "a"

            @property
            def label(self):
                return self.name

            name = fields.CharField(max_length=3)
            #: how old it is
            age = fields.IntField()

            @classmethod
            async def make(cls):
                '''Make one.'''

            # about __str__
            def __str__(self):
                return self.name
        """,
        """
        class A(Model):
            class Meta:
                table = "a"

            name = fields.CharField(max_length=3)
            #: how old it is
            age = fields.IntField()

            @classmethod
            async def make(cls):
                '''Make one.'''

            # about __str__
            def __str__(self):
                return self.name

            @property
            def label(self):
                return self.name
        """,
    ),
    "a string that documents a field moves with it": (
        '''
        class A(Model):
            class Meta:
                table = "a"

            def x(self): ...

            name = fields.CharField(max_length=3)
            """The name,
            in two lines."""
        ''',
        '''
        class A(Model):
            class Meta:
                table = "a"

            name = fields.CharField(max_length=3)
            """The name,
            in two lines."""

            def x(self): ...
        ''',
    ),
    "nested classes after Meta": (
        """
        class A(Model):
            name = fields.CharField(max_length=3)

            class PydanticMeta:
                exclude = ()

            class Meta:
                table = "a"
        """,
        """
        class A(Model):
            class Meta:
                table = "a"

            class PydanticMeta:
                exclude = ()

            name = fields.CharField(max_length=3)
        """,
    ),
    "Meta only, where a default needs the order": (
        """
        class A(Model):
            LIMIT = 3

            def x(self): ...

            size = fields.IntField(default=x)

            class Meta:
                table = "a"
        """,
        """
        class A(Model):
            class Meta:
                table = "a"

            LIMIT = 3

            def x(self): ...

            size = fields.IntField(default=x)
        """,
    ),
    "several classes": (
        """
        class A(Model):
            id = fields.IntField(primary_key=True)
            class Meta:
                table = "a"
        class B(Model):
            def x(self): ...
            id = fields.IntField(primary_key=True)
            class Meta:
                table = "b"
        """,
        """
        class A(Model):
            class Meta:
                table = "a"

            id = fields.IntField(primary_key=True)
        class B(Model):
            class Meta:
                table = "b"

            id = fields.IntField(primary_key=True)

            def x(self): ...
        """,
    ),
    "comments that belong to nobody": (
        """
        class A(Model):  # the class
            # above the first

            # ---- fields ----
            id = fields.IntField(primary_key=True)
            # below id

            # ---- meta ----

            class Meta:
                table = "a"

            # the end
        # after the class
        x = 1
        """,
        """
        class A(Model):  # the class
            # ---- meta ----

            class Meta:
                table = "a"

            # above the first

            # ---- fields ----
            id = fields.IntField(primary_key=True)
            # below id

            # the end
        # after the class
        x = 1
        """,
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_move(name: str, project) -> None:
    before, after = (HEAD + textwrap.dedent(text).lstrip("\n") for text in MOVES[name])
    project.write({"a.py": before})
    project.run("--fix", "--select", "TD003,TD004")
    assert project.text("a.py") == after
    project.run("--fix", "--select", "TD003,TD004")
    assert project.text("a.py") == after, "the second run must change nothing"


LEFT_ALONE = {
    "a formatter that is switched off and on": """
        class A(Model):
            # fmt: off
            x  =  fields.IntField()
            # fmt: on

            class Meta:
                table = "a"
        """,
    "a switch at the end": """
        class A(Model):
            x = fields.IntField()

            class Meta:
                table = "a"
            # pylint: disable=invalid-name
        """,
    "a region": """
        class A(Model):
            # region Fields
            x = fields.IntField()
            # endregion

            class Meta:
                table = "a"
        """,
    "a field reads what a method binds": """
        class A(Model):
            class Meta:
                table = "a"

            def size(self): ...

            x = fields.IntField(default=size)
        """,
    "a name that is bound twice": """
        class A(Model):
            class Meta:
                table = "a"

            def size(self): ...

            size = fields.IntField()
        """,
    "a decorator of the class": """
        class A(Model):
            class Meta:
                table = "a"

            def check(function): ...

            @check
            def _private(self): ...
            name = 1
            def public(self, x=name): ...
            other = check
        """,
    "an if in the body": """
        class A(Model):
            class Meta:
                table = "a"

            def x(self): ...

            if True:
                y = 1

            z = 2
        """,
    "two members on a line": """
        class A(Model):
            class Meta:
                table = "a"

            def x(self): ...

            y = 1; z = 2
        """,
    "a base of Meta out of the class": """
        class A(Model):
            class Shared:
                x = 1

            class Meta(Shared):
                table = "a"
        """,
    "two Metas": """
        class A(Model):
            x = 1

            class Meta:
                table = "a"

            class Meta:
                table = "b"
        """,
    "the body looks at itself": """
        class A(Model):
            class Meta:
                table = "a"

            def x(self): ...

            names = list(locals())
        """,
    "an annotation that a field hides": """
        class A(Model):
            class Meta:
                table = "a"

            def x(self, on: date): ...

            date = fields.DateField()
        """,
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_not_safe_is_left_alone(name: str, project) -> None:
    source = HEAD + textwrap.dedent(LEFT_ALONE[name]).lstrip("\n")
    project.write({"a.py": source})
    violations = project.report("--fix", "--select", "TD003,TD004")["violations"]
    assert project.text("a.py") == source
    assert violations
    assert not any(violation["fixable"] for violation in violations)


def test_a_lazy_annotation_hides_nothing(project) -> None:
    body = textwrap.dedent(LEFT_ALONE["an annotation that a field hides"]).lstrip("\n")
    project.write({"a.py": "from __future__ import annotations\n" + HEAD + body})
    assert project.found("--fix", "--select", "TD004") == []


BYTES = {
    "windows line ends": HEAD + textwrap.dedent(MOVES["Meta up"][0]),
    "no line end at the end": HEAD + textwrap.dedent(MOVES["Meta up"][0]).rstrip("\n"),
    "tabs": HEAD + textwrap.dedent(MOVES["Meta up"][0]).replace("    ", "\t"),
    "a byte order mark": "\ufeff" + HEAD + textwrap.dedent(MOVES["Meta up"][0]),
    "umlauts": HEAD + "# äöü\n" + textwrap.dedent(MOVES["Meta up"][0]).replace('"a"', '"größe"'),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_stay_what_they_are(name: str, project) -> None:
    source = BYTES[name]
    if name == "windows line ends":
        source = source.replace("\n", "\r\n")
    (project.root / "a.py").write_bytes(source.encode())
    assert project.found("--fix", "--select", "TD003") == []
    fixed = (project.root / "a.py").read_bytes()
    assert sorted(set(fixed.split())) == sorted(set(source.encode().split()))
    assert fixed.startswith(b"\xef\xbb\xbf") == (name == "a byte order mark")
    assert fixed.count(b"\r\n") == fixed.count(b"\n") or name != "windows line ends"
    assert fixed.endswith(b"\n") == (name != "no line end at the end")
    ast.parse(fixed)


def test_an_old_encoding_is_kept(project) -> None:
    text = (
        "# -*- coding: latin-1 -*-\n" + HEAD + textwrap.dedent(MOVES["Meta up"][0]).replace('"a"', '"größe"')
    )
    (project.root / "a.py").write_bytes(text.encode("latin-1"))
    assert project.found("--fix", "--select", "TD003") == []
    assert "größe" in (project.root / "a.py").read_bytes().decode("latin-1")


def test_multi_line_strings_keep_their_lines(project) -> None:
    project.write(
        {
            "a.py": HEAD + 'class A(Model):\n    text = """\n  not a member\n\n\n# not a comment\n"""\n'
            "    def x(self): ...\n"
            '    class Meta:\n        table = """a\n  b"""\n'
        }
    )
    before = {ast.dump(node) for node in ast.parse(project.text("a.py")).body[-1].body}
    project.run("--fix")
    after = project.text("a.py")
    assert {ast.dump(node) for node in ast.parse(after).body[-1].body} == before
    assert after.index("class Meta") < after.index("not a member")


def test_a_switch_within_a_method_moves_with_it(project) -> None:
    method = "    def x(self):\n        # fmt: off\n        return  1\n        # fmt: on\n"
    meta = '    class Meta:\n        table = "a"\n'
    project.write({"a.py": f"{HEAD}class A(Model):\n{method}\n{meta}"})
    assert project.found("--fix", "--select", "TD003") == []
    assert project.text("a.py") == f"{HEAD}class A(Model):\n{meta}\n{method}"


def test_diff_shows_and_writes_nothing(project) -> None:
    source = HEAD + textwrap.dedent(MOVES["Meta up"][0]).lstrip("\n")
    project.write({"a.py": source})
    done = project.run("--diff")
    assert done.returncode == 1
    assert done.stdout.decode().startswith("--- a/a.py\n+++ b/a.py\n@@")
    assert "+\n+    id = fields.IntField(primary_key=True)\n" in done.stdout.decode()
    assert project.text("a.py") == source
    project.run("--fix")
    assert project.run("--diff").returncode == 0


def test_a_diff_applies_to_a_file_with_a_byte_order_mark(project) -> None:
    source = "from tortoise import fields, models\nclass A(models.Model):\n    id = fields.IntField()\n"
    file = project.root / "a.py"
    file.write_bytes(f'\ufeff{source}    class Meta:\n        table = "a"\n'.encode())
    patch = project.run("--diff").stdout
    subprocess.run(["git", "apply", "-"], cwd=project.root, input=patch, check=True)
    assert file.read_bytes().startswith("\ufefffrom tortoise".encode())
    assert project.run("--diff").returncode == 0


def test_only_what_is_selected_is_repaired(project) -> None:
    before, _ = MOVES["several classes"]
    project.write({"a.py": HEAD + textwrap.dedent(before).lstrip("\n")})
    project.run("--fix", "--select", "TD003")
    text = project.text("a.py")
    assert text.index('table = "b"') < text.index("def x(self)") < text.rindex("id = fields")


def test_a_suppressed_finding_is_not_repaired(project) -> None:
    source = HEAD + textwrap.dedent(MOVES["Meta up"][0]).replace("class Meta:", "class Meta:  # noqa: TD003")
    project.write({"a.py": source})
    project.run("--fix")
    assert project.text("a.py") == source


def test_standard_input_is_repaired_onto_standard_output(project) -> None:
    before, after = (HEAD + textwrap.dedent(text).lstrip("\n") for text in MOVES["Meta up"])
    done = project.run("--fix", "--stdin-filename", "app/models/a.py", stdin=before.encode())
    assert done.stdout.decode() == after
    assert not (project.root / "app").exists()


def test_a_file_that_cannot_be_written_is_named(project) -> None:
    project.write({"sub/a.py": HEAD + textwrap.dedent(MOVES["Meta up"][0])})
    (project.root / "sub").chmod(0o555)
    try:
        if _can_write(project.root / "sub"):
            pytest.skip("nothing is forbidden to this user")
        done = project.run("--fix")
        assert done.returncode == 2
        assert b"sub/a.py:1: error: cannot be written" in done.stdout
    finally:
        (project.root / "sub").chmod(0o755)


def test_a_file_that_is_read_only_stays_as_it_is(project) -> None:
    source = HEAD + textwrap.dedent(MOVES["Meta up"][0])
    project.write({"a.py": source})
    (project.root / "a.py").chmod(0o444)
    done = project.run("--fix")
    assert done.returncode == 2
    assert b"a.py:1: error: cannot be written: is read-only: make it writable first\n" in done.stdout
    assert project.text("a.py") == source


SHOP = """\
from tortoise import fields
from tortoise.models import Model


class Stamped(Model):
    def age(self, now):
        return now - self.made_at

    made_at = fields.DatetimeField(auto_now_add=True)  #: when it was made
    note = fields.TextField(null=True)

    class Meta:
        abstract = True


class Customer(Stamped):
    def __str__(self):
        return self.name

    @property
    def label(self):
        return self.name.upper()

    name = fields.CharField(max_length=20, unique=True)
    #: how much the customer may owe
    limit_ = fields.DecimalField(max_digits=10, decimal_places=2)
    friend = fields.ForeignKeyField("models.Customer", null=True)
    tags = fields.ManyToManyField("models.Tag")

    class Meta:
        table = "customer"
        indexes = [("name", "limit_")]


class Tag(Model):
    async def save(self, *args, **kwargs):
        await super().save(*args, **kwargs)

    word = fields.CharField(max_length=20)
    id = fields.UUIDField(primary_key=True)
"""

SCHEMA = """\
import asyncio
from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.utils import get_schema_sql


async def main():
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"models": ["shop"]})
        print(get_schema_sql(context.connections.get("default"), safe=False))


asyncio.run(main())
"""


def test_the_tables_stay_what_they_are(project) -> None:
    def schema() -> str:
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(project.root)}
        command = [sys.executable, "-c", SCHEMA]
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    project.write({"shop.py": SHOP})
    before = schema()
    assert before.count("CREATE TABLE") == 3
    assert project.found("--fix", "--select", "TD004") == []
    assert project.text("shop.py") != SHOP
    assert schema() == before


def _can_write(folder) -> bool:
    try:
        (folder / "probe").touch()
    except OSError:
        return False
    (folder / "probe").unlink()
    return True
