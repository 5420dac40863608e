"""Blocks on PostgreSQL and MariaDB: the databases they get, what is left of them, servers that are not there.

The servers are those of TORTOISE_DEV_POSTGRES and TORTOISE_DEV_MYSQL, by default the usual local ones;
where one does not answer, its tests are skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from programs import run_snippets, start_snippets
from servers import SERVERS, server
from tortoise_dev.snippets.databases import servers
from tortoise_dev.snippets.databases.backends import (
    DatabaseError,
    backend_of,
    dialect_of,
    each_once,
    named_by_server,
    passwords_in,
)
from tortoise_dev.snippets.databases.drivers import SESSIONS
from tortoise_dev.snippets.databases.sql import statements_of
from tortoise_dev.snippets.planning.probes import problems_of_needs, unmet

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases" / "models"
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")


def name_of(url: str) -> str:
    """What a database is called in reports."""
    return named_by_server(backend_of(url)).name


@pytest.fixture(
    params=[
        pytest.param("postgres", marks=pytest.mark.servers),
        pytest.param("mysql", marks=pytest.mark.servers),
    ]
)
def url(request: pytest.FixtureRequest) -> str:
    return server(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with two models, a data set, and no pages yet."""
    shutil.copytree(CASES / "project", tmp_path / "project")
    shutil.copy(CASES / "pyproject.toml", tmp_path)
    return tmp_path


def blocks_of(folder: Path, page: str, *arguments: str) -> list[dict[str, Any]]:
    """What became of a page's blocks, in page order."""
    (folder / "page.md").write_text(page, encoding="utf-8")
    done = run_snippets(folder, "--format", "json", *arguments, "page.md")
    assert done.returncode in (0, 1), done.stderr
    blocks: list[dict[str, Any]] = json.loads(done.stdout)["blocks"]
    return blocks


def told(blocks: list[dict[str, Any]]) -> list[tuple[int, str | None, str]]:
    return [(block["line"], block["backend"], block["status"]) for block in blocks]


def ids_on(url: str) -> set[str]:
    """The ids of the runs that have databases on a server."""

    async def names() -> list[str]:
        session = SESSIONS[backend_of(url).driver]()
        await session.connect(backend_of(url))
        catalog = "pg_database" if url.startswith("postgres") else "information_schema.schemata"
        column = "datname" if url.startswith("postgres") else "schema_name"
        rows = await session.rows(f"SELECT {column} FROM {catalog}")
        await session.close()
        return [name for (name,) in rows]

    return {match[1] for name in asyncio.run(names()) if (match := re.match(r"tortoise_dev_(\w{8})_", name))}


# --- what a block gets


def test_cases_end_on_a_server_as_on_sqlite(url: str) -> None:
    pages = sorted(page.name for page in CASES.glob("*.md") if page.stem != "needs_another_database")
    done = run_snippets(
        CASES, "--format", "json", "--db", "sqlite://:memory:", "--db", url, "-n", "2", *pages
    )
    statuses: dict[str, dict[str, str]] = {}
    for block in json.loads(done.stdout)["blocks"]:
        identity, _, _ = block["id"].partition("[")
        if "opens an SQLite database itself" not in block["reason"]:
            statuses.setdefault(identity, {})[block["backend"]] = block["status"]
    both = {identity: ends for identity, ends in statuses.items() if len(ends) == 2}
    assert len(both) > 30
    assert {identity: ends for identity, ends in both.items() if len({*ends.values()}) > 1} == {}


FRESH = """
```python queries=2
from shop.models import Item
from tortoise import Tortoise

await Item.create(name="plum", price=4, shop_id=1)  # its key is the next one
assert await Item.all().count() == 4
```

```python
from shop.models import Item
from tortoise import Tortoise

assert await Item.all().count() == 3
connection = Tortoise.get_connection("default")
await connection.execute_script("CREATE TABLE mine (id INT)")
await connection.execute_script("DROP TABLE item")
```

```python continues
await connection.execute_script("INSERT INTO mine VALUES (1)")
```

```python raises=OperationalError
from shop.models import Item
from tortoise import Tortoise

assert await Item.all().count() == 3
await Tortoise.get_connection("default").execute_query("SELECT * FROM mine")
```
"""


