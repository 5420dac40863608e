# snippet: needs="tortoise>=1.1.7"
"""Built-in migrations that end with exit status 0 and without the tables, rows or constraints one expects."""

import asyncio
import contextlib
import importlib
import io
import itertools
import sqlite3
import sys
import tempfile
from pathlib import Path

from tortoise import Tortoise
from tortoise.cli.cli import run_cli_async
from tortoise.exceptions import IntegrityError, OperationalError

HEAD = """
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model
"""
MODELS = """
class Owner(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)
"""
INITIAL = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel("Owner", [
            ("id", fields.IntField(primary_key=True)),
            ("name", fields.CharField(max_length=20)),
            ("born", fields.DateField(null=True)),
        ], options={"table": "owner", "app": "models"}),
        ops.CreateModel("Pet", [
            ("id", fields.IntField(primary_key=True)),
            ("age", fields.IntField()),
            ("owner", fields.ForeignKeyField("models.Owner")),
        ], options={
            "table": "pet", "app": "models", "constraints": [CheckConstraint(check="age >= 0", name="ck_age")]
        }),
        ops.RunSQL("INSERT INTO owner (id, name) VALUES (1, 'Ann')", reverse_sql=""),
        ops.RunSQL("INSERT INTO pet (owner_id, age) VALUES (1, -1)", reverse_sql=""),
    ]
"""
KINDS = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel("Owner", [
            ("id", fields.IntField(primary_key=True)),
            ("name", fields.CharField(max_length=20)),
            ("parent", fields.ForeignKeyField("models.Owner", null=True, related_name="children")),
        ], options={"table": "owner", "app": "models"}),
        ops.CreateModel("Club", [
            ("id", fields.IntField(primary_key=True)),
            ("owners", fields.ManyToManyField("models.Owner", related_name="clubs", through="club_owner")),
        ], options={"table": "club", "app": "models"}),
        ops.CreateModel("Visit", [
            ("id", fields.IntField(primary_key=True)),
            ("owner", fields.ForeignKeyField("models.Owner", null=True, on_delete=fields.SET_NULL)),
        ], options={"table": "visit", "app": "models"}),
        ops.RunSQL("INSERT INTO owner (id, name, parent_id) VALUES (1, 'Ann', NULL), (2, 'Bob', 1)", ""),
        ops.RunSQL("INSERT INTO club (id) VALUES (1)", reverse_sql=""),
        ops.RunSQL("INSERT INTO club_owner (club_id, owner_id) VALUES (1, 1)", reverse_sql=""),
        ops.RunSQL("INSERT INTO visit (owner_id) VALUES (1)", reverse_sql=""),
    ]
"""
ADD = """
class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.AddField("Owner", "tier", fields.CharField(max_length=9, DEFAULT))]
"""
SHELF = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel("Book", [
            ("id", fields.IntField(primary_key=True)),
            ("code", fields.CharField(max_length=9, db_index=True)),
            ("shelf", fields.IntField()),
            ("color", fields.CharField(max_length=9)),
        ], options={
            "table": "book", "app": "models", "unique_together": (("shelf", "code"),),
            "indexes": [Index(fields=("shelf",), name="ix_book_shelf")],
        }),
    ]
