"""# TD103 sql-from-strings

## What it does
An f-string, `%`, `.format` or `+` puts values into SQL.

With `%` and `.format`, the text before them may also be a name that holds one literal text.

The SQL is that of `execute_query`, `execute_query_dict`, `execute_script`, `.raw()` or `RawSQL`.
Values are what stands within quotes, after a comparison, in `IN (…)`, `VALUES (…)` or `LIMIT`. Constants
are allowed, and so is what cannot be a parameter (names of tables, clauses).

## Why is this bad
A value from a user can change the statement (SQL injection). The methods of a connection
take values as parameters, `.raw()` does not.

## Fix safety
Not fixed by `--fix`: placeholders depend on the database.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.project import Project
from .base import Context, Hit, Rule
from .queries import calls
from .sql_strings.reader import SqlReader

BAD = """\
# file: apps/reports.py
from tortoise.connection import get_connection


async def invoices_of(name: str):
    sql = f"SELECT * FROM invoice WHERE customer = '{name}'"
    return await get_connection("default").execute_query_dict(sql)
"""

GOOD = """\
# file: apps/reports.py
from tortoise.connection import get_connection


async def invoices_of(name: str):
    sql = "SELECT * FROM invoice WHERE customer = ?"  # asyncpg: $1, psycopg and MySQL: %s
    return await get_connection("default").execute_query_dict(sql, [name])
"""

_ONLY_TORTOISE = frozenset({"execute_query_dict", "execute_query_dict_with_affected"})
"""Methods that no other library has: a connection that nothing annotates is known by them."""


def check(context: Context) -> Iterator[Hit]:
    """At the call that gets the SQL."""
    for call, name in _sql_calls(context):
        sql = next(
            (k.value for k in call.keywords if k.arg in ("query", "sql")), call.args[0] if call.args else None
        )
        if sql is not None and SqlReader(context).is_built(sql, only_quoted=_has_values(call)):
            instead = "use execute_query_dict(sql, values)" if name == "raw()" else "pass them as parameters"
            yield Hit(call, f"SQL for {name} is put together from values: {instead}")


def _sql_calls(context: Context) -> Iterator[tuple[ast.Call, str]]:
    """The calls that take SQL, and what a message calls them."""
    for call, dotted in context.tortoise_calls:
        if tortoise_api.short(dotted) == "RawSQL":
            yield call, "RawSQL"
    for call in calls(context, "raw", *tortoise_api.CONNECTION_CALLS):
        if not isinstance(call.func, ast.Attribute):
            continue
        owner, name = context.inference.of(call.func.value), call.func.attr
        if owner is None and name in _ONLY_TORTOISE and not context.project.once(_has_its_own):
            yield call, name
        if owner is not None and owner.kind == "connection" and name != "raw":
            yield call, name
        elif owner is not None and owner.kind in ("class", "query", "manager") and name == "raw":
            yield call, "raw()"


def _has_its_own(project: Project) -> bool:
    """Does the project define a method of these names itself?"""
    return project.mentions(re.compile(rb"def execute_query_dict"))


def _has_values(call: ast.Call) -> bool:
    """Does the call pass values beside the SQL? Then what the text takes in may be placeholders and names."""
    return len(call.args) > 1 or any(k.arg in ("values", None) for k in call.keywords)


RULE = Rule("TD103", "sql-from-strings", check)