def test_each_chain_has_a_new_database(folder: Path, url: str) -> None:
    blocks = blocks_of(folder, FRESH, "--db", url)
    assert [block["reason"] for block in blocks] == ["", "", "", ""]
    assert {block["status"] for block in blocks} == {"passed"}
    insert, count = blocks[0]["sql"]
    assert insert.startswith("INSERT INTO")
    assert count.startswith("SELECT COUNT(*)")
    assert [block["queries"] for block in blocks] == [2, 3, 1, 2]


ANYWHERE = """
```bash
test 1 = 1
```

```python
from shop.models import Item

assert await Item.all().count() == 3
```

```bash
test -n "$DATABASE_URL"
```
"""


@posix
def test_blocks_that_need_no_database_can_be_left_out(folder: Path) -> None:
    """`.ci/run` runs them with the first database, not once more with the others."""
    on_sqlite = ("--db", "sqlite://:memory:")
    everywhere = blocks_of(folder, ANYWHERE, *on_sqlite)
    assert told(everywhere) == [(2, None, "passed"), (6, "sqlite", "passed"), (12, "sqlite", "passed")]
    assert told(blocks_of(folder, ANYWHERE, "--databases-only", *on_sqlite)) == told(everywhere)[1:]
    (folder / "script.py").write_text("import sqlite3\n\nassert sqlite3.connect(':memory:')\n")
    done = run_snippets(folder, "--databases-only", "--db", "postgres://127.0.0.1:1/x", "script.py")
    assert (done.returncode, "no block runs on a database" in done.stderr) == (2, True), done.stderr
    done = run_snippets(folder, "--databases-only", "--record", "kept", "page.md")
    assert "--record keeps whole runs" in done.stderr


@pytest.mark.servers
def test_two_drivers_reach_one_server(folder: Path) -> None:
    url = server("postgres")
    page = "```python\nfrom shop.models import Item\n\nassert await Item.all().count()\n```\n"
    blocks = blocks_of(folder, page, "--db", url, "--db", f"psycopg{url[url.index('://') :]}")
    assert told(blocks) == [(1, "postgres", "passed"), (1, "psycopg", "passed")]


COUNTED = """
```python queries=5
from shop.models import Item
from tortoise.transactions import in_transaction

async with in_transaction():  # BEGIN, SAVEPOINT, RELEASE and COMMIT don't count
    item = await Item.get(id=1)
    async with in_transaction():
        item.price = 9
        await item.save()
    await Item.filter(id=2).select_for_update()
await Item.bulk_create([Item(name=str(n), price=n, shop_id=1) for n in range(20)])
await Item.bulk_update([item], ["price"])
```
"""


def test_statements_are_counted_at_the_driver(folder: Path, url: str) -> None:
    (block,) = blocks_of(folder, COUNTED, "--db", url)
    assert (block["status"], block["reason"], len(block["sql"])) == ("passed", "", 5)


OWN_CONNECTION = """
```python
import asyncio
import os

from shop.models import Item
from tortoise import Tortoise


async def main():
    await Tortoise.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["shop.models"]})
    assert await Item.all().count() == 3
    await Tortoise.close_connections()


asyncio.run(main())
```

```python
import os
from shop.models import Item

assert await Item.all().count() == 3
await Item.all().delete()
```

```bash continues
python - <<'END'
import os

from tortoise import Tortoise, run_async

async def main():
    await Tortoise.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["shop.models"]})
    _, rows = await Tortoise.get_connection("default").execute_query("SELECT COUNT(*) AS n FROM item")
    assert rows[0]["n"] == 0, dict(rows[0])

run_async(main())
END
```

```bash
# begins in the shell: tortoise finds an empty database
python - <<'END'
import os

from tortoise import Tortoise, run_async

async def main():
    await Tortoise.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["shop.models"]})
    await Tortoise.generate_schemas(safe=False)

run_async(main())
END
```
"""


