"""Migrations: which rules judge them, and TD210, which compares them with a commit."""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from pathlib import Path

import pytest
from tortoise_dev.analysis.migrations.fingerprint import fingerprint
from tortoise_dev.rules import RULES
from tortoise_dev.rules.base import example_files
from tortoise_dev.rules.td210_changed_applied import BAD, GOOD

FILE = "migrations/0001_initial.py"
AERICH = '''async def upgrade(db):
    return """DROP TABLE "a";"""
'''


def commit(folder: Path) -> None:
    for arguments in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("before", "after", "reported"),
    [
        (GOOD, BAD, True),
        (GOOD, GOOD, False),
        (GOOD, GOOD.replace("operations = [", "operations = [  # noqa: TD202\n        "), False),
        (GOOD, GOOD.replace("class Migration", '"""Why."""\n\n\nclass Migration'), False),
        (GOOD, BAD.replace("Migration):", "Migration):  # noqa: TD210"), False),
    ],
    ids=["edited", "the same", "a noqa", "a docstring", "with leave"],
)
def test_an_edited_migration_is_reported_against_a_commit(
    before: str, after: str, reported: bool, project
) -> None:
    project.write(example_files(before))
    commit(project.root)
    project.write(example_files(after))
    found = [rule for _, _, rule in project.found("--select", "TD210", "--against", "HEAD")]
    assert found == (["TD210"] if reported else [])


@pytest.mark.parametrize(
    ("after", "reported"),
    [
        (AERICH.replace('"a"', '"b"'), True),
        (AERICH.replace('"a";', '"a"; -- noqa: TD202'), False),
        (AERICH.replace("DROP TABLE", "\n        drop  table"), False),
        (AERICH + '\n\nMODELS_STATE = "eJx"\n', False),
    ],
)
def test_sql_is_compared_by_its_words(after: str, reported: bool, project) -> None:
    project.write({"migrations/models/1_20260101_a.py": AERICH})
    commit(project.root)
    project.write({"migrations/models/1_20260101_a.py": after})
    found = [rule for _, _, rule in project.found("--select", "TD210", "--against", "HEAD")]
    assert found == (["TD210"] if reported else [])


def test_a_new_migration_was_not_edited(project) -> None:
    project.write({"a.py": "x = 1\n"})
    commit(project.root)
    project.write(example_files(BAD))
    assert project.found("--select", "TD210", "--against", "HEAD") == []


def test_migrations_are_judged_by_their_own_rules_alone(project) -> None:
    """The other rules judge them only when they are named."""
    code = "from tortoise.models import Model\n\n\nclass Note(Model):\n    pass\n"
    project.write({FILE: code, "tests/migrations/0001_initial.py": code})
    assert project.found() == []
    assert {rule for _, _, rule in project.found(FILE)} >= {"TD003"}


# --- what is there already

FIRST = """\
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel("Note", fields=[("id", fields.IntField(primary_key=True))]),
        ops.DeleteModel("Old"),
        ops.RemoveField("Note", "text"),
        ops.AddIndex("Other", Index(fields=["a"])),
        ops.AddField("Other", "b", fields.IntField()),
        ops.RunSQL("DROP TABLE older", reverse_sql=""),
    ]
"""
DROP = """\
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "{after}")]
    operations = [ops.RemoveField("Note", "{column}")]
"""
ON_POSTGRES = {"config.py": 'URL = "postgres://shop@db/shop"\n'}


def test_a_first_migration_is_not_judged_for_dropping_or_blocking(project) -> None:
    project.write(ON_POSTGRES | {FILE: FIRST})
    assert project.found("--select", "TD201,TD202,TD203,TD206") == []
    project.write(
        {"migrations/0002_more.py": FIRST.replace('ops.CreateModel("Note"', 'ops.CreateModel("New"')}
    )
    found = {rule for path, _, rule in project.found("--select", "TD202,TD203,TD206") if path != FILE}
    assert found == {"TD202", "TD203", "TD206"}


@pytest.mark.parametrize(
    ("url", "field", "reported"),
    [
        ("mysql://shop@db/shop", "fields.DatetimeField(db_default=fields.Now())", True),
        ("mysql://shop@db/shop", "fields.IntField(db_default=SqlDefault('7'))", True),
        ("mysql://shop@db/shop", "fields.DatetimeField(null=True, db_default=fields.Now())", False),
        ("mysql://shop@db/shop", "fields.IntField(db_default=7)", False),
        ("postgres://shop@db/shop", "fields.DatetimeField(db_default=fields.Now())", False),
    ],
)
def test_a_default_that_mysql_gets_after_the_column(url: str, field: str, reported: bool, project) -> None:
    """examples/mysql_migrations.py: rows that exist have got 0000-00-00 or 0 by then."""
    add = DROP.format(after="0001_initial", column="x").replace(
        'ops.RemoveField("Note", "x")', f'ops.AddField("Note", "x", {field})'
    )
    assert field in add
    project.write({"config.py": f'URL = "{url}"\n', FILE: FIRST, "migrations/0002_x.py": add})
    assert [rule for _, _, rule in project.found("--select", "TD203")] == ["TD203"] * reported


