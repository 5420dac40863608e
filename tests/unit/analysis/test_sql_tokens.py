"""SQL cut into statements: what holds a semicolon or a keyword without meaning it."""

from __future__ import annotations

import ast

import pytest
from tortoise_dev.analysis.migrations.sql import dialects_in, steps_of
from tortoise_dev.analysis.migrations.texts import SqlText
from tortoise_dev.analysis.sql_tokens import statements, without_comments

NODE = ast.parse("x").body[0]
VALUE = ast.Constant("", lineno=1, end_lineno=1)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 'a;b', 'it''s; c'", ["SELECT '…' , '…'"]),
        (r"SELECT 'a\';b'", ["SELECT '…'"]),
        ('SELECT "a;b" FROM `c;d`', ["SELECT a;b FROM c;d"]),
        ("SELECT $$ a; b $$, $x$ $$; $x$", ["SELECT '…' , '…'"]),
        ("-- a; b\nSELECT 1", ["SELECT 1"]),
        ("# a; b\nSELECT 1", ["SELECT 1"]),
        ("/* a; /* b; */ c; */ SELECT 1", ["SELECT 1"]),
        ("-- only this", []),
        (" ; ;; ", []),
        ("select 'open", ["SELECT '…'"]),
        ("SELECT /* never closed", ["SELECT"]),
    ],
)
def test_a_script_is_cut_into_statements(sql: str, words: list[str]) -> None:
    assert [statement.words for statement in statements(sql)] == words


def test_a_statement_knows_its_line_and_its_comments() -> None:
    first, second = statements("\n-- why\nDROP TABLE a; -- noqa: TD202\n\nDROP TABLE b")
    assert (first.line, first.comments) == (3, ("why", "noqa: TD202"))
    assert (second.line, second.comments) == (5, ())


def test_texts_that_differ_in_comments_and_space_are_the_same() -> None:
    assert without_comments("DROP TABLE a; -- noqa") == without_comments("drop  table a ;")
    assert without_comments("DROP TABLE a") != without_comments("DROP TABLE b")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ('CREATE TABLE IF NOT EXISTS "s"."a" ("id" INT, UNIQUE ("id"))', ("create table", "a", ("id",))),
        ('DROP TABLE IF EXISTS "a" CASCADE', ("drop table", "a", ())),
        ('ALTER TABLE ONLY "a" ADD COLUMN IF NOT EXISTS b INT', ("add column", "a", ("b",))),
        ("ALTER TABLE `a` DROP COLUMN `b`", ("drop column", "a", ("b",))),
        ("ALTER TABLE `a` DROP INDEX `b`", ("other", "a", ())),
        ("ALTER TABLE `a` DROP FOREIGN KEY `b`", ("other", "a", ())),
        ('ALTER TABLE "a" DROP CONSTRAINT "b"', ("other", "a", ())),
        ('ALTER TABLE "a" RENAME TO "b"', ("rename table", "a", ("b",))),
        ('ALTER TABLE "a" RENAME COLUMN "b" TO "c"', ("rename column", "a", ("b", "c"))),
        ("ALTER TABLE `a` CHANGE `b` `c` INT", ("rename column", "a", ("b", "c"))),
        ("ALTER TABLE `a` MODIFY COLUMN `b` INT", ("change type", "a", ("b",))),
        ('ALTER TABLE "a" ALTER COLUMN "b" TYPE TEXT', ("change type", "a", ("b",))),
        ('ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL', ("set not null", "a", ("b",))),
        ('ALTER TABLE "a" ALTER COLUMN "b" DROP NOT NULL', ("other", "a", ())),
        ('CREATE UNIQUE INDEX "i" ON "a" ("b")', ("add unique", "a", ("b",))),
        ("WITH x AS (SELECT 1) UPDATE a SET b = 1", ("data", "", ())),
        ("INSERT INTO `a` VALUES (1)", ("data", "a", ())),
        ("COMMENT ON TABLE a IS 'DROP TABLE a'", ("other", "", ())),
    ],
)
def test_a_statement_is_a_step(sql: str, found: tuple[str, str, tuple[str, ...]]) -> None:
    (step,) = steps_of(SqlText(sql, VALUE), NODE)
    assert (step.kind, step.table, step.columns) == found


@pytest.mark.parametrize(
    ("sql", "dialects"),
    [
        ('CREATE TABLE "a" ("id" SERIAL)', {"postgres"}),
        ("CREATE TABLE `a` (`id` INT)", {"mysql"}),
        ('CREATE TABLE "a" ("id" INTEGER PRIMARY KEY AUTOINCREMENT)', {"sqlite"}),
        ('CREATE TABLE "a" ("id" INT) -- SERIAL', set()),
        ("""CREATE TABLE "a" ("id" VARCHAR(9) DEFAULT 'SERIAL')""", set()),
    ],
)
def test_a_dialect_is_known_by_its_own_words(sql: str, dialects: set[str]) -> None:
    assert dialects_in(sql) == dialects


TRIGGER = (
    "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; DELETE FROM c; END;"
)
PROCEDURE = (
    "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; CASE a WHEN 1 THEN SELECT 2; END CASE; END;"
)


@pytest.mark.parametrize(
    ("sql", "sources"),
    [
        ("SELECT 1; -- a; b\n\n  SELECT\n2", ["SELECT 1;", "SELECT\n2"]),
        ("/* a; */ SELECT ';' ;", ["SELECT ';' ;"]),
        ("SELECT a #>> '{b}'; SELECT 2 # c; d", ["SELECT a #>> '{b}';", "SELECT 2"]),
        (r"SELECT 'C:\'; SELECT 2", [r"SELECT 'C:\';", "SELECT 2"]),
        (r"SELECT 'it\'s; one'; SELECT 2", [r"SELECT 'it\'s; one';", "SELECT 2"]),
        (f"{TRIGGER} x", [TRIGGER, "x"]),
        (f"{PROCEDURE} y", [PROCEDURE, "y"]),
        ("CREATE TABLE event (begin INT); SELECT 1", ["CREATE TABLE event (begin INT);", "SELECT 1"]),
    ],
)
def test_statements_as_they_are_written(sql: str, sources: list[str]) -> None:
    assert [statement.source for statement in statements(sql)] == sources