@posix
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("sqlite", marks=pytest.mark.slow),
        pytest.param("postgres", marks=pytest.mark.servers),
        pytest.param("mysql", marks=pytest.mark.servers),
    ],
)
def test_a_block_that_connects_by_itself_finds_the_url(folder: Path, kind: str) -> None:
    url = "sqlite://:memory:" if kind == "sqlite" else server(kind)
    blocks = blocks_of(folder, OWN_CONNECTION, "--db", url)
    assert [(block["status"], block["backend"], block["reason"]) for block in blocks] == [
        ("passed", name_of(url), "")
    ] * 4


NO_CONNECTION = """
```python
import os
from pathlib import Path

rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
connected = {f"socket:[{row[9]}]" for row in rows if int(row[2].partition(":")[2], 16) == PORT}
held = {os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
assert not held & connected

from shop.models import Item

await Item.all().count()  # and now there is one
held = {os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
connected = {f"socket:[{row[9]}]" for row in rows if int(row[2].partition(":")[2], 16) == PORT}
assert held & connected
```
"""


@pytest.mark.skipif(not Path("/proc/net/tcp").is_file(), reason="needs /proc")
def test_no_connection_is_held_over_a_fork(folder: Path, url: str) -> None:
    (block,) = blocks_of(folder, NO_CONNECTION.replace("PORT", str(urlsplit(url).port)), "--db", url)
    assert (block["status"], block["reason"]) == ("passed", "")


COMPARED = """
```python
from shop.models import Item

print(await Item.all().count())
await Item.filter(id=1).first()
```

```text output
4
```

```python needs="postgres|mysql"
from shop.models import Item

print(await Item.all().count())
```

```text output
5
```
"""


@pytest.mark.servers
def test_output_is_compared_on_the_dialect_it_is_written_for(folder: Path) -> None:
    url = server("postgres")
    both = blocks_of(folder, COMPARED, "--db", "sqlite://:memory:", "--db", url)
    assert told(both) == [
        (2, "postgres", "passed"),
        (2, "sqlite", "passed"),
        (9, "sqlite", "failed"),
        (13, "postgres", "passed"),
        (13, "sqlite", "skipped"),
        (19, "postgres", "failed"),
    ]
    alone = blocks_of(folder, COMPARED, "--db", url)
    assert told(alone) == [
        (2, "postgres", "passed"),
        (9, "postgres", "skipped"),
        (13, "postgres", "passed"),
        (19, "postgres", "failed"),
    ]
    assert "is compared on sqlite" in alone[1]["reason"]


@pytest.mark.servers
def test_the_settings_say_which_dialect(folder: Path) -> None:
    url = server("postgres")
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"databases = [{json.dumps(url)}]\n")
    assert told(blocks_of(folder, COMPARED))[1] == (9, "postgres", "failed")


LONE_SQL = """
```sql needs="postgres"
-- DISTINCT ON is PostgreSQL's
SELECT DISTINCT ON (shop_id) name FROM item WHERE price > $1 ORDER BY shop_id;
CREATE TABLE cheap AS SELECT * FROM item;
CREATE FUNCTION one() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;
SELECT one() FROM cheap;
```

```sql needs="postgres"
SELECT 1;
SELECT colour FROM item;
```

```sql needs="postgres"
DROP DATABASE postgres;
```

```sql needs="mysql"
SELECT `name` FROM item WHERE price = ? AND name <> 'it''s';
SELECT colour FROM item;
```
"""


@pytest.mark.servers
def test_lone_sql_is_explained_by_its_server(folder: Path) -> None:
    urls = [argument for name in SERVERS for argument in ("--db", server(name))]
    blocks = blocks_of(folder, LONE_SQL, *urls)
    assert [(block["backend"], block["status"], block["fail_line"]) for block in blocks] == [
        ("postgres", "passed", None),
        ("postgres", "failed", 12),
        ("postgres", "unverified", 16),
        (name_of(SERVERS["mysql"]), "failed", 21),
    ]


# --- what is left