"""
CHANGE = """
class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [CHANGE]
"""
CHANGES = (
    ('ops.AddField("Book", "pages", fields.IntField(null=True))', True),
    ('ops.RenameField("Book", "color", "cover")', True),
    ('ops.RemoveField("Book", "color")', False),
    ('ops.AlterField("Book", "color", fields.CharField(max_length=19))', False),
    ('ops.AlterField("Book", "color", fields.CharField(max_length=9, db_index=True))', False),
    ('ops.AddConstraint("Book", CheckConstraint(check="shelf > 0", name="ck_shelf"))', False),
)


sys.path.insert(0, tempfile.mkdtemp())
numbers = itertools.count(1)


class Project:
    """A package of models and migrations, a database, and the command line over them."""

    def __init__(self, *, models: str = MODELS, migrations_key: bool = True, **migrations: str) -> None:
        self.name = f"shop{next(numbers)}"
        self.root = Path(sys.path[0]) / self.name
        self.database = self.root / "db.sqlite3"
        self.url = f"sqlite://{self.database.as_posix()}"
        self.migrations = self.root / "migrations"
        self.migrations.mkdir(parents=True)
        for package in (self.root, self.migrations):
            (package / "__init__.py").touch()
        (self.root / "models.py").write_text(HEAD + models)
        for name, text in migrations.items():
            (self.migrations / f"{name.lstrip('_')}.py").write_text(HEAD + text)
        app = {"models": [f"{self.name}.models"], "default_connection": "default"}
        if migrations_key:
            app["migrations"] = f"{self.name}.migrations"
        self.config = {"connections": {"default": self.url}, "apps": {"models": app}}

    def run(self, *command: str, options: str = "") -> str:
        """What `python -m tortoise COMMAND` prints; its exit status must be 0."""
        self.config["connections"]["default"] = self.url + options
        (self.root / "conf.py").write_text(f"CONFIG = {self.config}")
        importlib.invalidate_caches()
        sys.modules.pop(f"{self.name}.conf", None)  # each command is a process of its own
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert asyncio.run(run_cli_async(["-c", f"{self.name}.conf.CONFIG", *command])) == 0
        return printed.getvalue()

    def sql(self, statement: str) -> list[tuple]:
        database = sqlite3.connect(self.database)
        rows = database.execute(statement).fetchall()
        database.close()
        return rows

    def change(self, statements: str) -> None:
        database = sqlite3.connect(self.database)
        database.executescript(statements)
        database.close()

    def tables(self) -> set[str]:
        return {name for (name,) in self.sql("SELECT name FROM sqlite_master WHERE type = 'table'")}


# Without the "migrations" key nothing is found, and nothing is created.
shop = Project(_0001_initial=INITIAL, migrations_key=False)
assert "No migrations to apply" in shop.run("migrate")
assert "owner" not in shop.tables()

# A column of the parent changes or goes, and on SQLite the rows of the child go, unless foreign keys are off.
ALTER = 'ops.AlterField("Owner", "name", fields.CharField(max_length=40))'
REMOVE = 'ops.RemoveField("Owner", "born")'
for operation, (options, pets) in itertools.product((ALTER, REMOVE), (("", 0), ("?foreign_keys=OFF", 1))):
    shop = Project(_0001_initial=INITIAL, _0002_change=CHANGE.replace("CHANGE", operation))
    shop.run("migrate", options=options)  # a pet of age -1 is let in: the new table has no constraint
    assert shop.sql("SELECT count(*) FROM owner") == [(1,)]
    assert shop.sql("SELECT count(*) FROM pet") == [(pets,)]
assert "ck_age" not in shop.sql("SELECT sql FROM sqlite_master WHERE name = 'pet'")[0][0]

# A link, a nullable reference and a row of the table itself go in the same way.
for options, (links, own, left) in (("", (0, None, 1)), ("?foreign_keys=OFF", (1, 1, 2))):
    shop = Project(_0001_initial=KINDS, _0002_change=CHANGE.replace("CHANGE", ALTER))
    shop.run("migrate", options=options)
    assert shop.sql("SELECT count(*) FROM club_owner") == [(links,)]
    assert shop.sql("SELECT owner_id FROM visit") == [(own,)]
    assert shop.sql("SELECT count(*) FROM owner") == [(left,)]

# On SQLite a changed column means a new table: indexes and unique_together stay behind.
for change, kept in CHANGES:
    shop = Project(_0001_initial=SHELF, _0002_change=CHANGE.replace("CHANGE", change))
    shop.run("migrate", "models", "0001_initial")
    whole = " ".join(sql for (sql,) in shop.sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
    assert "CREATE INDEX" in whole
    assert 'UNIQUE ("shelf", "code")' in whole
    shop.run("migrate")
    left = " ".join(sql for (sql,) in shop.sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
    assert ("CREATE INDEX" in left) is kept, change
    assert ('UNIQUE ("shelf", "code")' in left) is kept, change

# It lacks the UNIQUE of a OneToOneField, too.
NEST = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel("Bird", [
            ("id", fields.IntField(primary_key=True)),
        ], options={"table": "bird", "app": "models"}),
        ops.CreateModel("Nest", [
            ("id", fields.IntField(primary_key=True)),
            ("name", fields.CharField(max_length=9)),
            ("bird", fields.OneToOneField("models.Bird", "nest")),
        ], options={"table": "nest", "app": "models"}),
    ]
"""
LONGER = CHANGE.replace("CHANGE", 'ops.AlterField("Nest", "name", fields.CharField(max_length=19))')
shop = Project(_0001_initial=NEST, _0002_change=LONGER)
nest = "SELECT sql FROM sqlite_master WHERE name = 'nest'"
shop.run("migrate", "models", "0001_initial")
assert '"bird_id" INT NOT NULL UNIQUE' in shop.sql(nest)[0][0]
shop.run("migrate")
assert "UNIQUE" not in shop.sql(nest)[0][0]

# The new table has nothing that RunSQL made: no computed column, no trigger. A view stops the migration.
COMPUTED = "ALTER TABLE book ADD COLUMN label TEXT GENERATED ALWAYS AS (upper(code)) VIRTUAL"
TRIGGER = "CREATE TRIGGER whiten AFTER INSERT ON book BEGIN UPDATE book SET color = 'white'; END"
shop = Project(_0001_initial=SHELF, _0002_change=CHANGE.replace("CHANGE", CHANGES[3][0]))
shop.run("migrate", "models", "0001_initial")
shop.change(f"{COMPUTED}; {TRIGGER}; CREATE VIEW codes AS SELECT code FROM book")
try:
    shop.run("migrate")
