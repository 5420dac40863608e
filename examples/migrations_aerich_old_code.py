# snippet: needs="postgres, aerich"
"""Aerich 0.10 on PostgreSQL while old code runs: order of a draft, CHECK, a field's name, enum, NOT NULL.

Each part in a schema of its own, with the functions of migrations_aerich_postgres.py.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_aerich_old_code.py
"""

import asyncio
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parent))
proofs: Any = importlib.import_module("migrations_aerich_postgres")

ORDER = """
from enum import StrEnum


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"
{member}

class Order(Model):
    id = fields.IntField(primary_key=True)
    status = fields.CharEnumField(Status, {length}default=Status.OPEN)
"""
R0 = ORDER.format(member="", length="")
CANCELLED = '    CANCELLED = "cancelled"\n'
R1 = ORDER.format(member=CANCELLED, length="")
WIDE = ORDER.format(member="", length='max_length=16, description="", ')
AT, WHY = "cancelled_at = fields.DatetimeField(null=True)", "reason = fields.TextField(null=True)"
EVENT = """

class Event(Model):
    id = fields.IntField(primary_key=True)
    order = fields.ForeignKeyField("models.Order")
"""
WAIT = "SET LOCAL lock_timeout = '10s';"
RULE = "status <> 'cancelled' OR (cancelled_at IS NOT NULL AND coalesce(reason, '') <> '')"
CHECK = f'ALTER TABLE "order" ADD CONSTRAINT ck CHECK ({RULE}) NOT VALID'
LINE = """
from tortoise.indexes import Index


class Line(Model):
    id = fields.IntField(primary_key=True)
    {name} = fields.IntField({column})
"""
INDEXED = """
    class Meta:
        indexes = (Index(fields=("price",), name="ix_price"),)
"""
READ = """
import asyncio, sys
from importlib import import_module

from tortoise import Tortoise


async def main():
    module = import_module(sys.argv[1])
    await Tortoise.init(config=module.TORTOISE_ORM)
    {code}
    await Tortoise.close_connections()


asyncio.run(main())
"""


def draft(*fields: str, classes: str, name: str = "x") -> str:
    """The SQL that Aerich drafts for these models."""
    proofs.models(*fields, classes=classes)
    proofs.aerich("migrate", "--offline", "--name", name)
    text: str = proofs.last().read_text()
    return text[text.index('return """') : text.index("async def downgrade")]


def by_hand(sql: str, back: str = "SELECT 1") -> None:
    """An empty file of Aerich, with this SQL."""
    proofs.aerich("migrate", "--offline", "--empty", "--name", "hand")
    proofs.edit(proofs.EMPTY, f'return """{sql}"""')
    proofs.edit(proofs.EMPTY, f'return """{back}"""')


def append(sql: str) -> None:
    """Write more SQL to the end of the newest file's upgrade(). Aerich's columns come in no fixed order."""
    first, _, back = proofs.last().read_text().partition("async def downgrade")
    end = first.rindex(";") + 1
    proofs.last().write_text(f"{first[:end]}\n        {sql}{first[end:]}async def downgrade{back}")


def code(module: str, line: str) -> str:
    """What a program with these models prints, or its last line of an error."""
    Path("program.py").write_text(READ.format(code=line))
    command = [sys.executable, "program.py", module]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return run.stdout.strip().splitlines()[-1] if run.stdout.strip() else ""


