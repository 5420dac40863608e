# snippet: needs="postgres, aerich"
"""Aerich 0.10 on PostgreSQL: a new table that refers to an old one: its locks, and its CHECK.

Each part in a schema of its own, with the functions of migrations_aerich_old_code.py.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_aerich_new_table.py
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parent))
proofs: Any = importlib.import_module("migrations_aerich_postgres")
old_code: Any = importlib.import_module("migrations_aerich_old_code")

CARD = """
from tortoise.migrations.constraints import CheckConstraint


class GiftCard(Model):
    class Meta:
        table = "gift_card"
        constraints = (CheckConstraint(check="balance >= 0", name="ck_gift_card_balance"),)
        unique_together = (("order", "code"),)

    id = fields.IntField(primary_key=True)
    order = fields.ForeignKeyField("models.Order", on_delete=fields.OnDelete.RESTRICT)
    code = fields.CharField(max_length=32)
    balance = fields.DecimalField(max_digits=12, decimal_places=2)
"""
CHECK = 'CONSTRAINT "ck_gift_card_balance" CHECK (balance >= 0)'
READ, WRITE = 'SELECT * FROM "order"', """UPDATE "order" SET status = 'paid'"""
LIMIT = "SET LOCAL lock_timeout = '100ms';"


def draft_card() -> str:
    old_code.begin()
    proofs.sql("""INSERT INTO "order" (status) VALUES ('open')""")
    sql: str = old_code.draft(classes=CARD + old_code.R0.replace("\nfrom enum", "from enum"))
    return sql


def locks() -> None:
    """CREATE TABLE ... REFERENCES waits for writers of the old table, and DROP TABLE for readers, too."""
    sql = draft_card()
    assert 'REFERENCES "order" ("id")' in sql and "ALTER TABLE" not in sql
    text = proofs.last().read_text().replace('return """', f'return """{LIMIT}')
    proofs.last().write_text(text)
    assert text.count(LIMIT) == 2
    waits = old_code.while_a_transaction_runs
    assert "lock timeout" in proofs.as_process(waits(WRITE, "upgrade"))
    assert "Success upgrading" in proofs.as_process(waits(READ, "upgrade"))
    assert "lock timeout" in proofs.as_process(waits(READ, "downgrade", "--yes"))
    proofs.aerich("downgrade", "--yes")


def rule() -> None:
    """The draft has unique_together, but no CHECK. It goes into the CREATE TABLE of the draft."""
    sql = draft_card()
    assert 'UNIQUE ("order_id", "code")' in sql and "CHECK" not in sql
    proofs.edit('    CONSTRAINT "uid_gift', f'    {CHECK},\n    CONSTRAINT "uid_gift')
    proofs.aerich("upgrade")
    insert = "INSERT INTO gift_card (order_id, code, balance) VALUES (1, '{}', {})"
    proofs.sql(insert.format("a", 0))
    for values, error in ((("b", -1), asyncpg.CheckViolationError), (("a", 1), asyncpg.UniqueViolationError)):
        try:
            proofs.sql(insert.format(*values))
        except error:
            continue
        raise AssertionError(values)
    assert "No changes detected" in proofs.aerich("migrate", "--offline")


if __name__ == "__main__":
    proofs.prove(locks, rule)