except OperationalError as error:
    assert "error in view codes" in str(error)
else:
    raise AssertionError("the view was no obstacle")
made = "SELECT group_concat(sql) FROM sqlite_master"
assert all(text in shop.sql(made)[0][0] for text in ("GENERATED ALWAYS", "CREATE TRIGGER"))  # undone
shop.change("DROP VIEW codes")
shop.run("migrate")
assert not any(text in shop.sql(made)[0][0] for text in ("GENERATED ALWAYS", "CREATE TRIGGER"))

# A field loses null=True: its default takes the place of each NULL.
NULLABLE = 'ops.AddField("Book", "mood", fields.CharField(max_length=9, null=True))'
REQUIRED = 'ops.AlterField("Book", "mood", fields.CharField(max_length=9, default="red"))'
shop = Project(
    _0001_initial=SHELF,
    _0002_nullable=CHANGE.replace("CHANGE", NULLABLE),
    _0003_required=CHANGE.replace("CHANGE", REQUIRED).replace("0001_initial", "0002_nullable"),
)
shop.run("migrate", "models", "0002_nullable")
shop.change("INSERT INTO book (code, shelf, color) VALUES ('a', 1, 'blue')")
shop.run("migrate")
assert shop.sql("SELECT mood FROM book") == [("red",)]

# No target: everything is undone, the first migration too.
shop = Project(_0001_initial=INITIAL)
shop.run("migrate")
assert {"owner", "pet"} <= shop.tables()
shop.run("downgrade", "models", options="?foreign_keys=OFF")
assert not {"owner", "pet"} & shop.tables()

# One column removed, another of its kind added: taken for a rename, nobody is asked.
shop = Project(_0001_initial=INITIAL, models=MODELS + "    died = fields.DateField(null=True)\n")
shop.run("makemigrations", "models", "--name", "died")
(made,) = shop.migrations.glob("0002_*.py")
assert "RenameField" in made.read_text()

# If a foreign key of a circle is removed on SQLite, its column stays, without values and without REFERENCES.
# The rows of the other table are changed or deleted. A DROP COLUMN that runs last removes the column.
CIRCLE = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel("Team", [
            ("id", fields.IntField(primary_key=True)),
        ], options={"table": "team", "app": "models"}),
        ops.CreateModel("Person", [
            ("id", fields.IntField(primary_key=True)),
            ("team", fields.ForeignKeyField("models.Team", null=True, on_delete=ON_DELETE)),
        ], options={"table": "person", "app": "models"}),
    ]
"""
LEAD = """
class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        FIRST
        ops.AddField("Team", "lead", fields.ForeignKeyField("models.Person", related_name=False, null=True)),
    ]