async def meanwhile(start: Callable[[], Any], read: str = "order") -> list[str]:
    """What a transaction of old code that reads, and writes while the upgrade waits, and the upgrade say."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(proofs.URL, server_settings={"search_path": proofs.schema})

    old, other = await connect(), await connect()
    await old.execute("BEGIN")
    await old.fetch(f'SELECT * FROM "{read}"')
    upgrade = start()
    waits = f"""SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '"{read}"'::regclass"""
    while not await other.fetch(waits):
        assert upgrade.poll() is None, upgrade.communicate()
        await asyncio.sleep(0.05)
    said = []
    try:
        await old.execute("""UPDATE "order" SET status = 'paid'""")
        await old.execute("COMMIT")
    except asyncpg.PostgresError as error:
        said.append(str(error))
        await old.execute("ROLLBACK")
    said.append((await asyncio.to_thread(upgrade.communicate))[0])
    await old.close()
    await other.close()
    return said


def upgrading() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "aerich", "upgrade"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def begin(classes: str = R0) -> str:
    module: str = proofs.models(classes=classes)
    proofs.aerich("init-db")
    return module


def draft_order() -> None:
    """The draft's CREATE TABLE comes first, and its lock and that of the ALTER are one deadlock."""
    begin()
    proofs.sql("""INSERT INTO "order" (status) VALUES ('open')""")
    with_event = EVENT + R0.replace("\nfrom enum", "from enum")
    sql = draft(AT, WHY, classes=with_event)
    create, alter = sql.index("CREATE TABLE"), sql.index("ALTER TABLE")
    assert create < alter
    proofs.edit('return """', f'return """{WAIT}')
    said = proofs.as_process(meanwhile(upgrading))
    assert "deadlock detected" in "".join(said)
    assert "lock timeout" not in "".join(said)

    if "Success upgrading" in said[-1]:  # old code was ended, and not the upgrade
        proofs.aerich("downgrade", "--yes")
    created = sql[create : sql.index(";", create) + 1]
    proofs.edit(created, "")
    append(created)
    (said,) = proofs.as_process(meanwhile(upgrading))
    assert "Success upgrading" in said, said
    assert proofs.sql('SELECT status, reason FROM "order"') == [("paid", None)]
    assert proofs.sql("SELECT * FROM event") == []

    two = f'{WAIT} ALTER TABLE "order" ADD a INT; ALTER TABLE event ADD b INT'  # old code reads event
    by_hand(two)
    said = proofs.as_process(meanwhile(upgrading, "event"))
    assert "deadlock detected" in "".join(said)


def rule_of_rows() -> None:
    """NOT VALID reads no old row, and refuses new ones. A CHECK that gives NULL accepts the row."""
    begin(R1)
    proofs.sql("""INSERT INTO "order" (status) VALUES ('cancelled'), ('open')""")
    draft(AT, WHY, classes=R1)
    append(f"{CHECK};")
    proofs.aerich("upgrade")
    values = "(status, cancelled_at, reason) VALUES ('cancelled', now(), {})"
    for reason in ("NULL", "''"):
        refused(f'INSERT INTO "order" {values.format(reason)}')
    refused("""UPDATE "order" SET reason = 'late' WHERE status = 'cancelled'""")  # an old row, still wrong
    proofs.sql(f'INSERT INTO "order" {values.format("$$late$$")}')
    proofs.sql("""INSERT INTO "order" (status) VALUES ('open')""")  # as the old code does

    by_hand('ALTER TABLE "order" VALIDATE CONSTRAINT ck')
    assert 'constraint "ck" of relation "order" is violated by some row' in proofs.fails("upgrade")
    proofs.sql("""DELETE FROM "order" WHERE cancelled_at IS NULL AND status = 'cancelled'""")
    proofs.aerich("upgrade")
    proofs.aerich("downgrade", "-v", "1", "--yes")  # DROP COLUMN drops the CHECK, too
    assert proofs.sql("SELECT 1 FROM pg_constraint WHERE conname = 'ck'") == []
    proofs.sql("""DELETE FROM "order" WHERE status = 'cancelled'""")  # the reason is lost
    proofs.aerich("upgrade")

    proofs.sql("CREATE TABLE loose (reason TEXT CHECK (reason <> ''))")
    proofs.sql("INSERT INTO loose VALUES (NULL)")  # accepted


def refused(statement: str) -> None:
    try:
        proofs.sql(statement)
    except asyncpg.CheckViolationError:
        return
    raise AssertionError(statement)


def other_name() -> None:
    """The field has another name, the column and its index stay: both codes go on, no draft has it."""
    old = begin(LINE.format(name="price", column="") + INDEXED)
    new = LINE.format(name="unit_price", column='source_field="price", db_index=True')  # in place of Index
    sql = draft(classes=new, name="wrong")
    assert 'ADD "price"' in sql and 'DROP COLUMN "price"' in sql
    proofs.last().unlink()
    new_code = proofs.models(classes=new)
    by_hand("SELECT 1")
    proofs.aerich("upgrade")
    assert "No changes detected" in proofs.aerich("migrate", "--offline")
    index = "SELECT indexdef LIKE '%(price)' FROM pg_indexes WHERE schemaname = current_schema() AND "
    assert proofs.sql(f"{index} indexname = 'ix_price'") == [(True,)]
    assert code(old, "await module.Line.create(price=3)") == ""
    both = "line = await module.Line.create(unit_price=4); await module.Line.filter(unit_price=3).update("
    assert code(new_code, f"{both}unit_price=5); print(line.unit_price)") == "4"
    assert (
        code(old, "print(await module.Line.all().order_by('id').values_list('price', flat=True))") == "[5, 4]"
    )
    proofs.aerich("downgrade", "--yes")
    proofs.aerich("upgrade")


