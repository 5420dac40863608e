# snippet: needs="postgres, pgbouncer"
"""PgBouncer in transaction mode: two processes run each other's prepared statements, without an error.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/operations_pgbouncer_processes.py
"""

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parent))
proof: Any = importlib.import_module("operations_pgbouncer")  # its helpers

DIRECT = proof.PLACE._replace(scheme="postgres").geturl()
PROCESS = """
import asyncio, json, sys
from tortoise.context import TortoiseContext

me, url, statement = sys.argv[1:]
values = [1] * (statement.count("$") + statement.count("%s"))
count = {"done": 0, "wrong": 0, "raised": []}


async def repeat(client, task, clock, end):
    while clock() < end:
        try:
            rows = await client.execute_query_dict(statement.replace("TASK", str(task)), values)
        except Exception as error:
            count["raised"] = sorted({*count["raised"], str(error).partition("\\n")[0]})
        else:
            count["done"] += 1
            count["wrong"] += rows[0]["who"] != f"{me} {task}"


async def main():
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["aerich.models"]})
        clock = asyncio.get_running_loop().time
        client = context.connections.get("default")
        await asyncio.gather(*(repeat(client, task, clock, clock() + 0.7) for task in range(5)))
    print(json.dumps(count))


asyncio.run(main())
"""


class Count(NamedTuple):
    """What all processes saw."""

    done: int  # statements without an error
    wrong: int  # of these: the answer of another statement
    raised: str


def count(url: str, **processes: str) -> Count:
    """Each process repeats its own statement in five tasks."""
    runs = []
    for me, statement in processes.items():
        command = [sys.executable, "-W", "ignore", "-c", PROCESS, me, url, statement.replace("ME", me)]
        runs.append(subprocess.Popen(command, stdout=subprocess.PIPE))
    found = [json.loads(run.communicate(timeout=20)[0]) for run in runs]
    raised = "\n".join(error for one in found for error in one["raised"])
    return Count(sum(one["done"] for one in found), sum(one["wrong"] for one in found), raised)


def first(attempt: Callable[[str], Count], hoped: Callable[[Count], bool], options: str = "") -> Count:
    """Try it up to five times, each time with new sessions: which process meets which session is chance."""
    for _ in range(5):
        with proof.pgbouncer() as port:
            found = attempt(f"{proof.PLACE.username}@127.0.0.1:{port}{proof.PLACE.path}{options}")
        if hoped(found):
            return found
    raise AssertionError(found)


def read(place: str) -> Count:
    return count(f"postgres://{place}", apples=READ, pears=READ)


def read_with_one_and_two_values(place: str) -> Count:
    return count(f"postgres://{place}", apples=READ, pears=READ.replace("AS n", "+ $2::int AS n"))


def read_in_one_process(place: str) -> Count:
    return count(f"psycopg://{place}", apples=READ.replace("$1", "%s"))


def change(place: str) -> Count:
    asyncio.run(make_tables())
    return count(f"postgres://{place}", apples=CHANGE, pears=CHANGE)


async def make_tables() -> None:
    connection = await asyncpg.connect(DIRECT)
    for table in ("apples", "pears"):
        await connection.execute(f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (n INT)")
        await connection.execute(f"INSERT INTO {table} VALUES (0)")
    await connection.close()


READ = "SELECT 'ME TASK' AS who, $1::int AS n"
CHANGE = "UPDATE ME SET n = n + $1 RETURNING 'ME TASK' AS who"
OFF = "?statement_cache_size=0"

if __name__ == "__main__":
    assert first(read, lambda found: found.wrong > 0).wrong  # rows of the other process, without an error
    mixed = first(read_with_one_and_two_values, lambda found: "bind message supplies" in found.raised)
    assert "already exists" in mixed.raised or "does not exist" in mixed.raised
    assert first(change, lambda found: found.wrong > 0).wrong  # rows of the other table changed
    for safe in (read, change):
        found = first(safe, lambda found: found.done > 0, OFF)
        assert (found.wrong, found.raised) == (0, ""), found

    try:
        importlib.import_module("psycopg")
    except ImportError:
        pass
    else:
        alone = first(read_in_one_process, lambda found: found.wrong > 0)
        assert alone.wrong  # psycopg: the connections of one process are enough