"""
DROP = "ALTER TABLE team DROP COLUMN lead_id"


def circle(on_delete: str, first: str = "") -> Project:
    """Two tables whose rows refer to each other: team 1 has the lead 2, and person 2 is in team 1."""
    made = Project(
        _0001_initial=CIRCLE.replace("ON_DELETE", f"fields.{on_delete}"),
        _0002_lead=LEAD.replace("FIRST", first),
    )
    made.run("migrate")
    made.change("INSERT INTO team (id) VALUES (1); INSERT INTO person (id, team_id) VALUES (2, 1)")
    made.change("UPDATE team SET lead_id = 2")
    return made


def no_second_time(project: Project) -> None:
    """The column that was left behind stops the same file."""
    try:
        project.run("migrate")
    except OperationalError as error:
        assert "duplicate column name: lead_id" in str(error)
    else:
        raise AssertionError("the column was gone")


for on_delete, options, people in (
    ("CASCADE", "", []),
    ("SET_NULL", "", [(2, None)]),
    ("CASCADE", "?foreign_keys=OFF", [(2, 1)]),
    ("SET_NULL", "?foreign_keys=OFF", [(2, 1)]),
):
    shop = circle(on_delete)
    printed = shop.run("downgrade", "models", "0001_initial", options=options)
    assert "Rolling back models.0002_lead... OK" in printed
    assert shop.sql("SELECT id, team_id FROM person") == people
    assert shop.sql("SELECT id, lead_id FROM team") == [(1, None)]  # the column stays, its value does not
    assert not shop.sql("SELECT * FROM pragma_foreign_key_list('team')")
    no_second_time(shop)

shop = circle("RESTRICT")
try:
    shop.run("downgrade", "models", "0001_initial")
except IntegrityError as error:
    assert "FOREIGN KEY constraint failed" in str(error)
else:
    raise AssertionError("a team with people was dropped")
assert shop.sql("SELECT lead_id FROM team") == [(2,)]

shop = circle("CASCADE", first=f'ops.RunSQL("", reverse_sql="{DROP}"),')
shop.run("downgrade", "models", "0001_initial", options="?foreign_keys=OFF")
assert shop.sql("SELECT name FROM pragma_table_info('team')") == [("id",)]
assert shop.sql("SELECT id, team_id FROM person") == [(2, 1)]
shop.run("migrate")
assert shop.sql("SELECT count(*) FROM pragma_foreign_key_list('team')") == [(1,)]

# Another on_delete: the new table has the new foreign key.
KEY = 'fields.ForeignKeyField("models.Team", null=True, on_delete=fields.RESTRICT)'
RULE = CHANGE.replace("CHANGE", f'ops.AlterField("Person", "team", {KEY})')
shop = Project(_0001_initial=CIRCLE.replace("ON_DELETE", "fields.CASCADE"), _0002_rule=RULE)
shop.run("migrate")
assert shop.sql("SELECT on_delete FROM pragma_foreign_key_list('person')") == [("RESTRICT",)]

# Instead of a downgrade: a new file, with foreign keys off. The rows of the other table stay as they are.
shop = circle("CASCADE")
REMOVED = f'ops.RemoveField("Team", "lead"), ops.RunSQL("{DROP}")'
third = CHANGE.replace("0001_initial", "0002_lead").replace("CHANGE", REMOVED)
(shop.migrations / "0003_no_lead.py").write_text(HEAD + third)
shop.run("migrate", options="?foreign_keys=OFF")
assert shop.sql("SELECT name FROM pragma_table_info('team')") == [("id",)], "removed by a new file"
assert shop.sql("SELECT id, team_id FROM person") == [(2, 1)], "untouched by a new file"

# RemoveField also keeps the column of a foreign key, so DROP COLUMN must follow.
for operations, left in (
    ('ops.RemoveField("Person", "team")', ["id", "team_id"]),
    ('ops.RemoveField("Person", "team"), ops.RunSQL("ALTER TABLE person DROP COLUMN team_id")', ["id"]),
):
    shop = Project(
        _0001_initial=CIRCLE.replace("ON_DELETE", "fields.CASCADE"),
        _0002_change=CHANGE.replace("CHANGE", operations),
    )
    shop.run("migrate", "models", "0001_initial")
    shop.change("INSERT INTO team (id) VALUES (1); INSERT INTO person (id, team_id) VALUES (2, 1)")
    shop.run("migrate", options="?foreign_keys=OFF")
    assert [row[0] for row in shop.sql("SELECT name FROM pragma_table_info('person')")] == left
    assert shop.sql("SELECT id FROM person") == [(2,)]

# A model that the configured module doesn't import: no migration, no error.
shop = Project(_0001_initial=INITIAL)
shop.run("makemigrations")
(shop.root / "food.py").write_text(HEAD + "class Food(Model):\n    id = fields.IntField(primary_key=True)\n")
assert "No changes detected" in shop.run("makemigrations")

# NOT NULL on a table with rows: default= is Python's alone, db_default= is the database's.
Project(_0001_initial=INITIAL, _0002_add=ADD.replace("DEFAULT", "db_default='free'")).run("migrate")
try:
    Project(_0001_initial=INITIAL, _0002_add=ADD.replace("DEFAULT", "default='free'")).run("migrate")
except OperationalError as error:
    assert "NOT NULL" in str(error)
else:
    raise AssertionError("default= has been enough")

# On SQLite Now() cannot be the default of a new column of a table with rows.
STAMP = 'ops.AddField("Owner", "seen_at", fields.DatetimeField(db_default=fields.Now()))'
try:
    Project(_0001_initial=INITIAL, _0002_change=CHANGE.replace("CHANGE", STAMP)).run("migrate")
except OperationalError as error:
    assert "non-constant default" in str(error)
else:
    raise AssertionError("SQLite has taken Now()")

# generate_schemas() leaves no trace for migrations: `migrate` wants to create what is there already.
shop = Project(_0001_initial=INITIAL)


async def generate() -> None:
    await Tortoise.init(config=shop.config)
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()


asyncio.run(generate())
try:
    shop.run("migrate")
except OperationalError as error:
    assert 'table "owner" already exists' in str(error)
else:
    raise AssertionError("migrations have heard of generate_schemas()")

# A table that is there stays as it is: the model's new column is not made.
shop = Project(_0001_initial=INITIAL, models=MODELS + "    died = fields.DateField(null=True)\n")
shop.run("migrate")
asyncio.run(generate())
assert "died" not in [row[1] for row in shop.sql("PRAGMA table_info(owner)")]
