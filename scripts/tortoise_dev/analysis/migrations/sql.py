"""SQL statements as steps, and the dialect that a script is written in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from ..sql_tokens import Statement, Token, statements
from .do_blocks import statements_in_block
from .facts import Kind, Step
from .texts import IN_BRACES, SqlText

_DATA = ("UPDATE", "INSERT", "DELETE", "MERGE", "REPLACE", "TRUNCATE")
_FILLED = {
    "DEFAULT",
    "GENERATED",
    "SERIAL",
    "BIGSERIAL",
    "SMALLSERIAL",
    "AUTO_INCREMENT",
    "AUTOINCREMENT",
    "IDENTITY",
}
_TABLE_PARTS = {
    "CONSTRAINT",
    "PRIMARY",
    "UNIQUE",
    "FOREIGN",
    "CHECK",
    "KEY",
    "INDEX",
    "EXCLUDE",
    "LIKE",
    "FULLTEXT",
}
_ADDED: tuple[tuple[str, Kind], ...] = (
    (r"ADD (?:CONSTRAINT \S+ )?FOREIGN KEY", "add foreign key"),
    (r"ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY)", "add unique"),
    (r"ADD (?:CONSTRAINT \S+ )?CHECK", "add check"),
    (r"ADD (?:CONSTRAINT \S+ )?EXCLUDE", "add exclusion"),
    (r"ADD (?:FULLTEXT |SPATIAL )?(?:INDEX|KEY)\b", "add index"),
)
"""What ALTER TABLE … ADD adds, where it is no column."""
_COUNTED = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "IDENTITY", "STORED"}
_VOLATILE = re.compile(
    r"\b(?:RANDOM|GEN_RANDOM_UUID|UUID_GENERATE_V\w+|CLOCK_TIMESTAMP|TIMEOFDAY|NEXTVAL)\b", re.IGNORECASE
)
"""Functions of PostgreSQL that give another value for each row; `now()` is not one of them."""
_DIALECTS = {
    "postgres": re.compile(
        r"\b(?:BIG|SMALL)?SERIAL\b|\bTIMESTAMPTZ\b|\bJSONB\b|\bBYTEA\b|COMMENT ON (?:TABLE|COLUMN)"
    ),
    "mysql": re.compile(
        r"\bAUTO_INCREMENT\b|\bCHARACTER SET\b|\bDATETIME ?\( ?6 ?\)|\bENGINE ?=|\bLONGTEXT\b"
    ),
    "sqlite": re.compile(r"\bAUTOINCREMENT\b"),
}


def steps_of(text: SqlText, node: ast.AST) -> Iterator[Step]:
    """The steps of a script, each at its own line where that is known; ``node`` is what runs them."""
    first = text.first_line
    for statement in _all_statements(text.sql):
        line = first + statement.line - 1 if first is not None else getattr(node, "lineno", 1)
        is_open = any(token.text.startswith(IN_BRACES.upper()) for token in statement.tokens)
        for step in _steps(statement, node, line):
            known = step._replace(required=False, online=True) if is_open else step
            yield known._replace(text=text.node, only=text.only)


def _all_statements(sql: str) -> Iterator[Statement]:
    for statement in statements(sql):
        inner = tuple(statements_in_block(statement))
        yield from inner or (statement,)


def is_volatile(sql: str) -> bool:
    """Does an expression give another value for each row?"""
    return _VOLATILE.search(sql) is not None


def dialects_in(sql: str) -> frozenset[str]:
    """The dialects whose own words stand in a script; empty where nothing tells."""
    words = " ".join(statement.words for statement in statements(sql))
    found = {dialect for dialect, own in _DIALECTS.items() if own.search(words)}
    if any(_is_quoted(sql, statement) for statement in statements(sql)):
        found.add("mysql")
    return frozenset(found)


def _is_quoted(sql: str, statement: Statement) -> bool:
    """Are its names in backticks? SQLite takes them, but Tortoise and Aerich write them for MySQL only."""
    names = {token.text for token in statement.tokens if token.kind == "name"}
    return any(f"`{name}`" in sql for name in names)


def _steps(statement: Statement, node: ast.AST, line: int) -> Iterator[Step]:
    reader = _Reader(statement, node, line)
    if statement.begins("CREATE", "TABLE") or statement.begins("CREATE", "TEMPORARY", "TABLE"):
        yield from reader.create_table()
    elif statement.begins("DROP", "TABLE"):
        for table in reader.names_after("DROP", "TABLE"):
            yield reader.step("drop table", table)
    elif statement.begins("ALTER", "TABLE"):
        yield from reader.alter_table()
    elif statement.begins("RENAME", "TABLE"):
        names = reader.names_after("RENAME", "TABLE")
        yield reader.step("rename table", names[0] if names else "", tuple(names[1:2]))
    elif re.match(r"CREATE (?:UNIQUE |FULLTEXT |SPATIAL )?INDEX\b", statement.words):
        yield reader.create_index()
    elif statement.begins("DROP", "INDEX"):
        yield reader.at_once(reader.step("other", ""))
    elif statement.begins("REINDEX"):
        yield reader.rebuild_index()
    elif statement.begins("CLUSTER") or (statement.begins("VACUUM") and "FULL" in statement.words.split()):
        yield reader.step("rewrite table", reader.last_name())
    elif statement.begins("DROP", "SCHEMA") or statement.begins("DROP", "DATABASE"):
        for schema in reader.names_after("DROP", "SCHEMA"):
            yield reader.step("drop schema", schema)
    elif statement.tokens[0].text in _DATA or statement.begins("WITH"):
        yield reader.data()
    elif statement.begins("LOCK"):
        yield reader.lock_tables()
    elif statement.begins("SET") or statement.begins("RESET"):
        yield reader.setting()
    else:
        yield reader.step("other", "")


class _Reader:
    """Reads one statement from left to right."""

    def __init__(self, statement: Statement, node: ast.AST, line: int) -> None:
        self.statement = statement
        self.tokens = statement.tokens
        self.node = node
        self.line = line

    def step(
        self,
        kind: Kind,
        table: str,
        columns: tuple[str, ...] = (),
        *,
        required: bool = False,
        online: bool = False,
    ) -> Step:
        shown = re.sub(f"{IN_BRACES}(\\w+)", r"{\1}", self.statement.words, flags=re.IGNORECASE)
        shown = re.sub(r" ?([(.]) | ([,)])", r"\1\2", shown)
        return Step(
            kind,
            self.node,
            self.line,
            table,
            columns,
            shown=shown if len(shown) < 60 else f"{shown[:59]}…",
            comments=self.statement.comments,
            required=required,
            online=online,
        )

    def names_after(self, *words: str) -> list[str]:
        """The names behind some words, without IF EXISTS, a schema, CASCADE."""
        found: list[str] = []
        for token in self.tokens[len(words) :]:
            if token.text in ("CASCADE", "RESTRICT"):
                break
            if token.text == ".":
                found = found[:-1]
            elif token.kind in ("name", "word") and token.text not in ("IF", "EXISTS", "NOT", "ONLY", "TO"):
                found.append(_name(token))
        return found

    def table_after(self, word: str) -> tuple[str, int]:
        """The table's name behind a word, and where what follows begins."""
        at = (
            next(
                (i for i, token in enumerate(self.tokens) if token.text == word and token.kind == "word"), -1
            )
            + 1
        )
        while at < len(self.tokens) and self.tokens[at].text in ("IF", "EXISTS", "NOT", "ONLY"):
            at += 1
        name = ""
        while at < len(self.tokens) and self.tokens[at].kind in ("name", "word"):
            name = _name(self.tokens[at])
            at += 1
            if at < len(self.tokens) and self.tokens[at].text == ".":
                at += 1
            else:
                break
        return name, at

    def create_table(self) -> Iterator[Step]:
        table, at = self.table_after("TABLE")
        columns = []
        for part in _parts(self.tokens[at:]):
            if part and part[0].kind in ("name", "word") and part[0].text not in _TABLE_PARTS:
                columns.append(_name(part[0]))
            elif part and part[0].kind == "name":
                columns.append(part[0].text)
        words = self.statement.words.split()
        is_link = len(columns) == 2 == words.count("REFERENCES") and not {"PRIMARY", "UNIQUE"} & set(words)
        yield self.step("create table", table, tuple(columns))._replace(is_link=is_link)

    def create_index(self) -> Step:
        table, at = self.table_after("ON")
        rest = self.tokens[at:]
        columns = tuple(_name(part[0]) for part in _parts(rest) if part and part[0].kind in ("name", "word"))
        unique = self.statement.begins("CREATE", "UNIQUE")
        made = self.step("add unique" if unique else "add index", table, columns)
        return self.at_once(made)

    def rebuild_index(self) -> Step:
        return self.at_once(self.step("add index", _name(self.tokens[-1])))

    def last_name(self) -> str:
        """The table at the end of ``VACUUM (FULL) note``, or behind ``CLUSTER``."""
        return self.table_after("CLUSTER")[0] if self.tokens[0].text == "CLUSTER" else _name(self.tokens[-1])

    def at_once(self, step: Step) -> Step:
        """The step; online where the statement says CONCURRENTLY."""
        is_concurrent = any(token.text == "CONCURRENTLY" for token in self.tokens)
        return step._replace(online=is_concurrent, concurrent=is_concurrent)

    def data(self) -> Step:
        words = {"INSERT": "INTO", "REPLACE": "INTO", "DELETE": "FROM", "TRUNCATE": "TABLE", "MERGE": "INTO"}
        first = self.tokens[0].text
        table = "" if first == "WITH" else self.table_after(words.get(first, first))[0]
        return self.step("data", table)._replace(reads=frozenset(self.read()))

    def lock_tables(self) -> Step:
        """``LOCK TABLE a, ONLY b IN SHARE MODE``; without a mode it is ACCESS EXCLUSIVE."""
        words = [token.text if token.kind == "word" else "" for token in self.tokens]
        end = words.index("IN") if "IN" in words else len(words)
        tables = [  # TABLE and ONLY among them do no harm: no table is called so
            _name(token)
            for token, after in pairwise(self.tokens[: end + 1])
            if token.kind in ("name", "word") and after.text != "."
        ]
        if end == len(words):
            tables.append(_name(self.tokens[-1]))
        mode = " ".join(words[end + 1 : words.index("MODE")]) if "MODE" in words[end:] else ""
        step = self.step("other", "")
        return step._replace(locked=tuple(tables), lock_mode=mode or "ACCESS EXCLUSIVE")

    def setting(self) -> Step:
        """Whether SET limits the wait for a lock. The values 0 and DEFAULT end the limit."""
        found = re.match(r"(?:RE)?SET (?:LOCAL |SESSION )?LOCK_TIMEOUT\b", self.statement.words)
        if found is None:
            return self.step("other", "")
        value = self.tokens[-1].text.strip("'")
        is_off = self.tokens[0].text == "RESET" or value == "DEFAULT" or re.fullmatch(r"0+\s*[a-z]*", value)
        return self.step("other", "")._replace(lock_timeout="off" if is_off else "on")

    def read(self) -> Iterator[str]:
        """The tables behind FROM and JOIN."""
        for before, token in pairwise(self.tokens):
            if before.kind == "word" and before.text in ("FROM", "JOIN") and token.kind in ("name", "word"):
                yield _name(token)

    def alter_table(self) -> Iterator[Step]:
        table, at = self.table_after("TABLE")
        for action in _actions(self.tokens[at:]):
            yield self.action(table, action)

    def action(self, table: str, action: list[Token]) -> Step:
        words = [token.text if token.kind == "word" else "" for token in action]
        text = " ".join(token.text if token.kind == "word" else "?" for token in action)
        rest = [
            token for token in action if token.text not in ("IF", "EXISTS", "NOT", "COLUMN", "ADD", "DROP")
        ]
        name = _name(rest[0]) if rest and rest[0].kind in ("name", "word") else ""
        online = bool(re.search(r"NOT VALID|USING INDEX|ALGORITHM \? (?:INSTANT|INPLACE)", text))
        if words[0] == "DROP":
            is_column = words[1:2] not in (
                ["CONSTRAINT"],
                ["INDEX"],
                ["PRIMARY"],
                ["FOREIGN"],
                ["KEY"],
                ["CHECK"],
            )
            return self.step("drop column" if is_column else "other", table, (name,) if is_column else ())
        if words[0] == "RENAME":
            names = [_name(token) for token in action[1:] if token.text not in ("COLUMN", "TO", "AS")]
            if words[1:2] in (["TO"], ["AS"]):
                return self.step("rename table", table, tuple(names[:1]))
            return self.step("rename column", table, tuple(names[:2]))
        if words[0] == "ADD":
            return self.add(table, action, words, text, name, online=online)
        if words[0] in ("ALTER", "MODIFY", "CHANGE"):
            return self.alter(table, action, text)
        if words[0] == "VALIDATE":
            return self.step("validate", table)
        if re.match(r"SET (?:LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD)\b", text):
            return self.step("rewrite table", table)
        return self.step("other", table)

    def add(
        self, table: str, action: list[Token], words: list[str], text: str, name: str, *, online: bool
    ) -> Step:
        for pattern, kind in _ADDED:
            if re.match(pattern, text):
                names = [token.text for part in _parts(action) for token in part[:1] if token.kind == "name"]
                return self.step(kind, table, tuple(names), online=online)
        if words[1:2] == ["CONSTRAINT"]:
            return self.step("other", table, online=online)
        not_null = re.search(r"\bNOT NULL\b|\bPRIMARY KEY\b", text) is not None
        filled = bool(_FILLED & set(words))
        added = self.step(
            "add column",
            table,
            (name,),
            required=not_null and not filled,
            online="UNIQUE" not in words and not {"REFERENCES", "DEFAULT"} <= set(words),
        )
        return added._replace(rewrites=bool(_COUNTED & set(words)) or is_volatile(text))

    def alter(self, table: str, action: list[Token], text: str) -> Step:
        rest = [token for token in action[1:] if token.text not in ("COLUMN", "IF", "EXISTS")]
        column = (_name(rest[0]),) if rest else ()
        if re.search(r"\bSET NOT NULL\b", text):
            return self.step("set not null", table, column)
        if re.search(r"\b(?:TYPE|SET DATA TYPE)\b", text):
            words = [token.text for token in action]
            named = words[words.index("TYPE") + 1 :]
            named = named[: named.index("USING")] if "USING" in named else named
            return self.step("change type", table, column)._replace(type_name=" ".join(named))
        if action[0].text == "CHANGE":
            names = tuple(_name(token) for token in rest[:2])
            if len(names) == 2 and names[0] != names[1]:
                return self.step("rename column", table, names)
        if action[0].text in ("MODIFY", "CHANGE"):
            return self.step("change type", table, column)
        return self.step("other", table)


def _name(token: Token) -> str:
    text = token.text if token.kind == "name" else token.text.lower()
    return f"{{{text.removeprefix(IN_BRACES)}}}" if text.startswith(IN_BRACES) else text


def _parts(tokens: tuple[Token, ...] | list[Token]) -> Iterator[list[Token]]:
    """What stands between the commas of the first pair of parentheses."""
    depth, part = 0, list[Token]()
    for token in tokens:
        if token.text == "(" and token.kind == "mark":
            depth += 1
            if depth == 1:
                continue
        elif token.text == ")" and token.kind == "mark":
            depth -= 1
            if depth == 0:
                yield part
                return
        if depth == 1 and token.text == "," and token.kind == "mark":
            yield part
            part = []
        elif depth:
            part.append(token)


def _actions(tokens: tuple[Token, ...]) -> Iterator[list[Token]]:
    """What ALTER TABLE does, one after the other: cut at the commas outside of parentheses."""
    depth, action = 0, list[Token]()
    for token in tokens:
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        if depth == 0 and token.kind == "mark" and token.text == ",":
            if action:
                yield action
            action = []
        else:
            action.append(token)
    if action:
        yield action