def test_a_baseline_keeps_what_is_there_of_migrations(project) -> None:
    project.write({FILE: FIRST, "migrations/0002_a.py": DROP.format(after="0001_initial", column="a")})
    assert [one[0] for one in project.found()] == ["migrations/0002_a.py"]
    project.run("--baseline", "known.json")
    project.write({"migrations/0003_b.py": DROP.format(after="0002_a", column="b")})
    assert project.found("--baseline", "known.json") == [("migrations/0003_b.py", 7, "TD202")]


def test_against_a_commit_only_new_migrations_are_reported(project) -> None:
    project.write({FILE: FIRST, "migrations/0002_a.py": DROP.format(after="0001_initial", column="a")})
    commit(project.root)
    project.write({"migrations/0003_b.py": DROP.format(after="0002_a", column="b")})
    assert project.found("--against", "HEAD") == [("migrations/0003_b.py", 7, "TD202")]


CREATE = """\
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.CreateModel("Tag", fields=[("id", fields.IntField(primary_key=True))]),
        ops.RenameModel("Tag", "Label"),
    ]
"""
INDEX = """\
from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_label")]
    operations = [
        ops.AddIndex("Label", Index(fields=["id"], name="a")),
        ops.AddIndex("Note", Index(fields=["id"], name="b")),
    ]
"""
FILL = """\
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_label")]
    operations = [ops.RunSQL("INSERT INTO label (id) VALUES (1)", reverse_sql="")]
"""


@pytest.mark.parametrize(
    ("committed", "later", "lines"),
    [
        ({}, {}, [10]),  # a table of this release is empty, one of an older release may be large
        ({"migrations/0002_label.py": CREATE}, {}, [9, 10]),
        ({"migrations/0002_tag.py": CREATE}, {}, [9, 10]),  # renamed since
        ({}, {"migrations/0003_a_fill.py": FILL}, [9, 10]),
    ],
    ids=["the same release", "an older one", "an older one that was renamed", "filled"],
)
@pytest.mark.parametrize("path", [".", "migrations/0003_index.py"])
def test_a_table_of_the_same_release_is_empty(
    path: str, committed: dict[str, str], later: dict[str, str], lines: list[int], project
) -> None:
    project.write(ON_POSTGRES | {FILE: FIRST} | committed)
    commit(project.root)
    for name in committed:
        (project.root / name).unlink()
    project.write({"migrations/0002_label.py": CREATE, "migrations/0003_index.py": INDEX} | later)
    subprocess.run(["git", "add", "-A"], cwd=project.root, check=True)
    index = "migrations/0003_index.py"
    found = project.found("--select", "TD206", "--against", "HEAD", path)
    assert found == [(index, line, "TD206") for line in lines]
    assert project.found("--select", "TD206", path) == [(index, line, "TD206") for line in (9, 10)]


@pytest.mark.parametrize(
    ("statement", "reported"),
    [
        ('return """DROP TABLE "a";"""', True),
        ('return """DROP TABLE "a";"""  # noqa: TD202 - not read since 2.3', False),
        ('return """\n    DROP TABLE "a";\n    SELECT 1;\n"""  # noqa: TD202', False),
        ('return """\n    DROP TABLE "a"; -- noqa: TD202 - empty\n    SELECT 1;\n"""', False),
        ('return """\n    /* noqa: TD202 */ DROP TABLE "a";\n"""', False),
        ('return """\n    DROP TABLE "a"; -- noqa\n"""', False),
        ('return """\n    DROP TABLE "a"; -- NoQA : td202\n"""', False),
        ('return """\n    DROP TABLE "a"; -- noqa : TD203\n"""', True),
        ('return """\n    DROP TABLE "a"; -- noqa: TD203\n"""', True),
        ('return """\n    DROP TABLE "a";\n    SELECT 1; -- noqa: TD202\n"""', True),
    ],
)
def test_where_a_noqa_counts_for_sql(statement: str, reported: bool, project) -> None:
    first = 'async def upgrade(db):\n    return """CREATE TABLE "a" ("id" INT);"""\n'
    back = '\n\nasync def downgrade(db):\n    return "SELECT 1"\n'
    project.write({"migrations/models/0_20260101_a.py": first + back})
    project.write({"migrations/models/1_20260102_b.py": f"async def upgrade(db):\n    {statement}\n{back}"})
    assert bool(project.found("--select", "TD202")) is reported


def test_the_page_of_the_tool_tells_how_to_drop_a_column(project) -> None:
    project.write({FILE: FIRST, "migrations/0002_a.py": DROP.format(after="0001_initial", column="a")})
    (found,) = project.report("--select", "TD202")["violations"]
    assert found["message"].endswith(": see zero-downtime.md")


