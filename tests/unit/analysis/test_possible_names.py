"""The words of migrations, by the table or model that they stand for."""

from __future__ import annotations

import ast

import pytest
from tortoise_dev.analysis.migrations.possible_names import Names

BILL = 'CREATE TABLE "bill" ("id" INT, "note" TEXT)'


@pytest.mark.parametrize(
    ("sql", "has_note"),
    [
        (BILL, True),
        ("CREATE TABLE IF NOT EXISTS `shop`.`bill` (`Note` TEXT)", True),
        (BILL.replace("bill", "fee"), False),
        ('ALTER TABLE "fee" ADD "note" TEXT', False),
        ("ALTER TABLE ONLY bill ADD note TEXT", True),
        ('CREATE UNIQUE INDEX "i" ON "fee" ("note")', False),
        ("UPDATE fee SET note = ''", False),
        ("COMMENT ON COLUMN bill.note IS 'a note'", False),
        ("DO $$ BEGIN ALTER TABLE fee ADD note TEXT; END $$", True),
        (f"{BILL.replace('bill', 'fee')}; ALTER TABLE fee RENAME TO bill", True),
        (f"{BILL.replace('bill', 'fee')}; RENAME TABLE fee TO bill", True),
        (f"{BILL.replace('bill', 'fee')}; ALTER TABLE fee RENAME COLUMN note TO bill", False),
        ("CREATE TABLE fee AS SELECT note FROM bill", True),
    ],
)
def test_sql(sql: str, has_note: bool) -> None:
    names = Names()
    names.add_sql(sql)
    assert names.has_column(names.all_names(["Bill"]), ["Note"]) is has_note


@pytest.mark.parametrize(
    ("operation", "has_note"),
    [
        ('AddField("Bill", "note", fields.TextField())', True),
        ('AddField(model_name="Fee", name="note", field=fields.TextField())', False),
        ('CreateModel("Bill", fields=[("id", fields.IntField(default="note"))])', False),
        ('CreateModel("Fee", [("note", fields.TextField())]), RenameModel("Fee", "Bill")', True),
        ('AddAll("Bill", note=fields.TextField())', True),
        ('RunSQL("ALTER TABLE bill ADD note TEXT")', True),
        ('get_model("shop.note")', False),
    ],
)
def test_operations(operation: str, has_note: bool) -> None:
    names = Names()
    names.add_operations(ast.parse(f"[{operation}]"))
    assert names.has_column(names.all_names(["Bill"]), ["note"]) is has_note
    assert names.has_table(["Tax"]) is False


@pytest.mark.parametrize("fields", ["FIELDS", "[*FIELDS]", "[(NAME, TextField())]"])
def test_fields_that_are_not_written_out_may_be_any(fields: str) -> None:
    names = Names()
    names.add_operations(ast.parse(f'CreateModel("Bill", {fields})'))
    assert names.has_column(["bill"], ["note"])
    assert names.makes(["bill"])
