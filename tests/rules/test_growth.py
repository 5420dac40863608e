"""Work grows with the size of what is checked, not with its square; one file does not cost the project.

Calls of functions are counted, not seconds: a count is the same on a busy machine.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tortoise_dev.analysis.project import Project
from tortoise_dev.analysis.source import SourceFile
from tortoise_dev.rules import RULES
from tortoise_dev.rules.engine import Violation, violations_of

pytestmark = pytest.mark.slow

ROOT = Path("/project")
CORPORA = Path(__file__).parents[1] / "bench" / "check_corpora.py"
HEAD = """\
from tortoise import fields
from tortoise.models import Model


class User(Model):
    class Meta:
        table = "user"

    boss = fields.ForeignKeyField("models.User", null=True)
"""
FILES: dict[str, Callable[[int], str]] = {
    "a query that is built under ifs": lambda n: (
        HEAD + "async def f(x):\n    q = User.all()\n" + "    if x:\n        q = q.filter(a=x)\n" * n
    ),
    "a query that is built under ifs of a module": lambda n: (
        HEAD + "q = User.all()\n" + "if q:\n    q = q.filter(a=1)\n" * n
    ),
    "a query that is built under ifs, and fetches relations": lambda n: (
        HEAD
        + "async def f(x):\n    q = User.all()\n"
        + "    if x:\n        q = q.filter(a=x)\n" * n
        + "    return await q.prefetch_related('boss')\n"
    ),
    "SQL that is built under ifs": lambda n: (
        HEAD
        + "from tortoise import connections\nasync def f(x):\n    sql = 'SELECT 1'\n"
        + "    if x:\n        sql = sql + f' AND a = ?'\n" * n
        + "    await connections.get('default').execute_query(sql, [x])\n"
    ),
    "dictionaries with names": lambda n: (
        HEAD
        + "async def f(x):\n"
        + "".join(f"    d{i} = {{'boss_id': x}}\n    await User.create(**d{i})\n" for i in range(n))
    ),
    "rows that are changed and not saved": lambda n: (
        HEAD
        + "async def f(x):\n    u = await User.get(id=x)\n"
        + "    u.update_from_dict({'boss_id': x})\n" * n
    ),
    "rows that one loop looks up": lambda n: (
        HEAD + "async def f(x):\n    for u in x:\n" + "        v = await User.get(id=u)\n" * n
    ),
    "queries that are built of each other": lambda n: (
        HEAD
        + "async def f(x):\n    q0 = User.all()\n"
        + "".join(f"    q{i + 1} = q{i}.all()\n" for i in range(n))
    ),
    "old queries in transactions": lambda n: (
        "from tortoise.transactions import in_transaction\n"
        + HEAD
        + "async def f():\n    q = User.filter()\n    await q\n"
        + "    async with in_transaction():\n        await q\n" * n
    ),
    "names for one model": lambda n: (
        HEAD + "U0 = User\n" + "".join(f"U{i + 1} = U{i}\nU{i}.filter()\n" for i in range(n))
    ),
    "functions": lambda n: (
        HEAD + "".join(f"async def f{i}(x):\n    await User.get(id=x)\n" for i in range(n))
    ),
    "rows that are saved": lambda n: (
        HEAD + "async def f():\n" + "    for u in await User.all():\n        await u.save()\n" * n
    ),
    "models": lambda n: (
        HEAD + "".join(f"class A{i}(User):\n    class Meta:\n        table = 'a'\n" for i in range(n))
    ),
    "signal handlers": lambda n: (
        HEAD
        + "from tortoise.signals import post_save\n"
        + "".join(
            f"@post_save(User)\nasync def h{i}(sender, instance):\n    await User.create(a=1)\n"
            for i in range(n)
        )
    ),
    "SQL": lambda n: (
        HEAD
        + "from tortoise import connections\nasync def f(x):\n    c = connections.get('default')\n"
        + "    await c.execute_query(f'SELECT {x}')\n" * n
    ),
    "queries that callers use": lambda n: (
        HEAD
        + "".join(
            f"async def f{i}():\n    return User.all()\nasync def g{i}():\n    len(await f{i}())\n"
            for i in range(n)
        )
    ),
    "calls of a function that locks": lambda n: (
        HEAD
        + "async def f(x):\n    await User.select_for_update().get(id=x)\n"
        + "async def g(x):\n"
        + "    await f(x)\n" * n
    ),
    "callers that each call all others": lambda n: (
        HEAD
        + "async def f(x):\n    await User.select_for_update().get(id=x)\n"
        + "    u = await User.get(id=x)\n    u.boss_id += 1\n    await u.save()\n    await g(x)\n"
        + "".join("async def g(x):\n    await f(x)\n    await g(x)\n" for _ in range(n))
    ),
}


CONFIG = """\
C = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {"models": {"models": ["shop.models"], "migrations": "shop.migrations"}},
}
"""
UNDONE = """\
class UniqueIndex(Index):
    def get_sql(self, schema_generator, model, safe):
        return super().get_sql(schema_generator, model, safe).replace("CREATE", "CREATE UNIQUE")
"""
MIGRATION = """\
from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from shop.models import UniqueIndex


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel("A{i}", [("id", fields.IntField(primary_key=True)), ("x", fields.IntField())]),
        ops.AddIndex("A{i}", UniqueIndex("x", name="uq_{i}")),
        ops.RunSQL("CREATE UNIQUE INDEX up_{i} ON a{i} (x); DROP INDEX up_{i}", "SELECT 1"),
    ]