def test_the_page_of_aerich_tells_how_to_drop_a_column(project) -> None:
    sql = "async def upgrade(db):\n    return '{}'\n\n\nasync def downgrade(db):\n    return 'SELECT 1'\n"
    project.write({"migrations/models/0_20260101_a.py": sql.format("CREATE TABLE a (id INT, b INT);")})
    project.write({"migrations/models/1_20260102_b.py": sql.format("ALTER TABLE a DROP COLUMN b;")})
    (found,) = project.report("--select", "TD202")["violations"]
    assert found["message"].endswith(": see migrations-aerich.md")


@pytest.mark.parametrize(
    "operation",
    [
        'ops.RunSQL(  # noqa: TD202\n            "DROP TABLE old",\n            reverse_sql="",\n        )',
        'ops.RunSQL(\n            "DROP TABLE old",  # noqa: TD202\n            reverse_sql="",\n        )',
        'ops.RunSQL(\n            "DROP TABLE old",\n            reverse_sql="",\n        )  # noqa: TD202',
        'ops.RunSQL(\n"""\nDROP TABLE old\n""",  # noqa: TD202\n        reverse_sql="",\n    )',
    ],
)
def test_a_noqa_counts_at_an_operation_and_at_its_sql(operation: str, project) -> None:
    later = DROP.format(after="0001_initial", column="a").replace(
        'ops.RemoveField("Note", "a")', f"{operation}\n    "
    )
    project.write({FILE: FIRST, "migrations/0002_a.py": later})
    assert project.found("--select", "TD202,TD100") == []
    project.write({"migrations/0002_a.py": later.replace("  # noqa: TD202", "")})
    assert [rule for _, _, rule in project.found("--select", "TD202")] == ["TD202"]


@pytest.mark.parametrize("code", [code for code in RULES if code.startswith("TD2") and code != "TD210"])
def test_a_message_names_the_page(code: str, project) -> None:
    pages = {path.name for path in Path(__file__).resolve().parents[2].joinpath("references").glob("*.md")}
    project.write(example_files(RULES[code].bad))
    messages = [one["message"] for one in project.report("--select", code)["violations"]]
    assert messages
    for message in messages:
        assert message.rpartition(": see ")[2] in pages, message


def test_an_edit_is_each_token_that_means_something() -> None:
    """Not comments, layout, quotes, docstrings and the order of imports."""
    text = DROP.format(after="0001_initial", column="a") + 'SQL = """DROP TABLE a; -- why"""\n'
    before = fingerprint(ast.parse(text))
    lines = text.split("\n")
    for other in (
        text.replace('"models"', "'models'"),
        text.replace("-- why", "/* because */"),
        text.replace("class Migration", "# a comment\nclass Migration"),
        text.replace("operations = [", "operations = [\n        "),
        "\n".join([lines[1], lines[0], *lines[2:]]),
    ):
        assert other != text
        assert fingerprint(ast.parse(other)) == before, other
    names = [
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in (tokenize.NAME, tokenize.STRING) and "a" in token.string and token.string != "class"
    ]
    assert len(names) > 10
    for token in names:
        row, (start, end) = token.start[0] - 1, (token.start[1], token.end[1])
        changed = [*lines]
        changed[row] = lines[row][:start] + token.string.replace("a", "x") + lines[row][end:]
        if token.string not in ("as", "operations", "from"):
            assert fingerprint(ast.parse("\n".join(changed))) != before, token.string


RIGHT = {
    "config.py": 'URL = "postgres://shop@db/shop"\n',
    "migrations/0001_initial.py": FIRST,
    "migrations/0002_columns.py": """\
from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.AddField("Note", "fee", fields.IntField(db_default=0)),
        ops.AddField("Note", "text", fields.TextField(null=True, description="DROP TABLE note; NOT NULL")),
        ops.AddField("Note", "made_at", fields.DatetimeField(db_default=Now())),
        ops.RenameField("Note", "fee", "price"),
        ops.RunSQL("COMMENT ON TABLE note IS 'DROP TABLE note; -- UPDATE'", reverse_sql=""),
        ops.CreateModel("Tag", fields=[("id", fields.IntField(primary_key=True))]),
        ops.RunSQL("INSERT INTO tag (id) VALUES (1)", reverse_sql="DELETE FROM tag"),
    ]
""",
    "migrations/0003_index.py": """\
from app.operations import AddIndexConcurrently
from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("models", "0002_columns")]
    operations = [
        AddIndexConcurrently("Note", Index(fields=["text"])),
        ops.RunSQL("ALTER TABLE note ADD CONSTRAINT c CHECK (id > 0) NOT VALID", reverse_sql=""),
        ops.RunSQL("ALTER TABLE note VALIDATE CONSTRAINT c", reverse_sql=""),
    ]
""",
    "migrations/0004_fill.py": """\
from tortoise import migrations
from tortoise.migrations import operations as ops


async def fill(apps, schema_editor):
    await apps.get_model("models.Note").filter(text=None).update(text="")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("models", "0003_index")]
    operations = [ops.RunPython(fill, ops.RunPython.noop)]
""",
}


def test_migrations_that_are_right_are_silent(project) -> None:
    project.write(RIGHT)
    assert project.found("--preview") == []