def new_value() -> None:
    """A longer VARCHAR rewrites no row. After the first row with the value, old code cannot read."""
    old = begin()
    proofs.sql("""INSERT INTO "order" (status) VALUES ('open')""")
    file = """SELECT pg_relation_filenode('"order"')"""
    before = proofs.sql(file)
    sql = draft(classes=R1)
    assert 'TYPE VARCHAR(9) USING "status"::VARCHAR(9)' in sql and "COMMENT ON" in sql
    proofs.aerich("upgrade")
    assert proofs.sql(file) == before
    read = "print([row.status.value for row in await module.Order.all()])"
    assert code(old, read) == "['open']"
    new = proofs.models(classes=R1)
    assert code(new, "await module.Order.create(status='cancelled')") == ""
    assert code(new, read) == "['open', 'cancelled']"
    assert code(old, read) == "ValueError: 'cancelled' is not a valid Status"


def no_draft() -> None:
    """With max_length and an empty description, a new value is no change."""
    begin(WIDE)
    proofs.models(classes=WIDE.replace('    PAID = "paid"\n', f'    PAID = "paid"\n{CANCELLED}'))
    assert "No changes detected" in proofs.aerich("migrate", "--offline")


def not_null() -> None:
    """Three files: a CHECK that is not valid, VALIDATE, and SET NOT NULL, which reads no row."""
    begin()
    proofs.sql("""INSERT INTO "order" (status) VALUES ('open')""")
    draft(WHY, classes=R0)
    proofs.aerich("upgrade")
    proofs.sql("""UPDATE "order" SET reason = ''""")
    required = WHY.replace("null=True", "")
    back = 'ALTER TABLE "order" DROP CONSTRAINT IF EXISTS reason_given'
    by_hand('ALTER TABLE "order" ADD CONSTRAINT reason_given CHECK (reason IS NOT NULL) NOT VALID', back)
    by_hand('ALTER TABLE "order" VALIDATE CONSTRAINT reason_given')
    proofs.aerich("upgrade")
    sql = draft(required, classes=R0)
    assert 'ALTER TABLE "order" ALTER COLUMN "reason" SET NOT NULL' in sql
    proofs.edit("SET NOT NULL;", 'SET NOT NULL; ALTER TABLE "order" DROP CONSTRAINT reason_given;')
    allow = 'ALTER TABLE "order" ALTER COLUMN "reason" DROP NOT NULL'
    proofs.edit(allow, f"SET LOCAL lock_timeout = '100ms'; {allow}")
    proofs.aerich("upgrade")
    try:
        proofs.sql("""UPDATE "order" SET reason = NULL""")
    except asyncpg.NotNullViolationError:
        assert proofs.sql("SELECT 1 FROM pg_constraint WHERE conname = 'reason_given'") == []
    else:
        raise AssertionError
    undo = ("downgrade", "-v", "2", "--yes")
    assert "lock timeout" in proofs.as_process(while_a_transaction_runs('SELECT * FROM "order"', *undo))
    proofs.aerich(*undo)
    proofs.sql("""UPDATE "order" SET reason = NULL""")


async def while_a_transaction_runs(statement: str, *arguments: str) -> str:
    """What the command of Aerich prints while a transaction with this statement is open."""
    reader = await asyncpg.connect(proofs.URL, server_settings={"search_path": proofs.schema})
    async with reader.transaction():
        await reader.fetch(statement)
        command = [sys.executable, "-m", "aerich", *arguments]
        run = await asyncio.to_thread(
            subprocess.run, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    await reader.close()
    return run.stdout


if __name__ == "__main__":
    proofs.prove(draft_order, rule_of_rows, other_name, new_value, no_draft, not_null)