"""


def _with_migrations(n: int) -> dict[str, str]:
    """Models with an index and a constraint that no migration makes, and a migration for each."""
    models = [
        "from tortoise import fields\nfrom tortoise.indexes import Index\nfrom tortoise.models import Model\n"
        "from tortoise.migrations.constraints import CheckConstraint\n" + UNDONE
    ]
    for i in range(n):
        models.append(
            f"class A{i}(Model):\n    class Meta:\n"
            f"        indexes = (UniqueIndex('x', name='uq_{i}'),)\n"
            f"        constraints = (CheckConstraint(check='x > 0', name='ck_{i}'),)\n"
            "    x = fields.IntField()\n"
        )
    files = {f"shop/migrations/{i:04}_a.py": MIGRATION.format(i=i) for i in range(n)}
    return {"config.py": CONFIG, "shop/models.py": "".join(models), **files}


def _judge(
    files: dict[str, str], only: str | None = None, codes: Iterable[str] = tuple(RULES)
) -> list[Violation]:
    sources = [SourceFile(ROOT / name, text.encode()) for name, text in files.items()]
    judged = [source.path for source in sources if only is None or source.path == ROOT / only]
    always = judged if only is not None else []
    return violations_of(Project(sources, judged, ROOT, always=always), lambda _: frozenset(codes))


def _calls(run: Callable[[], Any]) -> int:
    """How many functions, Python's own ones too, are called."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", FILES)
def test_twice_as_much_is_twice_the_work(name: str) -> None:
    once, twice = (_calls(lambda n=n: _judge({"app.py": FILES[name](n)})) for n in (100, 200))
    assert twice < 2.2 * once, f"{once:,} calls, then {twice:,}"


def test_twice_as_many_files_are_twice_the_work() -> None:
    application = runpy.run_path(str(CORPORA))["application"]
    once, twice = (_calls(lambda n=n: _judge(application(n))) for n in (6, 12))
    assert twice < 2.2 * once, f"{once:,} calls, then {twice:,}"


def test_twice_as_many_migrations_are_twice_the_work() -> None:
    codes = ("TD211", "TD212", "TD213")
    found = _judge(_with_migrations(20), codes=codes)
    assert [sum(one.rule == code for one in found) for code in codes] == [0, 20, 20]
    once, twice = (_calls(lambda n=n: _judge(_with_migrations(n), codes=codes)) for n in (20, 40))
    assert twice < 2.2 * once, f"{once:,} calls, then {twice:,}"


def _after_each_other(n: int) -> dict[str, str]:
    """Migrations one after the other, beside each another after the same; all refer to a second label."""
    head, _, body = MIGRATION.partition("    operations = [\n")
    relation = '        ops.AddField("A{i}", "b", fields.ForeignKeyField("other.B")),\n'
    files = {}
    for i in range(n):
        for name in "ab":
            after = f'    dependencies = [("models", "{i - 1:04}_a")]\n' if i else ""
            text = head + after + "    operations = [\n" + (relation + body).format(i=i)
            files[f"shop/migrations/{i:04}_{name}.py"] = text
    return files


def _with_steps(n: int) -> dict[str, str]:
    """A migration with many steps of all kinds, on one table and on new ones."""
    head = MIGRATION.partition("        ops.")[0]
    steps = [
        'ops.AddField("A", "f{i}", fields.IntField(unique=True))',
        'ops.AlterField("A", "f{i}", fields.CharField(max_length=9))',
        'ops.CreateModel("B{i}", [("id", fields.IntField(primary_key=True))])',
        'ops.RunSQL("LOCK TABLE a IN SHARE MODE; ALTER TABLE a VALIDATE CONSTRAINT c{i}", "SELECT 1")',
        'ops.RunSQL("UPDATE a SET f{i} = 1", "SELECT 1")',
    ]
    listed = "".join(f"        {step},\n" for i in range(n) for step in steps).replace("{i}", "1")
    first = head + '        ops.CreateModel("A", [("id", fields.IntField(primary_key=True))]),\n    ]\n'
    return {
        "config.py": CONFIG.replace("sqlite://:memory:", "postgres://db/shop"),
        "shop/migrations/0000_a.py": first,
        "shop/migrations/0001_b.py": f"{head}{listed}    ]\n",
    }


@pytest.mark.parametrize(
    ("make", "expected"),
    [(_after_each_other, {"TD209": 59}), (_with_steps, {"TD203": 20, "TD205": 1, "TD206": 40})],
)
def test_twice_as_long_histories_are_twice_the_work(
    make: Callable[[int], dict[str, str]], expected: dict[str, int]
) -> None:
    found = _judge(make(20), codes=expected)
    assert {code: sum(one.rule == code for one in found) for code in expected} == expected
    once, twice = (_calls(lambda n=n: _judge(make(n), codes=expected)) for n in (50, 100))
    assert twice < 2.2 * once, f"{once:,} calls, then {twice:,}"


def test_one_file_costs_what_its_names_lead_to(monkeypatch: pytest.MonkeyPatch) -> None:
    files = runpy.run_path(str(CORPORA))["application"](20)
    parsed: list[Path] = []
    tree = SourceFile.tree.func

    def noted(file: SourceFile) -> Any:
        parsed.append(file.path)
        return tree(file)

    monkeypatch.setattr(SourceFile, "tree", property(noted))
    found = _judge(files, "apps/shop7/services/stock.py")
    assert [violation.rule for violation in found] == ["TD105", "TD104"]
    folders = {"/".join(path.relative_to(ROOT).parts[:2]) for path in parsed}
    assert folders == {"apps/shop6", "apps/shop7", "apps/common"}
    assert len(parsed) == len(set(parsed)) < 20
    everything = _judge(files)
    assert [v for v in everything if v.path.match("apps/shop7/services/stock.py")] == found