SLOW = """
```python
import asyncio
import os
from pathlib import Path

from shop.models import Item

await Item.create(name="plum", price=4, shop_id=1)
Path(os.environ["STARTED"]).write_text(os.environ["DATABASE_URL"])
while Path(os.environ["STARTED"]).exists():  # until the test takes the file away
    await asyncio.sleep(0.05)
```
"""
QUICK = (
    """
```python
import asyncio

from shop.models import Item

await Item.create(name="plum", price=4, shop_id=1)
await asyncio.sleep(0.2)
```
"""
    * 6
)


def run_of(url: str) -> str:
    """The id in the URL of a run's database."""
    match = re.search(r"/tortoise_dev_([0-9a-f]{8})_", url)
    assert match, url
    return match[1]


@pytest.fixture
def slow_run(folder: Path, url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run in the middle of a block, and its id. The block ends when the file ``started`` is gone."""
    (folder / "slow.md").write_text(SLOW, encoding="utf-8")
    (folder / "quick.md").write_text(QUICK, encoding="utf-8")
    process, started = start_snippets(folder, "--db", url, "slow.md")
    run = run_of(started.read_text())
    assert run in ids_on(url)
    yield process, run
    started.unlink(missing_ok=True)
    process.kill()
    process.communicate()


@posix
def test_what_a_killed_run_leaves_goes_with_the_next_run(
    folder: Path, url: str, slow_run: tuple[subprocess.Popen[str], str]
) -> None:
    process, run = slow_run
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 60
    while run in ids_on(url) and time.monotonic() < deadline:
        # more than once, because a busy server may go on making a database that the killed run asked for
        assert run_snippets(folder, "--db", url, "quick.md").returncode == 0
    assert run not in ids_on(url)


@pytest.mark.slow
@posix
def test_runs_side_by_side_leave_each_other_alone(
    folder: Path, url: str, slow_run: tuple[subprocess.Popen[str], str]
) -> None:
    process, run = slow_run
    assert run_snippets(folder, "--db", url, "-n", "2", "quick.md").returncode == 0
    assert run in ids_on(url)
    (folder / "started").unlink()
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, ""), stdout
    assert run not in ids_on(url)


@posix
def test_an_interrupted_run_leaves_nothing(url: str, slow_run: tuple[subprocess.Popen[str], str]) -> None:
    process, run = slow_run
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert run not in ids_on(url)


def test_a_set_up_that_fails_leaves_nothing(folder: Path, url: str) -> None:
    (folder / "project" / "shop" / "fixtures.py").write_text(FAILING_SET_UP, encoding="utf-8")
    (folder / "page.md").write_text(QUICK, encoding="utf-8")
    done = run_snippets(folder, "--db", url, "page.md", STARTED=str(folder / "started"))
    assert done.returncode == 2
    assert "LookupError: no data" in done.stdout
    assert run_of("/" + (folder / "started").read_text()) not in ids_on(url)


FAILING_SET_UP = """
import os
from pathlib import Path

from tortoise import Tortoise


async def load():
    connection = Tortoise.get_connection("default")
    if connection.capabilities.dialect != "sqlite":  # whose template is made too, for lone SQL
        Path(os.environ["STARTED"]).write_text(connection.database)
        raise LookupError("no data")
"""


def test_pytest_runs_blocks_on_each_database_of_the_settings(folder: Path, url: str) -> None:
    name = name_of(url)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f'databases = ["sqlite://:memory:", {json.dumps(url)}]\n')
    (folder / "page.md").write_text(FRESH + SHOWS_URL, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--snippets", "-q", "-n", "2", "-rA", "page.md"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    passed = re.findall(r"^PASSED (?:\S*/)?page.md::(\S+)$", done.stdout, re.MULTILINE)
    assert sorted(passed) == sorted(f"top/{n}[{b}]" for n in range(1, 6) for b in ("sqlite", name)), (
        done.stdout
    )
    runs = {run_of("/" + line) for line in (folder / "urls").read_text().split() if "tortoise_dev_" in line}
    assert len(runs) == 1
    assert not runs & ids_on(url)


SHOWS_URL = """
```python
import os
from pathlib import Path

with Path(__file__).with_name("urls").open("a") as file:
    print(os.environ["DATABASE_URL"].rpartition("/")[2], file=file)
```
"""


# --- what cannot be used


@pytest.mark.parametrize(
    "url",
    [
        "postgres://app:s3cret@127.0.0.1:1/shop",
        "psycopg://app:s3cret@127.0.0.1:1/shop",
        "mysql://app:s3cret@127.0.0.1:1/shop",
    ],
)
def test_a_server_that_is_down_is_one_error(folder: Path, url: str) -> None:
    (folder / "page.md").write_text(QUICK, encoding="utf-8")
    done = run_snippets(folder, "--db", "sqlite://:memory:", "--db", url, "page.md")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert url.replace("s3cret", "***") in done.stderr
    assert "Is the server running" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
def test_a_missing_driver_is_named(folder: Path, scheme: str) -> None:
    """Also shows that SQLite needs none of the drivers."""
    (folder / "sitecustomize.py").write_text(
        "import sys\nfor name in ('asyncpg', 'psycopg', 'psycopg_pool', 'asyncmy', 'aiomysql'):\n"
        "    sys.modules[name] = None\n"
        "import importlib.util\nfind = importlib.util.find_spec\n"
        "gone = lambda name: sys.modules.get(name, 0) is None\n"
        "importlib.util.find_spec = lambda name, *rest: None if gone(name) else find(name, *rest)\n",
        encoding="utf-8",
    )
    (folder / "page.md").write_text(QUICK, encoding="utf-8")
    done = run_snippets(
        folder, "--db", f"{scheme}://u:s3cret@127.0.0.1:1/x", "page.md", PYTHONPATH=str(folder)
    )
    driver = {"postgres": "asyncpg", "mysql": "asyncmy"}[scheme]
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"{scheme}://u:***@127.0.0.1:1/x needs the driver {driver}: install tortoise-dev[{driver}]"
        in done.stderr
    )
    assert run_snippets(folder, "page.md", PYTHONPATH=str(folder)).returncode == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("shop.sqlite3", "is no database URL"),
        ("oracle://app:s3cret@host/shop", "is no database URL that Tortoise knows"),
        ("postgresql+asyncpg://app:s3cret@host/shop", "is no database URL that Tortoise knows"),
        ("postgres://app:s3cret@host:port/shop", "cannot be read"),
        ("mysql:///shop", "cannot be read"),
    ],
)
def test_urls_that_cannot_be_used_are_shown_without_their_password(url: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=re.escape(message)) as caught:
        backend_of(url)
    assert "s3c" not in str(caught.value)


def test_backends_and_dialects() -> None:
    names = [
        backend_of(url).name for url in ("sqlite://:memory:", "postgresql://h/x", "psycopg://h", "mysql://h")
    ]
    assert names == ["sqlite", "postgres", "psycopg", "mysql"]
    assert backend_of("postgres://u:p@ss@h/a").shown == "postgres://u:***@h/a"
    assert backend_of("postgres://u:p@h:5/a?ssl=true").url_of("b") == "postgres://u:p@h:5/b?ssl=true"
    with pytest.raises(DatabaseError, match="one postgres a run"):
        each_once(map(backend_of, ["postgres://h/x", "asyncpg://h/y"]))
    assert dialect_of(["mysql://h", "sqlite://:memory:"]) == "sqlite"
    assert dialect_of(["mysql://h", "postgres://h"]) == "mysql"


def test_the_server_of_a_mysql_url_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"mysql://h": "MySQL 9.7.4", "mysql://m": "MariaDB 10.11.19"}
    monkeypatch.setattr(servers, "version_of", lambda backend: versions[backend.url])
    both = each_once(named_by_server(backend_of(url)) for url in versions)
    assert [(one.name, one.kind, one.is_mariadb) for one in both] == [
        ("mysql", "mysql", False),
        ("mariadb", "mysql", True),
    ]
    with pytest.raises(DatabaseError, match="mysql://h and mysql://h: one mysql a run"):
        each_once([both[0], both[0]])


def test_needs_of_a_database() -> None:
    postgres, mysql = backend_of("postgres://h/x"), backend_of("mysql://h/x")
    assert unmet("postgres", postgres) is None
    assert unmet("postgres", backend_of("psycopg://h")) is None
    assert unmet("sqlite|postgres", mysql) == "needs sqlite or postgres"
    assert unmet("sqlite|mysql", mysql) is None
    assert unmet("mariadb", mysql) == "needs mariadb"
    assert unmet("mariadb", replace(mysql, name="mariadb")) is None
    assert unmet("postgres, !psycopg", postgres) is None
    assert unmet("!psycopg", mysql) is None
    assert unmet("postgres, !psycopg", backend_of("psycopg://h")) == "needs !psycopg"
    assert "can never be met" in next(problems_of_needs("postgres, mysql"))
    assert list(problems_of_needs("postgres|mysql, python>=3.11")) == []
    assert "did you mean" in next(problems_of_needs("postgres|mysqll"))


def test_function_bodies_are_not_split() -> None:
    body = "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;"
    assert [statement for _, statement in statements_of(f"SELECT 1;\n{body}")] == ["SELECT 1;", body]


def test_find_spec_is_what_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "asyncmy" else object())
    assert backend_of("mysql://h").driver == "aiomysql"


# --- servers that fail in the middle of a run


class Proxy:
    """A door to a server that can be shut, as if the server had gone down."""

    def __init__(self, url: str) -> None:
        self.target = (urlsplit(url).hostname, urlsplit(url).port)
        self.sockets: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{self.target[1]}/", f":{self.listener.getsockname()[1]}/")
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Cut all connections, and take no more."""
        for each in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
                self.sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


GOES_DOWN = """
```python
from shop.models import Item

assert await Item.all().count() == 3
```

```python
import os
import time
from pathlib import Path

from shop.models import Item

assert await Item.all().count() == 3
Path(os.environ["STARTED"]).write_text("now")
while Path(os.environ["STARTED"]).exists():  # until the server is gone
    time.sleep(0.01)
await Item.all().count()
```
"""


def shut_in_the_middle(folder: Path, proxy: Proxy, *arguments: str) -> tuple[int | None, str, str]:
    """Run a page whose second block begins with GOES_DOWN, and shut the door while that runs."""
    process, started = start_snippets(folder, "-n", "1", "--db", proxy.url, *arguments)
    proxy.shut()
    started.unlink()
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def test_a_server_that_goes_down_in_the_middle(folder: Path, url: str) -> None:
    proxy = Proxy(url)
    (folder / "page.md").write_text(GOES_DOWN + QUICK, encoding="utf-8")
    arguments = ("--format", "json", "--record", "kept", "page.md")
    status, stdout, stderr = shut_in_the_middle(folder, proxy, *arguments)
    assert (status, stderr) == (2, "")
    document = json.loads(stdout)
    ends = [(block["line"], block["status"]) for block in document["blocks"]]
    assert ends[:2] == [(2, "passed"), (8, "failed")]
    assert {status for _, status in ends[2:]} <= {"failed"}, "a copy may have been ready before"
    (error,) = document["errors"]
    left = 2 + 6 - len(ends)
    assert error["message"].endswith(f"; {left} block{' was' if left == 1 else 's were'} not run")
    assert f"{backend_of(proxy.url).shown} cannot be used: " in error["message"]
    assert not (folder / "kept").exists(), "no record of half a run"


def test_a_server_that_goes_down_after_the_last_block(folder: Path, url: str) -> None:
    """Its databases cannot be dropped: the results are there all the same."""
    proxy = Proxy(url)
    (folder / "page.md").write_text(GOES_DOWN, encoding="utf-8")
    status, stdout, stderr = shut_in_the_middle(folder, proxy, "page.md")
    assert (status, stderr) == (2, "")
    assert "page.md:19: failed: " in stdout
    assert "2 blocks of 1 page" in stdout
    assert f"{backend_of(proxy.url).shown} cannot be used: " in stdout


def test_what_cannot_be_dropped_is_left_and_named(folder: Path, url: str) -> None:
    """A database of another user: here of one that the server refuses to drop."""
    (folder / "page.md").write_text(QUICK, encoding="utf-8")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(REFUSES_TO_DROP, encoding="utf-8")
    with left_database(url, "tortoise_dev_0badcafe_7"):
        done = run_snippets(folder, "--db", url, "page.md", PYTHONPATH=str(folder / "site"))
        assert done.returncode == 0, done.stdout + done.stderr
        shown = backend_of(url).shown
        assert done.stderr == (
            f"snippets.py: {shown}: tortoise_dev_0badcafe_7, left by an earlier run, stays: must be owner\n"
        )
        assert "0badcafe" in ids_on(url)
        assert run_snippets(folder, "--db", url, "page.md").stderr == ""
        assert "0badcafe" not in ids_on(url)


REFUSES_TO_DROP = """
import sys
if sys.argv[0] != "-c" and "pytest" not in sys.argv[0]:
    import importlib.abc
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "tortoise_dev.snippets.databases.server_kinds":
                sys.meta_path.remove(self)
                import importlib.util
                from tortoise_dev.snippets.databases import server
                rows = server.Server.rows
                async def refusing(self, sql):
                    if sql.startswith("DROP DATABASE IF EXISTS tortoise_dev_0badcafe"):
                        raise PermissionError("must be owner")
                    return await rows(self, sql)
                server.Server.rows = refusing
                return importlib.util.find_spec(name)
            return None
    sys.meta_path.insert(0, Finder())
"""


@contextlib.contextmanager
def left_database(url: str, name: str) -> Iterator[None]:
    """A database that nobody's run owns."""
    run_sql(url, f"CREATE DATABASE {name}")
    try:
        yield
    finally:
        run_sql(url, f"DROP DATABASE IF EXISTS {name}")


def run_sql(url: str, sql: str) -> list[tuple[Any, ...]]:
    async def rows() -> list[tuple[Any, ...]]:
        session = SESSIONS[backend_of(url).driver]()
        await session.connect(backend_of(url))
        try:
            return await session.rows(sql)
        finally:
            await session.close()

    return asyncio.run(rows())


def test_many_workers_share_the_connections_that_a_server_has(folder: Path, url: str) -> None:
    (folder / "page.md").write_text(QUICK * 3, encoding="utf-8")
    done = run_snippets(folder, "-n", "64", "--db", url, "page.md")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_no_password_is_shown_wherever_it_stands() -> None:
    urls = ["postgres://me:s3%40cret@h/x", "mysql://root:root@h/y?password=hidd3n", "sqlite://:memory:"]
    passwords = passwords_in(map(backend_of, urls))
    assert passwords is not None
    text = "s3%40cret s3@cret ://me:s3%40cret@h mysql://root:root@h root password=hidd3n x s3@crets"
    assert passwords.sub("***", text) == (
        "*** *** ://me:***@h mysql://root:***@h root password=*** x s3@crets"
    )
    assert passwords_in([backend_of("sqlite://:memory:"), backend_of("postgres://h/x")]) is None


SHOWS_PASSWORD = """
```python
import os

from tortoise import Tortoise

url = os.environ["DATABASE_URL"]
print(url)
await Tortoise.get_connection("default").execute_query("SELECT '" + url + "'")
assert os.environ["DATABASE_URL"] == ""
```

```python needs="postgres|mysql"
import os

print(os.environ["DATABASE_URL"])
```

```text output
x
```

```bash
echo "$DATABASE_URL" >&2; false
```
"""


def test_a_password_is_in_no_part_of_a_report(folder: Path, url: str) -> None:
    secret = url if urlsplit(url).password else url.replace("@", ":s3cret@")  # a server that trusts takes any
    (folder / "page.md").write_text(SHOWS_PASSWORD, encoding="utf-8")
    for form in ("text", "json", "sarif", "github") if url.startswith("postgres") else ("text",):
        done = run_snippets(folder, "--db", secret, "--format", form, "page.md")
        if "cannot be used" in done.stderr:
            pytest.skip("the server trusts nobody but who has no password")
        assert done.stdout.count("***") >= 3  # the password, or the whole URL as a value of the environment
        assert f":{urlsplit(secret).password}@" not in done.stdout + done.stderr
